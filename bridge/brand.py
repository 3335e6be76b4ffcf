"""One brand, ready to judge: its connector loaded and checked, its rules compiled, its decoder made."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bridge.config.connector import Connector
from bridge.config.loading import ConnectorFile, WrongShapes, read_connector
from bridge.config.places import dotted
from bridge.config.wallet import Lookup, Wallet
from bridge.contracts import Decoder
from bridge.decoders import DebeziumDecoder, FlattenedSettings, RegistrySettings, parse_column_type
from bridge.errors import ConfigError, Problem
from bridge.mapping.compiling.wallet import compile_wallet
from bridge.mapping.language.functions import load_functions
from bridge.mapping.state.plan import Plan
from bridge.sources.subscription import unusable


@dataclass(frozen=True)
class Topics:
    """What to subscribe to for one brand."""

    names: tuple[str, ...]
    patterns: tuple[str, ...]
    plays: frozenset[str]
    """Those of the above that hold play (or parts of it), not only look-up rows."""

    def is_play(self, topic: str) -> bool:
        """Return whether a topic holds play."""
        return topic in self.plays or any(re.match(play, topic) for play in self.plays if play.startswith("^"))

    def orders_across(self) -> bool:
        """Return whether play lies in several topics, so that their order must be made."""
        return len(self.plays) > 1 or any(play.startswith("^") for play in self.plays)


@dataclass(frozen=True)
class Brand:
    """A connector with everything that can be made from it without a server."""

    path: Path
    connector: Connector
    plan: Plan
    file: ConnectorFile

    def decoder(self) -> Decoder:
        """Return a decoder for the brand's records."""
        source = self.connector.source
        flat, registry = source.flattened, source.registry
        return DebeziumDecoder(
            declared_columns(self.connector),
            placeholder=source.placeholder,
            flattened=FlattenedSettings(**flat.model_dump()) if flat is not None else None,
            registry=RegistrySettings(**registry.model_dump()) if registry is not None else None,
        )

    def topics(self) -> Topics:
        """Return the topics of all tables that the connector names."""
        return topics_of(self.connector)


def load_brand(path: Path, environment: Mapping[str, str] = os.environ) -> Brand:
    """Load a connector and compile its rules.  Raises ConfigError with every problem at once."""
    try:
        file = read_connector(path, environment)
    except WrongShapes as wrong:
        raise ConfigError([*wrong.problems, *_of_expressions(wrong, path)]) from None
    connector = file.model
    problems: list[Problem] = []

    def report(keys: tuple[str | int, ...], message: str, hint: str, line: int, column: int) -> None:
        problems.append(file.problem(keys, message, hint, line, column))

    for table in _without_topic(connector):
        report(
            ("source", "topics"), f"no topic is given for {table}", f"add `{table}: the name of its topic`", 1, 1
        )
    for keys, text in _column_types(connector):
        try:
            parse_column_type(text)
        except ValueError as error:
            report(keys, str(error), "", 1, 1)
    if connector.source.transactions is None:
        for keys in _until_transaction(connector):
            hint = "say `source: {transactions: <topic.prefix>.transaction}`, with provide.transaction.metadata on"
            report(keys, "no topic tells when a transaction has ended", hint, 1, 1)
    for keys, pattern in _patterns(connector):
        reason = unusable(pattern)
        if reason is not None:
            report(keys, f"this pattern cannot be used: {reason}", "", 1, 1)
    functions = load_functions(path.parent / connector.functions) if connector.functions is not None else {}
    plan = compile_wallet(connector, functions, report, retention=connector.ledger.retention)
    if problems:
        raise ConfigError(list(dict.fromkeys(problems)))
    return Brand(path, connector, plan, file)


def _of_expressions(wrong: WrongShapes, path: Path) -> set[Problem]:
    """Return what is wrong with expressions, as far as a connector with wrong shapes can be read."""
    file = wrong.mended(path)
    if file is None:
        return set()
    known = {problem.key for problem in wrong.problems}
    problems: set[Problem] = set()

    def report(keys: tuple[str | int, ...], message: str, hint: str, line: int, column: int) -> None:
        # What is said of anything else may come from the mending.
        if wrong.stands_in_text(keys) and dotted(keys) not in known:
            problems.add(file.problem(keys, message, hint, line, column))

    with contextlib.suppress(ConfigError):
        functions = load_functions(path.parent / file.model.functions) if file.model.functions is not None else {}
        compile_wallet(file.model, functions, report)
    return problems


