"""The recorded demo, in this process: its recording, and what one lost record does to it."""

from __future__ import annotations

import gzip
import io
import shutil
from pathlib import Path

from bridge.demo.brands import BRANDS
from bridge.demo.embedded import RECORDED, play_recorded, truth_of
from bridge.demo.screen import Screen

CONTROL = {chr(code) for code in range(32)} - {"\n"}


def test_the_recording_comes_out_to_the_cent_in_plain_text() -> None:
    out = io.StringIO()
    screen = Screen(out)
    outcomes = play_recorded(screen)
    screen.tables(outcomes)
    assert [outcome.differences() for outcome in outcomes] == [[], []]
    assert not CONTROL & set(out.getvalue())
    assert "DIFFERS" not in out.getvalue()
    assert max(map(len, out.getvalue().splitlines()[-20:])) <= 80


def test_the_recording_holds_every_situation() -> None:
    for brand in BRANDS:
        truth = truth_of(brand)
        assert truth.endings["parked"]
        assert truth.endings["skipped"]
        assert truth.waited
        assert {"Bet Approved", "Bet Rollback", "Win Approved"} <= {play.kind for play in truth.plays()}


def test_one_record_less_is_a_difference(tmp_path: Path) -> None:
    folder = tmp_path / "recorded"
    shutil.copytree(RECORDED, folder)
    path = folder / "harbour.jsonl.gz"
    lines = gzip.decompress(path.read_bytes()).splitlines(keepends=True)
    lost = next(at for at in range(len(lines) - 1, 0, -1) if b'\\"payout\\"' in lines[at])
    path.write_bytes(gzip.compress(b"".join(lines[:lost] + lines[lost + 1 :])))
    screen = Screen(io.StringIO())
    outcomes = play_recorded(screen, folder)
    assert outcomes[0].differences() == []
    assert "harbour: 1 event did not arrive" in outcomes[1].differences()
