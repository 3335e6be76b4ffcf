"""What a snapshot shows and the log goes on with comes to the sums that the log alone comes to."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from tests.support.examples import examples
from tests.support.trial import Make, Trial

WALLET = """
play:
  tx:
    rows: mutable
    deleted: nothing
    stands: state == "ok"
    activities:
      bet: {type: Bet, when: kind == "bet", share: amount, event: {wager_amount: left}}
      win: {type: Win, when: kind == "win"}
    again: {activity_id: {text: "{id}:{n}"}}
    reverses:
      - {when: kind == "part", original: "tx[ref]", takes: amount}
      - {when: kind == "void", original: "tx[ref]"}
      - {when: kind == "undo", undoes: "tx[ref]"}
      - {when: kind == "round", round: round}
"""
ONCE_WRITTEN = WALLET.replace("rows: mutable\n    deleted: nothing", "rows: append-only")

Row = dict[str, Any]
Write = tuple[str, Row]
Step = tuple[str, int, str]

KIND, STATE, ROUND = (
    st.sampled_from(["bet", "bet", "win"]),
    st.sampled_from(["ok", "ok", "pending"]),
    st.integers(1, 2),
)
BACK = st.sampled_from(["", "", "part", "void"])
"""A snapshot does not tell in which order several rows took back: here, one did, and perhaps that was undone."""
BEFORE = st.lists(st.tuples(KIND, STATE, ROUND, BACK, st.booleans()), min_size=1, max_size=3)
AFTER = st.lists(
    st.one_of(
        st.tuples(st.just("state"), st.integers(0, 2), st.sampled_from(["ok", "void"])),
        st.tuples(st.sampled_from(["part", "void", "undo"]), st.integers(0, 3), st.just("")),
        st.tuples(st.just("round"), ROUND, st.just("")),
    ),
    max_size=6,
)


def written_before(rows: list[tuple[str, str, int, str, bool]]) -> list[Write]:
    """Return the rows that were there before the snapshot."""
    found: list[Write] = []
    for number, (kind, state, round_no, back, undone) in enumerate(rows):
        key = f"b{number}"
        found.append((key, {"kind": kind, "state": state, "amount": 10, "round": f"R{round_no}"}))
        if back == "void" or (back == "part" and kind == "bet"):
            found.append((f"r{number}", reversal(back, key)))
            if undone:
                found.append((f"u{number}", reversal("undo", f"r{number}")))
    return found


def reversal(kind: str, ref: str = "", round_no: int = 0) -> Row:
    return {
        "kind": kind,
        "state": "ok",
        "ref": ref,
        "round": f"R{round_no}",
        "amount": 4 if kind == "part" else None,
    }


def go_on(run: Trial, there: list[Write], steps: list[Step], *, mutable: bool) -> None:
    """Write what comes after the snapshot."""
    rows = [(key, row) for key, row in there if row["kind"] in ("bet", "win")]
    backs = [key for key, row in there if row["kind"] in ("part", "void")]
    for number, (what, at, state) in enumerate(steps):
        key, row = rows[at % len(rows)]
        if what == "state":
            if mutable:
                run.update("tx", key, **{**row, "state": state})
        elif what == "round":
            run.insert("tx", f"s{number}", **reversal("round", round_no=at))
        elif what != "undo":
            if what == "void" or row["kind"] == "bet":
                run.insert("tx", f"s{number}", **reversal(what, key))
                backs.append(f"s{number}")
        elif backs:
            run.insert("tx", f"s{number}", **reversal("undo", backs[at % len(backs)]))


def sums(run: Trial) -> Counter[str]:
    """Return what the receiver counts of each bet and each win."""
    found: Counter[str] = Counter()
    for body in run.bodies():
        amount = Decimal(str(body["amount"]))
        found[body["activity_id"].partition(":")[0]] += int(amount if body["status"] == "Approved" else -amount)
    return found


@examples(10, unchecked=[HealthCheck.function_scoped_fixture])
@given(rows=BEFORE, steps=AFTER, mutable=st.booleans())
def test_the_sums_are_those_of_the_log_alone(
    trial: Make, *, rows: list[tuple[str, str, int, str, bool]], steps: list[Step], mutable: bool
) -> None:
    wallet = WALLET if mutable else ONCE_WRITTEN
    there = written_before(rows if mutable else [(row[0], "ok", *row[2:]) for row in rows])
    log, shown = trial(wallet), trial(wallet)
    for key, row in there:
        log.insert("tx", key, **row)
        shown.snapshot("tx", key, **row)
    before = sums(log)
    for run in (log, shown):
        go_on(run, there, steps, mutable=mutable)
    if not log.parked() and not shown.parked():
        shown_sums = sums(shown)
        shown_sums.update(before)
        assert {key: much for key, much in shown_sums.items() if much} == {
            key: much for key, much in sums(log).items() if much
        }
