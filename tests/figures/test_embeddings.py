"""The embedding figure and its control: whole, the same each time, and fit for small cases."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.colors import to_hex
from pluvial.config.learning import FiguresConfig
from pluvial.errors import PluvialError
from pluvial.figures.embeddings import (
    both_sheet,
    control_sheet,
    draw_both,
    draw_embedding,
    draw_random_control,
    embedding_sheet,
)
from pluvial.figures.exemplars import Exemplars, choose_exemplars
from pluvial.figures.records import CLASS_NAMES, labels_of, read_records
from pluvial.figures.sheet import Sheet
from pluvial.grids.grid import Grid
from pluvial.records.manifest import write_manifest
from pluvial.records.window import Records, Window
from shards import write_records

CONFIG = FiguresConfig()
DAY = 86400


def projection(folder: Path, count: int = 300, dimensions: int = 16, **columns: Any) -> Path:
    """A file as the rule `umap` writes it, with ``columns`` set to other values."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "time": 1_600_000_000 + 300 * np.arange(count),
            "split": np.where(np.arange(count) < 0.4 * count, "train", "test"),
            "storm": 1 + np.arange(count) // 15,
            "rain_mm": rng.gamma(0.5, 20, count),
            "flooded_fraction": rng.uniform(0, 0.2, count) ** 1.5,
        }
    )
    for space in ("rain", "depth", "random"):
        table[space] = list(rng.standard_normal((count, dimensions)).astype(np.float32))
        table[f"{space}_x"], table[f"{space}_y"] = rng.standard_normal((2, count))
    table["faked_x"], table["faked_y"] = rng.standard_normal((2, count))
    for name, value in columns.items():
        table[name] = [value] * count if isinstance(value, np.ndarray) else value
    path = folder / "umap.parquet"
    table.to_parquet(path)
    return path


def fields(count: int, channels: int = 7) -> Records:
    """Rain and depth of some records, with a cell that is missing."""
    rng = np.random.default_rng(1)
    rain = rng.integers(0, 900, (count, 4, 4, channels)).astype(np.uint16)
    depth = rng.integers(0, 900, (count, 8, 8)).astype(np.uint16)
    rain[0, 0, 0, 0] = depth[0, 3, 3] = 65535
    return Records(np.arange(count), rain, depth)


def exemplars_of(flat: np.ndarray, flooded: np.ndarray) -> Exemplars:
    rows = choose_exemplars(flat, flooded, 0)
    names = ["−8 h", "−4 h", "−2 h", "−1 h", "−35′", "−20′", "−5′"]
    return Exemplars(rows, fields(rows.size), names)


def page_of(umap: Path, name: str) -> Sheet:
    """One of the pages, drawn from the file."""
    labels, (rain, depth, random) = read_records(umap, ["rain", "depth", "random"])
    if name == "both":
        return both_sheet(labels, rain, depth, CONFIG)
    if name == "control":
        return control_sheet(labels, random, random.flat[::-1], CONFIG)
    space = rain if name == "rain" else depth
    return embedding_sheet(labels, space, exemplars_of(space.flat, labels.flooded), name, CONFIG)


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


@pytest.mark.parametrize(
    ("case", "page"),
    [
        *((case, "depth") for case in SMALL),
        *((case, "both") for case in ("usual", "one storm", "all dry", "no test split")),
        *((case, "control") for case in ("usual", "validation only", "none dry")),
    ],
)
def test_nothing_overlaps_or_is_cut(
    tmp_path: Path, case: str, page: str, faults_of: Callable[[Sheet], list[str]]
) -> None:
    columns = {
        name: list(value) if isinstance(value, np.ndarray) and value.size == 300 else value
        for name, value in SMALL[case].items()
    }
    assert faults_of(page_of(projection(tmp_path, **columns), page)) == []


def test_constant_dimensions_are_counted(tmp_path: Path) -> None:
    sheet = page_of(projection(tmp_path, **SMALL["some constant dimensions"]), "depth")
    words = [text.get_text() for text in sheet.figure.texts]
    assert words.count("Depth embedding, 2 of 4 dimensions vary") == 1


def test_the_legends_count_every_record(tmp_path: Path) -> None:
    umap = projection(tmp_path, flooded_fraction=[0.0] * 100 + [0.01] * 150 + [0.5] * 50)
    (legend,) = page_of(umap, "rain").figure.legends
    labels = [text.get_text() for text in legend.get_texts()]
    counts = {0: 100, 1: 150, 3: 50}
    assert labels == [f"{CLASS_NAMES[k]} ({n})" for k, n in counts.items()]


