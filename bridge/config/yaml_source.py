"""YAML as data with places: the core of YAML 1.2, exact numbers, no tags, bounded.

`no`, `on`, `yes` are text, as they look.  A number with a fraction is a Decimal.  A key that stands
twice is a problem.  Nothing is ever constructed but texts, numbers, true, false, null, lists and maps.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

import yaml

from bridge.config.places import KeyPath, Place, dotted
from bridge.errors import ConfigError, Problem

LONGEST: Final = 200_000
MOST_VALUES: Final = 20_000
DEEPEST: Final = 40

_WHOLE: Final = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,99})")
_FRACTION: Final = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,49})\.[0-9]{1,50}")
_WORDS: Final = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
BRACES: Final = "inside braces, an expression with a comma or with [ ] goes into quotes as a whole"
RIGHT_FILE: Final = "is it the right file?"
_HINTS: Final = (
    ("expected ',' or '}'", BRACES),
    ("expected ',' or ']'", BRACES),
    ("mapping values are not allowed", "a text with a colon and a blank in it goes into quotes"),
    ("'\\t'", "indent with blanks, not with tabs"),
    ("found '<scalar>'", "a text that goes on behind a quote goes into quotes as a whole"),
    ("cannot start any token", "a text that begins with this character goes into quotes"),
    ("undefined alias", "a text that begins with * goes into quotes"),
    ("expected <block end>", "is the indentation right?"),
    ("could not find expected ':'", "a key is followed by a colon and a blank"),
)


@dataclass(slots=True)
class Document:
    """What a file says, and where."""

    file: str
    data: Any
    places: dict[KeyPath, Place]
    problems: list[Problem] = field(default_factory=list)
    """What is wrong so far; the data is fit for finding more."""


@dataclass(slots=True)
class _Node:
    start: Any
    written: str
    value: Any
    """A text, a list of nodes, or a list of pairs of nodes."""
    kind: str


def parse_yaml(text: str, file: str) -> Document:
    """Return what a YAML text says.  Raises ConfigError when it cannot be read at all."""
    if len(text) > LONGEST:
        raise ConfigError([Problem(file, 0, 0, "", f"the file is longer than {LONGEST} characters")])
    try:
        nodes = _nodes(text)
    except _TooDeep as error:
        raise ConfigError([_too_deep(file, error.start)]) from None
    except yaml.MarkedYAMLError as error:
        raise ConfigError([_yaml_problem(file, error)]) from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise ConfigError([_odd_character(text, file, error)]) from None
    if len(nodes) != 1:
        message = "the file holds nothing" if not nodes else "the file holds more than one document (---)"
        raise ConfigError([Problem(file, 1, 1, "", message, "" if nodes else RIGHT_FILE)])
    document = Document(file, None, {})
    document.data = _Building(document).value(nodes[0], (), None, 0)
    return document


class _TooDeep(Exception):
    """Something nests too deeply, and where that begins."""

    def __init__(self, start: Any) -> None:
        super().__init__()
        self.start = start


# A command reads a connector twice: for the variables that it needs, and for what it says.
@lru_cache(maxsize=4)
def _nodes(text: str) -> tuple[_Node, ...]:
    """Return a node for each document; who builds data out of them leaves them as they are."""
    return tuple(_Reading(text).documents())


def _yaml_problem(file: str, error: yaml.MarkedYAMLError) -> Problem:
    mark: Any = error.problem_mark or error.context_mark
    message = error.problem or "this is no YAML"
    hint = next((hint for part, hint in _HINTS if part in message), "")
    line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
    return Problem(file, line, column, "", f"this is no YAML: {message}", hint)


def _odd_character(text: str, file: str, error: Exception) -> Problem:
    at = error.position if isinstance(error, yaml.reader.ReaderError) else None
    if not isinstance(at, int):
        return Problem(file, 0, 0, "", "this is no YAML: it holds an escape for no character")
    before = text[:at]
    line, column = before.count("\n") + 1, at - before.rfind("\n")
    return Problem(file, line, column, "", "this is no YAML: it holds a character that cannot be shown")


def _too_deep(file: str, start: Any) -> Problem:
    return _problem_at(file, start, "the file nests too deeply")


def _problem_at(file: str, start: Any, message: str) -> Problem:
    return Problem(file, start.line + 1, start.column + 1, "", message)


class _Reading:
    """Makes nodes out of YAML's events."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._events = yaml.parse(text, Loader=yaml.SafeLoader)
        self._anchors: dict[str, _Node] = {}

    def documents(self) -> Iterator[_Node]:
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                self._anchors.clear()
                yield self._node(next(self._events), 0)

    def _node(self, event: Any, depth: int) -> _Node:
        start: Any = event.start_mark
        if depth > DEEPEST:
            raise _TooDeep(start)
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                raise yaml.MarkedYAMLError(problem="found undefined alias", problem_mark=start)
            return self._anchors[event.anchor]
        if event.tag is not None:
            raise yaml.MarkedYAMLError(problem="tags (!) are not allowed", problem_mark=start)
        if isinstance(event, yaml.ScalarEvent):
            end: Any = event.end_mark
            written = self._text[start.index : end.index]
            node = _Node(start, written, event.value, "plain" if event.style is None else "text")
        elif isinstance(event, yaml.SequenceStartEvent):
            items = self._until(yaml.SequenceEndEvent)
            node = _Node(start, "", [self._node(item, depth + 1) for item in items], "list")
        else:
            keys = self._until(yaml.MappingEndEvent)
            pairs = [(self._node(key, depth + 1), self._node(next(self._events), depth + 1)) for key in keys]
            node = _Node(start, "", pairs, "map")
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _until(self, end: type[yaml.Event]) -> Iterator[Any]:
        for event in self._events:
            if isinstance(event, end):
                return
            yield event


