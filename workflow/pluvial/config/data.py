"""Keys of the data plane: frames and records."""

from __future__ import annotations

from datetime import date
from typing import Literal, Self

from pydantic import Field, PositiveInt, model_validator

from pluvial.config.base import Section


class CleaningConfig(Section):
    """Filters of rain frames; all are off unless given, and whatever they alter is counted."""

    cap_mm_h: float | None = Field(None, gt=0)
    """Rain above it is cut down to it, in mm/h (128 is usual for NIMROD)."""
    spike_factor: float | None = Field(None, gt=1)
    """A cell above this many times the largest of its eight neighbours (and above
    `spike_mm_h`) is a spike; it takes the median of its neighbours."""
    spike_mm_h: float = Field(10.0, gt=0)
    """Rain below it is never a spike, in mm/h."""
    clutter_neighbours: int | None = Field(None, ge=1, le=8)
    """A wet cell with fewer wet cells around it is clutter and becomes dry."""


class FramesConfig(Section):
    """The canonical store of frames."""

    period: Literal["day", "month", "year"] = "month"
    """Span of one frames file; the unit of parallel work."""
    interpolate_up_to_minutes: int = Field(15, ge=0)
    """Longest run of absent frames that is filled by interpolation; longer ones stay gaps."""
    on_bad_frame: Literal["fail", "gap"] = "fail"
    """What a file, archive member or field that cannot be read is: an error, or a gap that the
    report names. So is a second, different frame of one time (with `gap`, the first counts)."""
    clean: CleaningConfig = CleaningConfig()
    """Filters of the rain."""


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
    """Steps of rain in each channel, counted back from NOW."""
    pooling: Literal["max", "mean"] = "max"
    """What a channel holds of its steps: the largest rate of each cell (`max`, as the field has it)
    or its mean (`mean`), which is how much fell."""
    lead_steps: int = Field(1, ge=0)
    """Steps from NOW (the last rain frame) to the depth to predict."""
    largest_lag_hours: float = Field(4.0, gt=0)
    """Longest lag of the depth behind its rain that is believed, in hours. The lag is measured on
    the finished records; a longer one, or one before the rain, refuses the dataset."""
    records_per_shard: PositiveInt = 4096
    """Records in a shard; only the last shard of a split may be shorter."""
    dry_share: float | None = Field(None, ge=0, le=1)
    """Largest share of a split's records whose window is all dry; the rest is dropped, drawn by
    the seed. Left out, all are kept."""
    mix_run: PositiveInt = 16
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


class CardConfig(Section):
    """What only people know of the dataset, for its card."""

    licence: str = ""
    """Licence of the dataset, best as a URL. Left out, the card says that none is granted."""
    published: date | None = None
    """Day on which it was published, as 2026-01-31."""
