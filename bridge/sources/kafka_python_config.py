"""The settings in kafka-python's words."""

from __future__ import annotations

import ssl
from typing import Any

from bridge.sources.settings import KafkaSettings, milliseconds


def connection_config(settings: KafkaSettings) -> dict[str, Any]:
    """Return what every client needs to reach the brokers and to be let in.

    Raises OSError (ssl.SSLError among them) for a certificate or key that cannot be read.
    """
    encrypted, named = settings.tls is not None, settings.sasl is not None
    config: dict[str, Any] = {
        "bootstrap_servers": settings.brokers.split(","),
        "client_id": "wallet-bridge",
        "security_protocol": ("SASL_" if named else "") + ("SSL" if encrypted else "PLAINTEXT"),
        "bootstrap_timeout_ms": milliseconds(settings.request_timeout),
        "reconnect_backoff_max_ms": 5_000,
        "metadata_max_age_ms": milliseconds(settings.metadata_refresh),
    }
    if encrypted:
        config["ssl_context"] = tls_context(settings)
    if settings.sasl is not None:
        config["sasl_mechanism"] = settings.sasl.mechanism.value
        config["sasl_plain_username"] = settings.sasl.username
        config["sasl_plain_password"] = settings.sasl.password.get_secret_value()
    return config


def tls_context(settings: KafkaSettings) -> ssl.SSLContext:
    """Return the context for `tls`; without it, one that trusts what the system trusts."""
    tls = settings.tls
    context = ssl.create_default_context(cafile=tls.ca if tls else None)
    if tls is not None and tls.certificate is not None:
        # Without a password OpenSSL would ask for one on the terminal.
        password = tls.key_password.get_secret_value() if tls.key_password else ""
        context.load_cert_chain(tls.certificate, tls.key, lambda: password)
    if tls is not None and tls.insecure_skip_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def consumer_config(settings: KafkaSettings, group: str | None) -> dict[str, Any]:
    """Return the whole configuration of the consumer, less the assignor, which is a class of the library."""
    config = connection_config(settings) | {
        "group_id": group,
        "session_timeout_ms": milliseconds(settings.session_timeout),
        "heartbeat_interval_ms": max(1, min(1_000, milliseconds(settings.session_timeout) // 3)),
        "max_poll_interval_ms": milliseconds(settings.max_poll_interval),
        "max_poll_records": settings.max_poll_records,
        "enable_auto_commit": False,
        "auto_offset_reset": "none",
        "allow_auto_create_topics": False,
        "isolation_level": settings.isolation.value,
        "fetch_max_bytes": settings.prefetch_mib * 1024 * 1024,
    }
    if settings.member is not None:
        config["group_instance_id"] = settings.member
    return config
