"""From the fields of an event to the bytes of its body, checked; and back.

`encode` runs for every event, so it takes the ordinary values of an ordinary event in one pass of
few steps (`_quick`).  Whatever is not ordinary goes the slow way (`_careful`), which brings each
value into its form or says which rule it breaks.  One writer ends both, so they give the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow
from functools import lru_cache
from operator import itemgetter
from typing import Final, Literal

from bridge.casino.fields import FIELDS, MAX_DIGITS, PARTS_OF_AMOUNT, STATUSES, TYPES, ContractBreach
from bridge.casino.rewards import rewards_breaches
from bridge.casino.values import (
    currency_text,
    id_text,
    meta_text,
    moment_text,
    number_text,
    quote,
    status_text,
    type_text,
)
from bridge.records import Value

MAX_BODY_BYTES: Final = 128 * 1024
"""A longer body is refused (code `too_large`); 400-character ids and long names stay far below."""

Profile = Literal["casino", "rewards"]

_TEXTS: Final = ("activity_id", "type", "status", "user_id", "round_id", "game_id", "game_name",
                 "vendor_id", "vendor_name", "origin")  # fmt: skip
_READERS: Final = {"text": id_text, "type": type_text, "status": status_text}
_NUMBERS: Final = ("amount", *PARTS_OF_AMOUNT, "exchange_rate", "balance_before", "balance_after")
_texts_of = itemgetter(*_TEXTS)
_all_known = frozenset(FIELDS).issuperset
_currency = lru_cache(maxsize=1024)(lambda code: currency_text("currency", code))
_TEMPLATE: Final = (
    "{" + "".join(f'"{name}":%s,' for name in _TEXTS) + '"currency":"%s","timestamp":"%s","is_round_end":%s'
)
_GAME_TYPE, _META = ',"game_type":', ',"meta":'
_KEYS: Final = {name: f',"{name}":' for name in _NUMBERS}
_AMOUNT, _WAGER, _BONUS, _LOCKED, _RATE, _BEFORE, _AFTER = _KEYS.values()
_QUICK_DIGITS: Final = 40

# Sums of money are exact or refused; the decimal module's own context would round at 28 digits.
_EXACT = Context(prec=3 * MAX_DIGITS, traps=[Inexact, InvalidOperation, Overflow])
_add = _EXACT.add


class _NotOrdinary(Exception):  # noqa: N818  # not an error: the careful way is taken
    """A value is not in the form in which it is written."""


def encode(fields: Mapping[str, Value], profile: Profile = "casino") -> bytes:
    """Check an event against the CASINO contract and return its body, JSON in UTF-8.

    `amount` is the sum of its parts: made where it is left out or None, verified where it is given.
    None means that a field is absent; but a part that is None leaves no amount to make.  With the
    profile `rewards`, an event that Fast Track's rewards would pass over is refused too.
    Pure, a few microseconds.  Raises ContractBreach, which names the field and the rule.
    """
    try:
        body = _quick(fields).encode()
    except (_NotOrdinary, ContractBreach, LookupError, TypeError, ArithmeticError, ValueError):
        body = _careful(fields).encode()
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


def _quick(fields: Mapping[str, Value]) -> str:
    """Write an event of ordinary values.  Whatever is not one raises: nothing passes unchecked."""
    texts = _texts_of(fields)
    if texts[1] not in TYPES or texts[2] not in STATUSES or not _all_known(fields):
        raise _NotOrdinary
    moment = fields["timestamp"]
    if moment.__class__ is datetime and moment.tzinfo is UTC:
        moment = moment.isoformat()[:-6] + "Z"
    else:
        moment = moment_text("timestamp", moment)
    ended = fields["is_round_end"]
    if ended is not True and ended is not False:
        raise _NotOrdinary
    text = _join(
        [v if v.__class__ is str else _quick_digits(v) for v in texts],
        _currency(fields["currency"]),
        moment,
        ended,
        fields.get("game_type"),
        _quick_numbers(fields),
    )
    # Inside a text a quote always follows a backslash, so this finds empty texts alone.
    if ':""' in text or "\\u0000" in text:
        raise _NotOrdinary
    meta = fields.get("meta")
    return text + "}" if meta is None else _with_meta(text, meta_text("meta", meta))


def _quick_digits(value: Value) -> str:
    if value.__class__ is int and -(2**63) <= value < 2**63:
        return str(value)
    raise _NotOrdinary


def _quick_numbers(fields: Mapping[str, Value]) -> str:
    """Write the numbers; what is negative, special, huge or null takes the careful way."""
    get, plain = fields.get, _quick_number
    amount, rate = get("amount"), plain(fields["exchange_rate"])
    if rate == "0":
        raise _NotOrdinary
    text, total = "", None
    for name, key in (("wager_amount", _WAGER), ("bonus_wager_amount", _BONUS), ("locked_wager_amount", _LOCKED)):
        part = get(name)
        if part is not None:
            text += key + plain(part)
            total = part if total is None else _add(total, part)
        elif amount is None and name in fields:
            raise _NotOrdinary
    if amount is None:
        amount = total
    elif total is not None and total != amount:
        raise _NotOrdinary
    text = f"{_AMOUNT}{plain(amount)}{text}{_RATE}{rate}"
    balance = get("balance_before")
    if balance is not None:
        text += _BEFORE + plain(balance)
    balance = get("balance_after")
    return text if balance is None else text + _AFTER + plain(balance)


def _quick_number(value: Value) -> str:
    kind = value.__class__
    if kind is not Decimal and kind is not int:
        raise _NotOrdinary
    if not value:
        return "0"
    text = str(value)
    if text.isdigit():
        digits = text
    else:
        whole, _, fraction = text.partition(".")
        digits = whole + fraction
        if not digits.isdigit():
            raise _NotOrdinary
        text = text.rstrip("0").rstrip(".")
    if len(digits) > _QUICK_DIGITS:
        raise _NotOrdinary
    return text


def _careful(fields: Mapping[str, Value]) -> str:
    """Bring each value into its form and write the event, or raise the first breach in the order of the fields."""
    for name in fields:
        if name not in FIELDS:
            raise ContractBreach("unknown_field", "", "a field that is not in the contract was given")
    numbers = _careful_amount(fields, {n: number_text(n, v) for n in _NUMBERS if (v := fields.get(n)) is not None})
    for name, doc in FIELDS.items():
        if doc.required and fields.get(name) is None and name not in numbers:
            raise ContractBreach("missing_field", name, "is missing")
    texts = [_READERS[FIELDS[name].kind](name, fields[name]) for name in _TEXTS]
    currency = currency_text("currency", fields["currency"])
    moment = moment_text("timestamp", fields["timestamp"])
    ended = fields["is_round_end"]
    if not isinstance(ended, bool):
        raise ContractBreach("wrong_type", "is_round_end", "is not true or false")
    game_type = fields.get("game_type")
    if game_type is not None:
        game_type = id_text("game_type", game_type)
    written = "".join(_KEYS[name] + numbers[name] for name in _NUMBERS if name in numbers)
    text = _join(texts, currency, moment, ended, game_type, written)
    meta = fields.get("meta")
    return text + "}" if meta is None else _with_meta(text, meta_text("meta", meta))


def _careful_amount(fields: Mapping[str, Value], numbers: dict[str, str]) -> dict[str, str]:
    """Hold the rules between the numbers, and make the amount where it is left out."""
    parts = [name for name in PARTS_OF_AMOUNT if name in numbers]
    total = Decimal(0)
    for name in parts:
        total = _add(total, Decimal(numbers[name]))
    if "amount" not in numbers:
        for name in PARTS_OF_AMOUNT:
            if name in fields and name not in numbers:
                raise ContractBreach("missing_field", "amount", f"is missing: {name} is null")
        if parts:
            numbers["amount"] = number_text("amount", total)
    elif parts and total != Decimal(numbers["amount"]):
        raise ContractBreach("bad_sum", "amount", "is not the sum of its parts")
    for name in ("amount", *PARTS_OF_AMOUNT):
        if numbers.get(name, "").startswith("-"):
            raise ContractBreach("below_zero", name, "below 0")
    rate = numbers.get("exchange_rate")
    if rate is not None and (rate == "0" or rate.startswith("-")):
        raise ContractBreach("rate_not_above_zero", "exchange_rate", "is not above 0")
    return numbers


def _join(texts: Sequence[str], currency: str, moment: str, ended: bool, game_type: str | None, numbers: str) -> str:
    """Write everything but `meta`, in the order of the body; the last brace is left open."""
    text = _TEMPLATE % (*map(quote, texts), currency, moment, "true" if ended else "false")
    return text + numbers if game_type is None else f"{text}{_GAME_TYPE}{quote(game_type)}{numbers}"


def _with_meta(text: str, meta: str) -> str:
    return f"{text}{_META}{meta}}}" if meta else text + "}"
