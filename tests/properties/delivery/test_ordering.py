"""The window against a broker that answers as it likes: order, nothing lost, few duplicates."""

from __future__ import annotations

from collections import Counter

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bridge.delivery.retries import Cause
from bridge.flow import Delivery
from tests.support.examples import examples
from tests.unit.delivery.windows import WINDOW, delivery, window


class WindowAndBroker(RuleBasedStateMachine):
    """A model of a broker: a channel of messages, each routed, refused or returned, answered in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.window = window()
        self.now = 0.0
        self.offered: list[Delivery] = []
        self.arrived: list[Delivery] = []
        # Written to the channel and not yet looked at by the broker: a lost connection loses these.
        self.unread: list[tuple[int, Delivery]] = []
        # Decided and not yet answered: (tag, accepted).
        self.unanswered: list[tuple[int, bool]] = []
        self.next_tag = 1
        self.unsure: Counter[int] = Counter()
        self.recorded: set[int] = set()

    @rule(players=st.lists(st.sampled_from("ABCD"), min_size=1, max_size=12), gap=st.integers(1, 3))
    def offer(self, players: list[str], gap: int) -> None:
        seq = self.offered[-1].seq if self.offered else 0
        batch = [delivery(seq + gap + number, player) for number, player in enumerate(players)]
        self.window.offer(batch, self.now)
        self.offered += batch

    @rule()
    def submit(self) -> None:
        for each in self.window.submit(self.now):
            self.unread.append((self.next_tag, each))
            self.next_tag += 1

    @precondition(lambda self: self.unread)
    @rule(what=st.sampled_from(["ack", "ack", "ack", "nack", "return"]), number=st.integers(1, 6))
    def read(self, what: str, number: int) -> None:
        """A broker reads one channel in order, and says of a return before it confirms."""
        for tag, each in self.unread[:number]:
            if what == "ack":
                self.arrived.append(each)
            elif what == "return":
                self.window.return_unrouted(each.message_id)
            self.unanswered.append((tag, what != "nack"))
        del self.unread[:number]

    @precondition(lambda self: self.unanswered)
    @rule(choice=st.randoms())
    def answer_one(self, choice: st.DataObject) -> None:
        tag, accepted = self.unanswered.pop(choice.randrange(len(self.unanswered)))  # type: ignore[attr-defined]
        answer = self.window.confirm if accepted else self.window.reject
        answer(tag, multiple=False, now=self.now)

    @precondition(lambda self: self.unanswered)
    @rule()
    def answer_many(self) -> None:
        """Confirms everything up to the first tag that was decided otherwise or not at all."""
        self.unanswered.sort()
        accepted = self.unanswered[0][1]
        blocking = [tag for tag, how in self.unanswered if how is not accepted] + [tag for tag, _ in self.unread]
        upto = min(blocking, default=self.next_tag) - 1
        answer = self.window.confirm if accepted else self.window.reject
        answer(upto, multiple=True, now=self.now)
        self.unanswered = [(tag, how) for tag, how in self.unanswered if tag > upto]

    @rule(late=st.integers(0, 6))
    def lose_connection(self, late: int) -> None:
        """What was written may still be read by the broker; its answers are gone."""
        self.arrived += [each for _, each in self.unread[:late]]
        self.unread.clear()
        self.unanswered.clear()
        self.next_tag = 1
        self.window.lose_connection(Cause.CONNECTION_LOST)

    @rule()
    def record(self) -> None:
        told = self.window.take_news()
        assert self.recorded.isdisjoint(told)
        self.recorded.update(told)
        self.window.recorded(len(self.recorded))

    @invariant()
    def first_arrivals_of_a_player_are_in_order(self) -> None:
        first: dict[str, list[int]] = {}
        seen: set[int] = set()
        for each in self.arrived:
            if each.seq not in seen:
                seen.add(each.seq)
                first.setdefault(each.player, []).append(each.seq)
        for player, found in first.items():
            wanted = [each.seq for each in self.offered if each.player == player][: len(found)]
            assert found == wanted

    @invariant()
    def confirmed_never_runs_ahead(self) -> None:
        arrived = {each.seq for each in self.arrived}
        assert all(each.seq in arrived for each in self.offered if each.seq <= self.window.confirmed_seq)
        assert arrived.issuperset(self.recorded)

    @invariant()
    def a_kill_now_would_repeat_at_most_the_window(self) -> None:
        assert len({each.seq for each in self.arrived} - self.recorded) <= WINDOW

    def teardown(self) -> None:
        """From wherever it ended, a broker that works again gets everything."""
        for _ in range(10 * len(self.offered) + 10):
            self.submit()
            if self.unread:
                self.read("ack", len(self.unread))
            while self.unanswered:
                tag, accepted = self.unanswered.pop()
                answer = self.window.confirm if accepted else self.window.reject
                answer(tag, multiple=False, now=self.now)
            self.record()
            if self.window.confirmed_count == len(self.offered):
                break
        self.first_arrivals_of_a_player_are_in_order()
        assert {each.seq for each in self.arrived} == {each.seq for each in self.offered}
        assert self.window.confirmed_seq == (self.offered[-1].seq if self.offered else 0)
        assert self.window.confirmed_count == len(self.offered) == len(self.recorded)
        assert self.window.waiting_since is None
        assert self.window.clean


TestWindowAndBroker = WindowAndBroker.TestCase
TestWindowAndBroker.settings = examples(2, steps=60)
