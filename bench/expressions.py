"""What it costs to evaluate an expression: CPU time each, over a row whose columns are decoded.

Run: python -m bench.expressions [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from bridge.mapping.compiling.expressions import compile_expression
from bridge.mapping.compiling.values import compile_value
from bridge.mapping.language.readers import Kind, Reader
from bridge.row import Row

EVALUATIONS = 100_000
REPEATS = 5

FORMS: Final[Mapping[str, Any]] = {
    "column": "amount",
    "constant": "0",
    "column == text": 'kind == "bet"',
    "column in texts": 'kind in ("deposit", "withdrawal", "bonus")',
    "column < column": "amount < stake",
    "a if c else b": "0 if is_free else amount",
    "column + column": "amount + stake",
    "int * decimal": "count * stake",
    "units(column, 5)": "units(amount, 5)",
    "attribute": "player.brand",
    "not attribute": "not player.live",
    "text(a, b)": 'text("T", id)',
    "template": {"text": "{id}:win:{count}"},
    "case map": {"from": "category", "slot": "Slots", "live": "Live Casino", "else": "category"},
    "extract": r'extract(reference, "round=(\d+)")',
    "moment of text": "moment(written)",
    "json path": "json(payload).bonus.amount",
}
COLUMNS: Final[Mapping[str, Any]] = {
    "id": "a7c10000-6b1e-4f0a-9d2c-3e8f5a1b7c20",
    "kind": "bet",
    "is_free": False,
    "amount": 1_250_000,
    "stake": Decimal("12.50"),
    "count": 3,
    "category": "slot",
    "player": Row({"brand": "vintervik", "live": True}, {}),
    "reference": "ticket=5;round=778899;seat=2",
    "written": "2026-11-21T23:00:00.123Z",
    "payload": '{"bonus": {"amount": 0.10}, "device": "phone"}',
}


class Columns:
    """Names of a scope that is a dict of columns."""

    def name(self, name: str) -> Reader | None:
        """Return the reader of a column."""
        return (lambda scope: scope[name]) if name in COLUMNS else None

    def index(self, name: str) -> None:
        """Look nothing up."""

    def index_by(self, table: str, index: str) -> None:
        """Look nothing up."""

    def function(self, name: str) -> None:
        """Know the library alone."""

    def known(self) -> Collection[str]:
        """Return the columns."""
        return COLUMNS

    def kind(self, _name: str) -> Kind:
        """Know columns alone."""
        return "column"


def microseconds_each(run: Callable[[Any], object], scope: Any) -> float:
    """Return the CPU time of one evaluation in the best of several runs."""
    best = float("inf")
    for _ in range(REPEATS):
        began = time.process_time()
        for _ in range(EVALUATIONS):
            run(scope)
        best = min(best, time.process_time() - began)
    return best / EVALUATIONS * 1e6


def _no_problem(*problem: object) -> None:
    raise ValueError(problem)


def main(arguments: Sequence[str]) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args(arguments)
    figures = {
        name: microseconds_each(compile_value(form, Columns(), _no_problem), COLUMNS)
        for name, form in FORMS.items()
    }
    began = time.process_time()
    for _ in range(200):
        compile_expression('units(amount, 5) if kind in ("bet", "win") and not is_free else 0', Columns())
    figures["compile one"] = (time.process_time() - began) / 200 * 1e6
    for name, value in figures.items():
        print(f"{name:>18} {value:8.3f} us")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
