"""Rows that change, reversals of them and undos in any order: turnover is a plain model's after each step."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from tests.properties.mapping.taking_model import Line
from tests.properties.mapping.taking_wallet import ALWAYS, REFUND, WALLET, Wallet
from tests.support.examples import examples
from tests.support.trial import Make

STATES = ("pending", "open", "settled", "void", "refused")
AT = st.sampled_from([0, 0, 0, 1, 2, 3])
CHANGE = st.tuples(
    st.just("change"), AT, st.sampled_from(STATES), st.sampled_from([0, 0, 1, 3]), st.sampled_from([0, 0, 2])
)
VOID, UNDO = st.tuples(st.just("void"), AT), st.tuples(st.just("undo"), AT)
NEW = st.tuples(st.just("new"), st.sampled_from(["bets", "bets", "wins", "sessions"]), st.sampled_from(STATES))
STEP = st.one_of(
    *[CHANGE] * 5,
    *[VOID] * 2,
    *[UNDO] * 4,
    st.tuples(st.just("voids"), AT, AT, AT),
    st.tuples(st.just("refund"), AT, st.sampled_from([1, 2, 4])),
    st.tuples(st.sampled_from(["unwin", "note", "delete", "repeat"]), AT),
    NEW,
    st.tuples(st.just("restart")),
)


@examples(4, unchecked=[HealthCheck.function_scoped_fixture])
@given(
    first=st.sampled_from(["bets", "bets", "bets", "wins", "sessions"]),
    state=st.sampled_from(STATES),
    batch=st.sampled_from([1, 1, 1, 3]),
    always=st.booleans(),
    steps=st.lists(STEP, min_size=8, max_size=30),
)
def test_turnover_is_the_model_s_after_each_step(
    trial: Make, *, first: str, state: str, batch: int, always: bool, steps: list[tuple[Any, ...]]
) -> None:
    wallet = Wallet(trial(ALWAYS if always else WALLET), batch, always=always)
    for step in [("new", first, state), *steps]:
        wallet.step(step)
        wallet.compare()


FEW = st.one_of(
    *[st.tuples(st.just("change"), st.just(0), st.sampled_from(["open", "settled"]), AT, AT)] * 3,
    st.tuples(st.just("change"), st.just(0), st.sampled_from(STATES), st.just(0), st.just(0)),
    st.tuples(st.sampled_from(["void", "unwin"]), st.just(0)),
    *[st.tuples(st.just("undo"), st.sampled_from([0, 0, 1]))] * 2,
)


@examples(8, unchecked=[HealthCheck.function_scoped_fixture])
@given(state=st.sampled_from(STATES), always=st.booleans(), steps=st.lists(FEW, min_size=3, max_size=8))
def test_what_a_single_bet_comes_to_is_the_model_s(
    trial: Make, *, state: str, always: bool, steps: list[tuple[Any, ...]]
) -> None:
    # Few steps that hang together come to more than many that do not.
    wallet = Wallet(trial(ALWAYS if always else WALLET), always=always)
    for step in [("new", "bets", state), *steps]:
        wallet.step(step)
        wallet.compare()


class Begun(Wallet):
    """A wallet with rows from before the bridge, of which nothing was sent."""

    def begin(self, steps: list[tuple[Any, ...]]) -> None:
        """Let a snapshot show rows, voids of them, and undos of those."""
        self.history, self.undos = True, set[str]()
        for step in steps:
            self.step(step)
        self.flush()
        self.history = False
        self.before, self.reversals_before = self.model.sums(), set(self.reversals)
        for line in self.model.lines:
            line.given.clear()
            line.cash = line.cashed if line.counts else 0
        self.ours = defaultdict(Decimal, self.before)

    def void(self, line: Line) -> None:
        if not self.history or not (line.kept_by or line.booked):
            super().void(line)  # Of two in a snapshot nobody can say which was first.

    def undo(self, reversal: str) -> None:
        _, line, _ = self.model.did.get(reversal, ("", None, 0))
        old = not self.history and reversal in self.reversals_before
        if reversal in self.undos:
            return  # What an undo of history did is not known: that is parked.
        if self.history:
            self.undos.add(f"v{len(self.reversals)}")
        if old and line is not None and line.kept_by != reversal and reversal not in line.booked:
            return  # Its row has said no since: nothing is left of it, and nothing is parked.
        super().undo(reversal)


@examples(3, unchecked=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(NEW, min_size=1, max_size=2),
    reversals=st.lists(st.one_of(VOID, VOID, UNDO), max_size=3),
    always=st.booleans(),
    steps=st.lists(STEP.filter(lambda step: step[0] != "refund"), min_size=5, max_size=25),
)
def test_turnover_is_the_model_s_after_a_snapshot_too(
    trial: Make,
    *,
    rows: list[tuple[Any, ...]],
    reversals: list[tuple[Any, ...]],
    always: bool,
    steps: list[tuple[Any, ...]],
) -> None:
    # Without shares: what is left of those is worked out in another way, and many changes of them are parked.
    text = ALWAYS if always else WALLET
    wallet = Begun(
        trial(text.replace("share: stake, ", "").replace("left}", "stake}").replace(REFUND, "")), always=always
    )
    wallet.begin([*rows, *reversals])
    for step in steps:
        wallet.step(step)
        wallet.compare()
