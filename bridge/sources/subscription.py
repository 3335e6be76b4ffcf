r"""Which topics a source reads: exact names, and patterns that mean the same to every client.

A pattern matches the whole name of a topic.  It is written in the part of Python's regular
expressions that POSIX knows too, because librdkafka takes POSIX patterns: no groups that begin
with `(?`, no back references, no lazy repeats; `\d` and `\w` are translated.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from bridge.errors import ConfigError, Problem

_CLASSES = {"d": "0-9", "w": "A-Za-z0-9_"}
_REPEATED_REPEAT = re.compile(r"(?<!\\)[*+?}][*+?]")


class Subscription:
    """Exact names and patterns, checked."""

    def __init__(self, topics: Sequence[str], patterns: Sequence[str] = ()) -> None:
        """Take names and patterns; a leading `^` and a trailing `$` of a pattern may be written or left out.

        Raises ConfigError for a pattern that cannot be used, and where there is no topic at all.
        """
        if not topics and not patterns:
            raise ConfigError([Problem("source", 0, 0, "topics", "no topic is given")])
        self.topics = tuple(dict.fromkeys(topics))
        bodies = tuple(dict.fromkeys(_body(pattern) for pattern in patterns))
        self.posix_patterns = tuple(f"^({_posix(body)})$" for body in bodies)
        self.python_pattern = "|".join(
            [*(re.escape(topic) for topic in self.topics), *(f"(?:{body})" for body in bodies)]
        )
        self._patterns = tuple((body, re.compile(body)) for body in bodies)
        self._any = re.compile(self.python_pattern)

    def matches(self, topic: str) -> bool:
        """Say whether the topic is one of these."""
        return self._any.fullmatch(topic) is not None

    def missing(self, there: Iterable[str]) -> list[str]:
        """Return, in words, each name that is not among `there` and each pattern that matches none of it."""
        names = set(there)
        missing = [f"there is no topic {topic}" for topic in self.topics if topic not in names]
        for body, pattern in self._patterns:
            if not any(pattern.fullmatch(name) for name in names):
                missing.append(f"no topic matches the pattern {body}")
        return missing


def _body(pattern: str) -> str:
    body = pattern.removeprefix("^")
    if body.endswith("$") and not body.endswith("\\$"):
        body = body[:-1]
    reason = unusable(body)
    if reason:
        raise ConfigError([Problem("source", 0, 0, "topics", f"the pattern {pattern} cannot be used: {reason}")])
    return body


def unusable(body: str) -> str | None:
    """Return why a pattern, without its anchors, cannot be used with every client; None when it can."""
    try:
        re.compile(body)
    except re.error as error:
        return str(error)
    if not body:
        return "it is empty"
    if "(?" in body:
        return "groups that begin with (? are not understood by every client"
    if _REPEATED_REPEAT.search(body):
        return "lazy and possessive repeats are not understood by every client"
    if match := re.search(r"\\(?![dw])[A-Za-z0-9]", body):
        return f"{match[0]} is not understood by every client"
    return None


def _posix(body: str) -> str:
    """Translate: POSIX knows no backslash inside brackets, and outside them not these letters."""
    translated: list[str] = []
    inside = False
    at = 0
    while at < len(body):
        char = body[at]
        if char == "\\":
            at += 1
            letter = body[at]
            klass = _CLASSES.get(letter)
            if klass:
                translated.append(klass if inside else f"[{klass}]")
            else:
                translated.append(letter if inside else f"\\{letter}")
        else:
            inside = (char == "[" or inside) and char != "]"
            translated.append(char)
        at += 1
    return "".join(translated)
