"""`python -m bench`: throughput and latency of the bridge as it ships; or one probe: `python -m bench ledger`."""

from __future__ import annotations

import argparse
import json
import os
import platform
import runpy
import sys
from datetime import UTC, datetime
from pathlib import Path

import stack
from bench.throughput import measure
from bridge import compiled

RESULTS = Path(__file__).parent / "results"


def main() -> None:
    """Measure, print, and write bench/results/throughput.json."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("probe", nargs="?", help="one of the other files in bench/, by its name")
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--queues", default="classic,quorum")
    parser.add_argument("--latency-seconds", type=float, default=15.0)
    arguments, rest = parser.parse_known_args()
    if arguments.probe:
        sys.argv = [arguments.probe, *sys.argv[sys.argv.index(arguments.probe) + 1 :]]
        runpy.run_module(f"bench.{arguments.probe}", run_name="__main__")
        return
    if rest:
        parser.error(f"unknown arguments: {' '.join(rest)}")
    if not compiled():
        print("not compiled: this is not the bridge as it ships (make bench)")
    up = stack.ensure_up()
    figures = measure(up.addresses, arguments.events, arguments.queues.split(","), arguments.latency_seconds)
    figures |= {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.system()},
        "compiled": compiled(),
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "throughput.json").write_text(json.dumps(figures, indent=2) + "\n")
    print(f"written to {RESULTS / 'throughput.json'}")


if __name__ == "__main__":
    main()
