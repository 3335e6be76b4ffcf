"""`parked`: what waits for a person, and what the person decides."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from bridge.brand import Brand
from bridge.cli import printing
from bridge.cli.helping import flowed
from bridge.cli.ledgers import ledger_of
from bridge.errors import LedgerMismatch
from bridge.lookups.tables import LookupTables
from bridge.parked import REFUSED, Decided, ParkedChanges, Replayed
from bridge.records import ParkedChange
from bridge.rehearsing.rehearsal import load_without_servers
from bridge.sources.recorded import encode_line

LEFT_PARKED_EXIT = 1

EXAMPLES = """\
Examples:

  wallet-bridge parked list brand.yaml

  wallet-bridge parked replay brand.yaml --all --dry-run

  wallet-bridge parked replay --help
"""
app = typer.Typer(
    help="List, show, replay and discard the changes that wait for a person.",
    epilog=EXAMPLES,
    no_args_is_help=True,
    rich_markup_mode="rich",
)

Connector = Annotated[Path, typer.Argument(readable=False, help="A connector.")]
State = Annotated[Path, typer.Option(envvar="BRIDGE_STATE", help="Folder of the ledgers, as `run` has it.")]
Numbers = Annotated[list[int] | None, typer.Argument(metavar="[ID]...", help="Numbers of changes, as in `list`.")]
Code = Annotated[str, typer.Option(help="All changes parked for this reason.", show_default=False)]
Everything = Annotated[bool, typer.Option("--all", help="All changes.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would happen, and change nothing.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object a change.")]

LIST_EXAMPLES = """\
Examples:

  wallet-bridge parked list brand.yaml --state /var/lib/wallet-bridge

  wallet-bridge parked list brand.yaml --code lookup_missing --json

The ledger is only read: the bridge may run beside it.
"""
SHOW_EXAMPLES = """\
Examples:

  wallet-bridge parked show brand.yaml 7 9 > parked.jsonl

  wallet-bridge preview brand.yaml --file parked.jsonl --lookups --why

The ledger is only read: the bridge may run beside it.
"""
REPLAY_EXAMPLES = """\
Examples:

  wallet-bridge parked replay brand.yaml --code lookup_missing --dry-run

  wallet-bridge parked replay brand.yaml --code lookup_missing

  wallet-bridge parked replay brand.yaml 7 9

  wallet-bridge parked replay brand.yaml --all --json

A dry run may run beside the bridge.  Exit code 1: some were parked again, or could not be replayed.
"""
DISCARD_EXAMPLES = """\
Examples:

  wallet-bridge parked discard brand.yaml 7 9 --because "test bets, ticket 4711"
"""


def list_parked(connector: Connector, *, state: State = Path(), code: Code = "", as_json: AsJson = False) -> None:
    """List the changes that wait for a person: where they lie, and why they were parked."""
    found = [item for item in _parked(connector, state) if code in ("", item.code)]
    if as_json:
        for item in found:
            printing.json_line(_fields(item))
        return
    console = printing.console()
    _print_table([_fields(item) for item in found])
    console.print(f"{len(found)} changes are parked")


def show(
    connector: Connector,
    numbers: Numbers = None,
    *,
    state: State = Path(),
    code: Code = "",
    everything: Everything = False,
) -> None:
    """Print the records of parked changes byte for byte, one a line: what `preview --file` reads.

    The values of rows are printed.
    """
    for item in _chosen(_parked(connector, state), numbers, code, everything=everything):
        printing.line(encode_line(item.record).decode())


def replay(
    connector: Connector,
    numbers: Numbers = None,
    *,
    state: State = Path(),
    code: Code = "",
    everything: Everything = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Judge parked changes anew, by the connector as it is now, in the order of their player.

    Stop the bridge first, and start it again afterwards: it sends the events.  Changes of one row go
    together, and so do a header and its parts.  Nothing is sent twice: a row's activity that stands is
    not sent again, and a state that the row has left behind is skipped as repeated.  The ledger's
    counters (`status`) keep how many were replayed.
    """
    brand = load_without_servers(connector)
    with _opened(brand, state, dry_run=dry_run) as changes:
        chosen = _chosen(changes.all, numbers, code, everything=everything)
        whole = changes.with_their_rows({item.parked_id for item in chosen})
        tables = LookupTables(brand.connector, brand.path.parent).load() if whole else []
        done = changes.replay(whole, tables, dry_run=dry_run) if whole else Replayed()
    _print_decided(done.changes, as_json=as_json)
    if not as_json:
        _print_sum(done, dry_run=dry_run)
    if any(one.outcome in (REFUSED, "parked") for one in done.changes):
        raise typer.Exit(LEFT_PARKED_EXIT)


