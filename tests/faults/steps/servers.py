"""What happens to the servers, and to what is declared in RabbitMQ."""

from __future__ import annotations

import time
from dataclasses import dataclass

import stack
from tests.faults.world import World


@dataclass(frozen=True)
class Server:
    """Stop, kill or freeze a server, and let it work again after some seconds."""

    name: str
    how: str
    seconds: float = 0.0

    def __call__(self, world: World) -> None:
        """See Step."""
        server = stack.server(self.name)
        world.incidents += 1
        {"stop": server.stop, "kill": server.kill, "pause": server.pause}[self.how]()
        try:
            time.sleep(self.seconds)
        finally:
            server.resume() if self.how == "pause" else server.start()


@dataclass(frozen=True)
class CloseConnections:
    """What an operator does in the management pages."""

    def __call__(self, world: World) -> None:
        """See Step."""
        world.incidents += 1
        world.inbox.close_connections()


@dataclass(frozen=True)
class Password:
    """Change the password of the bridge's user.  The bridge knows it from its next start on."""

    new: str

    def __call__(self, world: World) -> None:
        """See Step."""
        world.change_password(self.new)


@dataclass(frozen=True)
class MemoryAlarm:
    """RabbitMQ blocks what publishes, until its memory is enough again."""

    on: bool

    def __call__(self, world: World) -> None:
        """See Step."""
        del world
        memory_alarm(self.on)


@dataclass(frozen=True)
class DiskAlarm:
    """RabbitMQ blocks what publishes, until its disk has room again."""

    on: bool

    def __call__(self, world: World) -> None:
        """See Step."""
        del world
        disk_alarm(self.on)


def memory_alarm(on: bool) -> None:
    """Set RabbitMQ's memory limit to nothing, or to what it is by default."""
    stack.rabbitmqctl("set_vm_memory_high_watermark", "0.0000001" if on else "0.6")


def disk_alarm(on: bool) -> None:
    """Let RabbitMQ want more free disk than there is, or what the stack sets."""
    stack.rabbitmqctl("set_disk_free_limit", "900000GB" if on else "100MB")


def heal() -> None:
    """Leave RabbitMQ, Kafka and Postgres well, whatever happened."""
    for name in ("postgres", "kafka", "rabbitmq"):
        stack.server(name).start()
    memory_alarm(on=False)
    disk_alarm(on=False)


@dataclass(frozen=True)
class Exchange:
    """Delete the exchange, or make it again with its queue."""

    there: bool

    def __call__(self, world: World) -> None:
        """See Step."""
        if self.there:
            world.inbox.declare_exchange()
            world.inbox.bind()
        else:
            world.incidents += 1
            world.inbox.delete_exchange()


@dataclass(frozen=True)
class Binding:
    """Unbind the queue, so that events are returned, or bind it again."""

    there: bool

    def __call__(self, world: World) -> None:
        """See Step."""
        world.inbox.bind() if self.there else world.inbox.unbind()


@dataclass(frozen=True)
class QueueFull:
    """Let the queue refuse what comes, or take everything again."""

    full: bool

    def __call__(self, world: World) -> None:
        """See Step."""
        world.inbox.limit(1) if self.full else world.inbox.unlimit()


@dataclass(frozen=True)
class NearlyFull:
    """Let the queue hold few messages while a slow consumer takes them: it refuses some and takes others."""

    messages: int
    seconds: float

    def __call__(self, world: World) -> None:
        """See Step."""
        world.inbox.limit(self.messages)
        world.inbox.sip(self.seconds)


@dataclass(frozen=True)
class VisitGroup:
    """Let another member join the bridge's group, take partitions from it, and leave: two rebalances."""

    def __call__(self, world: World) -> None:
        """See Step."""
        world.wallet.visit_group()
