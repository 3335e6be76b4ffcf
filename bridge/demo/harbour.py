"""The generator of brand Harbour: one row for a transaction, whose status changes in place."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, LiteralString

from bridge.demo.northern_lights import Steps
from bridge.demo.truth import Play, Write

_ROW: Final[LiteralString] = (
    "INSERT INTO harbour.transactions (id, user_id, type, status, amount, bonus, currency, fx, round_ref, "
    "round_closed, game_id, device, created_at, status_at) "
    "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
)
_STATUS: Final[LiteralString] = "UPDATE harbour.transactions SET status = %s, status_at = %s WHERE id = %s"
_NOTE: Final[LiteralString] = "UPDATE harbour.transactions SET note = %s WHERE id = %s"
_GAME: Final[LiteralString] = (
    "INSERT INTO harbour.games (game_id, name, category, vendor_id) VALUES (%s, %s, %s, %s)"
)
_TESTER = 599
_HISTORY = Play("7203685477580100001", "Bet", "Rollback", Decimal("12.50"), "EUR")
_RATES: Final = {"EUR": Decimal(1), "SEK": Decimal("0.0871"), "GBP": Decimal("1.1485")}


class Harbour:
    """Makes rounds.  Ids are longer than a float can hold."""

    brand: Final = "harbour"

    def __init__(self, rng: random.Random) -> None:
        """Draw everything from `rng`."""
        self.rng = rng
        self._last_id = 7203685477580200000
        self._last_game = 9000
        self.situations: Mapping[str, tuple[int, Callable[[datetime], Steps]]] = {
            "bet_and_win": (40, self._bet_and_win),
            "pending_first": (20, self._pending_first),
            "several_wins": (8, self._several_wins),
            "free_round": (6, self._free_round),
            "reversed": (6, self._reversed),
            "reversed_and_done_again": (4, self._reversed_and_done_again),
            "reversed_before_done": (3, self._reversed_before_done),
            "failed": (4, self._failed),
            "late_game": (2, self._late_game),
            "note": (3, self._note),
            "tester": (2, self._tester),
            "deposit": (4, self._deposit),
            "unknown_type": (1, self._unknown_type),
            "reversal_of_history": (0, self._reversal_of_history),
        }

    def next_id(self) -> int:
        """Return the id of a new row."""
        self._last_id += self.rng.randint(1, 9)
        return self._last_id

    def _bet_and_win(self, at: datetime) -> Steps:
        draw = _Round(self, at)
        return [draw.wager(0), draw.payout(0.2, closes=True)]

    def _pending_first(self, at: datetime) -> Steps:
        draw = _Round(self, at)
        wager = draw.wager(0, status="pending")
        return [wager, draw.moves(0.3, wager[1], "done", (draw.approved(wager[1]),))]

    def _several_wins(self, at: datetime) -> Steps:
        draw = _Round(self, at)
        return [draw.wager(0), draw.payout(0.1), draw.payout(0.3), draw.payout(0.4, closes=True)]

    def _free_round(self, at: datetime) -> Steps:
        draw = _Round(self, at)
        return [draw.wager(0, free=True), draw.payout(0.2, closes=True)]

    def _reversed(self, at: datetime) -> Steps:
        draw = _Round(self, at)
        wager = draw.wager(0)
        return [wager, draw.reversal(1.2, wager[1])]

    def _reversed_and_done_again(self, at: datetime) -> Steps:
        draw = _Round(self, at)
        wager = draw.wager(0)
        first = draw.approved(wager[1])
        second = first._replace(activity_id=f"{first.activity_id}:2")
        return [wager, draw.reversal(0.5, wager[1]), draw.moves(1.0, wager[1], "done", (second,))]

    def _reversed_before_done(self, at: datetime) -> Steps:
        draw = _Round(self, at)
        wager = draw.wager(0, status="pending")
        return [wager, draw.moves(0.4, wager[1], "reversed", ())]

    def _failed(self, at: datetime) -> Steps:
        draw = _Round(self, at)
        wager = draw.wager(0, status="pending")
        return [wager, draw.moves(0.4, wager[1], "failed", ())]

    def _late_game(self, at: datetime) -> Steps:
        draw = _Round(self, at)
        self._last_game += 1
        draw.game = self._last_game
        entered = Write(_GAME, (draw.game, f"New game {draw.game}", 4, 3))
        return [draw.wager(0, waits=True), draw.payout(0.3, closes=True, waits=True), (0.8, entered)]

    def _note(self, at: datetime) -> Steps:
        draw = _Round(self, at)
        wager = draw.wager(0)
        note = Write(_NOTE, ("looked at", wager[1].values[0]), wager[1].player, "skipped")
        return [wager, (0.9, note)]

    def _tester(self, at: datetime) -> Steps:
        draw = _Round(self, at)
        draw.user = _TESTER
        return [draw.row(0, "wager", Decimal("-2.00"), ending="skipped")]

    def _deposit(self, at: datetime) -> Steps:
        return [_Round(self, at).row(0, "deposit", Decimal("100.00"), ending="skipped")]

    def _unknown_type(self, at: datetime) -> Steps:
        return [_Round(self, at).row(0, "prize_pool", Decimal("1.00"), ending="parked")]

    def _reversal_of_history(self, at: datetime) -> Steps:
        values = ("reversed", at, int(_HISTORY.activity_id))
        return [(0, Write(_STATUS, values, "501", "sent", (_HISTORY,)))]


class _Round:
    """One round of one user in one game, with its rows."""

    def __init__(self, wallet: Harbour, at: datetime) -> None:
        rng = wallet.rng
        self._wallet = wallet
        self._at = at
        self.user = rng.randint(501, 508)
        self.game = rng.randint(310, 313)
        self._currency = rng.choice(["EUR", "SEK", "GBP"])
        self._name = f"hb-{rng.getrandbits(40):010x}"

    def wager(
        self, after: float, *, status: str = "done", free: bool = False, waits: bool = False
    ) -> tuple[float, Write]:
        return self.row(after, "wager", -self._money(1, 5_000), status=status, free=free, waits=waits)

    def payout(self, after: float, *, closes: bool = False, waits: bool = False) -> tuple[float, Write]:
        return self.row(after, "payout", self._money(0, 20_000), closes=closes, waits=waits)

    def approved(self, write: Write) -> Play:
        """Return the event of a row when it is done for the first time."""
        identity, _, kind, _, amount, _, currency, *_ = write.values
        return Play(str(identity), "Bet" if kind == "wager" else "Win", "Approved", abs(amount), currency)

    def reversal(self, after: float, write: Write) -> tuple[float, Write]:
        return self.moves(after, write, "reversed", (self.approved(write)._replace(status="Rollback"),))

    def moves(self, after: float, write: Write, status: str, events: tuple[Play, ...]) -> tuple[float, Write]:
        """Return the change of a row's status."""
        values = (status, self._at + timedelta(seconds=after), write.values[0])
        return after, Write(_STATUS, values, write.player, "sent" if events else "skipped", events)

    def row(
        self,
        after: float,
        kind: str,
        amount: Decimal,
        *,
        status: str = "done",
        ending: str = "",
        closes: bool = False,
        free: bool = False,
        waits: bool = False,
    ) -> tuple[float, Write]:
        """Return a new row; without an ending of its own it is an event as soon as it is done."""
        rng, at = self._wallet.rng, self._at + timedelta(seconds=after)
        bonus = abs(amount) if free else Decimal("0.00")
        device = rng.choice(["iPhone", "Pixel 9", None])
        values = (
            self._wallet.next_id(), self.user, kind, status, amount, bonus, self._currency, _RATES[self._currency],
            self._name, closes, self.game, device, at, at,
        )  # fmt: skip
        write = Write(_ROW, values, str(self.user), ending or "skipped", (), waits)
        if not ending and status == "done":
            write = Write(_ROW, values, str(self.user), "sent", (self.approved(write),), waits)
        return after, write

    def _money(self, low: int, high: int) -> Decimal:
        return Decimal(self._wallet.rng.randint(low, high)).scaleb(-2)
