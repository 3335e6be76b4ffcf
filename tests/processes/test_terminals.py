"""A process with a terminal asks nobody anything: who would answer at night?"""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ASK = """
import os, sys
# In a session of its own, the first terminal that is opened becomes the one at which OpenSSL asks.
os.open(os.ttyname(0), os.O_RDWR)
from bridge.delivery.settings import RabbitMQTls
try:
    RabbitMQTls(certificate=sys.argv[1], key=sys.argv[2]).context()
except OSError as error:
    print(type(error).__name__)
"""


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not here")
def test_a_key_with_a_password_is_refused_and_not_asked_for(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-passout", "pass:secret", "-subj", "/CN=bridge"]
    subprocess.run([*made, "-keyout", key, "-out", certificate], check=True, capture_output=True, timeout=60)
    ours, theirs = pty.openpty()
    try:
        done = subprocess.run(
            [sys.executable, "-c", ASK, certificate, key],
            stdin=theirs,
            capture_output=True,
            text=True,
            start_new_session=True,
            timeout=30,
            check=True,
        )
        assert done.stdout == "SSLError\n"
    finally:
        os.close(ours)
        os.close(theirs)
