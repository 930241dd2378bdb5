"""How long a step of the embedded default takes, and what came of it.

Run ``python benchmarks/solver.py [--steps 8000] [--side 64 128]``: for each side it makes the
terrain, the rain and the depth with the default configuration on one core, and prints the cost of
each with the statistics that the default is tuned for.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass, field

import numpy as np
from pluvial.config.simulation import FlowConfig, SyntheticStorms, SyntheticTerrain
from pluvial.simulation.run import Simulator
from pluvial.simulation.storms import StormSeries
from pluvial.simulation.terrain import make_terrain

STEP_MINUTES = 5
FLOODED_M = 0.1
DRY_GAP_STEPS = 6 * 60 // STEP_MINUTES
WINDOW_STEPS = 8 * 60 // STEP_MINUTES


@dataclass
class Record:
    """Seconds spent, and statistics by step."""

    rain_seconds: list[float] = field(default_factory=list)
    flow_seconds: list[float] = field(default_factory=list)
    heaviest: list[float] = field(default_factory=list)
    flooded: list[float] = field(default_factory=list)
    deepest: float = 0.0


def run(side: int, steps: int) -> None:
    """Simulate ``steps`` steps on ``side`` x ``side`` cells and print one report."""
    terrain_config = SyntheticTerrain(format="synthetic", rows=side, cols=side)
    storm_config = SyntheticStorms(format="synthetic")
    flow = FlowConfig()
    coarsen, cell_m = storm_config.coarsen, terrain_config.cell_m
    make_terrain(SyntheticTerrain(format="synthetic", rows=8, cols=8))  # compiles
    started = time.perf_counter()
    terrain = make_terrain(terrain_config)
    terrain_seconds = time.perf_counter() - started
    series = StormSeries(
        storm_config,
        shape=(side // coarsen, side // coarsen),
        cell_m=cell_m * coarsen,
        steps=steps,
        step_minutes=STEP_MINUTES,
    )
    simulator = Simulator(terrain, cell_m=cell_m, flow=flow, step_seconds=60.0 * STEP_MINUTES)
    record = simulate(simulator, series, coarsen)
    print(
        f"{side} x {side} cells of {cell_m:g} m, {steps} steps of {STEP_MINUTES} min, "
        f"Courant number {flow.courant:g}"
    )
    report(record, series, terrain_seconds)
    print(f"  relative mass error      {simulator.mass_error():.1e}")


def simulate(simulator: Simulator, series: StormSeries, coarsen: int) -> Record:
    """Run the whole series, with a clock on either part."""
    record = Record()
    frames = series.frames(0, series.steps)
    while True:
        started = time.perf_counter()
        rain = next(frames, None)
        if rain is None:
            return record
        made = time.perf_counter()
        depth = simulator.advance(rain.repeat(coarsen, axis=0).repeat(coarsen, axis=1))
        record.flow_seconds.append(time.perf_counter() - made)
        record.rain_seconds.append(made - started)
        record.heaviest.append(float(rain.max()))
        record.flooded.append(float((depth > FLOODED_M).mean()))
        record.deepest = max(record.deepest, float(depth.max()))


def report(record: Record, series: StormSeries, terrain_seconds: float) -> None:
    """Print costs and statistics."""
    # The first step compiles, or loads what was compiled before.
    flow_ms = 1e3 * np.array(record.flow_seconds[1:])
    rain_ms = 1e3 * np.array(record.rain_seconds)
    wet = np.array(record.heaviest) > 0
    gaps = np.diff(np.flatnonzero(wet)) - 1
    dry_windows = np.convolve(wet, np.ones(WINDOW_STEPS), "valid") == 0
    print(f"  terrain                  {1e3 * terrain_seconds:.1f} ms")
    print(f"  rain                     {rain_ms.mean():.2f} ms a step")
    print(
        f"  flow                     {flow_ms.mean():.2f} ms a step "
        f"(median {np.median(flow_ms):.2f}, largest {flow_ms.max():.1f})"
    )
    print(f"  together                 {(flow_ms.sum() + rain_ms.sum()) / 1e3:.1f} s")
    print(
        f"  storms                   {len(series.storms)} scheduled, "
        f"{1 + int((gaps >= DRY_GAP_STEPS).sum())} apart by 6 dry hours"
    )
    print(f"  wet steps, dry windows   {wet.mean():.1%}, {dry_windows.mean():.1%} of 8 h")
    print(f"  heaviest rain            {max(record.heaviest):g} mm/h")
    print(
        f"  flooded above {FLOODED_M:g} m      {np.mean(record.flooded):.2%} of the cells, "
        f"at most {max(record.flooded):.1%}; deepest {record.deepest:.2f} m"
    )


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=8000)
    parser.add_argument("--side", type=int, nargs="+", default=[64])
    arguments = parser.parse_args()
    for side in arguments.side:
        run(side, arguments.steps)


if __name__ == "__main__":
    main()
