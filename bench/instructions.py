"""How many instructions it takes to decode and map one play: what no other work on the machine changes.

    make bench ARGS="instructions [--events 3000] [--schema inline|avro]"

`bench steps` under valgrind, which must be installed, twice: with so many plays and with twice as many, so that
what is done once is not counted.  Of the compiled build alone; takes some minutes.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

COUNTED = (
    "CPyPy_debezium___DebeziumDecoder___decode",
    "CPyPy_mapper___Mapper___wants",
    "CPyPy_mapper___Mapper___take",
)
"""The functions by which bench.steps calls what is counted, as the compiler calls them."""


def counted(events: int, schema: str) -> int:
    """Return the instructions for so many plays, and for the look-up rows before them."""
    with tempfile.TemporaryDirectory() as folder:
        valgrind = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={Path(folder) / 'out'}"]
        toggles = [f"--toggle-collect={name}" for name in COUNTED]
        steps = [sys.executable, "-m", "bench.steps", "--events", str(events), "--schema", schema]
        run = subprocess.run([*valgrind, *toggles, *steps], capture_output=True, text=True, check=False)
    found = re.search(r"Collected : (\d+)", run.stderr)
    if run.returncode or found is None or not int(found[1]):
        raise SystemExit(f"nothing was counted; is this the compiled build?\n{run.stderr[-2000:]}")
    return int(found[1])


def main() -> None:
    """Count, and print the instructions for one play."""
    parser = argparse.ArgumentParser(prog="python -m bench instructions", description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=3_000)
    parser.add_argument("--schema", choices=("schemaless", "inline", "avro"), default="schemaless")
    options = parser.parse_args()
    once, twice = (counted(times * options.events, options.schema) for times in (1, 2))
    print(f"{(twice - once) / options.events:,.0f} instructions to decode and map one play ({options.schema})")


if __name__ == "__main__":
    main()
