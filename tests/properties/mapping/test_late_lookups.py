"""A look-up row that comes late holds what needs it, and changes nothing of what is sent of any bet or win."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from tests.support.examples import examples
from tests.support.trial import Make, Trial

WALLET = """
lookups: {games: {key: id}}
wait: {lookup: 10 hours, original: 10 days}
play:
  tx:
    rows: mutable
    deleted: nothing
    with: {title: 'games[game].name'}
    activities:
      bet: {type: Bet, when: kind == "bet", stands: status == "done"}
    event: {game_name: title}
    again: {activity_id: {text: "{id}:{n}"}}
    reverses:
      - {when: kind == "rollback" and status == "done", original: "tx[ref]"}
      - {when: kind == "cancel" and status == "done", round: round}
      - {when: kind != "bet" and status == "reversed", undoes: "tx[id]"}
  wins:
    rows: mutable
    deleted: nothing
    round: round
    with: {first: this_round.first, title: 'games[game].name'}
    activities: {win: {type: Win, stands: status == "done"}}
    event: {game_name: title, user_id: first.user_id, activity_id: {text: "w{id}"}}
    again: {activity_id: {text: "w{id}:{n}"}}
"""
STEP = st.tuples(
    st.sampled_from(("bet", "bet", "win", "rollback", "cancel", "reverse", "reverse")),
    st.sampled_from(("p1", "p2")),
    st.integers(1, 2),
    st.integers(0, 12),
    st.sampled_from(("here", "late")),
)
QUIET = examples(1, unchecked=[HealthCheck.function_scoped_fixture])
Rows = list[tuple[str, str, dict[str, Any]]]


def _changes(steps: list[tuple[str, str, int, int, str]]) -> list[tuple[str, str, str, dict[str, Any]]]:
    """Return the changes of a story, each with what makes it: rows of a player name only rows of that player."""
    rows: dict[str, Rows] = defaultdict(list)
    changes = []
    for at, (kind, player, number, pick, game) in enumerate(steps):
        mine, key = rows[player], f"x{at}"
        row = {"player": player, "round": f"{player}-{number}", "game": game, "amount": at + 1, "status": "done"}
        bets = [one for one in mine if one[2].get("kind") == "bet"]
        if kind == "reverse":
            if mine:
                table, old, known = mine[pick % len(mine)]
                known["status"] = "reversed"
                changes.append(("update", table, old, dict(known)))
            continue
        if kind == "rollback" and not bets:
            continue
        if kind == "rollback":
            row |= {"ref": bets[pick % len(bets)][1], "round": "none"}
        table = "wins" if kind == "win" else "tx"
        mine.append((table, key, row | {"kind": kind}))
        changes.append(("insert", table, key, dict(row | {"kind": kind})))
    return changes


def _sent(run: Trial) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = defaultdict(list)
    for event in run.bodies():
        activity, _, generation = event["activity_id"].partition(":")
        found[activity].append((generation, event["status"], event["user_id"], event["amount"]))
    return found


@QUIET
@given(steps=st.lists(STEP, max_size=14), late=st.integers(1, 14), restart=st.booleans())
def test_what_is_sent_of_each_is_what_a_look_up_in_time_gives(
    trial: Make, steps: list[tuple[str, str, int, int, str]], late: int, restart: bool
) -> None:
    changes = _changes(steps)
    sent = []
    for comes_at in (0, min(late, len(changes))):
        run = trial(WALLET)
        run.insert("games", "here", name="Game")
        for at, (how, table, key, row) in enumerate([*changes, ("", "", "", {})]):
            if at == comes_at:
                run.insert("games", "late", name="Late")
            if how:
                getattr(run, how)(table, key, **row)
            if restart and comes_at:
                run.restart()
        run.wait(minutes=60 * 24 * 20)
        assert run.held == 0
        sent.append(_sent(run))
    assert sent[0] == sent[1]
