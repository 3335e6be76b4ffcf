"""What happens to one node of a cluster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from stack.native.server import NativeServer
from tests.faults.world import World


@dataclass(frozen=True)
class Node:
    """Something happens to a node: the name of a method of its server."""

    name: str
    what: str
    nodes: Mapping[str, NativeServer] = field(repr=False)

    def __call__(self, world: World) -> None:
        """See Step."""
        world.incidents += 1
        getattr(self.nodes[self.name], self.what)()
