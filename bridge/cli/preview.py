"""`preview`: what real records would lead to."""

from __future__ import annotations

import time
from itertools import chain
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table

from bridge.brand import load_brand
from bridge.cli import printing
from bridge.rehearsing.preview import (
    Counts,
    Preview,
    Previewed,
    PreviewedEvent,
    look_up_tables,
    look_ups_of,
    records_of,
    start_of,
)
from bridge.rehearsing.rehearsal import load_without_servers
from bridge.sources.recorded import read_recorded

STANDARD_INPUT: Final = Path("/dev/stdin")
_DASH: Final = Path("-")

EXAMPLES = """\
Examples:

  wallet-bridge preview brand.yaml --limit 50             the first 50 records of each play topic

  wallet-bridge preview brand.yaml --from end --limit 20  the newest 20

  wallet-bridge preview brand.yaml --from 120000          from an offset on

  wallet-bridge preview brand.yaml --file recorded.jsonl  from a file, without any server

  wallet-bridge preview brand.yaml --file recorded.jsonl --why

  wallet-bridge parked show brand.yaml --all | wallet-bridge preview brand.yaml --file - --lookups

  wallet-bridge preview brand.yaml --json | jq 'select(.outcome == "parked")'
"""


def preview(
    connector: Annotated[Path, typer.Argument(readable=False, help="A connector.")],
    *,
    file: Annotated[
        Path | None,
        typer.Option(
            help="Read recorded records, one JSON object a line, instead of topics; - is standard input.",
            show_default=False,
        ),
    ] = None,
    look_ups: Annotated[
        bool,
        typer.Option(
            "--lookups", help="With --file: read the look-up topics first, whole, and ask look-ups with `sql`."
        ),
    ] = False,
    limit: Annotated[
        int, typer.Option(min=1, help="So many records of each play topic; a file is read whole.")
    ] = 100,
    start: Annotated[
        str,
        typer.Option("--from", help="Where to begin in each partition: start, end (the newest), or an offset."),
    ] = "start",
    why: Annotated[bool, typer.Option("--why", help="Show where the value of each field came from.")] = False,
    wait_out: Annotated[
        bool,
        typer.Option(
            "--wait-out", help="Let every deadline pass at the end: show what is then parked, and released."
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """Show what records would lead to, without sending, joining a group or committing anything.

    Each change is printed with how it ended and the rule that decided, each event with its fields, and at
    the end how many were sent, skipped, held and parked, and why.  Look-up topics are read whole first, and
    look-ups with `sql` are asked as a run asks them; with --file only if --lookups says so.  A query that has
    no answer stops nothing: what needs its rows waits, and the end says why they are missing.

    The end also lists the rules that no record came to, and says what all records together make likely to be
    wrong: one activity_id of several bets, look-up rows that share a key, times of another zone.

    The values of rows are shown: this is meant for the terminal of the engineer who writes the connector.
    """
    begin = start_of(start)
    if begin is None:
        raise typer.BadParameter(f"{start} is neither start nor end nor an offset", param_hint="--from")
    if file is not None and start != "start":
        raise typer.BadParameter("a file is read whole; leave it out", param_hint="--from")
    if file is not None:
        brand = load_brand(connector) if look_ups else load_without_servers(connector)
        recorded = read_recorded(STANDARD_INPUT if file == _DASH else file)
        records = chain(look_ups_of(brand) if look_ups else (), recorded)
    else:
        brand = load_brand(connector)
        records = chain(records_of(brand, limit=limit, start=begin))
    tables = look_up_tables(brand, ask=file is None or look_ups)
    shown = Preview(brand, why=why, now_ms=time.time_ns() // 1_000_000, tables=tables)
    console = printing.console()
    for change in shown.of(records, wait_out=wait_out):
        if as_json:
            printing.line(change.as_json(why=why).decode())
        else:
            _print_change(console, change)
    if as_json:
        printing.line(shown.counts.as_json().decode())
    else:
        _print_counts(console, shown.counts)


def _print_change(console: Console, change: Previewed) -> None:
    style = printing.STYLES.get(change.kind, "")
    table = change.table or change.record.topic
    key = f" {change.key}" if change.key else ""
    op = f" ({_OPERATIONS.get(change.op, change.op)})" if change.op else ""
    because = f": {change.reason}" if change.reason else ""
    rule = f"  {change.rule.file}:{change.rule.line}" if change.rule is not None and change.rule.line else ""
    console.print(
        f"{printing.styled(style, f'{change.kind:8}')} {printing.styled('', table + key + op + because)}"
        f"{printing.styled('dim', rule)}"
    )
    for event in change.events:
        _print_event(console, event)


def _print_event(console: Console, event: PreviewedEvent) -> None:
    fields = event.fields
    head = (
        f"         {fields['type']} {fields['status']}  {printing.shown(fields['amount'])} {fields['currency']}"
        f"  player {fields['user_id']}  round {fields['round_id']}  {event.message_id}"
    )
    console.print(printing.styled("bold", head))
    for warning in event.warnings:
        console.print(printing.styled("yellow", f"         outside the profile: {warning}"))
    if not event.why:
        return
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(style="green", overflow="fold")
    table.add_column(overflow="fold")
    table.add_column(style="dim", no_wrap=True)
    for name, value in fields.items():
        origin = event.why.get(name)
        place = f"{Path(origin.file).name}:{origin.line}" if origin is not None and origin.line else ""
        cells = (f"           {name}", printing.shown(value), origin.text if origin is not None else "", place)
        table.add_row(*(printing.styled("", cell) for cell in cells))
    console.print(table, soft_wrap=False)


def _print_counts(console: Console, counts: Counts) -> None:
    table = Table(
        title="How the changes ended", title_justify="left", box=None, padding=(0, 2, 0, 0), pad_edge=False
    )
    for column in ("outcome", "table", "reason"):
        table.add_column(column, overflow="fold")
    table.add_column("changes", justify="right")
    for (kind, name, reason), count in sorted(counts.by_reason.items()):
        cells = (printing.styled(printing.STYLES.get(kind, ""), kind), printing.styled("", name))
        table.add_row(*cells, printing.styled("", reason), str(count))
    console.print()
    if counts.by_reason:
        console.print(table, soft_wrap=False)
    else:
        console.print("no change was read")
    console.print(f"\n{counts.events} events; {counts.waiting} changes still wait")
    for name, reason in sorted(counts.missing_lookups.items()):
        console.print(printing.styled("yellow", f"the rows of {name} are missing: {reason}"))
    if counts.unmet:
        console.print("\nNo record came to these rules: preview records of every kind before you trust them")
        for rule in counts.unmet:
            place = f"{rule.file}:{rule.line}"
            console.print(printing.styled("", f"  {rule.key}  ") + printing.styled("dim", place), soft_wrap=True)
    for sentence, hint in counts.notices:
        console.print(printing.styled("yellow", f"look at this: {sentence} ({hint})"))
    for warning, count in sorted(counts.warnings.items()):
        console.print(printing.styled("yellow", f"{count} events are outside the profile: {warning}"))


_OPERATIONS = {"c": "insert", "u": "update", "d": "delete", "r": "snapshot", "t": "truncate", "m": "message"}
