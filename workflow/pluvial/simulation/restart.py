"""Restart files: the whole state of a run, bound to the terrain and settings it belongs to.

An uncompressed ``.npz`` (read without pickle) of the arrays of
:class:`pluvial.simulation.shallow_water.Water`, the number of steps done, the two fingerprints of
:class:`Setting`, and a digest over all of these: the zip's own CRC-32 does not cover its headers.
"""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import asdict, dataclass
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
        settings = {
            "cell_m": float(cell_m),
            "step_seconds": float(step_seconds),
            "flow": flow.model_dump(mode="json"),
        }
        return cls(terrain=_digest({"elevation": canonical}), config=document_sha256(settings))


def write_state(path: str | Path, setting: Setting, water: Water, *, steps_done: int) -> None:
    """Write a restart file atomically. The same state gives the same bytes."""
    content: Arrays = {name: getattr(water, name) for name in STATE_ARRAYS}
    content["steps_done"] = np.array(steps_done, dtype=np.int64)
    content |= {name: np.array(value) for name, value in asdict(setting).items()}
    content["digest"] = np.array(_digest(content))
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
    """Everything in the file, if its digest is right."""
    try:
        with Path(path).open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            content = {name: archive[name] for name in archive.files}
    except FileNotFoundError:
        raise PluvialError(
            "the restart file is missing",
            where=path,
            remedy="Simulate the steps before it first",
        ) from None
    except (ValueError, OSError, EOFError, KeyError, NotImplementedError, zipfile.BadZipFile) as e:
        raise _damaged(path, str(e)) from None
    digest = content.pop("digest", None)
    if digest is None or str(digest) != _digest(content):
        raise _damaged(path, "its digest is not that of its content")
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


def _digest(arrays: Arrays) -> str:
    """SHA-256 over names, types, shapes and bytes, in the order of the names."""
    digest = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        digest.update(f"{name} {array.dtype.str} {array.shape} ".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
