"""`${NAME}`, `${NAME:-default}` and `${file:/path}` in texts: what differs from place to place, and secrets.

They are filled in after the YAML has been read, so what they hold can never change its structure.
What they held is never shown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from bridge.config.places import KeyPath, dotted
from bridge.config.yaml_source import Document
from bridge.errors import Problem

LONGEST_FILE: Final = 65_536

_VARIABLE: Final = re.compile(r"\$\$\{|\$\{([^}]*)\}")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# The last @ of an address ends the password: passwords hold @ too.
_PASSWORD: Final = re.compile(r"://[^/@\s:]*:(.+)@")
_NEXT_ADDRESS: Final = re.compile(r",(?=[a-z][a-z0-9+.-]*://)")
_SHORT: Final = 8
"""A secret of fewer characters may be a part of ordinary words, such as "port" or "e"."""


@dataclass(slots=True)
class Variables:
    """Fills variables in, from the environment and from files beside the connector."""

    environment: Mapping[str, str]
    folder: Path
    secrets: set[str] = field(default_factory=set)

    def fill(self, document: Document) -> None:
        """Replace every variable in the document's texts; what is missing joins its problems."""
        document.data = self._filled(document.data, (), document)

    def hidden(self, message: str) -> str:
        """Return a message without anything that came out of a variable."""
        for secret in sorted(self.secrets, key=len, reverse=True):
            message = _pattern(secret).sub("***", message)
        return message

    def _filled(self, value: Any, path: KeyPath, document: Document) -> Any:
        if isinstance(value, dict):
            return {key: self._filled(item, (*path, key), document) for key, item in value.items()}
        if isinstance(value, list):
            return [self._filled(item, (*path, at), document) for at, item in enumerate(value)]
        if not isinstance(value, str) or "${" not in value:
            return value
        return self._text(value, path, document)

    def _text(self, text: str, path: KeyPath, document: Document) -> str:
        place = document.places[path]

        def one(match: re.Match[str]) -> str:
            if match[1] is None:
                return "${"
            found = self._value(match[1])
            if isinstance(found, str):
                return found
            line, column = place.inside(match.start())
            document.problems.append(Problem(document.file, line, column, dotted(path), *found))
            return ""

        filled = _VARIABLE.sub(one, text)
        document.places[path] = replace(place, text=None)
        return filled

    def _value(self, inside: str) -> str | tuple[str, str]:
        """Return what a variable holds, or a message and a hint."""
        if inside.startswith("file:"):
            return self._of_file(inside.removeprefix("file:"))
        name, has_default, default = inside.partition(":-")
        if not _NAME.fullmatch(name):
            return (
                f"${{{inside}}} is no variable",
                "write ${NAME}, ${NAME:-default} or ${file:/path}; $${ for a plain ${",
            )
        value = self.environment.get(name, "")
        if value:
            self._hide(value)
            return value
        if has_default:
            return default
        state = "is empty" if name in self.environment else "is not set"
        return f"the variable {name} {state}", "set it in the environment, or write ${" + name + ":-default}"

    def _of_file(self, name: str) -> str | tuple[str, str]:
        path = self.folder / name
        try:
            if not path.is_file():
                return f"there is no file {name}", ""
            content = path.read_bytes()[: LONGEST_FILE + 1]
        except (OSError, ValueError):
            return f"the file {name} cannot be read", "may this user read it?"
        if len(content) > LONGEST_FILE:
            return f"the file {name} is longer than {LONGEST_FILE} bytes", ""
        try:
            value = content.decode().rstrip("\r\n")
        except UnicodeDecodeError:
            return f"the file {name} is not in UTF-8", ""
        if not value:
            return f"the file {name} is empty", ""
        self._hide(value, secret=True)
        return value

    def _hide(self, value: str, *, secret: bool = False) -> None:
        # A short value of a variable is a number or a word, such as a port; a file holds what is secret.
        hidden = {value} if secret or len(value) >= 4 else set()
        for address in _NEXT_ADDRESS.split(value):
            for password in _PASSWORD.findall(address):
                hidden |= {password, unquote(password)}
        # Messages quote values as Python writes them.
        self.secrets |= hidden | {repr(each)[1:-1] for each in hidden}


def _pattern(secret: str) -> re.Pattern[str]:
    """Return what finds a secret: a short one only where it is not a part of a word."""
    before = r"(?<!\w)" if len(secret) < _SHORT and re.match(r"\w", secret[0]) else ""
    behind = r"(?!\w)" if len(secret) < _SHORT and re.match(r"\w", secret[-1]) else ""
    return re.compile(f"{before}{re.escape(secret)}{behind}")
