"""Whatever is broken in a connector is told as a problem."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from bridge.brand import load_brand
from bridge.errors import ConfigError
from tests.support.cases import ENVIRONMENT
from tests.support.examples import examples

EXAMPLES = Path(__file__).parents[3] / "connectors" / "examples"
CONNECTORS = {path.stem: path.read_text() for path in sorted(EXAMPLES.glob("*.yaml")) if ".test." not in path.name}


def _paths(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        yield from _paths(value, (*path, key))


ODD = st.sampled_from(
    ["none", "a b", "x[y]", "", 0, True, None, [], {}, ["a"], {"text": "{a"}, {"from": "x"}, {"a": 1}]
)


@examples(1, unchecked=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_is_broken_is_a_problem_and_never_an_error_of_the_bridge(
    tmp_path: Path, data: st.DataObject
) -> None:
    connector = yaml.load(CONNECTORS[data.draw(st.sampled_from(sorted(CONNECTORS)))], yaml.CSafeLoader)
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(list(_paths(connector))))
        parent = connector
        for step in path[:-1]:
            parent = parent[step]
        how = data.draw(st.sampled_from(["drop", "rename", "replace"]))
        value = parent.pop(path[-1])
        if how == "replace":
            value = data.draw(ODD)
        if how != "drop" and isinstance(parent, dict):
            parent[f"{path[-1]}x" if how == "rename" else path[-1]] = value
        elif how != "drop":
            parent.insert(path[-1], value)
    file = tmp_path / "broken.yaml"
    file.write_text(yaml.dump(connector, Dumper=yaml.CSafeDumper, allow_unicode=True, sort_keys=False))
    with contextlib.suppress(ConfigError):
        load_brand(file, ENVIRONMENT)
