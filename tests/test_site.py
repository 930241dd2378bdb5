"""The documentation builds without a warning, its links lead somewhere, and it needs no network."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
from workplace import CHECKOUT

pytestmark = pytest.mark.xdist_group("site")
LINK = re.compile(r"(?<!`)\[[^\]]*\]\(([^)\s]+)\)")
LOADING = {"script": "src", "img": "src", "iframe": "src", "source": "src"}


class Page(HTMLParser):
    """What a page loads, where it leads, and its anchors."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = dict(attributes)
        self.anchors |= {str(found[key]) for key in ("id", "name") if found.get(key)}
        if LOADING.get(tag) in found:
            self.loads.append(str(found[LOADING[tag]]))
        if tag == "link" and found.get("rel") in ("stylesheet", "icon", "preload", "preconnect"):
            self.loads.append(str(found["href"]))
        if tag == "a" and found.get("href"):
            self.links.append(str(found["href"]))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site; any warning is an error."""
    pytest.importorskip("mkdocs")
    folder = tmp_path_factory.mktemp("site") / "site"
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet"]
    done = subprocess.run(
        [*command, "--site-dir", str(folder)],
        cwd=CHECKOUT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout + done.stderr == ""
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    return {path: Page(path.read_text()) for path in sorted(site.rglob("*.html"))}


def test_nothing_is_loaded_from_elsewhere(pages: dict[Path, Page], site: Path) -> None:
    for path, page in pages.items():
        for load in page.loads:
            assert "//" not in load, f"{path}: {load}"
            if path.name != "404.html":
                assert (path.parent / load.partition("?")[0]).exists(), f"{path}: {load}"
    for style in site.rglob("*.css"):
        assert not re.search(r"url\(['\"]?https?:", style.read_text()), style


def test_every_link_leads_somewhere(pages: dict[Path, Page]) -> None:
    for path, page in pages.items():
        if path.name == "404.html":
            continue
        for link in page.links:
            if re.match(r"[a-z]+:", link):
                continue
            name, _, anchor = unquote(link).partition("#")
            target = (path.parent / name).resolve() if name else path
            assert target.exists(), f"{path}: {link}"
            if anchor and target in pages:
                assert anchor in pages[target].anchors, f"{path}: {link}"


def test_every_module_is_in_the_reference(site: Path) -> None:
    listed = "".join(path.read_text() for path in (site / "api").glob("*.html"))
    package = CHECKOUT / "workflow" / "pluvial"
    for folder in package.glob("*/__init__.py"):
        for module in folder.parent.glob("[a-z]*.py"):
            assert f'id="pluvial.{folder.parent.name}.{module.stem}"' in listed, module


@pytest.mark.parametrize(
    "page",
    [
        *("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "config/README.md", "profiles/README.md"),
        *sorted(str(p.relative_to(CHECKOUT)) for p in (CHECKOUT / "docs").glob("*.md")),
    ],
)
def test_links_work_in_the_checkout_as_well(page: str) -> None:
    path = CHECKOUT / page
    for link in LINK.findall(path.read_text()):
        name = link.partition("#")[0]
        if name and not re.match(r"[a-z]+:", name):
            assert (path.parent / name).exists(), f"{page}: {link}"
