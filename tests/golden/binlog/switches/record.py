"""Records what Debezium writes when it goes on with the log of another server.

`python -m tests.golden.binlog.switches.record mysql` writes tests/golden/binlog/switches/records/; `mariadb` the
same for MariaDB.  Takes about two minutes.  The stack must be up with its registry; what else is needed comes
from where tests/golden/binlog/servers.py says.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import stack
from tests.golden.binlog.servers import KINDS, MARIADB, MYSQL, Kind, running, worker
from tests.golden.binlog.switches import wallet
from tests.golden.binlog.switches.feed import Feed
from tests.golden.binlog.switches.replicas import Pair
from tests.golden.recording import write

FOLDER = Path(__file__).parent / "records"

MINUTE = 65
"""Seconds, after which a change is known to be none that is repeated, although its log has begun anew."""


def main() -> None:
    """Record every switch, or those that are named."""
    kind = KINDS[sys.argv[1]]
    stack.ensure_up(with_registry=True)
    with worker(kind) as connect:
        for number, (name, story) in enumerate(STORIES[kind].items()):
            if sys.argv[2:] and name not in sys.argv[2:]:
                continue
            domains = kind is MARIADB and name != ONE_DOMAIN
            print(kind.name, name)
            with (
                running(kind, 5001, *["--gtid-domain-id=1"] * domains) as first,
                running(kind, 5002, *["--gtid-domain-id=2"] * domains) as second,
                Feed(connect, kind, f"switch-{kind.name}-{name}", 7100 + number) as feed,
            ):
                story(Pair(kind, first, second), feed)
                write(FOLDER / f"{kind.name}.{name}.jsonl", feed.records())


def _to_a_log(pair: Pair, feed: Feed, files: Sequence[int]) -> None:
    """Let the wallet and Debezium move to the second server and back, one after the other."""
    first, second = pair.first, pair.second
    for server, number in zip((first, second), files, strict=True):
        server.run(["FLUSH BINARY LOGS"] * number)
    pair.replicate(first, second)
    first.run(wallet.SCHEMA)
    feed.start(first)
    feed.write(first, wallet.FIRST)
    kept = feed.stop()
    feed.go_on()
    feed.write(first, wallet.REPEATED)
    feed.stop()
    pair.wait_for(second, first)
    feed.go_on(second, kept)
    feed.write(first, wallet.READ_FROM_REPLICA)
    pair.replicate(second, first)
    feed.write(second, wallet.PROMOTED)
    kept = feed.stop()
    feed.go_on()
    feed.write(second, wallet.REPEATED_OF_SECOND)
    feed.stop()
    pair.wait_for(first, second)
    feed.go_on(first, kept)
    feed.write(second, wallet.READ_FROM_FORMER)
    pair.replicate(first, second)
    feed.write(first, wallet.BACK)


def _promoted_before(pair: Pair, feed: Feed, *, anew: bool = False) -> None:
    """Let the second server write before Debezium comes to it, which may make it begin anew."""
    first, second = pair.first, pair.second
    pair.replicate(first, second)
    first.run(wallet.SCHEMA)
    feed.start(first)
    feed.write(first, wallet.FIRST)
    feed.stop()
    pair.replicate(second, first)
    second.run(wallet.IN_THE_GAP, wallet.DATABASE)
    if anew:
        feed.begin_anew(second)
    else:
        feed.go_on(second)
    feed.write(second, wallet.AFTER_THE_GAP)


def _tagged(pair: Pair, feed: Feed) -> None:
    """Let a job write with tags in its GTIDs, also at the beginning of a file."""
    pair.first.run(wallet.SCHEMA)
    feed.start(pair.first)
    feed.write(pair.first, wallet.FIRST)
    feed.write(pair.first, [wallet.TAG, wallet.became(4, "void")])
    feed.write(pair.first, [wallet.placed(13)])
    pair.first.run(["FLUSH BINARY LOGS"])
    feed.write(pair.first, [wallet.TAG, wallet.became(3, "void"), wallet.became(13, "void")])
    feed.write(pair.first, wallet.together(wallet.placed(14), wallet.won(14)))


def _reset(pair: Pair, feed: Feed) -> None:
    """Let the log and the GTIDs of one server begin anew, and Debezium with a new snapshot."""
    pair.first.run(["FLUSH BINARY LOGS"] * 3)
    pair.first.run(wallet.SCHEMA)
    feed.start(pair.first)
    feed.write(pair.first, wallet.FIRST)
    feed.stop()
    pair.reset(pair.first)
    time.sleep(MINUTE)
    # Debezium cannot go on with no GTID at all.
    pair.first.run(wallet.IN_THE_GAP, wallet.DATABASE)
    feed.begin_anew()
    feed.write(pair.first, wallet.AFTER_THE_GAP)


def _purged(pair: Pair, feed: Feed) -> None:
    """Let the log be deleted before Debezium has read it, and Debezium begin with a new snapshot."""
    pair.first.run(wallet.SCHEMA)
    feed.start(pair.first)
    feed.write(pair.first, wallet.FIRST)
    feed.stop()
    pair.first.run(wallet.IN_THE_GAP, wallet.DATABASE)
    pair.first.run(["FLUSH BINARY LOGS", "SELECT sleep(1)", "PURGE BINARY LOGS BEFORE now() + INTERVAL 1 DAY"])
    feed.begin_anew()
    feed.write(pair.first, wallet.AFTER_THE_GAP)


ONE_DOMAIN = "promoted_in_one_domain"

Stories = Mapping[str, Callable[[Pair, Feed], None]]

OF_BOTH: Stories = {
    # How many files each log has behind it: what the new one's numbers are beside those of the old one.
    "lower": partial(_to_a_log, files=(5, 0)),
    "same": partial(_to_a_log, files=(0, 0)),
    "higher": partial(_to_a_log, files=(0, 5)),
    "promoted": _promoted_before,
    "reset": _reset,
}
STORIES: Mapping[Kind, Stories] = {
    # Where MariaDB's log is gone, Debezium stops.
    MYSQL: {**OF_BOTH, "purged": _purged, "tagged": _tagged},
    MARIADB: {**OF_BOTH, ONE_DOMAIN: partial(_promoted_before, anew=True)},
}


if __name__ == "__main__":
    main()
