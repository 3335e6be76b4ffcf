"""What a connector says about its RabbitMQ."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, field_validator, model_validator

from bridge.delivery.frames import LONGEST_SHORT_STRING, HeaderValue
from bridge.durations import parse_duration

_PORTS = {"amqp": 5672, "amqps": 5671}

Name = Annotated[str, Field(max_length=LONGEST_SHORT_STRING)]
Seconds = Annotated[
    float,
    BeforeValidator(lambda value: parse_duration(value).total_seconds() if isinstance(value, str) else value),
    Field(gt=0, allow_inf_nan=False),
]
"""A duration such as `30 s`; a bare number counts seconds."""


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """One RabbitMQ node and how to log in to it."""

    host: str
    port: int
    virtual_host: str
    user: str
    password: str = field(repr=False)
    tls: bool

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def broker_addresses(urls: str) -> tuple[BrokerAddress, ...]:
    """Read one or several AMQP URLs, separated by commas, in the order in which they are tried.

    Raises ValueError, which never shows a part of the URL that could be a secret.
    """
    parts = [part.strip() for part in urls.split(",") if part.strip()]
    if not parts:
        raise ValueError("the RabbitMQ URL is empty")
    return tuple(_address(part) for part in parts)


def _address(url: str) -> BrokerAddress:
    parts = urlsplit(url)
    if parts.scheme not in _PORTS:
        raise ValueError("a RabbitMQ URL starts with amqp:// or amqps://")
    if not parts.hostname:
        raise ValueError("a RabbitMQ URL names a host: amqp://user:password@host:5672/vhost")
    if parts.query or parts.fragment:
        raise ValueError("a RabbitMQ URL takes no ?options here; each has a setting of its own")
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise ValueError(
            "a RabbitMQ URL has a port that is no number from 1 to 65535; a / or @ or : in a password is written "
            "%2F, %40, %3A"
        )
    return BrokerAddress(
        host=parts.hostname,
        port=port or _PORTS[parts.scheme],
        virtual_host=unquote(parts.path[1:]) or "/",
        user=unquote(parts.username) if parts.username is not None else "guest",
        password=unquote(parts.password) if parts.password is not None else "guest",
        tls=parts.scheme == "amqps",
    )


class RabbitMQTls(BaseModel):
    """How an `amqps://` connection is secured.  The broker's certificate and host name are always verified."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    ca: Path | None = Field(
        None, description="File with the certificates to trust (PEM); the system's when absent."
    )
    certificate: Path | None = Field(None, description="File with the bridge's own certificate (PEM).")
    key: Path | None = Field(
        None, description="File with the key of that certificate (PEM), without a password of its own."
    )
    insecure_skip_verify: bool = Field(
        False,
        description="Trust any certificate of any host. For a test broker only: anyone in between can read play.",
    )

    @model_validator(mode="after")
    def _certificate_with_key(self) -> RabbitMQTls:
        if self.key is not None and self.certificate is None:
            raise ValueError("key is given without certificate")
        return self

    def context(self) -> ssl.SSLContext:
        """Read the files.  Raises OSError (ssl.SSLError included) when one cannot be read or is none."""
        context = ssl.create_default_context(cafile=self.ca)
        if self.certificate is not None:
            # Without a password OpenSSL would ask for one on the terminal, and wait.
            context.load_cert_chain(self.certificate, self.key, lambda: "")
        if self.insecure_skip_verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


class RabbitMQSettings(BaseModel):
    """Where events are sent, and how patiently."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: SecretStr = Field(
        description="amqp://user:password@host:5672/vhost, or amqps:// for TLS. Several nodes of one cluster are "
        "separated by commas and tried in turn."
    )
    exchange: Name = Field(
        min_length=1, description="The exchange to publish to. It must exist; none is declared."
    )
    routing_key: Name = Field("", description="The routing key of every event.")
    headers: dict[Name, HeaderValue] = Field(
        default_factory=dict, description="Headers of every event: text, whole numbers or true/false."
    )
    window: int = Field(
        1000,
        ge=1,
        le=60000,
        description="Most events sent and not yet recorded as confirmed: what arrives twice at most after a kill.",
    )
    confirm_timeout: Seconds = Field(
        30.0,
        description="Seconds after which a missing confirm ends the connection; what is unconfirmed is resent. "
        "So do nacks alone for so long.",
    )
    heartbeat: int = Field(
        30, ge=1, le=600, description="Seconds between heartbeats; a dead peer is seen after two."
    )
    connect_timeout: Seconds = Field(10.0, description="Seconds that one attempt to connect may take.")
    blocked_timeout: Seconds | None = Field(
        None,
        description="Seconds the broker may block the connection (memory or disk alarm) before a new one is made; "
        "absent: as long as it takes.",
    )
    unavailable_limit: Seconds | None = Field(
        None,
        description="Seconds without a confirm, while events wait, after which the bridge stops with exit 75; "
        "absent: it goes on for as long as it takes.",
    )
    connection_name: Annotated[str, Field(max_length=200)] = Field(
        "wallet-bridge", description="The name of the connection in RabbitMQ's management pages."
    )
    tls: RabbitMQTls = Field(default_factory=RabbitMQTls, description="Certificates for amqps://.")

    @field_validator("url")
    @classmethod
    def _url_can_be_read(cls, value: SecretStr) -> SecretStr:
        broker_addresses(value.get_secret_value())
        return value

    @field_validator("exchange", "routing_key")
    @classmethod
    def _fits_a_short_string(cls, value: str) -> str:
        if len(value.encode()) > LONGEST_SHORT_STRING:
            raise ValueError(f"longer than {LONGEST_SHORT_STRING} bytes in UTF-8")
        return value

    @field_validator("headers")
    @classmethod
    def _headers_fit(cls, value: dict[str, HeaderValue]) -> dict[str, HeaderValue]:
        for name, item in value.items():
            if len(name.encode()) > LONGEST_SHORT_STRING:
                raise ValueError(f"the header {name[:40]}… has a name longer than {LONGEST_SHORT_STRING} bytes")
            if isinstance(item, int) and not -(2**63) <= item < 2**63:
                raise ValueError(f"the header {name} does not fit into 64 bits")
        return value

    @property
    def addresses(self) -> tuple[BrokerAddress, ...]:
        """The nodes to try, in order."""
        return broker_addresses(self.url.get_secret_value())
