"""What a connector may say and probably should not: warnings, which stop nothing."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from typing import Any

from bridge.brand import Brand
from bridge.casino import FIELDS, PARTS_OF_AMOUNT
from bridge.checks.forgotten import (
    first_items_alone,
    reversals_in_every_state,
    rollbacks_of_no_row,
    totals_sent_whole,
)
from bridge.checks.labels import labels_of_moves, never_reached
from bridge.checks.meant import (
    answers_of_yaml,
    guards_of_reversals,
    ids_of_all_rows,
    rows_as_conditions,
    shares_in_no_amount,
    stands_for_a_moment,
    versions_by_no_column,
)
from bridge.checks.trees import tree_of
from bridge.config.places import dotted
from bridge.config.wallet import PlayTable
from bridge.errors import Problem
from bridge.mapping.compiling.checks import own_row, reversals_of, table_named
from bridge.mapping.compiling.watching import columns_of, unwatched
from bridge.mapping.language.syntax import texts_of
from bridge.sources.settings import Client

_WORD = re.compile(r"[^\W\d]\w*")


def cautions(brand: Brand) -> list[Problem]:
    """Return the warnings about a connector that could be loaded, sorted."""
    kinds = (
        _unused_names,
        _unverified,
        _blind_member,
        _guards_of_the_contract,
        _passed_over,
        _looked_at_once,
        _undone_by_themselves,
        _followers,
        _ends_of_totals,
        _shared_ids,
        labels_of_moves,
        never_reached,
        rows_as_conditions,
        ids_of_all_rows,
        stands_for_a_moment,
        shares_in_no_amount,
        guards_of_reversals,
        answers_of_yaml,
        versions_by_no_column,
        reversals_in_every_state,
        totals_sent_whole,
        first_items_alone,
        rollbacks_of_no_row,
    )
    return sorted(problem for kind in kinds for problem in kind(brand))


def _unused_names(brand: Brand) -> Iterator[Problem]:
    for name, table in brand.connector.play.items():
        said = table.model_dump(by_alias=True)
        for own in table.with_:
            others = {**said, "with": {key: form for key, form in table.with_.items() if key != own}}
            names = re.compile(rf"(?<![.\w]){re.escape(own)}\b")
            if not any(names.search(text) for text in texts_of(others)):
                keys = ("play", name, "with", own)
                yield _at_key(brand, keys, f"{own} is never used", "remove it, or use it in an expression")


def _unverified(brand: Brand) -> Iterator[Problem]:
    hint = "anyone in between can read play: name the certificates to trust with `ca`"
    kafka, rabbitmq = brand.connector.source.kafka, brand.connector.target.rabbitmq
    keys: tuple[str, ...]
    if kafka.tls is not None and kafka.tls.insecure_skip_verify:
        keys = ("source", "kafka", "tls", "insecure_skip_verify")
        yield brand.file.problem(keys, "Kafka's certificates are not verified", hint)
    if rabbitmq.tls.insecure_skip_verify:
        keys = ("target", "tls", "insecure_skip_verify")
        if keys not in brand.file.document.places:
            keys = ("target", "rabbitmq", "tls", "insecure_skip_verify")
        yield brand.file.problem(keys, "RabbitMQ's certificate is not verified", hint)


def _blind_member(brand: Brand) -> Iterator[Problem]:
    kafka = brand.connector.source.kafka
    if kafka.member is not None and kafka.client is Client.KAFKA_PYTHON:
        message = "with a fixed name, kafka-python does not notice partitions that are added after a restart"
        hint = "they would never be read: leave `member` out, or use the client `confluent`"
        yield brand.file.problem(("source", "kafka", "member"), message, hint)


def _guards_of_the_contract(brand: Brand) -> Iterator[Problem]:
    """Yield the guards that ask what the CASINO contract asks of every event anyway."""
    for name, table in brand.connector.play.items():
        by_text = _fields_by_text(table)
        decides = " ".join(str(text) for text in (table.stands, *(a.stands for a in table.activities.values())))
        for reason, condition in table.park.items():
            field = _asked_by_contract(str(condition), by_text)
            # Where it also decides whether an event is made at all, the contract may never see one.
            if field is not None and not _compared(str(condition)) & set(_WORD.findall(decides)):
                keys = ("play", name, "park", reason)
                message = f"this guard comes with the contract: an event with such a {field} is parked anyway"
                yield _at_key(brand, keys, message, "it can be left out")


def _passed_over(brand: Brand) -> Iterator[Problem]:
    """Yield columns whose change is sent only together with one that is watched."""
    for name, table in brand.connector.play.items():
        for path, column in unwatched(table):
            message = f"an update of {column} alone is passed over: `watch` does not name it"
            hint = f"add {column} to `watch`, unless {column} only ever changes with what is watched"
            yield brand.file.problem(("play", name, *path), message, hint)


def _looked_at_once(brand: Brand) -> Iterator[Problem]:
    """Yield conditions that may come true later, of rows that are not looked at later."""
    for name, table in brand.connector.play.items():
        said: list[tuple[tuple[str, ...], Any]] = [(("stands",), table.stands)]
        said += [(("activities", each, "stands"), one.stands) for each, one in table.activities.items()]
        for path, condition in said if table.rows == "append-only" else ():
            columns = columns_of(condition, table) if condition is not None else ()
            if columns:
                message = "append-only rows are looked at once: a row that does not count then is never sent"
                may = f"if {', '.join(sorted(columns))} may change, write `rows: mutable`"
                hint = f"{may}; name rows that never count under `skip`"
                yield brand.file.problem(("play", name, *path), message, hint)


def _undone_by_themselves(brand: Brand) -> Iterator[Problem]:
    """Yield reversals that are to undo themselves in rows that are not looked at again when they change."""
    for name, table in brand.connector.play.items():
        own = _normal(own_row(name, table))
        for place, reversal in reversals_of(table) if table.rows == "append-only" else ():
            if reversal.undoes is not None and _normal(str(reversal.undoes)) == own:
                message = "append-only rows are looked at once: none of them undoes itself"
                hint = "if its row changes when it is undone, write `rows: mutable`"
                yield brand.file.problem(("play", name, *place, "undoes"), message, hint)


def _followers(brand: Brand) -> Iterator[Problem]:
    """Yield reversals of rows that others follow, where nobody has said what becomes of those; or none follow."""
    followed = {table_named(table.after): name for name, table in brand.connector.play.items() if table.after}
    for name, table in brand.connector.play.items():
        for place, reversal in reversals_of(table):
            original = table_named(reversal.original)
            whole = reversal.takes is None and reversal.activity is None
            if original in followed and whole and "followers" not in reversal.model_fields_set:
                message = f"{followed[original]} go on standing when what they follow in {original} is taken back"
                hint = "say what becomes of them: `followers: go`, `park`, or `stay`"
                yield brand.file.problem(("play", name, *place, "original"), message, hint)
            if reversal.followers != "stay" and original and original not in followed:
                hint = f"write `after: {original}[...]` on what follows it, or leave `followers` out"
                keys = ("play", name, *place, "followers")
                yield brand.file.problem(keys, f"no row follows those of {original}", hint)


def _ends_of_totals(brand: Brand) -> Iterator[Problem]:
    """Yield totals that are to tell the end of a round: one that does not grow tells nothing."""
    for name, table in brand.connector.play.items():
        ends = {each: table.event | one.event for each, one in table.activities.items()}
        told = [ends[each].get("is_round_end") for each, one in table.activities.items() if one.grows is None]
        for each, activity in table.activities.items() if set(map(str, told)) <= {"False"} else ():
            form = ends[each].get("is_round_end")
            if activity.grows is not None and isinstance(form, str) and columns_of(form, table):
                keys = _place_of_field(brand, name, each, "is_round_end")
                message = f"a round that ends while {each} does not grow ends without an event"
                hint = "write false here, and give the end an activity of its own: a win of 0"
                yield brand.file.problem(keys, message, hint)


def _shared_ids(brand: Brand) -> Iterator[Problem]:
    """Yield ids of events that are the same column in two tables, which may each count by themselves."""
    first: dict[str, str] = {}
    for name, table in brand.connector.play.items():
        for each, activity in table.activities.items():
            column = (table.event | activity.event).get("activity_id")
            if not isinstance(column, str) or not _WORD.fullmatch(column) or column in table.with_:
                continue
            other = first.setdefault(column, name)
            if other != name:
                keys = _place_of_field(brand, name, each, "activity_id")
                message = f"the events of {name} and of {other} both have the column {column} as their activity_id"
                may = f'where each table counts by itself, write {{text: "{name}-{{{column}}}"}}'
                yield brand.file.problem(keys, message, f'{may}; where it is unique, {{text: "{{{column}}}"}}')


def _place_of_field(brand: Brand, table: str, activity: str, field: str) -> tuple[str, ...]:
    """Return where a field of an activity's event is written: with the activity, or for all of the table."""
    own = field in brand.connector.play[table].activities[activity].event
    return ("play", table, *(("activities", activity) if own else ()), "event", field)