def declared_columns(wallet: Wallet) -> dict[str, dict[str, str]]:
    """Return the column types that a connector declares, by table."""
    columns: dict[str, dict[str, str]] = {}
    for name, lookup in wallet.lookups.items():
        columns.setdefault(lookup.tables or name, {}).update(lookup.columns)
    for name, table in wallet.play.items():
        columns.setdefault(table.tables or name, {}).update(table.columns)
        for parts in table.parts.values():
            columns.setdefault(parts.table, {}).update(parts.columns)
    return {name: types for name, types in columns.items() if types}


def _column_types(wallet: Wallet) -> list[tuple[tuple[str | int, ...], str]]:
    found: list[tuple[tuple[str | int, ...], str]] = []
    for name, lookup in wallet.lookups.items():
        found += [(("lookups", name, "columns", column), text) for column, text in lookup.columns.items()]
    for name, table in wallet.play.items():
        found += [(("play", name, "columns", column), text) for column, text in table.columns.items()]
        for part, parts in table.parts.items():
            keys = ("play", name, "parts", part, "columns")
            found += [((*keys, column), text) for column, text in parts.columns.items()]
    return found


def _until_transaction(wallet: Wallet) -> list[tuple[str, ...]]:
    return [
        ("play", name, "parts", part, "until")
        for name, table in wallet.play.items()
        for part, parts in table.parts.items()
        if parts.until == "transaction"
    ]


def _patterns(wallet: Wallet) -> list[tuple[tuple[str, ...], str]]:
    found = [(("lookups", name, "tables"), lookup.tables) for name, lookup in wallet.lookups.items()]
    found += [(("play", name, "tables"), table.tables) for name, table in wallet.play.items()]
    return [(keys, pattern) for keys, pattern in found if pattern is not None]


def _without_topic(connector: Connector) -> list[str]:
    """Return the tables of which a connector that names each topic does not name one."""
    topics = connector.source.topics
    tables = [name for name, lookup in connector.lookups.items() if not _is_outside(lookup)]
    for name, table in connector.play.items():
        tables += [name, *(parts.table for parts in table.parts.values())]
    return [] if isinstance(topics, str) else [table for table in dict.fromkeys(tables) if table not in topics]


def topics_of(connector: Connector) -> Topics:
    """Return the topics to read: names, and regular expressions where tables are given by one."""
    lookups = [(name, lookup.tables) for name, lookup in connector.lookups.items() if not _is_outside(lookup)]
    plays: list[tuple[str, str | None]] = []
    for name, table in connector.play.items():
        plays.append((name, table.tables))
        plays += [(parts.table, None) for parts in table.parts.values()]
    template = connector.source.topics
    found = [_topic(template, name, pattern) for name, pattern in (*lookups, *plays)]
    of_transactions = [connector.source.transactions] if connector.source.transactions is not None else []
    of_play = {_topic(template, name, pattern)[0] for name, pattern in plays}
    return Topics(
        names=tuple(dict.fromkeys([*of_transactions, *(topic for topic, is_pattern in found if not is_pattern)])),
        patterns=tuple(dict.fromkeys(topic for topic, is_pattern in found if is_pattern)),
        plays=frozenset(of_play),
    )


def _is_outside(lookup: Lookup) -> bool:
    return lookup.file is not None or lookup.sql is not None


def _topic(template: str | Mapping[str, str], name: str, pattern: str | None) -> tuple[str, bool]:
    """Return the topic of a table, and whether it is a regular expression."""
    if not isinstance(template, str):
        return template[name], False
    if pattern is None:
        return template.replace("{table}", name), False
    before, _, after = template.partition("{table}")
    return f"^{re.escape(before)}({pattern}){re.escape(after)}$", True
