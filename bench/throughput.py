"""How fast the bridge empties a full topic, beside RabbitMQ's own load generator in the same run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path

import pika
import psutil
from confluent_kafka import Producer

from bench import wallet
from stack.endpoints import Addresses

WINDOW = 1000
WARM_UP_SECONDS = 10.0


@dataclass
class Run:
    """One run of the bridge, or of PerfTest, into one queue."""

    who: str
    queue: str
    events: int
    seconds: float
    events_per_second: float
    cpu_microseconds_per_event: float
    peak_megabytes: float
    megabytes_at_half: float = 0.0
    start_seconds: float = 0.0


def declare(addresses: Addresses, kind: str, unique: str) -> pika.adapters.blocking_connection.BlockingChannel:
    """Declare an exchange and a queue of a kind, both named `fasttrack.<unique>`; return the channel."""
    channel = pika.BlockingConnection(pika.URLParameters(addresses.rabbitmq_admin_url)).channel()
    name = f"fasttrack.{unique}"
    channel.exchange_declare(name, exchange_type="topic", durable=True)
    channel.queue_declare(name, durable=True, arguments={"x-queue-type": kind})
    channel.queue_bind(name, name, "#")
    return channel


def drop(channel: pika.adapters.blocking_connection.BlockingChannel, unique: str) -> None:
    """Delete what `declare` made, and disconnect."""
    channel.queue_delete(f"fasttrack.{unique}")
    channel.exchange_delete(f"fasttrack.{unique}")
    channel.connection.close()


def depth(channel: pika.adapters.blocking_connection.BlockingChannel, unique: str) -> int:
    """Return how many messages lie in the queue."""
    return int(channel.queue_declare(f"fasttrack.{unique}", passive=True).method.message_count)


def empty(channel: pika.adapters.blocking_connection.BlockingChannel, unique: str) -> int:
    """Take every message out of the queue; return how many that were."""
    return int(channel.queue_purge(f"fasttrack.{unique}").method.message_count)


class Bridge:
    """The bridge as it ships, in a process of its own, watched from outside."""

    def __init__(
        self, addresses: Addresses, unique: str, exchange: str, folder: Path, *, ledger_url: str = ""
    ) -> None:
        """With `ledger_url` the ledger is there, else in a file in `folder`."""
        path = wallet.connector(
            folder, addresses.kafka_bootstrap, unique, exchange, shared_ledger=bool(ledger_url)
        )
        self._log = (folder / f"{unique}.log").open("ab")
        self.started = time.monotonic()
        self.process = psutil.Popen(
            [sys.executable, "-m", "bridge.cli", "run", str(path), "--state", str(folder), "--http", "off"],
            # The path decides whether it is compiled: the same as for whoever measures.
            env={**os.environ, "RABBITMQ_URL": addresses.rabbitmq_bridge_url, "LEDGER_URL": ledger_url},
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )

    def cpu(self) -> float:
        """Return the processor seconds that it has used."""
        times = self.process.cpu_times()
        return float(times.user + times.system)

    def megabytes(self) -> float:
        """Return its resident memory."""
        return float(self.process.memory_info().rss / 1e6)

    def stop(self) -> None:
        """Ask it to drain, and wait."""
        self.process.terminate()
        self.process.wait(60)
        self._log.close()


def bridge_run(addresses: Addresses, unique: str, events: int, kind: str) -> Run:
    """Empty the topic into a queue of a kind, from a ledger that is new."""
    with tempfile.TemporaryDirectory() as folder:
        target = f"bench-{uuid.uuid4().hex[:8]}"
        channel = declare(addresses, kind, target)
        bridge = Bridge(addresses, unique, f"fasttrack.{target}", Path(folder))
        try:
            first = wait_for_events(channel, target, 1, bridge)
            cpu, peak, half = bridge.cpu(), 0.0, 0.0
            began, count_at_first = time.monotonic(), first
            while (count := depth(channel, target)) < events:
                peak = max(peak, bridge.megabytes())
                if not half and count > events // 2:
                    half = bridge.megabytes()
                if bridge.process.poll() is not None:
                    raise SystemExit(f"the bridge ended with {bridge.process.returncode}; see {folder}")
                time.sleep(0.05)
            seconds = time.monotonic() - began
            done = events - count_at_first
            return Run(
                who="bridge",
                queue=kind,
                events=done,
                seconds=round(seconds, 3),
                events_per_second=round(done / seconds, 1),
                cpu_microseconds_per_event=round((bridge.cpu() - cpu) / done * 1e6, 1),
                peak_megabytes=round(max(peak, bridge.megabytes()), 1),
                megabytes_at_half=round(half, 1),
                start_seconds=round(began - bridge.started, 2),
            )
        finally:
            bridge.stop()
            drop(channel, target)


def wait_for_events(
    channel: pika.adapters.blocking_connection.BlockingChannel, target: str, least: int, bridge: Bridge
) -> int:
    """Wait until the queue holds so many; return how many it holds.  Exits after a minute, or with the bridge."""
    end = time.monotonic() + 60
    while (count := depth(channel, target)) < least:
        if time.monotonic() > end or bridge.process.poll() is not None:
            raise SystemExit("the bridge sends nothing")
        time.sleep(0.01)
    return count


def perftest_run(addresses: Addresses, events: int, size: int, kind: str) -> Run:
    """Let RabbitMQ's own generator publish as many messages of the same size, in the same way."""
    classpath = (
        subprocess.run(
            [sys.executable, "-m", "stack", "perftest-classpath"], check=True, capture_output=True, text=True
        )
        .stdout.strip()
        .splitlines()[-1]
    )
    target = f"perf-{uuid.uuid4().hex[:8]}"
    channel = declare(addresses, kind, target)
    name = f"fasttrack.{target}"
    command = ["java", "-cp", classpath, "com.rabbitmq.perf.PerfTest", "--uri", addresses.rabbitmq_admin_url]
    command += ["--producers", "1", "--consumers", "0", "--confirm", str(WINDOW), "--pmessages", str(events)]
    command += ["--flag", "persistent", "--flag", "mandatory", "--size", str(size), "--predeclared"]
    command += ["--exchange", name, "--queue", name, "--routing-key", "casino", "--id", target]
    try:
        process = psutil.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        cpu, peak = 0.0, 0.0
        output: list[str] = []
        reader = threading.Thread(target=lambda: output.extend(process.stdout or []), daemon=True)
        reader.start()
        while process.poll() is None:
            try:
                times = process.cpu_times()
                cpu, peak = float(times.user + times.system), max(peak, process.memory_info().rss / 1e6)
            except psutil.Error:
                break
            time.sleep(0.05)
        process.wait(60)
        reader.join(5)
        rate = _sending_rate("".join(output))
        return Run(
            who="PerfTest",
            queue=kind,
            events=events,
            seconds=round(events / rate, 3),
            events_per_second=rate,
            cpu_microseconds_per_event=round(cpu / events * 1e6, 1),
            peak_megabytes=round(peak, 1),
        )
    finally:
        drop(channel, target)