def discard(
    connector: Connector,
    numbers: Annotated[list[int], typer.Argument(metavar="ID...", help="Numbers of changes, as `list` says.")],
    *,
    because: Annotated[str, typer.Option(help="Why; the ledger keeps it in its counters, which `status` prints.")],
    state: State = Path(),
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Forget parked changes for good: they lead to no event.

    Stop the bridge first, all its instances: what they know of the row would be wrong.  What the row does
    next is judged anew.  A row of which nothing was sent counts as skipped, and so do rows that follow it.
    """
    if not because.strip():
        raise typer.BadParameter("say why, for those who ask later", param_hint="--because")
    brand = load_without_servers(connector)
    with _opened(brand, state, dry_run=dry_run) as changes:
        chosen = _chosen(changes.all, numbers, "", everything=False)
        done = changes.discard(chosen, because.strip(), dry_run=dry_run)
    _print_decided(done, as_json=as_json)
    if not as_json:
        printing.console().print(f"{len(done)} changes {'would be' if dry_run else 'are'} discarded")


@contextmanager
def _opened(brand: Brand, state: Path, *, dry_run: bool) -> Iterator[ParkedChanges]:
    """Open the ledger to write; a dry run only looks, and may do so beside the bridge."""
    shared = (brand.connector.ledger.url or "").startswith("postgresql")
    ledger = ledger_of(brand, state, read_only=dry_run and not shared)
    try:
        if not dry_run and (others := ledger.at_work()):
            raise LedgerMismatch(
                f"the ledger {ledger.place} is in use by {others} other connections of wallet-bridge: stop all "
                "instances of the brand, do this again, and start them (--dry-run works beside them)"
            )
        yield ParkedChanges(brand, ledger, time.time_ns() // 1_000_000)
    finally:
        ledger.close()


def _parked(connector: Path, state: Path) -> list[ParkedChange]:
    brand = load_without_servers(connector)
    ledger = ledger_of(brand, state)
    try:
        return list(ledger.parked())
    finally:
        ledger.close()


def _chosen(
    parked: Sequence[ParkedChange], numbers: Sequence[int] | None, code: str, *, everything: bool
) -> list[ParkedChange]:
    """Return the changes that the options name.  Raises BadParameter for none of them, and for unknown numbers."""
    if sum((bool(numbers), bool(code), everything)) != 1:
        raise typer.BadParameter("say which changes: their numbers, or --code, or --all", param_hint="ID")
    unknown = set(numbers or ()) - {item.parked_id for item in parked}
    if unknown:
        several = ", ".join(map(str, sorted(unknown)))
        raise typer.BadParameter(f"there is no parked change {several}; `parked list` shows all", param_hint="ID")
    return [item for item in parked if everything or item.parked_id in (numbers or ()) or item.code == code]


def _fields(item: ParkedChange) -> dict[str, Any]:
    return {
        "id": item.parked_id,
        "at": datetime.fromtimestamp(item.parked_at_ms / 1000, UTC).isoformat(timespec="seconds"),
        "table": item.table,
        "key": item.key,
        "player": item.player,
        "code": item.code,
        "reason": item.reason,
        "place": f"{item.record.topic}/{item.record.partition}@{item.record.offset}",
    }


def _print_decided(done: Sequence[Decided], *, as_json: bool) -> None:
    rows = [
        {
            "id": one.parked.parked_id,
            "table": one.parked.table,
            "key": one.parked.key,
            "was": one.parked.code,
            "outcome": one.outcome,
            "reason": one.reason,
            "events": list(one.message_ids) if as_json else ", ".join(one.message_ids),
        }
        for one in done
    ]
    if not as_json:
        _print_table(rows)
        return
    for row in rows:
        printing.json_line(row)


def _print_table(rows: Sequence[dict[str, Any]]) -> None:
    if not rows:
        return
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for column in rows[0]:
        table.add_column(column, overflow="fold")
    for row in rows:
        style = printing.STYLES.get(str(row.get("outcome", "")), "")
        table.add_row(*(printing.styled(style, str(value)) for value in row.values()))
    printing.console().print(table, soft_wrap=False)


def _print_sum(done: Replayed, *, dry_run: bool) -> None:
    would = "a dry run: nothing was changed; " if dry_run else ""
    counts = Counter(one.outcome for one in done.changes)
    ended = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items())) or "no change"
    released = f"; {done.released} others that waited came to their end" if done.released else ""
    events = f"{done.events} events {'would wait' if dry_run else 'wait'} for the next run"
    printing.console().print(f"{would}{ended}{released}; {events if done.events else 'no events'}")


for _name, _command, _examples in (
    ("list", list_parked, LIST_EXAMPLES),
    ("show", show, SHOW_EXAMPLES),
    ("replay", replay, REPLAY_EXAMPLES),
    ("discard", discard, DISCARD_EXAMPLES),
):
    app.command(_name, help=flowed(_command), epilog=_examples)(_command)
