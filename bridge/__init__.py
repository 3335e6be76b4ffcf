"""The bridge between a casino's wallet tables and Fast Track CRM."""

from importlib.metadata import version
from importlib.util import find_spec

__version__ = version("wallet-bridge")


def compiled() -> bool:
    """Return whether what every record passes has been compiled: see docs/adr/0013."""
    found = find_spec("bridge.mapping.judging.judge")
    return found is not None and found.origin is not None and not found.origin.endswith(".py")
