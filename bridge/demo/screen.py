"""What the demo shows: lines that scroll, a progress bar on a terminal, and the tables at the end."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from decimal import Decimal
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
NOTHING = Sum(0, Decimal(0))
_ENDINGS = {"sent": "led to events", "skipped": "skipped, rightly", "parked": "parked for a person"}


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
        self._brand = ""

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
            pause = SAMPLE_SECONDS if self._is_terminal else LINE_SECONDS / 5
            # Brands take turns: one of them is always a little earlier than the other.
            if now - self._sampled < (2 * pause if brand == self._brand else pause):
                return
            self._sampled, self._brand = now, brand
        style = "yellow" if play.status == "Rollback" else ""
        what = f"{play.type:4} {play.status:8} {play.amount:>12} {play.currency}"
        self.say(f"  {brand:15} {what}  {play.activity_id[-19:]}", style)

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
        for outcome in outcomes:
            self._console.print(_money(outcome))


def _counts(outcomes: Sequence[Outcome]) -> Table:
    table = _table("what the wallets wrote, and how the bridge counts it", "")
    for outcome in outcomes:
        table.add_column(outcome.brand, justify="right", no_wrap=True)
        table.add_column("bridge", justify="right", no_wrap=True)
    said: list[tuple[str, list[tuple[int, int]]]] = [
        ("rows written / decided", [(one.truth.rows, one.counted.decided) for one in outcomes]),
        *((f"  {words}", [_both(one, ending) for one in outcomes]) for ending, words in _ENDINGS.items()),
        ("had to wait / still held", [(one.truth.waited, one.counted.held) for one in outcomes]),
        ("events due / arrived", [(one.truth.events, one.arrivals.events) for one in outcomes]),
        ("  twice / with another body", [(one.arrivals.duplicates, one.arrivals.differing) for one in outcomes]),
    ]
    for name, pairs in said:
        table.add_row(name, *(str(number) for pair in pairs for number in pair))
    return table


def _both(outcome: Outcome, ending: str) -> tuple[int, int]:
    return outcome.truth.endings[ending], outcome.counted.endings[ending]


def _money(outcome: Outcome) -> Table:
    table = _table(f"the money of {outcome.brand}, on both sides", "kind", "currency")
    for name in ("due", "arrived", "sum due", "sum arrived", ""):
        table.add_column(name, justify="right", no_wrap=True)
    due, came = sums(outcome.truth.plays()), sums(outcome.arrivals.plays())
    for kind, currency in sorted(due.keys() | came.keys()):
        here, there = due.get((kind, currency), NOTHING), came.get((kind, currency), NOTHING)
        verdict = "same" if here == there else "DIFFERS"
        table.add_row(kind, currency, str(here.number), str(there.number), _sum(here), _sum(there), verdict)
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, title=title, title_justify="left")
    for name in columns:
        table.add_column(name, no_wrap=True)
    return table


def _sum(side: Sum) -> str:
    return f"{side.amount.normalize():,f}"
