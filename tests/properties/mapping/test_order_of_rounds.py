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
