"""Writing the card of a dataset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pluvial.files.atomic import write_text
from pluvial.files.documents import write_json
from pluvial.records.card.croissant import croissant_document
from pluvial.records.card.facts import gather
from pluvial.records.card.text import card_text


def write_card(
    manifest: Path,
    plans: Sequence[Path],
    report: Path,
    proofs: Path | None,
    case: Mapping[str, Any],
    code: str,
    path: Path,
    croissant: Path,
    *,
    rain: Sequence[Path],
    depth: Sequence[Path],
    heightmap: Path,
    licence: str = "",
    published: str = "",
) -> None:
    """Write the card of a finished dataset; the same documents give the same bytes.

    Args:
        manifest: of the dataset.
        plans: the plans' summaries, named by their editions.
        report: on the frames.
        proofs: that everything adds up, if they were made.
        case: the configuration, as JSON.
        code: version of the code that made the records.
        path: the Markdown file to make, beside the manifest.
        croissant: the Croissant JSON-LD to make, beside it.
        rain: its frames files, which know the raw files.
        depth: its frames files, likewise.
        heightmap: its file, likewise: a simulated depth is made from it.
        licence: of the data, if somebody has named one: best a URL.
        published: day of publication (2020-01-31), if it is.
    """
    facts = gather(
        manifest,
        plans,
        report,
        proofs,
        rain=rain,
        depth=depth,
        heightmap=heightmap,
        case=case,
        code=code,
        licence=licence,
        published=published,
    )
    write_text(path, card_text(facts))
    write_json(croissant, croissant_document(facts))
