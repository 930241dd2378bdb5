"""Small JSON documents: reports, manifests, sidecars."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pluvial.errors import PluvialError
from pluvial.files.atomic import write_text


def write_json(target: str | Path, document: Any) -> None:
    """Write ``document`` atomically as indented JSON with a final newline.

    NaN and infinities are refused: they are not JSON, and no statistic of ours may be one.
    """
    write_text(target, json.dumps(document, indent=1, allow_nan=False) + "\n")


def read_json(source: str | Path) -> Any:
    """Read a JSON document, or say which file is not one."""
    try:
        return json.loads(Path(source).read_text())
    except FileNotFoundError:
        raise PluvialError(
            "the file is missing", where=source, remedy="Run the rule that makes it"
        ) from None
    except json.JSONDecodeError as error:
        raise PluvialError(
            f"not a JSON document ({error})",
            where=source,
            remedy="Delete the file and run the workflow again to remake it",
        ) from None
