"""A Kafka of its own that speaks TLS, asks for a log-in, and can be stopped."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from stack.native.server import NativeServer
from stack.services import HOST
from tests.support.kafka_nodes import cluster
from tests.support.ports import free_ports

USER, PASSWORD = "bridge", "right-word"
_SCRAM = (ScramMechanism.SCRAM_SHA_256, ScramMechanism.SCRAM_SHA_512)


@dataclass(frozen=True)
class SecuredBroker:
    """A broker whose port at `brokers` speaks SASL_SSL, with PLAIN and both SCRAMs; `ca` signed for it."""

    brokers: str
    ca: Path
    server: NativeServer
    _inside: str

    def let_in(self, user: str, password: str) -> None:
        """Make a user, or change its password, for both SCRAMs; it blocks until the broker knows."""
        admin = AdminClient({"bootstrap.servers": self._inside, "log_level": 2})
        for mechanism in _SCRAM:
            change = UserScramCredentialUpsertion(user, ScramCredentialInfo(mechanism, 4096), password.encode())
            admin.alter_user_scram_credentials([change])[user].result(30)


@contextmanager
def secured_broker(folder: Path) -> Iterator[SecuredBroker]:
    """Yield a broker that knows USER by PASSWORD; it is gone at the end."""
    if shutil.which("openssl") is None:
        pytest.skip("a certificate of its own needs openssl")
    _certify(folder)
    port = free_ports(1)[0]
    with cluster(folder, ["one"], lambda plain: _secured(plain, folder, port)) as alone:
        broker = SecuredBroker(f"{HOST}:{port}", folder / "ca.pem", alone.nodes["one"], alone.brokers)
        broker.let_in(USER, PASSWORD)
        yield broker


def _certify(folder: Path) -> None:
    key, certificate = folder / "key.pem", folder / "ca.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=broker", "-days", "2"]
    command += ["-addext", f"subjectAltName=IP:{HOST}", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    (folder / "server.pem").write_text(key.read_text() + certificate.read_text())


def _secured(plain: Mapping[str, str], folder: Path, port: int) -> dict[str, str]:
    """Return what a broker says with a secured port beside its own."""
    modules = "org.apache.kafka.common.security"
    here = "listener.name.sasl_ssl"
    return {
        "listeners": f"{plain['listeners']},SASL_SSL://{HOST}:{port}",
        "advertised.listeners": f"{plain['advertised.listeners']},SASL_SSL://{HOST}:{port}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL",
        "inter.broker.listener.name": "PLAINTEXT",
        "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
        f"{here}.plain.sasl.jaas.config": f'{modules}.plain.PlainLoginModule required user_{USER}="{PASSWORD}";',
        f"{here}.scram-sha-256.sasl.jaas.config": f"{modules}.scram.ScramLoginModule required;",
        f"{here}.scram-sha-512.sasl.jaas.config": f"{modules}.scram.ScramLoginModule required;",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(folder / "server.pem"),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(folder / "ca.pem"),
    }
