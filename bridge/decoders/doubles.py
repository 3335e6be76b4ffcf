"""The type of a number that went through binary floating point."""

from __future__ import annotations

from decimal import Decimal


class Double(Decimal):
    """A number that the database or Debezium held as binary floating point.

    Exact in what was written, yet the cents may have been lost before: not for money.
    """

    __slots__ = ()
