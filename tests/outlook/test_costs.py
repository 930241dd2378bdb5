"""Parameters are those of the network that Keras builds; sizes are those of arrays."""

from __future__ import annotations

import pytest
from pluvial.case.case import load_case
from pluvial.config.encoders import EncoderConfig, TowerConfig
from pluvial.models.build import tower
from pluvial.outlook.costs import costs_of
from pluvial.outlook.counts import counts_of
from pluvial.outlook.geometry import grids_of
from pluvial.outlook.network import pair_cost, tower_cost
from workplace import named_case

TOWERS = [
    TowerConfig(size="quecto", stem=1),
    TowerConfig(size="yocto", stem=4),
    TowerConfig(size="zepto", stem=3, layer_scale=1e-6),
    TowerConfig(architecture="resnetv2", size="50"),
]


@pytest.mark.parametrize("config", TOWERS, ids=lambda c: c.size)
@pytest.mark.parametrize("projection", [None, 48])
def test_parameters_are_those_of_keras(config: TowerConfig, projection: int | None) -> None:
    encoder = EncoderConfig(embedding=20, projection=projection)
    # Three channels, for which the published counts of ResNet hold.
    shape = (45, 37, 3)
    built = tower(shape, config, encoder, [], "rain")
    assert tower_cost(config, encoder, shape).parameters == built.count_params()


def test_operations_of_convnext_tiny_are_those_of_the_paper() -> None:
    """4.5 G multiply-adds for 224 x 224 (Liu et al. 2022, table 1), the classifier aside."""
    cost = tower_cost(TowerConfig(size="tiny", stem=4), EncoderConfig(embedding=1), (224, 224, 3))
    assert cost.flops / 2 == pytest.approx(4.5e9, rel=0.02)


def test_operations_of_a_small_tower_by_hand() -> None:
    config = TowerConfig(size="quecto", stem=4)
    # 4 x 4 cells become one; then 1 x 1 throughout: every product can be counted.
    widths, products = (16, 32, 64), 4 * 4 * 2 * 16
    for number, width in enumerate(widths):
        products += 49 * width + 2 * width * 4 * width
        products += 4 * widths[number - 1] * width if number else 0
    products += 64 * 10
    found = tower_cost(config, EncoderConfig(embedding=10), (4, 4, 2))
    assert found.flops == 2 * products


def test_the_heightmap_is_a_channel_of_the_tower_it_is_given_to() -> None:
    one, other = (
        pair_cost(EncoderConfig(heightmap=h), (16, 16, 7), (64, 64)) for h in ("none", "both")
    )
    for side, width, stem in zip((0, 1), (24, 24), (2, 4), strict=True):
        assert other[side].parameters - one[side].parameters == width * stem**2


def test_disk_at_most_is_two_bytes_a_value() -> None:
    case = load_case(named_case("smoke"), where="smoke")
    counts = counts_of(case)
    costs = costs_of(case, counts, grids_of(case))
    assert costs.disk_most["rain"] == 1152 * 4 * 4 * 2
    assert costs.disk_most["depth"] == 1152 * 16 * 16 * 2
    assert costs.disk_most["shards"] == counts.total * (4 * 4 * 4 + 16 * 16) * 2
    assert costs.pairs == 2 * 2 * 10 * 16
