"""Checkpoints: kept outside any rule's outputs, one folder per configuration and dataset.

Snakemake deletes a rule's outputs before it runs the rule again; what shall survive an
interruption must live elsewhere.
"""

from __future__ import annotations

import re
from pathlib import Path

from pluvial.errors import PluvialError
from pluvial.files.fingerprints import sidecar
from pluvial.jobs import logger
from pluvial.models.dual_encoder import DualEncoder
from pluvial.models.files import load_model, save_model

KEPT = 2
"""The last checkpoint, and the one before it in case the last is damaged."""


class Checkpoints:
    """The checkpoints of one training, in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def _found(self) -> list[tuple[int, Path]]:
        """(epoch, file), newest first."""
        matches = (
            (re.fullmatch(r"epoch-(\d+)\.keras", path.name), path)
            for path in self.folder.glob("epoch-*.keras")
        )
        return sorted(((int(m[1]), path) for m, path in matches if m), reverse=True)

    def latest(self) -> tuple[int, DualEncoder] | None:
        """The newest whole checkpoint: (epochs done, model with its optimizer); None if none."""
        for epoch, path in self._found():
            try:
                return epoch, load_model(path)
            except PluvialError as error:
                logger.warning("passing over a checkpoint: %s", error)
        return None

    def save(self, epoch: int, model: DualEncoder) -> None:
        """Keep ``model`` as it is after ``epoch`` epochs; older checkpoints are removed."""
        save_model(model, self.folder / f"epoch-{epoch:05d}.keras")
        for _, path in self._found()[KEPT:]:
            path.unlink()
            sidecar(path).unlink(missing_ok=True)
