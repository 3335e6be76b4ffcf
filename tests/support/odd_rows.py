"""Rows with the oddest values that JSON can hold, and a brand that does with them whatever a connector can say."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from hypothesis import strategies as st

from bench.wallet import envelope, key
from bridge.brand import Brand, load_brand
from bridge.delivery.frames import PublishFrames
from bridge.delivery.memory import MemoryOutbound
from bridge.intake.intake import Intake
from bridge.intake.sharing import BrandLedger
from bridge.records import Partition
from bridge.sources.memory import MemorySource, MemoryTopics

CONNECTOR: Final = """\
version: 1
brand: odd
source: {kafka: "127.0.0.1:9", topics: "w.public.{table}"}
target: {rabbitmq: {url: "amqp://a:b@127.0.0.1/", exchange: fasttrack}}
limits: {parked_in_a_row: 1000000, parked_per_minute: 1000000}
lookups:
  games: {key: code}
  rates: {key: currency, as_of: since, columns: {since: millis UTC, value: decimal}}
play:
  tx:
    rows: mutable
    deleted: nothing stands
    key: id
    player: player
    round: round
    columns: {details: json, amount: decimal, at: millis UTC}
    indexes: {by_ticket: ticket}
    with:
      played: games[game]
      rate: rates[currency, at]
    skip:
      test: player == "test"
    activities:
      bet: {type: Bet, when: kind == "bet", share: amount}
      win: {type: Win, when: 'kind in ("win", "jackpot")', share: amount}
    stands: state != "void"
    event:
      activity_id: {text: "{id}:{kind}"}
      user_id: player
      round_id: round
      timestamp: at
      wager_amount: left
      currency: currency
      exchange_rate: rate.value
      is_round_end: details.closed or false
      game_id: game
      game_name: played.title
      vendor_id: first(details.vendor, "v")
      vendor_name: {text: V}
      origin: lower(details.site)
      meta: {device: details.device}
    again: {activity_id: {text: "{id}:{kind}:{n}"}}
  fixes:
    rows: append-only
    key: [id, ref]
    player: player
    columns: {at: millis UTC, amount: decimal}
    reverses:
      - {when: kind == "refund", original: "tx[ref]", takes: amount, partial: replace}
      - {when: kind == "cancel", original: "tx.by_ticket[ref]", event: {timestamp: at}}
      - {when: kind == "round", round: ref}
      - {when: kind == "undo", undoes: "fixes[id, ref]"}
