"""Passwords of the stack: made at the first start, kept in files that only their owner can read."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

NAMES = ("postgres-owner", "debezium", "rabbitmq-admin", "rabbitmq-bridge")


def password_file(folder: Path, name: str) -> Path:
    return folder / "passwords" / name


def make_passwords(folder: Path) -> None:
    """Write each password that is not there yet.  Hexadecimal, so that it needs no escaping in a URL."""
    (folder / "passwords").mkdir(mode=0o700, exist_ok=True)
    for name in NAMES:
        path = password_file(folder, name)
        if path.exists():
            continue
        draft = path.with_suffix(".draft")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(16))
        draft.rename(path)


def read_password(folder: Path, name: str) -> str:
    """The password, without a line end.  Raises `FileNotFoundError` before the first start."""
    return password_file(folder, name).read_text(encoding="ascii").strip()
