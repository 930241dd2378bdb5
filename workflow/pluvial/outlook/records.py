"""Would there be records enough? Splits without records, batches larger than what there is."""

from __future__ import annotations

from collections.abc import Iterator

from pluvial.case.case import Case
from pluvial.outlook.counts import Counts
from pluvial.outlook.findings import Finding

FEW_HELD_OUT = 100
"""Candidates among which chance is 1 %."""


def check_records(case: Case, counts: Counts) -> Iterator[Finding]:
    """Findings on what the plan will come to."""
    shares = case.records.split
    for split, records in counts.records.items():
        if getattr(shares, split) > 0 and not records:
            yield Finding(
                "error",
                f"`records.split.{split}`",
                f"no record is left of {counts.complete} complete candidates",
                "Lengthen `time`, give the split a larger share, or lower `memory_hours`",
            )
    train = counts.records["train"]
    if 0 < train < case.pretrain.batch:
        yield Finding(
            "error",
            "`pretrain.batch`",
            f"a batch of {case.pretrain.batch} is more than the {train} records of training",
            "Make it smaller, or lengthen `time`",
        )
    spacing = case.retrieval.spacing_minutes / case.time.step_minutes
    candidates = int(counts.records["test"] / max(spacing, 1))
    if 0 < candidates < FEW_HELD_OUT:
        yield Finding(
            "warning",
            "`records.split.test`",
            f"some {candidates} candidates are held out, one in {case.retrieval.spacing_minutes:g} "
            "min: the verdict will hardly tell learning from chance",
            "Lengthen `time`, or give the test a larger share",
        )
