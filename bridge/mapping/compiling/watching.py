"""Which columns an expression asks for, and which of them `watch` passes over."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from bridge.config.wallet import PlayTable
from bridge.mapping.compiling.names import BUILT_IN
from bridge.mapping.language.misreadings import WORDS


def unwatched(config: PlayTable) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield where a change of a column should send something, and each such column that `watch` does not name."""
    watched = {config.watch} if isinstance(config.watch, str) else set(config.watch or ())
    if not watched:
        return
    for name, activity in config.activities.items():
        asked: list[tuple[tuple[str, ...], Any]]
        asked = [(("activities", name, "compare"), form) for form in listed(activity.compare)]
        if activity.grows is not None:
            asked.append((("activities", name, "grows", "total"), activity.grows.total))
        for path, form in asked:
            for column in sorted(columns_of(form, config) - watched):
                yield path, column


def columns_of(form: Any, config: PlayTable) -> set[str]:
    """Return the columns that an expression reads by their names, also by way of `with`."""
    found: set[str] = set()
    forms, known = [form], set(BUILT_IN) | set(config.activities) | set(config.parts) | WORDS
    while forms:
        try:
            nodes = list(ast.walk(ast.parse(str(forms.pop()).strip(), mode="eval")))
        except SyntaxError:
            continue  # said where it is compiled
        for node in nodes:
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "column":
                found |= {str(item.value) for item in node.args if isinstance(item, ast.Constant)}
        bases = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
        bases |= {id(node.value) for node in nodes if isinstance(node, ast.Subscript)}
        names = {node.id for node in nodes if isinstance(node, ast.Name) and id(node) not in bases} - known
        forms += [config.with_[name] for name in names & config.with_.keys()]
        known |= config.with_.keys()
        found |= names - config.with_.keys()
    return found


def listed(form: Any) -> list[Any]:
    """Return what is one thing or a list as a list."""
    return form if isinstance(form, list) else [] if form is None else [form]
