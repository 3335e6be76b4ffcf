"""A Kafka of its own that speaks TLS, asks for a log-in, and can be stopped."""

from __future__ import annotations

import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from stack import packages
from stack.native.kafka import QUICK_START
from stack.progress import Progress
from tests.support.eventually import eventually
from tests.support.ports import free_ports

USER, PASSWORD = "bridge", "right-word"


class SecuredBroker:
    """One broker: the port speaks SASL_SSL, with PLAIN and both SCRAMs; `ca` signed its certificate."""

    def __init__(self, folder: Path) -> None:
        if shutil.which("java") is None or shutil.which("openssl") is None:
            pytest.skip("a broker of its own needs java and openssl")
        self._folder = folder
        self._jars = packages.jars("kafka", Progress())
        self.port, self._controller = free_ports(2)
        self.ca = folder / "ca.pem"
        self._process: subprocess.Popen[bytes] | None = None
        self._certify()
        self._write()

    @property
    def brokers(self) -> str:
        return f"127.0.0.1:{self.port}"

    def _certify(self) -> None:
        key, certificate = self._folder / "key.pem", self.ca
        names = "subjectAltName=IP:127.0.0.1"
        asked = [
            "-subj",
            "/CN=broker",
            "-addext",
            names,
            "-days",
            "2",
            "-keyout",
            str(key),
            "-out",
            str(certificate),
        ]
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *asked]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
        (self._folder / "server.pem").write_text(key.read_text() + certificate.read_text())

    def _write(self) -> None:
        plain = "org.apache.kafka.common.security.plain.PlainLoginModule"
        scram = "org.apache.kafka.common.security.scram.ScramLoginModule"
        listener = "listener.name.sasl_ssl"
        settings = {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@127.0.0.1:{self._controller}",
            "listeners": f"SASL_SSL://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{self._controller}",
            "listener.security.protocol.map": "SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "SASL_SSL",
            "controller.listener.names": "CONTROLLER",
            "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
            "sasl.mechanism.inter.broker.protocol": "PLAIN",
            f"{listener}.plain.sasl.jaas.config": f'{plain} required username="{USER}" password="{PASSWORD}" '
            f'user_{USER}="{PASSWORD}";',
            f"{listener}.scram-sha-256.sasl.jaas.config": f"{scram} required;",
            f"{listener}.scram-sha-512.sasl.jaas.config": f"{scram} required;",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(self._folder / "server.pem"),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(self.ca),
            "log.dirs": str(self._folder / "data"),
            "offsets.topic.replication.factor": "1",
            "offsets.topic.num.partitions": "1",
            "group.initial.rebalance.delay.ms": "0",
        }
        lines = [f"{name}={value}" for name, value in settings.items()]
        (self._folder / "server.properties").write_text("\n".join(lines))
        users = [f"SCRAM-SHA-{bits}=[name={USER},password={PASSWORD}]" for bits in (256, 512)]
        scrams = [word for user in users for word in ("--add-scram", user)]
        self._java(
            "kafka.tools.StorageTool", "format", "-t", "AAAAAAAAAAAAAAAAAAAAAQ", "-c", "server.properties", *scrams
        )

    def _command(self, main: str, *arguments: str) -> list[str]:
        return ["java", "-Xmx400m", "-XX:+UseSerialGC", *QUICK_START, "-cp", f"{self._jars}/*", main, *arguments]

    def _java(self, main: str, *arguments: str) -> None:
        command = self._command(main, *arguments)
        subprocess.run(command, check=True, capture_output=True, cwd=self._folder, timeout=120)

    def start(self) -> None:
        command = self._command("kafka.Kafka", "server.properties")
        with (self._folder / "broker.log").open("ab") as log:
            self._process = subprocess.Popen(command, cwd=self._folder, stdout=log, stderr=subprocess.STDOUT)
        eventually(self._answers, within_seconds=60, message="the secured broker did not start")

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(20)
            self._process = None