def _fields_by_text(table: PlayTable) -> dict[str, str]:
    """Return which field an expression is the value of."""
    forms: dict[str, Any] = dict(table.event)
    for activity in table.activities.values():
        forms |= activity.event
    found: dict[str, str] = {}
    for field, form in forms.items():
        if isinstance(form, str):
            found.setdefault(_normal(form), field)
    return found


def _asked_by_contract(condition: str, by_text: Mapping[str, str]) -> str | None:
    tree = tree_of(condition)
    if not isinstance(tree, ast.Compare) or len(tree.ops) != 1:
        return None
    field = by_text.get(ast.unparse(tree.left))
    other, operation = ast.unparse(tree.comparators[0]), type(tree.ops[0])
    if field is None:
        return None
    if other == "0" and operation is ast.Lt and field in ("amount", *PARTS_OF_AMOUNT, "exchange_rate"):
        return field
    if other == "0" and operation is ast.LtE and field == "exchange_rate":
        return field
    return field if other in ("none", "null") and operation is ast.Eq and FIELDS[field].required else None


def _compared(condition: str) -> set[str]:
    tree = tree_of(condition)
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} if tree is not None else set()


def _normal(text: str) -> str:
    tree = tree_of(text)
    return ast.unparse(tree) if tree is not None else text


def _at_key(brand: Brand, keys: tuple[str, ...], message: str, hint: str) -> Problem:
    """Return a warning at a key rather than at its value."""
    place = brand.file.document.places[keys]
    return Problem(brand.file.document.file, place.key_line, place.key_column, dotted(keys), message, hint)
