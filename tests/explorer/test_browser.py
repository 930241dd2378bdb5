"""The page in a real browser: what is shown and selected is what numpy finds in the data."""

from __future__ import annotations

import base64
import io
import json
import time
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from explored import Run, make_run
from matplotlib.colors import to_rgb
from matplotlib.image import imread
from matplotlib.path import Path as Polygon
from numpy.typing import NDArray
from pluvial.explorer.spaces import pack_map
from pluvial.explorer.thumbnails import MISSING_CLASS, classify, shrink
from pluvial.figures.style import DEPTH_CLASSES, RAIN_CLASSES, Classes
from pluvial.frames.variables import DEPTH, unpack
from scipy import stats

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
keys = pytest.importorskip("selenium.webdriver.common.keys").Keys
actions = pytest.importorskip("selenium.webdriver.common.action_chains")
Select = pytest.importorskip("selenium.webdriver.support.select").Select

LIMIT = 3.0
WAIT_SECONDS = 20.0


class Explorer:
    """The open page, and what a visitor does to it."""

    def __init__(self, driver: Any, run: Run) -> None:
        self.driver, self.run = driver, run

    def open(self, page: Path, width: int = 1440, height: int = 900, dark: bool = False) -> None:
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
        for log in ("browser", "performance"):
            self.driver.get_log(log)
        self.driver.get(page.as_uri())
        self.until("window.explorer && explorer.ready > 0 && explorer.complete() >= 0")
        self.settle()

    def js(self, code: str, *arguments: Any) -> Any:
        return self.driver.execute_script(f"return {code.strip()}", *arguments)

    def until(self, condition: str, *arguments: Any) -> None:
        end = time.monotonic() + WAIT_SECONDS
        while not self.js(condition, *arguments):
            assert time.monotonic() < end, f"never: {condition}"
            time.sleep(0.02)

    def settle(self) -> None:
        """Until everything that follows a change is drawn."""
        self.driver.execute_async_script(
            "const done = arguments[0];"
            "setTimeout(() => requestAnimationFrame(() => requestAnimationFrame(done)), 120)"
        )

    def element(self, css: str) -> Any:
        return self.driver.find_element("css selector", css)

    def text(self, css: str) -> str:
        return str(self.element(css).text)

    def choose(self, css: str, value: str) -> None:
        Select(self.element(css)).select_by_value(value)
        self.settle()

    def pointer(self) -> tuple[Any, Any]:
        chain = actions.ActionChains(self.driver, duration=20)
        return chain, chain.w3c_actions.pointer_action

    def hover(self, record: int) -> None:
        chain, pointer = self.pointer()
        pointer.move_to_location(*map(round, self.js("explorer.place(arguments[0])", record)))
        chain.perform()

    def click(self, record: int) -> None:
        chain, pointer = self.pointer()
        pointer.move_to_location(*map(round, self.js("explorer.place(arguments[0])", record)))
        pointer.click()
        chain.perform()
        self.settle()

    def drag(self, places: list[tuple[float, float]], *, shift: bool = False) -> None:
        chain, pointer = self.pointer()
        if shift:
            chain.key_down(keys.SHIFT).perform()
        chain, pointer = self.pointer()
        pointer.move_to_location(*map(round, places[0]))
        pointer.pointer_down()
        for place in places[1:]:
            pointer.move_to_location(*map(round, place))
        pointer.pointer_up()
        chain.perform()
        if shift:
            actions.ActionChains(self.driver).key_up(keys.SHIFT).perform()
        self.settle()

    def press(self, css: str, *names: str) -> None:
        self.js("document.querySelector(arguments[0]).focus()", css)
        actions.ActionChains(self.driver).send_keys(*names).perform()
        self.settle()

    def selected(self) -> set[int]:
        return set(self.js("explorer.selected()"))

    def brush(self, p: int, low: float, high: float) -> None:
        """Drag along the axis at place ``p`` between two codes."""
        self.drag([tuple(self.js("explorer.axisPlace(...arguments)", p, c)) for c in (low, high)])

    def pixels(self, css: str) -> NDArray[np.uint8]:
        """A canvas's own pixels, uint8[rows, cols, 3]."""
        url = self.js("document.querySelector(arguments[0]).toDataURL()", css)
        image = imread(io.BytesIO(base64.b64decode(url.partition(",")[2])), format="png")
        return np.rint(255 * image[..., :3]).astype(np.uint8)

    def codes(self, space: str = "rain") -> dict[int, NDArray[np.float64]]:
        """Codes of each row of axes, from the vectors alone."""
        meta = json.loads(self.js("document.querySelector('#meta').textContent"))
        (found,) = [one for one in meta["spaces"] if one["id"] == space]
        vectors = self.run.vectors(space)
        standard = (vectors - vectors.mean(axis=0)) / vectors.std(axis=0)
        codes = np.clip(np.rint((standard / LIMIT + 1) * 127.5), 0, 255)
        turned = np.clip(np.rint((1 - standard / LIMIT) * 127.5), 0, 255)
        pairs = zip(found["dimensions"], found["flipped"], strict=True)
        return {row: (turned if f else codes)[:, d] for row, (d, f) in enumerate(pairs)}


