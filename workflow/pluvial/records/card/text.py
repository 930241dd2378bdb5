"""The card as Markdown, for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import yaml

from pluvial.grids.grid import Grid
from pluvial.records.card.facts import Facts, checksums, digest_of_sources
from pluvial.records.card.timeline import duration, timeline
from pluvial.records.window import Window

POOLED = {"max": "maximum", "mean": "mean"}

LONGEST_LIST = 40
"""Raw files that are listed one by one; of more, only a digest of their list is given."""

SIZES = (("n<1K", 10**3), ("1K<n<10K", 10**4), ("10K<n<100K", 10**5), ("100K<n<1M", 10**6))
"""Classes of size of the Hugging Face Hub, and the number of records that each is below."""

HUB_SPLITS = {"train": "train", "val": "validation", "test": "test"}

PROGRAM = """\
import json
import tensorflow as tf

manifest = json.load(open("manifest.json"))  # in this folder
rain, depth = (manifest["features"][name] for name in ("rain", "depth"))
files = [shard["file"] for shard in manifest["splits"]["{split}"]["shards"]]
keys = {{"time": tf.int64, "rain": tf.string, "depth": tf.string}}
features = {{key: tf.io.FixedLenFeature([], kind) for key, kind in keys.items()}}


def physical(packed, feature):
    codes = tf.reshape(tf.io.decode_raw(packed, tf.uint16), feature["shape"])
    values = tf.cast(codes, tf.float32) * feature["scale"]
    return tf.where(codes == feature["missing"], float("nan"), values)


for record in tf.data.TFRecordDataset(files, "GZIP").take(3):
    example = tf.io.parse_single_example(record, features)
    now = example["time"].numpy()  # seconds since 1970-01-01T00:00Z
    print(now, physical(example["rain"], rain).shape, physical(example["depth"], depth).shape)
