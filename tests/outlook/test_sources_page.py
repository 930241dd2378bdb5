"""docs/sources.md: a section for every format, and each is a section that a case may have."""

from __future__ import annotations

import re
from typing import Any, get_args

import pytest
import yaml
from pluvial.case.case import load_case
from pluvial.sources.registry import DepthSource, HeightmapSource, RainSource
from workplace import CHECKOUT, named_case

PAGE = (CHECKOUT / "docs" / "sources.md").read_text()
EXAMPLES = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]


def formats(source: Any) -> set[str]:
    """The formats of one kind of source."""
    union, *_ = get_args(source)
    sections = get_args(union)
    return {get_args(section.model_fields["format"].annotation)[0] for section in sections}


@pytest.mark.parametrize(
    ("kind", "source"),
    [("rain", RainSource), ("depth", DepthSource), ("heightmap", HeightmapSource)],
)
def test_every_format_has_an_example(kind: str, source: Any) -> None:
    shown = [example[kind]["format"] for example in EXAMPLES if kind in example]
    assert sorted(shown) == sorted(formats(source))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: str(next(iter(e.values()))["format"]))
def test_an_example_is_a_section_of_a_case(example: dict[str, Any]) -> None:
    case = named_case("smoke")
    if next(iter(example.values()))["format"] not in ("synthetic", "simulate"):
        case |= {
            "heightmap": {"format": "ascii", "files": "dem.asc"},
            "rain": {"format": "ascii", "files": "rain_{time:%Y%m%d%H%M}.asc"},
        }
    found = load_case(case | example, where="sources.md")
    # Jobs are given it with all defaults filled in.
    assert load_case(found.model_dump(mode="json"), where="a job") == found
