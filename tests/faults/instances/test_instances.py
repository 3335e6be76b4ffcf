"""Two and three instances of one brand: they come, go, die and stand still, and the brand is whole."""

from __future__ import annotations

import signal
import time
from collections import Counter
from pathlib import Path

import psycopg
import pytest

import stack
from stack.endpoints import Addresses
from tests.faults.instances.several import ScatteredWallet, several
from tests.support.eventually import eventually
from tests.support.fault_proxy import Way
from tests.support.fault_wallet import WINDOW
from tests.support.ledger_check import duplicates

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300, func_only=True)]


@pytest.mark.long
@pytest.mark.parametrize("count", [2, 3])
def test_instances_that_start_on_a_backlog_send_everything_once_and_in_order(
    count: int, addresses: Addresses, tmp_path: Path, seed: int
) -> None:
    with several(addresses, tmp_path, seed=seed) as brand:
        brand.wallet.play(3000)
        brand.wallet.keep_playing(500)
        for _ in range(count):
            brand.start()
        brand.arrived(4000)
        brand.finish(most_duplicates=0)
        owners = brand.query("SELECT count(DISTINCT instance) FROM lanes WHERE epoch > 1")
        assert owners, "no lane has ever changed hands: nothing was proved"


@pytest.mark.long
def test_instances_that_join_and_leave_all_the_time_repeat_nothing(
    addresses: Addresses, tmp_path: Path, seed: int, long: bool
) -> None:
    with several(addresses, tmp_path, seed=seed) as brand:
        brand.wallet.keep_playing(400)
        running = [brand.start()]
        for _ in range(20 if long else 4):
            running.append(brand.start())
            brand.more_arrived(400)
            brand.stop(running.pop(0))
            brand.more_arrived(400)
        brand.finish(most_duplicates=0)


@pytest.mark.long
def test_the_others_finish_what_a_killed_instance_left(addresses: Addresses, tmp_path: Path, seed: int) -> None:
    with several(addresses, tmp_path, seed=seed) as brand:
        brand.wallet.play(2000)
        brand.wallet.keep_playing(800)
        first, _ = brand.start(), brand.start()
        brand.said(first, "partitions_assigned", times=2)
        brand.arrived(2500)
        brand.note("kill 0")
        first.kill()
        brand.more_arrived(2000)
        brand.finish(most_duplicates=WINDOW)


@pytest.mark.long
def test_an_instance_that_stood_still_sends_and_writes_nothing_for_what_it_lost(
    addresses: Addresses, tmp_path: Path, seed: int
) -> None:
    with several(addresses, tmp_path, seed=seed) as brand:
        first, second = brand.start(), brand.start()
        brand.said(first, "partitions_assigned", times=2)
        # Without confirms each sends its window, and has far more than that still to send.
        brand.rabbitmq_link.stall(Way.TO_CLIENT)
        brand.wallet.play(10 * WINDOW)
        brand.taken_in()
        brand.note("stop the time of 0")
        first.signal(signal.SIGSTOP)
        brand.rabbitmq_link.heal()
        brand.said(second, "partitions_assigned", times=2)
        # The other sends what was left: from here on the first can only do harm.
        brand.arrived(len(brand.wallet.expected))
        brand.note("0 goes on")
        first.signal(signal.SIGCONT)
        brand.said(first, "partitions_assigned", times=3)
        brand.wallet.play(500)
        brand.finish(most_duplicates=WINDOW)
        assert duplicates(brand.inbox.taken), "what was in flight is not sent again: nothing was proved"


@pytest.mark.long
def test_an_instance_that_stands_still_for_a_moment_goes_on(
    addresses: Addresses, tmp_path: Path, seed: int
) -> None:
    with several(addresses, tmp_path, seed=seed) as brand:
        brand.wallet.keep_playing(500)
        first = brand.start()
        brand.arrived(500)
        first.signal(signal.SIGSTOP)
        time.sleep(4)  # Longer than it may send without asking, shorter than its session.
        first.signal(signal.SIGCONT)
        brand.more_arrived(1000)
        brand.finish(most_duplicates=0)
        assert first.log.read_text().count('"partitions_assigned"') == 1


@pytest.mark.long
def test_play_that_waits_is_released_when_another_instance_takes_the_look_up_row_in(
    addresses: Addresses, tmp_path: Path, seed: int
) -> None:
    with several(addresses, tmp_path, seed=seed) as brand:
        first, _ = brand.start(), brand.start()
        brand.said(first, "partitions_assigned", times=2)
        brand.wallet.play(200)
        brand.wallet.games = 25
        brand.wallet.play(200)
        eventually(lambda: brand.query("SELECT count(*) FROM held") > 20, message="nothing waits")
        for number in range(20, 25):
            brand.wallet.write_game(number, f"Game of {number}")
        brand.finish(most_duplicates=0)


