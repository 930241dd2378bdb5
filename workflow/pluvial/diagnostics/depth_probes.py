"""Probes of a depth model: rain that was changed on purpose, and what the model and the solver do.

Each probe starts from a held-out storm alone, with dry hours before and after it, so that the model
and the solver (from dry ground) are given the same rain. Then

* the storm is deleted: the water must go;
* it is moved an hour later: the response must move with it, and never come before the rain;
* it is moved one cell of the rain grid eastwards: the water must follow;
* it is scaled: more rain must not give less water;
* the terrain is mirrored under it: the water must lie in the mirrored valleys.

A model that has learned how water runs passes; one that has learned maps by heart does not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pluvial.config.simulation import FlowConfig
from pluvial.grids.grid import Grid
from pluvial.metrics.contingency import count, critical_success_index
from pluvial.simulation.run import Simulator

Rain = NDArray[np.float32]
"""Rain rate, float32[T, H, W], mm/h."""
Depth = NDArray[np.float32]
"""Depth after each step from the window's length on, float32[N, h, w], m."""

FACTORS = (0.5, 0.75, 1.0, 1.25, 1.5)
WET_M = 0.05
"""Depth from which a cell counts as wet."""
LEFT_SHARE = 0.05
"""Share of the water that may be left when its storm is deleted."""
FALL_M = 0.02
"""A cell may lose this much water when it rains more."""
FALLING_SHARE = 0.02
"""Share of the wet cells that may lose more than that."""
LATE_MINUTES = 15.0
"""How far from an hour the response to a storm moved by an hour may move."""
EARLY_M = 0.01
"""Mean depth that may stand before it rains."""
ALIKE = 0.5
"""Correlation of the change of depth with the solver's, from which water has followed a storm."""
MIRROR_CSI = 0.5
"""CSI with the solver on the mirrored terrain, from which water lies in the right valleys."""


@dataclass(frozen=True)
class World:
    """What predicts and what simulates.

    Attributes:
        predict: rain of T steps to depth, for each NOW with a whole window; and the same on the
            terrain mirrored east to west.
        mirrored: see ``predict``.
        elevation: float64[h, w], m, NaN missing.
        grid: of the depth.
        cells: rows and columns of the rain under each cell of the depth, for indexing.
        flow: flow and soil.
        step_seconds: of the rain.
        window_steps: steps of a window.
        lead_steps: from NOW to the depth.
    """

    predict: Callable[[Rain], Depth]
    mirrored: Callable[[Rain], Depth]
    elevation: NDArray[np.float64]
    grid: Grid
    cells: tuple[NDArray[np.intp], NDArray[np.intp]]
    flow: FlowConfig
    step_seconds: float
    window_steps: int
    lead_steps: int

    def simulate(self, rain: Rain, *, mirror: bool = False) -> Depth:
        """The solver's depth at the times that are predicted, from dry ground."""
        ground = self.elevation[:, ::-1].copy() if mirror else self.elevation
        simulator = Simulator(
            ground, cell_m=self.grid.cell, flow=self.flow, step_seconds=self.step_seconds
        )
        last = np.zeros((self.lead_steps, *rain.shape[1:]), np.float32)
        after = [simulator.advance(rate[np.ix_(*self.cells)]) for rate in [*rain, *last]]
        # The depth after the step that begins at NOW is that of one step later.
        first = self.window_steps - 2 + self.lead_steps
        return np.stack(after[first : first + len(rain) - self.window_steps + 1]).astype(np.float32)


@dataclass(frozen=True)
class Response:
    """What the model and the solver do with one rain, and what is shown of it.

    Attributes:
        name: of the probe.
        rain: areal mean at the same times, float32[N], mm/h.
        model, solver: depth, float32[N, h, w], m.
    """

    name: str
    rain: NDArray[np.float32]
    model: Depth
    solver: Depth


@dataclass
class Probed:
    """All probes of one storm.

    Attributes:
        responses: by the name of the probe.
        table: rows as the document holds them.
    """

    responses: dict[str, Response] = field(default_factory=dict)
    table: list[dict[str, Any]] = field(default_factory=list)

    def add(
        self,
        probe: str,
        asks: str,
        model: float | None,
        solver: float | None,
        rule: str,
        kept: bool | None,
    ) -> None:
        """Add a row: what was asked, the numbers of both, and whether the model keeps the rule."""
        row = {"probe": probe, "asks": asks, "model": model, "solver": solver}
        self.table.append({**row, "rule": rule, "kept": kept})


def probe_storm(world: World, storm: Rain) -> Probed:
    """All probes of one storm, float32[S, H, W], mm/h."""
    before = world.window_steps
    hour = round(3600 / world.step_seconds)
    rain = np.zeros((2 * before + len(storm) + hour, *storm.shape[1:]), np.float32)
    rain[before : before + len(storm)] = storm
    found = Probed()

    def respond(name: str, given: Rain, *, mirror: bool = False) -> Response:
        model = (world.mirrored if mirror else world.predict)(given)
        solver = world.simulate(given, mirror=mirror)
        areal = given[world.window_steps - 1 :].mean(axis=(1, 2))
        found.responses[name] = Response(name, areal, model, solver)
        return found.responses[name]

    base = respond("as it was", rain)
    _deleted(found, base, respond("deleted", 0 * rain))
    _later(found, base, respond("an hour later", np.roll(rain, hour, axis=0)), world)
    _eastwards(found, base, respond("a cell eastwards", _moved(rain)))
    scaled = {f: respond(f"times {f:g}", np.float32(f) * rain) for f in FACTORS if f != 1}
    _scaled(found, {1.0: base, **scaled})
    _mirrored(found, base, respond("terrain mirrored", rain, mirror=True))
    return found


