"""Says in one sentence why RabbitMQ cannot be used, and what can be done: pika's errors, translated."""

from __future__ import annotations

import ssl
from typing import Final

from pika import exceptions
from pika.adapters.utils import connection_workflow

from bridge.delivery.settings import BrokerAddress, RabbitMQSettings

_NOT_FOUND, _ACCESS_REFUSED = 404, 403
_GUESSES: Final = (
    exceptions.IncompatibleProtocolError,
    exceptions.ProbableAuthenticationError,
    exceptions.ProbableAccessDeniedError,
)
"""pika guesses these from the step of the handshake at which the connection ended, however it ended."""

_HUNG_UP: Final = (
    "RabbitMQ at {} closed the connection during the handshake; it may be starting or stopping, or a load "
    "balancer may have no broker behind it; if it stays so, check the port, and amqp:// or amqps://"
)


def explain(error: BaseException, address: BrokerAddress, *, heard: bool = True) -> str:
    """Say why there is no connection, and what can be done; `heard`: something had been received on it."""
    cause = _innermost(error)
    return _HUNG_UP.format(address) if _hung_up(cause, heard=heard) else _sentence(cause, address)


def _hung_up(cause: BaseException, *, heard: bool) -> bool:
    """Return whether the connection just ended: that says nothing about user or protocol, as pika has it."""
    if heard and isinstance(cause, exceptions.IncompatibleProtocolError):
        return False
    return isinstance(cause, _GUESSES) and "StreamLostError" in str(cause.args)


def _sentence(error: BaseException, address: BrokerAddress) -> str:
    place = f"RabbitMQ at {address}"
    match error:
        case exceptions.ProbableAuthenticationError() | exceptions.AuthenticationError():
            text = f"{place} refused user {address.user!r}; check user and password in the URL"
        case exceptions.ProbableAccessDeniedError():
            host = f"virtual host {address.virtual_host!r}"
            text = f"{place} has no {host}, or user {address.user!r} may not use it; check URL and permissions"
        case exceptions.ConnectionClosedByBroker() as cause:
            text = f"{place} closed the connection: {cause.reply_text}"
        case exceptions.AMQPHeartbeatTimeout():
            text = f"{place} has sent no heartbeat; the connection was dropped"
        case exceptions.ConnectionBlockedTimeout():
            text = f"{place} blocked the connection for longer than blocked_timeout"
        case exceptions.IncompatibleProtocolError():
            text = f"what answers at {address} does not speak AMQP 0-9-1; check the port, and amqp:// or amqps://"
        case exceptions.ConnectionOpenAborted() | connection_workflow.AMQPConnectorStackTimeout() | TimeoutError():
            text = f"{place} did not answer in time; check host and port"
        case ssl.SSLCertVerificationError() as cause:
            text = f"the certificate of {place} is not trusted: {cause.verify_message}; check tls.ca"
        case ssl.SSLError() as cause:
            text = f"no TLS with {place} ({cause.reason}); check amqp:// or amqps://, the port and tls"
        case OSError() as cause:
            text = f"{place} cannot be reached ({cause.strerror or 'no answer'}); check host and port"
        case _:
            text = f"the connection to {place} was lost"
    return text


def _innermost(error: BaseException) -> BaseException:
    """Take off what pika wraps around the error in its connection workflow."""
    while True:
        if isinstance(error, connection_workflow.AMQPConnectionWorkflowFailed):
            error = error.exceptions[-1]
        elif isinstance(error, connection_workflow.AMQPConnectorPhaseErrorBase):
            error = error.exception
        elif type(error) is exceptions.AMQPConnectionError and isinstance(error.args[0], BaseException):
            error = error.args[0]
        else:
            return error


def explain_channel(
    error: exceptions.ChannelClosedByBroker, address: BrokerAddress, settings: RabbitMQSettings
) -> str:
    """Say why the broker closed the channel, and what can be done."""
    place = f"exchange {settings.exchange!r} in virtual host {address.virtual_host!r} of RabbitMQ at {address}"
    if error.reply_code == _NOT_FOUND:
        return f"there is no {place}; create it, or correct the exchange's name"
    if error.reply_code == _ACCESS_REFUSED:
        return f"user {address.user!r} may not write to {place}; give it the write permission"
    return f"RabbitMQ at {address} closed the channel: {error.reply_text}"
