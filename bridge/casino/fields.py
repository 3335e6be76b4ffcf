"""The fields of a CASINO event, in the order of its body.

Source: Fast Track's integration page "Casino: Bet / Win Events"; `Loss` and the spellings of
`game_type` are from its newer edition.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

from bridge.errors import MappingError

Kind = Literal["text", "type", "status", "currency", "moment", "boolean", "number", "map"]


class ContractBreach(MappingError):
    """An event that must not leave: a field breaks the CASINO contract.

    `code` is a short stable word, `field` the field (empty where the whole body is meant);
    `reason` names the field and the rule, never the value.
    """

    def __init__(self, code: str, field: str, rule: str) -> None:
        self.field = field
        super().__init__(code, f"{field} {rule}" if field else rule)


class FieldDoc(NamedTuple):
    """What a field is, for checks of connectors and for the documentation."""

    required: bool
    kind: Kind
    meaning: str


_FIELDS: dict[str, FieldDoc] = {
    "activity_id": FieldDoc(True, "text", "unique id of the activity; a Rollback repeats it"),
    "type": FieldDoc(True, "type", "Bet, Win or Loss; a Rollback keeps the type of its original"),
    "status": FieldDoc(True, "status", "Approved or Rollback"),
    "user_id": FieldDoc(True, "text", "the player's id"),
    "round_id": FieldDoc(True, "text", "the round's id, the same for its bets and wins"),
    "game_id": FieldDoc(True, "text", "the game's id"),
    "game_name": FieldDoc(True, "text", "the game's name"),
    "vendor_id": FieldDoc(True, "text", "the id of the game's vendor"),
    "vendor_name": FieldDoc(True, "text", "the name of the game's vendor"),
    "origin": FieldDoc(True, "text", "the site played on (sub.example.com); names brand or jurisdiction"),
    "currency": FieldDoc(
        True,
        "currency",
        "currency of the transaction, ISO 4217 (EUR). Spaces around it are dropped. Codes that ISO does not know"
        " (GC, USDT, mBTC) are sent as they are: ask Fast Track before using them",
    ),
    "timestamp": FieldDoc(True, "moment", "when it happened: a moment, or RFC 3339 text"),
    "is_round_end": FieldDoc(True, "boolean", "whether the round has ended with this event"),
    "game_type": FieldDoc(
        False, "text", "the platform's own type; Slots, Table and Live Casino are spelled so where they are meant"
    ),
    "amount": FieldDoc(
        True, "number", "the sum of the wager_, bonus_wager_ and locked_wager_amount; made from them if left out"
    ),
    "wager_amount": FieldDoc(False, "number", "part of the bet or win in real money"),
    "bonus_wager_amount": FieldDoc(False, "number", "part of the bet or win in bonus money"),
    "locked_wager_amount": FieldDoc(False, "number", "part from a locked wallet (bonus and real money combined)"),
    "exchange_rate": FieldDoc(True, "number", "rate to the brand's base currency at that time, above 0"),
    "balance_before": FieldDoc(False, "number", "the player's balance before; may be below 0"),
    "balance_after": FieldDoc(False, "number", "the player's balance after; may be below 0"),
    "meta": FieldDoc(False, "map", "extras of the brand: a flat map of texts, numbers and booleans"),
}

FIELDS: Final[Mapping[str, FieldDoc]] = MappingProxyType(_FIELDS)
"""Every field that an event can have."""

PARTS_OF_AMOUNT: Final = ("wager_amount", "bonus_wager_amount", "locked_wager_amount")

TYPES: Final = frozenset({"Bet", "Win", "Loss"})
STATUSES: Final = frozenset({"Approved", "Rollback"})

MAX_DIGITS: Final = 100
"""Most digits on either side of the decimal point: far beyond money, far below what could exhaust memory."""
