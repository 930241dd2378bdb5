"""What a case is said to come to is what was worked out by hand, and what the plan counted."""

from __future__ import annotations

from typing import Any

import pytest
from pluvial.case.case import Case, load_case
from pluvial.outlook.counts import counts_of
from workplace import named_case


def case_of(name: str, **changes: Any) -> Case:
    return load_case(named_case(name) | changes, where=name)


def test_boscastle_is_what_its_page_works_out() -> None:
    """docs/boscastle.md counts 865 candidates and 95 without a window by hand.

    That the depth ends 12 steps before the rain is not known before it is read: 769 complete
    candidates are 757 and those 12.
    """
    counts = counts_of(case_of("boscastle"))
    assert counts.candidates == 865
    assert counts.complete == 865 - 95 - 1
    first, last = 95 * 300, 863 * 300
    boundary = first + round(0.35 * (last + 1 - first))
    assert counts.records["train"] == len([t for t in range(first, last + 1, 300) if t < boundary])
    purged = boundary + 97 * 300 + 4 * 3600
    assert counts.records["test"] == len([t for t in range(first, last + 1, 300) if t >= purged])
    assert counts.jobs["depth_frames"] == 1, "a stream is read once"


def test_fifteen_years_of_five_minutes() -> None:
    """1,577,952 frames in 180 months, and at most 386 shards of 4,096."""
    case = case_of(
        "config",
        time={"start": "2006-01-01T00:00Z", "end": "2021-01-01T00:00Z", "step_minutes": 5},
        records={"split": {"by": "time", "train": 0.7, "val": 0.1, "test": 0.2}},
    )
    counts = counts_of(case)
    assert counts.rain_frames == (15 * 365 + 4) * 288 == 1_577_952
    assert counts.periods == 180
    purge = (96 + 1) * 300 + 16 * 3600
    assert counts.total == counts.complete - 2 * -(-purge // 300)
    assert sum(counts.shards.values()) == sum(-(-n // 4096) for n in counts.records.values()) == 386


def test_a_coarser_depth_leaves_fewer_candidates() -> None:
    depth = {"format": "ascii-stream", "files": "d.asc", "start": "2004-08-16T00:00Z"}
    hourly = counts_of(case_of("boscastle", depth=depth | {"step_minutes": 60}))
    assert hourly.depth_frames == 73
    # Targets on the hour, from the first after a window of 96 steps (8 h) to the last.
    assert hourly.complete == 72 - 8 + 1


def test_what_is_appended_is_purged_at_its_start() -> None:
    time = {"start": "2021-02-27T00:00Z", "end": "2021-03-07T00:00Z", "step_minutes": 5}
    at_once = counts_of(case_of("smoke", time=time))
    appended = counts_of(case_of("smoke", time=time | {"appended": ["2021-03-03T00:00Z"]}))
    assert appended.jobs["plan"] == 2
    purge = (12 + 1) * 300 + 2 * 3600
    # Three boundaries more: between the editions, and two in the second.
    assert at_once.total - appended.total == pytest.approx(3 * purge / 300, abs=4)
