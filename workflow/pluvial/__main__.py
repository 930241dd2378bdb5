"""Commands that look at results: ``python -m pluvial --help``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from pluvial.errors import PluvialError
from pluvial.records.why import why


def main(arguments: list[str] | None = None) -> int:
    """Run a command; its exit code."""
    parser = argparse.ArgumentParser(prog="python -m pluvial", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    explain = commands.add_parser(
        "why",
        help="the way back from a record: shard, raw files with hashes, window, corrections",
    )
    explain.add_argument("record", help="2020-01-20T05:05Z, or train/01-00000:12 (shard and row)")
    explain.add_argument(
        "--results", type=Path, default=Path("results/default"), help="default: %(default)s"
    )
    options = parser.parse_args(arguments)
    try:
        for line in why(options.results, options.record):
            print(line)
    except PluvialError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
