"""Whatever comes in whatever order: our events add up to what a simple model of the wallet says."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from bridge.records import SourceRecord
from tests.support.examples import examples
from tests.support.trial import ROW, Make, Trial
from tests.unit.mapping.wallets import CASHED_OUT

Sums = dict[tuple[str, str, str], Decimal]
"""By player, currency and type."""

FREE_TO_DIFFER = {"status", "timestamp", "is_round_end", "meta"}

LEDGER = """
wait: {original: 1 day, lookup: 1 day}
lookups: {fx: {key: id}}
play:
  tx:
    activities:
      bet: {type: Bet, when: 'kind == "bet"', share: amount}
      win: {type: Win, when: 'kind == "win"', share: amount}
    event:
      wager_amount: left - bonus_of_it
      bonus_wager_amount: bonus_of_it
      currency: currency
      exchange_rate: fx[currency].rate
    with: {bonus_of_it: "left if left < bonus else bonus"}
    again: {activity_id: {text: "{id}:{n}"}}
    reverses:
      - {when: 'kind == "cancel"', original: "tx[ref]", event: {timestamp: at}}
      - {when: 'kind == "refund"', original: "tx[ref]", takes: amount, event: {timestamp: at, meta: {by: id}}}
"""

PLAYERS, CURRENCIES = ("p1", "p2"), ("EUR", "SEK", "BTC")
AMOUNTS = st.integers(0, 30)
STEP = st.one_of(
    st.tuples(st.just("bet"), st.sampled_from(PLAYERS), st.sampled_from(CURRENCIES), AMOUNTS),
    st.tuples(st.just("win"), st.sampled_from(PLAYERS), st.sampled_from(CURRENCIES), AMOUNTS),
    st.tuples(st.just("cancel"), st.integers(0, 12)),
    st.tuples(st.just("refund"), st.integers(0, 12), AMOUNTS),
    st.tuples(st.just("repeat"), st.integers(0, 40)),
    st.tuples(st.just("restart")),
    st.tuples(st.just("rate"), st.sampled_from(CURRENCIES), st.integers(1, 9)),
)
QUIET = examples(1, unchecked=[HealthCheck.function_scoped_fixture])


@dataclass
class LedgerModel:
    """What is left of each bet and win, and the reversals that came before their original."""

    left: dict[str, int] = field(default_factory=dict)
    of: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    early: dict[str, list[int | None]] = field(default_factory=lambda: defaultdict(list))

    def play(self, key: str, player: str, currency: str, kind: str, amount: int) -> None:
        self.left[key], self.of[key] = amount, (player, currency, kind)
        for take in self.early.pop(key, []):
            self.take(key, take)

    def take(self, key: str, amount: int | None) -> None:
        if key not in self.left:
            self.early[key].append(amount)
        elif amount is None:
            self.left[key] = 0
        elif amount <= self.left[key]:
            self.left[key] -= amount

    def sums(self) -> Sums:
        found: Sums = defaultdict(Decimal)
        for key, left in self.left.items():
            found[self.of[key]] += left
        return found


def sums_of(events: list[dict[str, Any]]) -> Sums:
    found: Sums = defaultdict(Decimal)
    for event in events:
        sign = 1 if event["status"] == "Approved" else -1
        found[event["user_id"], event["currency"], event["type"]] += sign * event["amount"]
    return found


def assert_each_rollback_cancels_its_original(run: Trial) -> None:
    standing: dict[str, dict[str, Any]] = {}
    for event in run.bodies():
        activity = event["activity_id"]
        if event["status"] == "Approved":
            assert activity not in standing
            standing[activity] = event
            continue
        original = standing.pop(activity)
        assert {k: v for k, v in event.items() if k not in FREE_TO_DIFFER} == {
            k: v for k, v in original.items() if k not in FREE_TO_DIFFER
        }
    ids = Counter(delivery.message_id for delivery in run.play.ledger.unconfirmed(0, 100_000))
    assert [message for message, times in ids.items() if times > 1] == []


def same(ours: Sums, theirs: Sums) -> bool:
    return all(ours.get(key, 0) == theirs.get(key, 0) for key in {*ours, *theirs})


@QUIET
@given(steps=st.lists(STEP, min_size=3, max_size=60))
def test_turnover_of_a_ledger_with_reversals_is_the_model_s(trial: Make, steps: list[tuple[Any, ...]]) -> None:
    run, model = trial(LEDGER), LedgerModel()
    taken: list[SourceRecord] = []
    for currency in CURRENCIES[:2]:
        run.insert("fx", currency, rate=2)
    made = 0
    for number, step in enumerate(steps):
        match step:
            case (("bet" | "win") as kind, player, currency, amount):
                row = {"kind": kind, "player": player, "currency": currency, "amount": amount}
                taken.append(run.insert("tx", str(made), **row, bonus=amount // 3, ref=None))
                model.play(str(made), player, currency, kind.title(), amount)
                made += 1
            case ("cancel", ref):
                row = {"kind": "cancel", "amount": None, "ref": str(ref)}
                taken.append(run.insert("tx", f"c{number}", **row, bonus=0, currency=None))
                model.take(str(ref), None)
            case ("refund", ref, amount):
                row = {"kind": "refund", "amount": amount, "ref": str(ref)}
                taken.append(run.insert("tx", f"r{number}", **row, bonus=0, currency=None))
                model.take(str(ref), amount)
            case ("repeat", at) if taken:
                run.take(taken[at % len(taken)])
            case ("restart",):
                run.restart()
            case ("rate", currency, rate):
                run.update("fx", currency, rate=rate)
    for currency in CURRENCIES:
        run.update("fx", currency, rate=3)
    assert_each_rollback_cancels_its_original(run)
    assert same(sums_of(run.bodies()), model.sums())


BETS = (
    """
