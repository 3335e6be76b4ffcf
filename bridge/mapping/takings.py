"""What other rows took back of a row: its own word alone neither sends that again nor corrects it."""

from __future__ import annotations

from typing import Final

from bridge.errors import MappingError
from bridge.mapping.plan import ActivityPlan
from bridge.mapping.remembered import Sent
from bridge.mapping.scope import Scope

TAKEN_BACK: Final = "taken back by another row"


def require_unchanged(activity: ActivityPlan, scope: Scope) -> None:
    """Raise MappingError when an activity that another row took back is settled to something else since."""
    last = scope.memory.last(activity.name) if scope.memory is not None else None
    if last is not None and activity.compare is not None and activity.compare(scope) != last.compare:
        raise MappingError(
            "settled_after", f"another row took {activity.name} back, and what `compare` names has changed since"
        )


def require_known_rest(last: Sent, *, anew: bool) -> None:
    """Raise MappingError when it cannot be said what other rows left of an activity.

    Sent anew from its row, it would forget the parts that they took; and of history nobody has added them up.
    """
    if last.cut and (anew or last.left is None):
        raise MappingError(
            "settled_after", f"another row took a part of {last.name}, and its own row changed since"
        )
