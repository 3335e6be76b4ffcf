"""Python functions beside a connector, for what expressions cannot say.

They get values and return one.  They are counted in steps, not timed: a step is one instruction of
the file's own code, so the same row gives the same answer on a slow machine as on a fast one, and a
loop without end is stopped.  Work inside C (a regular expression, a huge text) is not counted.
"""

from __future__ import annotations

import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import wraps
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import FrameType, FunctionType, ModuleType
from typing import Any, Final

from bridge.errors import ConfigError, MappingError, Problem
from bridge.mapping.language.library import LIBRARY
from bridge.mapping.language.readers import Misuse, Reader
from bridge.row import Endless, Row, Value

MOST_STEPS: Final = 500_000

_RESULTS: Final = (type(None), bool, int, str, bytes, Decimal, datetime, date, time, timedelta, Endless, Row)


class _TooManySteps(BaseException):
    """Not an Exception, so that the function's own handlers let it through."""


def load_functions(path: Path, most_steps: int = MOST_STEPS) -> Mapping[str, Callable[..., Value]]:
    """Return the functions of a Python file by name; those that begin with _ stay its own.

    The file is run once.  Raises ConfigError when it cannot be, or for a function without types or with
    a name of the library.  Each function raises MappingError("function_failed") when it raises, takes
    more steps than `most_steps`, or returns what is no value (a float, above all).
    """
    module = _run(path)
    functions = {
        name: function
        for name, function in vars(module).items()
        if isinstance(function, FunctionType) and function.__module__ == module.__name__ and name[0] != "_"
    }
    problems = [problem for function in functions.values() for problem in _problems(function, path)]
    if problems:
        raise ConfigError(problems)
    return {name: _guarded(function, path, most_steps) for name, function in functions.items()}


class _Loader(SourceFileLoader):
    """Leaves no compiled file beside the connector."""

    def set_data(self, path: str, data: Any, *, _mode: int = 0o666) -> None:
        """Write nothing."""


def call_of(
    name: str, function: Callable[..., Value]
) -> Callable[[Sequence[Reader], Mapping[str, Reader]], Reader]:
    """Return what makes the reader of a call.  It raises Misuse for arguments that the function does not take."""
    signature = inspect.signature(function)

    def make(arguments: Sequence[Reader], keywords: Mapping[str, Reader]) -> Reader:
        try:
            signature.bind(*arguments, **keywords)
        except TypeError as error:
            raise Misuse(f"{name}: {error}", f"it is written {name}{signature}") from None
        named = tuple(keywords.items())
        return lambda scope: function(
            *[read(scope) for read in arguments], **{key: read(scope) for key, read in named}
        )

    return make


def _run(path: Path) -> ModuleType:
    name = f"connector_functions_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path, loader=_Loader(name, str(path)))
    if spec is None or spec.loader is None or not path.is_file():
        raise ConfigError([Problem(str(path), 0, 0, "", "there is no such file of functions")])
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        problem = Problem(str(path), error.lineno or 0, error.offset or 0, "", f"this is no Python: {error.msg}")
        raise ConfigError([problem]) from None
    except Exception as error:  # the file is the operator's own: whatever it raises is a problem of the file
        line = _line_in(error, path)
        raise ConfigError(
            [Problem(str(path), line, 1, "", f"running the file raises {type(error).__name__}")]
        ) from error
    return module


def _problems(function: FunctionType, path: Path) -> list[Problem]:
    line, name = function.__code__.co_firstlineno, function.__name__
    found = []
    signature = inspect.signature(function)
    if name in LIBRARY:
        found.append(Problem(str(path), line, 1, name, "a function of the library has this name", "rename it"))
    untyped = [part.name for part in signature.parameters.values() if part.annotation is part.empty]
    if signature.return_annotation is signature.empty:
        untyped.append("what it returns")
    if untyped:
        message = f"no type is given for {', '.join(untyped)}"
        found.append(Problem(str(path), line, 1, name, message, "for example: def f(x: Decimal) -> Decimal"))
    return found


def _guarded(function: FunctionType, path: Path, most_steps: int) -> Callable[..., Value]:
    name, file = function.__name__, function.__code__.co_filename

    @wraps(function)
    def guarded(*values: Value, **named: Value) -> Value:
        outer = sys.gettrace()
        sys.settrace(_counter(file, most_steps))
        try:
            result = function(*values, **named)
        except _TooManySteps:
            raise MappingError("function_failed", f"function {name} takes more than {most_steps} steps") from None
        except Exception as error:  # noqa: BLE001 -- foreign code; its words may hold values
            where = f"{type(error).__name__} in line {_line_in(error, path)} of {path.name}"
            raise MappingError("function_failed", f"function {name} fails: {where}") from None
        finally:
            sys.settrace(outer)
        _check_result(result, name)
        return result

    return guarded


def _counter(file: str, most_steps: int) -> Callable[[FrameType, str, Any], Any]:
    left = most_steps

    def count(frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal left
        if frame.f_code.co_filename != file:
            return None
        if event == "call":
            # Lines do not do: `while True: pass` is but one.
            frame.f_trace_opcodes, frame.f_trace_lines = True, False
        elif event == "opcode":
            left -= 1
            if left < 0:
                raise _TooManySteps
        return count

    return count


def _check_result(value: Value, name: str) -> None:
    if isinstance(value, (list, tuple)):
        for item in value:
            _check_result(item, name)
    elif isinstance(value, dict):
        for item in value.values():
            _check_result(item, name)
    elif not isinstance(value, _RESULTS):
        kind = type(value).__name__
        raise MappingError("function_failed", f"function {name} returns a {kind}, which is no value")


def _line_in(error: BaseException, path: Path) -> int:
    frames = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return frames[-1] or 0 if frames else 0
