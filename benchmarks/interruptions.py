"""Kill a small build at random moments, resume it, and compare what was built with an unbroken run.

    python benchmarks/interruptions.py [--kills 25]

Every other kill hits the workers alone, the others Snakemake and all it has started. Then every job
kills itself once at each write boundary.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(CHECKOUT / "workflow"), str(CHECKOUT / "tests")]

from interruptions import fail_at, interrupt, moments, reference
from pluvial.files.atomic import FAILPOINTS


def compared(found: dict[str, str], expected: dict[str, str]) -> str:
    """In words, with the files that differ."""
    names = sorted(dict(found.items() ^ expected.items()))
    return f"DIFFERENT: {', '.join(names)}" if names else "equal"


def main() -> None:
    """Print how many resumed builds equal the unbroken one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=25)
    count = parser.parse_args().kills
    equal = failed = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        began = time.monotonic()
        expected = reference(folder / "reference")
        longest = time.monotonic() - began
        for number, moment in enumerate(moments(count, longest)):
            workers = number % 2 == 0
            found = interrupt(folder / f"kill-{number}", moment, workers_only=workers)
            equal += found == expected
            what = "workers" if workers else "everything"
            print(f"{what} killed after {moment:.1f} s: {compared(found, expected)}")
        for failpoint in FAILPOINTS:
            code, found = fail_at(folder / failpoint, failpoint)
            failed += code != 0 and found == expected
            print(f"killed at {failpoint}: {compared(found, expected)}")
    print(f"{equal} of {count} kills and {failed} of {len(FAILPOINTS)} failpoints: equal results")
    sys.exit(equal < count or failed < len(FAILPOINTS))


if __name__ == "__main__":
    main()
