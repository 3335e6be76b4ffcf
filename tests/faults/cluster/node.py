"""How play begins before a cluster, and what happens to its nodes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from stack.native.server import NativeServer
from tests.faults.steps.play import Arrive, Backlog, Play
from tests.faults.steps.process import Ready, Start
from tests.faults.world import Step, World

BEGIN: list[Step] = [Backlog(1000), Play(rate=300), Start(), Ready(), Arrive(200)]


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


@dataclass(frozen=True)
class AllBack:
    """Start the nodes that are away at once: none of them is well before others are there."""

    nodes: Mapping[str, NativeServer] = field(repr=False)

    def __call__(self, world: World) -> None:
        """See Step."""
        del world
        for node in self.nodes.values():
            if not node.is_running:
                node.spawn()
        for node in self.nodes.values():
            node.wait_until_well()
