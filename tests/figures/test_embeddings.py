"""The embedding figure and its control: whole, the same each time, and fit for small cases."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PathCollection
from matplotlib.colors import to_hex
from pluvial.config.learning import FiguresConfig
from pluvial.errors import PluvialError
from pluvial.figures import embeddings
from pluvial.figures.embeddings import Row, draw_embeddings, draw_random_control, embedding_sheet
from pluvial.figures.records import CLASS_NAMES, labels_of, read_records
from pluvial.figures.sheet import Sheet

CONFIG = FiguresConfig()
BOTH = (Row("rain", "rain embedding"), Row("depth", "depth embedding"))
DAY = 86400


def projection(folder: Path, count: int = 300, dimensions: int = 16, **columns: Any) -> Path:
    """A file as the rule `umap` writes it, with ``columns`` set to other values."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "time": 1_600_000_000 + 300 * np.arange(count),
            "split": np.where(np.arange(count) < 0.4 * count, "train", "test"),
            "storm": 1 + np.arange(count) // 15,
            "flooded_fraction": rng.uniform(0, 0.2, count) ** 1.5,
        }
    )
    for space in ("rain", "depth", "random"):
        table[space] = list(rng.standard_normal((count, dimensions)).astype(np.float32))
        table[f"{space}_x"], table[f"{space}_y"] = rng.standard_normal((2, count))
    for name, value in columns.items():
        table[name] = [value] * count if isinstance(value, np.ndarray) else value
    path = folder / "umap.parquet"
    table.to_parquet(path)
    return path


def sheet_of(umap: Path, rows: tuple[Row, ...] = BOTH) -> Sheet:
    return embedding_sheet(umap, CONFIG, rows, "Title", "Subtitle")


SMALL: dict[str, dict[str, Any]] = {
    "usual": {},
    "few records": {"count": 60},
    "many dimensions": {"dimensions": 230, "count": 240},
    "one storm": {"storm": 1},
    "before any storm": {"storm": 0},
    "storms on different days": {"time": 1_600_000_000 + 3000 * np.arange(300)},
    "all dry": {"flooded_fraction": 0.0},
    "none dry": {"flooded_fraction": np.linspace(0.04, 1, 300)},
    "no test split": {"split": "train"},
    "validation only": {"split": "val"},
    "constant vectors": {"depth": np.ones(16, np.float32)},
    "some constant dimensions": {
        "depth": [np.float32([x, -x, 1, 0]) for x in np.linspace(-1, 1, 300)]
    },
    "two dimensions": {"dimensions": 2},
    "one dimension": {"dimensions": 1},
    "all at one place": {"rain_x": 1.0, "rain_y": 1.0},
}


@pytest.mark.parametrize("case", SMALL)
def test_nothing_overlaps_or_is_cut(
    tmp_path: Path, case: str, faults_of: Callable[[Sheet], list[str]]
) -> None:
    columns = {
        name: list(value) if isinstance(value, np.ndarray) and value.size == 300 else value
        for name, value in SMALL[case].items()
    }
    assert faults_of(sheet_of(projection(tmp_path, **columns))) == []


def test_constant_dimensions_are_counted(tmp_path: Path) -> None:
    sheet = sheet_of(projection(tmp_path, **SMALL["some constant dimensions"]))
    words = [text.get_text() for text in sheet.figure.texts]
    assert words.count("Depth embedding, 2 of 4 dimensions vary") == 1


def test_the_legends_count_every_record(tmp_path: Path) -> None:
    umap = projection(tmp_path, flooded_fraction=[0.0] * 100 + [0.01] * 150 + [0.5] * 50)
    (legend, _) = sheet_of(umap).figure.legends
    labels = [text.get_text() for text in legend.get_texts()]
    counts = {0: 100, 1: 150, 3: 50}
    assert labels == [f"{CLASS_NAMES[k]} ({n})" for k, n in counts.items()]


