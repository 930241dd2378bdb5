"""The page of the verdict: whole in one file, and saying all that the document says."""

from __future__ import annotations

import base64
import json
import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from pluvial.diagnostics.pairs import Pairs
from pluvial.errors import PluvialError
from pluvial.figures.verdict import make_verdict_page, verdict_page
from toys import World, verdict_on

VOID = {"meta", "img", "link", "br"}


class Reader(HTMLParser):
    """The text of a page, its tags and what they refer to; tags must be closed in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.words: list[str] = []
        self.references: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.references += [v or "" for k, v in attrs if k in ("src", "href", "srcset")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words += data.split()

    @property
    def text(self) -> str:
        return " ".join(self.words)


@cache
def documents() -> dict[str, dict[str, Any]]:
    """A verdict of each kind."""
    world = World()
    dead = world.pairs(world.noisy(0.1), 0 * world.hidden)
    one = Pairs({"rain": world.hidden}, world.splits, labels=world.labels)
    return {
        "learned": world.verdict(world.learned(), baselines=world.baseline(1.0)),
        "not shown": world.verdict(world.memorised(), {}),
        "collapsed": world.verdict(dead),
        "one side": verdict_on({"trained": one}, {}),
    }


@pytest.mark.parametrize("name", ["learned", "not shown", "collapsed", "one side"])
def test_the_page_stands_alone_and_says_everything(name: str) -> None:
    document = documents()[name]
    page = Reader(verdict_page(document, "my case"))
    assert not page.open
    assert "script" not in page.tags
    assert all(reference.startswith("data:image/svg+xml;base64,") for reference in page.references)
    said = page.text
    squeezed = " ".join(document["headline"].split())
    assert "Is it learning? my case" in said
    assert f"{document['verdict']} {squeezed}" in said
    for entry in document["rules"]:
        assert " ".join(entry["words"].split()) in said
        assert entry["question"] in said
    for line in document["judgements"]:
        row = f"{line['number']} {line['value']} {line['control']} {line['judged']}"
        assert " ".join(row.split()) in said
    for method in document["methods"]:
        assert method in said


@pytest.mark.parametrize(("name", "count"), [("learned", 2), ("collapsed", 2), ("one side", 1)])
def test_the_pictures_are_whole(name: str, count: int) -> None:
    references = Reader(verdict_page(documents()[name], "x")).references
    assert len(references) == count
    for reference in references:
        picture = ET.fromstring(base64.b64decode(reference.partition(",")[2]))
        assert picture.tag.endswith("svg")
        assert len(list(picture.iter("{http://www.w3.org/2000/svg}path"))) > 20


def test_the_table_holds_the_numbers() -> None:
    document = documents()["learned"]
    said = Reader(verdict_page(document, "x")).text
    trained = document["methods"]["trained"]["rain_to_depth"]
    assert f"{100 * trained['R@1']:.1f} % {100 * trained['R@5']:.1f} %" in said
    assert f"{100 * document['chance']['R@10']:.1f} %" in said
    for heading in ("without learning", "controls, to end at chance", "chance"):
        assert heading in said


def test_names_are_no_markup() -> None:
    page = verdict_page(documents()["learned"], "<b>&case</b>")
    assert "<b>" not in page
    assert "&lt;b&gt;&amp;case" in page


def test_the_same_document_gives_the_same_bytes(tmp_path: Path) -> None:
    (tmp_path / "verdict.json").write_text(json.dumps(documents()["learned"]))
    for name in ("a", "b"):
        make_verdict_page(tmp_path / "verdict.json", "x", tmp_path / f"{name}.html")
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()
    # What was drawn is no larger than a page may be, and holds no time of its making.
    assert (tmp_path / "a.html").stat().st_size < 1_000_000
    assert not re.search(r"<dc:date>", (tmp_path / "a.html").read_text())


@pytest.mark.parametrize("content", ["{}", "[]", '{"sides": ["rain"], "methods": {}}'])
def test_a_faulty_document_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "verdict.json").write_text(content)
    with pytest.raises(PluvialError, match=r"verdict\.json: not a verdict"):
        make_verdict_page(tmp_path / "verdict.json", "x", tmp_path / "a.html")
    assert not (tmp_path / "a.html").exists()
