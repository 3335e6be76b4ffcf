"""A wrong shape hides no wrong expression."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.brand import load_brand
from bridge.errors import ConfigError
from tests.support.cases import ENVIRONMENT

BROKEN = """\
version: 1
brand: trial
source: {kafka: "k:1", topics: "db.public.{table}"}
target: {rabbitmq: "${RABBITMQ_URL}", exchange: fasttrack, routing_key: casino}
play:
  tx:
    rows: appendonly
    player: {text: "p{player}"}
    activities:
      bet: {type: Bet, when: unit(kind) == "bet", stand: true}
      win: {type: Wn, stands: state = "won"}
    reverses: {whn: kind == "void", original: "tx[ref]"}
    event: {game_name: 'gmes[game].name'}
"""


def problems(path: Path, text: str) -> list[str]:
    """Return the problems of a connector, without the file."""
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_brand(path, ENVIRONMENT)
    return [str(problem).partition(":")[2] for problem in caught.value.problems]


def test_shapes_and_expressions_are_told_together(tmp_path: Path) -> None:
    assert problems(tmp_path / "trial.yaml", BROKEN) == [
        "7:5: play.tx.key: key is missing",
        "7:11: play.tx.rows: one of these is expected: append-only, mutable (did you mean append-only?)",
        '8:13: play.tx.player: an expression is expected (here a template is written text("b", id))',
        "10:30: play.tx.activities.bet.when: unknown function unit (did you mean units?)",
        "10:51: play.tx.activities.bet.stand: stand is not a key here (did you mean stands?)",
        "11:19: play.tx.activities.win.type: one of these is expected: Bet, Win, Loss",
        "11:37: play.tx.activities.win.stands: this is no expression (to compare, write ==)",
        "12:15: play.tx.reverses.when: when is missing",
        "12:16: play.tx.reverses.whn: whn is not a key here (did you mean when?)",
        '13:25: play.tx.event.game_name: there is no table gmes (for an item of a column, column("gmes")[...])',
    ]


@pytest.mark.parametrize(
    ("condition", "line"),
    [
        ('type in ("BET", "X")', "this is no YAML: expected ',' or '}'"),
        ("type in (1, 2)", "2) is not a key here"),
        ('games["a", b] == 1', "this is no YAML: expected ',' or '}'"),
    ],
)
def test_an_expression_that_braces_break_up_is_told_to_go_into_quotes(
    tmp_path: Path, condition: str, line: str
) -> None:
    text = BROKEN.replace('unit(kind) == "bet", stand: true', condition)
    found = [problem for problem in problems(tmp_path / "trial.yaml", text) if line in problem]
    assert found
    assert "goes into quotes as a whole" in found[0]
