"""The training figure: all kinds of histories, lines named at their ends, chance where it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pluvial.errors import PluvialError
from pluvial.figures.sheet import Sheet
from pluvial.figures.training import draw_training, training_sheet


def history(
    folder: Path, name: str, rows: int, *, val: bool = True, learns: bool = True, batch: int = 64
) -> Path:
    """A history as the training writes it: it learns, or stays at chance."""
    epochs = np.arange(1, rows + 1)
    chance = np.log(batch)
    table = pd.DataFrame({"epoch": epochs, "loss": chance / epochs if learns else chance})
    table["rain_to_depth"] = 1 - 1 / (1 + epochs) if learns else 1 / batch
    table["depth_to_rain"] = table["rain_to_depth"]
    if val:
        for column in ("loss", "rain_to_depth", "depth_to_rain"):
            table[f"val_{column}"] = table[column]
        table["val_chance"] = 10 / 187
    table["chance_loss"], table["chance_hits"] = chance, 1 / batch
    path = folder / f"{name}.csv"
    (table if rows else table[["epoch"]]).to_csv(path, index=False)
    return path


def words(sheet: Sheet) -> list[list[str]]:
    """The texts in each panel."""
    return [[text.get_text() for text in axes.texts] for axes in sheet.figure.axes]


@pytest.mark.parametrize(
    ("rows", "val"), [(12, True), (12, False), (1, True), (200, True), (0, False)]
)
def test_nothing_overlaps_or_is_cut(
    tmp_path: Path, rows: int, val: bool, faults_of: Callable[[Sheet], list[str]]
) -> None:
    runs = {
        name: history(tmp_path, name, rows, val=val, learns=name == "trained")
        for name in ("trained", "shuffled")
    }
    assert faults_of(training_sheet(runs)) == []


def test_lines_and_chance_are_named_at_their_ends(tmp_path: Path) -> None:
    runs = {"trained": history(tmp_path, "trained", 10)}
    of_loss, of_hits, of_retrieval = words(training_sheet(runs))
    assert of_loss == [
        "trained, training 0.42",
        "trained, validation 0.42",
        "chance 4.16",
    ]
    assert of_hits[-1] == "chance 1.6 %"
    assert of_retrieval[-1] == "chance 5.3 %"


def test_validation_is_dashed_and_drawn_only_where_there_is_any(tmp_path: Path) -> None:
    for val in (True, False):
        runs = {"trained": history(tmp_path, "trained", 10, val=val)}
        axes = training_sheet(runs).figure.axes[0]
        drawn = [line for line in axes.lines if line.get_marker() == "o"]
        assert [line.is_dashed() for line in drawn] == ([False, True] if val else [False])
        last = words(training_sheet(runs))[2]
        assert (last == ["none judged"]) == (not val)


def test_a_run_without_epochs_is_named(tmp_path: Path) -> None:
    runs = {
        "trained": history(tmp_path, "trained", 5),
        "shuffled": history(tmp_path, "shuffled", 0),
    }
    sheet = training_sheet(runs)
    assert any("Without any epoch: shuffled." in text.get_text() for text in sheet.figure.texts)
    assert words(sheet)[0][0].startswith("trained")


def test_drawn_whole_and_the_same_each_time(
    tmp_path: Path, check_whole: Callable[[Path], None]
) -> None:
    runs = {"trained": history(tmp_path, "trained", 5)}
    for name in ("one", "two"):
        draw_training(runs, tmp_path / f"{name}.png")
    check_whole(tmp_path / "one.png")
    for kind in ("png", "svg"):
        one, two = (tmp_path / f"{name}.{kind}" for name in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "missing"),
        ("", "not a readable CSV"),
        ("epoch,loss\n1,2\n", "lacks rain_to_depth"),
        (
            "epoch,loss,rain_to_depth,depth_to_rain,chance_loss,chance_hits\n1,low,0,0,4,0\n",
            "loss hold no number",
        ),
    ],
)
def test_faulty_history_is_named(tmp_path: Path, content: str | None, message: str) -> None:
    path = tmp_path / "history.csv"
    if content is not None:
        path.write_text(content)
    with pytest.raises(PluvialError, match=rf"history\.csv.*{message}"):
        draw_training({"trained": path}, tmp_path / "a.png")
