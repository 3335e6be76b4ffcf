"""The real servers, in containers or as processes: one tool starts, checks, breaks and stops them.

A caller brings the stack up with `ensure_up`, takes `addresses()` from it, breaks single servers through
`server(name)`, registers Debezium connectors with `connect.register`, and calls `down` when `Up.started`
says that the stack was not up before.
"""

from stack import connect
from stack.broker_api import Management
from stack.control import Up, down, ensure_up, rabbitmq_api, rabbitmqctl, server, status
from stack.endpoints import Addresses, addresses
from stack.errors import StackError, Unavailable
from stack.worker import Connect, ConnectorFailed

__all__ = [
    "Addresses",
    "Connect",
    "ConnectorFailed",
    "Management",
    "StackError",
    "Unavailable",
    "Up",
    "addresses",
    "connect",
    "down",
    "ensure_up",
    "rabbitmq_api",
    "rabbitmqctl",
    "server",
    "status",
]
