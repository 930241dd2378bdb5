"""The time axes of a case: the rain's, and the depth's, which may be coarser."""

from __future__ import annotations

from pluvial.config.times import TimeConfig, epoch_seconds
from pluvial.grids.time_axis import TimeAxis
from pluvial.sources.registry import DepthSource


def rain_axis(time: TimeConfig) -> TimeAxis:
    """The axis of the rain frames."""
    return TimeAxis(epoch_seconds(time.start), time.step_minutes * 60, time.steps)


def depth_axis(time: TimeConfig, depth: DepthSource) -> TimeAxis:
    """The axis of the depth frames: the rain's, or the coarser one of a raw source."""
    step = getattr(depth, "step_minutes", None) or time.step_minutes
    every = step // time.step_minutes
    return TimeAxis(epoch_seconds(time.start), step * 60, -(-time.steps // every))
