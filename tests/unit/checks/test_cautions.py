"""What `check` finds before a record is seen: fields that are missing, names misread, parts without shares."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bridge.checks.cautions import cautions
from bridge.errors import ConfigError
from tests.support.trial import EVENT, wallet


def problems(folder: Path, text: str, event: dict[str, Any] | None = None) -> list[str]:
    """Return the problems of a small wallet, each as it is printed."""
    with pytest.raises(ConfigError) as caught:
        wallet(folder, text, event=EVENT if event is None else event)
    return [f"{p.key}: {p.message}" + (f" ({p.hint})" if p.hint else "") for p in caught.value.problems]


class TestFieldsThatEveryEventNeeds:
    """Without one of them, every row would be parked."""

    def test_the_activity_and_its_fields_are_named(self, tmp_path: Path) -> None:
        event = {field: form for field, form in EVENT.items() if field not in ("game_name", "currency")}
        (problem,) = problems(tmp_path, "play: {tx: {activities: {bet: {type: Bet}}}}", event)
        assert problem == (
            "play.tx.activities.bet: the events of bet lack game_name, currency "
            "(write them under `event` of the table or of bet)"
        )

    def test_they_have_a_place(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError) as caught:
            wallet(tmp_path, "play: {tx: {activities: {bet: {type: Bet}}}}", event={"activity_id": "id"})
        (problem,) = caught.value.problems
        line = (tmp_path / "trial.yaml").read_text().splitlines()[problem.line - 1]
        assert line[problem.column - 1 :].startswith("type: Bet")

    def test_an_activity_may_say_what_the_table_does_not(self, tmp_path: Path) -> None:
        event = {field: form for field, form in EVENT.items() if field != "wager_amount"}
        said = (
            "play: {tx: {activities: {bet: {type: Bet, when: b, event: {amount: a}}, win: {type: Win, when: w}}}}"
        )
        (problem,) = problems(tmp_path, said, event)
        assert problem.startswith("play.tx.activities.win: the events of win lack wager_amount")

    def test_any_part_of_the_amount_will_do(self, tmp_path: Path) -> None:
        event = {field: form for field, form in EVENT.items() if field != "wager_amount"}
        wallet(
            tmp_path, "play: {tx: {activities: {bet: {type: Bet}}}}", event={**event, "bonus_wager_amount": "a"}
        )

    def test_one_that_is_none_is_told_at_its_place(self, tmp_path: Path) -> None:
        (problem,) = problems(tmp_path, "play: {tx: {activities: {bet: {type: Bet, event: {currency: none}}}}}")
        assert problem == (
            "play.tx.activities.bet.event.currency: currency is none, and every event needs it (say what it is)"
        )

    def test_a_table_of_reversals_alone_needs_no_fields(self, tmp_path: Path) -> None:
        said = "play: {tx: {activities: {bet: {type: Bet}}}, voids: {reverses: {when: true, original: 'tx[of]'}}}"
        brand = wallet(tmp_path, said)
        assert not brand.plan.tables["voids"].activities


MISREAD = {
    "a look-up that is misspelt": (
        "event: {game_name: 'gmes[game].name', vendor_name: 'games[game].vendor'}",
        "there is no table gmes (did you mean games?)",
    ),
    "a look-up that is not there at all": (
        "event: {game_name: 'games[game].name', vendor_name: 'studios[studio].name'}",
        'there is no table studios (for an item of a column, column("studios")[...])',
    ),
    "a look-up with its schema": (
        "event: {game_name: 'public.games[game].name', vendor_name: 'games[game].vendor'}",
        "public is no table (write games[...], without the schema)",
    ),
    "a look-up without a key": (
        "event: {game_name: games.name, vendor_name: 'games[game].vendor'}",
        "games is a table: which of its rows?",
    ),
    "an index that is not declared": (
        "event: {game_name: 'games[game].name'}, reverses: {when: true, original: 'tx.by_ticket[ticket]'}",
        "tx has no index by_ticket (declare it under `indexes` of tx, or write tx[...] with the key)",
    ),
    "an original in a table that is not there": (
        "event: {game_name: 'games[game].name'}, reverses: {when: true, original: 'txx[ref]'}",
        "there is no table txx (did you mean tx?)",
    ),
    "a column that is called as an activity, compared": (
        "event: {game_name: 'games[game].name'}, stands: win != none",
        'win is an activity of this table, and no value (for the text write "win" in quotes',
    ),
    "a column that is called as an activity, sent": (
        "event: {game_name: 'games[game].name', wager_amount: win or 0}",
        "win is an activity of this table, and no value",
    ),
    "a text without quotes": (
        "event: {game_name: 'games[game].name'}, stands: kind == win",
        'for the text write "win" in quotes',
    ),
    "an original that is a value": (
        "event: {game_name: 'games[game].name'}, reverses: {when: true, original: ref_id}",
        "play.tx.reverses.original: this names no row of a play table (write tx[...])",
    ),
    "an original in a look-up": (
        "event: {game_name: 'games[game].name'}, reverses: [{when: true, undoes: 'games[ref_id]'}]",
        "play.tx.reverses.0.undoes: this names no row of a play table (write tx[...])",
    ),
    "an activity that nothing has": (
        "event: {game_name: 'games[game].name'}, reverses: {when: true, original: 'tx[a]', activity: wn}",
        "play.tx.reverses.activity: there is no activity wn (did you mean win?)",
    ),
    "nothing, misspelt": (
        "event: {game_name: 'games[game].name'}, rows: mutable, deleted: nothing stand",
        "play.tx.deleted: ",
    ),
    "moves without a beginning": (
        "event: {game_name: 'games[game].name'}, rows: mutable, deleted: nothing, moves: {state: {nw: [a]}}",
        "play.tx.moves.state: no row could begin (say how it may: `new: [...]`)",
    ),
    "a pattern that is none": (
        "event: {game_name: 'games[game].name'}, tables: tx_*",
        "play.tx.tables: this is a regular expression, and * repeats what stands before it",
    ),
    "the clock": (
        "event: {game_name: 'games[game].name', timestamp: now()}",
        "unknown function now (there is no clock; committed_at is when the change was committed)",
    ),
    "a text that is no expression": (
        "event: {game_name: 'games[game].name', origin: 'https://a.example'}",
        "this is no expression (a constant text is written {text: ...})",
    ),
    "a condition of another language": (
        "event: {game_name: 'games[game].name'}, stands: 'a && b'",
        "this is no expression (write and)",
    ),
    "a call in braces that ends at its comma": (
        "event: {game_name: 'games[game].name', wager_amount: units(cents, 2), currency: code}",
        "play.tx.event.wager_amount: this is no expression (inside braces, an expression with a comma",
    ),
    "what is left of it behind the comma": (
        "event: {game_name: 'games[game].name', wager_amount: units(cents, 2), currency: code}",
        "2) is no field of an event (inside braces, an expression with a comma",
    ),
}


@pytest.mark.parametrize("case", MISREAD)
def test_a_name_that_would_be_misread_is_told(tmp_path: Path, case: str) -> None:
    said, expected = MISREAD[case]
    found = problems(
        tmp_path, f"lookups: {{games: {{key: id}}}}\nplay: {{tx: {{activities: {{win: {{type: Win}}}}, {said}}}}}"
    )
    assert any(expected in problem for problem in found), found


@pytest.mark.parametrize(
    "condition",
    ["win and a != win.amount", "not win", "(1 if win else 2) == 1", 'column("win") != none', "details[0].x == 1"],
)
def test_whether_an_activity_was_sent_can_be_asked(tmp_path: Path, condition: str) -> None:
    wallet(tmp_path, f"play: {{tx: {{activities: {{win: {{type: Win}}}}, park: {{odd: '{condition}'}}}}}}")


class TestParts:
    """A part that is taken back must show in the amount."""

    def test_a_share_that_the_amount_does_not_use(self, tmp_path: Path) -> None:
        said = """
