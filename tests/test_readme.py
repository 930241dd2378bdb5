"""The README keeps its promises of form: two commands, and pictures that are there."""

from __future__ import annotations

import re
from pathlib import Path


def test_pictures_are_there_and_nothing_is_left_open(root: Path) -> None:
    text = (root / "README.md").read_text()
    pictures = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", text)
    assert pictures
    for picture in pictures:
        assert (root / picture).stat().st_size > 10_000
    assert not re.search(r"\b[A-Z]+_[A-Z]+\b", text), "a placeholder"
    for command in ("make demo", "make test"):
        assert command in text
