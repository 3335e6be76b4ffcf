"""Help as a terminal shows it: paragraphs flow with the width of the window."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any


def flowed(command: Callable[..., Any]) -> str:
    """Return a command's docstring with each paragraph on one line; typer would keep the source's line ends."""
    paragraphs = inspect.cleandoc(command.__doc__ or "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)
