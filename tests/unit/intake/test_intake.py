"""Taking in, with a source and a sender in memory: what only shows when the parts work together."""

from __future__ import annotations

import json
from pathlib import Path

from bench.wallet import envelope, key
from bridge.brand import load_brand
from bridge.delivery.memory import MemoryOutbound
from bridge.intake.intake import Intake
from bridge.intake.taking import decoded
from bridge.ledger import open_sqlite
from bridge.lookups.tables import LookupTables
from bridge.records import Partition, SourceRecord
from bridge.rehearsing.rehearsal import Rehearsal
from bridge.sources.memory import MemorySource, MemoryTopics
from tests.support.event import EVENT

CONNECTOR = (
    """\
version: 1
brand: files
source: {kafka: "127.0.0.1:9", topics: "w.public.{table}"}
target: {rabbitmq: {url: "amqp://a:b@127.0.0.1/", exchange: fasttrack}}
lookups:
  games: {key: code, file: games.csv}
play:
  tx:
    rows: append-only
    key: id
    player: player
    activities: {bet: {type: Bet}}
"""
    + EVENT
)


def test_rows_of_a_file_are_there_before_play_and_new_ones_release_what_waited(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(CONNECTOR)
    (tmp_path / "games.csv").write_text("code,title\ndice,Lucky Dice\n")
    brand = load_brand(tmp_path / "c.yaml", {})
    topics = MemoryTopics()
    topics.create("w.public.tx", 1)
    for number, game in enumerate(("dice", "wheel")):
        row = {"id": str(number), "player": f"p{number}", "amount": 1, "game": game}
        topics.append(Partition("w.public.tx", 0), key(id=str(number)), envelope("tx", row, number + 1))
    outbound = MemoryOutbound()
    ledger = open_sqlite(":memory:", "files", create=True)
    intake = Intake(brand, MemorySource(topics, "g", ["w.public.tx"]), ledger, outbound)
    tables = LookupTables(brand.connector, tmp_path)

    intake.load(tables.load())
    intake.open()
    intake.step()
    assert [json.loads(one.body)["game_name"] for one in outbound.taken] == ["Lucky Dice"]
    assert intake.progress.held == 1

    (tmp_path / "games.csv").write_text("code,title\ndice,Lucky Dice\nwheel,Wheel\n")
    intake.load(tables.load())
    assert [json.loads(one.body)["game_name"] for one in outbound.taken] == ["Lucky Dice", "Wheel"]
    assert intake.progress.held == 0


def test_a_rehearsal_has_the_rows_of_files_too(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(CONNECTOR)
    (tmp_path / "games.csv").write_text("code,title\ndice,Lucky Dice\n")
    brand = load_brand(tmp_path / "c.yaml", {})
    rehearsal = Rehearsal(brand, lambda _: None)
    row = {"id": "1", "player": "p", "amount": 1, "game": "dice"}
    record = SourceRecord("w.public.tx", 0, 0, key(id="1"), envelope("tx", row, 1), (), 0)
    rehearsal.take([decoded(brand.decoder(), record)])
    assert [json.loads(one.body)["game_name"] for one in rehearsal.events()] == ["Lucky Dice"]


VOIDS = (
    CONNECTOR.replace("file: games.csv", "missing: none")
    .replace(
        "    event:\n",
        """    reverses:
      when: voids != none
      original: tx[voids]
    event:
""",
        1,
    )
    .replace("activities: {bet: {type: Bet}}", "activities: {bet: {type: Bet, when: voids == none}}")
    .replace("games[game].title", "game")
    .replace("lookups:\n  games: {key: code, missing: none}\n", "")
)


def test_a_rollback_is_in_the_order_of_its_bets_player_whoever_wrote_it(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(VOIDS)
    brand = load_brand(tmp_path / "c.yaml", {})
    rehearsal = Rehearsal(brand, lambda _: None)
    bet: dict[str, object] = {"id": "1", "player": "p", "amount": 1, "game": "dice", "voids": None}
    void: dict[str, object] = {"id": "2", "player": "support", "amount": None, "game": None, "voids": "1"}
    for offset, row in enumerate((bet, void)):
        record = SourceRecord("w.public.tx", 0, offset, key(id="1"), envelope("tx", row, offset + 1), (), 0)
        rehearsal.take([decoded(brand.decoder(), record)])
    assert [one.player for one in rehearsal.events()] == ["p", "p"]
