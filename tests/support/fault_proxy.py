"""A TCP forwarder on loopback that breaks what passes through it, the ways real networks do."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from dataclasses import dataclass, field
from enum import Enum
from types import TracebackType
from typing import Self

_CHUNK = 65536


class Way(Enum):
    """A direction through the proxy."""

    TO_SERVER = "to_server"
    TO_CLIENT = "to_client"


@dataclass
class _Rules:
    """How bytes of one direction are passed on; changed while they flow."""

    flowing: threading.Event = field(default_factory=threading.Event)
    delay_seconds: float = 0.0
    chunk: int = _CHUNK
    swallow: bool = False

    def __post_init__(self) -> None:
        self.flowing.set()


class FaultProxy:
    """Forwards a port of loopback to `target`.  A context manager; `heal` undoes every fault."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._rules = {way: _Rules() for way in Way}
        self._lock = threading.Lock()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._closing = threading.Event()
        self._listener = self._listen(0)
        self.port: int = self._listener.getsockname()[1]
        self.accepted = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self.heal(listen=False)
        self.cut()
        _close(self._listener)

    def refuse(self) -> None:
        """Let new connections be refused; those that stand are kept."""
        _close(self._listener)

    def cut(self) -> None:
        """Reset every connection, both ways."""
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            for end in pair:
                _reset(end)

    def stall(self, way: Way) -> None:
        """Pass nothing on in this direction, and lose nothing: it flows again after `heal`."""
        self._rules[way].flowing.clear()

    def delay(self, way: Way, seconds: float) -> None:
        """Hold every piece back for this long."""
        self._rules[way].delay_seconds = seconds

    def trickle(self, way: Way) -> None:
        """Pass on one byte at a time."""
        self._rules[way].chunk = 1

    def half_open(self) -> None:
        """Swallow what both ends say from now on, and tell neither: a peer that vanished."""
        for rules in self._rules.values():
            rules.swallow = True

    def inject(self, way: Way, data: bytes) -> None:
        """Say something in the name of one end; only while that end itself is silent."""
        with self._lock:
            for client, server in self._pairs:
                end = client if way is Way.TO_CLIENT else server
                if end.fileno() >= 0:
                    end.sendall(data)

    def heal(self, *, listen: bool = True) -> None:
        """Take every fault back.  Connections that were half open stay useless, as real ones do: `cut` them."""
        for rules in self._rules.values():
            rules.delay_seconds, rules.chunk, rules.swallow = 0.0, _CHUNK, False
            rules.flowing.set()
        if listen and self._listener.fileno() < 0:
            self._listener = self._listen(self.port)

    def _listen(self, port: int) -> socket.socket:
        listener = socket.create_server(("127.0.0.1", port), backlog=64)
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
        return listener

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            self.accepted += 1
            try:
                server = socket.create_connection(self._target, timeout=5)
            except OSError:
                _reset(client)
                continue
            server.settimeout(None)
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._pairs.append((client, server))
            for source, sink, way in ((client, server, Way.TO_SERVER), (server, client, Way.TO_CLIENT)):
                threading.Thread(target=self._forward, args=(source, sink, self._rules[way]), daemon=True).start()

    def _forward(self, source: socket.socket, sink: socket.socket, rules: _Rules) -> None:
        try:
            while data := source.recv(_CHUNK):
                rules.flowing.wait()
                if rules.delay_seconds:
                    self._closing.wait(rules.delay_seconds)
                if rules.swallow:
                    continue
                at = 0
                while at < len(data):
                    step = rules.chunk
                    sink.sendall(data[at : at + step])
                    at += step
        except OSError:
            pass
        if not rules.swallow:
            _close(sink)
            _close(source)


def _reset(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    _close(end)


def _close(end: socket.socket) -> None:
    # shutdown wakes a thread that waits in accept or recv; close alone does not.
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
