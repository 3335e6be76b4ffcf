"""What the demo shows: lines that scroll, a progress bar on a terminal, and the tables at the end."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self, TextIO

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from bridge.demo.comparing import Outcome
from bridge.demo.truth import Play, Sum, sums

WIDTH_OF_A_PIPE = 110
SAMPLE_SECONDS = 0.25
"""An event is shown so often at most: more cannot be read."""
LINE_SECONDS = 5.0
"""How often progress is a line of its own where there is no terminal."""


class Screen:
    """One run's output.  `event` may be called from any thread."""

    def __init__(self, file: TextIO | None = None) -> None:
        """Write to standard output; plain text, without control characters, where that is no terminal."""
        self._console = Console(file=file, highlight=False)
        self._is_terminal = self._console.is_terminal
        if not self._is_terminal:
            self._console = Console(file=file, highlight=False, width=WIDTH_OF_A_PIPE, color_system=None)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[said]}"),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
            disable=not self._is_terminal,
        )
        self._task = self._bar.add_task("playing", total=1.0, said="")
        self._lock = threading.Lock()
        self._sampled = self._lined = 0.0

    def __enter__(self) -> Self:
        self._lined = time.monotonic()
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def say(self, text: str, style: str = "") -> None:
        """Show a sentence."""
        self._console.print(Text(text, style=style), soft_wrap=True)

    def event(self, brand: str, play: Play) -> None:
        """Show an event that arrived, unless another was shown just before."""
        with self._lock:
            now = time.monotonic()
            if now - self._sampled < (SAMPLE_SECONDS if self._is_terminal else LINE_SECONDS / 5):
                return
            self._sampled = now
        style = "yellow" if play.status == "Rollback" else ""
        line = f"  {brand:15} {play.type:4} {play.status:8} {play.amount:>12} {play.currency}  {play.activity_id}"
        self.say(line, style)

    def progress(self, share: float, said: str) -> None:
        """Show how far it is: a bar on a terminal, elsewhere a line every few seconds."""
        self._bar.update(self._task, completed=share, said=said)
        now = time.monotonic()
        if not self._is_terminal and now - self._lined >= LINE_SECONDS:
            self._lined = now
            self.say(f"{share:4.0%}  {said}")

    def tables(self, outcomes: Sequence[Outcome]) -> None:
        """Show both sides of every count and every sum."""
        self._console.print()
        self._console.print(_counts(outcomes))
        self._console.print(_money(outcomes))


def _counts(outcomes: Sequence[Outcome]) -> Table:
    table = Table(box=SIMPLE_HEAD, title="what the wallets wrote, and what became of it", title_justify="left")
    table.add_column("")
    for outcome in outcomes:
        table.add_column(outcome.brand, justify="right")
        table.add_column("bridge", justify="right")
    said: list[tuple[str, list[tuple[object, object]]]] = [
        ("rows and changes written / decided", [(one.truth.rows, one.counted.decided) for one in outcomes]),
        ("  led to events", [(one.truth.endings["sent"], one.counted.endings["sent"]) for one in outcomes]),
        (
            "  skipped, rightly",
            [(one.truth.endings["skipped"], one.counted.endings["skipped"]) for one in outcomes],
        ),
        (
            "  parked for a person",
            [(one.truth.endings["parked"], one.counted.endings["parked"]) for one in outcomes],
        ),
        ("  had to wait / still held", [(one.truth.waited, one.counted.held) for one in outcomes]),
        ("events due / arrived", [(one.truth.events, one.arrivals.events) for one in outcomes]),
        (
            "  arrived twice / with another body",
            [(one.arrivals.duplicates, one.arrivals.differing) for one in outcomes],
        ),
    ]
    for name, pairs in said:
        table.add_row(name, *(str(number) for pair in pairs for number in pair))
    return table


def _money(outcomes: Sequence[Outcome]) -> Table:
    table = Table(box=SIMPLE_HEAD, title="the money, on both sides", title_justify="left")
    for name in ("brand", "kind", "currency"):
        table.add_column(name)
    for name in ("events due", "arrived", "sum due", "sum arrived", ""):
        table.add_column(name, justify="right")
    for outcome in outcomes:
        due, came = sums(outcome.truth.plays()), sums(outcome.arrivals.plays())
        for kind, currency in sorted(due.keys() | came.keys()):
            here, there = due.get((kind, currency)), came.get((kind, currency))
            table.add_row(
                outcome.brand, kind, currency, _number(here), _number(there), _sum(here), _sum(there),
                "same" if here == there else "DIFFERS",
            )  # fmt: skip
        table.add_section()
    return table


def _number(side: Sum | None) -> str:
    return "0" if side is None else str(side.number)


def _sum(side: Sum | None) -> str:
    return "0" if side is None else f"{side.amount.normalize():,f}"
