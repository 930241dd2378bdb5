"""Checkpoints: kept outside any rule's outputs, one folder per configuration and dataset.

Snakemake deletes a rule's outputs before it runs the rule again; what shall survive an
interruption must live elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pluvial.errors import PluvialError
from pluvial.files.documents import read_json, write_json
from pluvial.files.fingerprints import sidecar
from pluvial.jobs import leave_record_in, logger
from pluvial.models.files import load_model, save_model

KEPT = 2
"""The last checkpoint, and the one before it in case the last is damaged."""
BEST = "best.keras"


@dataclass(frozen=True)
class Checkpoint:
    """A training, as it was.

    Attributes:
        step: training steps done.
        model: with its optimizer.
        sums: what the steps of the epoch that is under way add up to.
    """

    step: int
    model: Any
    sums: dict[str, float]


class Checkpoints:
    """The checkpoints of one training, in ``folder``.

    Args:
        folder: theirs alone.
        load: what loads a model whose bytes are those its sidecar names.
    """

    def __init__(self, folder: Path, load: Callable[[Path], Any] = load_model) -> None:
        self.folder, self._load = folder, load
        self._told = False

    @property
    def best(self) -> Path:
        """The model that did best on the validation split."""
        return self.folder / BEST

    def _found(self) -> list[tuple[int, Path]]:
        """(step, file), newest first."""
        matches = (
            (re.fullmatch(r"step-(\d+)\.keras", path.name), path)
            for path in self.folder.glob("step-*.keras")
        )
        return sorted(((int(m[1]), path) for m, path in matches if m), reverse=True)

    def latest(self) -> Checkpoint | None:
        """The newest whole checkpoint; None if there is none."""
        for step, path in self._found():
            try:
                return Checkpoint(step, self._load(path), read_json(path.with_suffix(".json")))
            except PluvialError as error:
                logger.warning("passing over a checkpoint: %s", error)
        return None

    def save(self, step: int, model: Any, sums: dict[str, float]) -> None:
        """Keep ``model`` as it is after ``step`` steps; older checkpoints are removed."""
        path = self.folder / f"step-{step:08d}.keras"
        # The model last: what stands beside a model is there when the model is.
        write_json(path.with_suffix(".json"), sums)
        if not self._told:
            leave_record_in(self.folder)
            self._told = True
        save_model(model, path)
        for _, old in self._found()[KEPT:]:
            for file in (old, sidecar(old), old.with_suffix(".json")):
                file.unlink(missing_ok=True)