play:
  tx:
    activities: {bet: {type: Bet, share: amount}}
    reverses: {when: 'kind == "refund"', original: 'tx[ref]', takes: amount}
"""
        (problem,) = problems(tmp_path, said)
        assert problem.startswith(
            "play.tx.activities.bet.share: a part is taken of bet, but its amount does not say what is left"
        )

    def test_left_may_stand_behind_a_name(self, tmp_path: Path) -> None:
        said = """
play:
  tx:
    with: {rest: 'units(left, 2)', money: rest}
    activities: {bet: {type: Bet, share: amount}}
    event: {wager_amount: money}
    reverses: {when: 'kind == "refund"', original: 'tx[ref]', takes: amount}
"""
        wallet(tmp_path, said)

    def test_a_part_of_what_has_no_share(self, tmp_path: Path) -> None:
        said = """
play:
  tx: {activities: {bet: {type: Bet}}}
  refunds: {reverses: [{when: true, original: 'tx[ref]', takes: amount}]}
"""
        (problem,) = problems(tmp_path, said)
        assert problem.startswith("play.refunds.reverses.0.takes: no activity of tx has a share to take a part of")


@pytest.mark.parametrize(("stands", "told"), [("true", True), ("total > 0", False)])
def test_a_guard_of_the_contract_is_told_unless_it_guards_what_makes_no_event(
    tmp_path: Path, stands: str, told: bool
) -> None:
    said = f"""
