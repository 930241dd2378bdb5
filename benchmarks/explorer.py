"""The explorer in headless Chromium: size, first picture, and its answers to the pointer.

    python benchmarks/explorer.py [--records 5000 50000]

Records are made up: 200 dimensions, rain of 16 x 16 cells in seven channels and depth of 32 x 32,
all noise, which nothing packs well: the size is the largest there is. Printed are, for each
number of records,

- the size of the page and the time to make it;
- first paint (the browser's first-contentful-paint) and the first whole picture;
- hover: from a pointer move to the record's thumbnails being drawn;
- brush: from a pointer move, with the button down, to the picture drawn anew, and the longest
  stall while it is dragged and let go;
- the change to another colour and to another space.

Software rendering: a GPU is faster.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "workflow"), str(ROOT / "tests")]

from explored import Shapes, make_run
from pluvial.grids.grid import Grid
from selenium import webdriver

SHAPES = Shapes(Grid(16, 16, 400.0), Grid(32, 32, 200.0), (1, 3, 3, 5, 12, 24, 48))
DIMENSIONS, RECORDS_OF_A_STORM = 200, 150
HOVERS, BRUSH_MOVES = 60, 40
ARGUMENTS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--window-size=1440,900",
)

WATCH = """
window.watched = { frames: [], shown: [], stalls: [] };
new PerformanceObserver((list) => list.getEntries().forEach((e) => watched.stalls.push(e.duration)))
  .observe({ type: "longtask" });
addEventListener("pointermove", () => {
  const began = performance.now(), before = explorer.shown();
  requestAnimationFrame(() => setTimeout(() => watched.frames.push(performance.now() - began)));
  const look = () => {
    if (explorer.shown() !== before) watched.shown.push(performance.now() - began);
    else if (performance.now() - began < 500) requestAnimationFrame(look);
  };
  look();
}, true);
"""
CHANGE = """
const [id, value, done] = arguments, select = document.querySelector(id), began = performance.now();
select.value = value;
select.dispatchEvent(new Event("change"));
const look = () => requestAnimationFrame(() => setTimeout(() => {
  // Another space must be unpacked first; the brushes and lasso of the old one tell nothing.
  if (id === "#space" && explorer.space() !== value) look();
  else done(performance.now() - began);
}));
look();
"""


@contextmanager
def browser() -> Iterator[Any]:
    """A headless Chromium with a fresh profile."""
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    with tempfile.TemporaryDirectory() as profile:
        for argument in (*ARGUMENTS, f"--user-data-dir={profile}"):
            options.add_argument(argument)
        driver = webdriver.Chrome(
            options=options, service=webdriver.ChromeService("/usr/bin/chromedriver")
        )
        try:
            yield driver
        finally:
            driver.quit()


def mouse(driver: Any, kind: str, place: Sequence[float], *, down: bool = False) -> None:
    """One event of the mouse, as the browser itself would take it."""
    event = {"type": kind, "x": place[0], "y": place[1], "button": "left" if down else "none"}
    driver.execute_cdp_cmd(
        "Input.dispatchMouseEvent", event | {"buttons": int(down), "clickCount": int(down)}
    )


def watched(driver: Any, name: str) -> list[float]:
    """What was measured since the last call."""
    time.sleep(0.6)
    return list(driver.execute_script(f"return watched.{name}.splice(0)"))


def spread(values: Sequence[float]) -> str:
    """Median and 95th percentile."""
    return "{:.0f} / {:.0f} ms".format(*np.percentile(values, [50, 95]))


def measure(page: Path, records: int) -> None:
    """Open the page and go over it."""
    with browser() as driver:
        driver.get(page.as_uri())
        while not driver.execute_script("return window.explorer && explorer.ready"):
            time.sleep(0.05)
        painted, ready = driver.execute_script(
            "return [performance.getEntriesByName('first-contentful-paint')[0]?.startTime,"
            " explorer.ready]"
        )
        print(f"  first paint {painted / 1000:.2f} s, first whole picture {ready / 1000:.2f} s")
        time.sleep(2)
        driver.execute_script(WATCH)
        rng = np.random.default_rng(1)
        for record in rng.integers(0, records, HOVERS):
            place = driver.execute_script("return explorer.place(arguments[0])", int(record))
            mouse(driver, "mouseMoved", place)
            time.sleep(0.05)
        print(f"  hover, p50 / p95: {spread(watched(driver, 'shown'))}")
        for name in ("frames", "stalls"):
            watched(driver, name)
        ends = [driver.execute_script("return explorer.axisPlace(90, arguments[0])", c)
                for c in (90, 220)]  # fmt: skip
        mouse(driver, "mouseMoved", ends[0])
        mouse(driver, "mousePressed", ends[0], down=True)
        for share in np.linspace(0, 1, BRUSH_MOVES):
            place = [float(a + share * (b - a)) for a, b in zip(*ends, strict=True)]
            mouse(driver, "mouseMoved", place, down=True)
        mouse(driver, "mouseReleased", ends[1], down=True)
        moves = watched(driver, "frames")
        stalls = watched(driver, "stalls")
        chosen = driver.execute_script("return explorer.selected().length")
        print(f"  brush of {chosen:,} records, p50 / p95: {spread(moves)}; "
              f"longest stall {max(stalls, default=0):.0f} ms")  # fmt: skip
        for select, value in (("#colour", "storm"), ("#space", "depth")):
            took = driver.execute_async_script(CHANGE, select, value)
            print(f"  {select[1:]} changed in {took:.0f} ms")


def main() -> None:
    """Make a page for each number of records, and measure it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--records", type=int, nargs="+", default=[5000, 50000])
    for records in parser.parse_args().records:
        with tempfile.TemporaryDirectory() as folder:
            run = make_run(
                Path(folder), records, DIMENSIONS, max(8, records // RECORDS_OF_A_STORM), SHAPES
            )
            began = time.monotonic()
            page = run.write_page(Path(folder) / "explorer.html", most=records)
            took = time.monotonic() - began
            print(f"{records:,} records: {page.stat().st_size / 1e6:.1f} MB, made in {took:.0f} s")
            measure(page, records)


if __name__ == "__main__":
    main()
