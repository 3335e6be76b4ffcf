"""Every YAML example of the documentation loads, and those with tests beside them come out as told."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from bridge.brand import load_brand
from bridge.rehearsing.connector_tests import run_tests
from tests.docs.pages import DOCS, ROOT, Block, blocks, pages

ENVIRONMENT = {
    name: "filled-in"
    for page in sorted(DOCS.rglob("*.md"))
    for name in re.findall(r"\$\{([A-Z_]+)\}", page.read_text(encoding="utf-8"))
} | {"KAFKA_BROKERS": "127.0.0.1:9", "RABBITMQ_URL": "amqps://nobody:nothing@127.0.0.1:9/"}


def examples(*marks: str) -> list[Block]:
    """Return the YAML blocks of all pages that have one of these marks."""
    found = [block for page in pages() for block in blocks(page) if block.language == "yaml"]
    return [block for block in found if set(marks) & {mark.partition("=")[0] for mark in block.marks}]


def merged(base: Any, part: Any) -> Any:
    """Return a mapping with another laid over it."""
    if not isinstance(base, dict) or not isinstance(part, dict):
        return part
    return base | {key: merged(base[key], value) if key in base else value for key, value in part.items()}


GUIDE = DOCS / "how-to" / "write-a-connector.md"


def marked(page: Path, mark: str) -> Any:
    """Return the content of the block with a mark: the page's own, else the guide's."""
    texts = [block.text for where in (page, GUIDE) for block in blocks(where) if mark in block.marks]
    return yaml.safe_load(texts[0])


def completed(block: Block) -> str:
    """Return the whole connector of which a block shows a part, as the page says how it is to be read."""
    base, part = marked(block.page, "connector-base"), yaml.safe_load(block.text)
    if "play" in part:
        (table,) = base.pop("play").values()
        shared = {name: table[name] for name in ("key", "player", "with", "event")}
        part["play"] = {name: merged(shared, own) for name, own in part["play"].items()}
    for name in ("source", "target"):
        if name in part:
            base.pop(name)
    return yaml.safe_dump(merged(base, part), sort_keys=False, allow_unicode=True)


def connector_of(block: Block, folder: Path) -> Path:
    """Write the connector that a block is, or is a part of, and the files beside it."""
    text = completed(block) if "connector-part" in block.marks else block.text
    path = folder / f"{block.value('name') or 'connector'}.yaml"
    path.write_text(text, encoding="utf-8")
    for beside in blocks(block.page):
        name = beside.value("beside")
        if name is not None:
            (folder / name).write_text(beside.text, encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    "block", examples("connector", "connector-base", "connector-part"), ids=lambda block: block.place
)
def test_every_connector_of_the_documentation_loads(block: Block, tmp_path: Path) -> None:
    load_brand(connector_of(block, tmp_path), ENVIRONMENT)


def _base_of_tests(page: Path, tables: set[str]) -> Any:
    base = marked(page, "test-base")
    return base | {"columns": {name: columns for name, columns in base["columns"].items() if name in tables}}


@pytest.mark.parametrize("block", examples("test"), ids=lambda block: block.place)
def test_every_connector_with_tests_sends_what_the_page_says(block: Block, tmp_path: Path) -> None:
    name = block.value("test")
    (connector,) = [other for other in blocks(block.page) if name and other.value("name") == name]
    tests = tmp_path / f"{name}.test.yaml"
    known = yaml.safe_load(connector_of(connector, tmp_path).read_text(encoding="utf-8"))
    said = merged(_base_of_tests(block.page, set(known["play"])), yaml.safe_load(block.text))
    tests.write_text(yaml.safe_dump(said, sort_keys=False, allow_unicode=True), encoding="utf-8")
    results = run_tests(tests)
    assert results
    for result in results:
        assert result.passed, f"{result.name}: {result.differences} {result.notes}"


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_block_is_what_it_says_it_is(page: Path) -> None:
    for block in blocks(page):
        if block.language == "yaml" and "{{" not in block.text:
            list(yaml.safe_load_all(block.text))
        elif block.language == "json" and "..." not in block.text and "…" not in block.text:
            json.loads(block.text)
