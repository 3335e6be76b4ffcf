"""Any YAML is a connector, or an error that says where."""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import ConfigError
from tests.support.examples import examples
from tests.unit.config.connectors import CONNECTOR, read

TREE: Any = yaml.safe_load(CONNECTOR)
odd = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.text(max_size=6), st.sampled_from(["${A}", "${KAFKA_BROKERS}"])
    ),
    lambda below: st.one_of(
        st.lists(below, max_size=3),
        st.dictionaries(st.one_of(st.text(max_size=5), st.integers()), below, max_size=3),
    ),
    max_leaves=5,
)


def _paths(tree: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if not isinstance(tree, dict):
        return [above]
    return [above] + [path for key, value in tree.items() for path in _paths(value, (*above, key))]


def _with(tree: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    return {**tree, path[0]: _with(tree.get(path[0], {}), path[1:], value)}


@examples(2)
@given(path=st.sampled_from(_paths(TREE)), value=odd, key=st.text(max_size=4))
def test_any_yaml_is_a_connector_or_a_config_error(path: tuple[Any, ...], value: Any, key: str) -> None:
    for tree in (_with(TREE, path, value), _with(TREE, (*path[:-1], key or "x"), value)):
        try:
            read(yaml.dump(tree, Dumper=yaml.CSafeDumper))
        except ConfigError as error:
            assert all(problem.line >= 1 for problem in error.problems)  # noqa: PT017
