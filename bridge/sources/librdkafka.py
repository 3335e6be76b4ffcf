"""The settings in librdkafka's words (its CONFIGURATION.md names them)."""

from __future__ import annotations

from typing import Any

from bridge.sources.settings import KafkaSettings, milliseconds


def connection_config(settings: KafkaSettings) -> dict[str, Any]:
    """Return what every client needs to reach the brokers and to be let in."""
    encrypted, named = settings.tls is not None, settings.sasl is not None
    config: dict[str, Any] = {
        "bootstrap.servers": settings.brokers,
        "client.id": "wallet-bridge",
        "security.protocol": ("sasl_" if named else "") + ("ssl" if encrypted else "plaintext"),
        # One small request is in flight at a time: waiting to fill a packet only adds latency.
        "socket.nagle.disable": True,
        "reconnect.backoff.max.ms": 5_000,
        # Its error callback says the same once more, and only that is logged; 2 is syslog's "critical".
        "log_level": 2,
    }
    if settings.tls is not None:
        config |= _tls_config(settings)
    if settings.sasl is not None:
        config["sasl.mechanism"] = settings.sasl.mechanism.value
        config["sasl.username"] = settings.sasl.username
        config["sasl.password"] = settings.sasl.password.get_secret_value()
    return config


def _tls_config(settings: KafkaSettings) -> dict[str, Any]:
    tls = settings.tls
    if tls is None:
        return {}
    files = {
        "ssl.ca.location": tls.ca,
        "ssl.certificate.location": tls.certificate,
        "ssl.key.location": tls.key,
        "ssl.key.password": tls.key_password.get_secret_value() if tls.key_password else None,
    }
    config: dict[str, Any] = {name: value for name, value in files.items() if value is not None}
    if tls.insecure_skip_verify:
        config["enable.ssl.certificate.verification"] = False
        config["ssl.endpoint.identification.algorithm"] = "none"
    return config


def consumer_config(settings: KafkaSettings, group: str) -> dict[str, Any]:
    """Return the whole configuration of the consumer, less its callbacks."""
    config = connection_config(settings) | {
        "group.id": group,
        "group.protocol": "classic",
        # Range gives partition n of every topic to the same member: what one player does lies together.
        "partition.assignment.strategy": "range",
        "session.timeout.ms": milliseconds(settings.session_timeout),
        # A member hears of a rebalance with its next heartbeat: a third of the usual 3 s hands over sooner.
        "heartbeat.interval.ms": max(1, min(1_000, milliseconds(settings.session_timeout) // 3)),
        "max.poll.interval.ms": milliseconds(settings.max_poll_interval),
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "error",
        "allow.auto.create.topics": False,
        "isolation.level": settings.isolation.value,
        # Tells where a partition ends behind its last record: transaction markers take positions too.
        "enable.partition.eof": True,
        "topic.metadata.refresh.interval.ms": milliseconds(settings.metadata_refresh),
        "queued.max.messages.kbytes": settings.prefetch_mib * 1024,
        "queued.min.messages": 20_000,
        # Measured: the default of a second stalls reading whenever the queue has been full, 22 instead
        # of 3 microseconds a record.
        "fetch.queue.backoff.ms": 5,
        "fetch.error.backoff.ms": 100,
        "statistics.interval.ms": 2_000,
    }
    if settings.member is not None:
        config["group.instance.id"] = settings.member
    return config
