"""Patterns of topics mean to the brokers' and clients' POSIX expressions what they mean to Python."""

from __future__ import annotations

import subprocess

import pytest

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