play:
  bets:
    rows: mutable
    deleted: nothing stands
"""
    + CASHED_OUT
    + """\
    event: {exchange_rate: bet.exchange_rate or rate, currency: currency}
    again: {activity_id: {text: "{id}:{n}"}}
"""
)

CHANGE = st.one_of(
    st.tuples(
        st.just("change"), st.integers(0, 3), st.sampled_from(["open", "settled", "void"]), AMOUNTS, AMOUNTS
    ),
    st.tuples(st.just("delete"), st.integers(0, 3)),
    st.tuples(st.just("repeat"), st.integers(0, 40)),
    st.tuples(st.just("restart")),
)


@dataclass
class BetModel:
    """One row: what of it counts."""

    bet: int = 0
    win: int = 0
    cash: int = 0
    cashed: int = 0
    booked: int = 0
    returned: int | None = None
    """Of which the closing win that stands was made."""

    def change(self, state: str, returned: int) -> None:
        if state == "void":
            # When the row counts again, so does all of its running total.
            self.bet = self.win = self.cash = self.booked = 0
            self.returned = None
            return
        self.bet = 10
        if state == "open":
            self.win, self.returned = 0, None
            self.cash, self.booked = self.cash + self.cashed - self.booked, self.cashed
        elif self.returned != returned:
            self.win, self.returned = returned - self.cash, returned


@QUIET
@given(steps=st.lists(CHANGE, min_size=3, max_size=50))
def test_turnover_of_rows_changed_in_place_is_the_model_s(trial: Make, steps: list[tuple[Any, ...]]) -> None:
    run = trial(BETS)
    models: dict[int, BetModel] = {}
    gone: set[int] = set()
    taken: list[SourceRecord] = []
    for step in steps:
        match step:
            case ("change", key, state, grown, more) if key not in gone:
                model = models.setdefault(key, BetModel())
                new, model.cashed = key not in models or not taken, model.cashed + grown
                returned = model.cashed + more
                row = {"amount": 10, "state": state, "cashed": model.cashed, "returned": returned}
                write = run.insert if new else run.update
                taken.append(write("bets", key, **row, rate=1 + len(taken), currency=CURRENCIES[key % 3]))
                model.change(state, returned)
            case ("delete", key) if key in models and key not in gone:
                gone.add(key)
                taken.append(run.delete("bets", key, **ROW, amount=0, state="", cashed=0))
                models[key].change("void", 0)
            case ("repeat", at) if taken:
                run.take(taken[at % len(taken)])
            case ("restart",):
                run.restart()
    theirs: Sums = defaultdict(Decimal)
    for key, model in models.items():
        theirs["p1", CURRENCIES[key % 3], "Bet"] += model.bet
        theirs["p1", CURRENCIES[key % 3], "Win"] += model.win + model.cash
    assert run.parked() == []
    assert_each_rollback_cancels_its_original(run)
    assert same(sums_of(run.bodies()), theirs)


REVERSALS = """
play:
  tx:
    rows: mutable
    deleted: nothing
    activities: {bet: {type: Bet, when: 'kind in ("bet", "pending")', stands: 'kind == "bet"', share: amount}}
    event: {wager_amount: left}
    again: {activity_id: {text: "{id}:{n}"}}
    reverses:
      - {when: 'kind == "cancel"', original: "tx[ref]"}
      - {when: 'kind == "refund"', original: "tx[ref]", takes: amount}
      - {when: 'kind == "undo"', undoes: "tx[ref]"}
