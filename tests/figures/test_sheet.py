"""The page, its style, and labels that make way for each other."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pluvial.errors import PluvialError
from pluvial.figures.sheet import Sheet, spread
from pluvial.figures.style import DEPTH_CLASSES, RAIN_CLASSES, percent, round_up, style


@given(st.lists(st.floats(-5, 15), max_size=8), st.floats(0.1, 2))
def test_spread_keeps_order_and_distance(wanted: list[float], gap: float) -> None:
    places = spread(wanted, gap, 0, 10)
    assert places.shape == (len(wanted),)
    order = np.argsort(wanted, kind="stable")
    least = min(gap, 10 / max(len(wanted) - 1, 1))
    assert (np.diff(places[order]) >= least - 1e-9).all()
    assert ((places >= -1e-9) & (places <= 10 + 1e-9)).all()


def test_spread_moves_nothing_that_has_room() -> None:
    np.testing.assert_allclose(spread([5, 1, 9], 2, 0, 10), [5, 1, 9])


def test_spread_parts_a_cluster_about_its_middle() -> None:
    np.testing.assert_allclose(spread([5, 5, 5], 1, 0, 10), [4, 5, 6])


def test_style_leaves_the_users_settings_alone() -> None:
    with mpl.rc_context({"font.size": 31, "svg.hashsalt": "theirs"}):
        with style():
            assert mpl.rcParams["font.size"] < 31
            assert mpl.rcParams["svg.hashsalt"] == "pluvial"
        assert mpl.rcParams["font.size"] == 31


def test_the_users_settings_leave_the_figure_alone(tmp_path: Path) -> None:
    for name, size in (("one", 10), ("two", 31)):
        with mpl.rc_context({"font.size": size, "axes.facecolor": "red"} if size > 10 else {}):
            with style():
                sheet = Sheet(2, 2)
                sheet.axes(0.5, 0.5, 1, 1).set_title("words")
            sheet.save(tmp_path / f"{name}.png")
    for kind in ("png", "svg"):
        assert (tmp_path / f"one.{kind}").read_bytes() == (tmp_path / f"two.{kind}").read_bytes()


def test_only_png_is_a_name() -> None:
    with pytest.raises(PluvialError, match=r"figure\.pdf"):
        Sheet(2, 2).save(Path("figure.pdf"))


@pytest.mark.parametrize("classes", [RAIN_CLASSES, DEPTH_CLASSES], ids=["rain", "depth"])
def test_classes_have_their_colours(classes) -> None:
    """Below the first edge dry, on an edge the class above it, without a value nothing."""
    edges = np.array(classes.edges)
    shown = classes.colormap(classes.norm(np.concatenate([edges, [1e6]])))
    np.testing.assert_allclose(shown[:-1], classes.colours)
    np.testing.assert_allclose(shown[-1], classes.colours[-1])
    dry = classes.colormap(classes.norm(edges[0] * 0.99))
    assert tuple(dry) in {(1.0, 1.0, 1.0, 1.0), (0.0, 0.0, 0.0, 0.0)}
    missing = classes.colormap(classes.norm(np.ma.masked_invalid([np.nan])))
    assert missing[0, 3] == 0


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.21, 0.25), (0.25, 0.25), (0.26, 0.5), (7, 10), (1.0, 1.0), (3e-4, 5e-4)],
)
def test_round_up(value: float, expected: float) -> None:
    assert round_up(value) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0, "0 %"),
        (0.0004, "0.04 %"),
        (0.025, "2.5 %"),
        (0.123, "12 %"),
        (1, "100 %"),
        (0.996, "100 %"),
    ],
)
def test_percent(share: float, words: str) -> None:
    assert percent(share) == words