play:
  tx:
    with: {{total: a + b}}
    park: {{below zero: total < 0}}
    activities: {{win: {{type: Win, stands: {stands}}}}}
    event: {{wager_amount: total}}
"""
    found = [caution.message for caution in cautions(wallet(tmp_path, said))]
    assert any("comes with the contract" in message for message in found) is told


@pytest.mark.parametrize(
    ("activity", "told"),
    [
        ("{type: Win, compare: [paid, status]}", {"activities.win.compare": "payout"}),
        ("{type: Win, compare: [status, seen]}", {}),
        (
            '{type: Win, grows: {total: cashed}, event: {activity_id: {text: "{id}:{n}"}}}',
            {"activities.win.grows.total": "cashed"},
        ),
    ],
)
def test_a_column_whose_change_alone_is_not_watched_is_told(
    tmp_path: Path, activity: str, told: dict[str, str]
) -> None:
    said = f"""
play:
  tx:
    rows: mutable
    deleted: nothing
    watch: [status, seen]
    with: {{paid: 'column("payout")'}}
    park: {{unpaid: paid == none}}
    activities: {{win: {activity}}}
"""
    found = {caution.key: caution.message for caution in cautions(wallet(tmp_path, said))}
    passed_over = {key: message for key, message in found.items() if "is passed over" in message}
    assert passed_over == {
        f"play.tx.{key}": f"an update of {column} alone is passed over: `watch` does not name it"
        for key, column in told.items()
    }


def test_a_table_whose_topic_is_not_named_is_told(tmp_path: Path) -> None:
    said = """
source: {kafka: "k:1", topics: {tx: a.b.tx}}
lookups: {games: {key: id}, sites: {key: id, file: sites.csv}}
play:
  tx:
    parts: {legs: {table: leg, one: leg, of: tx, count: legs_of}}
    activities: {bet: {type: Bet}}
    event: {game_name: 'games[game].name', origin: 'sites[site].host'}
