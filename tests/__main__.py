"""`python -m tests`: all tests, in the order that fails soonest; what CI runs.

Unit tests run side by side first; the tests on the real servers, which share them, one after another.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time

UNIT = ["-m", "not integration and not faults", "-n", "auto"]
SERVERS = ["-m", "integration or faults", "-p", "no:randomly"]


def main() -> int:
    """Run both parts; return the exit code of the first that fails."""
    for name, arguments in (("unit tests", UNIT), ("tests on the real servers", SERVERS)):
        print(f"==> {name}", flush=True)
        started = time.monotonic()
        code = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", *arguments, *sys.argv[1:]], check=False, env=os.environ
        ).returncode
        print(f"==> {name}: {time.monotonic() - started:.0f} s", flush=True)
        if code:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
