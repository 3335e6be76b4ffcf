"""What a wallet must say for its events to be whole, whichever rows come.  Found at load, place by place."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from bridge.casino import FIELDS, PARTS_OF_AMOUNT
from bridge.config.wallet import Activity, PlayTable, Reversal, Wallet
from bridge.mapping.compiling.reporting import Path
from bridge.mapping.compiling.watching import columns_of, listed
from bridge.mapping.language.readers import ExpressionProblem
from bridge.mapping.language.syntax import did_you_mean, parse, texts_of
from bridge.mapping.state.amounts import AMOUNTS

Problem = Callable[[Path, str, str], None]
"""Takes the path of keys from the table on, the message, and a hint."""

_WORD: Final = re.compile(r"[^\W\d]\w*")
_GLOB: Final = re.compile(r"(?<!\\)\w\*")
_BRACES: Final = re.compile(r"\{([^{}]*)\}")
_OF_ACTIVITY: Final = re.compile(r"\s*(?:units\(\s*)?(left|grown)\b[\w.]*\s*(?:,[^()]*\))?\s*")
"""An amount that is nothing but that of a share, or of a running total, in units or not."""
_MADE: Final = frozenset(("amount", "type", "status"))
"""Fields that the bridge makes when the connector does not."""
_COPIED: Final = {
    **dict.fromkeys(AMOUNTS, "remove it, it is copied; a part is taken by `takes`, of the activity's `share`"),
    **dict.fromkeys(("currency", "exchange_rate"), "remove it, it is copied"),
    "user_id": "remove it, it is copied; of a bet that another player gets, write `compare` of the player",
}
"""What a Rollback has as it was sent, whatever the connector would like."""


def check_events(config: PlayTable, problem: Problem) -> None:
    """Report the required fields that the events of an activity lack: each of them would be parked."""
    _check_amounts(config, problem)
    for name, activity in config.activities.items():
        forms = {**config.event, **activity.event}
        missing = [field for field in FIELDS if FIELDS[field].required and field not in _MADE | forms.keys()]
        if not any(field in forms for field in AMOUNTS):
            missing.append(PARTS_OF_AMOUNT[0])
        if missing:
            fields = ", ".join(missing)
            hint = "write it under `event`" if len(missing) == 1 else "write them under `event`"
            message = f"the events of {name} lack {fields}"
            problem(("activities", name), message, f"{hint} of the table or of {name}")
        for field, form in forms.items():
            if field in FIELDS and FIELDS[field].required and form in (None, "none", "null"):
                place = ("activities", name, "event") if field in activity.event else ("event",)
                problem((*place, field), f"{field} is none, and every event needs it", "say what it is")


def _check_amounts(config: PlayTable, problem: Problem) -> None:
    """Report amounts that are what is left of no share, or the growth of no total: they would be null."""
    said: list[tuple[Path, Mapping[str, Any], list[Activity]]]
    said = [(("activities", each), one.event, [one]) for each, one in config.activities.items()]
    said.append(((), config.event, list(config.activities.values())))
    for place, event, meant in said:
        for field, form in event.items() if meant else ():
            asked = _OF_ACTIVITY.fullmatch(str(form)) if field in AMOUNTS else None
            word = asked.group(1) if asked is not None and asked.group(1) not in config.with_ else None
            if word == "left" and all(one.share is None for one in meant):
                hint = "write `share: amount` on the activity, or another amount"
                problem((*place, "event", field), "left is of a share, and there is none", hint)
            if word == "grown" and all(one.grows is None for one in meant):
                hint = "write `grows` on the activity, or another amount"
                problem((*place, "event", field), "grown is of a running total, and there is none", hint)


def check_ids(config: PlayTable, problem: Problem) -> None:
    """Report activities that would bear one id: the second would be taken for a repeat of the first."""
    seen: list[tuple[str, tuple[Any, Any], Any]] = []
    for name, activity in config.activities.items():
        first = {**config.event, **activity.event}.get("activity_id")
        again = {"activity_id": first, **config.again, **activity.again}["activity_id"]
        forms = (first, again if activity.grows is None else None)  # A piece comes back under its own number.
        for other, its_forms, when in seen:
            if not (True in (when, activity.when) or when == activity.when):
                continue
            hint = f'give each its own: activity_id: {{text: "{{id}}:{name}"}}, say'
            if first is not None and first == its_forms[0]:
                message = f"{name} and {other} of one row have the same activity_id"
                problem(_place_of_id(config, name, "event"), message, hint)
            elif forms[1] is not None and forms[1] == its_forms[1]:
                message = f"{name} and {other} of one row have the same activity_id from the second generation on"
                problem(_place_of_id(config, name, "again"), message, hint)
        seen.append((name, forms, activity.when))
        if isinstance(first, Mapping) and ("const" in first or "{" not in str(first.get("text", "{"))):
            hint = 'it names one bet or win: name a column, or columns in braces, as in {text: "{id}:win"}'
            problem(_place_of_id(config, name, "event"), f"every event of {name} has the same activity_id", hint)
        pieces_share = first is not None and _asked_of(first, config) <= _asked_of(config.key, config)
        if activity.grows is not None and pieces_share:
            message = f"the pieces of {name} have one activity_id"
            problem(_place_of_id(config, name, "event"), message, 'n numbers them: {text: "{id}:{n}"}, say')


def check_totals(config: PlayTable, problem: Problem) -> None:
    """Report what means nothing of a running total, whose pieces are sent once, as it has grown."""
    for name, activity in config.activities.items():
        if activity.grows is None:
            continue
        if activity.compare is not None:
            hint = (
                "remove it; a total that is corrected, also to less, is an activity with `compare` and no `grows`"
            )
            problem(
                ("activities", name, "compare"), f"{name} is a running total, and only its growth is sent", hint
            )
        if activity.share is not None:
            hint = "count what is taken back in the total, in an activity with `compare` and no `grows`"
            problem(("activities", name, "share"), f"no part can be taken of the pieces of {name}", hint)


def check_rollbacks(config: PlayTable, problem: Problem) -> None:
    """Report what would keep a Rollback from taking back, to zero, what was sent."""
    said: list[tuple[tuple[str | int, ...], Mapping[str, Any]]] = [(("rollback",), config.rollback)]
    said += [(("activities", name, "rollback"), one.rollback) for name, one in config.activities.items()]
    said += [((*place, "event"), reversal.event) for place, reversal in reversals_of(config)]
    for place, fields in said:
        for field in fields:
            if field in _COPIED:
                message = f"a Rollback with another {field} does not take back what was sent"
                problem((*place, field), message, _COPIED[field])


def _place_of_id(config: PlayTable, name: str, form: str) -> tuple[str | int, ...]:
    """Return where the id of an activity is written: with the activity, or for all of the table."""
    activity = config.activities[name]
    if "activity_id" in getattr(activity, form):
        return ("activities", name, form, "activity_id")
    return ("activities", name) if form == "event" else (form, "activity_id")


def check_rows_named(wallet: Wallet, name: str, problem: Problem) -> None:
    """Report what should name a row of a play table, or an activity, and does not."""
    config = wallet.play[name]
    said: list[tuple[tuple[str | int, ...], Any]] = [(("after",), config.after)]
    for place, reversal in reversals_of(config):
        said += [((*place, "original"), reversal.original), ((*place, "undoes"), reversal.undoes)]
        known = {activity for table in wallet.play.values() for activity in table.activities}
        if reversal.activity is not None and reversal.activity not in known:
            hint = did_you_mean(reversal.activity, known)
            problem((*place, "activity"), f"there is no activity {reversal.activity}", hint)
    for place, reversal in reversals_of(config):
        if config.rows == "append-only" and _normal(reversal.original) == _normal(own_row(name, config)):
            hint = "name the row that it takes back, by the column that holds the key of that"
            problem((*place, "original"), "this names the row itself, and a reversal stands for no play", hint)
    if _normal(config.after) == _normal(own_row(name, config)):
        problem(
            ("after",), "this names the row itself, which would wait for itself", "name the row that it follows"
        )
    for path, text in said:
        if text is not None and not any(speaks_of(table, [text], config) for table in wallet.play):
            problem(path, "this names no row of a play table", f"write {next(iter(wallet.play))}[...]")


def own_row(name: str, config: PlayTable) -> str:
    """Return the expression by which a row of a table would name itself."""
    return f"{name}[{', '.join(map(str, listed(config.key)))}]"


def _normal(form: Any) -> str:
    return re.sub(r"\s", "", str(form))


def check_words(config: PlayTable, problem: Problem) -> None:
    """Report words of the language that are misspelt where an expression, or any text, could stand too."""
    if not any(columns_of(text, config) for text in listed(config.key)):
        problem(("key",), "no column tells one row from another", "name the primary key")
    if isinstance(config.deleted, str) and config.deleted not in ("nothing", "nothing stands"):
        hint = did_you_mean(config.deleted, ("nothing", "nothing stands"))
        if hint:
            problem(("deleted",), f"{config.deleted} is neither `nothing` nor `nothing stands`", hint)
    for column, moves in config.moves.items():
        if "new" not in moves:
            problem(("moves", column), "no row could begin", "say how it may: `new: [...]`")
    if config.tables is not None and _GLOB.search(config.tables):
        problem(
            ("tables",), "this is a regular expression, and * repeats what stands before it", "write .*, or \\d+"
        )


def check_rows_claimed(wallet: Wallet, name: str, problem: Problem) -> None:
    """Report rows that two tables of the connector claim, of which one would never see them."""
    config = wallet.play[name]
    for other, its in wallet.play.items():
        if other == name:
            break
        same = config.tables is not None and config.tables == its.tables
        if (
            same
            or (its.tables is None and _bare(config) == other)
            or (config.tables is None and _bare(its) == name)
        ):
            hint = (
                "say under `tables` of each which table of the database it is, and let one say all about a row: "
                "one that takes back and stands for something itself is a list, with `each`"
            )
            problem(("tables",) if config.tables else (), f"{other} reads the rows of this table as well", hint)


def check_parts_claimed(wallet: Wallet, name: str, problem: Problem) -> None:
    """Report parts of which another header, or another name for them, takes the rows."""
    seen: dict[str, str] = {}
    for other, its in wallet.play.items():
        for part, parts in its.parts.items():
            if other == name and parts.table in seen:
                hint = (
                    f"let the headers be one table, by a pattern: `tables: {seen[parts.table]}|{name}`"
                    if seen[parts.table] != name
                    else "give them one name, and choose with `where`"
                )
                message = f"the rows of {parts.table} are parts of {seen[parts.table]} already"
                problem(("parts", part, "table"), message, hint)
            seen[parts.table] = other
        if other == name:
            break


def _bare(config: PlayTable) -> str | None:
    """Return the pattern of a table without its schema."""
    return re.split(r"\\?\.", config.tables)[-1] if config.tables is not None else None


def check_keys_of_parts(config: PlayTable, problem: Problem) -> None:
    """Report parts that name their header by more or fewer columns than its key has: none would be found."""
    for name, parts in config.parts.items():
        if _width(parts.of) != _width(config.key):
            message = f"the key of its header has {_width(config.key)} values, and this has {_width(parts.of)}"
            problem(("parts", name, "of"), message, "name as many, in the order of `key`")


def _width(key: Any) -> int:
    return len(key) if isinstance(key, list) else 1


def reversals_of(config: PlayTable) -> Iterator[tuple[tuple[str | int, ...], Reversal]]:
    """Yield the reversals of a table, each behind the keys under which the table has it."""
    if isinstance(config.reverses, list):
        yield from ((("reverses", at), reversal) for at, reversal in enumerate(config.reverses))
    else:
        yield ("reverses",), config.reverses


def table_named(reference: Any) -> str:
    """Return the name with which an expression begins: of one that names a row, that of its table."""
    found = _WORD.match(str(reference))
    return found.group() if found is not None else ""


def speaks_of(name: str, forms: Sequence[Any], config: PlayTable) -> bool:
    """Return whether a name stands in forms, or in what they name under `with`."""
    return name in _reached(forms, config)


def asks_what_was_sent(form: Any, config: PlayTable, activities: frozenset[str]) -> bool:
    """Return whether a value depends on what was sent of a row, by itself or by what it names under `with`."""
    nodes = list(nodes_of([form], config))
    by_round = any(isinstance(node, ast.Name) and node.id == "this_round" for node in nodes)
    return by_round or any(isinstance(node, ast.Attribute) and node.attr in activities for node in nodes)


def nodes_of(forms: Iterable[Any], config: PlayTable) -> Iterator[ast.AST]:
    """Yield the nodes of expressions, and of what they name under `with`, once each."""
    open_forms, reached = list(forms), set[str]()
    while open_forms:
        for text in texts_of(open_forms.pop()):
            try:
                nodes = list(ast.walk(parse(text)[0]))
            except ExpressionProblem:
                continue  # It is told where it is compiled.
            yield from nodes
            names = {node.id for node in nodes if isinstance(node, ast.Name)} & config.with_.keys() - reached
            reached |= names
            open_forms += [config.with_[name] for name in sorted(names)]


def _asked_of(form: Any, config: PlayTable) -> set[str]:
    """Return the names that a value asks for, those under `with` by what they ask for in turn."""
    if isinstance(form, Mapping) and "text" in form:
        form = _BRACES.findall(str(form["text"]))
    return _reached([form], config) - config.with_.keys()


def _reached(forms: Sequence[Any], config: PlayTable) -> set[str]:
    reached: set[str] = set()
    open_forms = list(forms)
    while open_forms:
        words = [word for text in texts_of(open_forms.pop()) for word in _WORD.findall(text)]
        for word in set(words) - reached:
            reached.add(word)
            if word in config.with_:
                open_forms.append(config.with_[word])
    return reached
