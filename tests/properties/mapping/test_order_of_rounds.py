"""Wins are read before their bets, and games later than their play: each round's events keep their order."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from tests.support.examples import examples
from tests.support.trial import Make

WALLET = """
wait: {lookup: 1 day, original: 1 day}
lookups: {games: {key: id}}
play:
  bets:
    with: {title: 'games[game].name'}
    activities: {bet: {type: Bet}}
    event: {game_name: title, activity_id: {text: "b{id}"}}
  wins:
    round: round
    with: {first: this_round.first, title: 'games[game].name'}
    activities: {win: {type: Win}}
    event: {game_name: title, user_id: first.user_id, activity_id: {text: "w{id}"}}
"""

ROUNDS = GAMES = range(3)
STEP = st.one_of(
    st.tuples(st.sampled_from(["bet", "win"]), st.sampled_from(ROUNDS), st.sampled_from(GAMES)),
    st.tuples(st.just("game"), st.sampled_from(GAMES)),
    st.tuples(st.just("restart")),
)


@examples(1, unchecked=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, min_size=3, max_size=14))
def test_a_round_s_bet_comes_first_and_its_wins_as_they_were_read(
    trial: Make, steps: list[tuple[Any, ...]]
) -> None:
    run = trial(WALLET)
    read: list[tuple[str, int]] = []
    begun: set[int] = set()
    ends = [*(("game", game) for game in GAMES), *(("bet", number, 0) for number in ROUNDS)]
    for step in [*steps, *ends]:
        match step:
            case (("bet" | "win") as kind, number, game) if kind == "win" or number not in begun:
                begun |= {number} if kind == "bet" else set()
                row = {"amount": 1, "round": f"R{number}", "game": f"g{game}"}
                run.insert(f"{kind}s", str(len(read)), **row)
                read.append((f"{kind[0]}{len(read)}", number))
            case ("game", game):
                run.update("games", f"g{game}", name="Game")
            case ("restart",):
                run.restart()
    sent = [event.split()[2] for event in run.events()]
    for number in ROUNDS:
        own = [key for key, of in read if of == number]
        assert [key for key in sent if key in own] == sorted(own, key=lambda key: key[0] == "w")
    assert [key for key in sent if key[0] == "b"] == [key for key, _ in read if key[0] == "b"]
    assert (run.held, run.parked(), len(sent)) == (0, [], len(read))


LEDGER = """
wait: {lookup: 1 day, original: 1 day}
lookups: {games: {key: id}}
play:
  tx:
    round: round
    after: 'tx[ref] if kind == "win" else none'
    with: {title: 'games[game].name'}
    activities:
      bet: {type: Bet, when: kind == "bet", share: amount}
      win: {type: Win, when: kind == "win"}
    event: {game_name: title, wager_amount: left or amount, meta: {by: id}}
    again: {activity_id: {text: "{id}:{n}"}}
    reverses:
      - {when: kind == "cancel", original: "tx[ref]", event: {meta: {by: id}}}
      - {when: kind == "refund", original: "tx[ref]", takes: amount, partial: amount, event: {meta: {by: id}}}
      - {when: kind == "round", round: ref, event: {meta: {by: id}}}
      - {when: kind == "undo", undoes: "tx[ref]", event: {meta: {by: id}}}
"""

NAMES = {
    "win": ["bet"],
    "cancel": ["bet", "win"],
    "refund": ["bet"],
    "round": ["bet"],
    "undo": ["cancel", "round", "refund"],
}
"""What each kind of row names; that was read before it."""

ROW = st.one_of(
    st.tuples(st.sampled_from(["bet", "bet", *NAMES]), st.integers(0, 5), st.sampled_from(GAMES)),
    st.tuples(st.just("game"), st.sampled_from(GAMES)),
    st.tuples(st.just("restart")),
)


@examples(1, unchecked=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(ROW, min_size=3, max_size=16))
def test_what_names_only_what_was_read_before_is_sent_as_it_was_read(
    trial: Make, steps: list[tuple[Any, ...]]
) -> None:
    run = trial(LEDGER)
    kinds: list[str] = []
    for step in [*steps, *(("game", game) for game in GAMES)]:
        match step:
            case ("game", game):
                run.update("games", f"g{game}", name="Game")
            case ("restart",):
                run.restart()
            case (kind, at, game):
                named = [key for key, one in enumerate(kinds) if one in NAMES.get(kind, ())]
                if kind != "bet" and not named:
                    continue
                of = named[at % len(named)] if named else None
                row = {"kind": kind, "amount": 3 if kind == "refund" else 10, "game": f"g{game}"}
                # Each bet is a round of its own, called by its number.
                run.insert("tx", len(kinds), **row, round=len(kinds), ref=of)
                kinds.append(kind)
    by = [int(body["meta"]["by"]) for body in run.bodies()]
    assert (by, run.held) == (sorted(by), 0)
