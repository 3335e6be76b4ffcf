"""The way of events from the ledger to the broker, through refusals, failing commits and restarts."""

from __future__ import annotations

import random

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from bridge.delivery.memory import Answer, MemoryOutbound
from bridge.flow import Delivery, Event
from bridge.intake.outbox import Outbox
from bridge.ledger import open_sqlite
from tests.support.examples import examples

WINDOW = 6


class LedgerAndBroker(RuleBasedStateMachine):
    """One ledger that stays, and one sender after the other."""

    def __init__(self) -> None:
        super().__init__()
        self.ledger = open_sqlite(":memory:", "northern", create=True)
        self.dice = random.Random(1)
        self.trouble = 0.0
        self.added: list[Delivery] = []
        self.before: list[Delivery] = []
        self.known: set[int] = set()
        self._start()

    def _start(self) -> None:
        self.outbound = MemoryOutbound(WINDOW, self._answer)
        self.outbox = Outbox(self.ledger, self.outbound, limit=20)
        self.outbox.refill()

    def _answer(self, _delivery: Delivery) -> Answer:
        return self.dice.choice((Answer.NACK, Answer.RETURN)) if self.dice.random() < self.trouble else Answer.ACK

    @rule(trouble=st.sampled_from([0.0, 0.0, 0.3, 0.9]), seed=st.integers(0, 1000))
    def broker(self, trouble: float, seed: int) -> None:
        self.trouble, self.dice = trouble, random.Random(seed)
        self.outbound.retry()

    @rule(players=st.lists(st.sampled_from("ABCDE"), min_size=1, max_size=12))
    def add(self, players: list[str]) -> None:
        batch = self.ledger.begin(0)
        for player in players:
            batch.add_event(Event(f"e{len(self.added)}", player, b"{}", 0))
        deliveries = batch.commit()
        self.added += deliveries
        self.outbox.add(deliveries)

    @rule()
    def record(self) -> None:
        confirmed = self.outbox.confirmed()
        if confirmed is None:
            assert self.outbox.unrecorded() == 0
            return
        batch = self.ledger.begin(0)
        batch.confirm(confirmed.seq, confirmed.ahead)
        batch.commit()
        known = {each.seq for each in self.added} - {each.seq for each in self.ledger.unconfirmed(0, 10_000)}
        assert known >= self.known, "what was known once stays known, whoever records"
        self.known = known
        self.outbox.note_recorded(confirmed)

    @rule()
    def fail_to_record(self) -> None:
        """What was asked for and not kept comes again."""
        self.outbox.confirmed()

    @rule()
    def refill(self) -> None:
        self.outbox.refill()

    @rule()
    def kill(self) -> None:
        self.before += self.outbound.taken
        self._start()

    def _arrived(self) -> list[Delivery]:
        return self.before + self.outbound.taken

    @invariant()
    def what_the_ledger_knows_has_arrived(self) -> None:
        assert self.known <= {each.seq for each in self._arrived()}

    @invariant()
    def a_kill_now_would_repeat_at_most_the_window(self) -> None:
        assert len({each.seq for each in self.outbound.taken} - self.known) <= WINDOW

    @invariant()
    def nothing_is_sent_again_that_the_ledger_knew(self) -> None:
        assert len({each.seq for each in self.outbound.taken}) == len(self.outbound.taken)

    def teardown(self) -> None:
        """From wherever it ended, another start brings everything, in order for each player."""
        self.kill()
        self.trouble = 0.0
        while self.outbox.busy or self.outbox.unrecorded():
            self.outbox.refill()
            self.outbound.retry()
            self.record()
        first = list(dict.fromkeys(each.seq for each in self._arrived()))
        assert sorted(first) == [each.seq for each in self.added]
        player = {each.seq: each.player for each in self.added}
        for one in "ABCDE":
            mine = [seq for seq in first if player[seq] == one]
            assert mine == sorted(mine)
        assert list(self.ledger.unconfirmed(0, 1)) == []
        self.ledger.close()


TestLedgerAndBroker = LedgerAndBroker.TestCase
TestLedgerAndBroker.settings = examples(1, steps=40)