"""
    assert problems(tmp_path, said) == [
        "source.topics: no topic is given for games (add `games: the name of its topic`)",
        "source.topics: no topic is given for leg (add `leg: the name of its topic`)",
    ]


class TestRowsThatTwoTablesClaim:
    """One of the two would never see them, and nothing would say so."""

    @pytest.mark.parametrize("tables", ["tx", "tx_\\d+", "sport\\.tx"])
    def test_a_second_table_for_the_same_rows_is_refused(self, tmp_path: Path, tables: str) -> None:
        first = "tx: {activities: {bet: {type: Bet}}" + (", tables: 'tx_\\d+'}" if "_" in tables else "}")
        said = (
            f"play: {{{first}, corrections: {{tables: '{tables}', reverses: {{when: ref, original: 'tx[ref]'}}}}}}"
        )
        (problem,) = problems(tmp_path, said)
        assert problem == (
            "play.corrections.tables: tx reads the rows of this table as well (say under `tables` of each which "
            "table of the database it is, and let one say all about a row: one that takes back and stands for "
            "something itself is a list, with `each`)"
        )

    def test_a_table_of_its_own_beside_a_pattern_that_it_would_fit_is_not(self, tmp_path: Path) -> None:
        bets = "activities: {bet: {type: Bet}}"
        wallet(tmp_path, f"play: {{tx: {{tables: 'tx_.*', {bets}}}, tx_old: {{{bets}}}}}")

    def test_parts_of_two_headers_are_refused(self, tmp_path: Path) -> None:
        parts = "parts: {legs: {table: leg, one: leg, of: tx, count: n}}"
        said = (
            f"play: {{bets: {{{parts}, activities: {{b: {{type: Bet}}}}}}, "
            f"wins: {{{parts}, activities: {{w: {{type: Win}}}}}}}}"
        )
        (problem,) = problems(tmp_path, said)
        assert problem == (
            "play.wins.parts.legs.table: the rows of leg are parts of bets already "
            "(let the headers be one table, by a pattern: `tables: bets|wins`)"
        )

    def test_two_names_for_the_same_parts_are_refused(self, tmp_path: Path) -> None:
        legs = "{table: leg, one: leg, of: tx, count: n}"
        said = f"play: {{tx: {{parts: {{debits: {legs}, credits: {legs}}}, activities: {{b: {{type: Bet}}}}}}}}"
        (problem,) = problems(
            tmp_path, said.replace("credits: {table: leg, one: leg", "credits: {table: leg, one: c")
        )
        assert problem.startswith(
            "play.tx.parts.credits.table: the rows of leg are parts of tx already (give them"
        )

    def test_parts_name_their_header_by_as_many_columns_as_its_key_has(self, tmp_path: Path) -> None:
        said = (
            "play: {tx: {key: [brand, id], activities: {bet: {type: Bet}}, "
            "parts: {legs: {table: leg, one: leg, of: tx, count: n}}}}"
        )
        (problem,) = problems(tmp_path, said)
        assert problem == (
            "play.tx.parts.legs.of: the key of its header has 2 values, and this has 1 "
            "(name as many, in the order of `key`)"
        )
        wallet(tmp_path, said.replace("of: tx", "of: [brand, tx]"))


class TestRowsThatAreNamedByTooFewValues:
    """A key of two columns is never found by one: each rollback would wait for a day."""

    WALLET = (
        "play: {tx: {key: [provider, id], indexes: {by_ext: [provider, ext]}, "
        "activities: {bet: {type: Bet}}}, voids: {reverses: {when: true, original: 'ORIGINAL'}}}"
    )

    @pytest.mark.parametrize(
        ("original", "message"),
        [
            ("tx[ref]", "tx is looked up by provider, id (it takes 2, not 1)"),
            ("tx[provider, ref, more]", "tx is looked up by provider, id (it takes 2, not 3)"),
            ("tx.by_ext[ref]", "tx.by_ext is looked up by provider, ext (it takes 2, not 1)"),
        ],
    )
    def test_it_is_said_where_it_stands(self, tmp_path: Path, original: str, message: str) -> None:
        found = problems(tmp_path, self.WALLET.replace("ORIGINAL", original))
        assert found == [f"play.voids.reverses.original: {message}"]

    @pytest.mark.parametrize("original", ["tx[provider, ref]", "tx.by_ext[provider, ref]"])
    def test_as_many_are_right(self, tmp_path: Path, original: str) -> None:
        wallet(tmp_path, self.WALLET.replace("ORIGINAL", original))


class TestRowsThatAreLookedAtOnce:
    """What an append-only row becomes later is never seen."""

    def test_a_value_that_is_compared_would_never_be_another(self, tmp_path: Path) -> None:
        (problem,) = problems(tmp_path, "play: {tx: {activities: {bet: {type: Bet, compare: amount}}}}")
        assert problem == (
            "play.tx: append-only rows are looked at once "
            "(`deleted`, `moves`, `watch`, `as_of` and `compare` need `rows: mutable`)"
        )

    @pytest.mark.parametrize(
        ("where", "said"),
        [
            ("stands", 'stands: status == "done", activities: {bet: {type: Bet}}'),
            ("activities.bet.stands", 'activities: {bet: {type: Bet, stands: status == "done"}}'),
            ("stands", 'with: {done: status == "done"}, stands: done, activities: {bet: {type: Bet}}'),
        ],
    )
    def test_a_status_that_may_change_is_warned_of(self, tmp_path: Path, where: str, said: str) -> None:
        (caution,) = cautions(wallet(tmp_path, f"play: {{tx: {{{said}}}}}"))
        assert (caution.key, caution.message, caution.hint) == (
            f"play.tx.{where}",
            "append-only rows are looked at once: a row that does not count then is never sent",
            "if status may change, write `rows: mutable`; name rows that never count under `skip`",
        )

    @pytest.mark.parametrize(
        "said",
        [
            'rows: mutable, deleted: nothing, stands: status == "done", activities: {bet: {type: Bet}}',
            "round: round, activities: {end: {type: Loss, stands: this_round.bets > 0}}",
            "stands: true, activities: {bet: {type: Bet}}",
        ],
    )
    def test_what_is_looked_at_again_or_is_no_column_is_not(self, tmp_path: Path, said: str) -> None:
        assert cautions(wallet(tmp_path, f"play: {{tx: {{{said}}}}}")) == []

    VOIDS = """