def dataset_of(umap: Path) -> Path:
    """A manifest with a record at each time of the file."""
    table = pd.read_parquet(umap)
    sidecars = []
    for split in ("train", "test"):
        times = table.loc[table["split"] == split, "time"].to_numpy(np.int64)
        made = fields(times.size, 2)
        path = umap.parent / "shards" / split / "01-00000.tfrecord.gz"
        sidecars.append(write_records(Records(times, made.rain, made.depth), path))
    manifest = umap.parent / "shards" / "manifest.json"
    write_manifest(
        manifest,
        sidecars,
        window=Window((1, 2), 1),
        step=300,
        rain_grid=Grid(4, 4, 200.0),
        depth_grid=Grid(8, 8, 100.0),
    )
    return manifest


def test_drawn_whole_and_the_same_each_time(
    tmp_path: Path, check_whole: Callable[[Path], None]
) -> None:
    umap = projection(tmp_path, count=90)
    manifest = dataset_of(umap)
    for folder in ("one", "two"):
        draw_embedding(umap, manifest, "rain", CONFIG, tmp_path / folder / "rain.png")
        draw_both(umap, CONFIG, tmp_path / folder / "both.png")
        draw_random_control(umap, CONFIG, tmp_path / folder / "control.png")
    for name in ("rain", "both", "control"):
        check_whole(tmp_path / "one" / f"{name}.png")
        for kind in ("png", "svg"):
            one, two = (tmp_path / folder / f"{name}.{kind}" for folder in ("one", "two"))
            assert one.read_bytes() == two.read_bytes()


def test_the_same_points_look_the_same_as_embedding_and_as_control(tmp_path: Path) -> None:
    """Whatever the control shows was drawn as the embeddings are."""
    labels, (space,) = read_records(projection(tmp_path), ["rain"])
    pages = [
        embedding_sheet(labels, space, exemplars_of(space.flat, labels.flooded), "rain", CONFIG),
        control_sheet(labels, space, space.flat, CONFIG),
    ]
    drawn = []
    for page in pages:
        images = [image.get_array() for axes in page.figure.axes for image in axes.get_images()]
        points = page.figure.axes[0].findobj(PathCollection)[0]
        drawn.append((images[0], points.get_offsets(), points.get_array()))
    for one, two in zip(*drawn, strict=True):
        np.testing.assert_array_equal(one, two)


def test_exemplars_are_those_of_their_regions() -> None:
    """Eight tight clusters: one letter each, the driest first."""
    rng = np.random.default_rng(3)
    centres = 10 * rng.permutation(np.array([(x, y) for x in range(4) for y in range(2)]))
    flat = np.repeat(centres, 30, axis=0) + 0.1 * rng.standard_normal((240, 2))
    flooded = np.repeat(rng.permutation(8) / 10, 30)
    rows = choose_exemplars(flat, flooded, 0)
    assert (rows // 30).size == len(set(rows // 30)) == 8
    assert flooded[rows].tolist() == sorted(flooded[rows])


def test_the_joined_are_of_one_record(tmp_path: Path) -> None:
    labels, (rain, depth) = read_records(projection(tmp_path), ["rain", "depth"])
    sheet = both_sheet(labels, rain, depth, CONFIG)
    (lines,) = [one for one in sheet.figure.axes[0].collections if isinstance(one, LineCollection)]
    places = {tuple(place): row for row, place in enumerate(rain.flat)}
    segments = lines.get_segments()
    assert len(segments) == 60
    for start, end in segments:
        np.testing.assert_array_equal(depth.flat[places[tuple(start)]], end)


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
    found = []
    for side, space in zip(("rain", "depth"), spaces, strict=True):
        sheet = page_of(umap, side)
        maps = [k for k, axes in enumerate(sheet.figure.axes) if axes.get_legend()]
        colours = storm_colours(sheet, maps)[0]
        found.append(colours)
        drawn = {}
        for layer in sheet.figure.axes[maps[0]].findobj(PathCollection):
            for place, colour in zip(layer.get_offsets(), layer.get_facecolors(), strict=True):
                drawn[tuple(np.asarray(place))] = to_hex(colour)
        for group in (*labels.storms, *labels.crowd):
            for place in space.flat[group.members]:
                assert drawn[tuple(place)] == colours[group.label].lower()
    assert found[0] == found[1]
    assert len(found[0]) == 7 + 2


def test_storms_are_named_by_most_records_in_order_of_time() -> None:
    sizes = {3: 5, 4: 50, 5: 40, 6: 30, 7: 20, 8: 10, 9: 8, 10: 7, 11: 6}
    storm = np.concatenate([[0] * 9, [1] * 100, *([s] * n for s, n in sizes.items())])
    table = pd.DataFrame(
        {
            "time": DAY * np.arange(storm.size),
            "split": np.where(storm == 1, "train", "test"),
            "storm": storm,
            "rain_mm": 1.0,
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
            "rain_mm": 1.0,
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
        draw_both(projection(tmp_path, **columns), CONFIG, tmp_path / "a.png")
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
        draw_both(umap, CONFIG, tmp_path / "a.png")
