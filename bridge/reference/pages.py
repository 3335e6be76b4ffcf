"""The reference pages and the editor's schema, made from the models and the function library.

`python -m bridge.reference.pages FOLDER` writes them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import Any, Final, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from bridge.casino import FIELDS
from bridge.config.connector import Connector
from bridge.config.shapes import alternatives, key_of
from bridge.decoders.declared import COLUMN_TYPES
from bridge.mapping.compiling.names import BUILT_IN
from bridge.mapping.language.library import LIBRARY
from bridge.reference.examples import EXAMPLES

_INTRODUCTION: Final = """\
# The connector file

One YAML file describes one brand. This page lists every key; [functions](functions.md) tells what expressions
can say. For completion and checks while typing, begin the file with
`# yaml-language-server: $schema=` and the path of `connector.schema.json`.

- Durations are written `250 ms`, `10 seconds`, `5 minutes`, `1 hour`, `30 days`.
- `${NAME}` in a text is filled in from the environment, `${NAME:-default}` with a default,
  `${file:/run/secrets/x}` from a file. One that is missing or empty stops the start. `$${` is a plain `${`.
- Only `true` and `false` are booleans; `no`, `on` and `yes` are text.
- A *condition* is an expression that is true or false. A *value* is an expression, a template
  `{text: "{id}:win"}`, a constant `{const: x}`, a case map `{from: kind, slot: Slots, else: kind}`, or a map of
  values.
- The results of a case map are constants: texts, and numbers written without quotes. What stands behind `else` is
  a value. Without `else`, a change that fits no case is parked.
"""

_FUNCTIONS: Final = """\
# Expressions and functions

An expression is a small part of Python's syntax, checked when the connector is loaded.

| written | means |
| --- | --- |
| `amount`, `user.is_test`, `details["a name"][0]` | a column or a name, and what is inside it |
| `players[player_id]`, `fx[currency, placed_at]` | a row of a look-up or play table, by its key (and a time) |
| `wallet_tx.by_ticket[ticket]` | a row by an index that its table declares |
| `+ - * / // %` | exact decimal arithmetic; a quotient without end is parked |
| `== != < <= > >=` | comparisons, chains too: `0 < x <= 10` |
| `in`, `not in` | is it one of a list: `kind in ("bet", "win")` |
| `and or not`, `a if c else b` | `x or 0` is 0 where x is null, false, 0 or empty |
| `true false null none` | constants, beside numbers and quoted texts; numbers are exact as written |

- Arithmetic with null is null; `<` and `>` with null are false; an attribute of null, a look-up by null: null.
- What is not there in a structure is null.
- Text and numbers are never equal, and true is not 1: to compare them with `==` or `in` parks the change. Write
  `state == "1"` of a text, `state == 1` of a number, and `boolean` under `columns` for a flag that is 0 or 1.
- Where a quotient has no end, say `round(a, 2, mode="half up", by=b)`.
- A value of the wrong kind parks the change and names the expression, never the value.
- A column of binary doubles is not exact and is refused in arithmetic; `number(x, double="accept")` takes it.
- A column whose name is a word of the language is written `column("class")`.
"""

_NAMES: Final = """\
A bare name is, in this order: a name under `with`, the parts or one part, an activity of the row as it was last
sent (null if it never was), one of these names, or a column.

