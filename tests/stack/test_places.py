"""The run folder and the passwords in it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from stack import places
from stack.endpoints import addresses, exports
from stack.errors import StackError
from stack.passwords import NAMES, make_passwords, password_file, read_password
from stack.services import POSTGRES


def test_the_run_folder_can_be_named(tmp_path: Path) -> None:
    assert places.run_folder({"BRIDGE_STACK_DIR": str(tmp_path / "x")}) == tmp_path / "x"


def test_a_checkout_that_others_cannot_reach_keeps_its_stack_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "private").mkdir(mode=0o700)
    monkeypatch.setattr(places, "CHECKOUT", tmp_path / "private")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert places.run_folder({}).parent == Path("/var/tmp")  # noqa: S108 - the place that is meant


def test_two_checkouts_do_not_share_a_run_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    found = set()
    for name in ("one", "two"):
        (tmp_path / name).mkdir(mode=0o700)
        monkeypatch.setattr(places, "CHECKOUT", tmp_path / name)
        found.add(places.run_folder({}))
    assert len(found) == 2


def test_a_run_folder_of_someone_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    with pytest.raises(StackError, match="not a folder of ours"):
        places.make_run_folder(tmp_path)


def test_a_link_is_no_run_folder(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(StackError, match="not a folder of ours"):
        places.make_run_folder(tmp_path / "link")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts servers as other users")
def test_a_run_folder_that_the_servers_users_cannot_reach_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    with pytest.raises(StackError, match="BRIDGE_STACK_DIR"):
        places.make_run_folder(tmp_path / "run")


def test_passwords_are_for_their_owner_alone_and_stay_the_same(tmp_path: Path) -> None:
    make_passwords(tmp_path)
    before = {name: read_password(tmp_path, name) for name in NAMES}
    make_passwords(tmp_path)
    assert {name: read_password(tmp_path, name) for name in NAMES} == before
    assert len(set(before.values())) == len(NAMES)
    assert stat.S_IMODE((tmp_path / "passwords").stat().st_mode) == 0o700
    for name in NAMES:
        assert stat.S_IMODE(password_file(tmp_path, name).stat().st_mode) == 0o600


def test_clients_of_postgres_find_the_owners_password_whichever_way_the_server_was_started(tmp_path: Path) -> None:
    make_passwords(tmp_path)
    pgpass = Path(exports({"BRIDGE_STACK_DIR": str(tmp_path)})["PGPASSFILE"])
    owner = read_password(tmp_path, "postgres-owner")
    assert pgpass.read_text(encoding="ascii") == f"*:*:*:wallet_owner:{owner}\n"
    assert stat.S_IMODE(pgpass.stat().st_mode) == 0o600


def test_addresses_do_not_show_passwords_when_printed(tmp_path: Path) -> None:
    make_passwords(tmp_path)
    found = addresses({"BRIDGE_STACK_DIR": str(tmp_path)})
    for name in NAMES:
        assert read_password(tmp_path, name) not in repr(found)


def test_addresses_follow_the_variables(tmp_path: Path) -> None:
    make_passwords(tmp_path)
    found = addresses({"BRIDGE_STACK_DIR": str(tmp_path), "BRIDGE_KAFKA_PORT": "29999"})
    assert found.kafka_bootstrap == "127.0.0.1:29999"


def test_in_containers_connect_sees_the_servers_by_name(tmp_path: Path) -> None:
    make_passwords(tmp_path)
    (tmp_path / "engine").write_text("docker\n", encoding="ascii")
    found = addresses({"BRIDGE_STACK_DIR": str(tmp_path)})
    assert (found.connect_postgres_host, found.connect_postgres_port) == ("postgres", 5432)
    assert found.postgres_host == "127.0.0.1"


@pytest.mark.parametrize("text", ["x", "-1", "0", "65536", "١٢٣"])
def test_a_port_that_is_none_is_named(text: str) -> None:
    with pytest.raises(StackError, match="BRIDGE_POSTGRES_PORT"):
        POSTGRES.ports["main"].number({"BRIDGE_POSTGRES_PORT": text})
