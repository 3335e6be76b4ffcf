"""The fixed name in the consumer group: whose it is, and who has none."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bridge.app import member_of, source_of
from bridge.brand import Brand, load_brand
from bridge.ledger import open_sqlite
from bridge.sources.adapter import KafkaAdapter
from tests.support.cases import ENVIRONMENT, EXAMPLES


def brand(folder: Path, kafka: str = "") -> Brand:
    text = (EXAMPLES / "ledger-reference.yaml").read_text()
    said = f'kafka: {{brokers: "${{KAFKA_BROKERS}}", {kafka}}}'
    path = folder / "brand.yaml"
    path.write_text(text.replace('kafka: "${KAFKA_BROKERS}"', said))
    return load_brand(path, ENVIRONMENT)


def name_of(found: Brand, ledger: Path) -> str | None:
    """Return the name that a start with a ledger file would have."""
    opened = open_sqlite(str(ledger), found.connector.brand, create=True)
    try:
        return member_of(found, opened)
    finally:
        opened.close()


def test_each_start_with_a_ledger_has_its_name_and_no_other_ledger_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = brand(tmp_path)
    first = name_of(found, tmp_path / "one.ledger")
    assert first is not None
    assert re.fullmatch(r"vintervik-[0-9a-f]{12}", first)
    assert name_of(found, tmp_path / "one.ledger") == first
    monkeypatch.setattr("bridge.ledger.opening.first_meta", _later)
    assert name_of(found, tmp_path / "two.ledger") != first


def _later(name: str) -> dict[str, str]:
    return {"brand": name, "schema_version": "1", "created_at": "2031-01-01T00:00:00+00:00", "bridge_version": "0"}


def test_kafka_python_has_none_and_a_name_in_the_connector_comes_first(tmp_path: Path) -> None:
    assert name_of(brand(tmp_path, "client: kafka-python"), tmp_path / "a.ledger") is None
    source = source_of(brand(tmp_path, "member: mine"), "made")
    assert isinstance(source, KafkaAdapter)
    assert source._settings.member == "mine"
