"""Write the list of metrics: `python -m bridge.telemetry > docs/reference/metrics.md`."""

import sys

from bridge.telemetry.metrics import reference

sys.stdout.write(reference())
