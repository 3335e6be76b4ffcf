"""What a connector says about its Kafka."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, field_validator, model_validator

from bridge.durations import parse_duration


def _positive(value: timedelta) -> timedelta:
    if value <= timedelta(0):
        raise ValueError("a duration is longer than nothing")
    return value


Duration = Annotated[timedelta, BeforeValidator(lambda value: _positive(parse_duration(value)))]

_UNSUPPORTED_MECHANISMS = {"OAUTHBEARER", "GSSAPI", "AWS_MSK_IAM"}


class Client(StrEnum):
    """The library that speaks to Kafka."""

    CONFLUENT = "confluent"
    KAFKA_PYTHON = "kafka-python"


class Isolation(StrEnum):
    """Which records of transactional writers are read."""

    READ_COMMITTED = "read_committed"
    READ_UNCOMMITTED = "read_uncommitted"


class MissingTopics(StrEnum):
    """What happens at start when a topic is not there yet."""

    ERROR = "error"
    WAIT = "wait"


class SaslMechanism(StrEnum):
    """How a user proves who it is."""

    PLAIN = "PLAIN"
    SCRAM_SHA_256 = "SCRAM-SHA-256"
    SCRAM_SHA_512 = "SCRAM-SHA-512"


class _Settings(BaseModel):
    # A value is never repeated in an error: it may be a secret.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class TlsSettings(_Settings):
    """Encryption to the brokers.  `tls: {}` trusts the system's certificate authorities."""

    ca: str | None = Field(
        None, description="File with the certificates to trust (PEM).  Without it, the system's are trusted."
    )
    certificate: str | None = Field(
        None, description="File with the bridge's own certificate (PEM), where brokers ask for one."
    )
    key: str | None = Field(None, description="File with the key of `certificate` (PEM).")
    key_password: SecretStr | None = Field(None, description="Password of `key`, as ${VARIABLE} or ${file:...}.")
    insecure_skip_verify: bool = Field(
        default=False,
        description="True accepts any certificate and any host name: who stands between can read and forge play.",
    )

    @model_validator(mode="after")
    def _certificate_and_key_together(self) -> TlsSettings:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key belong together; one of them is missing")
        if self.key_password is not None and self.key is None:
            raise ValueError("key_password without key has no effect")
        if self.insecure_skip_verify and self.ca is not None:
            raise ValueError("insecure_skip_verify makes ca useless; remove one of them")
        return self


class SaslSettings(_Settings):
    """The bridge's user in Kafka."""

    mechanism: SaslMechanism = Field(
        description="PLAIN (only inside tls, the password travels as it is), SCRAM-SHA-256 or SCRAM-SHA-512."
    )
    username: str = Field(min_length=1, description="The user.")
    password: SecretStr = Field(description="The password, as ${VARIABLE} or ${file:...}.")

    @field_validator("mechanism", mode="before")
    @classmethod
    def _known_mechanism(cls, value: Any) -> Any:
        if str(value).upper() in _UNSUPPORTED_MECHANISMS:
            raise ValueError(
                f"the bridge does not log in with {value}; make a SCRAM-SHA-512 user for it in Kafka and use that"
            )
        return value


class KafkaSettings(_Settings):
    """Which Kafka the bridge reads, as whom, and how patiently."""

    brokers: str = Field(
        description="Some brokers, `host:port`, separated by commas; the others are found through them."
    )
    group: str | None = Field(None, min_length=1, description="The consumer group.  Without it, `bridge.<brand>`.")
    client: Client = Field(
        Client.CONFLUENT, description="The client library: `confluent` (faster) or `kafka-python` (pure Python)."
    )
    tls: TlsSettings | None = Field(None, description="Encryption; without it, everything travels in the open.")
    sasl: SaslSettings | None = Field(None, description="Log-in; without it, the bridge is anonymous.")
    member: str | None = Field(
        None,
        min_length=1,
        description="A fixed name for this instance (static membership): a restart within `session_timeout` gets "
        "its partitions back without a rebalance.  Each instance needs its own.",
    )
    session_timeout: Duration = Field(
        timedelta(seconds=45), description="Without a heartbeat for so long, Kafka gives the partitions to others."
    )
    max_poll_interval: Duration = Field(
        timedelta(minutes=5),
        description="A bridge that does not poll for so long counts as stuck and loses its partitions.",
    )
    max_poll_records: int = Field(
        500, ge=1, le=10_000, description="So many records at most are taken in at once."
    )
    prefetch_mib: int = Field(
        16, ge=1, le=2048, description="Memory for records that were fetched ahead, in MiB (2^20 bytes)."
    )
    isolation: Isolation = Field(
        Isolation.READ_COMMITTED, description="`read_committed` leaves out what a transactional writer took back."
    )
    missing_topics: MissingTopics = Field(
        MissingTopics.ERROR,
        description="Debezium makes a topic with its first record.  While one is missing, `error` refuses to "
        "start and `wait` starts, to read it once it is there.",
    )
    metadata_refresh: Duration = Field(
        timedelta(seconds=30), description="How often new topics and partitions are looked for."
    )
    request_timeout: Duration = Field(
        timedelta(seconds=15), description="How long a start, or a question to the brokers, waits for an answer."
    )
    unavailable_limit: Duration | None = Field(
        None, description="Give up after so long without any broker.  Without it, the bridge waits for ever."
    )

    @field_validator("brokers")
    @classmethod
    def _addresses(cls, value: str) -> str:
        addresses = [address.strip() for address in value.split(",")]
        for address in addresses:
            host, _, port = address.rpartition(":")
            if not host or "/" in host or not port.isdecimal() or not 0 < int(port) < 65536:
                raise ValueError(
                    "brokers are written host:port, separated by commas, without a scheme like kafka://"
                )
        return ",".join(addresses)

    @model_validator(mode="after")
    def _timeouts_fit(self) -> KafkaSettings:
        if self.session_timeout > self.max_poll_interval:
            raise ValueError("session_timeout must not be longer than max_poll_interval")
        return self


def milliseconds(duration: timedelta) -> int:
    """Return the duration in whole milliseconds, at least 1."""
    return max(1, duration // timedelta(milliseconds=1))
