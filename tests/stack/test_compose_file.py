"""What can be known of the compose file without an engine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "docker-compose.yml"
VARIABLE = re.compile(r"\$\{(?P<name>[A-Z_]+)(?P<rest>[^}]*)\}")
PASSWORDS = {
    "BRIDGE_POSTGRES_PASSWORD",
    "BRIDGE_DEBEZIUM_PASSWORD",
    "BRIDGE_RABBITMQ_ADMIN_PASSWORD",
    "BRIDGE_RABBITMQ_BRIDGE_PASSWORD",
}


def _document() -> dict[str, Any]:
    document = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    assert isinstance(document, dict)
    return document


DOCUMENT = _document()
SERVICES: dict[str, dict[str, Any]] = DOCUMENT["services"]
EACH = pytest.mark.parametrize("name", sorted(SERVICES))


@EACH
def test_every_published_port_is_on_loopback_and_can_be_moved(name: str) -> None:
    for port in SERVICES[name].get("ports", []):
        assert re.fullmatch(r"127\.0\.0\.1:\$\{BRIDGE_[A-Z_]+PORT:-\d+\}:\d+", port), port


@EACH
def test_every_image_is_pinned_to_a_version(name: str) -> None:
    tag = SERVICES[name]["image"].rpartition(":")[2]
    assert re.match(r"\d+\.\d+", tag), f"{SERVICES[name]['image']} is not pinned"


@EACH
def test_every_server_has_a_health_check_that_ends(name: str) -> None:
    if name in {"setup", "bridge"}:
        return  # the one-shot ends; the bridge's check is its image's, see test_dockerfile.py
    check = SERVICES[name]["healthcheck"]
    assert check["test"][0] == "CMD", "without a shell there is nothing to quote"
    assert {"interval", "timeout", "retries", "start_period"} <= check.keys()


@EACH
def test_nothing_waits_for_a_start_where_it_could_wait_for_health(name: str) -> None:
    for waited_for, how in SERVICES[name].get("depends_on", {}).items():
        one_shot = waited_for == "setup"
        assert how == {"condition": "service_completed_successfully" if one_shot else "service_healthy"}


@EACH
def test_no_service_may_gain_rights(name: str) -> None:
    service = SERVICES[name]
    assert service["security_opt"] == ["no-new-privileges:true"]
    for forbidden in ("privileged", "cap_add", "network_mode", "pid", "devices", "user"):
        assert forbidden not in service


@pytest.mark.parametrize("name", ["bridge", "setup"])
def test_our_own_containers_hear_a_signal_from_their_first_moment_on(name: str) -> None:
    assert SERVICES[name]["init"] is True


@pytest.mark.parametrize("name", ["bridge", "setup"])
def test_our_own_containers_are_read_only_and_without_capabilities(name: str) -> None:
    assert SERVICES[name]["read_only"] is True
    assert SERVICES[name]["cap_drop"] == ["ALL"]


def test_the_bridge_can_be_scaled() -> None:
    assert "container_name" not in SERVICES["bridge"]
    assert "ports" not in SERVICES["bridge"]
    assert all("container_name" not in service for service in SERVICES.values())


def test_the_bridge_gets_the_variables_that_a_connector_names_and_runs_without_them_too() -> None:
    assert SERVICES["bridge"]["env_file"] == [{"path": "bridge.env", "required": False}]
    asked = ["git", "-C", str(ROOT), "check-ignore", "--quiet", "bridge.env"]
    assert subprocess.run(asked, check=False).returncode == 0, "it holds passwords, and would be committed"


def test_every_variable_is_a_port_a_path_or_a_password_that_must_be_given() -> None:
    for name, rest in VARIABLE.findall(FILE.read_text(encoding="utf-8")):
        if name in PASSWORDS:
            assert rest.startswith(":?"), f"{name} has a default"
        else:
            assert rest.startswith(":-"), f"{name} has no default"
            assert name.endswith("_PORT") or name == "BRIDGE_CONNECTOR"


def test_no_password_stands_in_the_file() -> None:
    for name, service in SERVICES.items():
        for key, value in service.get("environment", {}).items():
            if re.search("PASS|SECRET|TOKEN", key):
                found = VARIABLE.fullmatch(value)
                assert found is not None, f"{name}: {key}"
                assert found["name"] in PASSWORDS
            address = re.search(r"://[^/@]*:(?P<password>[^/@]*(?:\{[^}]*\})?[^/@]*)@", str(value))
            assert address is None or VARIABLE.fullmatch(address["password"]), f"{name}: {key}"


def test_data_is_kept_in_named_volumes_and_files_of_ours_are_read_only() -> None:
    for name, service in SERVICES.items():
        for volume in service.get("volumes", []):
            if volume.split(":")[0] in DOCUMENT["volumes"]:
                continue
            assert volume.endswith(":ro"), f"{name}: {volume}"


def test_every_file_that_is_mounted_exists() -> None:
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            path = VARIABLE.sub(lambda found: found["rest"].removeprefix(":-"), volume).split(":")[0]
            if path.startswith("./"):
                assert (ROOT / path).exists(), volume


def test_the_registry_runs_only_when_asked_for() -> None:
    assert SERVICES["registry"]["profiles"] == ["registry"]
    assert [name for name, service in SERVICES.items() if "profiles" in service] == ["registry"]


def _has_compose() -> bool:
    docker = shutil.which("docker")
    if docker is None:
        return False
    return subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode == 0


if _has_compose():
    # The plug-in reads the file without an engine; where it is not there, the tests above are what can be had.

    def test_compose_itself_accepts_the_file() -> None:
        docker = shutil.which("docker") or "docker"
        environment = {**os.environ, **dict.fromkeys(PASSWORDS, "x")}
        done = subprocess.run(
            [docker, "compose", "--file", str(FILE), "--profile", "*", "config", "--quiet"],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