"""


def card_text(facts: Facts) -> str:
    """The whole card."""
    parts = (
        _header,
        _records,
        _time,
        _splits,
        _candidates,
        _frames,
        _normalisation,
        _sources,
        _reading,
        _configuration,
    )
    lines = [line for part in parts for line in [*part(facts), ""]]
    return "\n".join(lines).rstrip("\n") + "\n"


def _table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"| {' | '.join('---' for _ in head)} |"
    for row in rows:
        yield f"| {' | '.join(_cell(value) for value in row)} |"


def _cell(value: Any) -> str:
    """A number with thousands apart, or a text."""
    if isinstance(value, float):
        return f"{value:.6g}"
    return f"{value:,}" if isinstance(value, int) else str(value).replace("|", "\\|")


def _header(facts: Facts) -> Iterator[str]:
    yield "---"
    yield yaml.safe_dump(_front_matter(facts), sort_keys=False).rstrip()
    yield "---"
    yield f"# {facts.name}"
    yield ""
    window = facts.window
    yield (
        f"{facts.total:,} records of rain and water depth. A record is the rain of "
        f"{duration(window.steps * facts.step)} up to a time, NOW, in {len(window.channels)} "
        f"channels, and the water depth {_lead(window, facts.step)}."
    )
    yield ""
    yield (
        f"Version {facts.version}, made by pluvial (code {facts.code}). `manifest.json` has the "
        f"SHA-256 of every shard; its own is `{facts.sha256}`. `croissant.json` says the same as "
        "this card, for machines."
    )


def _lead(window: Window, step: int) -> str:
    return f"{duration(window.lead * step)} after it" if window.lead else "at it"


def _front_matter(facts: Facts) -> dict[str, Any]:
    """What the Hugging Face Hub reads at the top of a card."""
    size = next((name for name, limit in SIZES if facts.total < limit), "n>1M")
    tables = [
        {"split": HUB_SPLITS[name], "path": f"{name}/*.parquet"}
        for name, split in facts.splits.items()
        if split["shards"]
    ]
    return {
        "pretty_name": facts.name,
        "size_categories": [size],
        "tags": ["rainfall", "radar", "flood", "hydrology", "geospatial"],
        "configs": [{"config_name": "records", "data_files": tables}],
    }


def _records(facts: Facts) -> Iterator[str]:
    yield "## Records\n"
    counts: dict[str, tuple[int, ...]] = {
        name: (
            split["records"],
            split["records_with_rain"],
            len(split["shards"]),
            sum(shard["bytes"] for shard in split["shards"]),
        )
        for name, split in facts.splits.items()
    }
    counts["all"] = tuple(map(sum, zip(*counts.values(), strict=True)))
    head = ("split", "records", "with rain", "shards", "bytes")
    yield from _table(head, [(name, *numbers) for name, numbers in counts.items()])
    yield ""
    features = facts.manifest["features"]
    yield from _table(
        ("feature", "type", "shape", "axes", "unit"),
        [
            ("`time`", "int64", "", "", f"{features['time']['units']}: NOW"),
            *(
                (
                    f"`{name}`",
                    features[name]["dtype"],
                    " x ".join(map(str, features[name]["shape"])),
                    features[name]["axes"],
                    f"{features[name]['scale']:.10g} {features[name]['units']}",
                )
                for name in ("rain", "depth")
            ),
        ],
    )
    yield ""
    yield (
        f"{features['rain']['missing']} means missing, never dry. Row 0 is the northernmost. "
        "Beside each shard lies a `.parquet` with a row per record: its NOW, where it lies in the "
        "file, and areal means of its newest rain and its depth.\n"
    )
    yield from _place(facts)


def _place(facts: Facts) -> Iterator[str]:
    for name in ("rain", "depth"):
        grid = Grid(**facts.manifest[f"{name}_grid"])
        yield (
            f"- {name}: {grid.rows} rows x {grid.cols} columns of {grid.cell:.10g} {facts.unit}, "
            f"x {grid.west:.10g} to {grid.east:.10g}, y {grid.south:.10g} to {grid.north:.10g}"
        ).replace(" ,", ",")
    if not facts.crs_name:
        yield "- coordinate reference system: not stated"
        return
    yield f"- coordinate reference system: {facts.crs_name}"
    if facts.box:
        south, west, north, east = facts.box
        yield f"- latitude {south:g} to {north:g}, longitude {west:g} to {east:g} (WGS 84)"


def _time(facts: Facts) -> Iterator[str]:
    yield "## Time\n"
    yield "```"
    yield from timeline(facts.window, facts.step)
    yield "```\n"
    yield (
        f"Numbers in brackets are steps of {duration(facts.step)}. Each channel is the "
        f"{POOLED[facts.window.pooling]} over its steps; a cell that is missing in one of them is "
        "missing. The newest rain frame is the rate from NOW to the next step.\n"
    )
    rows = [
        (edition, split, entry["first"], entry["last"], entry["storms"])
        for edition, plan in facts.plans.items()
        for split, entry in plan["splits"].items()
        if entry["records"]
    ]
    head = ("edition", "split", "first NOW", "last NOW", "storms touched")
    yield from _table(head, rows)
    if len(facts.plans) > 1:
        yield (
            "\nAn edition is what was built at once. Each later one was appended, and left the "
            "shards before it as they were."
        )


def _splits(facts: Facts) -> Iterator[str]:
    yield "## Splits\n"
    split, config = facts.records.split, facts.records
    shares = ", ".join(f"{name} {getattr(split, name):g}" for name in facts.splits)
    if split.by == "time":
        yield f"By time: one block per split, in this order. Shares of the span: {shares}."
    else:
        yield (
            f"By storm: groups of whole storms, drawn with seed {config.seed}. Shares of the "
            f"groups: {shares}. A storm ends with {config.storm_gap_hours:g} h in which the areal "
            f"mean stays below {config.storm_mm_h:g} mm/h."
        )
    window = facts.window
    purge = max((plan["purge_hours"] for plan in facts.plans.values()), default=0.0)
    yield (
        f"\nAfter each boundary nothing is kept for {duration(round(purge * 3600))}: the window "
        f"({duration(window.steps * facts.step)}), the lead ({duration(window.lead * facts.step)}) "
        f"and the memory of the catchment ({split.memory_hours:g} h). A record's rain, and what "
        "the catchment remembers of the rain before it, then reach back to no record of the split "
        "before the boundary. Consecutive records share all but one frame: were they drawn at "
        "random, looking up neighbours would pass for skill."
    )


def _candidates(facts: Facts) -> Iterator[str]:
    yield "## Kept and dropped\n"
    dropped = [
        (f"dropped: {reason}", entry["records"], entry["first"], entry["last"])
        for reason, entry in facts.dropped().items()
    ]
    firsts = [plan["first"] for plan in facts.plans.values()]
    lasts = [plan["last"] for plan in facts.plans.values()]
    rows = [
        *dropped,
        ("kept", facts.sum("kept"), "", ""),
        ("all", facts.sum("candidates"), min(firsts), max(lasts)),
    ]
    yield from _table(("candidates", "number", "first NOW", "last NOW"), rows)
    yield (
        "\nEvery step of the rain is a candidate. A duplicate has rain and depth equal to the bit "
        f"to those of a record before it; {facts.sum('kept_with_rain_seen_before'):,} kept records "
        "have rain that was seen before, with another depth."
    )
    if facts.proofs:
        yield from _proofs(facts.proofs["lag"])


def _proofs(lag: Mapping[str, Any]) -> Iterator[str]:
    found = (
        "The lag from rain to depth cannot be told from the records."
        if lag["minutes"] is None
        else f"In the records the depth rises {lag['minutes']:g} min after its rain (correlation "
        f"{lag['correlation']:.2f}, {lag['pairs']:,} steps)."
    )
    yield f"\nAll of it adds up, from the raw frames to the shards (`proofs.json`). {found}"


def _frames(facts: Facts) -> Iterator[str]:
    yield "## Gaps and corrections\n"
    accounts = [facts.report["rain"], facts.report["depth"]]
    labels = {
        "given": "frames given",
        "observed": "steps observed",
        "interpolated": "steps interpolated",
        "missing": "steps missing",
        "empty": "frames without a value",
        "late": "frames out of order",
        "problems": "frames unreadable",
        "faults": "files or parts unreadable",
    }
    rows = [(label, *(account[key] for account in accounts)) for key, label in labels.items()]
    for key, label in (("dropped", "frames dropped"), ("corrections", "cells corrected")):
        reasons = sorted({reason for account in accounts for reason in account[key]})
        for reason in reasons:
            numbers = (account[key].get(reason, 0) for account in accounts)
            rows.append((f"{label}: {reason}", *numbers))
    yield from _table(("", "rain", "depth"), rows)
    for name, account in zip(("rain", "depth"), accounts, strict=True):
        yield f"\n{_gaps(name, account)}"


def _gaps(name: str, account: Mapping[str, Any]) -> str:
    """On how many days something is missing, and on which most."""
    missing = account["statuses"].index("missing")
    gaps = {day: counts[missing] for day, counts in account["days"].items() if counts[missing]}
    if not gaps:
        return f"The {name} has a frame for every step of its {len(account['days'])} days."
    worst = max(gaps, key=lambda day: gaps[day])
    return (
        f"The {name} lacks steps on {len(gaps):,} of its {len(account['days']):,} days, most on "
        f"{worst} ({gaps[worst]} steps)."
    )


def _normalisation(facts: Facts) -> Iterator[str]:
    yield "## Normalisation\n"
    found = facts.manifest["normalisation_of_train"]
    yield f"Of the training records alone: {found['rain']['transform']}.\n"
    keys = ("reference", "mean", "std", "largest", "missing")
    units = facts.manifest["features"]
    rows = [
        (f"{name} ({units[name]['units']})", *(found[name][key] for key in keys))
        for name in ("rain", "depth")
    ]
    yield from _table(("", *keys[:-1], "missing cells"), rows)


def _sources(facts: Facts) -> Iterator[str]:
    yield "## Sources\n"
    listed: dict[str, str] = {}
    for name, files in facts.sources.items():
        kind = facts.case[name]["format"]
        if not files:
            yield f"- {name}: made by pluvial (`{kind}`)"
        elif len(files) <= LONGEST_LIST:
            some = "1 raw file" if len(files) == 1 else f"{len(files)} raw files"
            yield f"- {name}: {some} (`{kind}`), listed below"
            listed |= files
        else:
            yield (
                f"- {name}: {len(files):,} raw files (`{kind}`), from `{min(files)}` to "
                f"`{max(files)}`; what `sha256sum` prints of all of them, in the order of names, "
                f"has the SHA-256 `{digest_of_sources(files)}`"
            )
    if listed:
        yield f"\n```\n{checksums(listed)}```"
    yield ""
    yield "### Licence\n"
    if facts.licence:
        yield f"{facts.licence}, as whoever published the dataset has stated it."
    else:
        yield (
            "None is granted here. The data stands under the licences of the sources it is made "
            "from; that pluvial made it changes nothing about them."
        )


def _reading(facts: Facts) -> Iterator[str]:
    split = next((name for name, split in facts.splits.items() if split["records"]), "train")
    yield "## Reading\n"
    yield "The shards are TFRecord files, gzip-compressed; plain TensorFlow reads them.\n"
    yield f"```python\n{PROGRAM.format(split=split)}```\n"
    yield (
        "Compare each shard with its SHA-256 in `manifest.json` before training: TensorFlow reads "
        "one that was cut between two records without a word."
    )


def _configuration(facts: Facts) -> Iterator[str]:
    yield "## Configuration\n"
    yield "<details>\n<summary>The keys that made it</summary>\n"
    yield "```yaml"
    yield yaml.safe_dump(dict(facts.case), sort_keys=False, allow_unicode=True).rstrip()
    yield "```\n"
    yield "</details>"
