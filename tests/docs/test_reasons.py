"""The page of reasons names every code and every reason that the bridge has."""

from __future__ import annotations

import re

import pytest

from tests.docs.pages import DOCS, ROOT

PAGE = (DOCS / "reference" / "reasons.md").read_text(encoding="utf-8")
NAMED = set(re.findall(r"`([^`]+)`", PAGE))
_CODE = re.compile(r"(?:Park|MappingError|Unfit|DecodeError|Breach)\(\s*\"([a-z_]+)\"")
_SKIP = re.compile(r"Skip(?:ped)?\(\s*\"([^\"]+)\"")

SOURCES = {
    folder: [
        path.read_text(encoding="utf-8")
        for path in sorted((ROOT / "bridge" / folder).glob("**/*.py" if folder != "." else "row.py"))
    ]
    for folder in ("mapping", "casino", "decoders", ".")
}


@pytest.mark.parametrize("folder", SOURCES)
def test_every_code_with_which_a_change_is_parked_is_on_the_page(folder: str) -> None:
    codes = {code for text in SOURCES[folder] for code in _CODE.findall(text)}
    assert codes or folder == "."
    assert codes - NAMED == set()


def test_every_reason_for_which_a_change_is_skipped_is_on_the_page() -> None:
    reasons = {reason for texts in SOURCES.values() for text in texts for reason in _SKIP.findall(text)}
    assert reasons
    assert reasons - NAMED == set()


def test_the_page_names_no_code_that_is_gone() -> None:
    everything = "\n".join(text for texts in SOURCES.values() for text in texts)
    codes = re.findall(r"`([a-z]+(?:_[a-z]+)+)`", PAGE.partition("## Parked")[2])
    assert [code for code in codes if f'"{code}"' not in everything and code != "ref_id"] == []
