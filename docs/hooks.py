"""What MkDocs is told beyond mkdocs.yml: pages that lie elsewhere, and a page per package.

On GitHub the links between README.md, config/README.md and docs/ are those of the files. Here the
same files are pages, and the links are turned to them; a link to a file that is no page shows its
path instead.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[1]
PAGES = {
    "README.md": "index.md",
    "config/README.md": "configuration.md",
    "profiles/README.md": "profiles.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
}
"""Files of the checkout that are pages, and what the pages are called."""
PLACES = {page: place for place, page in PAGES.items()}
LINK = re.compile(r"(?<!\!)\[(?P<text>[^\]]*)\]\((?P<target>[^)\s]+)\)")
PICTURE = re.compile(r"!\[(?P<text>[^\]]*)\]\((?P<target>[^)\s]+)\)")


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that lie elsewhere, and those of the library."""
    for place, page in PAGES.items():
        files.append(File.generated(config, page, content=(ROOT / place).read_text()))
    for page, content in _library():
        files.append(File.generated(config, page, content=content))
    return files


def _library() -> Iterator[tuple[str, str]]:
    """A page per package of the library, and one that lists them."""
    package = ROOT / "workflow" / "pluvial"
    listed = ["# Library", "", "One page per package; [the floors](../architecture.md#floors) say "]
    listed += ["which imports which.", "", "| package | modules |", "| --- | --- |"]
    for folder in sorted(path.parent for path in package.glob("*/__init__.py")):
        modules = sorted(p.stem for p in folder.glob("[a-z]*.py"))
        yield f"api/{folder.name}.md", _package(f"pluvial.{folder.name}", folder)
        listed.append(f"| [`{folder.name}`]({folder.name}.md) | {', '.join(modules)} |")
    yield "api/index.md", "\n".join(listed) + "\n"


def _package(name: str, folder: Path) -> str:
    modules = [
        ".".join([name, *path.relative_to(folder).with_suffix("").parts])
        for path in sorted(folder.rglob("[a-z]*.py"))
    ]
    return f"# {name}\n\n" + "\n\n".join(f"::: {module}" for module in modules) + "\n"


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Turn links to files of the checkout to the pages that they are."""
    here = PLACES.get(page.file.src_uri, f"docs/{page.file.src_uri}")
    return PICTURE.sub(
        lambda found: _turned(found, here, page.file.src_uri, "!"),
        LINK.sub(lambda found: _turned(found, here, page.file.src_uri, ""), markdown),
    )


def _turned(found: re.Match[str], here: str, page: str, mark: str) -> str:
    """A link from the file ``here``, as the page ``page`` writes it."""
    target, hash_, anchor = found["target"].partition("#")
    if not target or "://" in target or here.startswith("docs/api/"):
        return found[0]
    place = posixpath.normpath(posixpath.join(posixpath.dirname(here), target))
    if place in PAGES:
        aim = PAGES[place]
    elif place.startswith("docs/"):
        aim = place.removeprefix("docs/")
    elif (ROOT / place).exists():
        text = found["text"]
        return text if place in text else f"{text} (`{place}`)"
    else:
        return found[0]
    relative = os.path.relpath(aim, posixpath.dirname(page) or ".")
    return f"{mark}[{found['text']}]({relative}{hash_}{anchor})"