@pytest.mark.long
def test_a_look_up_row_that_changes_is_seen_by_all_instances(
    addresses: Addresses, tmp_path: Path, seed: int
) -> None:
    with several(addresses, tmp_path, seed=seed) as brand:
        first, _ = brand.start(), brand.start()
        brand.said(first, "partitions_assigned", times=2)
        brand.wallet.play(1000)
        brand.arrived(800)
        for number in range(20):
            brand.wallet.write_game(number, "Renamed")
        seen = len(brand.inbox.take())

        def renamed_everywhere() -> bool:
            brand.wallet.play(40)
            time.sleep(0.2)
            latest = brand.inbox.take()[seen:][-20:]
            return len(latest) == 20 and all(each.event["game_name"] == "Renamed" for each in latest)

        eventually(renamed_everywhere, within_seconds=15, message="an instance sends the old name")
        brand.finish(most_duplicates=0)


@pytest.mark.long
def test_a_rollback_finds_the_original_that_another_instance_took_in_and_takes_it_back_once(
    addresses: Addresses, tmp_path: Path, seed: int
) -> None:
    with several(addresses, tmp_path, seed=seed, wallet=ScatteredWallet) as brand:
        first, _ = brand.start(), brand.start()
        brand.said(first, "partitions_assigned", times=2)
        brand.wallet.play(3000)
        arrived = brand.settle()
        # Across partitions there is no order, but each original is taken back, and only once.
        assert Counter(each.message_id for each in arrived) == Counter(e.message_id for e in brand.wallet.expected)
        took_back = [each for each in arrived if each.message_id.endswith("/Rollback")]
        assert len(took_back) > 100


@pytest.mark.long
def test_a_ledger_that_is_cut_off_again_and_again_loses_nothing(
    addresses: Addresses, tmp_path: Path, seed: int
) -> None:
    with several(addresses, tmp_path, seed=seed) as brand:
        brand.wallet.play(500)
        brand.wallet.keep_playing(500)
        first, _ = brand.start(), brand.start()
        brand.said(first, "partitions_assigned", times=2)
        for pause in (0.0, 0.5, 3.0, 0.0):
            brand.more_arrived(300)
            brand.note(f"cut the ledger off for {pause} s")
            brand.ledger_link.refuse()
            brand.ledger_link.cut()
            time.sleep(pause)
            brand.ledger_link.heal()
        brand.more_arrived(300)
        brand.finish(most_duplicates=2 * 4 * WINDOW)


@pytest.mark.long
def test_of_two_processes_on_one_file_the_second_says_why_it_ends(
    addresses: Addresses, tmp_path: Path, seed: int
) -> None:
    with several(addresses, tmp_path, seed=seed, ledger=str(tmp_path / "one.ledger")) as brand:
        first, second = brand.start(), brand.begin()
        assert second.wait(within_seconds=30) == 70
        assert f"in use by process {first.pid}" in second.log.read_text()
        assert "postgresql://" in second.log.read_text()
        brand.wallet.play(100)
        brand.arrived(80)
        assert first.running()


def test_an_instance_that_is_killed_while_it_gives_partitions_up_loses_nothing(
    addresses: Addresses, tmp_path: Path, seed: int
) -> None:
    with several(addresses, tmp_path, seed=seed) as brand:
        brand.wallet.play(300)
        first = brand.start()
        brand.arrived(200)
        # Without confirms it cannot hand over what it has sent.
        brand.rabbitmq_link.stall(Way.TO_CLIENT)
        brand.wallet.play(5 * WINDOW)
        brand.taken_in()
        second = brand.begin()
        eventually(brand.wallet.rebalancing, within_seconds=60, message="the group does not rebalance")
        time.sleep(1)
        assert brand.wallet.rebalancing(), "the first did not wait for its confirms: nothing was proved"
        brand.note("kill 0")
        first.kill()
        brand.rabbitmq_link.cut()
        brand.rabbitmq_link.heal()
        brand.said(second, "partitions_assigned")
        brand.wallet.play(200)
        brand.finish(most_duplicates=WINDOW)


@pytest.mark.long
@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_ledger_whose_server_restarts_loses_nothing(
    how: str, addresses: Addresses, tmp_path: Path, seed: int
) -> None:
    with several(addresses, tmp_path, seed=seed) as brand:
        brand.wallet.play(500)
        brand.wallet.keep_playing(400)
        first, _ = brand.start(), brand.start()
        brand.said(first, "partitions_assigned", times=2)
        brand.more_arrived(300)
        server = stack.server("postgres")
        brand.note(f"{how} Postgres")
        {"stop": server.stop, "kill": server.kill}[how]()
        time.sleep(2)
        server.start()
        brand.more_arrived(500)
        brand.finish(most_duplicates=2 * 2 * WINDOW)


@pytest.mark.long
def test_a_ledger_whose_table_another_program_locks_is_waited_for(
    addresses: Addresses, tmp_path: Path, seed: int
) -> None:
    with several(addresses, tmp_path, seed=seed) as brand:
        brand.wallet.play(500)
        brand.wallet.keep_playing(200)
        first, _ = brand.start(), brand.start()
        brand.said(first, "partitions_assigned", times=2)
        with psycopg.connect(brand.ledger) as other:
            other.execute("LOCK TABLE outbox IN ACCESS EXCLUSIVE MODE")
            brand.note("the outbox is locked")
            brand.said(first, "ledger_unavailable")
            assert "lock timeout" in first.log.read_text()
        brand.note("the outbox is free again")
        brand.more_arrived(500)
        brand.finish(most_duplicates=2 * 2 * WINDOW)
