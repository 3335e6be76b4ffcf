"""The page of reasons names every code and every reason that the bridge gives, and no other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bridge.mapping.state.remembered import UNDECIDED
from tests.docs.given import Given
from tests.docs.pages import DOCS, ROOT

PAGE = (DOCS / "reference" / "reasons.md").read_text(encoding="utf-8")
NAMED = set(re.findall(r"`([^`]+)`", PAGE))
NEVER_TOLD = {UNDECIDED}
"""Only remembered, of rows of history."""


@pytest.fixture(scope="module")
def given() -> Given:
    return Given(sorted((ROOT / "bridge").glob("**/*.py")))


def named(*, parked: bool) -> set[str]:
    """Return what the page names in the first column of its tables."""
    above, _, below = PAGE.partition("\n## Held\n")
    rows = re.findall(r"^\| (`[^|]+) \|", below if parked else above, re.MULTILINE)
    return set(re.findall(r"`([^`]+)`", " ".join(rows)))


def test_nothing_is_passed_over(given: Given) -> None:
    # The type of a schema, as its registry tells it.
    assert given.unknown == {"avro.py: kind.lower()"}


def test_every_code_with_which_a_change_is_parked_is_on_the_page(given: Given) -> None:
    assert len(given.words["parked"]) > 100
    assert given.words["parked"] - named(parked=True) == set()


def test_every_reason_for_which_a_change_is_skipped_is_on_the_page(given: Given) -> None:
    assert len(given.words["skipped"]) > 30
    assert given.words["skipped"] - NEVER_TOLD - named(parked=False) == set()


def test_the_page_names_nothing_that_is_gone(given: Given) -> None:
    assert named(parked=True) - given.words["parked"] == {"protobuf"}
    assert named(parked=False) - given.words["skipped"] == set()


def test_words_are_found_wherever_they_stand(tmp_path: Path) -> None:
    (tmp_path / "some.py").write_text(
        """
LATE = "late"
TWO = ("two", "a sentence")

def why(row):
    if row:
        return "by a function" if row.old else None
    return f"before: {row.reason}"

def sentence(kind):
    code, said = {"a": ("of a map", "x")}[kind]
    raise MappingError(code, said)

class Rows:
    def skip(self, row, reason=LATE):
        memory.count("skipped", row.table, reason)

    def take(self, row):
        self.skip(row, why(row) or "else")
        row.reason = "set"
        raise MappingError(*TWO)

    def other(self, row):
        return Skip(row.something())
"""
    )
    found = Given([tmp_path / "some.py"])
    assert found.words["skipped"] == {"late", "by a function", "before: REASON", "else", "set"}
    assert found.words["parked"] == {"two", "of a map"}
    assert found.unknown == {"some.py: row.something()"}
