"""Names and patterns of topics mean the same to every client."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import ConfigError
from bridge.sources.subscription import Subscription


@pytest.mark.parametrize("pattern", ["(?:a)", "a*?", "a++", r"(a)\1", r"\s", r"\bA", "(", "", "^$", "a{1}?"])
def test_a_pattern_that_clients_understand_differently_is_refused(pattern: str) -> None:
    with pytest.raises(ConfigError, match="cannot be used"):
        Subscription([], [pattern])


def test_no_topic_at_all_is_refused() -> None:
    with pytest.raises(ConfigError, match="no topic is given"):
        Subscription([])


def test_what_is_missing_is_said_for_each_name_and_pattern() -> None:
    subscription = Subscription(["a.b", "gone"], ["play_.*", "none_.*"])
    assert subscription.missing(["a.b", "axb", "play_1", "play_22"]) == [
        "there is no topic gone",
        "no topic matches the pattern none_.*",
    ]


@given(st.text(alphabet="abAB01._-", min_size=1, max_size=20))
def test_a_name_matches_itself_and_its_escaped_pattern(name: str) -> None:
    assert Subscription([name]).matches(name)
    assert Subscription([], [re.escape(name)]).matches(name)
    assert not Subscription([name]).matches(name + "x")
