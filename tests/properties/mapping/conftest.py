"""The properties of the mapping are tried on the same small wallets as its examples."""

from tests.unit.mapping.conftest import trial

__all__ = ["trial"]