@pytest.fixture
def explorer(chromium: Any, run: Run, page: Path) -> Iterator[Explorer]:
    """The page, freshly opened; it must not have complained by the end of the test."""
    opened = Explorer(chromium, run)
    opened.open(page)
    yield opened
    assert [entry["message"] for entry in chromium.get_log("browser")] == []


def colours(classes: Classes) -> NDArray[np.int64]:
    table = np.vstack([[1.0, 1.0, 1.0], classes.colours[:, :3]])
    return np.rint(255 * table).astype(int)


def test_hovering_shows_the_record_under_the_pointer(explorer: Explorer, run: Run) -> None:
    for record in (17, 120, 236):
        explorer.hover(record)
        explorer.until("explorer.shown() === arguments[0]", record)
        time_of = pd.Timestamp(int(run.table["time"][record]), unit="s")
        assert f"{time_of:%Y-%m-%d %H:%M} UTC" in explorer.text("#record-title")
        assert "pinned" not in explorer.text("#record-title")
        for channel in range(3):
            found = explorer.pixels(f"#channels figure:nth-child({channel + 1}) canvas")
            codes = run.records.rain[record, :, :, channel]
            edges = np.asarray(RAIN_CLASSES.edges)
            classes = (codes[..., None] / 32 >= edges).sum(axis=-1)
            known = codes != 65535
            np.testing.assert_array_equal(found[known], colours(RAIN_CLASSES)[classes][known])
            hatch = {tuple(pixel) for pixel in found[~known].tolist()}
            assert hatch <= {(243, 239, 230), (181, 170, 148)}
        # A thumbnail's corner is the mean of the cells it covers.
        found = explorer.pixels("#depths figure canvas")
        rows, cols = 48 // 32 + 1, 40 // 27 + 1
        corner = run.records.depth[record, -rows:, -cols:].mean() / 1000
        expected = colours(DEPTH_CLASSES)[(corner >= np.asarray(DEPTH_CLASSES.edges)).sum()]
        np.testing.assert_array_equal(found[-1, -1], expected)


