"""`status`: what a brand's ledger holds."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from bridge.brand import Brand
from bridge.cli import printing
from bridge.cli.files import connectors_in
from bridge.cli.ledgers import ledger_of
from bridge.contracts import Ledger
from bridge.errors import BridgeError
from bridge.mapping.state.queues import why_held
from bridge.rehearsing.rehearsal import load_without_servers

EXAMPLES = """\
Examples:

  wallet-bridge status connectors/ --state /var/lib/wallet-bridge

  wallet-bridge status brand.yaml --json | jq .held

The ledger is only read: the bridge may run beside it.
"""
_PAGE = 10_000
_SHOWN = 20


def status(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", readable=False, help="Connectors, or folders of them.")
    ],
    *,
    state: Annotated[
        Path, typer.Option(envvar="BRIDGE_STATE", help="Folder of the ledgers, as `run` has it.")
    ] = Path(),
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a brand.")] = False,
) -> None:
    """Print what ledgers hold: positions, unconfirmed events, held and parked changes, counters."""
    console = printing.console()
    failed: list[BridgeError] = []
    for path in connectors_in(paths):
        try:
            said = _contents_at(path, state)
        except BridgeError as error:
            failed.append(error)
            continue
        if as_json:
            printing.json_line(said)
        else:
            _print(console, said)
    for failure in failed:
        printing.failure(failure)
    if failed:
        raise typer.Exit(max(failure.exit_code for failure in failed))


def _contents_at(path: Path, state: Path) -> dict[str, Any]:
    brand = load_without_servers(path)
    ledger = ledger_of(brand, state)
    try:
        return contents(brand, ledger)
    finally:
        ledger.close()


def contents(brand: Brand, ledger: Ledger) -> dict[str, Any]:
    """Return what a ledger holds; no values of rows but the keys of parked ones."""
    confirmed = ledger.confirmed()
    unconfirmed, last = 0, confirmed
    while page := ledger.unconfirmed(last, _PAGE):
        unconfirmed, last = unconfirmed + len(page), page[-1].seq
    now_ms = time.time_ns() // 1_000_000
    return {
        "brand": brand.connector.brand,
        "bytes": ledger.size_bytes(),
        "confirmed": confirmed,
        "unconfirmed": unconfirmed,
        "positions": [
            {"topic": at.topic, "partition": at.number, "next_offset": position}
            for at, position in sorted(ledger.positions().items())
        ],
        "held": [
            {
                "table": held.table,
                "place": _place(held.record),
                "reason": why_held(held),
                "seconds_left": (held.deadline_ms - now_ms) // 1000 if held.deadline_ms else None,
            }
            for held in ledger.held()
        ],
        "parked": [
            {
                "id": parked.parked_id,
                "table": parked.table,
                "key": parked.key,
                "place": _place(parked.record),
                "code": parked.code,
                "reason": parked.reason,
            }
            for parked in ledger.parked()
        ],
        "counters": [
            {"outcome": outcome, "table": table, "reason": reason, "changes": count}
            for (outcome, table, reason), count in sorted(ledger.counters().items())
        ],
    }


def _place(record: Any) -> str:
    return f"{record.topic}/{record.partition}@{record.offset}"


def _print(console: Console, said: dict[str, Any]) -> None:
    console.print(
        f"[bold]{said['brand']}[/bold]: {said['confirmed']} events confirmed, {said['unconfirmed']} not yet, "
        f"{len(said['held'])} changes held, {len(said['parked'])} parked, ledger {said['bytes'] / 1e6:.1f} MB"
    )
    for title in ("positions", "held", "parked", "counters"):
        rows = said[title]
        if not rows:
            continue
        table = Table(title=title, title_justify="left", box=None, padding=(0, 2, 0, 0), pad_edge=False)
        for column in rows[0]:
            table.add_column(column.replace("_", " "), overflow="fold")
        for row in rows[: None if title == "counters" else _SHOWN]:
            table.add_row(*(printing.styled("", "" if value is None else str(value)) for value in row.values()))
        console.print(table, soft_wrap=False)
        if title != "counters" and len(rows) > _SHOWN:
            console.print(f"… and {len(rows) - _SHOWN} more (--json prints all)")
