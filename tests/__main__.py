"""`python -m tests`: all tests, in the order that fails soonest; what CI runs.

Unit tests run side by side, then the tests on the real servers, two at a time (each has topics, queues
and databases of its own), then the faults, three at a time: most of a fault is waiting, and those that
break the servers themselves wait until they are alone.
"""

from __future__ import annotations

import subprocess
import sys
import time

PARTS = (
    ("unit tests", ["-m", "not integration and not faults", "-n", "auto"]),
    ("tests on the real servers", ["-m", "integration and not faults", "-n", "2", "--dist", "loadgroup"]),
    ("faults", ["-m", "faults", "-p", "no:randomly", "-n", "3", "--maxschedchunk", "1"]),
)


def main() -> int:
    """Run every part, even after one has failed; return 1 if one did."""
    failed = []
    for name, arguments in PARTS:
        sys.stdout.write(f"==> {name}\n")
        sys.stdout.flush()
        started = time.monotonic()
        done = subprocess.run([sys.executable, "-m", "pytest", "-q", *arguments, *sys.argv[1:]], check=False)
        sys.stdout.write(f"==> {name}: {time.monotonic() - started:.0f} s, exit {done.returncode}\n")
        if done.returncode:
            failed.append(name)
    sys.stdout.write(f"==> failed: {', '.join(failed)}\n" if failed else "==> all passed\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
