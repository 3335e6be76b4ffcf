"""Ports for servers that one test starts for itself."""

from __future__ import annotations

import random
import socket


def free_ports(count: int) -> list[int]:
    """Return ports of loopback that nobody listens on, below those that the system gives to outgoing connections.

    So a server that is restarted finds its port free again.
    """
    found: list[int] = []
    while len(found) < count:
        port = random.randrange(20000, 32000)
        with socket.socket() as probe:
            if port not in found and probe.connect_ex(("127.0.0.1", port)) != 0:
                found.append(port)
    return found
