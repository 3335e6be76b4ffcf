"""What is printed is what is there: ids of a wallet may look like anything."""

from __future__ import annotations

import pytest

from bridge.cli.printing import console


@pytest.mark.parametrize("text", ["evo:a:10", "12:ok:3", ":100:"])
def test_an_id_is_no_emoji(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    console().print(text)
    assert capsys.readouterr().out == f"{text}\n"
