"""The syntax of expressions: parsed with Python's grammar, bounded, and with places."""

from __future__ import annotations

import ast
import difflib
import keyword
import re
import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from bridge.config.yaml_source import BRACES
from bridge.mapping.language import always
from bridge.mapping.language.operators import DIGITS
from bridge.mapping.language.readers import ExpressionProblem

NOT_PART: Final[dict[type[ast.expr], str]] = {
    ast.JoinedStr: 'write text("a", x) or a template {text: "a{x}"}',
    ast.ListComp: "lists have functions: sum, count, where, only, within",
    ast.GeneratorExp: "lists have functions: sum, count, where, only, within",
    ast.Dict: "write a map of the YAML",
    ast.Set: "write a list: (a, b)",
    ast.Slice: "take one item, or use the functions for text",
    ast.NamedExpr: "give it a name under `with`",
    ast.Lambda: "write a function in the file under `functions:`",
}
"""What Python has and the language has not, with what to write instead."""

LONGEST: Final = 4_000
MOST_NODES: Final = 600
DEEPEST: Final = 40

_WORD: Final = re.compile(r"[^\W\d]\w*")


@dataclass(frozen=True, slots=True)
class Source:
    """The text of one expression, for places and for the words of messages."""

    text: str
    shown: bytes
    """What was parsed, in UTF-8: `ast` counts its columns in bytes of it."""
    skipped: int
    """Characters left out before `shown`."""

    def of(self, node: ast.expr) -> str:
        """Return the text of a node, shortened for a message."""
        text = self.shown[node.col_offset : node.end_col_offset].decode()
        return text if len(text) <= 80 else f"{text[:77]}..."

    def exact(self, node: ast.expr) -> str:
        """Return the whole text of a node."""
        return self.shown[node.col_offset : node.end_col_offset].decode()

    def problem(self, node: ast.expr | None, message: str, hint: str = "") -> ExpressionProblem:
        """Return a problem placed where a node begins."""
        start = len(self.shown[: node.col_offset].decode()) if node is not None else 0
        return self.problem_at(start + self.skipped, message, hint)

    def problem_at(self, offset: int, message: str, hint: str = "") -> ExpressionProblem:
        """Return a problem placed at a character of the text."""
        before = self.text[:offset]
        line = before.count("\n")
        return ExpressionProblem(message, line + 1, len(before) - (before.rfind("\n") + 1) + 1, hint)


def parse(text: str) -> tuple[ast.expr, Source]:
    """Return the tree of an expression.  Raises ExpressionProblem."""
    stripped = text.lstrip()
    source = Source(text, b"", len(text) - len(stripped))
    if not stripped:
        raise source.problem(None, "an expression is missing")
    if len(text) > LONGEST:
        raise source.problem(None, f"the expression is longer than {LONGEST} characters")
    one_line = re.sub(r"[\r\n\f\v]", " ", stripped).rstrip()
    try:
        source = Source(text, one_line.encode(), source.skipped)
        with warnings.catch_warnings():
            # Patterns such as "\d" are meant; Python would warn of the backslash.
            warnings.simplefilter("ignore")
            tree = ast.parse(one_line, mode="eval").body
    except SyntaxError as error:
        raise _syntax_problem(source, error) from None
    except (ValueError, RecursionError, MemoryError):
        raise source.problem(None, "the expression cannot be read", "does it nest too deeply?") from None
    _bound(tree, source)
    _refuse_comment(tree, source)
    _refuse_misread(tree, source)
    return tree, source


def is_sequence(text: object) -> bool:
    """Return whether a text is an expression that is a list."""
    try:
        return isinstance(text, str) and isinstance(parse(text)[0], (ast.List, ast.Tuple))
    except ExpressionProblem:
        return False


