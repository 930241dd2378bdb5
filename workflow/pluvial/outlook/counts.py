"""How many frames, candidates, records, shards and jobs a case comes to, from its times alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pluvial.case.case import Case
from pluvial.case.editions import Edition, by_period, editions
from pluvial.config.simulation import SimulatedDepth
from pluvial.config.times import TimeConfig, epoch_seconds
from pluvial.frames.axes import depth_axis, rain_axis
from pluvial.records.judged import purge_seconds
from pluvial.records.segments import SPLITS, segments_by_time


@dataclass(frozen=True)
class Counts:
    """What a case comes to if no frame is missing and no record is seen twice.

    Attributes:
        rain_frames, depth_frames: of the whole span.
        periods: frames files of rain.
        candidates: moments that could be NOW of a record.
        complete: candidates with a whole window and a depth.
        records: kept after the purge at the boundaries of splits, by split.
        exact: whether the boundaries are known: with `split.by: storm` they follow the storms, and
            their purge is still to come off.
        shards: by split.
        jobs: by rule, figures and judgements left out.
    """

    rain_frames: int
    depth_frames: int
    periods: int
    candidates: int
    complete: int
    records: dict[str, int]
    exact: bool
    shards: dict[str, int]
    jobs: dict[str, int]

    @property
    def total(self) -> int:
        """Records of all splits."""
        return sum(self.records.values())


def counts_of(case: Case) -> Counts:
    """Count; nothing is read."""
    parts = editions(case)
    now = _complete(case)
    records, shards = (dict.fromkeys(SPLITS, 0) for _ in range(2))
    for number, edition in enumerate(parts):
        start, end = edition.time.newest
        kept = _kept(now[(now >= start) & (now < end)], case, edition.time, appended=number > 0)
        for split, count in kept.items():
            records[split] += count
            shards[split] += -(-count // case.records.records_per_shard)
    return Counts(
        rain_frames=rain_axis(case.time).count,
        depth_frames=depth_axis(case.time, case.depth).count,
        periods=sum(len(edition.rain) for edition in parts),
        candidates=case.time.steps,
        complete=now.size,
        records=records,
        exact=case.records.split.by == "time",
        shards=shards,
        jobs=_jobs(case, parts, sum(shards.values())),
    )


def _complete(case: Case) -> NDArray[np.int64]:
    """NOW of all candidates that have a window and a depth, s since 1970."""
    rain, depth = rain_axis(case.time), depth_axis(case.time, case.depth)
    window, lead = case.records.window_steps, case.records.lead_steps
    step = np.arange(window - 1, rain.count)
    target = rain.start + (step + lead) * rain.step
    there = ((target - depth.start) % depth.step == 0) & (target < depth.end)
    starts = getattr(case.depth, "start", None), getattr(case.rain, "start", None)
    first_depth, first_rain = (epoch_seconds(s) if s else rain.start for s in starts)
    there &= target >= first_depth
    there &= rain.start + (step - window + 1) * rain.step >= first_rain
    return np.asarray(rain.start + step[there] * rain.step, dtype=np.int64)


def _kept(
    now: NDArray[np.int64], case: Case, time: TimeConfig, *, appended: bool
) -> dict[str, int]:
    """Records by split, of the complete candidates of one edition."""
    config = case.records
    if not now.size:
        return {}
    if config.split.by == "storm":
        return {split: round(getattr(config.split, split) * now.size) for split in SPLITS}
    segments = segments_by_time(int(now[0]), int(now[-1]), config.split)
    starts = np.array([part.start for part in segments])
    part = np.searchsorted(starts, now, side="right") - 1
    purge = purge_seconds(config, time.step_minutes * 60)
    purged = (now - starts[part] < purge) & ((part > 0) | appended)
    return {
        segment.split: int(np.count_nonzero((part == number) & ~purged))
        for number, segment in enumerate(segments)
    }


def _jobs(case: Case, parts: list[Edition], shards: int) -> dict[str, int]:
    """Jobs by rule, up to the embeddings."""
    rain, depth = (sum(len(getattr(edition, kind)) for edition in parts) for kind in _KINDS)
    simulated = isinstance(case.depth, SimulatedDepth)
    return {
        "rain_frames": rain if by_period(case.rain) else len(parts),
        "depth_frames": depth if simulated or by_period(case.depth) else len(parts),
        "index": rain,
        "plan": len(parts),
        "shard": shards,
        **dict.fromkeys(("pretrain", "embed"), 1),
        **dict.fromkeys(("pretrain_control", "embed_control"), CONTROLS),
    }


_KINDS = ("rain", "depth")
CONTROLS = 2
"""Trained on pairs torn apart, and not trained."""
