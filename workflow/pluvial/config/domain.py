"""Keys of the domain: where rain, depth and heightmap are carried onto."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import Field, model_validator

from pluvial.config.base import Section

WHOLE = 1e-6


class DomainConfig(Section):
    """The rectangle that the case is about; rain, depth and heightmap are carried onto it."""

    crs: str = Field(min_length=1)
    """Its coordinate reference system, such as EPSG:27700."""
    west: float
    """X of its western edge, in the unit of `crs` (as all that follow)."""
    south: float
    """Y of its southern edge."""
    east: float
    """X of its eastern edge."""
    north: float
    """Y of its northern edge."""
    rain_cell: float = Field(gt=0)
    """Side of a rain cell."""
    depth_cell: float = Field(gt=0)
    """Side of a cell of depth and heightmap."""

    @model_validator(mode="after")
    def _whole_cells(self) -> Self:
        if self.east <= self.west or self.north <= self.south:
            raise ValueError("`east` must exceed `west`, and `north` must exceed `south`")
        for key in ("rain_cell", "depth_cell"):
            cell = getattr(self, key)
            for side, extent in (
                ("west to east", self.east - self.west),
                ("south to north", self.north - self.south),
            ):
                if abs(extent / cell - round(extent / cell)) > WHOLE:
                    raise ValueError(
                        f"{extent:g} from {side} is no whole number of `{key}` ({cell:g})"
                    )
        return self

    def shape(self, cell: float) -> tuple[int, int]:
        """Rows and columns of cells of that side."""
        return round((self.north - self.south) / cell), round((self.east - self.west) / cell)


def domain_of(document: Mapping[str, Any] | None) -> DomainConfig | None:
    """The domain section of a configuration, from its JSON form; None where there is none."""
    return DomainConfig(**document) if document is not None else None
