"""Variables: filled in after the YAML is read, required, and never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.config.variables import Variables
from bridge.config.yaml_source import Document, parse_yaml
from bridge.errors import ConfigError
from tests.unit.config.connectors import ENVIRONMENT, changed, read


def _filled(text: str, folder: Path = Path(), **environment: str) -> Document:
    document = parse_yaml(text, "f.yaml")
    Variables(environment, folder).fill(document)
    return document


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("${NAME}", "alice"),
        ("a-${NAME}-${NAME}", "a-alice-alice"),
        ("${OTHER:-bob}", "bob"),
        ("${EMPTY:-bob}", "bob"),
        ("${OTHER:-}", ""),
        ("${NAME:-bob}", "alice"),
        ("$NAME {NAME} $$ $5", "$NAME {NAME} $$ $5"),
        ("$${NAME}", "${NAME}"),
        ("${TRICK}", "x: {y: [1]}\n- ${NAME}"),
    ],
)
def test_a_variable_is_filled_in_as_text(written: str, value: str) -> None:
    environment = {"NAME": "alice", "EMPTY": "", "TRICK": "x: {y: [1]}\n- ${NAME}"}
    document = parse_yaml(f"k: ['{written}']", "f.yaml")
    Variables(environment, Path()).fill(document)
    assert document.data == {"k": [value]}


@pytest.mark.parametrize(
    ("written", "column", "message"),
    [
        ("${MISSING}", 5, "the variable MISSING is not set"),
        ("ab ${MISSING}", 8, "the variable MISSING is not set"),
        ("${EMPTY}", 5, "the variable EMPTY is empty"),
        ("${a b}", 5, "${a b} is no variable"),
        ("${}", 5, "${} is no variable"),
        ("${file:missing}", 5, "there is no file missing"),
        ("${file:.}", 5, "there is no file ."),
        ("${file:empty}", 5, "the file empty is empty"),
        ("${file:binary}", 5, "the file binary is not in UTF-8"),
        ("${file:long}", 5, "the file long is longer than 65536 bytes"),
    ],
)
def test_what_is_missing_is_a_problem_at_its_place(
    tmp_path: Path, written: str, column: int, message: str
) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "long").write_text("x" * 70_000)
    document = _filled(f"k: '{written}'", tmp_path, EMPTY="")
    (problem,) = document.problems
    assert (problem.line, problem.column, problem.message, problem.key) == (1, column, message, "k")


def test_a_file_gives_its_content_without_the_last_line_end(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("open sesame \n")
    assert _filled("k: ${file:secret}", tmp_path).data == {"k": "open sesame "}
    assert _filled(f"k: ${{file:{tmp_path}/secret}}").data == {"k": "open sesame "}


@pytest.mark.parametrize(
    "url",
    ["http://bridge:open-sesame@localhost/", "amqp://bridge:open-sesame@localhost:port/", "open-sesame"],
)
def test_a_secret_is_in_no_message(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(environment={**ENVIRONMENT, "RABBITMQ_URL": url})
    assert "target.rabbitmq" in str(caught.value)
    assert "open-sesame" not in str(caught.value)


def test_a_secret_in_an_expression_is_in_no_message() -> None:
    file = read(changed("activity_id: id", 'activity_id: "${RABBITMQ_URL}"'))
    problem = file.problem(
        ("play", "wallet_tx", "event", "activity_id"), "unknown name open-sesame", "open-sesame?", 1, 9
    )
    assert "open-sesame" not in str(problem)
    assert (problem.line, problem.column) == (18, 20)


def test_a_secret_is_not_in_the_text_of_the_connector() -> None:
    assert "open-sesame" not in repr(read().model)


def _secrets(tmp_path: Path, **environment: str) -> Variables:
    variables = Variables(environment, tmp_path)
    variables.fill(parse_yaml("\n".join(f"k{at}: ${{{name}}}" for at, name in enumerate(environment)), "f.yaml"))
    return variables


@pytest.mark.parametrize("password", ["e", "is", "ran", "ort", "9"])
def test_a_short_password_blanks_out_no_part_of_a_word(password: str, tmp_path: Path) -> None:
    variables = _secrets(tmp_path, URL=f"amqp://bridge:{password}@h:5672/%2F")
    sentence = "the port ranges from 1 to 65535 here; please see line 19"
    assert variables.hidden(sentence) == sentence


@pytest.mark.parametrize("password", ["e", "id", "p@s", "p/x", "a:b", "$1", "p w", "näh", "it's", "C:\\x", "%41b"])
def test_a_short_password_is_in_no_message_either(password: str, tmp_path: Path) -> None:
    variables = _secrets(tmp_path, URL=f"amqp://bridge:{password}@h:5672,amqp://bridge:other@i/%2F")
    for said in ("amqp://bridge:{}@h:5672 is no address", "'{}' is too short", "({})"):
        assert variables.hidden(said.format(password)) == said.format("***")
    assert password not in variables.hidden(f"{password!r} is too short").split("'")


def test_a_secret_of_a_file_is_hidden_however_short_it_is(tmp_path: Path) -> None:
    (tmp_path / "pw").write_text("ab\n")
    variables = Variables({}, tmp_path)
    variables.fill(parse_yaml("k: ${file:pw}", "f.yaml"))
    assert variables.hidden("'ab' is too short, about") == "'***' is too short, about"


def test_a_long_secret_is_hidden_inside_a_word_too(tmp_path: Path) -> None:
    assert _secrets(tmp_path, KEY="s3cret-key").hidden("xs3cret-keyx") == "x***x"
