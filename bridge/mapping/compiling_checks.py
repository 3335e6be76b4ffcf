"""What a wallet must say for its events to be whole, whichever rows come.  Found at load, place by place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from bridge.casino import FIELDS, PARTS_OF_AMOUNT
from bridge.config.wallet import PlayTable, Wallet
from bridge.mapping.amounts import AMOUNTS

Problem = Callable[[tuple[str | int, ...], str, str], None]
"""Takes the path of keys from the table on, the message, and a hint."""

_WORD: Final = re.compile(r"[^\W\d]\w*")
_MADE: Final = frozenset(("amount", "type", "status"))
"""Fields that the bridge makes when the connector does not."""


def check_events(config: PlayTable, problem: Problem) -> None:
    """Report the required fields that the events of an activity lack: each of them would be parked."""
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


def check_shares(wallet: Wallet, name: str, problem: Problem) -> None:
    """Report parts taken of what has no share, and shares that do not show in the amount."""
    config = wallet.play[name]
    taken = {target for table in wallet.play.values() for target, _ in _taken_from(table)}
    for activity_name, activity in config.activities.items():
        forms = {**config.event, **activity.event}
        amounts = [form for field, form in forms.items() if field in AMOUNTS]
        if activity.share is not None and name in taken and amounts and not _speaks_of("left", amounts, config):
            problem(
                ("activities", activity_name, "share"),
                f"a part is taken of {activity_name}, but its amount does not say what is left",
                f"write {PARTS_OF_AMOUNT[0]}: left, or the parts of the amount by `left`",
            )
    for target, at in _taken_from(config):
        activities = wallet.play[target].activities.values() if target in wallet.play else ()
        if activities and not any(activity.share is not None for activity in activities):
            place: tuple[str | int, ...] = ("reverses", at) if isinstance(config.reverses, list) else ("reverses",)
            problem(
                (*place, "takes"),
                f"no activity of {target} has a share to take a part of",
                "write `share: amount` on the activity, and wager_amount: left",
            )


def _taken_from(config: PlayTable) -> Iterator[tuple[str, int]]:
    """Yield the tables of which reversals take parts, and which reversal of the list it is."""
    reverses = config.reverses if isinstance(config.reverses, list) else [config.reverses]
    for at, reversal in enumerate(reverses):
        found = _WORD.match(str(reversal.original)) if reversal.takes is not None else None
        if found is not None:
            yield found.group(), at


def _speaks_of(name: str, forms: Sequence[Any], config: PlayTable) -> bool:
    """Return whether a name stands in forms, or in what they name under `with`."""
    reached: set[str] = set()
    open_forms = list(forms)
    while open_forms:
        for word in set(_words(open_forms.pop())) - reached:
            reached.add(word)
            if word in config.with_:
                open_forms.append(config.with_[word])
    return name in reached


def _words(form: Any) -> Iterator[str]:
    if isinstance(form, str):
        yield from _WORD.findall(form)
    elif isinstance(form, Mapping):
        for value in form.values():
            yield from _words(value)
