"""The card of a dataset: its numbers against the documents, its program under TensorFlow."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from cards import Dataset, build, empty_val, one_record
from pluvial.case.case import load_case
from pluvial.errors import PluvialError
from pluvial.files.documents import read_json
from pluvial.files.fingerprints import file_sha256
from pluvial.frames.store import write_period
from pluvial.frames.variables import DEPTH, RAIN, unpack
from pluvial.grids.grid import Grid
from pluvial.records.card.facts import checksums
from pluvial.records.card.text import LONGEST_LIST
from pluvial.records.card.timeline import channel_ranges, duration, timeline
from pluvial.records.reading import read_shard
from pluvial.records.window import Records, Window


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return build(tmp_path_factory.mktemp("built"))


@pytest.fixture
def dataset(built: Dataset, tmp_path: Path) -> Dataset:
    """A copy whose documents a test may change."""
    return built.copy(tmp_path / "dataset")


def table(text: str, first: str) -> dict[str, list[str]]:
    """The rows of the table whose head begins with ``first``, by their first cell."""
    lines = iter(text.splitlines())
    for line in lines:
        if line.startswith(f"| {first} |"):
            next(lines)
            break
    rows = {}
    for line in lines:
        if not line.startswith("|"):
            break
        name, *cells = (cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1])
        rows[name] = cells
    return rows


def number(cell: str) -> int:
    return int(cell.replace(",", ""))


# --- numbers ----------------------------------------------------------------------------------


def test_counts_are_those_of_the_manifest(dataset: Dataset) -> None:
    splits = dataset.manifest["splits"]
    found = table(dataset.write().text, "split")
    for name, split in splits.items():
        assert [number(cell) for cell in found[name]] == [
            split["records"],
            split["records_with_rain"],
            len(split["shards"]),
            sum((dataset.shards / shard["file"]).stat().st_size for shard in split["shards"]),
        ]
    columns = zip(*(found[name] for name in splits), strict=True)
    assert [number(cell) for cell in found["all"]] == [sum(map(number, col)) for col in columns]


def test_features_are_those_of_the_manifest(dataset: Dataset) -> None:
    found = table(dataset.write().text, "feature")
    assert found["`rain`"][1] == "3 x 4 x 3"
    assert found["`depth`"][1] == "6 x 8"
    assert found["`rain`"][3] == "0.03125 mm h-1"
    assert found["`depth`"][3] == "0.001 m"
    assert "65535 means missing" in dataset.text


def test_kept_and_dropped_add_up_over_all_editions(dataset: Dataset) -> None:
    assert len(dataset.plans) == 2
    found = table(dataset.write().text, "candidates")
    every = {name: number(cells[0]) for name, cells in found.items()}
    expected: dict[str, int] = {}
    for plan in dataset.plans:
        for reason, entry in plan["dropped"].items():
            expected[reason] = expected.get(reason, 0) + entry["records"]
    assert {"duplicate", "incomplete window", "no depth", "purged", "rain gap"} == set(expected)
    assert {f"dropped: {reason}": count for reason, count in expected.items()} == {
        name: count for name, count in every.items() if name.startswith("dropped")
    }
    assert every["all"] == 4 * 288 == every["kept"] + sum(expected.values())
    assert every["kept"] == sum(split["records"] for split in dataset.manifest["splits"].values())
    assert found["all"][1:] == [dataset.plans[0]["first"], dataset.plans[1]["last"]]
    assert found["dropped: duplicate"][1:] == [
        dataset.plans[0]["dropped"]["duplicate"]["first"],
        dataset.plans[1]["dropped"]["duplicate"]["last"],
    ]


def test_storms_and_spans_of_every_edition_and_split(dataset: Dataset) -> None:
    lines = dataset.write().text.splitlines()
    for edition, plan in zip(("01", "02"), dataset.plans, strict=True):
        for split, entry in plan["splits"].items():
            row = (edition, split, entry["first"], entry["last"], entry["storms"])
            assert f"| {' | '.join(map(str, row))} |" in lines


def test_normalisation_is_that_of_the_manifest(dataset: Dataset) -> None:
    found = table(dataset.write().text.partition("## Normalisation")[2], "")
    statistics = dataset.manifest["normalisation_of_train"]
    for name, cells in zip(("rain", "depth"), found.values(), strict=True):
        keys = ("reference", "mean", "std", "largest", "missing")
        expected = [statistics[name][key] for key in keys]
        assert [float(cell) for cell in cells] == pytest.approx(expected, rel=1e-5)
    assert "training records alone" in dataset.text


def test_gaps_and_corrections_of_both_variables(dataset: Dataset) -> None:
    report = read_json(dataset.folder / "frames" / "report.json")
    report["rain"] |= {"dropped": {"duplicate": 4}, "corrections": {"spike": 1234}, "faults": 2}
    report["depth"] |= {"corrections": {"negative": 5}}
    dataset.change("frames/report.json", **report)
    found = table(dataset.write().text.partition("## Gaps")[2], "")
    assert found["steps missing"] == ["6", "0"]
    assert found["frames given"] == ["1,146", "1,152"]
    assert found["frames dropped: duplicate"] == ["4", "0"]
    assert found["cells corrected: spike"] == ["1,234", "0"]
    assert found["cells corrected: negative"] == ["0", "5"]
    assert found["files or parts unreadable"] == ["2", "0"]
    assert "The rain lacks steps on 1 of its 4 days, most on 2020-02-28 (6 steps)." in dataset.text
    assert "The depth has a frame for every step of its 4 days." in dataset.text


# --- rules ------------------------------------------------------------------------------------


def test_the_split_rule_and_its_purge(dataset: Dataset) -> None:
    text = dataset.write().text
    assert "train 0.6, val 0.2, test 0.2" in text
    # 6 steps of window and 1 of lead, of 5 min, and 1 h of memory.
    assert "nothing is kept for 1 h 35 min: the window (30 min), the lead (5 min)" in text
    assert [plan["purge_hours"] for plan in dataset.plans] == pytest.approx([95 / 60] * 2)
    dataset.case["records"]["split"] |= {"by": "storm"}
    text = dataset.write().text
    assert "By storm: groups of whole storms, drawn with seed 1" in text
    assert "ends with 6 h in which the areal mean stays below 0.1 mm/h" in text


def test_the_lag_is_told_where_it_was_proved(dataset: Dataset) -> None:
    proofs = read_json(dataset.shards / "proofs.json")
    lag = proofs["lag"]
    expected = f"rises {lag['minutes']:g} min after its rain (correlation {lag['correlation']:.2f}"
    assert expected in dataset.write().text
    dataset.change("shards/proofs.json", lag=lag | {"minutes": None})
    assert "cannot be told from the records" in dataset.write().text
    assert "proofs.json" not in dataset.write(proofs=False).text


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(300, "5 min"), (0, "0 min"), (3600, "1 h"), (5700, "1 h 35 min"), (90, "1.5 min")],
)
def test_durations(seconds: int, words: str) -> None:
    assert duration(seconds) == words


def test_the_timeline_as_drawn_by_hand() -> None:
    assert timeline(Window((1, 3, 3, 5, 12, 24, 48), 1), 300) == [
        "rain     [48......................][24..........][12....][5.][3.][3.][1]   depth",
        "channel   0                         1             2       3   4   5   6",
        "                                                                      ^NOW ^NOW + 5 min",
    ]


@pytest.mark.parametrize("channels", [(1,), (7,), (1, 2, 3, 6), (200, 1), (1,) * 12])
def test_the_timeline_names_each_channel_at_its_box(channels: tuple[int, ...]) -> None:
    boxes, marks, arrows = timeline(Window(channels, 2), 900)
    starts = [match.start() + 1 for match in re.finditer(r"\[", boxes)]
    assert [int(re.match(r"\d+", boxes[at:])[0]) for at in starts] == list(channels[::-1])
    assert [int(re.match(r"\d+", marks[at:])[0]) for at in starts] == list(range(len(channels)))
    assert arrows.index("^NOW") == boxes.rindex("]") - 1
    assert arrows.index("^NOW + 30 min") == boxes.index("depth")


def test_channels_in_minutes_from_now() -> None:
    """The newest channel is the frame of NOW, which lasts to the next; they join seamlessly."""
    ranges = channel_ranges(Window((1, 2, 3, 6), 1), 300)
    assert ranges == [(-55, -25), (-25, -10), (-10, 0), (0, 5)]


# --- place ------------------------------------------------------------------------------------


def test_the_place_in_words(dataset: Dataset) -> None:
    assert "coordinate reference system: not stated" in dataset.write().text
    for name in ("rain", "depth"):
        dataset.place(name, west=400000.0, south=300000.0, crs="EPSG:27700")
    text = dataset.write().text
    assert "- rain: 3 rows x 4 columns of 400 m, x 400000 to 401600, y 300000 to 301200" in text
    assert "- depth: 6 rows x 8 columns of 200 m, x 400000 to 401600" in text
    assert "OSGB36 / British National Grid (EPSG:27700)" in text
    # (400000, 300000) is on the grid's central meridian, 2 degrees west, near Birmingham.
    assert re.search(r"latitude 52\.\d+ to 52\.\d+, longitude -2\.00\d+ to -1\.97\d+", text)


# --- sources ----------------------------------------------------------------------------------


def raw_files(dataset: Dataset, count: int) -> list[Path]:
    """Raw files, and a frames file of rain that was made from them."""
    raw = dataset.folder / "raw"
    raw.mkdir()
    files = [raw / f"{number:04d}.dat" for number in range(count)]
    for path in files:
        path.write_text(path.name)
    write_period(
        dataset.folder / "frames" / "rain" / "2020-02-28.nc",
        [],
        variable=RAIN,
        grid=Grid(3, 4, 400.0),
        times=np.empty(0, np.int64),
        provenance=lambda: {"source_files": str(sources(files)).replace("'", '"')},
    )
    for other in (dataset.folder / "frames" / "rain").glob("*.nc"):
        if other.stem != "2020-02-28":
            other.unlink()
    dataset.case["data_folder"] = str(raw)
    return files


def sources(files: list[Path]) -> dict[str, str]:
    return {str(path): file_sha256(path) for path in files}


def sha256sum(files: list[Path], folder: Path) -> str:
    """What coreutils print."""
    names = [str(path.relative_to(folder)) for path in files]
    return subprocess.run(
        ["sha256sum", *names], cwd=folder, capture_output=True, text=True, check=True
    ).stdout


def test_few_raw_files_are_listed_as_sha256sum_does(dataset: Dataset) -> None:
    files = raw_files(dataset, 3)
    text = dataset.write().text
    assert "- rain: 3 raw files (`synthetic`), listed below" in text
    assert "- heightmap: 1 raw file (`synthetic`), listed below" in text
    assert sha256sum(files, dataset.folder / "raw") in text


def test_many_raw_files_have_one_digest(dataset: Dataset, tmp_path: Path) -> None:
    files = raw_files(dataset, LONGEST_LIST + 1)
    listed = tmp_path / "listed"
    listed.write_text(sha256sum(files, dataset.folder / "raw"))
    text = dataset.write().text
    assert f"- rain: {LONGEST_LIST + 1} raw files (`synthetic`), from `0000.dat`" in text
    assert f"SHA-256 `{file_sha256(listed)}`" in text
    assert "0001.dat" not in text


def test_checksums_are_in_order_of_names() -> None:
    assert checksums({"b": "1", "a": "2"}) == "2  a\n1  b\n"


def test_what_was_made_names_no_files(dataset: Dataset) -> None:
    raw_files(dataset, 0)
    assert "- rain: made by pluvial (`synthetic`)" in dataset.write().text


def test_frames_that_do_not_tell_their_sources_are_named(dataset: Dataset) -> None:
    path = dataset.folder / "frames" / "depth" / "2020-02-28.nc"
    path.write_bytes(b"no frames")
    with pytest.raises(PluvialError, match="2020-02-28.nc"):
        dataset.write()


def test_no_licence_is_invented(dataset: Dataset) -> None:
    assert "None is granted here." in dataset.write().text
    text = dataset.write(licence="https://example.org/licence").text
    assert "https://example.org/licence" in text
    assert "None is granted" not in text


# --- reading ----------------------------------------------------------------------------------

SAVING = """
import numpy as np
found = {"time": [], "rain": [], "depth": []}
for record in tf.data.TFRecordDataset(files, "GZIP"):
    example = tf.io.parse_single_example(record, features)
    found["time"].append(example["time"].numpy())
    found["rain"].append(physical(example["rain"], rain).numpy())
    found["depth"].append(physical(example["depth"], depth).numpy())
