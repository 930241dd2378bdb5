"""The page as a file: whole, self-contained, and its words true to what it was made of."""

from __future__ import annotations

import base64
import gzip
import json
import re
from pathlib import Path

import numpy as np
import pytest
from explored import Run
from matplotlib.colors import to_rgb
from pluvial.errors import PluvialError
from pluvial.explorer.blocks import ASSETS, SCRIPTS, Blocks, Words, render
from pluvial.explorer.columns import columns_of
from pluvial.explorer.learning import learning_html, read_judgement
from pluvial.explorer.page import about
from pluvial.figures.records import labels_of

MOST_SCRIPT_LINES = 1250


def test_blocks_come_back_as_they_were() -> None:
    blocks = Blocks()
    arrays = {
        "a": np.arange(7, dtype=np.uint8),
        "b": np.array([[1, 2], [3, 65535]], np.uint16).T,
        "c": np.array([-1, 2], np.int32),
        "d": np.array([np.nan, 2.5], np.float32),
        "e": np.array([1.6e9]),
    }
    for name, values in arrays.items():
        blocks.add(name, values, first=name == "a")
    html = render(Words("t", "", "", ""), {}, blocks)
    assert blocks.names == ["a"]
    for name, values in arrays.items():
        kind, packed = re.findall(rf'id="{name}" data-type="(..)">([^<]*)<', html)[0]
        found = np.frombuffer(gzip.decompress(base64.b64decode(packed)), dtype=f"<{kind}")
        np.testing.assert_array_equal(found, values.ravel())


def test_no_name_can_leave_its_place() -> None:
    evil = "</script><script>alert(1)</script>&\"'"
    html = render(Words(evil, evil, evil, ""), {"name": evil}, Blocks())
    plain = render(Words("", "", "", ""), {"name": ""}, Blocks())
    assert html.count("<script") == plain.count("<script")
    (meta,) = re.findall(r'id="meta">(.*?)</script>', html)
    assert json.loads(meta)["name"] == evil


def test_the_page_is_whole_and_asks_for_nothing(page: Path) -> None:
    html = page.read_text()
    assert html.rstrip().endswith("</html>")
    assert "default-src 'none'" in html
    assert not re.search(r"https?://|//cdn|@import|\bfetch\(|XMLHttpRequest|\ssrc=", html)
    assert not list(page.parent.glob(".explorer*"))


def test_two_pages_of_the_same_run_are_the_same(run: Run, page: Path, tmp_path: Path) -> None:
    assert run.write_page(tmp_path / "again.html").read_bytes() == page.read_bytes()


def test_the_script_stays_plain() -> None:
    files = {path.name for path in ASSETS.iterdir()}
    assert files == {f"{part}.js" for part in SCRIPTS} | {"explorer.html", "explorer.css"}
    assert sum((ASSETS / f"{s}.js").read_text().count("\n") for s in SCRIPTS) < MOST_SCRIPT_LINES


def test_it_says_what_it_leaves_out() -> None:
    assert about("x", 10, 10, 10) == "x: 10 records, all of the dataset"
    assert about("x", 10, 10, 20) == "x: 10 records of 20, sampled evenly over time"
    both = (
        "x: 1,000 records of 9,000, sampled evenly over time, then from 4,000 stratified by storm"
    )
    assert about("x", 1000, 4000, 9000) == both


def test_a_page_of_fewer_records_says_so(run: Run, tmp_path: Path) -> None:
    html = run.write_page(tmp_path / "few.html", most=90).read_text()
    assert "made-up: 90 records of 240, then from 240 stratified by storm" in html


def numbers(html: str) -> list[list[float]]:
    rows = re.findall(r"<tr[^>]*><th scope=\"row\">.*?</th>(.*?)</tr>", html)
    return [[float(cell) for cell in re.findall(r"<td>(.*?)</td>", row)] for row in rows]


def test_the_table_holds_the_reports_numbers_and_chance(run: Run) -> None:
    html = learning_html(read_judgement(run.files.report, None), None, run.files.histories)
    assert numbers(html) == [
        [31.0, 62.0, 31.1, 62.1],
        [11.0, 22.0, 11.1, 22.1],
        [2.0, 4.0, 2.1, 4.1],
        [5.9, 58.8, 5.9, 58.8],
    ]
    assert 'class="word"' not in html
    assert html.count("<figure>") == 2


@pytest.mark.parametrize(
    ("document", "headline", "reason"),
    [
        ({"verdict": "learned", "headline": "it <leads>"}, "Verdict: learned", "it &lt;leads&gt;"),
        (None, "R@10 62 %, chance 59 %", None),
    ],
)
def test_a_verdict_leads_where_there_is_one(
    run: Run, tmp_path: Path, document: object, headline: str, reason: str | None
) -> None:
    verdict = tmp_path / "verdict.json"
    verdict.write_text(json.dumps(document))
    judgement = read_judgement(run.files.report, verdict if document else None)
    assert judgement.headline == headline
    html = learning_html(judgement, None, {})
    assert (f"<p>{reason}</p>" in html) == (reason is not None)
    assert "No run has finished an epoch" in html


def test_a_document_that_is_no_report_is_named(tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text('{"methods": []}')
    with pytest.raises(PluvialError, match="not a retrieval report"):
        read_judgement(tmp_path / "r.json", None)


def test_every_column_has_a_unit_and_colours_that_stand_out(run: Run) -> None:
    columns = columns_of(run.table, labels_of(run.table), None, None, 0.1)
    assert [c.id for c, _ in columns] == [
        *("flooded", "rain", "peak", "deepest", "time", "storm", "split"),
    ]
    for column, values in columns:
        assert len(values) == 240
        if column.kind == "category":
            assert set(np.unique(values)) == set(range(len(column.names)))
            assert len(column.light) == len(column.dark) == len(column.names)
            continue
        assert re.search(r"\((%|mm|mm/h|m|UTC)[ ,)]", column.label)
        assert len(column.names) == len(column.edges) + 1
        assert [t for t, _ in column.ticks] == sorted(t for t, _ in column.ticks)
        assert column.low <= column.ticks[0][0]
        assert column.ticks[-1][0] <= column.high
    flooded, values = columns[0]
    np.testing.assert_allclose(values, 100 * run.table["flooded_fraction"], rtol=1e-6)
    for hues, ground in ((flooded.light, "#ffffff"), (flooded.dark, "#182028")):
        assert contrast(hues[0], ground) > 1.3
        assert contrast(hues[-1], ground) > 8


def contrast(one: str, other: str) -> float:
    """WCAG 2.2's contrast ratio."""

    def luminance(colour: str) -> float:
        parts = np.array(to_rgb(colour))
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [":root", ":root.dark"])
def test_words_stand_out_from_their_ground(theme: str) -> None:
    (block,) = re.findall(rf"^{re.escape(theme)} {{(.*?)}}", (ASSETS / "explorer.css").read_text(),
                          flags=re.DOTALL | re.MULTILINE)  # fmt: skip
    colours = dict(re.findall(r"--(\w+): (#\w{6})", block))
    for ground in ("ground", "card"):
        for text in ("ink", "muted", "accent"):
            assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
        for mark in ("focus", "true", "same"):
            assert contrast(colours[mark], colours[ground]) >= 3, (mark, ground)
