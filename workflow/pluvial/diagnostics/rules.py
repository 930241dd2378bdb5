"""A rule of the verdict, as it was applied."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

LEARNED, NOT_SHOWN, COLLAPSED = "learned", "not shown", "collapsed"


@dataclass(frozen=True)
class Rule:
    """One rule, as it was applied.

    Attributes:
        name: short.
        question: what it asks.
        kept: its answer; None where it could not be asked.
        numbers: what it was decided by.
        threshold: in words.
        words: the answer as a sentence.
        decides: ``collapsed`` or ``not shown`` if it is broken; empty if it decides nothing.
    """

    name: str
    question: str
    kept: bool | None
    numbers: dict[str, Any]
    threshold: str
    words: str
    decides: str
