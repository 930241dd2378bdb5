"""The depth model on the page: its maps, its errors record by record, and its table."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from explored import Run
from pluvial.errors import PluvialError
from pluvial.explorer.predicted import Predicted
from pluvial.explorer.skill import skill_html
from pluvial.explorer.thumbnails import MISSING_CLASS, classify, shrink
from pluvial.figures.style import DEPTH_CLASSES
from pluvial.frames.variables import DEPTH, unpack


def test_a_prediction_is_held_to_the_truth_of_its_record(run: Run) -> None:
    times = run.table["time"].to_numpy(np.int64)
    found = Predicted(run.of_depth_model["predictions"], times, 0.1)
    truth = unpack(run.records.depth, DEPTH)
    for row, depth in enumerate(truth):
        found.compare(row, depth)
    held_out = (run.table["split"] != "train").to_numpy()
    assert (found.thumbnails[~held_out] == MISSING_CLASS).all()
    assert np.isnan(found.csi[~held_out]).all()
    assert np.isnan(found.rmse_m[~held_out]).all()
    for row in np.flatnonzero(held_out):
        known = run.records.depth[row] != 65535
        predicted, came = run.predicted[row][known], truth[row][known]
        hits, either = ((predicted > 0.1) & (came > 0.1)).sum(), (predicted > 0.1) | (came > 0.1)
        assert found.csi[row] == pytest.approx(hits / either.sum(), rel=1e-6)
        wet = came > 0.1
        error = np.sqrt(((predicted[wet] - came[wet]).astype(float) ** 2).mean())
        assert found.rmse_m[row] == pytest.approx(error, rel=1e-5)
        expected = classify(shrink(run.predicted[row]), DEPTH_CLASSES.edges)
        np.testing.assert_array_equal(found.thumbnails[row], expected)


def test_where_nothing_is_flooded_there_is_no_score(run: Run) -> None:
    times = run.table["time"].to_numpy(np.int64)
    found = Predicted(run.of_depth_model["predictions"], times, 100.0)
    for row, depth in enumerate(unpack(run.records.depth, DEPTH)):
        found.compare(row, depth)
    assert np.isnan(found.csi).all()
    assert np.isnan(found.rmse_m).all()


def test_the_table_holds_all_methods_and_escapes_words(run: Run) -> None:
    html = skill_html(run.folder / "skill.json")
    rows = re.findall(r"<tr[^>]*><th scope=\"row\">(.*?)</th>(.*?)</tr>", html)
    assert [(name, re.findall(r"<td>(.*?)</td>", row)) for name, row in rows] == [
        ("model", ["0.71", "0.90"]),
        ("all-dry", ["0.00", "–"]),
    ]
    assert "It &lt;leads&gt;." in html


def test_a_document_that_is_no_report_is_named(tmp_path: Path) -> None:
    (tmp_path / "skill.json").write_text(json.dumps({"verdict": "ahead"}))
    with pytest.raises(PluvialError, match="not a report of skill"):
        skill_html(tmp_path / "skill.json")


def test_a_page_without_a_depth_model_says_nothing_of_one(run: Run, page: Path) -> None:
    with_it = run.write_page(run.folder / "with.html", files=run.of_depth_model).read_text()
    for words in ("Depth model", "CSI of prediction"):
        assert words in with_it
        assert words not in page.read_text()
