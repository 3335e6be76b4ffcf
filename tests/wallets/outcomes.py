"""How the words of each case's `outcomes.json` and the reasons of the bridge belong together.

One entry is a group: the case's words on the left, the bridge's reasons on the right.  Where the case
tells apart what the bridge gives one name (or the other way round), the sums of the group must agree.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping

from bridge.contracts import Ledger
from bridge.mapping.judging.reversals import REPEATED
from tests.support.cases import CASES

Ended = Mapping[tuple[str, str, str], int]
"""How many changes ended how: (outcome, table, reason)."""

Group = tuple[tuple[str, ...], tuple[str, ...]]

NO_RULE = "no rule of the connector names such a row"
ROW_PARKED = "an earlier change of this row is parked"
REVERSAL_OF_REVERSAL = "it takes back a row that is a reversal itself"
ORIGINAL_PARKED = "its original is parked"
ORIGINAL_MISSING = "the row of {} that it names did not come"

GROUPS: dict[str, dict[str, list[Group]]] = {
    "ledger-reference": {
        "wallet_tx": [
            (("money that is not play (deposit, withdrawal)",), ("not play",)),
            (("rollback of money that is not play",), ("its original: not play",)),
            (("test player",), ("test player",)),
            (("player of another brand",), ("player of another brand",)),
            (("rollback repeated",), (REPEATED,)),
            (("note written on a row", "row moved to another player_id: accounts merged"), ("row changed",)),
            (("row deleted: yearly clean-up",), ("row deleted",)),
            (("unknown kind",), (NO_RULE,)),
            (("bet without an amount",), ("amount is missing: wager_amount is null",)),
            (("game never comes",), ("no row of games came for it",)),
            (("rollback whose original never comes",), (ORIGINAL_MISSING.format("wallet_tx"),)),
            (("rollback of a parked row",), (ORIGINAL_PARKED,)),
            (("rollback of a rollback",), (REVERSAL_OF_REVERSAL,)),
            (("rollback of another player's row",), ("rollback of another player's row",)),
        ],
    },
    "status-in-place": {
        "transactions": [
            (
                (
                    "inserted as pending",
                    "inserted as failed",
                    "pending to failed",
                    "pending to reversed: no money has moved",
                    "id corrected",
                ),
                ("nothing to do",),
            ),
            (("updated, status kept",), ("watched columns kept",)),
            (("deposit or withdrawal",), ("not play",)),
            (("internal user",), ("internal user",)),
            (("brand not live",), ("brand not live",)),
            (("row deleted: archive job",), ("row deleted",)),
            (
                (
                    "unknown status: to it, from it, or inserted with it",
                    "done to pending: not foreseen",
                    "reversal of something parked",
                ),
                ("status may not go this way", ROW_PARKED),
            ),
            (("unknown type",), (NO_RULE,)),
            (("wrong sign",), ("amount below 0",)),
            (("game never comes",), ("no row of games came for it",)),
        ],
    },
    "bet-row-settled": {
        "bets": [
            (
                (
                    "edit that moves no money: note, second refund, corrected time",
                    "never taken from the player: first shown as refunded",
                    "deleted, but nothing stood",
                ),
                ("nothing to do",),
            ),
            (("bet of a test player",), ("test player",)),
            (("bet for fun",), ("bet for fun",)),
            (("bet of a brand that is not live",), ("brand not live",)),
            (("placed before go-live",), ("placed before go-live",)),
            (("taken back and settled again", "unknown state"), ("state may not go this way",)),
            (("closing Win below 0",), ("amount below 0",)),
            (("stake is not the one sent",), ("stake is not the one sent",)),
            (
                ("player never arrived", "later change of a bet with a parked change"),
                ("no row of users came for it", ROW_PARKED),
            ),
        ],
    },
    "header-and-legs": {
        "txn": [
            (
                ("no play: deposit, withdrawal, unlock, reversal of a deposit",),
                ("no play", "its original: no play"),
            ),
            (("test player",), ("test player",)),
            (("reversal without a player's wallet",), ("no leg on a player's wallet",)),
            (("memo edited",), ("row changed",)),
            (("deleted by the archive job",), ("row deleted",)),
            (("reversal of more than is left",), ("it takes back more than is left",)),
            (("a leg never came",), ("not all of its parts came",)),
            (("reversal of something parked",), (ORIGINAL_PARKED,)),
            (("reversal of something that never comes",), (ORIGINAL_MISSING.format("txn"),)),
            (("unknown op",), (NO_RULE,)),
            (("reversal of a reversal",), (REVERSAL_OF_REVERSAL,)),
            (("debits and credits not equal",), ("debits and credits not equal",)),
            (("unknown wallet",), ("unknown wallet",)),
        ],
        "leg": [
            (
                ("no play: deposit, withdrawal, unlock, reversal of a deposit",),
                ("no play", "its original: no play"),
            ),
            (("test player",), ("test player",)),
            (("reversal without a player's wallet",), ("no leg on a player's wallet",)),
            (("balance edited",), ("part changed",)),
            (("deleted by the archive job",), ("part deleted",)),
            (
                ("reversal of more than is left",),
                ("its header is parked: it takes back more than is left",),
            ),
            (("a leg never came",), ("its header is parked: not all of its parts came",)),
            (("header never came",), ("its header did not come",)),
            (("reversal of something parked",), (f"its header is parked: {ORIGINAL_PARKED}",)),
            (
                ("reversal of something that never comes",),
                (f"its header is parked: {ORIGINAL_MISSING.format('txn')}",),
            ),
            (("unknown op",), (f"its header is parked: {NO_RULE}",)),
            (("reversal of a reversal",), (f"its header is parked: {REVERSAL_OF_REVERSAL}",)),
            (("debits and credits not equal",), ("its header is parked: debits and credits not equal",)),
            (("unknown wallet",), ("its header is parked: unknown wallet",)),
        ],
    },
}
"""Case, table, groups."""

NO_CHANGES = {"first half of a changed key", "history"}
"""Reasons of records that a case does not count as changes."""


def ended_in(ledger: Ledger) -> Counter[tuple[str, str, str]]:
    """Return how the changes ended that a ledger has counted; those that are parked with their reasons."""
    found: Counter[tuple[str, str, str]] = Counter()
    for (outcome, table, reason), count in ledger.counters().items():
        if outcome in ("sent", "skipped"):
            said = "history" if reason.startswith("history: ") else reason
            found[outcome, table.rpartition(".")[2], said] += count
    for item in ledger.parked():
        found["parked", item.table.rpartition(".")[2], item.reason] += 1
    return found


def assert_accounted_for(name: str, ended: Ended) -> None:
    """Fail unless every change of a case ended as its `outcomes.json` says: none more, none less."""
    changes = json.loads((CASES / name / "outcomes.json").read_text())["changes"]
    assert set(changes) == set(GROUPS[name])
    for table, outcome in changes.items():
        ours = {
            (kind, reason): count
            for (kind, of, reason), count in ended.items()
            if of == table and kind in ("skipped", "parked") and reason not in NO_CHANGES
        }
        assert (
            sum(count for (kind, of, _), count in ended.items() if kind == "sent" and of == table)
            == (outcome["lead_to_events"])
        )
        assert _total(ours, "skipped") == sum(outcome["lead_to_none"].values())
        assert _total(ours, "parked") == sum(outcome["parked"].values())
        theirs = {**outcome["lead_to_none"], **outcome["parked"]}
        _compare_groups(name, table, theirs, {reason: count for (_, reason), count in ours.items()})


def _compare_groups(name: str, table: str, theirs: dict[str, int], ours: dict[str, int]) -> None:
    groups = GROUPS[name][table]
    assert {word for words, _ in groups for word in words} == set(theirs)
    assert {reason for _, reasons in groups for reason in reasons} == set(ours)
    for words, reasons in groups:
        assert sum(theirs[word] for word in words) == sum(ours[reason] for reason in reasons), words


def _total(ours: dict[tuple[str, str], int], kind: str) -> int:
    return sum(count for (of, _), count in ours.items() if of == kind)
