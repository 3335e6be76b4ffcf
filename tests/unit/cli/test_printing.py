"""What is printed is what is there: ids of a wallet may look like anything."""

from __future__ import annotations

import pytest
from rich.table import Table

from bridge.cli.printing import console


@pytest.mark.parametrize("text", ["evo:a:10", "12:ok:3", ":100:"])
def test_an_id_is_no_emoji(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    console().print(text)
    assert capsys.readouterr().out == f"{text}\n"


def test_a_table_in_a_pipe_is_as_wide_as_its_cells(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    table = Table(box=None)
    table.add_column("reason", overflow="fold")
    table.add_row("a long reason " * 20)
    console().print(table, soft_wrap=False)
    assert "a long reason " * 19 in capsys.readouterr().out
