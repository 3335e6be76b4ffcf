"""What a ledger says about itself, and whether this bridge may use it."""

from __future__ import annotations

from datetime import UTC, datetime

from bridge import __version__
from bridge.errors import LedgerMismatch
from bridge.ledger.schema import MIGRATIONS, SCHEMA_VERSION


def missing(place: str, brand: str) -> str:
    """Say that a ledger is not there, why that matters, and how a new one is allowed."""
    return (
        f"there is no ledger at {place} for brand {brand}: its first `run` makes it; if there was one, put "
        "it back, or mend `ledger` in the connector: with a new one, rows that were sent before would be "
        "taken for new, so `run` takes a new one only with a consumer group that has read nothing yet (set "
        "source.kafka.group anew)"
    )


def check_meta(place: str, brand: str, meta: dict[str, str]) -> int:
    """Return the schema version of a ledger, or raise LedgerMismatch when it is not ours to use."""
    if meta["brand"] != brand:
        raise LedgerMismatch(
            f"the ledger {place} belongs to brand {meta['brand']}, not to {brand}: give each brand its own"
        )
    version = int(meta["schema_version"])
    if version > SCHEMA_VERSION:
        raise LedgerMismatch(
            f"the ledger {place} was written by bridge {meta['bridge_version']} with schema {version}, and bridge "
            f"{__version__} knows schemas up to {SCHEMA_VERSION}: run that version or a newer one"
        )
    return version


def first_meta(brand: str) -> dict[str, str]:
    """Return what a new ledger says about itself."""
    return {
        "brand": brand,
        "schema_version": str(SCHEMA_VERSION),
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "bridge_version": __version__,
    }


def migrations(dialect: str, version: int) -> list[str]:
    """Return the statements that lead from a schema version to this bridge's."""
    return [text for step in range(version + 1, SCHEMA_VERSION + 1) for text in MIGRATIONS[step].get(dialect, ())]
