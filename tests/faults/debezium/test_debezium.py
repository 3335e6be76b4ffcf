"""Debezium in its bad days: it repeats itself, takes a second snapshot, and the table changes under it."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from bridge.mapping.snapshots import LATER_SNAPSHOT
from stack.endpoints import Addresses
from tests.faults.debezium.bets import Bets, bets, parked, skipped
from tests.support.eventually import eventually

pytestmark = [
    pytest.mark.faults,
    pytest.mark.long,
    pytest.mark.timeout(600, func_only=True),
    pytest.mark.usefixtures("alone"),
]


def test_a_crashed_debezium_repeats_old_states_and_takes_nothing_back(
    addresses: Addresses, tmp_path: Path
) -> None:
    with bets(addresses, tmp_path) as wallet:
        wallet.play(10)
        wallet.settled()
        for _ in range(4):
            # Whether it has just noted how far it was is Debezium's own luck.
            wallet.play(20)
            wallet.settled()
            before = wallet.records()
            wallet.crash_debezium()
            wallet.play(1)
            wallet.settled()
            repeated = wallet.records() - before - 3
            if repeated > 40:
                break
        assert repeated > 40, "Debezium repeated nothing: nothing was proved"
        wallet.play(5)
        wallet.settled()
        assert not parked(tmp_path)


def test_a_snapshot_beside_the_stream_sends_and_takes_back_nothing(addresses: Addresses, tmp_path: Path) -> None:
    with bets(addresses, tmp_path) as wallet:
        wallet.play(60)
        wallet.settled()
        before = wallet.records("r")
        stop = threading.Event()
        player = threading.Thread(target=_play_on, args=(wallet, stop))
        player.start()
        try:
            wallet.read_again()
            eventually(lambda: wallet.records("r") >= before + 60, within_seconds=90, message="no second snapshot")
        finally:
            stop.set()
            player.join()
        wallet.play(10)
        wallet.settled()
        assert not parked(tmp_path)


def test_a_second_snapshot_of_rows_that_stand_still_sends_and_takes_back_nothing(
    addresses: Addresses, tmp_path: Path
) -> None:
    with bets(addresses, tmp_path) as wallet:
        wallet.play(60)
        wallet.settled()
        before = wallet.records("r")
        wallet.register(**{"snapshot.mode": "always"})
        eventually(lambda: wallet.records("r") >= before + 60, within_seconds=90, message="no second snapshot")
        wallet.streams()
        wallet.play(10)
        wallet.settled()
        assert not parked(tmp_path)


def test_rows_that_only_a_second_snapshot_tells_of_are_counted_and_warned_of(
    addresses: Addresses, tmp_path: Path
) -> None:
    with bets(addresses, tmp_path) as wallet:
        wallet.play(60)
        wallet.settled()
        wallet.lose_the_slot()
        missed, late = (
            wallet.insert(5, "settled"),
            [each for each, at in wallet.statuses.items() if at == "settled"],
        )
        wallet.statuses |= dict.fromkeys(missed, "open")  # Nobody hears of them.
        wallet.register(**{"snapshot.mode": "always"})
        wallet.play(10)
        wallet.settled()
        assert skipped(tmp_path, LATER_SNAPSHOT) == len(missed)
        log = (tmp_path / "bridge.log").read_text()
        assert "rows_of_a_later_snapshot" in log
        # What was sent before is taken back as it was sent.
        wallet.move(late[:3], "void")
        wallet.settled()
        assert not parked(tmp_path)


def _play_on(wallet: Bets, stop: threading.Event) -> None:
    while not stop.is_set():
        wallet.play(3)


@pytest.mark.parametrize(
    "change",
    [
        "ADD COLUMN device text NOT NULL DEFAULT 'phone'",
        "DROP COLUMN note",
        "ALTER amount TYPE numeric(30, 8)",
        "ALTER player_id TYPE bigint",
        "ALTER player_id TYPE text",
        "RENAME note TO remark",
    ],
)
def test_a_table_that_changes_under_play_loses_nothing(change: str, addresses: Addresses, tmp_path: Path) -> None:
    with bets(addresses, tmp_path) as wallet:
        ids = wallet.insert(10)
        wallet.play(10)
        wallet.alter(change)
        # What was written before moves on in the new form.
        wallet.move(ids, "settled")
        wallet.play(10)
        wallet.insert(3, "settled", "0.00000001" if "30, 8" in change else "0.01")
        wallet.settled()
        assert not parked(tmp_path)


def test_a_column_that_is_needed_and_gone_parks_what_lacks_it_and_says_so(
    addresses: Addresses, tmp_path: Path
) -> None:
    with bets(addresses, tmp_path) as wallet:
        wallet.play(10)
        wallet.settled()
        due = wallet.due()
        wallet.alter("RENAME amount TO stake")
        ids = wallet.insert(5, "settled", column="stake")
        eventually(lambda: len(parked(tmp_path)) == 5, within_seconds=60, message="the rows are not parked")
        assert all("amount" in reason for _, reason in parked(tmp_path)), parked(tmp_path)
        assert wallet.arrived() == due
        wallet.alter("RENAME stake TO amount")
        for each in ids:
            del wallet.statuses[each]
        later = len(wallet.statuses) + 5
        wallet.statuses |= {f"none{number}": "open" for number in range(5)}
        assert len(wallet.statuses) == later
        wallet.play(10)
        wallet.settled()
        assert len(parked(tmp_path)) == 5
