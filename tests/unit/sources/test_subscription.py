"""Names and patterns of topics mean the same to every client."""

from __future__ import annotations

import re
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import ConfigError
from bridge.sources.subscription import Subscription

TOPICS = [
    "callbacks_202601",
    "callbacks_2026011",
    "xcallbacks_202601",
    "a.b",
    "axb",
    "a-b",
    "A1",
    "play_1",
    "play_22",
]


@pytest.mark.parametrize(
    ("pattern", "matching"),
    [
        (r"callbacks_\d{6}", ["callbacks_202601"]),
        (r"^callbacks_\d{6}$", ["callbacks_202601"]),
        (r"a\.b", ["a.b"]),
        (r"a[.\-]b", ["a.b", "a-b"]),
        (r"[\w]\d", ["A1"]),
        (r"play_(1|2+)", ["play_1", "play_22"]),
        (r"a.b|A1", ["a.b", "axb", "a-b", "A1"]),
    ],
)
def test_a_pattern_matches_the_same_in_python_and_in_posix(pattern: str, matching: list[str]) -> None:
    subscription = Subscription([], [pattern])
    assert [topic for topic in TOPICS if subscription.matches(topic)] == matching
    posix = subscription.posix_patterns[0]
    found = subprocess.run(
        ["grep", "-E", posix], input="\n".join(TOPICS), capture_output=True, text=True, check=False
    )
    assert found.stdout.split() == matching


@pytest.mark.parametrize("pattern", ["(?:a)", "a*?", "a++", r"(a)\1", r"\s", r"\bA", "(", "", "^$", "a{1}?"])
def test_a_pattern_that_clients_understand_differently_is_refused(pattern: str) -> None:
    with pytest.raises(ConfigError, match="cannot be used"):
        Subscription([], [pattern])


def test_no_topic_at_all_is_refused() -> None:
    with pytest.raises(ConfigError, match="no topic is given"):
        Subscription([])


def test_what_is_missing_is_said_for_each_name_and_pattern() -> None:
    subscription = Subscription(["a.b", "gone"], ["play_.*", "none_.*"])
    assert subscription.missing(TOPICS) == ["there is no topic gone", "no topic matches the pattern none_.*"]


@given(st.text(alphabet="abAB01._-", min_size=1, max_size=20))
def test_a_name_matches_itself_and_its_escaped_pattern(name: str) -> None:
    assert Subscription([name]).matches(name)
    assert Subscription([], [re.escape(name)]).matches(name)
    assert not Subscription([name]).matches(name + "x")
