"""Modules that are compiled keep to what mypyc compiles rightly; where it does not, it says nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BASES = {
    "dict",
    "NamedTuple",
    "Exception",
    "Mapping",
    "Protocol",
    "ABC",
    "Row",
    "Layered",
    "Plain",
    "Memory",
    "LedgerTransaction",
}
"""What a class of a compiled module may extend."""


def compiled_modules() -> list[str]:
    """Return the modules that setup.py names; it cannot be imported without building."""
    for node in ast.parse((ROOT / "setup.py").read_text()).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            packages: dict[str, str] = ast.literal_eval(node.value)
            return [f"{package}/{name}.py" for package, names in packages.items() for name in names.split()]
    raise AssertionError("setup.py names no modules")


def unfit(source: str) -> Iterator[str]:
    """Yield what in a module would be compiled to something else than it says."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef):
            if node.keywords:
                yield f"{node.name}: keywords of a class get lost"
            for base in node.bases:
                name = ast.unparse(base.value if isinstance(base, ast.Subscript) else base)
                if name not in BASES:
                    yield f"{node.name}: extends {name}"
            for statement in node.body:
                if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Name | ast.Attribute):
                    yield f"{node.name}: an alias gets lost"
        elif isinstance(node, ast.FunctionDef):
            inner = {one.name for one in node.body if isinstance(one, ast.FunctionDef)}
            for one in ast.walk(node):
                if isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Attribute):
                    owner = one.targets[0].value
                    if isinstance(owner, ast.Name) and owner.id in inner:
                        yield f"{node.name}: an attribute of a function"


@pytest.mark.parametrize("module", compiled_modules())
def test_a_compiled_module_keeps_to_the_rules(module: str) -> None:
    assert list(unfit((ROOT / module).read_text())) == []


@pytest.mark.parametrize("module", ["avro_binary", "avro_types", "avro_values"])
def test_what_follows_a_record_or_a_schema_into_its_depth_is_not_compiled(module: str) -> None:
    assert f"bridge/decoders/{module}.py" not in compiled_modules()


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("class A(Struct):\n    x: int", "A: extends Struct"),
        ("class A(dict[str, int], frozen=True):\n    pass", "A: keywords of a class get lost"),
        ("class A:\n    def of(self): ...\n    attribute = of", "A: an alias gets lost"),
        ("def f():\n    def g(): ...\n    g.column = 1\n    return g", "f: an attribute of a function"),
    ],
)
def test_what_breaks_a_rule_is_found(source: str, problem: str) -> None:
    assert list(unfit(source)) == [problem]