Of an activity, `bet.amount` and every other field are as they were sent; `bet.stands` is whether it stands,
`bet.generation` how often it was sent, `cash.total` the sum of a running total's pieces that stand. Alone, it is
a condition: was it ever sent? A column that is called as an activity is `column("bet")`. Rows of tables that are
given by a pattern have `table_name`, the table that each lies in, and `schema_name`, its schema (of MySQL, its
database).
"""

_ROW_FUNCTIONS: Final = {
    'column("class")': "the column, whatever else has its name",
    'built_in("deleted")': "the name above, where a column has it too",
    "changed(status)": "whether it is otherwise than before this change",
    'became(status, "done")': "whether it is this now and was not before",
    "increased(cashed)": "whether it is more than before; before the first change it is 0",
}
NOT_WRITTEN: Final = ("type", "status")
"""Fields of an event that no connector writes."""

_GROUPS: Final = {
    "numbers": "Numbers and money",
    "times": "Times",
    "texts": "Text",
    "lists": "Lists, parts and structures",
}
_TITLES: Final[Mapping[str, str]] = {
    "Connector": "The file",
    "Source": "`source`",
    "KafkaSettings": "`source.kafka`",
    "TlsSettings": "`source.kafka.tls`",
    "SaslSettings": "`source.kafka.sasl`",
    "FlattenedRecords": "`source.flattened`",
    "Registry": "`source.registry`",
    "Order": "`source.order`",
    "Target": "`target`",
    "RabbitMQSettings": "`target.rabbitmq`",
    "RabbitMQTls": "`target.rabbitmq.tls`",
    "LedgerPlace": "`ledger`",
    "Limits": "`limits`",
    "Lookup": "`lookups.TABLE`",
    "Waits": "`wait`",
    "PlayTable": "`play.TABLE`",
    "Parts": "`play.TABLE.parts.NAME`",
    "Activity": "`play.TABLE.activities.NAME`",
    "Grows": "`play.TABLE.activities.NAME.grows`",
    "Split": "`play.TABLE.split`",
    "Reversal": "`play.TABLE.reverses`",
}


def connector_page() -> str:
    """Return the page of every key of a connector, in Markdown."""
    sections = (line for model in EXAMPLES for line in _section(model))
    return "\n".join([_INTRODUCTION, *sections, *_fields(), *_column_types()]).rstrip() + "\n"


def _table(*heads: str) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{' --- |' * len(heads)}"


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _fields() -> Iterator[str]:
    yield "## Fields of an event\n"
    yield "What may stand under `event`, `again` and `rollback`. A required field that is null parks the change;"
    yield "one that is not required is then absent. `type` and `status` come from the activity.\n"
    yield from _table("field", "required", "meaning")
    for name, field in FIELDS.items():
        if name not in NOT_WRITTEN:
            yield _row(f"`{name}`", "yes" if field.required else "", field.meaning)
    yield ""


def _column_types() -> Iterator[str]:
    yield "## Column types\n"
    yield "What may stand under `columns`, for what records do not tell.\n"
    yield from _table("type", "example", "meaning")
    yield from (_row(f"`{kind.name}`", f"`{kind.example}`", kind.meaning) for kind in COLUMN_TYPES)
    yield ""


def _section(model: type[BaseModel]) -> Iterator[str]:
    yield f"## {_TITLES[model.__name__]}"
    yield ""
    yield " ".join((model.__doc__ or "").split())
    yield ""
    yield from _table("key", "default", "meaning", "example")
    fields = {key_of(name, field): field for name, field in model.model_fields.items()}
    for key in EXAMPLES[model]:
        field = fields[key]
        meaning = " ".join((field.description or "").split())
        choices = _choices(field.annotation)
        yield _row(f"`{key}`", _default(field), meaning + choices, f"`{key}: {EXAMPLES[model][key]}`")
    yield ""


def _choices(annotation: Any) -> str:
    for part in alternatives(annotation):
        if get_origin(part) is Literal and len(get_args(part)) > 1:
            return f" One of: {', '.join(f'`{choice}`' for choice in get_args(part))}."
        if isinstance(part, type) and issubclass(part, Enum):
            return f" One of: {', '.join(f'`{choice.value}`' for choice in part)}."
    return ""


def _default(field: Any) -> str:
    if field.is_required():
        return "required"
    value = field.default
    if value is PydanticUndefined or value is None or value in ({}, [], "") or isinstance(value, BaseModel):
        return ""
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, timedelta):
        return f"`{_duration(value)}`"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _duration(value: timedelta) -> str:
    milliseconds = value // timedelta(milliseconds=1)
    for unit, size in (("days", 86_400_000), ("hours", 3_600_000), ("minutes", 60_000), ("seconds", 1000)):
        if milliseconds % size == 0:
            number = milliseconds // size
            return f"{number} {unit if number != 1 else unit[:-1]}"
    return f"{milliseconds} ms"


def functions_page() -> str:
    """Return the page of expressions and every function of the library, in Markdown."""
    names = [_row(f"`{name}`", meaning) for name, meaning in BUILT_IN.items()]
    row_functions = [_row(f"`{form}`", meaning) for form, meaning in _ROW_FUNCTIONS.items()]
    lines = [_FUNCTIONS, "## Names", "", _NAMES, *_table("name", "is"), *names, ""]
    lines += ["## Functions of the row", "", *_table("function", "gives"), *row_functions, ""]
    group = ""
    for function in LIBRARY.values():
        if function.group != group:
            group = function.group
            lines += [f"## {_GROUPS[group]}", ""]
        lines += [f"### `{function.signature}`", "", function.doc, "", "```"]
        lines += [f"{text}  ->  {result}" for text, result in function.examples]
        lines += ["```", ""]
    return "\n".join(lines).rstrip() + "\n"


def connector_schema() -> dict[str, Any]:
    """Return the JSON Schema of a connector, with its short forms and durations as people write them."""
    schema = Connector.model_json_schema(by_alias=True)
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Connector", **_written(schema)}
    definitions = schema["$defs"]
    _or_text(definitions["Source"]["properties"], "kafka")
    _or_text(schema["properties"], "ledger")
    target = definitions["Target"]
    _or_text(target["properties"], "rabbitmq")
    target["properties"] |= {
        key: value for key, value in definitions["RabbitMQSettings"]["properties"].items() if key != "url"
    }
    for name in ("PlayTable", "Activity", "Reversal"):
        for key in {"event", "again", "rollback"} & set(definitions[name]["properties"]):
            fields = [field for field in FIELDS if field not in NOT_WRITTEN]
            definitions[name]["properties"][key]["propertyNames"] = {"enum": fields}
    return schema


def _or_text(properties: dict[str, Any], key: str) -> None:
    form = properties[key]
    about = {name: form.pop(name) for name in ("description", "default") if name in form}
    properties[key] = {"anyOf": [{"type": "string"}, form], **about}


def _written(node: Any) -> Any:
    """Return a schema with durations as text of our form, and without their defaults in pydantic's."""
    if isinstance(node, list):
        return [_written(item) for item in node]
    if not isinstance(node, dict):
        return node
    if node.get("format") == "duration":
        kept = {key: value for key, value in node.items() if key not in ("format", "default")}
        return {**kept, "pattern": r"^[0-9]+(\.[0-9]+)? *[a-z]+$", "examples": ["10 minutes"]}
    return {
        key: _written(value) for key, value in node.items() if not (key == "default" and isinstance(value, dict))
    }


def pages() -> dict[str, str]:
    """Return every generated file by name."""
    return {
        "connector.md": connector_page(),
        "functions.md": functions_page(),
        "connector.schema.json": json.dumps(connector_schema(), indent=2, ensure_ascii=False) + "\n",
    }


if __name__ == "__main__":
    for name, text in pages().items():
        (Path(sys.argv[1]) / name).write_text(text, encoding="utf-8")
