"""Restart files: the whole state of a run, bound to the terrain and settings it belongs to.

An uncompressed ``.npz`` (read without pickle) of the arrays of
:class:`pluvial.simulation.shallow_water.Water`, the number of steps done and the two fingerprints
of :class:`Setting`. The CRC-32 that the zip keeps of each of them is checked on reading.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from pluvial.config.simulation import FlowConfig
from pluvial.errors import PluvialError
from pluvial.files.atomic import atomic_path
from pluvial.files.fingerprints import document_sha256
from pluvial.simulation.shallow_water import Water

STATE_ARRAYS = ("depth", "qx", "qy", "soil", "sums")
"""What of the water is kept; the work arrays hold nothing between two substeps."""

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Setting:
    """What a state belongs to.

    Attributes:
        terrain: SHA-256 of the elevation's shape and values.
        config: SHA-256 of the cell, the step and the flow configuration.
    """

    terrain: str
    config: str

    @classmethod
    def of(
        cls,
        elevation: NDArray[np.float64],
        *,
        cell_m: float,
        flow: FlowConfig,
        step_seconds: float,
    ) -> Self:
        """Fingerprint the arguments of a :class:`~pluvial.simulation.run.Simulator`."""
        # One NaN has many bit patterns, and -0.0 is 0.0.
        canonical = np.where(np.isnan(elevation), np.nan, elevation) + 0.0
        terrain = hashlib.sha256(f"{canonical.shape} ".encode() + canonical.tobytes())
        settings = {
            "cell_m": float(cell_m),
            "step_seconds": float(step_seconds),
            "flow": flow.model_dump(mode="json"),
        }
        return cls(terrain=terrain.hexdigest(), config=document_sha256(settings))


def write_state(path: str | Path, setting: Setting, water: Water, *, steps_done: int) -> None:
    """Write a restart file atomically. The same state gives the same bytes."""
    content: Arrays = {name: getattr(water, name) for name in STATE_ARRAYS}
    content["steps_done"] = np.array(steps_done, dtype=np.int64)
    content |= {name: np.array(value) for name, value in asdict(setting).items()}
    with atomic_path(path) as temporary, temporary.open("wb") as stream:
        np.savez(stream, allow_pickle=False, **content)


def read_state(path: str | Path, setting: Setting, water: Water) -> int:
    """Fill ``water`` from a restart file, and return the number of steps done.

    Raises:
        PluvialError: the file is missing or damaged, or its state belongs to another setting.
    """
    content = _read_arrays(path)
    _check_setting(path, content, setting)
    for name in STATE_ARRAYS:
        kept: NDArray[np.float64] = getattr(water, name)
        kept[...] = content[name]
    return int(content["steps_done"])


def _read_arrays(path: str | Path) -> Arrays:
    """Everything in the file, if it is whole and a restart file."""
    try:
        with Path(path).open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            content = {name: archive[name] for name in archive.files}
    except FileNotFoundError:
        raise PluvialError(
            "the restart file is missing",
            where=path,
            remedy="Simulate the steps before it first",
        ) from None
    except Exception as error:  # a damaged archive fails in as many ways as it has fields
        raise _damaged(path, f"{type(error).__name__}: {error}") from error
    expected = {*STATE_ARRAYS, "steps_done", *(field.name for field in fields(Setting))}
    if content.keys() != expected:
        raise _damaged(path, f"it holds {sorted(content)}, not {sorted(expected)}")
    return content


def _check_setting(path: str | Path, content: Arrays, setting: Setting) -> None:
    differences = {
        "terrain": "it is the state of another terrain",
        "config": "it is the state of another flow configuration, cell or step",
    }
    for name, wanted in asdict(setting).items():
        if str(content[name]) != wanted:
            raise PluvialError(
                differences[name],
                where=path,
                remedy="Delete the restart files of the old run and simulate from the start",
            )


def _damaged(path: str | Path, reason: str) -> PluvialError:
    return PluvialError(
        f"the restart file is damaged ({reason})",
        where=path,
        remedy="Delete it and simulate the steps before it again",
    )