def test_drawn_whole_and_the_same_each_time(
    tmp_path: Path, check_whole: Callable[[Path], None]
) -> None:
    umap = projection(tmp_path, count=90)
    for folder in ("one", "two"):
        draw_embeddings(umap, CONFIG, tmp_path / folder / "embeddings.png")
    check_whole(tmp_path / "one" / "embeddings.png")
    for kind in ("png", "svg"):
        one, two = (tmp_path / folder / f"embeddings.{kind}" for folder in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()


def test_control_is_drawn_by_the_same_code(tmp_path: Path, monkeypatch: Any) -> None:
    """Only the column and the words differ."""
    asked = []

    def spy(umap: Path, config: FiguresConfig, rows: tuple[Row, ...], *words: str) -> Sheet:
        asked.append([row.column for row in rows])
        return embedding_sheet(umap, config, rows, *words)

    monkeypatch.setattr(embeddings, "embedding_sheet", spy)
    monkeypatch.setattr(Sheet, "save", lambda *_: None)
    umap = projection(tmp_path)
    draw_embeddings(umap, CONFIG, tmp_path / "a.png")
    draw_random_control(umap, CONFIG, tmp_path / "b.png")
    assert asked == [["rain", "depth"], ["random"]]


def test_the_same_points_look_the_same_as_embedding_and_as_control(tmp_path: Path) -> None:
    table = pd.read_parquet(projection(tmp_path))
    for end in ("", "_x", "_y"):
        table[f"random{end}"] = table[f"rain{end}"]
    table.to_parquet(tmp_path / "umap.parquet")
    pictures = []
    for column in ("rain", "random"):
        sheet = sheet_of(tmp_path / "umap.parquet", (Row(column, "points"),))
        sheet.figure.canvas.draw()
        pictures.append(np.asarray(sheet.figure.canvas.buffer_rgba()))
    np.testing.assert_array_equal(*pictures)


def storm_colours(sheet: Sheet, letter_axes: list[int]) -> list[dict[str, str]]:
    """Name to colour in the legend of each map of storms."""
    found = []
    for number in letter_axes:
        legend = sheet.figure.axes[number].get_legend()
        names = [text.get_text() for text in legend.get_texts()]
        found.append(
            dict(zip(names, [to_hex(h.get_color()) for h in legend.legend_handles], strict=True))
        )
    return found


def test_storms_bear_one_colour_in_all_panels(tmp_path: Path) -> None:
    """Each record is drawn in the colour that both legends give its storm."""
    umap = projection(tmp_path)
    labels, spaces = read_records(umap, ["rain", "depth"])
    sheet = sheet_of(umap)
    maps = [k for k, axes in enumerate(sheet.figure.axes) if axes.get_legend()]
    above, below = storm_colours(sheet, maps)
    assert above == below
    assert len(above) == 7 + 2
    for number, space in zip(maps, spaces, strict=True):
        drawn = {}
        for layer in sheet.figure.axes[number].findobj(PathCollection):
            for place, colour in zip(layer.get_offsets(), layer.get_facecolors(), strict=True):
                drawn[tuple(np.asarray(place))] = to_hex(colour)
        for group in (*labels.storms, *labels.crowd):
            for place in space.flat[group.members]:
                assert drawn[tuple(place)] == above[group.label].lower()


def test_storms_are_named_by_most_records_in_order_of_time() -> None:
    sizes = {3: 5, 4: 50, 5: 40, 6: 30, 7: 20, 8: 10, 9: 8, 10: 7, 11: 6}
    storm = np.concatenate([[0] * 9, [1] * 100, *([s] * n for s, n in sizes.items())])
    table = pd.DataFrame(
        {
            "time": DAY * np.arange(storm.size),
            "split": np.where(storm == 1, "train", "test"),
            "storm": storm,
            "flooded_fraction": 0.0,
        }
    )
    labels = labels_of(table)
    assert [int(group.members.sum()) for group in labels.storms] == [50, 40, 30, 20, 10, 8, 7]
    assert {group.name: int(group.members.sum()) for group in labels.crowd} == {
        "training": 100,
        "other held-out": 9 + 5 + 6,
    }
    drawn = sum(group.members.astype(int) for group in (*labels.storms, *labels.crowd))
    assert (drawn == 1).all()


def test_storms_of_one_day_are_told_apart_by_the_hour() -> None:
    table = pd.DataFrame(
        {
            "time": [0, 3600, 5 * 3600, 2 * DAY],
            "split": "test",
            "storm": [1, 1, 2, 3],
            "flooded_fraction": 0.0,
        }
    )
    names = [group.name for group in labels_of(table).storms]
    assert names == ["1970-01-01 00:00", "1970-01-01 05:00", "1970-01-03"]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"storm": None}, "without a value in storm"),
        ({"rain": np.float32([np.nan] * 16)}, "finite"),
        ({"rain": [np.ones(2 + k % 2) for k in range(300)]}, "from 2 to 3 dimensions"),
        ({"count": 0}, "no record"),
    ],
)
def test_faulty_projection_is_named(tmp_path: Path, columns: dict[str, Any], message: str) -> None:
    with pytest.raises(PluvialError, match=rf"umap\.parquet.*{message}"):
        draw_embeddings(projection(tmp_path, **columns), CONFIG, tmp_path / "a.png")
    assert not list(tmp_path.glob("*.png"))


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (lambda path: path.unlink(), "missing"),
        (lambda path: path.write_bytes(b"PAR1"), "not a readable parquet file"),
        (
            lambda path: pd.read_parquet(path).drop(columns="rain_x").to_parquet(path),
            "lacks the columns rain_x",
        ),
    ],
)
def test_faulty_file_is_named(tmp_path: Path, fault: Callable[[Path], Any], message: str) -> None:
    umap = projection(tmp_path)
    fault(umap)
    with pytest.raises(PluvialError, match=rf"umap\.parquet.*{message}"):
        draw_embeddings(umap, CONFIG, tmp_path / "a.png")
