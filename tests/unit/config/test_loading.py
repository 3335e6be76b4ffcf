"""Connectors from files: every problem at once, with its place and a hint."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bridge.config.loading import load_connector, read_connector, read_wallet
from bridge.errors import ConfigError
from tests.unit.config.connectors import CONNECTOR, ENVIRONMENT, changed, read

ROOT = Path(__file__).parents[3]


def test_a_connector_is_read_with_its_variables(tmp_path: Path) -> None:
    path = tmp_path / "northern-lights.yaml"
    path.write_text(CONNECTOR)
    connector = load_connector(path, ENVIRONMENT)
    assert connector.brand == "northern-lights"
    assert connector.source.kafka.brokers == "localhost:9092"
    assert connector.target.rabbitmq.exchange == "fasttrack"
    assert connector.wait.lookup == timedelta(minutes=10)
    assert connector.play["wallet_tx"].event["game_type"][1] == "Live"


def test_the_settings_of_rabbitmq_may_stand_inside_it() -> None:
    flat = '{rabbitmq: "${RABBITMQ_URL}", exchange: fasttrack, routing_key: casino}'
    nested = '{rabbitmq: {url: "${RABBITMQ_URL}", exchange: fasttrack, routing_key: casino}}'
    assert read(changed(flat, nested)).model.target == read().model.target


def test_numbers_and_booleans_of_expressions_keep_their_kind() -> None:
    table = read(changed("    key: id\n", "    key: id\n    stands: true\n    sent_before: 1.10\n")).model.play[
        "wallet_tx"
    ]
    assert table.stands is True
    assert table.sent_before == Decimal("1.10")


@pytest.mark.parametrize(
    ("old", "new", "place", "message", "hint"),
    [
        ("version: 1", "version: 2", "1:10: version", "1 is expected", ""),
        ("version: 1", "", "2:1: version", "version is missing", ""),
        ("brand: northern-lights", "brand: Northern", "2:8: brand", "a text of the form", ""),
        ("brand: northern-lights", "brand: 7", "2:8: brand", "a text is expected", ""),
        ("brand:", "brnad: x\nbrand:", "2:1: brnad", "brnad is not a key here", ""),
        (
            "wait: {lookup",
            "wait: {look_up",
            "7:8: wait.look_up",
            "look_up is not a key here",
            "did you mean lookup?",
        ),
        ("10 minutes", "ten minutes", "7:16: wait.lookup", "is no duration; write for example 10 minutes", ""),
        ("append-only", "append_only", "10:11: play.wallet_tx.rows", "append-only, mutable", "mean append-only?"),
        ("    key: id\n", "", "10:5: play.wallet_tx.key", "key is missing", ""),
        ("key: id\n", "key: {a: b}\n", "11:10: play.wallet_tx.key", "an expression is expected", ""),
        ("type: Bet", "type: bet", "16:19: play.wallet_tx.activities.bet.type", "Bet, Win, Loss", ""),
        ("when: kind", "wehn: kind", "16:24: play.wallet_tx.activities.bet.wehn", "not a key", "mean when?"),
        ("activities:", "activites:", "15:5: play.wallet_tx.activites", "not a key here", "mean activities?"),
        ("exchange: fast", "exchnge: fast", "4:39: target.exchnge", "not a key here", "mean exchange?"),
        (
            "players: {key: id}",
            "players: {key: id, where: [1]}",
            "6:29: lookups.players.where",
            "an expression is expected",
            "",
        ),
        (
            "key: id\n",
            "key: id\n    park: [kind == 'x']\n",
            "12:11: play.wallet_tx.park",
            "a map of keys and values is expected",
            "a reason for each",
        ),
        (
            "key: id\n",
            "key: id\n    moves: [open, done]\n",
            "12:12: play.wallet_tx.moves",
            "a map of keys and values is expected",
            "how a row begins",
        ),
        (
            "key: id\n",
            "key: id\n    each: json(payload).actions\n",
            "12:11: play.wallet_tx.each",
            "a map of keys and values is expected",
            "what one is called: {action: json(payload).actions}",
        ),
        (
            "key: id\n",
            "key: id\n    each: {pot: json(pots), share: pot.winners}\n",
            "12:11: play.wallet_tx.each",
            "at most 1 of them is expected",
            "one list",
        ),
        ("players: {key: id}", "players: id", "6:12: lookups.players", "a map of keys and values is expected", ""),
        ("topics: ", "order: {wait: 1 s, wiat: 2}, topics: ", "3:56: source.order.wiat", "not a key here", ""),
        (
            "skip:\n",
            "skip: []\n    park:\n",
            "13:11: play.wallet_tx.skip",
            "a map of keys and values is expected",
            "",
        ),
        ("key: id\n", "key: id\n    key: id\n", "12:5: play.wallet_tx.key", "key stands here twice", ""),
        (
            "    event:\n",
            "    reverses: {wen: x}\n    event:\n",
            "17:16: play.wallet_tx.reverses.wen",
            "not a key",
            "when?",
        ),
        (
            "    event:\n",
            "    reverses: [{when: x}, 5]\n    event:\n",
            "17:27: play.wallet_tx.reverses.1",
            "a map",
            "",
        ),
    ],
)
def test_a_problem_says_where_it_is_and_what_was_meant(
    old: str, new: str, place: str, message: str, hint: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        read(changed(old, new))
    lines = [str(problem) for problem in caught.value.problems]
    (line,) = [line for line in lines if line.startswith(f"brand.yaml:{place}:")]
    assert message in line
    assert hint in line


def test_all_problems_are_found_at_once_and_each_once() -> None:
    text = (
        changed("version: 1", "version: 3").replace("rows: append-only", "rows: all").replace("10 minutes", "soon")
    )
    with pytest.raises(ConfigError) as caught:
        read(text.replace("KAFKA_BROKERS", "KAFKA"))
    assert [problem.key for problem in caught.value.problems] == [
        "version",
        "source.kafka",
        "wait.lookup",
        "play.wallet_tx.rows",
    ]


def test_an_expression_has_its_place() -> None:
    file = read()
    path = ("play", "wallet_tx", "event", "wager_amount")
    assert file.place(path) == (19, 21)
    problem = file.problem(path, "unknown name amount", "did you mean amounts?", 1, 7)
    assert str(problem) == (
        "brand.yaml:19:27: play.wallet_tx.event.wager_amount: unknown name amount (did you mean amounts?)"
    )


def test_a_path_that_the_file_does_not_have_is_placed_at_what_is_above_it() -> None:
    assert read().place(("play", "wallet_tx", "event", "currency")) == read().place(("play", "wallet_tx", "event"))


def test_the_wallet_alone_needs_no_surroundings(tmp_path: Path) -> None:
    path = tmp_path / "brand.yaml"
    path.write_text(CONNECTOR)
    assert list(read_wallet(path, {}).model.play) == ["wallet_tx"]
    with pytest.raises(ConfigError, match="KAFKA_BROKERS is not set"):
        read_connector(path, {})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff\xfe", "not in UTF-8"),
        (b"- a\n", "holds no keys .is it the right file"),
        (b"", "holds nothing .is it the right file"),
    ],
)
def test_a_file_that_is_no_connector_says_why(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "brand.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=message):
        read_connector(path, ENVIRONMENT)


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="the file cannot be read: No such file"):
        read_connector(tmp_path / "missing.yaml", ENVIRONMENT)
    with pytest.raises(ConfigError, match="the file cannot be read"):
        read_connector(tmp_path, ENVIRONMENT)


def test_a_byte_order_mark_is_no_matter(tmp_path: Path) -> None:
    path = tmp_path / "brand.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + CONNECTOR.encode())
    assert read_connector(path, ENVIRONMENT).place(("version",)) == (1, 10)


@pytest.mark.parametrize("path", sorted((ROOT / "connectors").rglob("*.yaml")), ids=lambda path: path.name)
def test_each_connector_of_the_repository_can_be_read(path: Path) -> None:
    if not path.name.endswith(".test.yaml"):
        assert read_wallet(path, {}).model.play
