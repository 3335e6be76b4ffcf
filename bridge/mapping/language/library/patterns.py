"""Regular expressions whose work is bounded before they run.

Python's matcher tries every way to match.  So a pattern may hold only what multiplies the work by a
known factor, and the length of the text is bounded so that the product stays small.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from bridge.mapping.language.readers import Unfit

MOST_STEPS: Final = 20_000_000
LONGEST_TEXT: Final = 10_000
SHORTEST_BOUND: Final = 40

_TOKEN: Final = re.compile(
    r"""
    (?P<escape> \\. )
  | (?P<set>    \[\^?\]?(?:\\.|[^\]\\])*\] )
  | (?P<open>   \((?:\?(?:P<\w+>|:))? )
  | (?P<close>  \) )
  | (?P<repeat> [*+?] | \{(?:\d+(?:,\d*)?|,\d+)\} )
  | (?P<branch> \| )
  | (?P<other>  . )
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled regular expression and the longest text that it may search."""

    expression: re.Pattern[str]
    longest: int


@dataclass(slots=True)
class _Work:
    """What the parts of a pattern multiply its work by."""

    open_repeats: int = 0
    factor: int = 1
    varies: list[bool] = field(default_factory=lambda: [False])
    """For each group that is open: does something in it match in more than one way?"""
    closed_varies: bool | None = None
    """The same of a group that has just been closed."""


@lru_cache(maxsize=1024)
def checked_pattern(pattern: str) -> Pattern:
    """Return a pattern with its bound.  Raises Unfit when its work cannot be bounded."""
    try:
        with warnings.catch_warnings():
            # Python warns of what it may read otherwise one day; the pattern is tested as it is read now.
            warnings.simplefilter("ignore")
            expression = re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise Unfit("bad_pattern", f"the pattern is no regular expression: {error}") from None
    work = _Work()
    for token in _TOKEN.finditer(pattern):
        _count(work, token)
    anchored = pattern.startswith(("^", r"\A")) and "|" not in pattern
    degree = work.open_repeats + (0 if anchored else 1)
    steps = MOST_STEPS // work.factor
    longest = min(LONGEST_TEXT, int(steps ** (1 / degree))) if degree else min(LONGEST_TEXT, steps)
    if longest < SHORTEST_BOUND:
        raise Unfit("bad_pattern", "the pattern can take too long; use fewer *, + and ?, and begin it with ^")
    return Pattern(expression, longest)


def _count(work: _Work, token: re.Match[str]) -> None:
    kind, text = token.lastgroup, token[0]
    closed, work.closed_varies = work.closed_varies, None
    if kind == "escape" and text[1] in "123456789":
        raise Unfit("bad_pattern", "a pattern may hold no back-references")
    if kind == "open":
        if text == "(" and token.string[token.end() :].startswith("?"):
            raise Unfit("bad_pattern", "of the (?...) forms a pattern may hold only (?:...) and (?P<name>...)")
        work.varies.append(False)
    elif kind == "close":
        work.closed_varies = work.varies.pop()
        work.varies[-1] = work.varies[-1] or work.closed_varies
    elif kind == "branch":
        work.varies[-1] = True
        work.factor *= 2
    elif kind == "repeat":
        _count_repeat(work, text, inside_varies=bool(closed))


def _count_repeat(work: _Work, text: str, *, inside_varies: bool) -> None:
    low, high = _range(text)
    if inside_varies and high != 1:
        raise Unfit("bad_pattern", "a pattern may not repeat a group that can match in several ways")
    if low == high:
        return
    work.varies[-1] = True
    if high is None or high > 100:
        work.open_repeats += 1
    else:
        work.factor *= high - low + 1


def _range(text: str) -> tuple[int, int | None]:
    if text in "*+?":
        return {"*": (0, None), "+": (1, None), "?": (0, 1)}[text]
    low, comma, high = text[1:-1].partition(",")
    if not comma:
        return int(low), int(low)
    return int(low or 0), int(high) if high else None
