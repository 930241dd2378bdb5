"""The probes of a case's depth model: its largest held-out storms, its terrain, its solver."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pluvial.config.data import FramesConfig
from pluvial.config.simulation import FlowConfig, SimulatedDepth
from pluvial.config.times import TimeConfig
from pluvial.diagnostics.depth_probes import Depth, Probed, Rain, World, probe_storm
from pluvial.files.atomic import atomic_path
from pluvial.files.documents import write_json
from pluvial.frames.elevation import read_elevation
from pluvial.frames.series import FrameSeries, open_all
from pluvial.frames.variables import RAIN, pack, unpack
from pluvial.grids.align import nearest_cells
from pluvial.grids.time_axis import iso
from pluvial.jobs import logger
from pluvial.models.depth.network import settle
from pluvial.records.window import pool
from pluvial.sources.registry import DepthSource
from pluvial.training.depth.forecast import Forecaster

BASE = "as it was"
MOST_HOURS = 24
"""Hours of a storm that are used at most, those about its heaviest rain."""
DEFAULT_FLOW = FlowConfig()
"""Of the solver, where the depth of the case is not simulated."""


def make_probes(
    model: Path,
    courses: Path,
    folder: Path,
    heightmap: Path,
    time: TimeConfig,
    depth_config: DepthSource,
    frames: FramesConfig,
    storms: int,
    path: Path,
    responses: Path,
) -> None:
    """Probe a depth model with the largest held-out storms; write the table and the responses.

    Args:
        model: the ``model.keras``.
        courses: the table of depths at gauges, as ``diagnostics.skill`` writes it.
        folder: of the frames.
        heightmap: elevations.
        time: of the case.
        depth_config: of the case; if it is simulated, its flow is the solver's.
        frames: of the case.
        storms: how many are used.
        path: the JSON file to make.
        responses: the npz file to make: what the figure shows of the largest storm.
    """
    rain, depth = open_all(folder, time, depth_config, frames)
    flow = depth_config.flow if isinstance(depth_config, SimulatedDepth) else DEFAULT_FLOW
    with rain, depth:
        world = _world(model, heightmap, rain, flow)
        spans = _spans(pd.read_parquet(courses), storms, rain)
        probed = [probe_storm(world, _rain(rain, *span)) for span in spans]
    document = _document(probed, spans, rain)
    kept = sum(row["kept"] is True for row in document["probes"])
    logger.info("%d of %d rules are kept", kept, len(document["probes"]))
    _write_responses(responses, probed[:1], world.step_seconds / 3600)
    write_json(path, document)


def _world(model: Path, heightmap: Path, rain: FrameSeries, flow: FlowConfig) -> World:
    grid, elevation = read_elevation(heightmap)
    usual, mirrored = Forecaster(model), Forecaster(model)
    settle(mirrored.network, elevation[:, ::-1].copy())
    return World(
        _predictor(usual),
        _predictor(mirrored),
        elevation.astype(np.float64),
        grid,
        nearest_cells(rain.grid, grid),
        flow,
        float(rain.axis.step),
        usual.window.steps,
        usual.window.lead,
    )


def _predictor(forecaster: Forecaster) -> Callable[[Rain], Depth]:
    def predict(rain: Rain) -> Depth:
        codes, _ = pack(rain, RAIN)
        parts = [part[0] for part in forecaster.predict(pool(codes, forecaster.window))]
        return np.concatenate(parts).astype(np.float32)

    return predict


def _spans(courses: pd.DataFrame, most: int, rain: FrameSeries) -> list[tuple[int, int]]:
    """First and last step of the storms whose water rises highest at the first gauge."""
    here = courses[courses["gauge"] == courses["gauge"].iloc[0]]
    peaks = here.groupby("storm")["true"].max().sort_values(ascending=False)
    spans: list[tuple[int, int]] = []
    for storm in peaks.index:
        times = here.loc[here["storm"] == storm, "time"].to_numpy(np.int64)
        first, last = ((times[[0, -1]] - rain.axis.start) // rain.axis.step).tolist()
        areal = _rain(rain, first, last).mean(axis=(1, 2))
        wet = np.flatnonzero(areal > 0)
        if wet.size and len(spans) < most:
            half = MOST_HOURS * 3600 // rain.axis.step // 2
            heaviest = int(areal.argmax())
            start = max(int(wet[0]), heaviest - half)
            end = min(int(wet[-1]), heaviest + half)
            spans.append((first + start, first + end + 1))
    return spans


def _rain(rain: FrameSeries, first: int, last: int) -> Rain:
    """The steps first..last-1; what is missing is taken as dry here, where rain is made up."""
    return np.nan_to_num(unpack(rain.read(first, last), RAIN))


def _document(
    probed: Sequence[Probed], spans: Sequence[tuple[int, int]], rain: FrameSeries
) -> dict[str, Any]:
    """Rows of the probes: of the largest storm the numbers, of all of them how many passed."""
    rows = []
    for number, row in enumerate(probed[0].table if probed else []):
        kept = [one.table[number]["kept"] for one in probed]
        values = [one.table[number]["model"] for one in probed]
        solver = [one.table[number]["solver"] for one in probed]
        rows.append(
            {
                **row,
                "kept": None if None in kept else all(kept),
                "model_by_storm": values,
                "solver_by_storm": solver,
                "kept_by_storm": kept,
            }
        )
    storms = [
        {"first": iso(rain.axis.time(first)), "last": iso(rain.axis.time(last - 1))}
        for first, last in spans
    ]
    return {"storms": storms, "probes": rows}


def _write_responses(path: Path, probed: Sequence[Probed], step_hours: float) -> None:
    """Mean depth of each response of storms over time, and maps at the solver's peak."""
    arrays: dict[str, NDArray[Any]] = {"step_hours": np.array(step_hours)}
    for name, one in ((n, r) for each in probed for n, r in each.responses.items()):
        at = int(np.nan_to_num(probed[0].responses[BASE].solver).sum(axis=(1, 2)).argmax())
        arrays[f"{name}/rain"] = one.rain
        for kind in ("model", "solver"):
            depth = getattr(one, kind)
            arrays[f"{name}/{kind}/mean"] = np.nanmean(depth, axis=(1, 2))
            arrays[f"{name}/{kind}/map"] = depth[at]
    with atomic_path(path) as temporary, temporary.open("wb") as stream:
        np.savez(stream, allow_pickle=False, **arrays)