play:
  tx: {activities: {bet: {type: Bet}}}
  voids:
    ROWS
    key: [site, id]
    reverses:
      - {when: undone == none, original: "tx[ref]"}
      - {when: undone != none, undoes: "UNDOES"}
"""

    def test_a_row_that_is_to_undo_itself(self, tmp_path: Path) -> None:
        said = self.VOIDS.replace("ROWS", "rows: append-only").replace("UNDOES", "voids[site,id]")
        (caution,) = cautions(wallet(tmp_path, said))
        assert (caution.key, caution.message, caution.hint) == (
            "play.voids.reverses.1.undoes",
            "append-only rows are looked at once: none of them undoes itself",
            "if its row changes when it is undone, write `rows: mutable`",
        )

    @pytest.mark.parametrize(
        ("rows", "undoes"),
        [("rows: append-only", "voids[site, ref]"), ("rows: mutable\n    deleted: nothing", "voids[site, id]")],
    )
    def test_one_that_undoes_another_or_is_looked_at_again_is_not(
        self, tmp_path: Path, rows: str, undoes: str
    ) -> None:
        said = self.VOIDS.replace("ROWS", rows).replace("UNDOES", undoes)
        assert cautions(wallet(tmp_path, said)) == []


class TestIdsOfTwoTables:
    """Tables that count by themselves have bets with one number; to Fast Track, one id is one bet."""

    WALLET = (
        "play: {bets: {activities: {bet: {type: Bet}}}, spins: {activities: {bet: {type: Bet, "
        "event: {activity_id: SPINS}}}}}"
    )

    def test_the_same_column_of_two_tables_is_warned_of(self, tmp_path: Path) -> None:
        (caution,) = cautions(wallet(tmp_path, self.WALLET.replace("SPINS", "id")))
        assert (caution.key, caution.message, caution.hint) == (
            "play.spins.activities.bet.event.activity_id",
            "the events of spins and of bets both have the column id as their activity_id",
            'where each table counts by itself, write {text: "spins-{id}"}; where it is unique, {text: "{id}"}',
        )

    @pytest.mark.parametrize("spins", ['{text: "s{id}"}', '{text: "{id}"}', "spin_id", "call.id"])
    def test_anything_else_is_not(self, tmp_path: Path, spins: str) -> None:
        assert cautions(wallet(tmp_path, self.WALLET.replace("SPINS", spins))) == []


class TestKeysThatTellNothing:
    """Of rows with one key, the first alone would count."""

    @pytest.mark.parametrize("key", ["1", "'\"x\"'", "true", "['\"a\"', 2]", "none", "committed_at"])
    def test_a_key_without_a_column_is_refused(self, tmp_path: Path, key: str) -> None:
        said = problems(tmp_path, f"play: {{tx: {{key: {key}, activities: {{bet: {{type: Bet}}}}}}}}")
        assert "play.tx.key: no column tells one row from another (name the primary key)" in said

    @pytest.mark.parametrize("key", ["id", "[id, '\"a\"']", "json(payload).tx", 'column("n")', "'text(a, 1)'"])
    def test_a_key_of_columns_is_not(self, tmp_path: Path, key: str) -> None:
        wallet(tmp_path, f"play: {{tx: {{key: {key}, activities: {{bet: {{type: Bet}}}}}}}}")


BETS_AND_WINS = (
    "bets: {activities: {bet: {type: Bet}}}, wins: {after: 'bets[bet]', "
    "activities: {win: {type: Win, event: {activity_id: {text: 'w{id}'}}}}}"
)


class TestFollowers:
    """A win that was sent before its bet is taken back."""

    def test_who_says_nothing_of_them_is_warned(self, tmp_path: Path) -> None:
        said = "cancels: {reverses: {when: true, original: 'bets[bet]'}}"
        (caution,) = cautions(wallet(tmp_path, f"play: {{{BETS_AND_WINS}, {said}}}"))
        assert (caution.key, caution.message, caution.hint) == (
            "play.cancels.reverses.original",
            "wins go on standing when what they follow in bets is taken back",
            "say what becomes of them: `followers: go`, `park`, or `stay`",
        )

    @pytest.mark.parametrize(
        "reverses",
        [
            "{when: true, original: 'bets[bet]', followers: stay}",
            "{when: true, original: 'bets[bet]', activity: bet}",
            "{when: true, original: 'wins[win]'}",
            "{when: true, round: round}",
        ],
    )
    def test_who_has_said_it_or_takes_something_else_is_not(self, tmp_path: Path, reverses: str) -> None:
        said = f"cancels: {{reverses: {reverses}}}"
        assert cautions(wallet(tmp_path, f"play: {{{BETS_AND_WINS}, {said}}}")) == []

    @pytest.mark.parametrize("followers", ["go", "park"])
    def test_who_says_it_of_what_nothing_follows_is_warned(self, tmp_path: Path, followers: str) -> None:
        said = f"reverses: {{when: kind == 'void', original: 'tx[ref]', followers: {followers}}}"
        said = f"play: {{tx: {{activities: {{bet: {{type: Bet, when: kind == 'bet'}}}}, {said}}}}}"
        (caution,) = cautions(wallet(tmp_path, said))
        assert (caution.key, caution.message, caution.hint) == (
            "play.tx.reverses.followers",
            "no row follows those of tx",
            "write `after: tx[...]` on what follows it, or leave `followers` out",
        )


class TestWhatIsNeverThere:
    """Such a connector would park every row, or read a null."""

    NOTHING_LEFT = (
        "left is of a share, and there is none (write `share: amount` on the activity, or another amount)"
    )

    @pytest.mark.parametrize("amount", ["left", "left.CASH", "'units(left, 2)'", "'units(left.real, places)'"])
    def test_what_is_left_of_no_share_is_refused(self, tmp_path: Path, amount: str) -> None:
        for_all = f"play: {{tx: {{activities: {{bet: {{type: Bet}}}}, event: {{wager_amount: {amount}}}}}}}"
        assert problems(tmp_path, for_all) == [f"play.tx.event.wager_amount: {self.NOTHING_LEFT}"]
        own = f"play: {{tx: {{activities: {{bet: {{type: Bet, event: {{bonus_wager_amount: {amount}}}}}}}}}}}"
        place = "play.tx.activities.bet.event.bonus_wager_amount"
        assert problems(tmp_path, own) == [f"{place}: {self.NOTHING_LEFT}"]

    def test_the_growth_of_no_total_is_refused(self, tmp_path: Path) -> None:
        said = "play: {tx: {activities: {bet: {type: Bet}}, event: {wager_amount: 'units(grown, 2)'}}}"
        (problem,) = problems(tmp_path, said)
        assert problem == (
            "play.tx.event.wager_amount: grown is of a running total, and there is none "
            "(write `grows` on the activity, or another amount)"
        )

    @pytest.mark.parametrize("amount", ["left or amount", "amount if left == none else left", "leftover"])
    def test_an_amount_that_goes_without_is_not(self, tmp_path: Path, amount: str) -> None:
        said = f"play: {{tx: {{activities: {{bet: {{type: Bet}}}}, event: {{wager_amount: '{amount}'}}}}}}"
        wallet(tmp_path, said)

    def test_a_row_that_follows_itself_is_refused(self, tmp_path: Path) -> None:
        said = "play: {tx: {key: [id, kind], after: 'tx[id,kind]', activities: {bet: {type: Bet}}}}"
        assert problems(tmp_path, said) == [
            "play.tx.after: this names the row itself, which would wait for itself (name the row that it follows)"
        ]

    @pytest.mark.parametrize("was", ["was.amount == 1", 'built_in("was").amount == 1'])
    def test_the_row_before_the_only_change_is_refused(self, tmp_path: Path, was: str) -> None:
        said = f"play: {{tx: {{skip: {{x: '{was}'}}, activities: {{bet: {{type: Bet}}}}}}}}"
        assert problems(tmp_path, said) == [
            "play.tx.skip.x: was is the row before this change (append-only rows are looked at once)"
        ]


class TestEndsOfTotals:
    """A total that does not grow sends nothing, the end of its round neither."""

    TOTAL = "grows: {total: won}, event: {activity_id: {text: '{id}-{n}'}, wager_amount: grown, is_round_end: END}"

    def said(self, end: str, more: str = "") -> str:
        total = self.TOTAL.replace("END", end)
        return (
            f"play: {{tx: {{rows: mutable, deleted: nothing, activities: {{win: {{type: Win, {total}}}{more}}}}}}}"
        )

    def test_an_end_that_is_told_by_growth_alone_is_warned_of(self, tmp_path: Path) -> None:
        (caution,) = cautions(wallet(tmp_path, self.said('state == "closed"')))
        assert (caution.key, caution.message, caution.hint) == (
            "play.tx.activities.win.event.is_round_end",
            "a round that ends while win does not grow ends without an event",
            "write false here, and give the end an activity of its own: a win of 0",
        )

    def test_an_end_of_its_own_is_not(self, tmp_path: Path) -> None:
        event = '{activity_id: {text: "{id}-end"}, is_round_end: true}'
        end = f', end: {{type: Win, stands: state == "closed", event: {event}}}'
        assert cautions(wallet(tmp_path, self.said('state == "closed"', end))) == []
        assert cautions(wallet(tmp_path, self.said("false"))) == []
