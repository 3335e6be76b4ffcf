"""Where the demo's servers are, as the environment says it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.demo.servers import servers
from bridge.errors import ConfigError


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    secret = tmp_path / "secret"
    secret.write_text("s3cret-s3cret\n")
    found = {"PGHOST": "127.0.0.1", "PGPORT": "5", "PGUSER": "owner", "PGDATABASE": "wallet"}
    found |= {"DEBEZIUM_USER": "debezium", "DEBEZIUM_PASSWORD_FILE": str(secret), "KAFKA_BROKERS": "127.0.0.1:6"}
    found |= {"CONNECT_URL": "http://127.0.0.1:7/", "RABBITMQ_HOST": "127.0.0.1", "RABBITMQ_PORT": "8"}
    for role in ("ADMIN", "BRIDGE"):
        found |= {f"RABBITMQ_{role}_USER": role.lower(), f"RABBITMQ_{role}_PASSWORD_FILE": str(secret)}
    return found


def test_passwords_are_read_from_their_files_and_not_shown(environment: dict[str, str]) -> None:
    found = servers(environment)
    assert found.rabbitmq_bridge == "amqp://bridge:s3cret-s3cret@127.0.0.1:8/%2F"
    assert found.debezium_password == "s3cret-s3cret"
    assert "s3cret" not in repr(found)


def test_debezium_may_see_the_database_elsewhere(environment: dict[str, str]) -> None:
    assert servers(environment).debezium_postgres == ("127.0.0.1", "5")
    inside = {**environment, "DEBEZIUM_PGHOST": "postgres", "DEBEZIUM_PGPORT": "5432"}
    assert servers(inside).debezium_postgres == ("postgres", "5432")


def test_each_missing_variable_is_one_sentence_that_says_what_to_do(environment: dict[str, str]) -> None:
    for name in environment:
        with pytest.raises(ConfigError) as caught:
            servers({key: value for key, value in environment.items() if key != name})
        assert name in str(caught.value)
        assert "make demo" in str(caught.value)
        assert "--embedded" in str(caught.value)
        assert len(caught.value.problems) == 1


def test_a_password_file_that_is_gone_is_named_by_its_variable(environment: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="DEBEZIUM_PASSWORD_FILE"):
        servers({**environment, "DEBEZIUM_PASSWORD_FILE": "/nowhere"})
