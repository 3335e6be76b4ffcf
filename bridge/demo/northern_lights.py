"""The generator of brand Northern Lights: a ledger that only grows, with rollbacks that name their original."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, LiteralString

from bridge.demo.truth import Play, Write

Steps = list[tuple[float, Write]]
"""Statements of one round, each with the seconds after which it is written."""

_ROW: Final[LiteralString] = (
    "INSERT INTO northern_lights.wallet_tx (tx_uuid, ref_uuid, kind, player_id, game_code, round, amount, "
    "currency, round_closed, is_free, created_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
)
_GAME: Final[LiteralString] = (
    "INSERT INTO northern_lights.games (game_code, title, category, provider_id) VALUES (%s, %s, %s, %s)"
)
_ROBOT = 1099
_HISTORY = Play("00000000-0000-4000-8000-000000000001", "Bet", "Rollback", Decimal("12.5"), "SEK")


class NorthernLights:
    """Makes rounds.  Amounts are drawn as ten-thousandths, as the wallet keeps them."""

    brand: Final = "northern-lights"

    def __init__(self, rng: random.Random) -> None:
        """Draw everything from `rng`."""
        self._rng = rng
        self._rounds = 0
        self.situations: Mapping[str, tuple[int, Callable[[datetime], Steps]]] = {
            "bet_and_win": (40, self._bet_and_win),
            "lost_bet": (20, self._lost_bet),
            "several_wins": (8, self._several_wins),
            "free_round": (6, self._free_round),
            "late_rollback": (5, self._late_rollback),
            "rollback_of_a_win": (3, self._rollback_of_a_win),
            "early_rollback": (4, self._early_rollback),
            "repeated_rollback": (3, self._repeated_rollback),
            "late_game": (2, self._late_game),
            "test_player": (3, self._test_player),
            "deposit": (5, self._deposit),
            "unknown_kind": (1, self._unknown_kind),
            "rollback_of_history": (0, self._rollback_of_history),
        }

    def _bet_and_win(self, at: datetime) -> Steps:
        draw = _Round(self, at)
        return [draw.bet(0), draw.win(0.2, closes=True)]

    def _lost_bet(self, at: datetime) -> Steps:
        return [_Round(self, at).bet(0, closes=True)]

    def _several_wins(self, at: datetime) -> Steps:
        draw = _Round(self, at)
        return [draw.bet(0), draw.win(0.1), draw.win(0.2), draw.win(0.4, closes=True)]

    def _free_round(self, at: datetime) -> Steps:
        draw = _Round(self, at)
        return [draw.bet(0, free=True), draw.win(0.2, free=True), draw.win(0.3, closes=True)]

    def _late_rollback(self, at: datetime) -> Steps:
        draw = _Round(self, at)
        bet = draw.bet(0)
        return [bet, draw.rollback(1.5, bet[1])]

    def _rollback_of_a_win(self, at: datetime) -> Steps:
        draw = _Round(self, at)
        win = draw.win(0.2)
        return [draw.bet(0), win, draw.rollback(0.7, win[1])]

    def _early_rollback(self, at: datetime) -> Steps:
        """Write the rollback first: both events arrive when the bet is there."""
        draw = _Round(self, at)
        later, bet = draw.bet(0.5)
        taken_back = (*bet.events, bet.events[0]._replace(status="Rollback"))
        both = Write(bet.statement, bet.values, bet.player, bet.ending, taken_back)
        first = draw.row(0, "rollback", ref=bet.values[0], closes=True, ending="sent", waits=True)
        return [first, (later, both)]

    def _repeated_rollback(self, at: datetime) -> Steps:
        draw = _Round(self, at)
        bet = draw.bet(0)
        again = draw.row(1.2, "rollback", ref=bet[1].values[0], closes=True, ending="skipped")
        return [bet, draw.rollback(0.6, bet[1]), again]

    def _late_game(self, at: datetime) -> Steps:
        draw = _Round(self, at)
        draw.game = f"new-{self._rng.getrandbits(48):012x}"
        entered = Write(_GAME, (draw.game, f"New: {draw.game}", "crash", 2))
        return [draw.bet(0, waits=True), draw.win(0.3, closes=True, waits=True), (0.8, entered)]

    def _test_player(self, at: datetime) -> Steps:
        draw = _Round(self, at)
        draw.player = _ROBOT
        return [
            draw.row(0, "bet", amount=50_000, ending="skipped"),
            draw.row(0.1, "win", amount=70_000, closes=True, ending="skipped"),
        ]

    def _deposit(self, at: datetime) -> Steps:
        return [_Round(self, at).row(0, "deposit", amount=1_000_000, ending="skipped")]

    def _unknown_kind(self, at: datetime) -> Steps:
        return [_Round(self, at).row(0, "tournament_fee", amount=20_000, ending="parked")]

    def _rollback_of_history(self, at: datetime) -> Steps:
        draw = _Round(self, at)
        draw.player = 1001
        ref = uuid.UUID(_HISTORY.activity_id)
        return [draw.row(0, "rollback", ref=ref, closes=True, ending="sent", events=(_HISTORY,))]

    def next_round(self) -> str:
        """Return the name of a new round."""
        self._rounds += 1
        return f"NL-{self._rounds}"

    @property
    def rng(self) -> random.Random:
        """Return what everything is drawn from."""
        return self._rng


class _Round:
    """One round of one player in one game, with its rows."""

    def __init__(self, wallet: NorthernLights, at: datetime) -> None:
        rng = self._rng = wallet.rng
        self._at = at
        self._name = wallet.next_round()
        self.player = rng.randint(1001, 1012)
        self.game = rng.choice(["reindeer-run", "ice-fishing", "live-roulette", "blackjack-7"])
        self._currency = rng.choice(["EUR", "SEK", "NOK", "BRL"])

    def bet(
        self, after: float, *, closes: bool = False, free: bool = False, waits: bool = False
    ) -> tuple[float, Write]:
        return self._paid(after, "bet", self._rng.randint(1, 500_000), closes=closes, free=free, waits=waits)

    def win(
        self, after: float, *, closes: bool = False, free: bool = False, waits: bool = False
    ) -> tuple[float, Write]:
        amount = self._rng.choice([0, self._rng.randint(1, 2_000_000)])
        return self._paid(after, "win", amount, closes=closes, free=free, waits=waits)

    def _paid(
        self, after: float, kind: str, amount: int, *, closes: bool, free: bool, waits: bool
    ) -> tuple[float, Write]:
        identity = uuid.UUID(int=self._rng.getrandbits(128), version=4)
        play = Play(str(identity), kind.title(), "Approved", Decimal(amount).scaleb(-4), self._currency)
        return self.row(
            after, kind, identity=identity, amount=amount, closes=closes, free=free,
            ending="sent", events=(play,), waits=waits,
        )  # fmt: skip

    def rollback(self, after: float, original: Write) -> tuple[float, Write]:
        events = tuple(play._replace(status="Rollback") for play in original.events)
        return self.row(after, "rollback", ref=original.values[0], closes=True, ending="sent", events=events)

    def row(
        self,
        after: float,
        kind: str,
        *,
        ending: str,
        identity: uuid.UUID | None = None,
        ref: uuid.UUID | None = None,
        amount: int | None = None,
        closes: bool = False,
        free: bool = False,
        events: tuple[Play, ...] = (),
        waits: bool = False,
    ) -> tuple[float, Write]:
        identity = identity or uuid.UUID(int=self._rng.getrandbits(128), version=4)
        plays = (None, None, None, None) if kind == "rollback" else (self.game, self._name, amount, self._currency)
        written = self._at + timedelta(seconds=after)
        values = (identity, ref, kind, self.player, *plays, closes, free, written)
        return after, Write(_ROW, values, str(self.player), ending, events, waits)
