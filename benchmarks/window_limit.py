"""What a perfect model of the window could reach: the solver itself, given no more rain than it.

    python benchmarks/window_limit.py results/default [--case config/config.yaml] [--every 24]

For every so manieth record of the test split the solver starts from dry ground with

* all rain of the last 24 hours,
* the rain of the record's window, or
* the window's channels alone: what each holds, spread over its steps, and where that is the largest
  rate, times the share of it that fell on average in the training split;

and what it gives for NOW + lead is judged as predictions are. What it lacks to the truth is what
fell before, and what the channels do not tell: no model of the same input can do better, but by
luck. Needs a case whose depth is simulated.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray
from pluvial.case.case import Case, load_case
from pluvial.config.simulation import SimulatedDepth
from pluvial.diagnostics.gauges import gauges_of
from pluvial.diagnostics.rain_space import Kept, kept_records
from pluvial.diagnostics.skill import setting_of
from pluvial.diagnostics.skill_rules import shown
from pluvial.diagnostics.skill_scores import as_document, named, score
from pluvial.diagnostics.skill_tally import EVEN, tally
from pluvial.frames.elevation import read_elevation
from pluvial.frames.predictions import Axes, PredictionsFile, write_predictions
from pluvial.frames.series import FrameSeries, open_all
from pluvial.frames.variables import RAIN, unpack
from pluvial.grids.align import nearest_cells
from pluvial.metrics.resampling import draw_weights
from pluvial.records.window import Window, window_of
from pluvial.simulation.run import Simulator

DAY_SECONDS = 86400
TRAINING_WINDOWS = 400


class Limit:
    """The solver as a model of the last rain."""

    def __init__(self, case: Case, results: Path, rain: FrameSeries) -> None:
        if not isinstance(case.depth, SimulatedDepth):
            raise SystemExit("the depth of this case is not simulated: there is no perfect model")
        self.case, self.rain, self.window = case, rain, window_of(case.records)
        self.grid, elevation = read_elevation(results / "frames" / "heightmap.nc")
        self.ground = elevation.astype(np.float64)
        self.cells = np.ix_(*nearest_cells(rain.grid, self.grid))
        self.flow = case.depth.flow

    def codes(self, now: int, steps: int) -> NDArray[np.float32]:
        """Rain of the ``steps`` that end at NOW, float32[steps, H, W], mm/h."""
        last = (now - self.rain.axis.start) // self.rain.axis.step
        first = max(0, last - steps + 1)
        return np.nan_to_num(unpack(self.rain.read(first, last + 1), RAIN))

    def depth(self, rates: NDArray[np.float32]) -> NDArray[np.float64]:
        """The depth after rain from dry ground, and after a lead without any, in m."""
        simulator = Simulator(
            self.ground, cell_m=self.grid.cell, flow=self.flow, step_seconds=self.rain.axis.step
        )
        water = simulator.depth
        for rate in rates:
            water = simulator.advance(rate[self.cells])
        for _ in range(self.window.lead - 1):
            water = simulator.advance(0 * rates[-1][self.cells])
        return water

    def shares(self, times: NDArray[np.int64]) -> list[float]:
        """Of each channel, oldest first: mean rate over what it holds, over training windows."""
        mean, held = np.zeros((2, len(self.window.channels)))
        for now in times.tolist():
            rates = self.codes(now, self.window.steps)
            for place, (first, last) in enumerate(self.window.spans()):
                mean[place] += rates[first:last].mean()
                held[place] += pooled(rates[first:last], self.window).mean()
        return (mean / np.maximum(held, 1e-9)).tolist()

    def from_channels(self, now: int, shares: list[float]) -> NDArray[np.float32]:
        """The window as its channels tell it, float32[steps, H, W]."""
        return spread(self.codes(now, self.window.steps), self.window, shares)


def spread(rates: NDArray[np.float32], window: Window, shares: list[float]) -> NDArray[np.float32]:
    """What each channel holds, times its share, over all of its steps."""
    told = np.empty_like(rates)
    for (first, last), share in zip(window.spans(), shares, strict=True):
        told[first:last] = share * pooled(rates[first:last], window)
    return told


def pooled(rates: NDArray[np.float32], window: Window) -> NDArray[np.float32]:
    """What a channel holds of its steps, float32[H, W] of float32[steps, H, W]."""
    found: NDArray[np.float32] = (
        rates.max(axis=0) if window.pooling == "max" else rates.mean(axis=0)
    )
    return found


def judge(
    name: str,
    maps: Iterator[NDArray[np.float64]],
    limit: Limit,
    kept: Kept,
    depth: FrameSeries,
    folder: Path,
) -> None:
    """Print the scores of depth maps that come in the order of the kept records."""
    case, lead = limit.case, limit.window.lead * limit.rain.axis.step
    thresholds = list(case.depth_model.thresholds)
    path = folder / "maps.nc"
    limits = np.array(thresholds)
    parts = (
        (water[None], (np.rint(1000 * water)[None, ..., None] > 1000 * limits).astype(float), [0.0])
        for water in maps
    )
    axes = Axes(limit.grid, thresholds, kept.times, lead)
    write_predictions(path, axes, parts, title=name, provenance={})
    gauges = gauges_of(case.skill.gauges, limit.grid, limit.ground)
    setting = setting_of(kept, lead, thresholds, case.skill.scales, gauges)
    with closing(PredictionsFile(path)) as file:
        found = tally(file, depth, setting, [EVEN] * len(thresholds))
    storms = setting.storms.size
    document = as_document(
        score(found, setting, draw_weights(storms, case.skill.draws, case.skill.seed)), storms
    )
    scores = [shown(document["thresholds"][named(one)]["csi"]) for one in thresholds]
    nse = {gauge.name: shown(document["gauges"][gauge.name]["nse"]) for gauge in gauges}
    rmse = shown(document["errors"]["wet cells"]["rmse_m"], 3)
    print(f"| {name} | {' | '.join(scores)} | {rmse} | {next(iter(nse.values()))} |", flush=True)


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path)
    parser.add_argument("--case", type=Path, default=Path("config/config.yaml"))
    parser.add_argument("--every", type=int, default=24)
    arguments = parser.parse_args()
    case = load_case(yaml.safe_load(arguments.case.read_text()), where=arguments.case)
    results: Path = arguments.results
    plans = sorted((results / "plan").glob("[0-9]*.parquet"))
    rain, depth = open_all(results / "frames", case.time, case.depth, case.frames)
    with rain, depth, tempfile.TemporaryDirectory() as folder:
        limit = Limit(case, results, rain)
        whole = kept_records(plans, "test")
        kept = whole.take(np.arange(0, whole.times.size, arguments.every))
        train = kept_records(plans, "train").times
        shares = limit.shares(train[:: max(1, train.size // TRAINING_WINDOWS)])
        thresholds = [f"CSI {named(one)} m" for one in case.depth_model.thresholds]
        print(f"{kept.times.size} of {whole.times.size} records")
        if limit.window.pooling == "max":
            print("shares of the maxima, oldest first:", ", ".join(f"{s:.2f}" for s in shares))
        print(f"| the solver given | {' | '.join(thresholds)} | RMSE of wet cells (m) | NSE |")
        print(f"| --- |{' --- |' * (len(thresholds) + 2)}")
        day, steps = DAY_SECONDS // rain.axis.step, limit.window.steps
        hours = steps * rain.axis.step / 3600
        now = kept.times.tolist()
        cases: dict[str, Iterator[NDArray[np.float64]]] = {
            "all rain of 24 h": (limit.depth(limit.codes(t, day)) for t in now),
            f"all rain of {hours:g} h": (limit.depth(limit.codes(t, steps)) for t in now),
            "the channels alone": (limit.depth(limit.from_channels(t, shares)) for t in now),
        }
        for name, maps in cases.items():
            judge(name, maps, limit, kept, depth, Path(folder))


if __name__ == "__main__":
    main()
