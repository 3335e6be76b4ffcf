"""A chain of rows that follow each other, such as a win that is staked again: all of it goes with its first."""

from __future__ import annotations

import itertools

import pytest

from tests.support.trial import Make, Trial

SPINS = """
play:
  spins:
    rows: append-only
    after: spins[parent] if parent else none
    park: {a spin of one that was taken back: parent != none and not original.bet.stands}
    activities: {bet: {type: Bet}}
    again: {activity_id: {text: "{id}:{n}"}}
  voids:
    rows: append-only
    reverses:
      - {when: kind == "void", original: "spins[ref]", followers: FOLLOWERS}
      - {when: kind == "undo", undoes: "voids[ref]"}
"""


def trial_of(trial: Make, followers: str = "go") -> Trial:
    return trial(SPINS.replace("FOLLOWERS", followers))


def spin(run: Trial, key: str, parent: str | None, *, op: str = "c") -> None:
    tell = run.insert if op == "c" else run.snapshot
    tell("spins", key, parent=parent, amount=5, game="g")


def void(run: Trial, key: str, ref: str, kind: str = "void", *, op: str = "c") -> None:
    tell = run.insert if op == "c" else run.snapshot
    tell("voids", key, ref=ref, kind=kind)


def chain(run: Trial) -> None:
    spin(run, "s1", None)
    spin(run, "s2", "s1")
    spin(run, "s3", "s2")
    spin(run, "s4", "s3")


@pytest.mark.parametrize("restarted", [False, True])
def test_all_of_a_chain_goes_and_comes_back(trial: Make, *, restarted: bool) -> None:
    run = trial_of(trial)
    chain(run)
    if restarted:
        run.restart()
    void(run, "v1", "s1")
    assert run.events()[4:] == [f"Bet Rollback s{n} 5" for n in (4, 3, 2, 1)]
    void(run, "v2", "v1", "undo")
    assert sorted(run.events()[8:]) == [f"Bet Approved s{n}:2 5" for n in (1, 2, 3, 4)]


def test_what_follows_goes_and_what_was_before_stays(trial: Make) -> None:
    run = trial_of(trial)
    chain(run)
    void(run, "v1", "s3")
    assert run.events()[4:] == ["Bet Rollback s4 5", "Bet Rollback s3 5"]
    void(run, "v2", "s1")
    assert run.events()[6:] == ["Bet Rollback s2 5", "Bet Rollback s1 5"]
    void(run, "v3", "v2", "undo")
    assert sorted(run.events()[8:]) == ["Bet Approved s1:2 5", "Bet Approved s2:2 5"]


def test_a_void_is_parked_while_the_last_of_a_chain_stands(trial: Make) -> None:
    run = trial_of(trial, "park")
    chain(run)
    void(run, "v1", "s1")
    assert run.parked() == [("v1", "follower_stands")]


@pytest.mark.parametrize("first", ["snapshot", "log"])
@pytest.mark.parametrize("order", list(itertools.permutations(["s1", "s2", "s3", "v1"])))
def test_a_chain_of_history_goes_too(trial: Make, order: tuple[str, ...], first: str) -> None:
    """A snapshot shows its rows in any order, and what it takes back is taken in silence."""
    run = trial_of(trial)
    for key in order:
        if key != "v1":
            spin(run, key, {"s2": "s1", "s3": "s2"}.get(key), op="r")
        elif first == "snapshot":
            void(run, "v1", "s1", op="r")
    if first == "log":
        void(run, "v1", "s1")
        assert sorted(run.events()) == [f"Bet Rollback s{n} 5" for n in (1, 2, 3)]
    else:
        void(run, "v2", "s3")
        assert run.events() == []
        void(run, "v3", "s2")
        void(run, "v4", "s1")
        assert run.events() == []


@pytest.mark.parametrize("first", ["s1", "s2"])
def test_what_two_voids_name_comes_back_when_both_are_undone(trial: Make, first: str) -> None:
    run = trial_of(trial)
    chain(run)
    second = "s2" if first == "s1" else "s1"
    void(run, "v1", first)
    void(run, "v2", second)
    assert sorted(run.events()[4:]) == [f"Bet Rollback s{n} 5" for n in (1, 2, 3, 4)]
    void(run, "v3", "v1" if first == "s1" else "v2", "undo")
    assert run.events()[8:] == ["Bet Approved s1:2 5"]
    void(run, "v4", "v2" if first == "s1" else "v1", "undo")
    assert sorted(run.events()[9:]) == [f"Bet Approved s{n}:2 5" for n in (2, 3, 4)]


def test_an_undo_that_is_undone_takes_what_has_come_to_the_chain_since(trial: Make) -> None:
    run = trial_of(trial)
    spin(run, "s1", None)
    spin(run, "s2", "s1")
    void(run, "v1", "s1")
    void(run, "v2", "v1", "undo")
    spin(run, "s3", "s2")
    before = len(run.events())
    void(run, "v3", "v2", "undo")
    assert sorted(run.events()[before:]) == ["Bet Rollback s1:2 5", "Bet Rollback s2:2 5", "Bet Rollback s3 5"]


@pytest.mark.parametrize("order", list(itertools.permutations(["s1", "s2", "s3", "v1", "u1"]))[::5])
def test_a_chain_of_history_whose_void_was_undone_stands(trial: Make, order: tuple[str, ...]) -> None:
    run = trial_of(trial)
    for key in order:
        if key[0] == "s":
            spin(run, key, {"s2": "s1", "s3": "s2"}.get(key), op="r")
        else:
            void(run, key, *(("s1", "void") if key == "v1" else ("v1", "undo")), op="r")
    void(run, "v2", "s1")
    assert sorted(run.events()) == [f"Bet Rollback s{n}:2 5" for n in (1, 2, 3)]


@pytest.mark.parametrize("order", list(itertools.permutations(["s1", "s2", "s3", "v1"])))
def test_a_chain_that_history_took_back_comes_back_when_that_is_undone(
    trial: Make, order: tuple[str, ...]
) -> None:
    run = trial_of(trial)
    for key in order:
        if key == "v1":
            void(run, key, "s1", op="r")
        else:
            spin(run, key, {"s2": "s1", "s3": "s2"}.get(key), op="r")
    void(run, "u1", "v1", "undo")
    assert sorted(run.events()) == [f"Bet Approved s{n}:2 5" for n in (1, 2, 3)]
