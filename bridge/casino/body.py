"""From the fields of an event to the bytes of its body, checked; and back.

`encode` runs for every event, so it takes the ordinary values of an ordinary event in one pass of
few steps (`_quick`).  Whatever is not ordinary goes the slow way (`_careful`), which brings each
value into its form or says which rule it breaks.  One writer ends both, so they give the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow
from functools import lru_cache, reduce
from operator import itemgetter
from typing import Final, Literal

from msgspec.json import Encoder

from bridge.casino.fields import FIELDS, MAX_DIGITS, PARTS_OF_AMOUNT, STATUSES, TYPES, ContractBreach
from bridge.casino.head import head
from bridge.casino.rewards import rewards_breaches
from bridge.casino.values import (
    currency_text,
    id_text,
    meta_text,
    moment_text,
    number_text,
    status_text,
    truth,
    type_text,
)
from bridge.row import Value

MAX_BODY_BYTES: Final = 128 * 1024
"""A longer body is refused (code `too_large`); 400-character ids and long names stay far below."""

Profile = Literal["casino", "rewards"]

_TEXTS: Final = ("activity_id", "type", "status", "user_id", "round_id", "game_id", "game_name",
                 "vendor_id", "vendor_name", "origin", "currency")  # fmt: skip
_READERS: Final[Mapping[str, Callable[[str, Value], Value]]] = {
    "text": id_text,
    "type": type_text,
    "status": status_text,
    "currency": currency_text,
    "moment": moment_text,
    "boolean": truth,
    "number": number_text,
    "map": meta_text,
}
"""What brings a value into its form, or says which rule it breaks, by the kind of its field."""
_NUMBERS: Final = ("amount", *PARTS_OF_AMOUNT, "exchange_rate", "balance_before", "balance_after")
_KEYS: Final = {name: f',"{name}":' for name in _NUMBERS}
_PART_KEYS: Final = tuple((name, _KEYS[name]) for name in PARTS_OF_AMOUNT)
_BALANCE_KEYS: Final = tuple((name, _KEYS[name]) for name in ("balance_before", "balance_after"))
_EXACT_KINDS: Final = frozenset({int, Decimal})
_texts_of: Final = itemgetter(*_TEXTS)
_all_known: Final = frozenset(FIELDS).issuperset
_READ_HERE: Final = len(_TEXTS) + 2
"""How many fields `_quick` reads itself of every event: besides the texts, the time and the end of the round."""
_is_currency: Final = lru_cache(maxsize=1024)(lambda code: currency_text("currency", code) == code)
_QUICK_DIGITS: Final = 40
_QUICK_BOUND: Final = 10**_QUICK_DIGITS

# Sums of money are exact or refused; the decimal module's own context would round at 28 digits.
_EXACT: Final = Context(prec=3 * MAX_DIGITS, traps=[Inexact, InvalidOperation, Overflow])
_add: Final[Callable[[Value, Value], Decimal]] = _EXACT.add
_write: Final = Encoder().encode


class _NotOrdinary(Exception):  # not an error: the careful way is taken
    """A value is not in the form in which it is written."""


def encode(fields: Mapping[str, Value], profile: Profile = "casino") -> bytes:
    """Check an event against the CASINO contract and return its body, JSON in UTF-8.

    `amount` is the sum of its parts: made where it is left out or None, verified where it is given.
    None means that a field is absent; but a part that is None leaves no amount to make.  With the
    profile `rewards`, an event that Fast Track's rewards would pass over is refused too.
    Pure, a few microseconds.  Raises ContractBreach, which names the field and the rule.
    """
    try:
        body = _quick(fields)
    except (_NotOrdinary, ContractBreach, LookupError, TypeError, ArithmeticError, ValueError):
        body = _careful(fields)
    if len(body) > MAX_BODY_BYTES:
        raise ContractBreach("too_large", "", f"the body is longer than {MAX_BODY_BYTES} bytes")
    if profile == "rewards":
        for breach in rewards_breaches(decode(body)):
            raise ContractBreach("rewards", "", breach)
    return body


def decode(body: bytes) -> dict[str, Value]:
    """Return the fields of a body; numbers are exact (int or Decimal).

    For a body that `encode` made, `encode(decode(body)) == body`.  Raises ContractBreach when the
    bytes are no JSON object.
    """
    try:
        fields = json.loads(body, parse_float=Decimal)
    except (ValueError, RecursionError):
        raise ContractBreach("not_json", "", "the body is not JSON") from None
    if not isinstance(fields, dict):
        raise ContractBreach("not_json", "", "the body is not a JSON object")
    return fields


def check_field(name: str, value: Value) -> None:
    """Check what a field would have in every event, whatever the rest is.  None is no value, and fits.

    Raises ContractBreach, as `encode` does for a value that is right in no event.
    """
    if value is None:
        return
    written = _READERS[FIELDS[name].kind](name, value)
    if isinstance(written, str):
        _require_bounds({name: written})


def type_and_status(body: bytes) -> tuple[str, str]:
    """Return type and status of a body that `encode` made, without reading the rest."""
    # Inside a text a quote always follows a backslash, so these bytes are the body's own.
    start = body.index(b'","type":"') + 10
    between = body.index(b'","status":"', start)
    return body[start:between].decode(), body[between + 12 : body.index(b'"', between + 12)].decode()


def _quick(fields: Mapping[str, Value]) -> bytes:
    """Write an event of ordinary values.  Whatever is not one raises: nothing passes unchecked."""
    activity, kind, status, user, round_, game, game_name, vendor, vendor_name, origin, currency = _texts_of(
        fields
    )
    activity = activity if type(activity) is str else _quick_digits(activity)
    user = user if type(user) is str else _quick_digits(user)
    round_ = round_ if type(round_) is str else _quick_digits(round_)
    game = game if type(game) is str else _quick_digits(game)
    game_name = game_name if type(game_name) is str else _quick_digits(game_name)
    vendor = vendor if type(vendor) is str else _quick_digits(vendor)
    vendor_name = vendor_name if type(vendor_name) is str else _quick_digits(vendor_name)
    origin = origin if type(origin) is str else _quick_digits(origin)
    if not (activity and user and round_ and game and game_name and vendor and vendor_name and origin):
        raise _NotOrdinary
    if kind not in TYPES or status not in STATUSES or not _is_currency(currency):
        raise _NotOrdinary
    moment, ended, game_type = fields["timestamp"], fields["is_round_end"], fields.get("game_type")
    if type(moment) is not datetime or moment.tzinfo is not UTC:
        moment = moment_text("timestamp", moment)
    if (ended is not True and ended is not False) or (
        game_type is not None and (type(game_type) is not str or not game_type)
    ):
        raise _NotOrdinary
    written = _write(
        head(
            activity, kind, status, user, round_, game, game_name, vendor, vendor_name, origin, currency,
            moment, ended, game_type,
        )
    )  # fmt: skip
    # `in` first takes what it looks for as a number.
    if written.find(b"\\") >= 0 and written.find(b"\\u0000") >= 0:
        raise _NotOrdinary
    meta = fields.get("meta")
    numbers, read = _quick_numbers(fields)
    read += _READ_HERE + (game_type is not None) + (meta is not None)
    # Where as many were read as there are, all are known; a field that is null is not counted.
    if read != len(fields) and not _all_known(fields):
        raise _NotOrdinary
    return _closed(written, numbers, meta)


def _quick_digits(value: Value) -> str:
    if type(value) is int and -(2**63) <= value < 2**63:
        return str(value)
    raise _NotOrdinary


def _quick_numbers(fields: Mapping[str, Value]) -> tuple[str, int]:
    """Write the numbers, and count them; what is negative, special, huge or null takes the careful way."""
    get = fields.get
    amount, parts, alone = get("amount"), "", ""
    read = 1 if amount is None else 2
    total: Value = None
    for name, key in _PART_KEYS:
        part = get(name)
        if part is not None:
            text = "0" if type(part) is int and not part else _plain(part)
            parts += key + text
            read += 1
            if not total:
                total, alone = part, text
            elif part:
                total, alone = _add(total, part), ""
        elif amount is None and name in fields:
            raise _NotOrdinary
    if amount is None:
        amount = total
    elif total is not None and total != amount:
        raise _NotOrdinary
    rate = fields["exchange_rate"]
    if type(amount) not in _EXACT_KINDS or not rate:
        raise _NotOrdinary
    text = f',"amount":{alone or _plain(amount)}{parts},"exchange_rate":{_plain(rate)}'
    for name, key in _BALANCE_KEYS:
        balance = get(name)
        if balance is not None:
            text += key + _plain(balance)
            read += 1
    return text, read


def _plain(value: Value) -> str:
    """Write a number that is neither below 0 nor long."""
    if type(value) is int:
        if 0 <= value < _QUICK_BOUND:
            return str(value)
        raise _NotOrdinary
    text = str(value)
    if text[-1] == "0" and "." in text:
        text = text.rstrip("0").rstrip(".")
    if type(value) is not Decimal or len(text) > _QUICK_DIGITS or not text.replace(".", "", 1).isdigit():
        raise _NotOrdinary
    return text


def _careful(fields: Mapping[str, Value]) -> bytes:
    """Bring each value into its form and write the event, or raise the first breach in the order of the fields."""
    for name in fields:
        if name not in FIELDS:
            raise ContractBreach("unknown_field", "", f"a field that is not in the contract was given: {name}")
    numbers = _careful_amount(fields, {n: number_text(n, v) for n in _NUMBERS if (v := fields.get(n)) is not None})
    for name, doc in FIELDS.items():
        if doc.required and fields.get(name) is None and name not in numbers:
            raise ContractBreach("missing_field", name, "is missing")
    texts = [_READERS[FIELDS[name].kind](name, fields[name]) for name in _TEXTS]
    moment = moment_text("timestamp", fields["timestamp"])
    ended = truth("is_round_end", fields["is_round_end"])
    game_type = fields.get("game_type")
    if game_type is not None:
        game_type = id_text("game_type", game_type)
    written = "".join(_KEYS[name] + numbers[name] for name in _NUMBERS if name in numbers)
    return _closed(_write(head(*texts, moment, ended, game_type)), written, fields.get("meta"))


def _careful_amount(fields: Mapping[str, Value], numbers: dict[str, str]) -> dict[str, str]:
    """Hold the rules between the numbers, and make the amount where it is left out."""
    parts = [Decimal(numbers[name]) for name in PARTS_OF_AMOUNT if name in numbers]
    total = reduce(_add, parts, Decimal(0))
    if "amount" not in numbers:
        for name in PARTS_OF_AMOUNT:
            if name in fields and name not in numbers:
                raise ContractBreach("missing_field", "amount", f"is missing: {name} is null")
        if parts:
            numbers["amount"] = number_text("amount", total)
    elif parts and total != Decimal(numbers["amount"]):
        raise ContractBreach("bad_sum", "amount", "is not the sum of its parts")
    _require_bounds(numbers)
    return numbers


def _require_bounds(numbers: Mapping[str, str]) -> None:
    for name in ("amount", *PARTS_OF_AMOUNT):
        if numbers.get(name, "").startswith("-"):
            raise ContractBreach("below_zero", name, "below 0")
    rate = numbers.get("exchange_rate")
    if rate is not None and (rate == "0" or rate.startswith("-")):
        raise ContractBreach("rate_not_above_zero", "exchange_rate", "is not above 0")


def _closed(head: bytes, numbers: str, meta: Value) -> bytes:
    """Put the numbers and the map behind the head of a body."""
    extras = "" if meta is None else meta_text("meta", meta)
    if extras:
        numbers += ',"meta":' + extras
    return b"%b%b}" % (head[:-1], numbers.encode())
