"""Logs: an event name in snake_case and fields; JSON for machines, coloured lines on a terminal.

A field may be anything, but only plain values are written as they are.  A row is written as its
column names, a record as its place, a secret as stars, a password inside a URL as stars, and what
is not known as the name of its class.  So no value of a row and no secret reaches a log by mistake.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Any, Final, Literal, TextIO

import structlog
from pydantic import SecretBytes, SecretStr
from structlog.typing import EventDict, Processor, WrappedLogger

from bridge.flow import Change, Delivery, Event
from bridge.records import HeldChange, ParkedChange, Partition, SourceRecord
from bridge.row import Row

Format = Literal["auto", "json", "console"]

_HANDLER: Final = "wallet-bridge"
_STARS: Final = "**********"
_SECRET_NAME: Final = re.compile(r"password|passwd|secret|token|credential|api_?key", re.IGNORECASE)
# The last @ before a slash, a space or a quote ends the password: passwords hold @ too.
_URL_PASSWORD: Final = re.compile(r"(://[^:/?#\s'\"]*:)[^/\s'\"]*(?=@)")
_LONGEST: Final = 4000


def configure(level: str = "info", format: Format = "auto", stream: TextIO | None = None) -> None:  # noqa: A002
    """Set up logging for the process: ours at `level`, the client libraries' warnings beside it.

    `auto` is console on a terminal and json elsewhere.  `stream` is standard error by default.
    May be called again.  Raises ValueError for a level that is not debug, info, warning or error.
    """
    threshold = {"debug": 10, "info": 20, "warning": 30, "error": 40}.get(level)
    if threshold is None:
        raise ValueError("a log level is debug, info, warning or error")
    stream = stream or sys.stderr
    console = format == "console" or (format == "auto" and stream.isatty())
    common: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *common,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.name = _HANDLER
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=common, processors=_renderers(console))
    )
    root = logging.getLogger()
    for old in [one for one in root.handlers if one.name == _HANDLER]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger("bridge").setLevel(threshold)


def client_logger(name: str) -> logging.Logger:
    """Return the logger to hand to a client library (librdkafka's `logger`): its warnings come out with ours."""
    logger = logging.getLogger(name)
    logger.setLevel(logging.WARNING)
    return logger


def _renderers(console: bool) -> list[Processor]:
    last: list[Processor]
    if console:
        last = [structlog.dev.ConsoleRenderer(colors=True, timestamp_key="at")]
    else:
        last = [structlog.processors.JSONRenderer(ensure_ascii=False)]
    return [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        # Before the renderer, whose own tracebacks show local variables where rich is installed.
        structlog.processors.format_exc_info,
        only_plain_values,
        *last,
    ]


def only_plain_values(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Let through what may be seen, and put a name in place of the rest."""
    return {name: _STARS if _SECRET_NAME.search(name) else _shown(value) for name, value in event.items()}


def _shown(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return _URL_PASSWORD.sub(rf"\1{_STARS}", str(value))[-_LONGEST:]  # a traceback says the most at its end
    if isinstance(value, Mapping):
        return {
            str(name): _STARS if _SECRET_NAME.search(str(name)) else _shown(entry) for name, entry in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset) and not isinstance(value, Partition):
        return [_shown(entry) for entry in value]
    return next(
        (show(value) for kinds, show in _SHOWN_AS if isinstance(value, kinds)), f"<{type(value).__name__}>"
    )


def _place(record: SourceRecord) -> str:
    return f"{record.topic}[{record.partition}]@{record.offset}"


_SHOWN_AS: Final[tuple[tuple[Any, Callable[[Any], Any]], ...]] = (
    ((SecretStr, SecretBytes), lambda _: _STARS),
    ((Decimal, date, timedelta, PurePath), str),
    (Enum, lambda value: _shown(value.value)),
    (Partition, lambda value: f"{value.topic}[{value.number}]"),
    (Row, lambda value: {"columns": sorted(value.columns())}),
    (SourceRecord, _place),
    (Change, lambda value: {"table": value.table, "op": value.op, "record": _place(value.record)}),
    ((HeldChange, ParkedChange), lambda value: {"table": value.table, "record": _place(value.record)}),
    ((Event, Delivery), lambda value: {"message_id": value.message_id}),
    (BaseException, lambda value: _shown(f"{type(value).__name__}: {value}")),
)
