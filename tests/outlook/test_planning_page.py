"""docs/planning.md: its fifteen years are what `describe` says of the case on the page."""

from __future__ import annotations

import re
from pathlib import Path

import yaml
from pluvial.case.case import load_case
from pluvial.outlook.costs import costs_of
from pluvial.outlook.counts import counts_of
from pluvial.outlook.geometry import grids_of
from workplace import CHECKOUT

PAGE = (CHECKOUT / "docs" / "planning.md").read_text()


def test_fifteen_years_are_as_the_page_says() -> None:
    (document,) = re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL)
    case = load_case(yaml.safe_load(document), where=Path("planning.md"))
    counts = counts_of(case)
    costs = costs_of(case, counts, grids_of(case))
    splits = ", ".join(f"{split} {number:,}" for split, number in counts.records.items())
    shards = " + ".join(map(str, counts.shards.values()))
    disk = " + ".join(f"{size / 1e9:.0f}" for size in costs.disk.values())
    hours = [f"{hours:.2g}" for hours in costs.cpu_hours.values()]
    for expected in (
        f"| {counts.rain_frames:,} of rain",
        f"| {counts.complete:,} |",
        f"| {counts.total:,} |",
        splits,
        f"{shards} = {sum(counts.shards.values())}",
        f"{disk} GB = {sum(costs.disk.values()) / 1e9:.0f} GB",
        f"at most {sum(costs.disk_most.values()) / 1e9:.0f} GB",
        f"| {hours[0]} and {hours[1]} |",
        f"| {hours[2]} and {hours[3]} |",
        f"| {costs.pairs:,} |",
        f"| {costs.flops:.1e} |".replace("e+", "e"),
        f"| {costs.gpu_hours:.0f} |",
        f"| {sum(counts.jobs.values())} |",
    ):
        assert expected in PAGE, expected
