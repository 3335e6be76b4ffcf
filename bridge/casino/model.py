"""The CASINO event as a model: the documented contract, its JSON Schema, and the judge of the encoder.

Written apart from `body` on purpose: the two are held against each other by tests.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Context, Decimal, Inexact
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from bridge.casino.fields import FIELDS, MAX_DIGITS, PARTS_OF_AMOUNT
from bridge.row import Value

_DATE_TIME = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?"
    r"(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
)
_CURRENCY = r"^([A-Z0-9]{2,3}|[A-Za-z0-9]{4,12})$"


def _digits_of_whole_numbers(value: Value) -> Value:
    """Ids are text in the body; a whole number stands for its digits."""
    if isinstance(value, bool):
        return value
    if isinstance(value, Decimal):
        value = _bounded(value)
        if value != value.to_integral_value(context=Context(prec=2 * MAX_DIGITS)):
            raise ValueError("is a number with a fraction")
        value = int(value)
    if isinstance(value, int):
        return str(int(_bounded(Decimal(value))))
    return value


def _carried(value: str) -> str:
    """Refuse NUL, at which many readers cut a text off, and halves of surrogate pairs, which UTF-8 cannot say."""
    if "\0" in value:
        raise ValueError("has a NUL character")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("has half of a surrogate pair") from None
    return value


def _exact(value: Value) -> Value:
    if isinstance(value, bool) or not (isinstance(value, int) or type(value) is Decimal):
        raise ValueError("is not an exact number")  # pydantic collects ValueErrors
    return _bounded(Decimal(value))


def _bounded(value: Decimal) -> Decimal:
    """Refuse numbers so long that they could exhaust memory."""
    if not value.is_finite():
        raise ValueError("is not a finite number")
    if not value:
        return Decimal(0)
    smallest = Decimal((0, (1,), -MAX_DIGITS))
    largest = Decimal((0, (1,), MAX_DIGITS))
    try:
        value.quantize(smallest, context=Context(prec=3 * MAX_DIGITS, traps=[Inexact]))
    except ArithmeticError:
        raise ValueError("has too many digits") from None
    if value.copy_abs() >= largest:
        raise ValueError("has too many digits")
    return value


def _utc_text(value: Value) -> Value:
    """A moment is written in UTC, a text is kept."""
    if not isinstance(value, datetime):
        return value
    if value.tzinfo is None or value.utcoffset() is None:
        raise ValueError("is local time without a zone")
    try:
        utc = value.astimezone(UTC)
    except OverflowError:
        raise ValueError("is beyond the years that can be written") from None
    fraction = f".{utc.microsecond:06}" if utc.microsecond else ""
    return f"{utc.year:04}-{utc:%m-%dT%H:%M:%S}{fraction}Z"


def _in_calendar(value: str) -> str:
    date.fromisoformat(value[:10])
    return value


def _entry(value: Value) -> Value:
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _carried(value)
    return _exact(value)


def _entries(value: Value) -> Value:
    """An entry that is None is absent, and an empty map as well."""
    if not isinstance(value, dict):
        return value
    return {key: entry for key, entry in value.items() if entry is not None} or None


Text = Annotated[
    str, BeforeValidator(_digits_of_whole_numbers), StringConstraints(min_length=1), AfterValidator(_carried)
]
Currency = Annotated[
    str,
    BeforeValidator(lambda value: value.strip(" ") if isinstance(value, str) else value),
    StringConstraints(pattern=_CURRENCY),
    WithJsonSchema({"type": "string", "pattern": _CURRENCY}),
]
Timestamp = Annotated[
    str,
    BeforeValidator(_utc_text),
    StringConstraints(pattern=_DATE_TIME),
    AfterValidator(_in_calendar),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": _DATE_TIME}),
]
Number = Annotated[Decimal, BeforeValidator(_exact), WithJsonSchema({"type": "number"})]
Amount = Annotated[Decimal, BeforeValidator(_exact), Field(ge=0), WithJsonSchema({"type": "number", "minimum": 0})]
Rate = Annotated[
    Decimal, BeforeValidator(_exact), Field(gt=0), WithJsonSchema({"type": "number", "exclusiveMinimum": 0})
]
Key = Annotated[str, StringConstraints(min_length=1), AfterValidator(_carried)]
Entry = Annotated[Any, BeforeValidator(_entry), WithJsonSchema({"type": ["string", "number", "boolean"]})]


class CasinoEvent(BaseModel):
    """One event as Fast Track takes it.  Takes the fields that `encode` takes, and judges them alike.

    The size of the body as a whole is the encoder's matter alone.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    activity_id: Text
    type: Literal["Bet", "Win", "Loss"]
    status: Literal["Approved", "Rollback"]
    user_id: Text
    round_id: Text
    game_id: Text
    game_name: Text
    vendor_id: Text
    vendor_name: Text
    origin: Text
    currency: Currency
    timestamp: Timestamp
    is_round_end: bool
    game_type: Text | None = None
    amount: Amount
    wager_amount: Amount | None = None
    bonus_wager_amount: Amount | None = None
    locked_wager_amount: Amount | None = None
    exchange_rate: Rate
    balance_before: Number | None = None
    balance_after: Number | None = None
    meta: Annotated[dict[Key, Entry] | None, BeforeValidator(_entries)] = None

    @model_validator(mode="before")
    @classmethod
    def _make_amount(cls, fields: Any) -> Any:
        """The amount is the sum of its parts where it is left out; a part that is null leaves none."""
        if not isinstance(fields, dict) or fields.get("amount") is not None:
            return fields
        parts = [fields[name] for name in PARTS_OF_AMOUNT if name in fields]
        if not parts:
            return fields
        return {**fields, "amount": _sum([_exact(part) for part in parts])}

    @model_validator(mode="after")
    def _hold_sum(self) -> Self:
        parts = [part for name in PARTS_OF_AMOUNT if (part := getattr(self, name)) is not None]
        if parts and _sum(parts) != self.amount:
            raise ValueError("amount is not the sum of its parts")
        return self


def _sum(parts: list[Decimal]) -> Decimal:
    exact = Context(prec=3 * MAX_DIGITS, traps=[Inexact])
    total = Decimal(0)
    for part in parts:
        total = exact.add(total, part)
    return total


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a body, as docs/reference/casino.schema.json has it."""
    schema = CasinoEvent.model_json_schema()
    properties = {name: _body_schema(name, schema["properties"][name]) for name in FIELDS}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "CASINO event",
        "description": "The body of a CASINO message. amount is the sum of the parts that are there.",
        "type": "object",
        "properties": properties,
        "required": [name for name, doc in FIELDS.items() if doc.required],
        "additionalProperties": False,
    }


def _body_schema(name: str, made: dict[str, Any]) -> dict[str, Any]:
    """A field that is absent is left out of a body, so null is no alternative there."""
    schema: dict[str, Any] = next((one for one in made.get("anyOf", ()) if one != {"type": "null"}), made)
    kept = {key: value for key, value in schema.items() if key not in {"title", "default"}}
    return {"description": FIELDS[name].meaning, **kept}
