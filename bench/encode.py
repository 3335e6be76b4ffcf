"""What it costs to check and write one event: CPU time per event, without anything around it.

Run: python -m bench.encode [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from bridge.casino import CasinoEvent, decode, encode

EVENTS = 20_000
REPEATS = 7


def bets(number: int) -> list[dict[str, Any]]:
    """Return bets of twenty fields that differ as those of live play do: ids, stakes, balances, times."""
    start = datetime(2026, 3, 2, 8, 27, 58, 721607, tzinfo=UTC)
    return [
        {
            "activity_id": f"a7c1{n:08x}-6b1e-4f0a-9d2c-3e8f5a1b7c20",
            "type": "Bet",
            "status": "Approved",
            "user_id": 52530 + n % 4000,
            "round_id": f"SV-{n}",
            "game_id": "nackens-guld",
            "game_name": "Näckens Guld",
            "vendor_id": 1,
            "vendor_name": "Kvistgren Studios",
            "origin": "www.vintervik.example",
            "currency": "SEK",
            "timestamp": start + timedelta(microseconds=n * 997),
            "is_round_end": n % 2 == 0,
            "game_type": "Slots",
            "wager_amount": Decimal(n % 400 + 1).scaleb(-1),
            "bonus_wager_amount": 0,
            "locked_wager_amount": 0,
            "exchange_rate": Decimal("0.08700000"),
            "balance_before": Decimal(100_000 + n * 7).scaleb(-2),
            "balance_after": Decimal(100_000 + n * 5).scaleb(-2),
        }
        for n in range(number)
    ]


def microseconds_each(run: Callable[[Any], object], items: Sequence[Any]) -> float:
    """Return the CPU time per item in the best of several runs."""
    best = float("inf")
    for _ in range(REPEATS):
        began = time.process_time()
        for item in items:
            run(item)
        best = min(best, time.process_time() - began)
    return best / len(items) * 1e6


def main(arguments: Sequence[str]) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args(arguments)
    events = bets(EVENTS)
    bodies = [encode(event) for event in events]
    figures = {
        "encode_us": microseconds_each(encode, events),
        "decode_us": microseconds_each(decode, bodies),
        "encode_again_us": microseconds_each(encode, [decode(body) for body in bodies]),
        "model_us": microseconds_each(CasinoEvent.model_validate, events[:2000]),
        "body_bytes": sum(map(len, bodies)) / len(bodies),
    }
    for name, value in figures.items():
        print(f"{name:>16} {value:8.2f}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
