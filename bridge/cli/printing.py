"""How results look: on a terminal in colour, in a pipe as plain lines, never cut."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import msgspec
from rich.console import Console
from rich.markup import escape

from bridge.errors import BridgeError, ConfigError, Problem

STYLES = {
    "sent": "green",
    "skipped": "dim",
    "history": "dim",
    "lookup": "dim",
    "held": "yellow",
    "parked": "red",
}


_WIDE = 10_000
"""Columns of a pipe, which has no edge: tables are as wide as what is in them."""
_JSON = msgspec.json.Encoder(enc_hook=str, decimal_format="number")


def console() -> Console:
    """Return the console of standard output; what is piped is neither coloured nor wrapped."""
    piped = not sys.stdout.isatty() and "COLUMNS" not in os.environ
    return Console(highlight=False, soft_wrap=True, emoji=False, width=_WIDE if piped else None)


def line(text: str) -> None:
    """Print one line as it is."""
    sys.stdout.write(f"{text}\n")


def json_line(value: Any) -> None:
    """Print one JSON object on one line; numbers are exact."""
    line(_JSON.encode(value).decode())


def problem_fields(problem: Problem, severity: str) -> dict[str, Any]:
    """Return a problem or warning as a JSON object."""
    return {"severity": severity, **{name: getattr(problem, name) for name in Problem.__dataclass_fields__}}


def failure(error: BridgeError) -> None:
    """Print to standard error why a command could not do its work."""
    if isinstance(error, ConfigError):
        problems(error.problems)
    else:
        sys.stderr.write(f"{error}\n")


def problems(found: Iterable[Problem]) -> None:
    """Print problems to standard error, one a line."""
    for problem in found:
        sys.stderr.write(f"{problem}\n")


def shown(value: Any) -> str:
    """Return a value of an event for a person."""
    if value is None:
        return "absent"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dict | list):
        return _JSON.encode(value).decode()
    return str(value)


def styled(style: str, text: str) -> str:
    """Return text in a style, whatever stands in it."""
    return f"[{style}]{escape(text)}[/{style}]" if style else escape(text)
