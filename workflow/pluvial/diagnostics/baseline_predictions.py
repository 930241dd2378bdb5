"""Files of predictions by methods without learning, for the same times as a model's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pluvial.config.data import FramesConfig, RecordsConfig
from pluvial.config.skill import SkillConfig
from pluvial.config.times import TimeConfig
from pluvial.diagnostics.depth_baselines import (
    AllDry,
    Climatology,
    Fitted,
    Method,
    fit_look_up,
    fit_ridge,
    metres,
    over,
    parts,
)
from pluvial.diagnostics.rain_space import LARGEST_BYTES, Kept, RainSpace, kept_records, sampled
from pluvial.errors import PluvialError
from pluvial.frames.predictions import Axes, Part, write_predictions
from pluvial.frames.series import FrameSeries, open_all
from pluvial.jobs import logger, progress
from pluvial.records.window import window_of
from pluvial.sources.registry import DepthSource

SEEN = "ridge-largest"
"""The ridge regression that is given what a model is given."""
PERSISTENCE = "persistence"
"""It knows the depth at NOW, which a model of rain does not: it stands apart."""


def make_baselines(
    folder: Path,
    plans: Sequence[Path],
    time: TimeConfig,
    depth_config: DepthSource,
    frames: FramesConfig,
    records: RecordsConfig,
    thresholds: Sequence[float],
    config: SkillConfig,
    paths: Sequence[Path],
) -> None:
    """Fit all methods on the training split, and write what they predict.

    Args:
        folder: of the frames, ``rain/PERIOD.nc`` and ``depth/PERIOD.nc``.
        plans: the plans of all editions.
        time: of the case.
        depth_config: of the case.
        frames: of the case.
        records: of the case.
        thresholds: depths whose exceedance is predicted, m.
        config: of the skill.
        paths: the files to make, ``METHOD/SPLIT.nc`` each; METHOD is a key of
            :func:`fit_methods`, ``ridge-largest`` or ``persistence``.
    """
    rain, depth = open_all(folder, time, depth_config, frames)
    with rain, depth:
        cells, window = depth.grid.rows * depth.grid.cols, window_of(records)
        space = RainSpace(rain, window, cells)
        seen = RainSpace(rain, window, cells, largest=True)
        lead = records.lead_steps * rain.axis.step
        methods = fit_methods(plans, space, depth, lead, thresholds, config)
        if any(path.parent.name == SEEN for path in paths):
            methods[SEEN] = fit_seen(plans, seen, depth, lead, thresholds, config)
        for path in paths:
            name, kept = path.parent.name, kept_records(plans, path.stem)
            axes = Axes(depth.grid, list(thresholds), kept.times, lead)
            if name == PERSISTENCE:
                drawn = _persisted(kept, depth, thresholds)
                described = "the depth at NOW, unchanged"
            else:
                vectors = (seen if name == SEEN else space).vectors(kept.times)
                drawn = _predicted(methods[name], vectors, depth)
                described = methods[name].described
            _write(path, axes, drawn, name, described)


def fit_methods(
    plans: Sequence[Path],
    space: RainSpace,
    depth: FrameSeries,
    lead: int,
    thresholds: Sequence[float],
    config: SkillConfig,
) -> dict[str, Method]:
    """All methods, fitted, by name."""
    train, judged = _fitted_on(plans, space, depth, lead)
    methods: dict[str, Method] = {
        "climatology": Climatology(train, thresholds),
        "look-up": fit_look_up(train, judged, thresholds, config.neighbours),
        "ridge": fit_ridge(train, judged, thresholds, config.penalties),
        "all-dry": AllDry(train.depth.shape[1], thresholds),
    }
    for name, method in methods.items():
        logger.info("%s: %s", name, method.described)
    return methods


def fit_seen(
    plans: Sequence[Path],
    seen: RainSpace,
    depth: FrameSeries,
    lead: int,
    thresholds: Sequence[float],
    config: SkillConfig,
) -> Method:
    """The ridge regression on no more than a record holds."""
    ridge = fit_ridge(*_fitted_on(plans, seen, depth, lead), thresholds, config.penalties)
    ridge.described = f"{ridge.described}; of the largest rates alone, as a record holds them"
    logger.info("%s: %s", SEEN, ridge.described)
    return ridge


def _fitted_on(
    plans: Sequence[Path], space: RainSpace, depth: FrameSeries, lead: int
) -> tuple[Fitted, Fitted | None]:
    """The training records, or as many as can be held, and those that choices are made on."""
    most = LARGEST_BYTES // max(2 * depth.grid.rows * depth.grid.cols, 4 * space.size)
    whole = kept_records(plans, "train")
    if not whole.times.size:
        raise PluvialError(
            "the plan keeps no training record",
            where=plans[0],
            remedy="Lengthen `time`, or give `records.split.train` a larger share",
        )
    kept = sampled(whole, most)
    if kept.times.size < whole.times.size:
        logger.info("fitted on %d of %d training records", kept.times.size, whole.times.size)
    val = sampled(kept_records(plans, "val"), most)
    train = _fitted(kept, space, depth, lead)
    return train, _fitted(val, space, depth, lead) if val.times.size else None


def _fitted(kept: Kept, space: RainSpace, depth: FrameSeries, lead: int) -> Fitted:
    return Fitted(space.vectors(kept.times), depth_at(depth, kept.times + lead))


def depth_at(depth: FrameSeries, times: NDArray[np.int64]) -> NDArray[np.uint16]:
    """Packed depth of the last step up to each of ``times`` (ascending), uint16[N, cells]."""
    steps = (times - depth.axis.start) // depth.axis.step
    found = np.empty((times.size, depth.grid.rows * depth.grid.cols), dtype=np.uint16)
    cuts = np.flatnonzero(np.diff(steps) > 1) + 1
    for first, last in zip([0, *cuts], [*cuts, times.size], strict=True):
        for rows in parts(int(last) - int(first), found.shape[1]):
            here = slice(int(first) + rows.start, int(first) + rows.stop)
            start = int(steps[here.start])
            read = depth.read(start, int(steps[here.stop - 1]) + 1)
            found[here] = read[steps[here] - start].reshape(len(steps[here]), -1)
    return found


def _predicted(method: Method, vectors: NDArray[np.float32], depth: FrameSeries) -> Iterator[Part]:
    rows, cols = depth.grid.shape
    for part in parts(len(vectors), rows * cols):
        water, odds = method.predict(vectors[part])
        yield _as_maps(water, odds, rows, cols)


def _persisted(kept: Kept, depth: FrameSeries, thresholds: Sequence[float]) -> Iterator[Part]:
    rows, cols = depth.grid.shape
    for part in parts(kept.times.size, rows * cols):
        codes = depth_at(depth, kept.times[part])
        water, here = metres(codes)
        odds = np.where(here[:, None], over(codes, thresholds), np.nan).astype(np.float32)
        yield _as_maps(np.where(here, water, np.nan), odds, rows, cols)


def _as_maps(water: NDArray[np.float32], odds: NDArray[np.float32], rows: int, cols: int) -> Part:
    """Depth [n, cells] and odds [n, K, cells] as the writer takes them."""
    maps = np.moveaxis(odds.reshape(*odds.shape[:2], rows, cols), 1, -1)
    # How much of the rain is missing is not looked at here.
    return water.reshape(-1, rows, cols), maps, np.full(len(water), np.nan, np.float32)


def _write(path: Path, axes: Axes, drawn: Iterator[Part], name: str, described: str) -> None:
    cells = axes.grid.rows * axes.grid.cols
    told = progress(drawn, name, len(list(parts(axes.references.size, cells))))
    write_predictions(
        path,
        axes,
        told,
        title=f"pluvial: water depth without learning, {name}",
        provenance={"method": name, "described": described},
    )
