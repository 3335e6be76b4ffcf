"""Running totals: by how much one has grown above the pieces of it that count."""

from __future__ import annotations

from bridge.errors import MappingError
from bridge.mapping.language.operators import subtract
from bridge.mapping.state.amounts import booked, checked, exact_sum
from bridge.mapping.state.plan import ActivityPlan
from bridge.mapping.state.remembered import Sent
from bridge.mapping.state.scope import Scope
from bridge.row import Value


def growth(activity: ActivityPlan, scope: Scope, pieces: list[Sent]) -> Value:
    """Return by how much a running total is above its pieces; None while its growth is not booked.

    Raises MappingError when it is below them.
    """
    if activity.grows is None or not activity.grows[1](scope):
        return None
    total = activity.grows[0](scope)
    if total is None:
        return None
    counted = (booked(piece) for piece in pieces if piece.stands or piece.taken)
    grown = subtract(checked(total, f"the total of {activity.name}"), exact_sum(counted, activity.name))
    if grown < 0:
        raise MappingError("total_shrunk", f"the total of {activity.name} is less than what was sent of it")
    return grown
