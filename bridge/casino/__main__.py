"""Write the JSON Schema of a body: `python -m bridge.casino > docs/reference/casino.schema.json`."""

import json
import sys

from bridge.casino.model import json_schema

sys.stdout.write(json.dumps(json_schema(), indent=2) + "\n")
