"""Commands that look at cases and results: ``python -m pluvial --help``."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from pluvial.errors import PluvialError
from pluvial.example.raw import make_example
from pluvial.outlook.commands import print_description, print_findings, read_cases
from pluvial.records.lineage import document, provenance
from pluvial.records.why import why


def main(arguments: list[str] | None = None) -> int:
    """Run a command; its exit code."""
    options = _parser().parse_args(arguments)
    try:
        code = int(options.run(options))
        sys.stdout.flush()
    except PluvialError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # Whoever reads has seen enough (`| head`); nothing more is to be written at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pluvial", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    describe = commands.add_parser(
        "describe", help="the case in a screen: sources, records, model, disk, hours"
    )
    describe.set_defaults(run=_describe)
    check = commands.add_parser(
        "check", help="what would fail: inputs, grids, splits, disk, the cluster's partitions"
    )
    check.set_defaults(run=_check)
    for command in (describe, check):
        command.add_argument(
            "--configfile",
            type=Path,
            nargs="+",
            default=[Path("config/config.yaml")],
            help="the file of the case, or several, merged (default: config/config.yaml)",
        )
        command.add_argument("--data-folder", type=Path, help="in place of the case's own")
        command.add_argument("--results", type=Path, help="in place of the case's own")
    check.add_argument("--profile", type=Path, nargs="+", default=[], help="such as profiles/slurm")

    explain = commands.add_parser(
        "why",
        help="the way back from a record: shard, raw files with hashes, window, corrections",
    )
    explain.set_defaults(run=_why)
    explain.add_argument("record", help="2020-01-20T05:05Z, or train/01-00000:12 (shard and row)")
    explain.add_argument(
        "--results", type=Path, default=Path("results/default"), help="default: %(default)s"
    )

    origin = commands.add_parser(
        "provenance",
        help="what made a file: configuration, code, inputs, environment, back to the raw files",
    )
    origin.set_defaults(run=_provenance)
    origin.add_argument("file", type=Path, help="any output of the workflow, or a folder of them")
    origin.add_argument("--json", action="store_true", help="all records on the way, as JSON")

    example = commands.add_parser(
        "example", help="raw files of a made-up catchment, and a case that reads them"
    )
    example.set_defaults(run=_example)
    example.add_argument("folder", type=Path, help="for the raw files (about 20 MB)")
    example.add_argument("case", type=Path, help="the file of the case, such as my-case.yaml")
    return parser


def _document(options: argparse.Namespace) -> tuple[dict[str, object], str]:
    document = read_cases(options.configfile)
    if options.data_folder is not None:
        document["data_folder"] = str(options.data_folder)
    return document, ", ".join(map(str, options.configfile))


def _describe(options: argparse.Namespace) -> int:
    document, where = _document(options)
    print_description(document, options.results, where)
    return 0


def _check(options: argparse.Namespace) -> int:
    document, where = _document(options)
    return print_findings(document, options.results, where, options.profile)


def _why(options: argparse.Namespace) -> int:
    for line in why(options.results, options.record):
        print(line)
    return 0


def _provenance(options: argparse.Namespace) -> int:
    if options.json:
        print(json.dumps(document(options.file), indent=1))
        return 0
    for line in provenance(options.file):
        print(line)
    return 0


def _example(options: argparse.Namespace) -> int:
    make_example(options.folder, options.case)
    print(f"raw files in {options.folder}, and a case that reads them: {options.case}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
