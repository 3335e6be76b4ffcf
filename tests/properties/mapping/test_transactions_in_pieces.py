"""Headers and their legs, read in any order, late, twice, after restarts and replays: sums are the database's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from bridge.records import SourceRecord
from tests.properties.mapping.test_waits_that_run_out import end_as_told, replay
from tests.support.changes import Database
from tests.support.examples import examples
from tests.support.trial import ROW, Make, Trial

WALLET = """
source: {kafka: "${KAFKA_BROKERS}", topics: "db.public.{table}", transactions: db.transaction}
wait: {parts: 10 minutes, original: 10 minutes}
play:
  tx:
    rows: append-only
    parts:
      legs: {table: leg, one: leg, of: tx, until: transaction}
      fees: {table: fee, one: fee, of: tx, until: transaction}
    with: {total: sum(legs.amount) + sum(fees.amount)}
    activities:
      bet: {type: Bet, when: kind == "bet", share: total}
      win: {type: Win, when: kind == "win", share: total}
    event: {wager_amount: left}
    again: {activity_id: {text: "{id}:{n}"}}
    reverses:
      - {when: kind == "refund", original: "tx[ref]", takes: total}
      - {when: kind == "void", original: "tx[ref]"}
      - {when: kind == "undo", undoes: "tx[ref]"}
"""
MUTABLE = WALLET.replace("rows: append-only", "rows: mutable\n    deleted: nothing")


class Play:
    """A bet or a win, and what takes it back: parts, or one void at a time."""

    def __init__(self, key: str, player: str, amount: int) -> None:
        self.key, self.player, self.left = key, player, amount
        self.void, self.is_cut, self.was_void = "", False, False


class Story:
    """Transactions of one or two headers, with the legs of both mixed: a topic of records for each table."""

    def __init__(self, random: Random, database: Database) -> None:
        self._random, self._database = random, database
        self.topics: dict[str, list[SourceRecord]] = {"tx": [], "leg": [], "fee": [], "end": []}
        self.play: list[Play] = []
        self._named_now: list[Play] = []
        self._headers = self._legs = 0
        for number in range(random.randint(1, 6)):
            self._transaction(1000 + number)
        database.transaction = None

    def sums(self) -> Counter[tuple[str, str]]:
        return Counter({(one.player, one.key): 0 if one.void else one.left for one in self.play})

    def _transaction(self, name: int) -> None:
        self._database.transaction = name
        self._named_now.clear()
        rows = [list(self._header()) for _ in range(self._random.choice([1, 1, 1, 2]))]
        counts = Counter[str]()
        while any(rows):
            table, key, row = self._random.choice([one for one in rows if one]).pop(0)
            self.topics[table].append(self._database.insert(table, {"id": key}, row))
            counts[table] += 1
        self.topics["end"].append(self._database.end(name, counts))

    def _header(self) -> Iterator[tuple[str, str, dict[str, object]]]:
        self._headers += 1
        key, kind = str(self._headers), self._random.choice(["bet", "bet", "win", "refund", "void", "undo"])
        one = self._named(kind)
        self._named_now += [one] if one is not None else []
        legs = [self._random.randint(1, 5) for _ in range(self._random.randint(1, 3))]
        ref = one.key if one is not None else None
        if one is None:
            kind = kind if kind == "win" else "bet"
            one = Play(key, self._random.choice(["p1", "p1", "p2"]), sum(legs))
            self.play.append(one)
        elif kind == "refund":
            legs, one.is_cut = [self._random.randint(1, one.left)], True
            one.left -= legs[0]
        elif kind == "void":
            one.void, one.was_void = key, True
        else:
            ref, one.void = one.void, ""
        yield "tx", key, {**ROW, "player": one.player, "kind": kind, "ref": ref}
        for amount in legs:
            self._legs += 1
            yield self._random.choice(["leg", "fee"]), str(self._legs), {"tx": key, "amount": amount}

    def _named(self, kind: str) -> Play | None:
        # Once in a transaction: its rows are mixed, and the order of two that name the same would mean something.
        play = [one for one in self.play if one not in self._named_now]
        found = {
            "refund": [one for one in play if one.left and not one.was_void],
            "void": [one for one in play if not one.void and not one.is_cut],
            "undo": [one for one in play if one.void],
        }.get(kind)
        return self._random.choice(found) if found else None


def sums_of(run: Trial) -> Counter[tuple[str, str]]:
    """Return what counts of each activity; a Rollback repeats what was sent with its id."""
    found = Counter[tuple[str, str]]()
    sent: dict[str, int] = {}
    for body in run.bodies():
        key, amount = body["activity_id"], int(body["amount"])
        is_approved = body["status"] == "Approved"
        sent[key] = amount if is_approved else sent[key]
        assert amount == sent[key]
        found[body["user_id"], key.partition(":")[0]] += amount if is_approved else -amount
    return found


@pytest.mark.parametrize("wallet", [WALLET, MUTABLE], ids=["append-only", "mutable"])
@pytest.mark.parametrize("late", [False, True])
@examples(0.5, unchecked=[HealthCheck.function_scoped_fixture])
@given(random=st.randoms(use_true_random=False))
def test_what_counts_is_what_was_written(trial: Make, wallet: str, random: Random, *, late: bool) -> None:
    run = trial(wallet)
    story = Story(random, run.database)
    taken: list[SourceRecord] = []
    topics = {name: list(records) for name, records in story.topics.items()}
    waiting: list[list[SourceRecord]] = []
    while any(topics.values()) or waiting:
        names = [name for name in topics if topics[name]]
        if not names:
            topics, waiting = {str(at): records for at, records in enumerate(waiting)}, []
            continue
        name = random.choice(names)
        if late and name in ("leg", "fee", "end") and random.random() < 0.25:
            waiting.append(topics.pop(name))
            continue
        taken.append(run.take(topics[name].pop(0)))
        _meanwhile(run, random, taken, late=late)
    end_as_told(run, taken)
    assert +sums_of(run) == +story.sums()


def _meanwhile(run: Trial, random: Random, taken: list[SourceRecord], *, late: bool) -> None:
    happens = random.random()
    if happens < 0.1:
        run.restart()
    elif happens < 0.2:
        run.take(random.choice(taken))
    elif late and happens < 0.35:
        run.wait(minutes=20)
    elif late and happens < 0.5:
        replay(run)
