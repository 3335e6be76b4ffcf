"""What can be read of a connector that has wrong shapes, so that its expressions are checked all the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError

from bridge.config.places import KeyPath
from bridge.config.wallet import Wallet
from bridge.config.wording import path_of

_ROUNDS: Final = 8
"""So often is something put right: a model that is replaced shows what is missing in it the next time."""


def mended(data: Mapping[str, Any]) -> Wallet | None:
    """Return the wallet with what is wrong in it taken out or made up; None when that leads nowhere.

    `data` is not changed.  Only what an expression's own text says is worth reporting about the wallet.
    """
    said = _copy({key: value for key, value in data.items() if key in Wallet.model_fields})
    for _ in range(_ROUNDS):
        try:
            return Wallet.model_validate(said)
        except ValidationError as error:
            items = [(path_of(item, said), item) for item in error.errors(include_url=False)]
            for path, item in items:
                # Of one that is right in none of several shapes, what is wrong deeper down is put right.
                if not any(len(other) > len(path) and other[: len(path)] == path for other, _ in items):
                    _mend(said, path, item)
    return None


def _copy(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _copy(value) for key, value in node.items()}
    return [_copy(item) for item in node] if isinstance(node, list) else node


def _mend(data: Any, path: KeyPath, item: Any) -> None:
    parent: Any = data
    for step in path[:-1]:
        if not isinstance(parent, (dict, list)) or (isinstance(parent, dict) and step not in parent):
            return  # what was wrong above is put right already
        found: Any = parent
        parent = found[step]
    key = path[-1] if path else None
    if isinstance(parent, list) and isinstance(key, int) and key < len(parent):
        parent[key] = "none"
    elif not isinstance(parent, dict):
        return
    elif item["type"] == "literal_error":
        parent[key] = item["ctx"]["expected"].split(" or ")[0].split(",")[0].strip("' ")
    elif item["type"] == "missing" or (item["type"].endswith("_type") and parent.get(key) not in ("none", None)):
        parent[key] = "none"
    else:
        parent.pop(key, None)
