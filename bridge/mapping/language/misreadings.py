"""Names that can be compiled and do not mean what their writer thinks: found at load, not with the first row."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Final

from bridge.errors import MappingError
from bridge.mapping.language.always import Misreading
from bridge.mapping.language.readers import Names
from bridge.mapping.language.syntax import did_you_mean
from bridge.row import Value

WORDS: Final = frozenset(("true", "false", "none", "null"))

_SAYS_NO: Final = frozenset(("false", "f", "no", "n", "off", "0", "aa=="))

_CLOCK: Final = "there is no clock; committed_at is when the change was committed"
_ELSEWHERE: Final = {
    **dict.fromkeys(("now", "today", "current_timestamp", "sysdate"), _CLOCK),
    **dict.fromkeys(("int", "float", "decimal", "to_number"), "write number(x)"),
    **dict.fromkeys(("str", "string", "concat", "to_char", "format"), 'write text("a", x)'),
    **dict.fromkeys(("coalesce", "ifnull", "nvl", "isnull"), "write first(a, b)"),
    **dict.fromkeys(("iif", "iff", "case", "when"), "write a if condition else b"),
    **dict.fromkeys(("substr", "substring", "left", "right"), 'write split(x, "-", 0), or extract(x, pattern)'),
    **dict.fromkeys(("to_timestamp", "timestamp", "datetime"), "write moment(x, zone), or epoch_ms(x)"),
    **dict.fromkeys(("parse_json", "json_extract", "json_value"), "write json(x).name"),
    **dict.fromkeys(("len", "size"), "write length(text), or count(list)"),
}
"""What functions of other languages are called here."""


def of_function(name: str) -> str:
    """Return what says the same as a function of another language, or nothing."""
    return _ELSEWHERE.get(name.casefold(), "")


def truth(value: Value, where: str) -> bool:
    """Return whether a value counts as true.

    Raises MappingError for a text that says no: as a text it would count as true, and turn a flag round; and
    for bits that are all 0, as bytes or in base64.
    """
    if value.__class__ is str and value.casefold() in _SAYS_NO:
        reason = f'{where} is a text that says no, and a text counts as true; say {where} == "..."'
        raise MappingError("text_as_condition", reason)
    if value.__class__ is bytes and value and not any(value):
        raise MappingError("text_as_condition", f"{where} is bytes, all 0; say boolean under columns")
    return bool(value)


def of_activity(name: str, names: Names) -> Misreading | None:
    """Return why a name is no value, when it is an activity's: of that, only a field is one."""
    if names.kind(name) != "activity":
        return None
    hint = (
        f'for the text write "{name}" in quotes, for the column column("{name}"), for what was sent {name}.amount'
    )
    return f"{name} is an activity of this table, and no value", hint


def of_attribute(node: ast.Attribute, names: Names) -> Misreading | None:
    """Return what is wrong with `games.title`: a table has many rows."""
    base = node.value
    if not isinstance(base, ast.Name) or names.kind(base.id) != "table":
        return None
    hint = f'write {base.id}[...].{node.attr}; or column("{base.id}").{node.attr}, if the column is meant'
    return f"{base.id} is a table: which of its rows?", hint


def of_rows(base: ast.expr, at: Sequence[ast.expr], names: Names) -> Misreading | None:
    """Return what is wrong with a row of a table that is not there; without this it is an item of a column."""
    if len(at) == 1 and not any(isinstance(inner, ast.Name) for inner in ast.walk(at[0])):
        return None  # `details["a name"][0]`
    if isinstance(base, ast.Name):
        if base.id in WORDS or names.kind(base.id) != "column":
            return None
        hint = did_you_mean(base.id, names.known()) or f'for an item of a column, column("{base.id}")[...]'
        return f"there is no table {base.id}", hint
    if isinstance(base, ast.Attribute) and isinstance(base.value, ast.Name):
        return _of_index(base.value.id, base.attr, names)
    return None


def _of_index(first: str, second: str, names: Names) -> Misreading | None:
    if names.kind(first) == "table":
        hint = f"declare it under `indexes` of {first}, or write {first}[...] with the key"
        return f"{first} has no index {second}", hint
    if names.kind(first) == "column" and names.index(second) is not None:
        return f"{first} is no table", f"write {second}[...], without the schema"
    return None
