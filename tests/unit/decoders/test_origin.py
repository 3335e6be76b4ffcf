"""An origin has what the source block has, each field under its own name."""

from __future__ import annotations

import pytest

from bridge.decoders.envelope import Source
from bridge.decoders.origin import Origin

NAMES = Source.__struct_fields__
OTHER_NAMES = {"txId": "tx_id"}
NUMBERS = {"ts_ms", "ts_us", "lsn", "server_id", "pos", "row", "event_serial_no", "ssn"}


@pytest.mark.parametrize("place", range(len(NAMES)), ids=NAMES)
def test_each_field_is_found_under_its_name(place: int) -> None:
    name = NAMES[place]
    values = [None] * len(NAMES)
    alone = 7 if name in NUMBERS else "told"
    origin = Origin((*values[:place], alone, *values[place + 1 :]))
    found = {each: getattr(origin, OTHER_NAMES.get(each, each)) for each in NAMES}
    assert found == dict.fromkeys(NAMES) | {name: alone}
