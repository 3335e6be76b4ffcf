"""The reference page of the command line, made from the commands themselves.

`python -m bridge.cli.reference FOLDER` writes it.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Any, get_args, get_type_hints

import typer
import typer.models

from bridge.cli.commands import EXIT_CODES, app

_INTRODUCTION = """\
# The command line

`wallet-bridge COMMAND --help` says the same on a terminal; `wallet-bridge --install-completion` teaches the shell
to complete commands and options. Errors go to standard error, one sentence each; `--json` prints one JSON object a
line. {exit_codes}
"""


def page() -> str:
    """Return the page."""
    codes = " ".join(EXIT_CODES.split())
    sections = [_INTRODUCTION.format(exit_codes=codes), *_sections(app, "")]
    for group in app.registered_groups:
        if group.typer_instance is not None:
            sections += _sections(group.typer_instance, f"{group.name} ")
    return "\n".join(sections)


def _sections(commands: typer.Typer, before: str) -> list[str]:
    return [
        _section(before + (command.name or command.callback.__name__), command.callback, command.epilog or "")
        for command in commands.registered_commands
        if command.callback is not None and not command.hidden
    ]


def parameters(callback: Callable[..., Any]) -> dict[str, tuple[Any, Any, Any]]:
    """Return kind, typer's information and default of each parameter of a command that is not hidden."""
    hints = get_type_hints(callback, include_extras=True)
    defaults = {name: given.default for name, given in inspect.signature(callback).parameters.items()}
    found = {}
    for name, default in defaults.items():
        kind, information = get_args(hints[name])
        if not information.hidden:
            found[name] = (kind, information, default)
    return found


def _section(name: str, callback: Callable[..., Any], epilog: str) -> str:
    rows = [_row(*(parameter, *said)) for parameter, said in parameters(callback).items()]
    parts = [f"## {name}\n", f"{inspect.cleandoc(callback.__doc__ or '')}\n"]
    if rows:
        parts += ["| option | meaning | default |", "| --- | --- | --- |", *rows, ""]
    return "\n".join([*parts, _examples(epilog)])


def _row(parameter: str, kind: Any, information: Any, default: Any) -> str:
    is_argument = isinstance(information, typer.models.ArgumentInfo)
    name = information.metavar or parameter.upper()
    if not is_argument:
        # Inside Annotated the first name takes the place that is the default's elsewhere.
        said = [text for text in (information.default, *(information.param_decls or ())) if isinstance(text, str)]
        option = ", ".join(said or [f"--{parameter.replace('_', '-')}"])
        name = option if kind is bool else f"{option} {_kind(kind)}"
    shown = (
        ""
        if is_argument or kind is bool or default in (None, "", inspect.Parameter.empty)
        else f"`{getattr(default, 'value', default)}`"
    )
    variable = f" Also from `{information.envvar}`." if information.envvar else ""
    meaning = " ".join((information.help or "").split()).replace("|", "\\|")
    return f"| `{name}` | {meaning}{variable} | {shown} |"


def _kind(kind: Any) -> str:
    if isinstance(kind, type) and issubclass(kind, Enum):
        return " or ".join(str(choice.value) for choice in kind)
    plain = next((part for part in get_args(kind) if part is not type(None)), kind)
    return {Path: "PATH", int: "NUMBER", float: "NUMBER"}.get(plain, "TEXT")


def _examples(epilog: str) -> str:
    """Return the examples as a block of code, and what is said around them as text."""
    lines = [line for line in epilog.splitlines() if line.strip()]
    code = [line.strip() for line in lines if line.startswith("  ")]
    after = [line for line in lines if not line.startswith("  ") and not line.startswith("Example")]
    text = f"\n{' '.join(after)}\n" if after else ""
    return "```console\n" + "\n".join(code) + f"\n```\n{text}"


if __name__ == "__main__":
    (Path(sys.argv[1]) / "cli.md").write_text(page(), encoding="utf-8")
