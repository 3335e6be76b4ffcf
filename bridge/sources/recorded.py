"""Recorded records: one JSON object a line, as tests, previews and bug reports carry them.

`topic`, `partition`, `offset`, `timestamp`, `headers` (a list of `[name, text]`), `key` and `value`
(text, or null for none).  Bytes that are no UTF-8 are in `key_base64`, `value_base64`, and in a
header as `{"base64": ...}` in place of the text.
"""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from bridge.errors import ConfigError, Problem
from bridge.records import SourceRecord


class _Base64(msgspec.Struct, forbid_unknown_fields=True):
    base64: str


class _Line(msgspec.Struct, forbid_unknown_fields=True):
    topic: str
    partition: int
    offset: int
    timestamp: int = -1
    headers: list[tuple[str, str | _Base64 | None]] = []
    key: str | None = None
    value: str | None = None
    key_base64: str | None = None
    value_base64: str | None = None


_DECODER = msgspec.json.Decoder(_Line)

_FORM: Final = 'a line is {"topic": "...", "partition": 0, "offset": 0, "key": "...", "value": "..."}'
_FORMS: Final = {
    b"\x1f\x8b": "the file is compressed: unpack it first",
    BOM_UTF16_LE: "the file is in UTF-16: write it in UTF-8",
    BOM_UTF16_BE: "the file is in UTF-16: write it in UTF-8",
}
"""What other files begin with."""


def decode_line(line: bytes) -> SourceRecord:
    """Return the record that a line says.  Raises ValueError, which names the key and shows no value."""
    try:
        said = _DECODER.decode(line)
        return SourceRecord(
            said.topic,
            said.partition,
            said.offset,
            _raw("key", said.key, said.key_base64),
            _raw("value", said.value, said.value_base64),
            tuple((name, _header(text)) for name, text in said.headers),
            said.timestamp,
        )
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from None
    except UnicodeDecodeError:
        raise ValueError("the line is not in UTF-8") from None


def _raw(name: str, text: str | None, base64: str | None) -> bytes | None:
    if text is not None and base64 is not None:
        raise ValueError(f"{name} and {name}_base64 exclude each other")
    if base64 is not None:
        return _from_base64(base64)
    return None if text is None else text.encode()


def _header(text: str | _Base64 | None) -> bytes | None:
    if isinstance(text, _Base64):
        return _from_base64(text.base64)
    return None if text is None else text.encode()


def _from_base64(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("the base64 is broken") from None


def _hint(line: bytes) -> str:
    return next((hint for start, hint in _FORMS.items() if line.startswith(start)), _FORM)


def encode_line(record: SourceRecord) -> bytes:
    """Return the record as one line, without its end, such that `decode_line` gives the record back."""
    said: dict[str, Any] = {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "timestamp": record.timestamp_ms,
        "headers": [[name, _text_or_base64(value)] for name, value in record.headers],
    }
    for name, raw in (("key", record.key), ("value", record.value)):
        text = _text_or_base64(raw)
        if isinstance(text, dict):
            said[f"{name}_base64"] = text["base64"]
        else:
            said[name] = text
    return msgspec.json.encode(said)


def _text_or_base64(raw: bytes | None) -> str | dict[str, str] | None:
    if raw is None:
        return None
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return {"base64": b64encode(raw).decode("ascii")}


def read_recorded(path: Path) -> Iterator[SourceRecord]:
    """Yield the records of a file, in its order; empty lines and a byte order mark are passed over.

    Raises ConfigError with file and line for the first line that is no record, and for a file that
    cannot be read.
    """
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                said = line.removeprefix(BOM_UTF8) if number == 1 else line
                if not said.strip():
                    continue
                try:
                    yield decode_line(said)
                except ValueError as error:
                    message = f"not a recorded record: {error}"
                    raise ConfigError([Problem(str(path), number, 1, "", message, _hint(said))]) from error
    except OSError as error:
        hint = "give a file with one recorded record a line"
        raise ConfigError([Problem(str(path), 0, 0, "", f"cannot be read: {error.strerror}", hint)]) from error
