"""Keys of the skill of depth predictions: gauges, scores and baselines."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, PositiveInt, field_validator, model_validator

from pluvial.config.base import Section


class GaugeConfig(Section):
    """A cell whose water level is followed in time: by `x` and `y`, or by `row` and `col`."""

    x: float | None = None
    """Easting (or longitude) in the CRS of the depth grid."""
    y: float | None = None
    """Northing (or latitude) in the CRS of the depth grid."""
    row: int | None = Field(None, ge=0)
    """Row of the depth grid, 0 northernmost."""
    col: int | None = Field(None, ge=0)
    """Column of the depth grid, 0 westernmost."""

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        mapped, numbered = (self.x, self.y), (self.row, self.col)
        both = [None not in pair for pair in (mapped, numbered)]
        none = [pair == (None, None) for pair in (mapped, numbered)]
        if both not in ([True, False], [False, True]) or not any(none):
            raise ValueError("a gauge is a place: write `x` and `y`, or `row` and `col`")
        return self


class SkillConfig(Section):
    """How good predictions of depth are, beside methods without learning."""

    gauges: dict[str, GaugeConfig] = Field({})
    """Cells whose water level is followed, by a name of one's own. Left out, the outlet: the cell
    on the edge of the heightmap through which most of it drains."""
    scales: list[PositiveInt] = Field([1, 3, 5, 9], min_length=1)
    """Sides of the neighbourhoods of the fractions skill score, in cells, odd."""
    neighbours: list[PositiveInt] = Field([3, 10, 20, 40], min_length=1)
    """Numbers of alike rain windows among which the look-up chooses, on the validation split."""
    penalties: list[float] = Field([1e3, 1e4, 1e5, 1e6], min_length=1)
    """Strengths of the ridge regression among which it chooses, on the validation split."""
    carried_model: Path | None = None
    """The `model.keras` of another case, on grids of the same shape, that is put on this case's
    terrain and judged here: `snakemake carried_skill`. Relative to where Snakemake runs."""
    draws: int = Field(2000, ge=200)
    """Draws of the bootstrap over storms."""
    seed: int = Field(1, ge=0)
    """Seed of the draws."""
    storms: PositiveInt = 4
    """Held-out storms that are drawn, those with most water at the gauge."""
    probed_storms: PositiveInt = 3
    """Held-out storms whose rain is changed on purpose, to see what the model makes of it."""

    @field_validator("scales")
    @classmethod
    def _odd(cls, scales: list[int]) -> list[int]:
        even = [scale for scale in scales if scale % 2 == 0]
        if even:
            raise ValueError(f"{even[0]} has no middle cell; write odd numbers")
        return scales

    @field_validator("penalties")
    @classmethod
    def _positive(cls, penalties: list[float]) -> list[float]:
        if min(penalties) <= 0:
            raise ValueError(f"{min(penalties):g} is no penalty; write numbers above 0")
        return penalties
