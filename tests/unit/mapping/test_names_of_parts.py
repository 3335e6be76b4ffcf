"""Names for what belongs to one part: the kind of its account lies in another table."""

from __future__ import annotations

import random

import pytest

from bridge.errors import ConfigError
from tests.support.trial import Make, Trial

JOURNAL = """
wait: {lookup: 10 minutes}
lookups: {accounts: {key: id}}
play:
  tx:
    parts:
      legs:
        table: leg
        one: leg
        of: tx
        count: leg_count
        with:
          purse: accounts[leg.account].kind
          owner: accounts[leg.account].owner
          side: {from: leg.way, D: debit, else: {text: credit}}
    activities:
      bet: {type: Bet, when: kind == "bet", share: leg.amount}
    split: {parts: legs, by: purse, only: '("CASH", "BONUS")'}
    event:
      wager_amount: left.CASH
      bonus_wager_amount: left.BONUS
      user_id: max(where(legs, purse="CASH").owner)
      meta: {debits: 'count(where(legs, side="debit"))'}
    reverses: {when: kind == "void", original: "tx[ref]", takes: leg.amount}
"""
ACCOUNTS = {"a": ("CASH", 7), "b": ("BONUS", 7), "h": ("HOUSE", None)}
LEGS = (("a", 6, "D"), ("h", 6, "C"), ("b", 4, "D"))


def legs_of(run: Trial, tx: str, legs: tuple[tuple[str, int, str], ...], first: int = 0) -> None:
    for at, (account, amount, way) in enumerate(legs, start=first):
        run.insert("leg", at, tx=tx, account=account, amount=amount, way=way)


@pytest.mark.parametrize("seed", range(40))
def test_in_whatever_order_all_comes(trial: Make, seed: int) -> None:
    run = trial(JOURNAL)
    for at in random.Random(seed).sample(range(7), 7):
        if at < 3:
            account, amount, way = LEGS[at]
            run.insert("leg", at, tx="1", account=account, amount=amount, way=way)
        elif at < 6:
            name = list(ACCOUNTS)[at - 3]
            run.insert("accounts", name, kind=ACCOUNTS[name][0], owner=ACCOUNTS[name][1])
        else:
            run.insert("tx", "1", kind="bet", leg_count=3)
    (event,) = run.bodies()
    assert (event["wager_amount"], event["bonus_wager_amount"], event["user_id"]) == (6, 4, "7")
    assert event["meta"] == {"debits": 2}


def test_a_part_is_taken_back_by_the_same_names(trial: Make) -> None:
    run = trial(JOURNAL)
    for name, (kind, owner) in ACCOUNTS.items():
        run.insert("accounts", name, kind=kind, owner=owner)
    run.insert("tx", "1", kind="bet", leg_count=3)
    legs_of(run, "1", LEGS)
    run.insert("tx", "2", kind="void", ref="1", leg_count=2)
    legs_of(run, "2", (("b", 4, "C"), ("h", 4, "D")), first=3)
    assert run.events() == ["Bet Approved 1 10", "Bet Rollback 1 10", "Bet Approved 1 6"]


def test_an_account_that_changes_its_kind_leaves_what_was_sent(trial: Make) -> None:
    run = trial(JOURNAL)
    for name, (kind, owner) in ACCOUNTS.items():
        run.insert("accounts", name, kind=kind, owner=owner)
    run.insert("tx", "1", kind="bet", leg_count=3)
    legs_of(run, "1", LEGS)
    run.update("accounts", "b", kind="CASH", owner=7)
    run.insert("tx", "2", kind="void", ref="1", leg_count=1)
    legs_of(run, "2", (("a", 6, "C"),), first=3)
    assert run.events() == ["Bet Approved 1 10", "Bet Rollback 1 10", "Bet Approved 1 4"]


def test_a_name_may_be_that_of_the_column_from_which_it_is_made(trial: Make) -> None:
    run = trial("""
play:
  tx:
    parts: {legs: {table: leg, one: leg, of: tx, count: 2, with: {purse: upper(leg.purse)}}}
    activities: {bet: {type: Bet}}
    event: {wager_amount: 'sum(where(legs, purse="CASH").amount)'}
""")
    run.insert("tx", "1")
    run.insert("leg", 1, tx="1", purse="cash", amount=5)
    run.insert("leg", 2, tx="1", purse="House", amount=5)
    assert run.events() == ["Bet Approved 1 5"]


def test_a_name_of_the_table_that_speaks_of_one_part_is_worked_out_for_each(trial: Make) -> None:
    """It was worked out for the first one, and all others had its value."""
    run = trial("""
lookups: {accounts: {key: id}}
play:
  tx:
    parts: {legs: {table: leg, one: leg, of: tx, count: 3}}
    with: {ours: 'accounts[leg.account].kind == "CASH"'}
    activities: {bet: {type: Bet, share: leg.amount if ours else 0}}
    split: {parts: legs, by: way}
    event: {wager_amount: left.D + left.C}
""")
    for name, (kind, owner) in ACCOUNTS.items():
        run.insert("accounts", name, kind=kind, owner=owner)
    run.insert("tx", "1")
    legs_of(run, "1", LEGS)
    assert run.events() == ["Bet Approved 1 6"]


def test_a_list_names_no_row(trial: Make) -> None:
    run = trial("""
lookups: {accounts: {key: id}}
play:
  tx:
    parts: {legs: {table: leg, one: leg, of: tx, count: 1}}
    activities: {bet: {type: Bet}}
    event: {user_id: 'accounts[legs.account].owner'}
""")
    run.insert("tx", "1")
    legs_of(run, "1", LEGS[:1])
    assert [code for _, code in run.parked()] == ["not_a_key", "header_parked"]


def test_a_mistake_in_one_has_its_place(trial: Make) -> None:
    with pytest.raises(ConfigError) as refused:
        trial("""
play:
  tx:
    parts: {legs: {table: leg, one: leg, of: tx, count: 1, with: {purse: "accounts[leg.account].kind"}}}
    activities: {bet: {type: Bet}}
""")
    assert refused.value.problems[0].key == "play.tx.parts.legs.with.purse"


@pytest.mark.parametrize(
    "said",
    [
        "{park: {odd: leg.way == 'X'}, event: {wager_amount: sum(legs.amount)}}",
        "{event: {wager_amount: sum(legs.amount), balance_after: leg.balance}}",
    ],
)
def test_where_no_part_is_meant_one_is_not_taken_for_null(trial: Make, said: str) -> None:
    run = trial(f"""
play:
  tx:
    parts: {{legs: {{table: leg, one: leg, of: tx, count: 1}}}}
    activities: {{bet: {{type: Bet}}}}
    {said[1:-1].replace(", event", chr(10) + "    event")}
""")
    run.insert("tx", "1")
    legs_of(run, "1", LEGS[:1])
    assert [code for _, code in run.parked()] == ["no_part", "header_parked"]
