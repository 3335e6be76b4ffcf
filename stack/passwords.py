"""Passwords of the stack: made at the first start, kept in files that only their owner can read."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from stack import services

NAMES = ("postgres-owner", "debezium", "rabbitmq-admin", "rabbitmq-bridge")


def password_file(folder: Path, name: str) -> Path:
    return folder / "passwords" / name


def pgpass_file(folder: Path) -> Path:
    """What `PGPASSFILE` names: the owner's password as psql and every other client of libpq reads it."""
    return folder / "passwords" / "pgpass"


def make_passwords(folder: Path) -> None:
    """Write each password that is not there yet.  Hexadecimal, so that it needs no escaping in a URL."""
    (folder / "passwords").mkdir(mode=0o700, exist_ok=True)
    for name in NAMES:
        _write_once(password_file(folder, name), secrets.token_hex(16))
    owner = read_password(folder, "postgres-owner")
    _write_once(pgpass_file(folder), f"*:*:*:{services.OWNER_USER}:{owner}\n")


def _write_once(path: Path, text: str) -> None:
    if path.exists():
        return
    draft = path.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    draft.rename(path)


def read_password(folder: Path, name: str) -> str:
    """The password, without a line end.  Raises `FileNotFoundError` before the first start."""
    return password_file(folder, name).read_text(encoding="ascii").strip()
