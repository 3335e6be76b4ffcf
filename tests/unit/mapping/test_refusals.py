"""What a wallet cannot say is refused when it is loaded, with its place and a hint."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.errors import ConfigError
from tests.support.trial import wallet

REFUSED = {
    "a look-up that is never used": (
        "lookups: {games: {key: id}}\nplay: {tx: {activities: {bet: {type: Bet}}}}",
        "lookups.games: this look-up is never used",
    ),
    "a player by look-up": (
        "lookups: {a: {key: id}}\nplay: {tx: {player: 'a[x].player', activities: {bet: {type: Bet}}}}",
        "play.tx.player: this cannot depend on a look-up or on another row (for `player`, an account's id will do",
    ),
    "a key by a name that looks up": (
        (
            "lookups: {a: {key: id}}\n"
            "play: {tx: {with: {who: 'a[x]'}, key: [id, who.id], activities: {bet: {type: Bet}}}}"
        ),
        "play.tx.key: this cannot depend on a look-up",
    ),
    "a start by look-up": (
        "lookups: {a: {key: id}}\nplay: {tx: {starts: 'a[x].live', activities: {bet: {type: Bet}}}}",
        "play.tx.starts: this cannot depend on a look-up",
    ),
    "a field that events do not have": (
        "play: {tx: {activities: {bet: {type: Bet}}, event: {game_nam: id}}}",
        "play.tx.event.game_nam: game_nam is no field of an event (did you mean game_name?)",
    ),
    "a text for a number": (
        "play: {tx: {activities: {bet: {type: Bet}}, event: {exchange_rate: {const: '1.0'}}}}",
        "play.tx.event.exchange_rate: exchange_rate is not an exact number, but text",
    ),
    "a rate of nothing": (
        "play: {tx: {activities: {bet: {type: Bet}}, event: {exchange_rate: 0}}}",
        "play.tx.event.exchange_rate: exchange_rate is not above 0",
    ),
    "a number that is below 0": (
        "play: {tx: {activities: {bet: {type: Bet, event: {wager_amount: -1}}}}}",
        "activities.bet.event.wager_amount: wager_amount below 0",
    ),
    "no currency code": (
        "play: {tx: {activities: {bet: {type: Bet}}, event: {currency: {const: euro cent}}}}",
        "play.tx.event.currency: currency is not a currency code",
    ),
    "a text for true or false in a case": (
        "play: {tx: {activities: {bet: {type: Bet}}, event: {is_round_end: {from: a, x: 'yes', else: false}}}}",
        "play.tx.event.is_round_end.x: is_round_end is not true or false",
    ),
    "an else that does not fit": (
        "play: {tx: {activities: {bet: {type: Bet}}, event: {currency: {from: a, x: EUR, else: \"'?'\"}}}}",
        "play.tx.event.currency.else: currency is not a currency code",
    ),
    "a time that is none": (
        "play: {tx: {activities: {bet: {type: Bet}}, event: {timestamp: {const: today}}}}",
        "play.tx.event.timestamp: timestamp is not RFC 3339",
    ),
    "a type in the event": (
        "play: {tx: {activities: {bet: {type: Bet}}, event: {type: id}}}",
        "type is not written here (the activity says it)",
    ),
    "mutable rows without deleted": (
        "play: {tx: {rows: mutable, activities: {bet: {type: Bet}}}}",
        "`deleted` is missing",
    ),
    "moves of append-only rows": (
        "play: {tx: {moves: {status: {new: [a]}}, activities: {bet: {type: Bet}}}}",
        "`deleted`, `moves`, `watch`, `as_of` and `compare` need `rows: mutable`",
    ),
    "a bet and a win of one row with one id": (
        "play: {tx: {activities: {bet: {type: Bet}, win: {type: Win, stands: won != null}}}}",
        "play.tx.activities.win: win and bet of one row have the same activity_id (give each its own",
    ),
    "a bet and a win of one row with one id, once they are sent again": (
        """
play:
  tx:
    rows: mutable
    deleted: nothing
    activities: {bet: {type: Bet}, win: {type: Win, event: {activity_id: {text: "w{id}"}}}}
    again: {activity_id: {text: "{id}:{n}"}}