def _sending_rate(output: str) -> float:
    """Return the rate that PerfTest itself gives for its whole run."""
    found = re.search(r"sending rate avg: ([\d.,]+) msg/s", output)
    if found is None:
        raise SystemExit(f"PerfTest told no rate:\n{output[-2000:]}")
    return float(found[1].replace(",", ""))


@dataclass
class Latency:
    """The time from a record's append to its event's arrival, at one rate."""

    rate: int
    events: int
    p50_ms: float
    p99_ms: float
    worst_ms: float


def latency_run(addresses: Addresses, rate: int, seconds: float) -> Latency:
    """Append records at a steady rate, and note when each one's event arrives."""
    unique = f"bench-{uuid.uuid4().hex[:8]}"
    target = f"late-{uuid.uuid4().hex[:8]}"
    wallet.make_topics(addresses.kafka_bootstrap, unique)
    channel = declare(addresses, "classic", target)
    arrived: dict[str, float] = {}
    appended: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        producer = Producer({"bootstrap.servers": addresses.kafka_bootstrap, "linger.ms": 0})
        wallet.write_lookups(producer, unique)
        bridge = Bridge(addresses, unique, f"fasttrack.{target}", Path(folder))
        reader = threading.Thread(target=_note_arrivals, args=(addresses, target, arrived), daemon=True)
        reader.start()
        try:
            warm = int(rate * 3)
            total = warm + int(rate * seconds)
            began = time.monotonic() + 4
            for number, (player, tx, record) in enumerate(wallet.plays(total, seed=7)):
                pause = began + number / rate - time.monotonic()
                if pause > 0:
                    producer.poll(0)
                    time.sleep(pause)
                appended[tx] = time.time()
                producer.produce(f"{unique}.public.wallet_tx", record, wallet.key(player_id=int(player)))
                producer.poll(0)
            producer.flush(30)
            end = time.monotonic() + 30
            while len(arrived) < total and time.monotonic() < end:
                time.sleep(0.05)
            measured = list(appended)[warm:]
            late = sorted((arrived[tx] - appended[tx]) * 1000 for tx in measured if tx in arrived)
            if len(late) < len(measured):
                raise SystemExit(f"{len(measured) - len(late)} events did not arrive")
            return Latency(
                rate=rate,
                events=len(late),
                p50_ms=round(late[len(late) // 2], 2),
                p99_ms=round(late[int(len(late) * 0.99)], 2),
                worst_ms=round(late[-1], 2),
            )
        finally:
            bridge.stop()
            drop(channel, target)
            wallet.drop_topics(addresses.kafka_bootstrap, unique)


def _note_arrivals(addresses: Addresses, target: str, arrived: dict[str, float]) -> None:
    channel = pika.BlockingConnection(pika.URLParameters(addresses.rabbitmq_admin_url)).channel()
    for _, properties, _ in channel.consume(f"fasttrack.{target}", auto_ack=True, inactivity_timeout=20):
        if properties is None:
            return
        arrived.setdefault((properties.message_id or "").partition("/")[0], time.time())


def measure(addresses: Addresses, events: int, kinds: list[str], latency_seconds: float) -> dict[str, object]:
    """Run everything and return the figures."""
    # Servers that have just started compile what they are busy with, and stand still meanwhile: not measured.
    latency_run(addresses, 1000, WARM_UP_SECONDS)
    # First, before the disk has the messages of the other runs to write and to forget.
    latencies = [latency_run(addresses, rate, latency_seconds) for rate in (1000, 100)]
    for late in latencies:
        print(f"latency at {late.rate}/s: p50 {late.p50_ms} ms, p99 {late.p99_ms} ms, worst {late.worst_ms} ms")
    unique = f"bench-{uuid.uuid4().hex[:8]}"
    wallet.make_topics(addresses.kafka_bootstrap, unique)
    size = wallet.fill(addresses.kafka_bootstrap, unique, events)
    runs: list[Run] = []
    ratios: dict[str, float] = {}
    try:
        for kind in kinds:
            generator = perftest_run(addresses, events, 480, kind)
            bridge = bridge_run(addresses, unique, events, kind)
            ratios[kind] = round(bridge.events_per_second / generator.events_per_second, 3)
            runs += [generator, bridge]
            for run in (generator, bridge):
                rate, cpu = run.events_per_second, run.cpu_microseconds_per_event
                print(
                    f"{run.who:9} {run.queue:8} {rate:9,.0f}/s  {cpu:6.1f} µs CPU"
                    f"  peak {run.peak_megabytes:.1f} MB (at half {run.megabytes_at_half:.1f})"
                )
            print(f"ratio     {kind:8} {ratios[kind]:9.2f}")
    finally:
        wallet.drop_topics(addresses.kafka_bootstrap, unique)
    return {
        "records": events,
        "record_bytes": size,
        "runs": [asdict(run) for run in runs],
        "ratios": ratios,
        "latency": [asdict(late) for late in latencies],
    }
