"""Fingerprints: SHA-256 of files for provenance, and of documents for cache keys."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from pluvial.errors import PluvialError


def file_sha256(path: str | Path) -> str:
    """Hex SHA-256 of a file's bytes, read in blocks."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def document_sha256(document: Any) -> str:
    """Hex SHA-256 of a JSON-like document, independent of key order."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def sidecar(path: str | Path) -> Path:
    """The checksum file that stands beside ``path``: ``path`` + ``.sha256``."""
    return Path(f"{path}.sha256")


def check_sidecar(path: str | Path) -> None:
    """Refuse a file whose bytes are not those its ``.sha256`` sidecar names."""
    beside = sidecar(path)
    if not beside.exists():
        raise PluvialError(
            "its checksum file is missing",
            where=path,
            remedy=f"Restore {beside.name}, or remake the file",
        )
    if beside.read_text().split()[0] != file_sha256(path):
        raise PluvialError(
            "its bytes are not those its checksum file names",
            where=path,
            remedy="The file is damaged or was edited: delete it and remake it",
        )