def test_what_was_predicted_stands_beside_what_came(
    chromium: Any, run: Run, tmp_path: Path
) -> None:
    opened = Explorer(chromium, run)
    opened.open(run.write_page(tmp_path / "with.html", files=run.of_depth_model))
    for record, split in ((17, "train"), (230, "test")):
        opened.click(record)
        opened.until("explorer.complete() === arguments[0]", record)
        assert run.table["split"][record] == split
        maps = [opened.pixels(f"#depths figure:nth-child({k}) canvas") for k in (1, 2)]
        words = opened.text("#depths figure:nth-child(2)")
        if split == "train":
            assert words == "not predicted"
            assert (maps[1] == 255).all()
            continue
        assert words == "predicted"
        for found, depth in zip(
            maps, (unpack(run.records.depth[record], DEPTH), run.predicted[record]), strict=True
        ):
            classes = classify(shrink(depth), DEPTH_CLASSES.edges)
            known = classes != MISSING_CLASS
            np.testing.assert_array_equal(found[known], colours(DEPTH_CLASSES)[classes[known]])
        names = [e.text for e in opened.driver.find_elements("css selector", "#values dt")]
        values = [e.text for e in opened.driver.find_elements("css selector", "#values dd")]
        csi = float(dict(zip(names, values, strict=True))["CSI of prediction"])
        assert 0 < csi < 1
    opened.choose("#colour", "csi")
    assert [entry["message"] for entry in chromium.get_log("browser")] == []


def test_values_of_the_record_are_those_of_the_table(explorer: Explorer, run: Run) -> None:
    explorer.click(77)
    explorer.until("explorer.complete() === 77")
    assert explorer.js("explorer.pinned()") == 77
    names = [e.text for e in explorer.driver.find_elements("css selector", "#values dt")]
    values = [e.text for e in explorer.driver.find_elements("css selector", "#values dd")]
    found = dict(zip(names, values, strict=True))
    row = run.table.iloc[77]
    assert float(found["flooded area"].split()[0]) == pytest.approx(
        100 * row["flooded_fraction"], abs=0.051
    )
    assert float(found["deepest water"].split()[0]) == pytest.approx(row["depth_max_m"], abs=0.051)
    assert found["deepest water"].endswith(" m")
    assert found["heaviest rain"].endswith(" mm/h")


def test_a_brush_selects_what_numpy_selects_and_the_map_shows_it(explorer: Explorer) -> None:
    codes = explorer.codes()
    explorer.brush(5, 90, 160)
    explorer.brush(14, 40, 255)
    brushes = explorer.js("explorer.brushes()")
    step = 255 / 250  # codes in a pixel, about
    asked = {5: (90, 160), 14: (40, 255)}
    expected = np.ones(240, dtype=bool)
    for row, (low, high) in brushes:
        np.testing.assert_allclose((low, high), asked[row], atol=2 * step)
        expected &= (codes[row] >= low) & (codes[row] <= high)
    assert len(brushes) == 2
    assert 5 < expected.sum() < 200
    assert explorer.selected() == set(np.flatnonzero(expected))
    assert explorer.text("#count").startswith(f"{expected.sum()} of 240 selected")
    check_map(explorer, expected)
    # A click on the axis takes its brush away.
    explorer.drag([tuple(explorer.js("explorer.axisPlace(5, 125)"))])
    (row, (low, high)), *others = explorer.js("explorer.brushes()")
    assert not others
    assert explorer.selected() == set(np.flatnonzero((codes[row] >= low) & (codes[row] <= high)))
    explorer.press("#map-over", keys.ESCAPE)
    assert len(explorer.selected()) == 240
    assert explorer.text("#count") == "240 records"


def check_map(explorer: Explorer, expected: NDArray[np.bool_]) -> None:
    """On the map what is not selected is grey, what is selected has a colour."""
    image = explorer.pixels("#map-points").astype(int)
    box = explorer.js("document.querySelector('#map-points').getBoundingClientRect()")
    saturation = np.full(240, np.nan)
    for record in range(240):
        x, y = explorer.js("explorer.place(arguments[0])", record)
        col, row = round(x - box["left"]), round(y - box["top"])
        if 4 < row < image.shape[0] - 5 and 4 < col < image.shape[1] - 5:
            saturation[record] = np.ptp(image[row, col])
    seen = ~np.isnan(saturation)
    assert seen.sum() > 150
    grey = 12 + np.ptp(np.rint(255 * np.array(to_rgb("#c9d1d9"))))
    np.testing.assert_array_equal(saturation[seen] > grey, expected[seen])


