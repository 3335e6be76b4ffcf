"""The keys that a place in a file may have, found from the models."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from bridge.config.places import KeyPath


def keys_at(model: type[BaseModel], path: KeyPath) -> list[str]:
    """Return the keys that the models allow at a path; none where any key is allowed."""
    shapes: list[Any] = [model]
    for step in path:
        shapes = [below for shape in shapes for below in _below(shape, step)]
    return sorted({key for shape in shapes for part in alternatives(shape) for key in _keys(part)})


def key_of(name: str, field: Any) -> str:
    """Return the key under which a field of a model is written."""
    return str(field.alias or name)


def alternatives(shape: Any) -> Iterator[Any]:
    """Yield the plain types that a type is made of."""
    origin = get_origin(shape)
    if origin is Annotated:
        yield from alternatives(get_args(shape)[0])
    elif origin in (Union, types.UnionType):
        for part in get_args(shape):
            yield from alternatives(part)
    else:
        yield shape


def _is_model(shape: Any) -> bool:
    return isinstance(shape, type) and issubclass(shape, BaseModel)


def _keys(shape: Any) -> list[str]:
    return [key_of(name, field) for name, field in shape.model_fields.items()] if _is_model(shape) else []


def _below(shape: Any, step: str | int) -> Iterator[Any]:
    for part in alternatives(shape):
        origin, arguments = get_origin(part), get_args(part)
        if _is_model(part):
            yield from (
                field.annotation for name, field in part.model_fields.items() if key_of(name, field) == step
            )
        elif origin is dict or origin is Mapping:
            yield arguments[1]
        elif (origin is list or origin is Sequence) and isinstance(step, int):
            yield arguments[0]
