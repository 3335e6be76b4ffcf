"""The connector: one YAML file that describes one brand, from its topics to its exchange."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from bridge.config.wallet import Duration, Model, Wallet
from bridge.delivery.settings import RabbitMQSettings
from bridge.sources.settings import KafkaSettings


class FlattenedRecords(Model):
    """How records look that `ExtractNewRecordState` has flattened."""

    prefix: str = Field(
        "__", description="What stands before the names of the added fields (`add.fields.prefix`)."
    )
    fields: dict[str, str] = Field(
        {},
        description="Added fields that were renamed: Debezium's name (op, table, lsn, ...) and the record's.",
    )
    without_op: Literal["refuse", "upsert"] = Field(
        "refuse",
        description="A record that does not tell its operation: parked, or taken as the row as it is now.",
    )
    tombstones: Literal["delete", "skip"] = Field(
        "delete", description="What an empty message means: the row was deleted, or nothing."
    )


class Registry(Model):
    """The schema registry of Avro records."""

    url: str = Field(description="Its address, up to and including the path of the Confluent API.")
    user: str | None = Field(None, description="User for basic authentication.")
    password: str | None = Field(
        None, description="Password for basic authentication, as ${VARIABLE} or ${file:...}."
    )
    ca: str | None = Field(None, description="File with the certificates to trust.")


class Order(Model):
    """How changes of several topics are put in commit order."""

    wait: Duration = Field(
        timedelta(milliseconds=200),
        description="How long a play topic that is read to its end holds the others, at most.",
    )


class Source(Model):
    """Where the changes come from."""

    kafka: KafkaSettings = Field(description="The brokers, or a mapping with brokers, group, tls, sasl, ...")
    topics: str | dict[str, str] = Field(
        description="The topics: a template with {table}, or a topic for each table."
    )
    format: Literal["json", "avro"] = Field("json", description="How records are encoded.")
    flattened: FlattenedRecords | None = Field(None, description="Set when the records have no envelope.")
    registry: Registry | None = Field(None, description="The schema registry, for avro.")
    placeholder: str = Field(
        "__debezium_unavailable_value", description="What Debezium writes for a value that it does not have."
    )
    order: Order = Field(Order(), description="Order across topics.")
    transactions: str | None = Field(
        None,
        description="Debezium's topic of transactions, for parts with `until: transaction`; it is "
        "`<topic.prefix>.transaction`, with `provide.transaction.metadata: true`.",
    )

    @field_validator("kafka", mode="before")
    @classmethod
    def _brokers_alone(cls, value: Any) -> Any:
        return {"brokers": value} if isinstance(value, str) else value


class Target(Model):
    """Where the events go."""

    rabbitmq: RabbitMQSettings = Field(
        description="The broker, exchange, routing key, ...; with a URL alone, its settings stand beside it."
    )

    @model_validator(mode="before")
    @classmethod
    def _settings_beside(cls, value: Any) -> Any:
        if isinstance(value, dict) and isinstance(value.get("rabbitmq"), str):
            return {"rabbitmq": {"url": value["rabbitmq"], **{k: v for k, v in value.items() if k != "rabbitmq"}}}
        return value


class Limits(Model):
    """When the bridge stops by itself."""

    parked_in_a_row: int = Field(
        100, ge=1, description="So many records parked one after the other stop the brand."
    )
    parked_per_minute: int = Field(
        1000, ge=1, description="So many records parked within a minute stop the brand."
    )
    outbox: int = Field(10_000, ge=100, description="With so many events waiting to be sent, taking in pauses.")


class LedgerPlace(Model):
    """Where the bridge remembers."""

    url: str | None = Field(
        None,
        description="A file path, or `postgresql://...`, which several instances can share.  Without it, "
        "`<brand>.ledger` in the state folder.",
    )
    retention: Duration = Field(timedelta(days=120), description="How long rows and events are remembered.")


class Connector(Wallet):
    """One brand."""

    version: Literal[1] = Field(description="The version of this language.")
    source: Source = Field(description="Where the changes come from.")
    target: Target = Field(description="Where the events go.")
    ledger: LedgerPlace = Field(
        LedgerPlace(), description="Where the bridge remembers; a path or address alone will do."
    )
    limits: Limits = Field(Limits(), description="When the bridge stops by itself.")

    @field_validator("ledger", mode="before")
    @classmethod
    def _address_alone(cls, value: Any) -> Any:
        return {"url": value} if isinstance(value, str) else value