def _moved(rain: Rain) -> Rain:
    """The rain one cell further east; none comes in from the west."""
    moved = np.zeros_like(rain)
    moved[:, :, 1:] = rain[:, :, :-1]
    return moved


def _peak(depth: Depth) -> int:
    """When most water stands on the ground."""
    return int(np.nan_to_num(depth).sum(axis=(1, 2), dtype=np.float64).argmax())


def _volume(depth: Depth) -> float:
    """Mean depth over all cells and times, m."""
    return float(np.nanmean(depth, dtype=np.float64))


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None


def _deleted(found: Probed, base: Response, gone: Response) -> None:
    left = [
        _share(_volume(getattr(gone, k)), _volume(getattr(base, k))) for k in ("model", "solver")
    ]
    found.add(
        "storm deleted",
        "share of the water that is left",
        left[0],
        left[1],
        f"at most {LEFT_SHARE:.0%}",
        None if left[0] is None else left[0] <= LEFT_SHARE,
    )


def _later(found: Probed, base: Response, late: Response, world: World) -> None:
    minutes = world.step_seconds / 60
    shifts = [
        (_peak(getattr(late, kind)) - _peak(getattr(base, kind))) * minutes
        for kind in ("model", "solver")
    ]
    found.add(
        "storm an hour later",
        "how much later most water stands (min)",
        shifts[0],
        shifts[1],
        f"60 ± {LATE_MINUTES:g}",
        abs(shifts[0] - 60) <= LATE_MINUTES,
    )
    wet = np.flatnonzero(late.rain > 0)
    first = int(wet[0]) if wet.size else len(late.rain)
    early = [
        float(np.nanmean(getattr(late, kind)[:first], axis=(1, 2)).max()) if first else 0.0
        for kind in ("model", "solver")
    ]
    found.add(
        "storm an hour later",
        "most mean depth before it rains (m)",
        early[0],
        early[1],
        f"at most {EARLY_M:g}",
        early[0] <= EARLY_M,
    )


def _eastwards(found: Probed, base: Response, moved: Response) -> None:
    """Both changes at the solver's peak, cell by cell."""
    at = _peak(base.solver)
    change = [getattr(moved, k)[at] - getattr(base, k)[at] for k in ("model", "solver")]
    here = ~np.isnan(change[0]) & ~np.isnan(change[1])
    alike = _correlation(change[0][here], change[1][here])
    found.add(
        "storm a cell eastwards",
        "correlation of the change of depth with the solver's",
        alike,
        1.0,
        f"at least {ALIKE:g}",
        None if alike is None else alike >= ALIKE,
    )


def _correlation(one: NDArray[np.floating], other: NDArray[np.floating]) -> float | None:
    """Pearson's; 0 of a change that is none, None where there is nothing to be like."""
    if other.size < 2 or other.std() == 0:
        return None
    if one.std() == 0:
        return 0.0
    return float(np.corrcoef(one.astype(np.float64), other.astype(np.float64))[0, 1])


def _scaled(found: Probed, by_factor: dict[float, Response]) -> None:
    factors = sorted(by_factor)
    at = _peak(by_factor[1.0].solver)
    falling: dict[str, float] = {}
    for kind in ("model", "solver"):
        maps = np.stack([np.nan_to_num(getattr(by_factor[f], kind)[at]) for f in factors])
        wet = np.asarray(maps.max(axis=0) > WET_M)
        losing = np.asarray((np.diff(maps, axis=0) < -FALL_M).any(axis=0))
        falling[kind] = float(losing[wet].mean()) if wet.any() else 0.0
    found.add(
        "rain scaled from 0.5 to 1.5",
        f"share of wet cells that lose more than {FALL_M:g} m at a step",
        falling["model"],
        falling["solver"],
        f"at most {FALLING_SHARE:.0%}",
        falling["model"] <= FALLING_SHARE,
    )
    for factor in (factors[0], factors[-1]):
        ratios = [
            _share(
                float(np.nanmean(getattr(by_factor[factor], kind)[at])),
                float(np.nanmean(getattr(by_factor[1.0], kind)[at])),
            )
            for kind in ("model", "solver")
        ]
        right = ratios[0] is not None and (ratios[0] - 1) * (factor - 1) > 0
        found.add(
            f"rain times {factor:g}",
            "water at the peak, as a multiple of the storm's own",
            ratios[0],
            ratios[1],
            "below 1" if factor < 1 else "above 1",
            right,
        )


def _mirrored(found: Probed, base: Response, mirrored: Response) -> None:
    at = _peak(mirrored.solver)

    def csi(one: Depth, other: Depth) -> float | None:
        score = float(critical_success_index(count(one[None] > WET_M, other[None] > WET_M)[0]))
        return score if np.isfinite(score) else None

    new = csi(mirrored.model[at], mirrored.solver[at])
    old = csi(base.model[at], mirrored.solver[at])
    found.add(
        "terrain mirrored",
        f"CSI above {WET_M:g} m with the solver on the mirrored terrain",
        new,
        1.0,
        f"at least {MIRROR_CSI:g}",
        None if new is None else new >= MIRROR_CSI,
    )
    found.add(
        "terrain mirrored",
        "the same of the model that was not told of it",
        old,
        csi(base.solver[at], mirrored.solver[at]),
        "below the line above",
        None if new is None or old is None else new > old,
    )
