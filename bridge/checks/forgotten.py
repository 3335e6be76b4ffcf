"""What a connector says of one rule and forgets of another: warnings, which stop nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from bridge.brand import Brand
from bridge.checks.labels import needed
from bridge.checks.trees import tree_of
from bridge.config.wallet import PlayTable
from bridge.errors import Problem
from bridge.mapping.compiling.checks import reversals_of, speaks_of, table_named
from bridge.mapping.compiling.watching import columns_of
from bridge.mapping.state.amounts import AMOUNTS


def reversals_in_every_state(brand: Brand) -> Iterator[Problem]:
    """Yield reversals of a table whose rows count in some states alone: these take back in all of them."""
    for name, table in brand.connector.play.items():
        states = columns_of(table.stands, table) if table.rows == "mutable" and table.stands is not None else set()
        undone: list[Any] = []
        for path, reversal in reversals_of(table):
            asked = [reversal.when, *reversal.skip.values(), *reversal.park.values()]
            asked += [*table.skip.values(), *table.park.values()]
            if reversal.undoes is not None and states & columns_of(reversal.when, table):
                undone.append(reversal.when)
            by_another = any(_asked_of_all(when, reversal.when, states) for when in undone)
            if reversal.undoes is not None or not states or by_another or states & _columns(asked, table):
                continue
            said = " and ".join(sorted(states))
            message = f"such a row takes back whatever its {said}: `stands` is asked of bets and wins alone"
            hint = "say in `when` which rows do, and, where one may be cancelled later, what `undoes` it"
            yield brand.file.problem(("play", name, *path, "when"), message, hint)


def totals_sent_whole(brand: Brand) -> Iterator[Problem]:
    """Yield running totals whose pieces do not say by how much they have grown: each sends the whole again."""
    for name, table in brand.connector.play.items():
        for each, activity in table.activities.items():
            forms = {**table.event, **activity.event}
            amounts = [form for field, form in forms.items() if field in AMOUNTS]
            # What has been booked before, taken off the total, says the same as `grown`.
            if activity.grows is None or any(speaks_of(word, amounts, table) for word in ("grown", each)):
                continue
            own = [field for field in activity.event if field in AMOUNTS]
            place = (
                ("activities", each, "event", own[0]) if own else ("event", next(f for f in AMOUNTS if f in forms))
            )
            message = f"each piece of {each} sends this, and not by how much it has grown"
            yield brand.file.problem(("play", name, *place), message, "write `grown`, or units(grown, 2)")


def first_items_alone(brand: Brand) -> Iterator[Problem]:
    """Yield reversals by an index that all items of a list share: only the first of them is found."""
    play = brand.connector.play
    for name, table in play.items():
        for path, reversal in reversals_of(table):
            how = "original" if reversal.original is not None else "undoes"
            named = reversal.original if reversal.original is not None else reversal.undoes
            other, index = play.get(table_named(named)), _index_of(named)
            if other is None or index not in other.indexes or not other.each or reversal.followers == "go":
                continue
            item, listed = next(iter(other.each.items()))
            own = [isinstance(one, ast.Tuple) for one in _lists_of(tree_of(listed))]
            if not own or all(own) or (any(own) and how == "original"):
                continue  # A list that the connector writes itself: how many there are depends on the row.
            if not speaks_of(item, [other.indexes[index]], other):
                message = (
                    f"all items of one {item} list have the same {index}, and only the first of them is found"
                )
                hint = f"name {item} in the index too; or let the others follow the first, and `followers: go`"
                if how == "undoes":
                    hint = f"name {item} in the index and in the undo; an undo that names none is for a person"
                yield brand.file.problem(("play", name, *path, how), message, hint)


def rollbacks_of_no_row(brand: Brand) -> Iterator[Problem]:
    """Yield `rollback` in append-only tables: no row of theirs takes itself back, only another one does."""
    for name, table in brand.connector.play.items():
        if table.rows != "append-only":
            continue
        places: list[tuple[str, ...]] = [("rollback",)] if table.rollback else []
        places += [("activities", one, "rollback") for one, act in table.activities.items() if act.rollback]
        for place in places:
            message = "no row of an append-only table takes itself back: `rollback` is never used"
            hint = "what a row takes back of another has the fields under `event` of `reverses`"
            yield brand.file.problem(("play", name, *place), message, hint)


def _lists_of(tree: ast.expr | None) -> list[ast.expr]:
    """Return the lists that an expression may be, each by a condition."""
    if isinstance(tree, ast.IfExp):
        return _lists_of(tree.body) + _lists_of(tree.orelse)
    return [tree] if tree is not None else []


def _asked_of_all(undo: Any, when: Any, states: set[str]) -> bool:
    """Return whether an undo that is asked first is meant for all rows of a reversal, states apart."""
    said = [labels for labels in needed(str(undo)) if labels.column not in states]
    return all(any(own.within(labels) for own in needed(str(when))) for labels in said)


def _columns(forms: list[Any], table: PlayTable) -> set[str]:
    return {column for form in forms for column in columns_of(form, table)}


def _index_of(original: Any) -> str:
    """Return the index by which `table.index[value]` finds a row, or nothing."""
    named = str(original).partition("[")[0].split(".")
    return named[1].strip() if len(named) == 2 else ""