""",
        "play.tx.again.activity_id: win and bet of one row have the same activity_id from the second",
    ),
    "pieces of a total with one id": (
        (
            "play: {tx: {with: {own: id}, activities: {win: {type: Win, grows: {total: c}, "
            "event: {activity_id: {text: '{own}:cash'}}}}}}"
        ),
        "activity_id: the pieces of win have one activity_id (n numbers them",
    ),
    "a total that is compared": (
        (
            "play: {tx: {rows: mutable, deleted: nothing, activities: {win: {type: Win, grows: {total: c}, "
            "compare: c, event: {activity_id: {text: '{id}:{n}'}}}}}}"
        ),
        "activities.win.compare: win is a running total, and only its growth is sent",
    ),
    "a share of a total": (
        (
            "play: {tx: {activities: {win: {type: Win, grows: {total: c}, share: grown, "
            "event: {activity_id: {text: '{id}:{n}'}, wager_amount: left}}}}}"
        ),
        "activities.win.share: no part can be taken of the pieces of win",
    ),
    "a rate of a Rollback's own": (
        (
            "play: {tx: {rows: mutable, deleted: nothing, stands: ok, activities: {bet: {type: Bet}}, "
            "rollback: {exchange_rate: rate}}}"
        ),
        "play.tx.rollback.exchange_rate: a Rollback with another exchange_rate does not take back what was sent",
    ),
    "a player of an activity's Rollback": (
        (
            "play: {tx: {rows: mutable, deleted: nothing, stands: ok, "
            "activities: {bet: {type: Bet, rollback: {user_id: player}}}}}"
        ),
        "play.tx.activities.bet.rollback.user_id: a Rollback with another user_id does not take back",
    ),
    "an amount in the event of a reversal": (
        (
            "play: {tx: {activities: {bet: {type: Bet, when: ref == none}}, "
            "reverses: {when: ref != none, original: 'tx[ref]', event: {wager_amount: amount}}}}"
        ),
        "play.tx.reverses.event.wager_amount: a Rollback with another wager_amount does not take back",
    ),
    "a list in a row that changes": (
        (
            "play: {tx: {rows: mutable, deleted: nothing, each: {item: items}, "
            "activities: {bet: {type: Bet}}, event: {meta: {a: item.a}}}}"
        ),
        "play.tx.each: `each` needs `rows: append-only`, and no `parts`",
    ),
    "an item that is called as something else": (
        "play: {tx: {each: {bet: items}, activities: {bet: {type: Bet}}}}",
        "play.tx.each.bet: bet already means something else here",
    ),
    "a list by look-up": (
        "lookups: {a: {key: id}}\nplay: {tx: {each: {item: 'a[x].items'}, activities: {bet: {type: Bet}}}}",
        "play.tx.each: this cannot depend on a look-up or on another row",
    ),
    "a table that means nothing": ("play: {tx: {}}", "no row of this table means anything"),
    "a reversal of nothing": (
        "play: {tx: {reverses: {when: true}}}",
        "a reversal names `original`, `round` or `undoes`",
    ),
    "a name that means two things": (
        "play: {tx: {with: {bet: id}, activities: {bet: {type: Bet}}}}",
        "bet already means something else here",
    ),
    "a name that needs itself": (
        "play: {tx: {with: {a: b + 1, b: a}, activities: {bet: {type: Bet}}, event: {round_id: a}}}",
        "refers to itself",
    ),
    "a case whose result YAML has cut off at its comma": (
        "play: {tx: {activities: {bet: {type: Bet}}, event: {game_type: {from: kind, live: Live, Casino}}}}",
        "play.tx.event.game_type.Casino: the case Casino has no result (a text with a comma in it",
    ),
    "a table without its last letter, of which a name was made": (
        "lookups: {games: {key: id}}\nplay: {tx: {with: {game: 'game[g]'}, activities: {bet: {type: Bet}}}}",
        'game refers to itself (did you mean games? if a column is meant, write column("game"))',
    ),
    "a round that the table has not": (
        "play: {tx: {activities: {bet: {type: Bet, stands: this_round.bets == 0}}}}",
        "this table has no round (say which it is: `round: round_id` on the table)",
    ),
    "what is taken back, in the event of an activity": (
        "play: {tx: {activities: {bet: {type: Bet, event: {meta: {of: taken_back.activity_id}}}}}}",
        (
            "play.tx.activities.bet.event.meta.of: taken_back is known under `event` of `reverses` alone "
            "(elsewhere `original` is the row that a reversal takes back; "
            'if a column is meant, write column("taken_back"))'
        ),
    ),
    "what is taken back, in the rollback of an activity": (
        "play: {tx: {activities: {bet: {type: Bet, rollback: {meta: {of: taken_back.activity_id}}}}}}",
        "play.tx.activities.bet.rollback.meta.of: taken_back is known under `event` of `reverses` alone",
    ),
    "what is taken back, as a built-in name": (
        'play: {tx: {skip: {x: built_in("taken_back").amount}, activities: {bet: {type: Bet}}}}',
        "play.tx.skip.x: taken_back is known under `event` of `reverses` alone",
    ),
    "what is taken back, in whether it is": (
        "play: {tx: {activities: {bet: {type: Bet}}, reverses: {when: taken_back.amount, original: 'tx[ref]'}}}",
        "play.tx.reverses.when: taken_back is known under `event` of `reverses` alone",
    ),
    "what is taken back, by another name": (
        "play: {tx: {with: {a: b.id, b: taken_back}, activities: {bet: {type: Bet}}, event: {round_id: a}}}",
        "play.tx.event.round_id: a is made from taken_back, which is known under `event` of `reverses` alone",
    ),
    "holding rounds without a round": (
        "play: {tx: {holds: round, activities: {bet: {type: Bet}}}}",
        "the round is not known",
    ),
    "parts without a count": (
        "play: {tx: {parts: {legs: {table: leg, one: leg, of: tx}}, activities: {bet: {type: Bet}}}}",
        "what makes the parts complete is said once",
    ),
    "parts by the end of the transaction": (
        (
            "play: {tx: {parts: {legs: {table: leg, one: leg, of: tx, until: transaction}},"
            " activities: {bet: {type: Bet}}}}"
        ),
        "play.tx.parts.legs.until: no topic tells when a transaction has ended",
    ),
    "a split of unknown parts": (
        "play: {tx: {split: {parts: leg, by: wallet}, activities: {bet: {type: Bet}}}}",
        "play.tx.split.parts: no such parts",
    ),
    "too few keys for a look-up": (
        (
            "lookups: {fx: {key: c, as_of: since}}\n"
            "play: {tx: {activities: {bet: {type: Bet}}, event: {exchange_rate: 'fx[c].rate'}}}"
        ),
        "fx is looked up by c, a time for since",
    ),
    "a list of columns in quotes": (
        "play: {tx: {indexes: {by_time: '[player, at]'}, activities: {bet: {type: Bet}}}}",
        "play.tx.indexes.by_time: this is one text with a list in it, which names no row (write the columns",
    ),
    "a key of several columns in quotes": (
        "play: {tx: {key: '(provider, id)', activities: {bet: {type: Bet}}}}",
        "play.tx.key: this is one text with a list in it, which names no row (write the columns",
    ),
    "a pattern that is none": (
        "play: {tx: {tables: '(', activities: {bet: {type: Bet}}}}",
        "this is no regular expression",
    ),
    "a column type that is none": (
        "play: {tx: {columns: {amount: money}, activities: {bet: {type: Bet}}}}",
        "play.tx.columns.amount",
    ),
    "a query without an address": (
        (
            "lookups: {fx: {key: c, sql: SELECT 1}}\n"
            "play: {tx: {activities: {bet: {type: Bet}}, event: {exchange_rate: 'fx[c].rate'}}}"
        ),
        "the replica's address is missing (add `url:`)",
    ),
}


@pytest.mark.parametrize(("text", "said"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        wallet(tmp_path, text)
    assert said in str(refused.value)
    assert all(problem.line > 0 for problem in refused.value.problems)


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        wallet(tmp_path, "play: {tx: {skip: {a: 1 +}, park: {b: )}, activities: {bet: {type: Bet, when: x ==}}}}")
    assert len(refused.value.problems) == 3