"""

TABLES: Final = ("games", "rates", "tx", "fixes")
_NAMES: Final = ("a", "b", "c")
_NAMING: Final = frozenset({"id", "ref", "player", "round", "ticket", "game", "code"})
"""Columns that name something: what a provider or a client sends is often one of them."""
_AT: Final = 1_780_000_000_000

Record = tuple[str, str, dict[str, object]]
"""A table, an operation, a row."""


def _nested(levels: int) -> object:
    found: object = 1
    for level in range(levels):
        found = [found] if level % 2 else {"a": found}
    return found


_HARD = st.sampled_from(
    ["", " ", "\0", "\ud800", "a\udfff", "/", ":", "\x1f", "é" * 130, "😀" * 70, "x" * 250, "y" * 5_000, "\\", '"']
)
_TEXTS = st.one_of(
    st.text(max_size=12),
    st.text(st.characters(min_codepoint=0, max_codepoint=0x2F), max_size=4),
    _HARD,
    st.sampled_from([99, 101, 450]).map(lambda levels: json.dumps(_nested(levels))),
)
ODD: Final = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.sampled_from([0, -1, 2**63 - 1, 2**63, 2**64, -(2**63) - 1, 10**400]),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["NaN", "Infinity", "1e999999", "1E-400", "-0", "0.0", "1" * 200, "0." + "3" * 200]),
    _TEXTS,
    st.lists(_TEXTS | st.integers(), max_size=3),
    st.dictionaries(_TEXTS, _TEXTS | st.integers(), max_size=3),
    st.sampled_from([_nested(90), _nested(101), _nested(450)]),
)
"""What a column may hold, whatever it should."""

_DETAILS = st.fixed_dictionaries({}, optional=dict.fromkeys(("site", "device", "vendor", "closed"), ODD)).map(
    lambda details: json.dumps({"site": "example.com", **details})
)


def _ordinary(table: str) -> st.SearchStrategy[dict[str, object]]:
    names, ids = st.sampled_from(_NAMES), st.integers(1, 20)
    if table == "games":
        return st.fixed_dictionaries({"code": names, "title": st.just("Dice")})
    if table == "rates":
        return st.fixed_dictionaries(
            {"currency": st.just("EUR"), "since": st.just("2026"), "value": st.just("1.5")}
        )
    if table == "tx":
        return st.fixed_dictionaries(
            {
                "id": ids,
                "player": names,
                "round": names,
                "kind": st.sampled_from(["bet", "bet", "win", "jackpot"]),
                "state": st.sampled_from(["ok", "ok", "ok", "ok", "void"]),
                "amount": st.sampled_from(["1.50", "20", "0"]),
                "at": st.just(_AT),
                "ticket": ids.map(lambda number: f"t{number}"),
                "game": names,
                "currency": st.just("EUR"),
                "details": _DETAILS,
            }
        )
    return st.fixed_dictionaries(
        {
            "id": ids,
            "ref": ids | names | ids.map(lambda number: f"t{number}"),
            "player": names,
            "kind": st.sampled_from(["refund", "cancel", "round", "undo"]),
            "amount": st.sampled_from(["1.50", "0.50"]),
            "at": st.just(_AT),
        }
    )


@st.composite
def records(draw: st.DrawFn) -> Record:
    """Draw a record of one of the tables: an ordinary row, of which some columns are odd, or are not there."""
    table = draw(st.sampled_from([*TABLES, "tx", "tx", "tx", "tx", "fixes"]))
    row = draw(_ordinary(table))
    odd = draw(st.sampled_from([0, 0, 1, 1, 2]))
    columns = sorted(row) + sorted(_NAMING.intersection(row)) * 2
    for column in draw(st.lists(st.sampled_from(columns), min_size=odd, max_size=odd)):
        if draw(st.integers(0, 9)):
            row[column] = draw(_HARD if column in _NAMING and draw(st.booleans()) else ODD)
        else:
            row.pop(column, None)
    return table, draw(st.sampled_from(["c", "c", "c", "c", "c", "c", "c", "c", "u", "u", "d", "r"])), row


def known_rows() -> list[Record]:
    """Return the look-up rows that are there from the beginning."""
    games: list[Record] = [("games", "r", {"code": name, "title": "Dice"}) for name in _NAMES]
    return [*games, ("rates", "r", {"currency": "EUR", "since": _AT - 2, "value": "1.5"})]


class OddBrand:
    """One brand that takes records in, from topics in memory, into a ledger that outlives it."""

    def __init__(self, open_ledger: Callable[[], BrandLedger]) -> None:
        """`open_ledger` is asked at each start."""
        self._brand = _brand()
        self._open_ledger = open_ledger
        self._topics = MemoryTopics()
        for table in TABLES:
            self._topics.create(_topic(table))
        self._rows = 0
        for record in known_rows():
            self.write(*record)

    def write(self, table: str, op: str, row: dict[str, Any]) -> None:
        """Append a record to the topic of its table."""
        self._rows += 1
        names = [name for name in ("id", "code", "currency") if name in row][:1]
        value = envelope(table, row, self._rows, op)
        self._topics.append(Partition(_topic(table), 0), key(**{name: row[name] for name in names}), value)

    def run(self) -> Counter[str]:
        """Start, take in all that is there, send it, and stop; return how many records ended how, by the ledger.

        Held ones are counted as `held`.  Raises what ends a brand.
        """
        ledger, outbound = self._open_ledger(), MemoryOutbound()
        source = MemorySource(self._topics, "g", [_topic(table) for table in TABLES])
        try:
            intake = Intake(self._brand, source, ledger, outbound)
            intake.open()
            places = [Partition(_topic(table), 0) for table in TABLES]
            deadline = time.monotonic() + 60
            while any(intake.positions.get(at, 0) != end for at, end in source.ends(places).items()):
                intake.step()
                assert time.monotonic() < deadline, (intake.positions, source.ends(places))
            assert intake.drain(10)
            require_frames(outbound)
            counted = Counter[str]()
            for (outcome, _, _), number in ledger.counters().items():
                counted[outcome] += number
            counted["held"] = len(list(ledger.held()))
            assert all(parked.reason for parked in ledger.parked())
            return counted
        finally:
            # One that is left open keeps its partitions in the group, and the next start would wait for them.
            source.close()
            ledger.close()


@cache
def _brand() -> Brand:
    with TemporaryDirectory() as folder:
        (Path(folder) / "odd.yaml").write_text(CONNECTOR)
        return load_brand(Path(folder) / "odd.yaml", {})


def _topic(table: str) -> str:
    return f"w.public.{table}"


def require_frames(outbound: MemoryOutbound) -> None:
    """Raise ValueError if an event cannot be written as AMQP has it."""
    frames = PublishFrames(exchange="e", routing_key="", headers={}, channel=1, frame_max=131_072)
    assert len(frames.encode(outbound.taken)) >= len(outbound.taken)


def require_all_counted(counted: Counter[str], written: Sequence[Record]) -> None:
    """Assert that each record ended in one way."""
    assert sum(counted.values()) == len(known_rows()) + len(written), counted
