"""Shared settings: a soil that takes nothing, so that the flow is alone on stage."""

import pytest
from pluvial.config.simulation import FlowConfig


@pytest.fixture(scope="session")
def sealed() -> FlowConfig:
    """Closed edges, sealed ground: what rains stays."""
    return FlowConfig(
        edge_slope=0,
        infiltration_mm_h=0,
        saturated_mm_h=0,
        drainage_mm_h=0,
        evaporation_mm_h=0,
        initial_saturation=0,
    )
