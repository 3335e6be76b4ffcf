"""How fast events leave: CPU and rate of the sending side alone, without Kafka, mapping or ledger.

    python bench/delivery.py --url amqp://… --admin amqp://… [--queue classic|quorum] [--players 5000]

Deliveries are made beforehand; the loop only offers them and records what is confirmed, as the
bridge's taking-in side does.  Exchange and queue are made for the run and deleted after it.
"""

from __future__ import annotations

import argparse
import random
import threading
import time
import uuid

import pika

from bridge.delivery.sender import RabbitMQOutbound
from bridge.delivery.settings import RabbitMQSettings
from bridge.flow import Delivery

BATCH = 500


def main() -> None:
    """Run one measurement and print one line."""
    options = _options()
    exchange = f"fasttrack.bench-{uuid.uuid4().hex[:8]}"
    connection = pika.BlockingConnection(pika.URLParameters(options.admin))
    channel = connection.channel()
    channel.exchange_declare(exchange, "topic", durable=True)
    channel.queue_declare(exchange, durable=True, arguments={"x-queue-type": options.queue})
    channel.queue_bind(exchange, exchange, "#")
    try:
        settings = RabbitMQSettings(
            url=options.url,
            exchange=exchange,
            routing_key="casino",
            window=options.window,
            headers={"brand": "bench"},
        )
        deliveries = _deliveries(options.events, options.players, pairs=options.pairs)
        print(_line(options, *_send(settings, deliveries, rate=options.rate)))
    finally:
        connection.close()
        connection = pika.BlockingConnection(pika.URLParameters(options.admin))
        channel = connection.channel()
        channel.queue_delete(exchange)
        channel.exchange_delete(exchange)
        connection.close()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Rate and CPU of the sending side alone.")
    parser.add_argument("--url", required=True, help="AMQP URL to publish with")
    parser.add_argument("--admin", required=True, help="AMQP URL that may declare and delete")
    parser.add_argument("--queue", choices=("classic", "quorum"), default="classic")
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--players", type=int, default=5000)
    parser.add_argument("--pairs", action="store_true", help="two events of a player follow each other (bet, win)")
    parser.add_argument("--window", type=int, default=1000)
    parser.add_argument("--rate", type=float, default=0, help="events/s offered; 0: as fast as they go")
    return parser.parse_args()


def _deliveries(events: int, players: int, *, pairs: bool) -> list[Delivery]:
    chance = random.Random(1)
    body = b'{"activity_id": "' + b"x" * 432 + b'"}'
    found = []
    player = ""
    for seq in range(1, events + 1):
        if not pairs or seq % 2:
            player = str(chance.randrange(players))
        found.append(Delivery(seq=seq, message_id=f"activity-{seq}:Approved", player=player, body=body))
    return found


def _send(
    settings: RabbitMQSettings, deliveries: list[Delivery], *, rate: float
) -> tuple[float, float, list[float]]:
    moved = threading.Event()
    outbound = RabbitMQOutbound(settings, moved.set)
    outbound.start()
    while not outbound.status().connected:
        time.sleep(0.01)
    latencies: list[float] = []
    cpu, began = time.process_time(), time.perf_counter()
    step = BATCH if not rate else 1
    offered = 0
    pending: list[tuple[int, float]] = []
    while outbound.confirmed() < len(deliveries):
        due = len(deliveries) if not rate else int((time.perf_counter() - began) * rate)
        while offered < min(due, len(deliveries)) and outbound.pending() < 10 * BATCH:
            outbound.offer(deliveries[offered : offered + step])
            offered += step
            pending.append((offered, time.perf_counter()))
        moved.wait(0.05 if not rate else max(0.0, (offered + 1) / rate - (time.perf_counter() - began)))
        moved.clear()
        confirmed, now = outbound.confirmed(), time.perf_counter()
        while pending and pending[0][0] <= confirmed:
            latencies.append(now - pending.pop(0)[1])
        outbound.recorded(outbound.confirmed_number())
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    outbound.close(5)
    return seconds, cpu, latencies


def _line(options: argparse.Namespace, seconds: float, cpu: float, latencies: list[float]) -> str:
    latencies.sort()
    p50, p99 = (latencies[int(len(latencies) * share)] * 1000 for share in (0.5, 0.99))
    return (
        f"{options.queue:8} players {options.players:6} pairs {options.pairs!s:5} window {options.window}: "
        f"{options.events / seconds:9,.0f} events/s, {cpu / options.events * 1e6:5.1f} µs CPU per event, "
        f"offer to confirm p50 {p50:.1f} ms p99 {p99:.1f} ms"
    )


if __name__ == "__main__":
    main()
