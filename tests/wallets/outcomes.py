"""How the words of each case's `outcomes.json` and the reasons of the bridge belong together.

One entry is a group: the case's words on the left, the bridge's reasons on the right.  Where the case
tells apart what the bridge gives one name (or the other way round), the sums of the group must agree.
"""

from __future__ import annotations

from bridge.mapping.reversals import REPEATED

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
