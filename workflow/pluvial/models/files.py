"""Models on the disk: ``.keras`` with a SHA-256 sidecar, written whole, loaded in safe mode."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras

from pluvial.files.atomic import atomic_path, write_text
from pluvial.files.fingerprints import check_sidecar, file_sha256, sidecar
from pluvial.models.dual_encoder import ClampedScale, DualEncoder
from pluvial.models.layers import AppendField, LayerScale, LogStandardise

OURS = {
    f"pluvial>{kind.__name__}": kind
    for kind in (AppendField, ClampedScale, DualEncoder, LayerScale, LogStandardise)
}
"""The classes a model of ours may hold; whatever else it names is refused."""


def save_model(model: keras.Model, path: Path) -> None:
    """Write ``path`` and its ``.sha256``. Keras itself writes in place and checks nothing."""
    with atomic_path(path) as temporary:
        whole = temporary.with_name(f"{temporary.name}.keras")
        try:
            model.save(whole)
            whole.replace(temporary)
        finally:
            whole.unlink(missing_ok=True)
    write_text(sidecar(path), f"{file_sha256(path)}  {path.name}\n")


def load_model(path: Path) -> Any:
    """Load a model whose bytes are those its sidecar names.

    Raises:
        PluvialError: if the sidecar is missing or names other bytes.
    """
    check_sidecar(path)
    return keras.saving.load_model(path, safe_mode=True, custom_objects=OURS)
