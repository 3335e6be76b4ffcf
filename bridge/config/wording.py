"""What pydantic finds wrong, in the words of someone who reads the file."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from bridge.config.places import KeyPath, dotted
from bridge.config.shapes import keys_at
from bridge.config.yaml_source import BRACES, Document
from bridge.errors import Problem

_KINDS: Final[tuple[tuple[str, str], ...]] = (
    ("string", "a text"),
    ("secret", "a text"),
    ("bool", "true or false"),
    ("int", "a whole number"),
    ("float", "a number"),
    ("decimal", "a number"),
    ("list", "a list"),
    ("dict", "a map of keys and values"),
    ("model", "a map of keys and values"),
    ("path", "a file name"),
)
_GUARDS: Final = "a reason for each, in words, and its condition: {not play: kind == 'deposit'}"
_MAPS: Final[Mapping[str | int, str]] = {
    "skip": _GUARDS,
    "park": _GUARDS,
    "moves": "for each column, how a row begins and what follows what: {status: {new: [open], open: [done]}}",
    "activities": "a name for each: {bet: {type: Bet}, win: {type: Win}}",
    "event": "a value for each field: {activity_id: id}",
    "each": "one list, and what one is called: {action: json(payload).actions}",
}
"""What the keys are that hold a map, and are often written otherwise."""
_WORDS: Final = re.compile(r"[\w .-]*")
_FORMS: Final = {
    "greater_than_equal": "at least {ge}",
    "greater_than": "more than {gt}",
    "less_than_equal": "at most {le}",
    "less_than": "less than {lt}",
    "string_pattern_mismatch": "a text of the form {pattern}",
    "string_too_short": "a text that is not empty",
    "string_too_long": "a text of at most {max_length} characters",
    "too_short": "at least {min_length} of them",
    "too_long": "at most {max_length} of them",
}


def problems_of(error: ValidationError, document: Document, model: type[BaseModel]) -> list[Problem]:
    """Return one problem for each place that is wrong."""
    found: dict[KeyPath, list[Mapping[str, Any]]] = {}
    for item in error.errors(include_url=False):
        found.setdefault(path_of(item, document.data), []).append(item)
    # One of several shapes was meant; what is wrong deeper down says which.
    mixed = {path for path in found for other in found if len(other) > len(path) and other[: len(path)] == path}
    return [
        _problem(path, items, document, model)
        for path, items in found.items()
        if path not in mixed or not all(_is_about_shape(item["type"]) for item in items)
    ]


def nearest(word: str, known: Iterable[str]) -> str:
    """Return a hint with the known word that comes nearest, or with all of them when they are few."""
    names = sorted(known)
    near = difflib.get_close_matches(word.lower(), names, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]}?"
    return f"known here: {', '.join(names)}" if names and len(names) <= 25 else ""


def path_of(item: Any, data: Any) -> KeyPath:
    """Return the path in the file; pydantic's own has names of types in it, and of what is missing."""
    path: list[str | int] = []
    nodes = [data]
    for step in item["loc"]:
        if _has(nodes[-1], step):
            path.append(step)
            nodes.append(nodes[-1][step])
        elif not isinstance(nodes[-1], (dict, list)):
            # A short form: what it stands for has its keys beside it.
            above = next((at for at in range(len(nodes) - 1, -1, -1) if _has(nodes[at], step)), None)
            if above is not None:
                path[above:] = [step]
                nodes[above + 1 :] = [nodes[above][step]]
    return (*path, item["loc"][-1]) if item["type"] == "missing" else tuple(path)


def _has(node: Any, step: str | int) -> bool:
    if isinstance(node, dict):
        return step in node
    return isinstance(node, list) and isinstance(step, int) and step < len(node)


def _is_about_shape(kind: str) -> bool:
    return kind.endswith("_type") or kind in ("literal_error", "is_instance_of")


def _problem(path: KeyPath, items: list[Mapping[str, Any]], document: Document, model: type[BaseModel]) -> Problem:
    kind = items[0]["type"]
    parent = path[:-1]
    if kind == "missing":
        message, hint = f"{path[-1]} is missing", ""
        place = document.places.get(parent) or document.places[()]
        return Problem(document.file, place.line, place.column, dotted(path), message, hint)
    place = document.places.get(path) or document.places[()]
    if kind == "extra_forbidden" and not _WORDS.fullmatch(str(path[-1])):
        message, hint = f"{path[-1]} is not a key here", BRACES
        return Problem(document.file, place.key_line, place.key_column, dotted(path), message, hint)
    if kind == "extra_forbidden":
        known = {*keys_at(model, parent), *keys_at(model, items[0]["loc"][:-1])}
        hint = nearest(str(path[-1]), _others(known, document.data, parent))
        message = f"{path[-1]} is not a key here"
        return Problem(document.file, place.key_line, place.key_column, dotted(path), message, hint)
    message, hint = _worded(items)
    if (message.startswith("a map of") or kind == "too_long") and not hint:
        hint = next((_MAPS[step] for step in path[::-1] if step in _MAPS), "")
    return Problem(document.file, place.line, place.column, dotted(path), message, hint)


def _others(known: Collection[str], data: Any, path: KeyPath) -> list[str]:
    """Return the known keys that are not written yet."""
    for step in path:
        data = data[step] if _has(data, step) else {}
    return [key for key in known if not _has(data, key)]


def _worded(items: list[Mapping[str, Any]]) -> tuple[str, str]:
    expected = dict.fromkeys(words for item in items if (words := _expected(item)))
    own = next((item for item in items if item["type"] in ("value_error", "assertion_error")), None)
    if own is not None:
        return str(own["ctx"]["error"]), ""
    choices = next((item["ctx"]["expected"] for item in items if item["type"] in ("literal_error", "enum")), None)
    if choices is not None:
        names = [name.strip("' ") for name in choices.replace(" or ", ", ").split(",")]
        written = items[0].get("input")
        hint = nearest(written, names) if isinstance(written, str) else ""
        message = f"one of these is expected: {', '.join(names)}" if len(names) > 1 else f"{names[0]} is expected"
        return message, hint if hint.startswith("did") else ""
    if set(expected) >= {"a text", "true or false", "a number"}:
        written = items[0].get("input")
        template = isinstance(written, dict) and set(written) == {"text"}
        return "an expression is expected", 'here a template is written text("b", id)' if template else ""
    if expected:
        return f"{' or '.join(expected)} is expected", ""
    return str(items[0]["msg"]).lower(), ""


def _expected(item: Mapping[str, Any]) -> str:
    kind: str = item["type"]
    if kind in _FORMS:
        return _FORMS[kind].format_map(item["ctx"])
    if kind.endswith(("_type", "_parsing", "_from_float")):
        return next((words for start, words in _KINDS if kind.startswith(start)), "")
    return ""
