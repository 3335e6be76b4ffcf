"""What a process imports, and what it can do without."""

from __future__ import annotations

import subprocess
import sys


def test_only_the_chosen_client_is_imported() -> None:
    program = (
        "import sys; from bridge.sources import *; open_source(KafkaSettings(brokers='a:1', group='g'), ['t']);"
        "print('confluent_kafka' in sys.modules, 'kafka' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "True False\n"
