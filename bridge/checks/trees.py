"""What a checked connector's expressions are made of, as the language reads them."""

from __future__ import annotations

import ast
from typing import Any

from bridge.mapping.language.readers import ExpressionProblem
from bridge.mapping.language.syntax import parse


def tree_of(form: Any) -> ast.expr | None:
    """Return the tree of an expression; None for what is none, such as a template or a number."""
    try:
        return parse(form)[0] if isinstance(form, str) else None
    except ExpressionProblem:
        return None
