"""The functions of expressions.  Their reference page is generated from what stands here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bridge.mapping.language.calls import Function
from bridge.mapping.language.library import lists, numbers, texts, times
from bridge.mapping.language.library.registry import gathered

LIBRARY: Final[Mapping[str, Function]] = {
    function.name: function for module in (numbers, times, texts, lists) for function in gathered(module.__name__)
}
"""Every function by its name, in the order of the reference page."""
