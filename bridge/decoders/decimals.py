"""Numbers without loss: no float on the way, and no rounding context anywhere."""

from __future__ import annotations

import re
from binascii import Error as Base64Error
from binascii import a2b_base64
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal
from typing import Any, Final

import msgspec

from bridge.decoders.doubles import Double
from bridge.errors import DecodeError
from bridge.row import is_deep

# Postgres allows 131,072 digits before the point and 16,383 behind it; nothing is larger.
_MOST_DIGITS: Final = 150_000
_SHORT: Final = 40
_MOST_BYTES: Final = 64 * 1024

# So wide that no result is ever rounded.
EXACT: Final = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN)

_NUMBER: Final = re.compile(r"[+-]?[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]{1,6})?")
_SPECIAL: Final = frozenset(
    {"nan", "infinity", "+infinity", "-infinity", "inf", "-inf", "positive_infinity", "negative_infinity"}
)


def conflict(expected: str, value: object) -> DecodeError:
    """Make the error for a value that is not what its schema or declaration says."""
    return DecodeError("schema_conflict", f"{expected} expected, the record has {_kind(value)}")


def special_number() -> DecodeError:
    """Make the error for NaN and the infinities, which no amount can be."""
    return DecodeError("special_number", "the number is NaN or infinite")


def json_number(text: str) -> Decimal:
    """Take a JSON number with a fraction or an exponent, exactly; raises DecodeError when it is absurd."""
    if "e" in text or "E" in text or len(text) > _MOST_DIGITS:
        return decimal_from_text(text)
    return Decimal(text)


def decimal_from_text(text: str) -> Decimal:
    """Take a number in plain or scientific notation; raises DecodeError for anything else."""
    # Nearly every amount: digits, perhaps with a point that does not come first.
    if len(text) < _SHORT and text.replace(".", "", 1).isdigit() and text.isascii() and text[0] != ".":
        return Decimal(text)
    if _NUMBER.fullmatch(text) is None:
        if text.strip().lower() in _SPECIAL:
            raise special_number()
        raise DecodeError("schema_conflict", "a number expected, the record has other text")
    number = Decimal(text)
    if len(text) > _MOST_DIGITS or abs(number.adjusted()) > _MOST_DIGITS:
        raise DecodeError("number_too_large", "the number has more digits than any database holds")
    return number


def decimal_from_unscaled(unscaled: bytes, scale: int, precision: int | None = None) -> Decimal:
    """Take Connect's Decimal: a big-endian two's complement integer, to be divided by 10 to the scale.

    With `precision`, raises DecodeError when there are more digits than the column can hold: the
    schema is then not the value's.
    """
    if not unscaled or len(unscaled) > _MOST_BYTES or not -_MOST_DIGITS <= scale <= _MOST_DIGITS:
        raise DecodeError("schema_conflict", "an unscaled decimal expected, its bytes or scale cannot be one")
    number = Decimal(int.from_bytes(unscaled, "big", signed=True))
    if precision is not None and number.adjusted() >= precision:
        raise DecodeError("schema_conflict", f"the number has more than the {precision} digits of its schema")
    return number.scaleb(-scale, EXACT)


def binary(value: Any) -> bytes:
    """Take bytes as Avro has them, or as JSON has them, in base64; raises DecodeError for anything else."""
    if type(value) is str:
        try:
            return a2b_base64(value, strict_mode=True)
        except (Base64Error, ValueError):
            raise DecodeError("schema_conflict", "base64 expected, the record has other text") from None
    if type(value) is bytes:
        return value
    raise conflict("bytes", value)


def variable_scale(value: Any) -> Decimal:
    """Take Debezium's VariableScaleDecimal, a structure of scale and unscaled bytes."""
    if type(value) is dict and type(value.get("scale")) is int and "value" in value:
        return decimal_from_unscaled(binary(value["value"]), value["scale"])
    raise conflict("a structure of scale and value", value)


def double(value: Any) -> Double:
    """Take a binary floating point number by its shortest text; NaN and infinities raise DecodeError."""
    kind = type(value)
    if kind is float:
        value = repr(value)
        kind = str
    if kind is str:
        return Double(decimal_from_text(value))
    if kind is Decimal or kind is int:
        return Double(value)
    raise conflict("a number", value)


_JSON = msgspec.json.Decoder(float_hook=json_number)


def json_value(text: str | bytes) -> Any:
    """Take JSON text with exact numbers: whole ones int, others Decimal, at any depth.

    Raises DecodeError for text that is no JSON, is nested too deeply, or has a number beyond all bounds.
    """
    try:
        value = _JSON.decode(text)
    except (msgspec.DecodeError, UnicodeError):
        raise DecodeError("bad_json", "JSON expected, the text is none") from None
    except RecursionError:
        raise too_deep() from None
    return require_flat(value, text)


def require_flat(value: Any, written: str | bytes | None = None) -> Any:
    """Return a value as it is.  Raises DecodeError when it is nested too deeply; `written`: see `is_deep`."""
    if is_deep(value, written):
        raise too_deep()
    return value


def too_deep() -> DecodeError:
    return DecodeError("bad_json", "lists and structures are nested too deeply")


_KINDS: Final = {
    "str": "text",
    "int": "a whole number",
    "bool": "a boolean",
    "dict": "a structure",
    "list": "an array",
}


def _kind(value: object) -> str:
    name = type(value).__name__
    return _KINDS.get(name, "a number" if isinstance(value, Decimal | float) else name)
