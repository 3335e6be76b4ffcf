"""Whether parts are taken of what has a share, in its form, and shares show in the amounts.  Found at load."""

from __future__ import annotations

import keyword
from collections.abc import Iterator
from typing import Any, Final

from bridge.casino import PARTS_OF_AMOUNT
from bridge.config.wallet import Activity, PlayTable, Reversal, Wallet
from bridge.mapping.compiling.checks import Problem, reversals_of, speaks_of, table_named
from bridge.mapping.compiling.reporting import Path
from bridge.mapping.language.syntax import did_you_mean
from bridge.mapping.state.amounts import AMOUNTS

_NO_SHARE: Final = "write `share: amount` on the activity, and wager_amount: left"
_ALIKE: Final = "let `takes` have the form of `share`"


def check_shares(wallet: Wallet, name: str, problem: Problem) -> None:
    """Report parts taken of what has no share, or a share of another form, and shares that no amount shows."""
    config = wallet.play[name]
    taken = {target for table in wallet.play.values() for target, _, _ in _taken_from(table)}
    for each, activity in config.activities.items():
        _check_names(activity.share, ("activities", each, "share"), problem)
        if name in taken:
            _check_amounts(config, each, activity, problem)
    for target, place, reversal in _taken_from(config):
        _check_names(reversal.takes, (*place, "takes"), problem)
        unfit = _unfit(wallet.play[target], config, target, reversal) if target in wallet.play else None
        if unfit is not None:
            problem((*place, "takes"), *unfit)


def _check_names(share: Any, place: Path, problem: Problem) -> None:
    for name in share if isinstance(share, dict) else ():
        if not name.isidentifier() or keyword.iskeyword(name):
            problem(
                (*place, name), "this cannot be asked for as `left.NAME`", "take a name of letters: real, bonus"
            )


def _check_amounts(config: PlayTable, name: str, activity: Activity, problem: Problem) -> None:
    forms = {**config.event, **activity.event}
    amounts = [form for field, form in forms.items() if field in AMOUNTS]
    if activity.share is not None and amounts and not speaks_of("left", amounts, config):
        problem(
            ("activities", name, "share"),
            f"a part is taken of {name}, but its amount does not say what is left",
            f"write {PARTS_OF_AMOUNT[0]}: left, or the parts of the amount by `left`",
        )


def _unfit(table: PlayTable, config: PlayTable, target: str, reversal: Reversal) -> tuple[str, str] | None:
    """Return why a part cannot be taken of the shares of a table, and a hint; None if it can."""
    shares = {name: one.share for name, one in table.activities.items() if one.share is not None}
    if table.activities and not shares:
        return f"no activity of {target} has a share to take a part of", _NO_SHARE
    meant = [share for name, share in shares.items() if reversal.activity in (None, name)]
    several = isinstance(reversal.takes, dict) or config.split is not None
    if any(several != (isinstance(share, dict) or table.split is not None) for share in meant):
        has, takes = ("one number", "several") if several else ("several numbers", "one")
        return f"the share of {target} is {has}, and this takes {takes}", _ALIKE
    known = {name for share in meant if isinstance(share, dict) for name in share}
    strange = sorted(reversal.takes.keys() - known) if isinstance(reversal.takes, dict) and known else []
    return (f"no share of {target} is called {strange[0]}", did_you_mean(strange[0], known)) if strange else None


def _taken_from(config: PlayTable) -> Iterator[tuple[str, Path, Reversal]]:
    """Yield the tables of which reversals take parts, where the reversal is written, and what it says."""
    for place, reversal in reversals_of(config):
        if reversal.takes is not None and table_named(reversal.original):
            yield table_named(reversal.original), place, reversal
