"""Golden records as they were polled."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bridge.decoders import RegistrySettings
from bridge.records import SourceRecord
from tests.debezium.registry import registry_of


def records(path: Path) -> list[SourceRecord]:
    """Return the records of a file; their offset is their line."""
    found = []
    for offset, text in enumerate(path.read_text().splitlines()):
        line = json.loads(text)
        key, value = (_bytes(line, part) for part in ("key", "value"))
        headers = tuple((header, value.encode()) for header, value in line["headers"])
        found.append(SourceRecord(line["topic"], 0, offset, key, value, headers, -1))
    return found


def _bytes(line: Mapping[str, Any], part: str) -> bytes | None:
    if f"{part}_base64" in line:
        return base64.b64decode(line[f"{part}_base64"])
    text = line[part]
    return None if text is None else str(text).encode()


@contextmanager
def registry(folder: Path) -> Iterator[RegistrySettings]:
    """Serve the schemas that were kept beside the records."""
    schemas = json.loads((folder / "registry.json").read_bytes())
    with registry_of({int(number): schema for number, schema in schemas.items()}) as served:
        yield served.settings()
