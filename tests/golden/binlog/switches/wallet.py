"""A wallet that moves from one server to another and back, and what must come out of it."""

from __future__ import annotations

from typing import Final

DATABASE: Final = "casino"

TABLES: Final = ("bets", "wins")

SCHEMA: Final = (
    f"CREATE DATABASE {DATABASE}",
    f"USE {DATABASE}",
    """CREATE TABLE bets (
      id int PRIMARY KEY, player int NOT NULL, stake decimal(12,2) NOT NULL, status varchar(8) NOT NULL,
      at datetime(3) NOT NULL DEFAULT '2026-03-02 08:27:58.721'
    )""",
    """CREATE TABLE wins (
      id int PRIMARY KEY, bet int NOT NULL, player int NOT NULL, amount decimal(12,2) NOT NULL,
      at datetime(3) NOT NULL DEFAULT '2026-03-02 08:27:59.721'
    )""",
    "CREATE TABLE marks (id int PRIMARY KEY)",
    "INSERT INTO bets (id, player, stake, status) VALUES (1, 7, 1.10, 'done')",
)
"""Bet 1 is a row of the snapshot."""


def placed(bet: int, status: str = "done") -> str:
    """Return the statement that writes a bet, whose stake tells its number."""
    return f"INSERT INTO bets (id, player, stake, status) VALUES ({bet}, 7, {bet}.10, '{status}')"  # noqa: S608 - our own


def became(bet: int, status: str) -> str:
    """Return the statement that gives a bet another status."""
    return f"UPDATE bets SET status = '{status}' WHERE id = {bet}"  # noqa: S608 - our own


def marked(number: int) -> str:
    """Return the statement that writes the end of what is read in one go."""
    return f"INSERT INTO marks VALUES ({number})"  # noqa: S608 - our own


def won(bet: int) -> str:
    """Return the statement that writes the win of a bet."""
    return f"INSERT INTO wins (id, bet, player, amount) VALUES ({bet}, {bet}, 7, {bet}.20)"  # noqa: S608 - our own


def together(*statements: str) -> tuple[str, ...]:
    """Return the statements of one transaction."""
    return ("BEGIN", *statements, "COMMIT")


FIRST: Final = (*together(placed(2), won(2), placed(3)), placed(4))
"""Written to the first server, and read from it."""

REPEATED: Final = (
    *together(placed(5, "open"), became(5, "done"), became(5, "void"), became(5, "done")),
    *together(won(3), placed(6), placed(9)),
    became(3, "void"),
)
"""Written to the first server, read from it, and read again from the second one."""

READ_FROM_REPLICA: Final = (became(6, "void"), *together(placed(10), won(10)), became(5, "void"))
"""Written to the first server, and read from the second one, its replica."""

PROMOTED: Final = (became(4, "void"),)
"""Written to the second server, and read from it."""

REPEATED_OF_SECOND: Final = (
    *together(placed(7), won(7), placed(8, "open"), became(8, "done"), became(8, "void"), became(8, "done")),
    became(9, "void"),
)
"""Written to the second server, read from it, and read again from the first one."""

READ_FROM_FORMER: Final = (became(8, "void"), placed(11))
"""Written to the second server, and read from the first one, its replica now."""

BACK: Final = (became(10, "void"), became(7, "void"), became(11, "void"), *together(placed(12), won(12)), won(9))
"""Written to the first server again, and read from it."""

TAG: Final = "SET gtid_next = 'AUTOMATIC:night'"
"""What follows has a tag in its GTID, on MySQL."""

IN_THE_GAP: Final = (became(4, "void"), placed(13))
"""Written while Debezium did not read."""

AFTER_THE_GAP: Final = (became(3, "void"), became(13, "void"), *together(placed(14), won(14)))
"""Read again."""
