"""Expressions: a small part of Python's syntax, compiled once to nested closures.

Nothing is ever evaluated as Python: the tree is walked when the connector is loaded, each node of a
whitelist becomes a closure over its children, and all else is a problem with a place and a hint.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Final

from bridge.errors import MappingError
from bridge.mapping.compiling.conditions import all_of, compare, in_order_of_three, member
from bridge.mapping.language import misreadings, operators
from bridge.mapping.language.always import Misreading
from bridge.mapping.language.calls import call
from bridge.mapping.language.library import LIBRARY
from bridge.mapping.language.readers import (
    NOT_CONSTANT,
    ExpressionProblem,
    Misuse,
    Names,
    Reader,
    Unfit,
    constant,
    constant_of,
    is_constant,
)
from bridge.mapping.language.syntax import NOT_PART, Source, asked, did_you_mean, exact_number, parse
from bridge.mapping.state.scope_readers import attribute_of_kept, kept_name_of
from bridge.row import Row, Value

__all__ = ["NOT_CONSTANT", "ExpressionProblem", "compile_condition", "compile_expression", "constant_of"]

_WORDS: Final[dict[str, Value]] = {"true": True, "false": False, "none": None, "null": None}
_ARITHMETIC: Final[dict[type[ast.operator], Callable[[Value, Value], Value]]] = {
    ast.Add: operators.add,
    ast.Sub: operators.subtract,
    ast.Mult: operators.multiply,
    ast.Div: operators.divide,
    ast.FloorDiv: operators.floor_divide,
    ast.Mod: operators.modulo,
}


def compile_expression(text: str | int | bool | Decimal | None, names: Names) -> Reader:
    """Return the reader of an expression; a number, true, false or null of the YAML is itself.

    Raises ExpressionProblem with the first thing that is wrong.  The reader raises MappingError for
    values that do not fit, and lets Waiting through.
    """
    if not isinstance(text, str):
        return constant(text)
    tree, source = parse(text)
    return _Compiler(source, names, asked(tree, condition=False)).value(tree)


def compile_condition(text: str | int | bool | Decimal | None, names: Names) -> Callable[[Any], bool]:
    """Return a reader of true or false that knows a third answer: it raises Waiting.

    In `and` a false side wins over one that waits, in `or` a true one; only else does it wait.
    """
    if not isinstance(text, str):
        return constant(bool(text))
    tree, source = parse(text)
    return _Compiler(source, names, asked(tree, condition=True)).condition(tree)


class _Compiler:
    """Compiles the nodes of one expression."""

    def __init__(self, source: Source, names: Names, asked: frozenset[int]) -> None:
        self._source = source
        self._names = names
        self._asked = asked

    def value(self, node: ast.expr) -> Reader:
        """Return the reader of a node, folded when all below it is constant."""
        compile_node = _NODES.get(type(node))
        if compile_node is None:
            raise self._source.problem(node, "this is not part of the language", NOT_PART.get(type(node), ""))
        try:
            return compile_node(self, node)
        except Misuse as misuse:
            raise self._source.problem(node, misuse.message, misuse.hint) from None

    def condition(self, node: ast.expr) -> Callable[[Any], bool]:
        """Return the reader of a node whose answer is true, false or Waiting."""
        if isinstance(node, ast.BoolOp):
            sides = [self.condition(side) for side in node.values]
            return self._folded(node, sides, in_order_of_three(sides, winner=isinstance(node.op, ast.Or)))
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            side = self.condition(node.operand)
            return self._folded(node, [side], lambda scope: not side(scope))
        if isinstance(node, ast.IfExp):
            return self.of_choice(node, self.condition)
        read = self.value(node)
        if isinstance(node, ast.Compare):
            return read
        where = self._source.of(node)
        return self._folded(node, [read], lambda scope: misreadings.truth(read(scope), where))

    def _folded(self, node: ast.expr, parts: Sequence[Reader], read: Reader) -> Reader:
        """Return `read`, worked out now when all its parts are constant."""
        if not all(map(is_constant, parts)):
            return read
        try:
            return constant(read(None))
        except MappingError as error:
            raise self._source.problem(node, error.reason) from None

    def of_constant(self, node: ast.Constant) -> Reader:
        kind = type(node.value)
        if kind in (str, bool, type(None)):
            return constant(node.value)
        if kind in (int, float):
            return constant(exact_number(self._source, node))
        raise self._source.problem(node, "this is not part of the language")

    def of_name(self, node: ast.Name) -> Reader:
        if node.id in _WORDS:
            return constant(_WORDS[node.id])
        read = self._names.name(node.id)
        if read is None:
            hint = did_you_mean(node.id, {*self._names.known(), *_WORDS})
            if node.id in LIBRARY:
                hint = f"{node.id} is a function: {LIBRARY[node.id].signature}"
            raise self._source.problem(node, f"unknown name {node.id}", hint)
        if id(node) not in self._asked:
            self._refuse(node, misreadings.of_activity(node.id, self._names))
        return read

    def of_sequence(self, node: ast.Tuple | ast.List) -> Reader:
        items = [self.value(item) for item in node.elts]
        return self._folded(node, items, lambda scope: tuple([item(scope) for item in items]))

    def of_attribute(self, node: ast.Attribute) -> Reader:
        base, name, where = self.value(node.value), node.attr, self._source.of(node.value)
        self._refuse(node, misreadings.of_attribute(node, self._names))

        def read(scope: Any) -> Value:
            value = base(scope)
            if isinstance(value, Row):
                return value[name]
            try:
                return operators.attribute(value, name)
            except Unfit as unfit:
                raise _refusal(unfit, where) from None

        known = kept_name_of(base)
        return self._folded(node, [base], read if known is None else attribute_of_kept(known, name, read))

    def of_subscript(self, node: ast.Subscript) -> Reader:
        at = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        base, make = node.value, None
        if isinstance(base, ast.Name) and base.id not in _WORDS:
            make = self._names.index(base.id)
        elif isinstance(base, ast.Attribute) and isinstance(base.value, ast.Name):
            make = self._names.index_by(base.value.id, base.attr)
        if make is not None:
            return make([self.value(item) for item in at])
        self._refuse(node, misreadings.of_rows(base, at, self._names))
        if len(at) != 1:
            raise self._source.problem(node, f"{self._source.of(base)} has no rows to look up")
        return self._item(node, self.value(base), self.value(at[0]))

    def _refuse(self, node: ast.expr, misread: Misreading | None) -> None:
        if misread is not None:
            raise self._source.problem(node, *misread)

    def _item(self, node: ast.Subscript, base: Reader, at: Reader) -> Reader:
        where = self._source.of(node.value)

        def read(scope: Any) -> Value:
            value, place = base(scope), at(scope)
            try:
                return operators.item(value, place)
            except Unfit as unfit:
                raise _refusal(unfit, where) from None

        return self._folded(node, [base, at], read)

    def of_call(self, node: ast.Call) -> Reader:
        if not isinstance(node.func, ast.Name):
            raise self._source.problem(node, "only functions can be called", "write name(x), not x.name()")
        if any(isinstance(item, ast.Starred) for item in node.args) or any(k.arg is None for k in node.keywords):
            raise self._source.problem(node, "* and ** are not part of the language")
        name = node.func.id
        arguments = [self.value(item) for item in node.args]
        keywords = {str(item.arg): self.value(item.value) for item in node.keywords}
        make = self._names.function(name)
        if make is not None:
            return make(arguments, keywords)
        function = LIBRARY.get(name)
        if function is None:
            hint = misreadings.of_function(name) or did_you_mean(name, {*LIBRARY, *self._names.known()})
            raise self._source.problem(node, f"unknown function {name}", hint)
        return self._folded(
            node, [*arguments, *keywords.values()], call(function, arguments, keywords, self._source.of(node))
        )

    def of_unary(self, node: ast.UnaryOp) -> Reader:
        operand, where = self.value(node.operand), self._source.of(node.operand)
        if isinstance(node.op, ast.Not):
            return self._folded(node, [operand], lambda scope: not misreadings.truth(operand(scope), where))
        if not isinstance(node.op, ast.USub):
            raise self._source.problem(node, "this operator is not part of the language")

        def read(scope: Any) -> Value:
            value = operand(scope)
            try:
                return operators.negate(value)
            except Unfit as unfit:
                raise _refusal(unfit, where) from None

        return self._folded(node, [operand], read)

    def of_binary(self, node: ast.BinOp) -> Reader:
        calculate = _ARITHMETIC.get(type(node.op))
        if calculate is None:
            raise self._source.problem(node, "this operator is not part of the language")
        left, right, where = self.value(node.left), self.value(node.right), self._source.of(node)

        def read(scope: Any) -> Value:
            a, b = left(scope), right(scope)
            try:
                return calculate(a, b)
            except Unfit as unfit:
                raise _refusal(unfit, where) from None

        return self._folded(node, [left, right], read)

    def of_compare(self, node: ast.Compare) -> Reader:
        operands = [self.value(item) for item in (node.left, *node.comparators)]
        where = self._source.of(node)
        pairs = []
        for at, operation in enumerate(node.ops):
            left, right = operands[at], operands[at + 1]
            if isinstance(operation, (ast.In, ast.NotIn)):
                pairs.append(member(left, right, where, wanted=isinstance(operation, ast.In)))
            elif isinstance(operation, (ast.Is, ast.IsNot)):
                raise self._source.problem(node, "is and is not are not part of the language", "write == or !=")
            else:
                pairs.append(compare(left, right, type(operation), where))
        if len(pairs) == 1:
            return self._folded(node, operands, pairs[0])
        return self._folded(node, operands, lambda scope: all(pair(scope) for pair in pairs))

    def of_boolean(self, node: ast.BoolOp) -> Reader:
        first, *others = sides = [self.value(side) for side in node.values]
        if isinstance(node.op, ast.And):
            read = all_of(sides, [self._source.of(side) for side in node.values])
            return self._folded(node, sides, read)

        def either(scope: Any) -> Value:
            value = first(scope)
            for side in others:
                if value:
                    break
                value = side(scope)
            return value

        return self._folded(node, sides, either)

    def of_choice(self, node: ast.IfExp, branch: Callable[[ast.expr], Reader] | None = None) -> Reader:
        test = self.condition(node.test)
        yes, no = ((branch or self.value)(side) for side in (node.body, node.orelse))
        if is_constant(test):
            return yes if test(None) else no
        return lambda scope: yes(scope) if test(scope) else no(scope)


def _refusal(unfit: Unfit, where: str) -> MappingError:
    return MappingError(unfit.code, f"{where} {unfit.reason}")


_NODES: Final[dict[type[ast.expr], Callable[[_Compiler, Any], Reader]]] = {
    ast.Constant: _Compiler.of_constant,
    ast.Name: _Compiler.of_name,
    ast.Tuple: _Compiler.of_sequence,
    ast.List: _Compiler.of_sequence,
    ast.Attribute: _Compiler.of_attribute,
    ast.Subscript: _Compiler.of_subscript,
    ast.Call: _Compiler.of_call,
    ast.UnaryOp: _Compiler.of_unary,
    ast.BinOp: _Compiler.of_binary,
    ast.Compare: _Compiler.of_compare,
    ast.BoolOp: _Compiler.of_boolean,
    ast.IfExp: _Compiler.of_choice,
}
