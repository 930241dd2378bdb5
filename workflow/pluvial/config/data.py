"""Keys of the data plane: frames and records."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, PositiveInt, model_validator

from pluvial.config.base import Section


class FramesConfig(Section):
    """The canonical store of frames."""

    period: Literal["day", "month", "year"] = "month"
    """Span of one frames file; the unit of parallel work."""
    interpolate_up_to_minutes: int = Field(15, ge=0)
    """Longest run of absent frames that is filled by interpolation; longer ones stay gaps."""


class SplitConfig(Section):
    """Who is trained on, who is judged on. Decided before anything is sharded."""

    by: Literal["time", "storm"] = "time"
    """`time`: one block each, in order of time. `storm`: whole storms, drawn by the seed."""
    train: float = Field(0.7, gt=0, lt=1)
    """Share of the span (or of the storms) for training."""
    val: float = Field(0.1, ge=0, lt=1)
    """Share for validation."""
    test: float = Field(0.2, gt=0, lt=1)
    """Share held out for the final judgement."""
    memory_hours: float = Field(16.0, ge=0)
    """How long the catchment remembers; a boundary is purged for window + lead + this."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        total = self.train + self.val + self.test
        if abs(total - 1) > 1e-9:
            raise ValueError(f"`train` + `val` + `test` is {total:g}; make it 1")
        return self


class RecordsConfig(Section):
    """What a record is, which records live, and how they are laid into shards."""

    channels: list[PositiveInt] = Field([1, 3, 3, 5, 12, 24, 48], min_length=1)
    """Steps of rain in each channel, counted back from NOW; each is max-pooled over its steps."""
    lead_steps: int = Field(1, ge=0)
    """Steps from NOW (the last rain frame) to the depth to predict."""
    records_per_shard: PositiveInt = 4096
    """Records in a shard; only the last shard of a split may be shorter."""
    mix_run: PositiveInt = 32
    """Consecutive records that travel together when records are dealt to shards."""
    storm_gap_hours: float = Field(6.0, gt=0)
    """Dry hours that end a storm."""
    storm_mm_h: float = Field(0.1, gt=0)
    """Areal mean rain rate from which a step belongs to a storm, in mm/h."""
    wet_mm_h: float = Field(0.1, gt=0)
    """Rain rate from which a cell counts as wet, in mm/h."""
    flooded_m: float = Field(0.1, gt=0)
    """Depth above which a cell counts as flooded, in metres."""
    seed: int = Field(1, ge=0)
    """Seed of the order of records and of the draw of storms."""
    split: SplitConfig = SplitConfig()
    """Training, validation and test."""

    @property
    def window_steps(self) -> int:
        """Steps of rain in a record, NOW included."""
        return sum(self.channels)
