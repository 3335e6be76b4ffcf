"""Whether events could be sent, found out without sending one."""

from __future__ import annotations

from bridge.delivery.rabbitmq import Link, new_loop
from bridge.delivery.settings import BrokerAddress, RabbitMQSettings


def probe(settings: RabbitMQSettings) -> list[str]:
    """Return what stands in the way, a sentence per node; an empty list when nothing does.

    Connects to each node, looks for the exchange and asks for the right to write to it.  Whether a
    queue is bound shows only with the first event, and so do rights per routing key.  Blocks for
    `connect_timeout` per node that does not answer.
    """
    return [sentence for address in settings.addresses if (sentence := _probe(settings, address)) is not None]


def _probe(settings: RabbitMQSettings, address: BrokerAddress) -> str | None:
    loop = new_loop()
    asked = False

    def look() -> None:
        nonlocal asked
        if link.trouble is not None:
            loop.stop()
        elif link.may_write:
            link.close()
        elif link.up and not asked:
            asked = True
            link.ask_to_write()

    try:
        link = Link(loop, address, settings, look)
        loop.start()
    except OSError as error:
        return f"a file that tls names cannot be used: {error}"
    finally:
        loop.close()
    return None if link.may_write else link.trouble
