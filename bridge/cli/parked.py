"""`parked`: what waits for a person."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from bridge.app import ledger_place
from bridge.cli import printing
from bridge.ledger import open_ledger
from bridge.records import ParkedChange
from bridge.rehearsal import load_without_servers
from bridge.sources.recorded import encode_line

EXAMPLES = """\
Examples:

  wallet-bridge parked brand.yaml --state /var/lib/wallet-bridge

  wallet-bridge parked brand.yaml --code missing_lookup --json

  wallet-bridge parked brand.yaml --id 7 --records > parked.jsonl

  wallet-bridge preview brand.yaml --file parked.jsonl --lookups --why

The ledger is only read: the bridge may run beside it.
"""


def parked(
    connector: Annotated[Path, typer.Argument(help="A connector.")],
    *,
    state: Annotated[
        Path, typer.Option(envvar="BRIDGE_STATE", help="Folder of the ledgers, as `run` has it.")
    ] = Path(),
    numbers: Annotated[
        list[int] | None, typer.Option("--id", help="Only the change with this number; may be given again.")
    ] = None,
    code: Annotated[str, typer.Option(help="Only changes parked for this reason.", show_default=False)] = "",
    records: Annotated[
        bool,
        typer.Option(
            "--records", help="Print the records byte for byte, one a line: what `preview --file` reads."
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a change.")] = False,
) -> None:
    """List the changes that wait for a person: where they lie, and why they were parked.

    With --records the values of rows are printed too.
    """
    found = [
        item
        for item in _parked(connector, state)
        if (not numbers or item.parked_id in numbers) and code in ("", item.code)
    ]
    if records:
        for item in found:
            printing.line(encode_line(item.record).decode())
    elif as_json:
        for item in found:
            printing.json_line(_fields(item))
    else:
        _print(found)


def _parked(connector: Path, state: Path) -> list[ParkedChange]:
    brand = load_without_servers(connector)
    ledger = open_ledger(ledger_place(brand, state), brand.connector.brand, create=False, read_only=True)
    try:
        return list(ledger.parked())
    finally:
        ledger.close()


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


def _print(found: list[ParkedChange]) -> None:
    console = printing.console()
    if found:
        table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
        for column in _fields(found[0]):
            table.add_column(column, overflow="fold")
        for item in found:
            table.add_row(*(printing.styled("", str(value)) for value in _fields(item).values()))
        console.print(table, soft_wrap=False)
    console.print(f"{len(found)} changes are parked")