def test_brushed_axes_can_be_reordered(explorer: Explorer) -> None:
    codes = explorer.codes()
    explorer.brush(3, 100, 200)
    before = explorer.selected()
    for order in ("separation", "dimension", "correlation"):
        explorer.choose("#order", order)
        assert sorted(explorer.js("explorer.order()")) == list(range(24))
        assert explorer.selected() == before
    explorer.choose("#order", "dimension")
    meta = json.loads(explorer.js("document.querySelector('#meta').textContent"))
    space = meta["spaces"][0]
    order = explorer.js("explorer.order()")
    assert [space["dimensions"][row] for row in order] == list(range(24))
    # By number no axis is turned over: a brush at the top takes the largest values.
    turned = next(p for p, row in enumerate(order) if space["flipped"][row])
    explorer.press("#axes-over", keys.ESCAPE)
    explorer.brush(turned, 200, 255)
    vectors = explorer.run.vectors("rain")[:, turned]
    taken = np.array(sorted(explorer.selected()))
    assert vectors[taken].min() > np.delete(vectors, taken).max()
    ((row, (low, high)),) = explorer.js("explorer.brushes()")
    assert set(taken) == set(np.flatnonzero((codes[row] >= low) & (codes[row] <= high)))


def test_a_lasso_selects_what_lies_within(explorer: Explorer, run: Run) -> None:
    box = explorer.js("document.querySelector('#map-over').getBoundingClientRect()")
    x, y = box["left"] + box["width"] / 2, box["top"] + box["height"] / 2
    places = [
        (x - 120, y - 90),
        (x + 150, y - 60),
        (x + 20, y),
        (x + 110, y + 110),
        (x - 90, y + 60),
    ]
    explorer.drag(places, shift=True)
    corners = np.array(explorer.js("explorer.lasso()")).reshape(-1, 2)
    flat = pack_map(run.table[["rain_x", "rain_y"]].to_numpy(np.float64))
    expected = Polygon(corners).contains_points(flat)
    assert len(corners) == 5
    assert 10 < expected.sum() < 150
    assert explorer.selected() == set(np.flatnonzero(expected))
    # And back: the dimensions show the selection, so that medians are its own.
    check_summary(
        explorer, expected, np.digitize(run.table["flooded_fraction"], (0.001, 0.03, 0.1))
    )


def check_summary(
    explorer: Explorer, chosen: NDArray[np.bool_], classes: NDArray[np.int64]
) -> None:
    """Medians by numpy; eta squared from the F of scipy's analysis of variance."""
    found, codes = explorer.js("explorer.summary()"), explorer.codes()
    present = np.unique(classes[chosen])
    for row, values in codes.items():
        groups = [values[chosen & (classes == one)] for one in present]
        for one, group in zip(present, groups, strict=True):
            median = np.quantile(group, 0.5, method="inverted_cdf")
            assert found["medians"][one][row] == median
        if len(groups) > 1:
            f = stats.f_oneway(*groups).statistic
            between, within = len(groups) - 1, sum(map(len, groups)) - len(groups)
            expected = f * between / (f * between + within)
            assert found["eta"][row] == pytest.approx(expected, rel=1e-4)


def test_colours_switch_with_legend_classes_and_separation(explorer: Explorer, run: Run) -> None:
    options = [o.get_attribute("value") for o in Select(explorer.element("#colour")).options]
    assert {"flooded", "rain", "time", "storm", "split"} <= set(options)
    pictures = set()
    for option in options:
        explorer.choose("#colour", option)
        label = Select(explorer.element("#colour")).first_selected_option.text
        assert explorer.text("#legend h3") == label
        pictures.add(explorer.pixels("#map-points").tobytes())
    assert len(pictures) == len(options)
    explorer.choose("#colour", "split")
    codes = run.table["split"].map({"train": 0, "val": 1, "test": 2}).to_numpy()
    check_summary(explorer, np.ones(240, dtype=bool), codes)
    counts = [e.text for e in explorer.driver.find_elements("css selector", ".category b")]
    assert counts == [str((codes == k).sum()) for k in range(3)]


