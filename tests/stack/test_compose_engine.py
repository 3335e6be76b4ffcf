"""How docker is called. The program in its place writes down what it was given."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from stack import engine
from stack.compose import PASSWORD_VARIABLES, ComposeStack
from stack.errors import StackError
from stack.passwords import make_passwords, read_password
from stack.progress import Progress

RECORDER = """#!/bin/sh
printf '%s\\n' "$*" >> "$CALLS"
env | grep '^BRIDGE_' >> "$CALLS.environment"
case "$*" in
  "compose version --short") echo "${COMPOSE_VERSION-2.24.0}" ;;
  "version --format {{.Server.APIVersion}}") echo "${API_VERSION-1.44}" ;;
  *" ps "*) cat "$ANSWER" ;;
  *" logs "*) echo "the end of a log" ;;
  *" up "*) test ! -e "$ANSWER.broken" || { echo "no such image" >&2; exit 1; } ;;
esac
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    program = tmp_path / "bin" / "docker"
    program.parent.mkdir()
    program.write_text(RECORDER, encoding="ascii")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    monkeypatch.setenv("ANSWER", str(tmp_path / "answer"))
    monkeypatch.delenv("BRIDGE_STACK_ENGINE", raising=False)
    (tmp_path / "answer").touch()
    make_passwords(tmp_path)
    return tmp_path


@pytest.fixture
def compose(folder: Path) -> ComposeStack:
    return ComposeStack(folder, Progress(quiet=True))


def _calls(folder: Path) -> list[str]:
    return (folder / "calls").read_text(encoding="utf-8").splitlines()


def test_up_waits_for_health_and_leaves_out_what_was_not_asked_for(compose: ComposeStack, folder: Path) -> None:
    compose.up(with_registry=False)
    (call,) = _calls(folder)
    assert " --wait " in call
    assert call.endswith(" postgres kafka connect rabbitmq")


def test_passwords_go_by_environment_and_stand_in_no_argument(compose: ComposeStack, folder: Path) -> None:
    compose.up(with_registry=False)
    given = (folder / "calls.environment").read_text(encoding="utf-8").splitlines()
    for variable, name in PASSWORD_VARIABLES.items():
        assert f"{variable}={read_password(folder, name)}" in given
        assert read_password(folder, name) not in "".join(_calls(folder))


def test_a_failed_start_shows_what_docker_said_and_the_logs(compose: ComposeStack, folder: Path) -> None:
    (folder / "answer.broken").touch()
    with pytest.raises(StackError, match=r"(?s)no such image.*the end of a log"):
        compose.up(with_registry=False)


def test_health_is_read_from_docker(compose: ComposeStack, folder: Path) -> None:
    lines = [
        {"Service": "postgres", "State": "running", "Health": "healthy"},
        {"Service": "kafka", "State": "running", "Health": "starting"},
        {"Service": "connect", "State": "exited", "Health": ""},
    ]
    (folder / "answer").write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    assert compose.unwell(with_registry=False) == {
        "postgres": None,
        "kafka": "starting",
        "connect": "exited",
        "rabbitmq": "not running",
    }


def test_down_removes_data_only_when_asked(compose: ComposeStack, folder: Path) -> None:
    assert not compose.down(volumes=False)
    compose.down(volumes=True)
    downs = [call for call in _calls(folder) if "down" in call.split()]
    assert ["--volumes" in call for call in downs] == [False, True]


def test_down_takes_along_the_volumes_that_only_an_image_names(compose: ComposeStack, folder: Path) -> None:
    compose.down(volumes=False)
    last = [call.partition("docker-compose.yml ")[2] for call in _calls(folder)][-3:]
    assert last == ["--profile * stop --timeout 30", "--profile * rm --force --volumes", "--profile * down"]


def test_the_faults_of_a_server_are_those_of_its_container(compose: ComposeStack, folder: Path) -> None:
    server = compose.server("rabbitmq")
    for fault in (server.stop, server.start, server.kill, server.pause):
        fault()
    words = [call.partition("docker-compose.yml ")[2].split()[0] for call in _calls(folder)]
    assert words == ["stop", "up", "kill", "pause"]


def test_two_run_folders_are_two_projects(compose: ComposeStack, folder: Path, tmp_path: Path) -> None:
    make_run = tmp_path / "other"
    make_run.mkdir()
    make_passwords(make_run)
    compose.down(volumes=False)
    ComposeStack(make_run, Progress(quiet=True)).down(volumes=False)
    projects = {call.split("--project-name ")[1].split()[0] for call in _calls(folder)}
    assert len(projects) == 2


def test_containers_are_chosen_where_they_answer(folder: Path) -> None:
    assert engine.choose(folder) == "docker"


def test_processes_are_chosen_where_no_engine_answers(folder: Path) -> None:
    (folder / "bin" / "docker").write_text("#!/bin/sh\nexit 1\n", encoding="ascii")
    assert engine.choose(folder) == "native"


@pytest.mark.parametrize(
    ("compose", "api", "way"),
    [
        ("2.24.0", "1.44", "docker"),
        ("v5.0.1-desktop.1", "1.52", "docker"),
        ("2.23.3", "1.44", "native"),
        ("1.29.2", "1.44", "native"),
        ("2.40.3", "1.41", "native"),
        ("", "1.44", "native"),
        ("2.40.3", "", "native"),
    ],
)
def test_an_engine_that_does_not_understand_the_file_is_not_chosen(
    folder: Path, monkeypatch: pytest.MonkeyPatch, compose: str, api: str, way: str
) -> None:
    monkeypatch.setenv("COMPOSE_VERSION", compose)
    monkeypatch.setenv("API_VERSION", api)
    assert engine.choose(folder) == way


@pytest.mark.parametrize("program", ['#!/bin/sh\necho "unknown flag" >&2; exit 125\n', None])
def test_without_a_compose_plug_in_it_says_what_to_install(
    compose: ComposeStack, folder: Path, monkeypatch: pytest.MonkeyPatch, program: str | None
) -> None:
    docker = folder / "bin" / "docker"
    if program is None:
        docker.unlink()
        monkeypatch.setenv("PATH", str(docker.parent))
    else:
        docker.write_text(program, encoding="ascii")
    with pytest.raises(StackError, match=r"install Docker with Compose 2\.24"):
        compose.become(["ps"])


def test_a_running_stack_stays_with_its_engine(folder: Path) -> None:
    engine.mark(folder, "native")
    assert engine.choose(folder) == "native"
    engine.mark(folder, None)
    assert engine.choose(folder) == "docker"


def test_the_engine_can_be_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRIDGE_STACK_ENGINE", "native")
    assert engine.choose(folder) == "native"


def test_a_named_engine_that_does_not_answer_is_an_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "bin" / "docker").write_text("#!/bin/sh\nexit 1\n", encoding="ascii")
    monkeypatch.setenv("BRIDGE_STACK_ENGINE", "docker")
    with pytest.raises(StackError, match="no container engine"):
        engine.choose(folder)


def test_an_engine_that_is_none_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRIDGE_STACK_ENGINE", "podmam")
    with pytest.raises(StackError, match="podmam"):
        engine.choose(folder)
