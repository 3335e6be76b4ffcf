"""Reads out of the bridge's source every code and every reason with which it lets a change end.

What is written where a change ends is followed to where its words stand: through variables, constants, parameters
and what functions return.  Whatever cannot be followed is told by its place, so that nothing is passed over.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

Function = ast.FunctionDef | ast.AsyncFunctionDef
NAMED_ONLY = 99

CODES = dict.fromkeys(("Park", "MappingError", "DecodeError", "Unfit", "Breach", "ContractBreach"), 0)
"""What is called with the code of something parked, and which argument that is."""
REASONS = {"Skip": 0, "Skipped": 0, "replace": NAMED_ONLY}
"""What is called with the reason of a skip."""
COUNT = 2
"""Which argument of `count("skipped", table, reason)` is a reason."""
OF_OTHERS = frozenset({"code", "reason"})
"""Attributes that hand on what another ending has been given."""


@dataclass(frozen=True)
class Place:
    """An expression, and the function and the module in which it stands."""

    value: ast.expr
    inside: Function | None
    path: Path

    def at(self, value: ast.expr) -> Place:
        return Place(value, self.inside, self.path)

    def __str__(self) -> str:
        return f"{self.path.name}: {ast.unparse(self.value)}"


@dataclass
class Given:
    """The source of the bridge, and what was found in it."""

    paths: Iterable[Path]
    words: dict[str, set[str]] = field(default_factory=lambda: {"parked": set(), "skipped": set()})
    unknown: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._calls: list[tuple[str, ast.Call, Place]] = []
        self._constants: dict[str, list[Place]] = {}
        self._functions: dict[str, list[tuple[Function, Path]]] = {}
        self._seen: set[tuple[str, str]] = set()
        assigned: list[Place] = []
        for path in self.paths:
            self._read(ast.parse(path.read_text(encoding="utf-8")), None, path, assigned)
        for name, call, place in self._calls:
            for kind, position in _given_to(name, call):
                if (written := _argument(call, position, "reason")) is not None:
                    self._follow(kind, place.at(written))
        for place in assigned:
            self._follow("skipped", place)

    def _read(self, node: ast.AST, inside: Function | None, path: Path, assigned: list[Place]) -> None:
        """Note calls, constants and functions."""
        for child in ast.iter_child_nodes(node):
            within = inside
            if isinstance(child, Function):
                within = child
                self._functions.setdefault(child.name, []).append((child, path))
            elif isinstance(child, ast.Call):
                self._calls.append((_name(child.func), child, Place(child, inside, path)))
            elif isinstance(child, ast.Assign | ast.AnnAssign) and child.value is not None:
                for name, value in _assignments(child):
                    if inside is None:
                        self._constants.setdefault(name, []).append(Place(value, None, path))
                    elif name == ".reason":
                        assigned.append(Place(value, inside, path))
            self._read(child, within, path, assigned)

    def _follow(self, kind: str, place: Place, item: int | None = None) -> None:
        """Add the words that an expression may be; of a tuple, those of one item."""
        value = place.value
        if isinstance(value, ast.Constant):
            self.words[kind] |= {value.value} if isinstance(value.value, str) and value.value else set()
        elif isinstance(value, ast.JoinedStr):
            parts = (part.value if isinstance(part, ast.Constant) else "REASON" for part in value.values)
            self.words[kind].add("".join(map(str, parts)))
        elif isinstance(value, ast.Name | ast.Call):
            self._follow_name(kind, place, item)
        elif not (isinstance(value, ast.Attribute) and value.attr in OF_OTHERS):
            inner = _inner(value, item)
            if not inner:
                self.unknown.add(str(place))
            for each, which in inner:
                self._follow(kind, place.at(each), which)

    def _follow_name(self, kind: str, place: Place, item: int | None) -> None:
        once = (
            f"{place.path}:{place.inside.name if place.inside else ''}:{ast.unparse(place.value)}:{item}",
            kind,
        )
        if once in self._seen:
            return
        self._seen.add(once)
        value = place.value
        found = (
            [(each, item) for each in self._returned(_name(value.func)) if not hasattr(str, _name(value.func))]
            if isinstance(value, ast.Call)
            else list(self._values(_name(value), place, item))
        )
        if not found:
            self.unknown.add(str(place))
        for each, which in found:
            self._follow(kind, each, which)

    def _returned(self, name: str) -> list[Place]:
        """Return what the functions of a name return."""
        return [
            Place(node.value, function, path)
            for function, path in self._functions.get(name, [])
            for node in ast.walk(function)
            if isinstance(node, ast.Return) and node.value is not None
        ]

    def _values(self, name: str, place: Place, item: int | None) -> Iterator[tuple[Place, int | None]]:
        """Yield what a variable may be: what is assigned to it, what callers pass, or a constant of a module."""
        inside, local = place.inside, False
        for node in ast.walk(inside) if inside is not None else ():
            if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
                for found, value in _assignments(node):
                    if found == name:
                        local = True
                        yield place.at(value), item
                for which in _positions(node, name):
                    local = True
                    yield place.at(node.value), which
        position = _position(inside, name) if inside is not None else None
        if inside is not None and position is not None:
            local = True
            for called, call, where in self._calls:
                if called == inside.name and (passed := _argument(call, position, name)) is not None:
                    yield where.at(passed), item
            if (default := _default(inside, name)) is not None:
                yield place.at(default), item
        if not local:
            yield from ((each, item) for each in self._constants.get(name, []))


def _given_to(name: str, call: ast.Call) -> Iterator[tuple[str, int]]:
    """Yield which arguments of a call are a code ("parked") or a reason ("skipped")."""
    if name in CODES:
        yield "parked", CODES[name]
    if name in REASONS:
        yield "skipped", REASONS[name]
    if name == "count" and len(call.args) > COUNT and isinstance(call.args[0], ast.Constant):
        kind = str(call.args[0].value)
        if kind in {"parked", "skipped"}:
            yield kind, COUNT


def _inner(value: ast.expr, item: int | None) -> list[tuple[ast.expr, int | None]]:
    """Return what an expression may be the value of, each with the item of it that is meant."""
    match value:
        case ast.IfExp(body=body, orelse=orelse):
            return [(body, item), (orelse, item)]
        case ast.BoolOp(values=values) | ast.Dict(values=values):
            return [(each, item) for each in values]
        case ast.Starred(value=inner):
            return [(inner, 0)]
        case ast.Tuple(elts=items) if item is not None:
            return [(items[item], None)]
        case ast.Subscript(value=inner):
            return [(inner, item)]
    return []


def _name(value: ast.expr) -> str:
    return value.id if isinstance(value, ast.Name) else value.attr if isinstance(value, ast.Attribute) else ""


def _argument(call: ast.Call, position: int, name: str) -> ast.expr | None:
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    if any(isinstance(each, ast.Starred) for each in call.args[: position + 1]):
        return call.args[0] if position == 0 else None
    return call.args[position] if position < len(call.args) else None


def _assignments(node: ast.Assign | ast.AnnAssign) -> Iterator[tuple[str, ast.expr]]:
    """Yield each variable that gets a value of its own; an attribute as `.name`."""
    targets: Sequence[ast.expr] = node.targets if isinstance(node, ast.Assign) else [node.target]
    for target in targets:
        if node.value is None:
            continue
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            pairs: Iterable[tuple[ast.expr, ast.expr]] = zip(target.elts, node.value.elts, strict=True)
        else:
            pairs = [(target, node.value)]
        for each, value in pairs:
            # What an error keeps of itself has been given to it where it was made.
            of_itself = isinstance(each, ast.Attribute) and _name(each.value) == "self"
            if isinstance(each, ast.Name | ast.Attribute) and not of_itself:
                yield f"{'.' if isinstance(each, ast.Attribute) else ''}{_name(each)}", value


def _positions(node: ast.Assign | ast.AnnAssign, name: str) -> Iterator[int]:
    """Yield at which items of what a tuple of variables gets a variable stands."""
    for target in node.targets if isinstance(node, ast.Assign) else ():
        if isinstance(target, ast.Tuple) and not isinstance(node.value, ast.Tuple):
            yield from (at for at, each in enumerate(target.elts) if _name(each) == name)


def _position(function: Function, name: str) -> int | None:
    """Return which argument a parameter is for its callers, who do not pass `self`."""
    names = [each.arg for each in (*function.args.args, *function.args.kwonlyargs)]
    if name not in names:
        return None
    return names.index(name) - (names[0] in {"self", "cls"})


def _default(function: Function, name: str) -> ast.expr | None:
    arguments = function.args
    late = arguments.args[len(arguments.args) - len(arguments.defaults) :]
    defaults: Mapping[str, ast.expr | None] = {
        **{each.arg: value for each, value in zip(late, arguments.defaults, strict=True)},
        **{each.arg: value for each, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)},
    }
    return defaults.get(name)