def test_categories_and_ranges_filter(explorer: Explorer, run: Run) -> None:
    explorer.choose("#colour", "split")
    explorer.element(".category:nth-of-type(1)").click()
    explorer.settle()
    assert explorer.selected() == set(np.flatnonzero(run.table["split"] != "train"))
    explorer.choose("#colour", "rain")
    explorer.press("#legend input:first-child", *[keys.PAGE_UP] * 8)
    words = explorer.js("document.querySelector('#legend input:first-child').ariaValueText")
    least = float(words.split()[0])
    chosen = np.array(sorted(explorer.selected()))
    rain = run.table["rain_mm"].to_numpy()
    assert words.endswith(" mm")
    assert rain[chosen].min() >= least - 0.06
    left = (run.table["split"] != "train").to_numpy() & (rain > least + 0.06)
    assert set(np.flatnonzero(left)) <= set(chosen)
    explorer.element("#clear").click()
    explorer.settle()
    assert len(explorer.selected()) == 240
    assert explorer.js("document.querySelector('#legend input').value") == "0"


def test_arrow_keys_step_through_a_storm_and_stop_at_its_ends(explorer: Explorer, run: Run) -> None:
    storm = run.table["storm"].to_numpy()
    own = np.flatnonzero(storm == 3)
    explorer.click(int(own[1]))
    assert explorer.js("explorer.pinned()") == own[1]
    explorer.press("#map-over", keys.ARROW_RIGHT, keys.ARROW_RIGHT)
    assert explorer.js("explorer.pinned()") == own[3]
    assert "storm 3" in explorer.js("document.querySelector('#announce').textContent")
    explorer.press("#map-over", *[keys.ARROW_LEFT] * 5)
    assert explorer.js("explorer.pinned()") == own[0]
    explorer.press("#map-over", *[keys.ARROW_RIGHT] * (own.size + 2))
    assert explorer.js("explorer.pinned()") == own[-1]
    explorer.press("#map-over", keys.ARROW_DOWN)
    assert explorer.js("explorer.pinned()") == own[-1] + 1
    explorer.press("#map-over", keys.ARROW_UP)
    assert explorer.js("explorer.pinned()") == own[0]


def test_everything_can_be_done_with_keys(explorer: Explorer, run: Run) -> None:
    codes = explorer.codes()
    explorer.press("#axes-over", keys.HOME, keys.ARROW_RIGHT, keys.ARROW_RIGHT, keys.ENTER)
    ((row, (low, high)),) = explorer.js("explorer.brushes()")
    assert row == explorer.js("explorer.order()")[2]
    expected = set(np.flatnonzero((codes[row] >= low) & (codes[row] <= high)))
    assert explorer.selected() == expected
    explorer.press("#axes-over", keys.ARROW_DOWN, "]")
    ((_, (lower, upper)),) = explorer.js("explorer.brushes()")
    assert (lower, upper) == (low - 10, high)
    explorer.press("#axes-over", keys.ENTER)
    assert len(explorer.selected()) == 240
    explorer.press("#map-over", keys.ENTER)
    around = explorer.selected()
    flat = pack_map(run.table[["rain_x", "rain_y"]].to_numpy(np.float64)).astype(float)
    away = np.linalg.norm(flat - flat[explorer.js("explorer.pinned()")], axis=1)
    assert 0 < len(around) < 240
    assert away[sorted(around)].max() < np.delete(away, sorted(around)).min() * 1.01
    explorer.press("#map-over", "]", "]")
    assert around < explorer.selected()


