"""The page that leads to a wallet's kind proves each of its examples."""

from __future__ import annotations

from tests.docs.pages import DOCS, blocks

PAGE = DOCS / "how-to" / "which-wallet-is-yours.md"


def test_every_example_has_a_test_that_sends_something() -> None:
    shown = {block.value("name") for block in blocks(PAGE) if "connector-part" in block.marks}
    tested = {block.value("test") for block in blocks(PAGE) if "expect:" in block.text} - {None}
    assert len(shown) >= 9
    assert shown == tested


def test_the_page_shows_every_way_of_taking_back() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for way in (
        "original:",
        "undoes:",
        "round:",
        "takes:",
        "stands:",
        "deleted: nothing stands",
        "moves:",
        "after:",
    ):
        assert way in text, way