"""

DEED = st.one_of(
    st.tuples(st.just("bet"), AMOUNTS),
    st.tuples(st.just("pending"), AMOUNTS),
    st.tuples(st.just("count"), st.integers(0, 5)),
    st.tuples(st.just("cancel"), st.integers(0, 5)),
    st.tuples(st.just("refund"), st.integers(0, 5), AMOUNTS),
    st.tuples(st.just("undo"), st.integers(0, 20)),
    st.tuples(st.just("note"), st.integers(0, 40)),
    st.tuples(st.just("repeat"), st.integers(0, 40)),
    st.tuples(st.just("restart")),
)


@dataclass
class UndoModel:
    """What is left of each bet, and what each reversal row took (or, below 0, gave back) of which."""

    left: list[int] = field(default_factory=list)
    did: list[tuple[int, int]] = field(default_factory=list)
    """Nothing: a reversal that did nothing, or was undone."""
    parked: set[int] = field(default_factory=set)

    def take(self, bet: int, amount: int | None) -> None:
        takes = self.left[bet] if amount is None else amount
        if takes > self.left[bet]:
            self.parked.add(len(self.did))
            takes = 0
        self.left[bet] -= takes
        self.did.append((bet, takes))

    def undo(self, reversal: int) -> None:
        bet, took = self.did[reversal]
        if self.left[bet] + took < 0 or (took < 0 and not self.left[bet]) or reversal in self.parked:
            self.parked.add(len(self.did))
            self.did.append((bet, 0))
            return
        self.left[bet] += took
        self.did[reversal] = (bet, 0)
        self.did.append((bet, -took))


@QUIET
@given(steps=st.lists(DEED, min_size=3, max_size=50))
def test_turnover_is_the_model_s_when_reversals_are_noted_and_undone(
    trial: Make, steps: list[tuple[Any, ...]]
) -> None:
    run, model = trial(REVERSALS), UndoModel()
    taken: list[SourceRecord] = []
    rows: list[tuple[str, dict[str, Any]]] = []
    pending: set[int] = set()

    def add(key: str, kind: str, amount: int | None, ref: str | None) -> None:
        row = {"kind": kind, "amount": amount, "ref": ref}
        rows.append((key, row))
        taken.append(run.insert("tx", key, **row))

    for step in steps:
        match step:
            case (("bet" | "pending") as kind, amount):
                if kind == "pending":
                    pending.add(len(model.left))
                add(f"b{len(model.left)}", kind, amount, None)
                model.left.append(amount)
            case ("count", bet) if bet in pending:
                pending.remove(bet)
                row = next(row for key, row in rows if key == f"b{bet}")
                row["kind"] = "bet"
                taken.append(run.update("tx", f"b{bet}", **row))
            case ("cancel", bet) if bet < len(model.left):
                add(f"r{len(model.did)}", "cancel", None, f"b{bet}")
                model.take(bet, None)
            case ("refund", bet, amount) if bet < len(model.left):
                add(f"r{len(model.did)}", "refund", amount, f"b{bet}")
                model.take(bet, amount)
            case ("undo", reversal) if reversal < len(model.did):
                add(f"r{len(model.did)}", "undo", None, f"r{reversal}")
                model.undo(reversal)
            case ("note", at) if rows:
                key, row = rows[at % len(rows)]
                taken.append(run.update("tx", key, **row, note=str(len(taken))))
            case ("repeat", at) if taken:
                run.take(taken[at % len(taken)])
            case ("restart",):
                run.restart()
    assert_each_rollback_cancels_its_original(run)
    assert {key for key, _ in run.parked()} == {f"r{at}" for at in model.parked}
    assert sum(sums_of(run.bodies()).values()) == sum(
        left for bet, left in enumerate(model.left) if bet not in pending
    )
