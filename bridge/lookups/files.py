"""Look-up rows from a file beside the connector: CSV with a line of names, or a YAML list of maps."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bridge.config.yaml_source import parse_yaml
from bridge.errors import ConfigError, Problem
from bridge.row import Value

Rows = list[dict[str, Value]]


def read_rows(path: Path) -> Rows:
    """Return the rows of a file; numbers of YAML are exact, values of CSV are text, and empty ones null.

    Raises ConfigError with the place of what cannot be read.
    """
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not in UTF-8"
        raise ConfigError([Problem(str(path), 0, 0, "", f"the look-up file cannot be read: {reason}")]) from None
    return _of_csv(path, text) if path.suffix.lower() == ".csv" else _of_yaml(path, text)


def _of_csv(path: Path, text: str) -> Rows:
    reader = csv.reader(io.StringIO(text), strict=True)
    try:
        names = next(reader, [])
        if not names or len(set(names)) != len(names) or not all(names):
            raise ConfigError([Problem(str(path), 1, 1, "", "the first line does not name each column once")])
        rows = []
        for cells in reader:
            if not cells:
                continue
            if len(cells) != len(names):
                message = f"the line has {len(cells)} values for {len(names)} columns"
                raise ConfigError([Problem(str(path), reader.line_num, 1, "", message)])
            rows.append({name: cell or None for name, cell in zip(names, cells, strict=True)})
    except csv.Error as error:
        raise ConfigError([Problem(str(path), reader.line_num, 1, "", f"this is no CSV: {error}")]) from None
    return rows


def _of_yaml(path: Path, text: str) -> Rows:
    document = parse_yaml(text, str(path))
    rows: Any = document.data
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        hint = "write one `- {column: value, ...}` for each row"
        raise ConfigError([Problem(str(path), 1, 1, "", "the file is no list of rows", hint)])
    return [{str(column): value for column, value in row.items()} for row in rows]
