"""Debezium connectors in the stack's own Connect worker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stack.endpoints import addresses
from stack.worker import Connect


def register(name: str, config: Mapping[str, str], deadline_seconds: float = 60.0) -> None:
    """As `Connect.register`: returns when the connector and its tasks run."""
    Connect(addresses().connect_url).register(name, config, deadline_seconds)


def delete(name: str, deadline_seconds: float = 60.0) -> None:
    """As `Connect.delete`: takes the connector away with its offsets."""
    Connect(addresses().connect_url).delete(name, deadline_seconds)


def restart(name: str, deadline_seconds: float = 60.0) -> None:
    """As `Connect.restart`: returns when the connector and its tasks run again."""
    Connect(addresses().connect_url).restart(name, deadline_seconds)


def status(name: str) -> dict[str, Any] | None:
    """As `Connect.status`: None when there is no such connector."""
    return Connect(addresses().connect_url).status(name)
