"""Keys of the embedded default: terrain, storms, soil and shallow-water flow."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pluvial.config.base import Section


class SyntheticTerrain(Section):
    """A procedural catchment: a meandering valley under fractal noise, carved, then filled."""

    format: Literal["synthetic"]
    """Make the terrain."""
    rows: int = Field(64, ge=8, le=4096)
    """Rows of the depth grid."""
    cols: int = Field(64, ge=8, le=4096)
    """Columns of the depth grid."""
    cell_m: float = Field(100.0, gt=0)
    """Side of a cell, in metres."""
    relief_m: float = Field(40.0, gt=0)
    """Height scale of the valley sides, in metres."""
    carve_m: float = Field(0.8, ge=0)
    """Greatest depth of the carved channels, in metres."""
    drop_m: float = Field(0.05, gt=0)
    """Least fall per cell along a flow path after filling, in metres: no pond is left."""
    seed: int = Field(1, ge=0)
    """Seed of the terrain."""


class SyntheticStorms(Section):
    """Stochastic rain: wet and dry spells, a moving correlated field, log-normal rates."""

    format: Literal["synthetic"]
    """Make the rain."""
    coarsen: int = Field(4, ge=1)
    """Side of a rain cell, in cells of the heightmap (must divide its rows and columns)."""
    mean_wet_hours: float = Field(2.0, gt=0)
    """Mean length of a storm, in hours."""
    mean_dry_hours: float = Field(6.5, gt=0)
    """Mean length of the dry spell between storms, in hours."""
    gain: float = Field(9.0, gt=0)
    """Factor on the rain rates."""
    speed_m_s: float = Field(10.0, ge=0)
    """Median speed at which the rain field moves, in metres per second."""
    seed: int = Field(11, ge=0)
    """Seed of the storms."""


class FlowConfig(Section):
    """Local-inertial shallow water with a soil store: a screening model, not calibrated."""

    manning_n: float = Field(0.07, gt=0, le=1)
    """Manning's roughness, in s m^(-1/3)."""
    courant: float = Field(0.3, gt=0, le=0.3)
    """Courant number alpha of the time step; the lower, the slower and the more exact."""
    edge_slope: float = Field(0.005, ge=0)
    """Bed slope for the normal-depth outflow at the edges; 0 closes them."""
    soil_capacity_mm: float = Field(20.0, gt=0)
    """Water the soil can hold, in mm."""
    infiltration_mm_h: float = Field(8.0, ge=0)
    """Infiltration rate into dry soil, in mm/h."""
    saturated_mm_h: float = Field(0.5, ge=0)
    """Infiltration rate into saturated soil, in mm/h."""
    drainage_mm_h: float = Field(2.0, ge=0)
    """Drainage rate of saturated soil, in mm/h (proportional to its filling)."""
    evaporation_mm_h: float = Field(0.02, ge=0)
    """Constant loss from the soil, in mm/h."""
    initial_saturation: float = Field(0.4, ge=0, le=1)
    """Share of the soil capacity that is filled at the start."""


class SimulatedDepth(Section):
    """Depth from the embedded shallow-water solver, run on this case's rain and heightmap."""

    format: Literal["simulate"]
    """Simulate the depth."""
    flow: FlowConfig = FlowConfig()
    """Flow and soil."""