def test_tab_reaches_every_control_and_each_has_a_name(explorer: Explorer) -> None:
    wanted = set(
        explorer.js(
            "[...document.querySelectorAll('button, select, input, canvas[tabindex]')]"
            ".filter((e) => e.checkVisibility({visibilityProperty: true}) && !e.disabled"
            " && e.tabIndex >= 0).map((e, k) => (e.dataset.k = String(k)))"
        )
    )
    assert len(wanted) > 25
    reached = set()
    explorer.js("document.body.focus()")
    for _ in range(len(wanted) + 6):
        actions.ActionChains(explorer.driver).send_keys(keys.TAB).perform()
        here = explorer.js("document.activeElement.dataset.k ?? ''")
        if not here:  # past the last one, or a panel that scrolls
            continue
        outline = explorer.js("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none" or explorer.js("document.activeElement.type") == "range", here
        reached.add(here)
    assert wanted <= reached
    tree = explorer.driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    for node in tree:
        focusable = any(
            p["name"] == "focusable" and p["value"]["value"] for p in node.get("properties", [])
        )
        role = node.get("role", {}).get("value")
        if focusable and not node["ignored"] and role != "RootWebArea":
            assert node["name"]["value"].strip(), node


def test_spaces_switch_and_the_control_has_its_own_axes(explorer: Explorer) -> None:
    explorer.brush(2, 100, 255)
    for space in ("depth", "random"):
        explorer.choose("#space", space)
        assert explorer.js("explorer.brushes()") == []
        codes = explorer.codes(space)
        explorer.brush(4, 128, 230)
        ((row, (low, high)),) = explorer.js("explorer.brushes()")
        assert explorer.selected() == set(
            np.flatnonzero((codes[row] >= low) & (codes[row] <= high))
        )


def test_what_a_record_retrieves_can_be_followed(explorer: Explorer, run: Run) -> None:
    record = int(np.flatnonzero(run.table["split"] == "test")[0])
    explorer.press("#map-over", "0")
    explorer.click(record)
    explorer.until("explorer.complete() === arguments[0]", record)
    frames = explorer.driver.find_elements("css selector", "#rain_to_depth .true")
    assert frames
    assert "true: " in explorer.text("#rain_to_depth .tile:last-child")
    first = explorer.element("#rain_to_depth .tile:first-child")
    day = pd.Timestamp(first.get_attribute("title"))
    first.click()
    pinned = explorer.js("explorer.pinned()")
    assert pd.Timestamp(int(run.table["time"][pinned]), unit="s") == day
    assert run.table["split"][pinned] == "test"
    explorer.until("explorer.complete() === arguments[0]", pinned)


def test_the_selection_is_saved_as_a_table(explorer: Explorer, run: Run, tmp_path: Path) -> None:
    behaviour = {"behavior": "allow", "downloadPath": str(tmp_path)}
    explorer.driver.execute_cdp_cmd("Browser.setDownloadBehavior", behaviour)
    explorer.brush(6, 60, 150)
    explorer.element("#save").click()
    end = time.monotonic() + WAIT_SECONDS
    while not (files := list(tmp_path.glob("*.csv"))):
        assert time.monotonic() < end
        time.sleep(0.05)
    saved = pd.read_csv(files[0])
    rows = sorted(explorer.selected())
    assert files[0].name == "made-up-selection.csv"
    times = pd.to_datetime(saved["time"]).dt.tz_localize(None)
    np.testing.assert_array_equal(times, pd.to_datetime(run.table["time"][rows], unit="s"))
    np.testing.assert_allclose(saved["rain (mm)"], run.table["rain_mm"][rows], rtol=1e-5)
    assert saved["storm"].notna().all()


def test_the_verdict_and_the_curves_are_on_the_page(explorer: Explorer) -> None:
    assert explorer.text("#headline") == "R@10 62 %, chance 59 %"
    explorer.element("#headline").click()
    assert explorer.element("#learning").is_displayed()
    assert not explorer.element("#record").is_displayed()
    assert len(explorer.driver.find_elements("css selector", "#learning svg.chart")) == 3
    actions.ActionChains(explorer.driver).send_keys(keys.ARROW_LEFT).perform()
    assert explorer.element("#record").is_displayed()


def test_the_list_of_keys_opens_and_closes(explorer: Explorer) -> None:
    explorer.press("#map-over", "?")
    assert explorer.element("#keys").is_displayed()
    actions.ActionChains(explorer.driver).send_keys(keys.ESCAPE).perform()
    assert not explorer.element("#keys").is_displayed()


def test_it_asks_no_network(chromium: Any, run: Run, page: Path) -> None:
    explorer = Explorer(chromium, run)
    explorer.open(page)
    explorer.hover(50)
    explorer.choose("#space", "random")
    messages = [json.loads(e["message"])["message"] for e in chromium.get_log("performance")]
    asked = {
        message["params"]["request"]["url"]
        for message in messages
        if message["method"] == "Network.requestWillBeSent"
    }
    assert asked == {page.as_uri(), "data:,"} or asked == {page.as_uri()}


TEXTS = """
(() => {
  const found = [], seen = (e) => e.checkVisibility({ visibilityProperty: true });
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const node = walk.currentNode, parent = node.parentElement;
    if (!node.data.trim() || !seen(parent) || parent.closest('script, option, .unseen, .tip')) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const box of range.getClientRects()) {
      if (box.width && box.height) found.push([node.data.trim(), box.left, box.top, box.right, box.bottom]);
    }
  }
  return found;
})()
"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(1440, 900), (1024, 768)])
@pytest.mark.parametrize("tab", ["record", "learning"])
def test_nothing_overlaps_or_is_cut(
    chromium: Any, run: Run, page: Path, width: int, height: int, dark: bool, tab: str
) -> None:
    explorer = Explorer(chromium, run)
    explorer.open(page, width, height, dark)
    explorer.element(f"#tab-{tab}").click()
    options = Select(explorer.element("#colour")).options
    for colour in [option.get_attribute("value") for option in options]:
        explorer.choose("#colour", colour)
        texts = explorer.js(TEXTS)
        assert len(texts) > 40
        over = [
            (one[0], two[0])
            for one, two in combinations(texts, 2)
            if min(one[3], two[3]) - max(one[1], two[1]) > 1.5
            and min(one[4], two[4]) - max(one[2], two[2]) > 2.5
        ]
        assert over == []
        assert explorer.js("document.documentElement.scrollWidth") <= width
        assert explorer.js("document.documentElement.scrollHeight") <= height
        cut = [words for words, left, _, right, _ in texts if left < 0 or right > width]
        assert cut == []
        assert explorer.js(
            "[...document.querySelectorAll('#side, #learning, #record, #legend')]"
            ".every((e) => e.scrollWidth <= e.clientWidth)"
        )


def test_dark_follows_the_reader_and_the_button(chromium: Any, run: Run, page: Path) -> None:
    explorer = Explorer(chromium, run)
    explorer.open(page, dark=True)
    assert explorer.pixels("#map-points").mean() < 60
    explorer.element("#theme").click()
    explorer.settle()
    assert explorer.pixels("#map-points").mean() > 200


def test_a_run_of_one_storm_and_few_records_still_opens(chromium: Any, tmp_path: Path) -> None:
    small = make_run(tmp_path, count=5, dimensions=2, storms=1)
    explorer = Explorer(chromium, small)
    explorer.open(small.write_page(tmp_path / "small.html"))
    explorer.press("#map-over", keys.ARROW_RIGHT, keys.ARROW_UP, keys.ARROW_DOWN, "+", keys.ENTER)
    assert explorer.js("explorer.pinned()") >= 0
    assert [entry["message"] for entry in chromium.get_log("browser")] == []