class _Building:
    """Makes data out of nodes, aliases written out, and notes where each value stands."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._values = 0

    def value(self, node: _Node, path: KeyPath, key: Any, depth: int) -> Any:
        self._values += 1
        # Aliases nest deeper than what is written.
        if depth > DEEPEST:
            raise ConfigError([_too_deep(self._document.file, node.start)])
        if self._values > MOST_VALUES:
            raise ConfigError([_problem_at(self._document.file, node.start, "the file says too much")])
        result = self._plain(node) if node.kind in ("plain", "text") else None
        line, column = node.start.line + 1, node.start.column + 1
        self._document.places[path] = Place(
            line,
            column,
            key.line + 1 if key else line,
            key.column + 1 if key else column,
            node.written,
            result if isinstance(result, str) else None,
        )
        if node.kind == "list":
            return [self.value(item, (*path, at), None, depth + 1) for at, item in enumerate(node.value)]
        return self._map(node, path, depth) if node.kind == "map" else result

    def _map(self, node: _Node, path: KeyPath, depth: int) -> dict[Any, Any]:
        result: dict[Any, Any] = {}
        first: dict[Any, int] = {}
        for key_node, value_node in node.value:
            key = self._key(key_node, path)
            if key in first:
                message = f"{_shown(key)} stands here twice; first in line {first[key]}"
                self._problem(key_node, (*path, key), message, "")
                continue
            first[key] = key_node.start.line + 1
            result[key] = self.value(value_node, (*path, key), key_node.start, depth + 1)
        return result

    def _key(self, node: _Node, path: KeyPath) -> Any:
        if node.kind not in ("plain", "text"):
            self._problem(node, path, "a key is a text or a number", "a text with { or [ goes into quotes")
            return f"{node.start.line}:{node.start.column}"
        if node.kind == "plain" and node.value == "<<":
            self._problem(node, path, "<< is not part of this language", "write the keys out")
        return self._plain(node)

    def _problem(self, node: _Node, path: KeyPath, message: str, hint: str) -> None:
        line, column = node.start.line + 1, node.start.column + 1
        problem = Problem(self._document.file, line, column, dotted(path), message, hint)
        self._document.problems.append(problem)

    @staticmethod
    def _plain(node: _Node) -> Any:
        text = node.value
        if node.kind == "text":
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _WHOLE.fullmatch(text):
            return int(text)
        return Decimal(text) if _FRACTION.fullmatch(text) else text


def _shown(key: Any) -> str:
    return "null" if key is None else str(key).lower() if isinstance(key, bool) else str(key)
