"""Our frames are, byte for byte, those that pika writes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pika import frame, spec

from bridge.delivery.frames import HeaderValue, PublishFrames
from bridge.flow import Delivery

FRAME_MAX = 4096
short_text = st.text(st.characters(codec="utf-8"), max_size=80).filter(lambda text: len(text.encode()) <= 255)
header_values = st.one_of(st.booleans(), st.integers(-(2**63), 2**63 - 1), st.text(st.characters(codec="utf-8")))
headers = st.dictionaries(short_text, header_values, max_size=6)
bodies = st.one_of(st.binary(max_size=300), st.integers(0, 3 * FRAME_MAX).map(bytes))


def by_pika(
    deliveries: list[Delivery], exchange: str, routing_key: str, table: dict[str, HeaderValue], channel: int
) -> bytes:
    written = b""
    for each in deliveries:
        properties = spec.BasicProperties(
            content_type="application/json",
            headers=table,
            delivery_mode=2,
            message_id=each.message_id,
            type="CASINO",
            app_id="wallet-bridge",
        )
        publish = spec.Basic.Publish(exchange=exchange, routing_key=routing_key, mandatory=True)
        written += frame.Method(channel, publish).marshal()
        written += frame.Header(channel, len(each.body), properties).marshal()
        longest = FRAME_MAX - spec.FRAME_HEADER_SIZE - spec.FRAME_END_SIZE
        for at in range(0, len(each.body), longest):
            written += frame.Body(channel, each.body[at : at + longest]).marshal()
    return written


@given(
    messages=st.lists(st.tuples(short_text, bodies), max_size=5),
    exchange=short_text,
    routing_key=short_text,
    table=headers,
    channel=st.integers(1, 65535),
)
def test_any_batch_is_written_as_pika_writes_it(
    messages: list[tuple[str, bytes]], exchange: str, routing_key: str, table: dict[str, HeaderValue], channel: int
) -> None:
    deliveries = [
        Delivery(seq=number, message_id=message_id, player="", body=body)
        for number, (message_id, body) in enumerate(messages)
    ]
    frames = PublishFrames(
        exchange=exchange, routing_key=routing_key, headers=table, channel=channel, frame_max=FRAME_MAX
    )
    assert frames.encode(deliveries) == by_pika(deliveries, exchange, routing_key, table, channel)


@pytest.mark.parametrize("size", [0, 1, FRAME_MAX - 9, FRAME_MAX - 8, FRAME_MAX - 7, 2 * (FRAME_MAX - 8)])
def test_bodies_are_split_exactly_where_a_frame_is_full(size: int) -> None:
    deliveries = [Delivery(seq=1, message_id="m", player="", body=b"x" * size)]
    frames = PublishFrames(exchange="e", routing_key="k", headers={}, channel=1, frame_max=FRAME_MAX)
    assert frames.encode(deliveries) == by_pika(deliveries, "e", "k", {}, 1)


def test_a_message_id_that_amqp_cannot_carry_is_refused_with_its_event() -> None:
    frames = PublishFrames(exchange="e", routing_key="k", headers={}, channel=1, frame_max=FRAME_MAX)
    frames.encode([Delivery(seq=1, message_id="é" * 127, player="", body=b"")])
    with pytest.raises(ValueError, match="message id of event 7 has 256 bytes"):
        frames.encode([Delivery(seq=7, message_id="é" * 128, player="", body=b"")])


def test_an_exchange_with_too_long_a_name_is_refused() -> None:
    with pytest.raises(ValueError, match="256 bytes"):
        PublishFrames(exchange="x" * 256, routing_key="", headers={}, channel=1, frame_max=FRAME_MAX)
