"""The bridge between a casino's wallet tables and Fast Track CRM."""

from importlib.metadata import version

__version__ = version("wallet-bridge")