np.savez("found.npz", **found)
"""


def program(text: str) -> str:
    (code,) = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    return str(code)


def run(code: str, folder: Path) -> list[str]:
    """What a program prints that cannot import pluvial."""
    hidden = "import sys; sys.modules['pluvial'] = None\n" + code
    done = subprocess.run(
        [sys.executable, "-c", hidden], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


def read_split(dataset: Dataset, split: str) -> Records:
    """All records of a split in the order of its shards, by our own reader."""
    manifest = dataset.manifest
    files = [dataset.shards / shard["file"] for shard in manifest["splits"][split]["shards"]]
    parts = [read_shard(file, manifest["features"]) for file in files]
    arrays = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("times", "rain", "depth")
    )
    return Records(*arrays)


def test_the_program_reads_the_shards_with_plain_tensorflow(dataset: Dataset) -> None:
    expected = read_split(dataset, "train")
    printed = run(program(dataset.write().text) + SAVING, dataset.shards)
    assert printed == [f"{time} (3, 4, 3) (6, 8)" for time in expected.times[:3]]
    found = np.load(dataset.shards / "found.npz")
    np.testing.assert_array_equal(found["time"], expected.times)
    np.testing.assert_array_equal(found["rain"], unpack(expected.rain, RAIN))
    np.testing.assert_allclose(found["depth"], unpack(expected.depth, DEPTH), rtol=2e-7)
    assert np.isnan(found["rain"]).any()


def test_the_program_reads_a_split_that_has_records(dataset: Dataset) -> None:
    manifest = dataset.manifest
    manifest["splits"]["train"] |= {"records": 0, "records_with_rain": 0, "shards": []}
    dataset.change("shards/manifest.json", **manifest)
    assert '["splits"]["val"]' in program(dataset.write().text)


# --- the whole --------------------------------------------------------------------------------


def test_the_configuration_can_be_run_again(dataset: Dataset) -> None:
    (written,) = re.findall(r"```yaml\n(.*?)```", dataset.write().text, flags=re.DOTALL)
    case = load_case(yaml.safe_load(written), where="card")
    assert case.model_dump(mode="json", include=set(dataset.case)) == dataset.case


def test_the_hub_finds_the_tables(dataset: Dataset) -> None:
    """Its front matter: sizes as the Hub classes them, and a file for each pattern."""
    front = yaml.safe_load(dataset.write().text.split("---\n")[1])
    assert front["size_categories"] == ["n<1K"]
    (config,) = front["configs"]
    assert [entry["split"] for entry in config["data_files"]] == ["train", "validation", "test"]
    for entry in config["data_files"]:
        assert list(dataset.shards.glob(entry["path"]))


@pytest.mark.parametrize(
    ("records", "size"),
    [(999, "n<1K"), (1000, "1K<n<10K"), (10**6, "n>1M"), (10**6 - 1, "100K<n<1M")],
)
def test_classes_of_size(dataset: Dataset, records: int, size: str) -> None:
    splits = dataset.manifest["splits"]
    for name, split in splits.items():
        split["records"] = records if name == "train" else 0
    dataset.change("shards/manifest.json", splits=splits)
    assert yaml.safe_load(dataset.write().text.split("---\n")[1])["size_categories"] == [size]


def test_same_documents_same_bytes(built: Dataset, tmp_path: Path) -> None:
    """Wherever they lie, whenever they were written."""
    written = {}
    for folder in ("one", "other"):
        copy = built.copy(tmp_path / folder)
        for path in copy.folder.rglob("*"):
            os.utime(path, (10**9, 10**9) if folder == "one" else None)
        copy.write()
        written[folder] = [
            (copy.shards / name).read_bytes() for name in ("README.md", "croissant.json")
        ]
    assert written["one"] == written["other"]


def test_the_version_counts_what_was_appended_and_names_the_manifest(dataset: Dataset) -> None:
    sha256 = file_sha256(dataset.shards / "manifest.json")
    text = dataset.write().text
    assert f"Version 1.1.0+{sha256[:12]}" in text
    assert f"`{sha256}`" in text
    assert "code 0123456789abcdef" in text


def test_an_empty_split(dataset: Dataset) -> None:
    empty_val(dataset)
    text = dataset.write().text
    assert table(text, "split")["val"] == ["0", "0", "0", "0"]
    assert "val/*.parquet" not in text
    assert not re.search(r"\| 0\d \| val \|", text)


def test_one_record(dataset: Dataset) -> None:
    one_record(dataset)
    text = dataset.write(proofs=False).text
    assert table(text, "split")["all"][0] == "1"
    assert "| 01 | train | 1970-01-01T00:10Z | 1970-01-01T00:10Z | 0 |" in text
    assert run(program(text), dataset.shards) == ["600 (4, 3, 2) (8, 6)"]
