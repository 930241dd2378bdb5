"""Snakemake's report of a finished case, without a network, in a real browser."""

from __future__ import annotations

import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
from workplace import Workplace

errors = pytest.importorskip("selenium.common.exceptions")

pytestmark = [
    pytest.mark.workflow,
    pytest.mark.browser,
    pytest.mark.xdist_group("smoke"),
]

WAIT_SECONDS = 30.0
CATEGORIES = {
    "Explorer": {"explorer"},
    "Verdict": {"is it learning?"},
    "Tables": {"retrieval", "training, epoch by epoch"},
    "Figures": {
        *("availability", "catchment", "domain", "plan", "training", "retrieval"),
        *("rain embedding", "depth embedding", "rain and depth together", "random control"),
        *("what rain retrieves", "similarity of all pairs"),
    },
}


class Report:
    """The open report, and what a reader does to it."""

    def __init__(self, driver: Any, page: Path) -> None:
        self.driver = driver
        driver.get(page.as_uri())

    def wait(self, css: str) -> list[Any]:
        """Elements, once there are some."""
        end = time.monotonic() + WAIT_SECONDS
        while not (found := self.driver.find_elements("css selector", css)):
            assert time.monotonic() < end, f"never: {css}"
            time.sleep(0.05)
        return list(found)

    def click(self, by: str, what: str, number: int = 0) -> None:
        """Click a link, once it is there and stands still.

        While the page builds itself, what was found may be moved or made anew before it is
        clicked; as a reader would, one looks again.
        """
        end = time.monotonic() + WAIT_SECONDS
        while True:
            found = self.driver.find_elements(by, what)
            try:
                if len(found) > number:
                    return found[number].click()
            except (errors.ElementClickInterceptedException, errors.StaleElementReferenceException):
                pass
            assert time.monotonic() < end, f"never to be clicked: {what}"
            time.sleep(0.05)

    def open_category(self, name: str) -> list[str]:
        """The names of what is in it."""
        self.driver.refresh()
        self.click("link text", name)
        return [row.text.strip() for row in self.wait("table tbody tr")]

    def view(self, number: int) -> Any:
        """What is shown once the eye of an entry is clicked."""
        self.click("css selector", "table a[iconname='eye']", number)
        time.sleep(0.3)

    def requests(self) -> set[str]:
        """Schemes of everything that the page asked for."""
        schemes = set()
        for entry in self.driver.get_log("performance"):
            if '"Network.requestWillBeSent"' in entry["message"]:
                url = entry["message"].split('"url":"')[1]
                schemes.add(url.partition(":")[0])
        return schemes


@pytest.fixture(scope="module")
def page(smoke: Workplace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the smoke case, as `make report` makes it."""
    folder = tmp_path_factory.mktemp("report")
    smoke.run("--report", str(folder / "report.zip"))
    with zipfile.ZipFile(folder / "report.zip") as packed:
        packed.extractall(folder)
    return folder / "report" / "report.html"


@pytest.fixture
def report(chromium: Any, page: Path) -> Report:
    chromium.get_log("performance")
    chromium.get_log("browser")
    return Report(chromium, page)


@pytest.mark.parametrize("category", CATEGORIES)
def test_every_category_holds_what_it_should(report: Report, category: str) -> None:
    assert set(report.open_category(category)) == CATEGORIES[category]


def test_every_figure_is_shown(report: Report) -> None:
    names = report.open_category("Figures")
    for number, name in enumerate(names):
        report.view(number)
        (image,) = report.wait("img[src*='data/raw']")
        end = time.monotonic() + WAIT_SECONDS
        while not report.driver.execute_script("return arguments[0].naturalWidth", image):
            assert time.monotonic() < end, f"{name} is not shown"
            (image,) = report.wait("img[src*='data/raw']")


def test_the_explorer_runs_inside(report: Report) -> None:
    report.open_category("Explorer")
    report.view(0)
    (frame,) = report.wait("iframe")
    report.driver.switch_to.frame(frame)
    end = time.monotonic() + WAIT_SECONDS
    ready = "return window.explorer && explorer.ready > 0 && explorer.complete() >= 0"
    while not report.driver.execute_script(ready):
        assert time.monotonic() < end, "the explorer is never ready"
        time.sleep(0.05)
    assert report.driver.find_element("css selector", "canvas").size["width"] > 100
    report.driver.switch_to.default_content()


def test_the_verdict_is_shown_with_its_caption(report: Report, smoke: Workplace) -> None:
    report.open_category("Verdict")
    report.view(0)
    (frame,) = report.wait("iframe")
    report.driver.switch_to.frame(frame)
    shown = report.driver.find_element("css selector", "strong").text
    report.driver.switch_to.default_content()
    assert f"<strong>{shown}</strong>" in (smoke.results / "figures" / "verdict.html").read_text()
    report.click("css selector", "a[iconname='information-circle']")
    end = time.monotonic() + WAIT_SECONDS
    while "Is it learning? The verdict on held-out storms" not in report.wait("body")[0].text:
        assert time.monotonic() < end, "no caption"
        time.sleep(0.05)


def test_nothing_is_fetched_from_elsewhere(report: Report) -> None:
    for category in CATEGORIES:
        report.open_category(category)
        report.view(0)
    assert report.requests() <= {"file", "data", "blob", "chrome"}
