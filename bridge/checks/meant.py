"""Names that mean something, and most likely not what was meant: warnings, which stop nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Any, Final

from bridge.brand import Brand
from bridge.checks.trees import tree_of
from bridge.config.wallet import PlayTable
from bridge.errors import Problem
from bridge.mapping.compiling.checks import reversals_of, table_named
from bridge.mapping.compiling.reporting import Path
from bridge.mapping.language.syntax import did_you_mean, texts_of
from bridge.mapping.state.amounts import AMOUNTS

_IDS: Final = ("user_id", "round_id")
_ANSWERS: Final = {"yes": "true", "on": "true", "no": "false", "off": "false"}
_MOMENTS: Final = ("changed", "became")


def rows_as_conditions(brand: Brand) -> Iterator[Problem]:
    """Yield conditions that are a row of a look-up table: it is waited for, and then it is there."""
    lookups = {name for name, one in brand.connector.lookups.items() if one.missing in ("wait", "park")}
    for name, table in brand.connector.play.items():
        for path, condition in _conditions(table):
            tree = tree_of(condition)
            if isinstance(tree, ast.Name):
                tree = tree_of(table.with_.get(tree.id))
            if isinstance(tree, ast.Subscript) and isinstance(tree.value, ast.Name) and tree.value.id in lookups:
                message = f"{condition} is a row of {tree.value.id}, and true of each that is there"
                hint = f"name the column that tells: {condition}.is_test, say"
                yield brand.file.problem(("play", name, *path), message, hint)


def answers_of_yaml(brand: Brand) -> Iterator[Problem]:
    """Yield `no` and the like where true or false is meant: here such a word is a column."""
    for name, table in brand.connector.play.items():
        said = [*_conditions(table), (("event", "is_round_end"), table.event.get("is_round_end"))]
        for each, activity in table.activities.items():
            said.append((("activities", each, "event", "is_round_end"), activity.event.get("is_round_end")))
        for path, form in said:
            if isinstance(form, str) and form in _ANSWERS:
                hint = f'write {_ANSWERS[form]}; if the column is meant, column("{form}")'
                yield brand.file.problem(("play", name, *path), f"{form} is a column here", hint)


def ids_of_all_rows(brand: Brand) -> Iterator[Problem]:
    """Yield ids of rounds and players that are a text, the same in every event."""
    for name, table in brand.connector.play.items():
        said: list[tuple[Path, Mapping[str, Any]]] = [(("event",), table.event)]
        said += [(("activities", each, "event"), one.event) for each, one in table.activities.items()]
        for path, forms in said:
            for field in _IDS:
                text = _constant(forms.get(field))
                if text is not None:
                    message = f"every event has the same {field}: this is a text, and no column"
                    hint = f"for the column, write {field}: {text}" if text.isidentifier() else "name a column"
                    yield brand.file.problem(("play", name, *path, field), message, hint)


def stands_for_a_moment(brand: Brand) -> Iterator[Problem]:
    """Yield conditions of what stands that are true of one change alone: the next one would take it back."""
    for name, table in brand.connector.play.items():
        said: list[tuple[Path, Any]] = [(("stands",), table.stands)]
        said += [(("activities", each, "stands"), one.stands) for each, one in table.activities.items()]
        for path, condition in said:
            tree = tree_of(condition)
            nodes = ast.walk(tree) if tree is not None else ()
            asked = [node for node in nodes if isinstance(node, ast.Call) and ast.unparse(node.func) in _MOMENTS]
            if asked and table.rows == "mutable":
                message = f"{ast.unparse(asked[0])} is true of one change: with the next, this stands no more"
                hint = "say how a row is that counts; the bridge sees by itself what has changed"
                yield brand.file.problem(("play", name, *path), message, hint)


def guards_of_reversals(brand: Brand) -> Iterator[Problem]:
    """Yield guards of what a row follows, which rows that take back are asked too: there `original` is another."""
    play = brand.connector.play
    for name, table in play.items():
        followed = play.get(table_named(table.after))
        of_followed = set(followed.activities) if followed is not None else set()
        others = {table_named(reversal.original) for _, reversal in reversals_of(table)} & play.keys()
        for reason, condition in table.park.items():
            for other in sorted(others):
                lacking = (_asked_of_original(condition) & of_followed) - play[other].activities.keys()
                for activity in sorted(lacking):
                    message = (
                        f"rows that take back are asked this too: there, original is a row of {other}, "
                        f"which has no {activity}"
                    )
                    hint = f'say first which rows are meant: kind == "win" and not original.{activity}.stands, say'
                    yield brand.file.problem(("play", name, "park", reason), message, hint)


def _asked_of_original(condition: Any) -> set[str]:
    """Return what a condition asks of `original` before anything else: behind an `and`, it may not be asked."""
    tree = tree_of(condition)
    if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And):
        tree = tree.values[0]
    nodes = ast.walk(tree) if tree is not None else ()
    return {
        node.attr
        for node in nodes
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "original"
    }


def versions_by_no_column(brand: Brand) -> Iterator[Problem]:
    """Yield what stands as `as_of` and is no column: an expression, a name under `with`, when the commit was."""
    connector = brand.connector
    said = [(("play", name), table.as_of, table.with_) for name, table in connector.play.items()]
    said += [(("lookups", name), lookup.as_of, {}) for name, lookup in connector.lookups.items()]
    for place, as_of, names in said:
        tree = tree_of(as_of)
        if as_of in (*names, "committed_at") or (tree is not None and not isinstance(tree, ast.Name)):
            hint = "what a payload holds, or an expression gives, has to be a column of the table"
            yield brand.file.problem((*place, "as_of"), f"as_of names a column, and {as_of} is none", hint)


def shares_in_no_amount(brand: Brand) -> Iterator[Problem]:
    """Yield the parts of a share that no amount names, and names in amounts that are no part of it."""
    for name, table in brand.connector.play.items():
        of_split = _values(table.split.only, table) if table.split is not None else None
        told: set[tuple[Path, str, str]] = set()
        for each, activity in table.activities.items():
            by_name = isinstance(activity.share, Mapping)
            parts = set(activity.share) if isinstance(activity.share, Mapping) else of_split
            forms = {field: form for field, form in {**table.event, **activity.event}.items() if field in AMOUNTS}
            named = _left_of(forms, table) if activity.share is not None else None
            if named is not None and parts:
                place: Path = ("activities", each, "share") if by_name else ("split", "only")
                told |= {(place, *said) for said in _unlike(named, parts, str(place[-1]))}
        for place, message, hint in sorted(told):
            yield brand.file.problem(("play", name, *place), message, hint)


def _unlike(named: set[str], parts: set[str], where: str) -> Iterator[tuple[str, str]]:
    """Yield in what the names in amounts differ from those of the parts; a misspelt one once."""
    strange, unsaid = sorted(named - parts), sorted(parts - named)
    if strange:
        yield f"left.{strange[0]} is never anything: `{where}` does not name it", did_you_mean(strange[0], parts)
    elif unsaid:
        hint = f"add left.{unsaid[0]} to one, or take it out of `{where}`"
        yield f"left.{unsaid[0]} is in no amount: what is played from it is not sent", hint


def _conditions(table: PlayTable) -> Iterator[tuple[Path, Any]]:
    yield from ((("skip", reason), text) for reason, text in table.skip.items())
    yield from ((("park", reason), text) for reason, text in table.park.items())
    yield ("stands",), table.stands
    for each, activity in table.activities.items():
        yield ("activities", each, "when"), activity.when
        yield ("activities", each, "stands"), activity.stands
    for path, reversal in reversals_of(table):
        yield (*path, "when"), reversal.when
        yield from (((*path, "skip", reason), text) for reason, text in reversal.skip.items())


def _constant(form: Any) -> str | None:
    """Return the text that a field has in every event; None for anything else."""
    if not isinstance(form, Mapping):
        return None
    text = form.get("const", form.get("text"))
    return text if isinstance(text, str) and ("const" in form or "{" not in text) else None


def _values(form: Any, table: PlayTable) -> set[str] | None:
    """Return the texts of a list that is written out, perhaps under `with`; None for anything else."""
    tree = tree_of(form)
    if isinstance(tree, ast.Name):
        tree = tree_of(table.with_.get(tree.id))
    if not isinstance(tree, (ast.Tuple, ast.List)):
        return None
    return {str(item.value) for item in tree.elts if isinstance(item, ast.Constant)} or None


def _left_of(forms: Mapping[str, Any], table: PlayTable) -> set[str] | None:
    """Return the parts of `left` that amounts name; None where one asks for all of it, or for none."""
    named: set[str] = set()
    seen: set[str] = set()
    texts = list(texts_of(forms))
    while texts:
        tree = tree_of(texts.pop())
        nodes = list(ast.walk(tree)) if tree is not None else []
        found = {id(node.value): node.attr for node in nodes if isinstance(node, ast.Attribute)}
        for node in nodes:
            if not isinstance(node, ast.Name):
                continue
            if node.id == "left" and id(node) not in found:
                return None
            if node.id == "left":
                named.add(found[id(node)])
            elif node.id in table.with_ and node.id not in seen:
                seen.add(node.id)
                texts += list(texts_of(table.with_[node.id]))
    return named or None
