"""The HTML of the page: the template, the script, and arrays packed into it.

Arrays travel as gzip in base64, which a browser unpacks with ``DecompressionStream``. The page
asks the network for nothing, and its Content-Security-Policy forbids it to.
"""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from string import Template
from typing import Any

import numpy as np
from numpy.typing import NDArray

ASSETS = Path(__file__).parent / "assets"
SCRIPTS = ("data", "state", "map", "axes", "legend", "record", "main")
"""Parts of the script, in the order in which they run; they share one scope."""

DATA_TYPES = {"uint8": "u1", "uint16": "u2", "int32": "i4", "float32": "f4", "float64": "f8"}


@dataclass
class Blocks:
    """Arrays for the page's script.

    Attributes:
        first: HTML of what the page needs before anything is seen.
        later: HTML of what it needs once it is asked for; it stands behind the script, which
            runs before a browser has read that far.
        names: of the first ones.
    """

    first: list[str] = field(default_factory=list)
    later: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)

    def add(self, name: str, values: NDArray[Any], *, first: bool = False) -> None:
        """Pack an array, little-endian and in C order, under the id ``name``."""
        kind = DATA_TYPES[values.dtype.name]
        raw = np.ascontiguousarray(values).astype(f"<{kind}", copy=False).tobytes()
        packed = base64.b64encode(gzip.compress(raw, 6, mtime=0)).decode()
        html = f'<script type="text/plain" id="{name}" data-type="{kind}">{packed}</script>'
        (self.first if first else self.later).append(html)
        if first:
            self.names.append(name)


@dataclass(frozen=True)
class Words:
    """What stands on the page before any script runs.

    Attributes:
        title: of the window, as text.
        about: what is shown, as text.
        headline: whether it learned, in a line, as text.
        learning: the same in tables and charts, as HTML.
    """

    title: str
    about: str
    headline: str
    learning: str


def render(words: Words, document: dict[str, Any], blocks: Blocks) -> str:
    """The page as HTML.

    Args:
        words: what needs no script.
        document: what the script is told besides the arrays; it must be plain JSON.
        blocks: the arrays.
    """
    document = {**document, "first_blocks": blocks.names}
    meta = json.dumps(document, allow_nan=False, separators=(",", ":"), ensure_ascii=False)
    return Template((ASSETS / "explorer.html").read_text()).substitute(
        title=escape(words.title),
        about=escape(words.about),
        headline=escape(words.headline),
        learning=words.learning,
        style=(ASSETS / "explorer.css").read_text(),
        # A script element ends at the first "</script", wherever it stands.
        meta=meta.replace("<", "\\u003c"),
        first="\n".join(blocks.first),
        script="\n".join((ASSETS / f"{part}.js").read_text() for part in SCRIPTS),
        later="\n".join(blocks.later),
    )