def asked(tree: ast.expr, *, condition: bool) -> frozenset[int]:
    """Return the ids of nodes of which only an attribute is wanted, or whether there is such a thing."""
    found: set[int] = set()

    def truth(node: ast.expr) -> None:
        if isinstance(node, ast.BoolOp):
            for side in node.values:
                truth(side)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            truth(node.operand)
        else:
            found.add(id(node))

    if condition:
        truth(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            found.add(id(node.value))
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            truth(node.operand)
        elif isinstance(node, ast.IfExp):
            truth(node.test)
        elif isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
            for side in node.values[:-1]:
                truth(side)
    return frozenset(found)


def _syntax_problem(source: Source, error: SyntaxError) -> ExpressionProblem:
    reserved = [word for word in _WORD.findall(source.text) if keyword.iskeyword(word) and word not in _SPOKEN]
    hint = f'{reserved[0]} is a reserved word; for the column say column("{reserved[0]}")' if reserved else ""
    if re.search(r"(?<![=!<>])=(?!=)", source.text) and not hint:
        hint = "to compare, write =="
    for pattern, instead in () if hint else _FOREIGN:
        if re.search(pattern, source.text):
            hint = instead
            break
    if not hint and source.text.count("(") > source.text.count(")"):
        hint = BRACES  # Of {wager_amount: units(cents, 2)}, YAML has cut the expression off at its comma.
    return source.problem_at(source.skipped + max((error.offset or 1) - 1, 0), "this is no expression", hint)


_FOREIGN: Final = (
    (r"://", "a constant text is written {text: ...}"),
    (r"\$", "a column is named by its bare name"),
    (r"&&|\bAND\b", "write and"),
    (r"\|\||\bOR\b", "write or"),
    (r"!(?!=)|\bNOT\b", "write not"),
    (r"\?", "write a if condition else b"),
    (r"<>", "write !="),
    (r"(?i)\bis (not )?null\b", "write x == none, or x != none"),
    (r"[\u2018-\u201f]", 'quotes are straight: "..."'),
    (r"\xa0", "this is a blank that does not break; write an ordinary one"),
    (r"(?i)\bcase\s+when\b", "write a if condition else b"),
    (r"\d{4}-\d\d-\d\d", 'write date("2026-01-31"), or moment("2026-01-31T10:00:00Z")'),
    (r"(?<![\w.])0\d", "a number has no 0 in front; a text goes into quotes"),
    (r"\{\w+\}", 'a template is written {text: "{id}:x"}'),
)
"""What other languages write, and what this one does."""

_SPOKEN: Final = frozenset(("and", "or", "not", "in", "if", "else", "True", "False", "None"))


def _bound(tree: ast.expr, source: Source) -> None:
    level: list[ast.AST] = [tree]
    nodes = depth = 0
    while level:
        depth += 1
        nodes += len(level)
        if depth > DEEPEST or nodes > MOST_NODES:
            raise source.problem(None, "the expression is too large", "name parts of it under `with`")
        level = [child for node in level for child in ast.iter_child_nodes(node)]


def _refuse_comment(tree: ast.expr, source: Source) -> None:
    rest = source.shown[tree.end_col_offset :].decode().lstrip(" \t)")
    if rest.startswith("#"):
        raise source.problem_at(
            len(source.text) - len(rest), "an expression holds no comment", "write it as a comment of the YAML"
        )


def _refuse_misread(tree: ast.expr, source: Source) -> None:
    for node in ast.walk(tree):
        if isinstance(node, ast.expr):
            misread = always.misread(node, source.exact(node))
            if misread is not None:
                raise source.problem(node, *misread)


def exact_number(source: Source, node: ast.Constant) -> int | Decimal:
    """Return a number exactly as it is written, never through a binary double."""
    if isinstance(node.value, int):
        if abs(node.value) >= 10**DIGITS:
            raise source.problem(node, f"the number has more than {DIGITS} digits")
        return node.value
    try:
        number = Decimal(source.exact(node))
    except InvalidOperation:
        raise source.problem(node, "this is no number") from None
    if (number and abs(number.adjusted()) >= DIGITS) or len(number.as_tuple().digits) > DIGITS:
        raise source.problem(node, f"the number has more than {DIGITS} digits")
    return number


def did_you_mean(word: str, known: Collection[str]) -> str:
    """Return a hint with the name that comes nearest, or nothing."""
    near = difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    if not near:
        folded = [name for name in sorted(known) if name.casefold() == word.casefold()]
        near = folded[:1]
    return f"did you mean {near[0]}?" if near else ""


def texts_of(form: Any, *, keys: bool = False) -> Iterator[str]:
    """Yield every text among the values of what a connector says somewhere; with `keys`, the keys of maps too."""
    if isinstance(form, str):
        yield form
    elif isinstance(form, Mapping):
        for key, value in form.items():
            if keys:
                yield from texts_of(key, keys=keys)
            yield from texts_of(value, keys=keys)
    elif isinstance(form, Sequence):
        for value in form:
            yield from texts_of(value, keys=keys)
