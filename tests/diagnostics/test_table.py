"""The table of retrieval holds the report's numbers, as a spreadsheet reads them."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from pluvial.diagnostics.table import write_retrieval_table
from pluvial.errors import PluvialError

ONE = {"R@1": 0.27, "R@5": 0.5, "R@10": 0.7, "median_rank": 4.0}
OTHER = {"R@1": 0.2, "R@5": 0.4, "R@10": 0.6, "median_rank": 6.5}


def test_numbers_are_those_of_the_report(tmp_path: Path) -> None:
    report = {
        "methods": {"trained": {"kind": "trained", "rain_to_depth": ONE, "depth_to_rain": OTHER}},
        "chance": {"R@1": 0.01, "R@5": 0.05, "R@10": 0.1},
        "candidates": 100,
    }
    (tmp_path / "r.json").write_text(json.dumps(report))
    write_retrieval_table(tmp_path / "r.json", tmp_path / "r.csv")
    table = pd.read_csv(tmp_path / "r.csv", index_col="method")
    assert table.loc["trained", "rain to depth: R@1"] == "27.0 %"
    assert table.loc["trained", "depth to rain: R@10"] == "60.0 %"
    assert table.loc["trained", "depth to rain: median_rank"] == 6.5
    assert table.loc["chance", "kind"] == "100 candidates"
    assert table.loc["chance", "depth to rain: R@5"] == "5.0 %"


def test_another_document_is_refused(tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text("{}")
    with pytest.raises(PluvialError, match="not a retrieval report"):
        write_retrieval_table(tmp_path / "r.json", tmp_path / "r.csv")
