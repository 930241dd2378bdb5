"""What was built keeps its bytes when the case is made longer, and what follows does not leak."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from built import Results, some_weather
from built import records_config as small_records
from built import time_config as days
from hypothesis import HealthCheck, Phase, given, reject, settings
from hypothesis import strategies as st
from plans import (
    DAY_STEPS,
    EPOCH,
    STEP,
    Candidates,
    check_layout,
    index_files,
    kept,
    plan_of,
    records_config,
    time_config,
    whole,
)
from pluvial.config.data import RecordsConfig, SplitConfig
from pluvial.errors import PluvialError
from pluvial.files.documents import read_json
from pluvial.records.ledger import make_proofs
from pluvial.records.manifest import read_manifest
from pluvial.records.plan import build_plan, purge_seconds
from shards import read_split


def candidates(seed: int, count: int = 4 * DAY_STEPS) -> Candidates:
    """Four days with gaps and many repetitions."""
    rng = np.random.default_rng(seed)
    wet = np.repeat(rng.random(count // 12) < 0.3, 12)
    rain = rng.integers(0, 1200, count)
    return Candidates(
        np.where(rng.random(count) < 0.95, "complete", "rain gap").tolist(),
        np.where(wet, 2.0, 0.0).tolist(),
        (rain * 2 + rng.integers(0, 2, count)).tolist(),
        rain.tolist(),
        np.where(wet, 2.0, 0.0).tolist(),
    )


def build(
    folder: Path, given: Candidates, config: RecordsConfig, ends: list[int]
) -> list[pd.DataFrame]:
    """The plans of all editions of a case that ended at each of ``ends``, in steps."""
    cuts = list(range(DAY_STEPS, len(given), DAY_STEPS))
    files = index_files(folder / "index", given, cuts)
    plans: list[Path] = []
    for number, time in enumerate(time_config(ends[-1], ends[:-1]).editions):
        path = folder / f"{number + 1:02d}.parquet"
        build_plan(files[: ends[number] // DAY_STEPS], plans, time, config, path)
        plans.append(path)
    return [pd.read_parquet(path) for path in plans]


@settings(
    max_examples=8,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # a seed cannot be made simpler
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    seed=st.integers(0, 2**32 - 1),
    by=st.sampled_from(["time", "storm"]),
    ends=st.sampled_from([[2, 4], [3, 4], [2, 3, 4]]),
    share=st.sampled_from([None, 0.5]),
)
def test_editions_against_plain_python(
    tmp_path: Path, seed: int, by: str, ends: list[int], share: float | None
) -> None:
    given = candidates(seed)
    split = SplitConfig(by=by, train=0.6, val=0.2, test=0.2, memory_hours=1)
    config = records_config(split=split, dry_share=share)
    try:
        plans = build(tmp_path, given, config, [DAY_STEPS * end for end in ends])
        alone, _ = plan_of(tmp_path / "alone", given, config)
    except PluvialError:
        reject()  # a split got none
    numbers = [plan["storm"] for plan in plans]
    assert pd.concat(numbers).tolist() == alone["storm"].tolist(), "storms are counted on"

    pairs: dict[int, int] = {}  # kept pairs of what was built before, and their rain
    rains: set[int] = set()
    for number, (plan, end) in enumerate(zip(plans, ends, strict=True)):
        since = EPOCH + 86400 * (ends[number - 1] if number else 0)
        assert plan["time"].tolist() == list(range(since, EPOCH + 86400 * end, STEP))
        check_layout(plan, config)
        check_edition(plan, given, config, pairs, rains, appended=bool(number))
        for row in kept(plan).itertuples():
            at = (row.time - EPOCH) // STEP
            pairs[given.pair[at]] = row.time
            rains.add(given.rain[at])


def check_edition(
    plan: pd.DataFrame,
    given: Candidates,
    config: RecordsConfig,
    pairs: dict[int, int],
    rains: set[int],
    *,
    appended: bool,
) -> None:
    """Purged behind its start and each boundary; duplicates of kept pairs of before, and its own."""
    purge = purge_seconds(config, STEP)
    pairs, rains = dict(pairs), set(rains)
    boundary = before = None
    for row in plan.itertuples():
        at = (row.time - EPOCH) // STEP
        if given.state[at] != "complete":
            assert (row.reason, row.same_rain) == (given.state[at], False)
            continue
        if (before is None and appended) or before not in (None, row.split):
            boundary = row.time if before is None else first_of(plan, row.time)
        before = row.split
        if boundary is not None and row.time < boundary + purge:
            assert row.reason == "purged", f"{row.time} lies too near {boundary}"
            assert not row.same_rain
            continue
        assert row.same_rain == (given.rain[at] in rains)
        rains.add(given.rain[at])
        if given.pair[at] in pairs:
            assert (row.reason, row.duplicate_of) == ("duplicate", pairs[given.pair[at]])
        else:
            pairs[given.pair[at]] = row.time
            assert pd.isna(row.reason) or row.reason == "dry surplus"


def first_of(plan: pd.DataFrame, time: int) -> int:
    """Time of the first candidate of the split that holds ``time``, without a break."""
    splits = plan.set_index("time")["split"].astype(str)
    while time - STEP in splits.index and splits[time - STEP] == splits[time]:
        time -= STEP
    return time


def test_the_first_plan_is_byte_identical_once_more_is_appended(tmp_path: Path) -> None:
    given = whole(3 * DAY_STEPS)
    files = index_files(tmp_path / "index", given, [DAY_STEPS, 2 * DAY_STEPS])
    end = 2 * DAY_STEPS
    config = records_config()
    alone, again = tmp_path / "alone.parquet", tmp_path / "again.parquet"
    build_plan(files[:2], [], time_config(end), config, alone)
    first, second = time_config(len(given), [end]).editions
    build_plan(files[:2], [], first, config, again)
    assert again.read_bytes() == alone.read_bytes()
    build_plan(files, [again], second, config, tmp_path / "02.parquet")
    assert again.read_bytes() == alone.read_bytes()


def test_a_duplicate_of_what_was_not_kept_is_none(tmp_path: Path) -> None:
    """Only kept records came first: a purged or dropped one is in no shard."""
    given, since = whole(4 * DAY_STEPS), 2 * DAY_STEPS
    purged = int(0.6 * since) + 5  # just behind the boundary of training
    for place, copied in ((since + 50, 100), (since + 60, purged)):
        given.pair[place], given.rain[place] = given.pair[copied], given.rain[copied]
    first, second = build(tmp_path, given, records_config(), [since, 4 * DAY_STEPS])
    assert pd.isna(first["reason"][100])
    assert first["reason"][purged] == "purged"
    assert second["reason"][50] == "duplicate"
    assert second["duplicate_of"][50] == first["time"][100]
    assert pd.isna(second["reason"][60])
    assert not second["same_rain"][60]


def test_nothing_of_before_is_within_the_purge(tmp_path: Path) -> None:
    config = records_config()
    first, second = build(tmp_path, whole(4 * DAY_STEPS), config, [2 * DAY_STEPS, 4 * DAY_STEPS])
    gap = kept(second)["time"].min() - kept(first)["time"].max()
    assert gap == purge_seconds(config, STEP) + STEP


def test_what_is_appended_may_be_too_short_for_all_splits(tmp_path: Path) -> None:
    """The dataset has them already; but nothing at all is an error."""
    split = SplitConfig(train=0.6, val=0.2, test=0.2, memory_hours=9)
    config = records_config(split=split)
    ends = [5 * DAY_STEPS, 6 * DAY_STEPS]
    _, second = build(tmp_path / "one", whole(6 * DAY_STEPS), config, ends)
    assert set(kept(second)["split"]) == {"train"}
    longer = records_config(split=split.model_copy(update={"memory_hours": 23.5}))
    ends = [10 * DAY_STEPS, 11 * DAY_STEPS]
    with pytest.raises(PluvialError, match="the split `train` holds no record: kept 0 of 288"):
        build(tmp_path / "two", whole(11 * DAY_STEPS), longer, ends)


@pytest.fixture(scope="module")
def appended(tmp_path_factory: pytest.TempPathFactory) -> tuple[Results, Results]:
    """The same weather: two days of it built alone, and four days of which two were appended."""
    rain, depth = some_weather(4)
    folder = tmp_path_factory.mktemp("appended")
    first = Results(folder / "first", days(2), small_records())
    first.write_frames(rain[: 2 * DAY_STEPS], depth[: 2 * DAY_STEPS])
    both = Results(folder / "both", days(4, (2,)), small_records())
    both.write_frames(rain, depth)
    return first.build(), both.build()


def test_index_plan_and_shards_keep_their_bytes(appended: tuple[Results, Results]) -> None:
    """Although more frames lie beside theirs: the depth that follows them is not theirs."""
    first, both = appended
    files = [
        path
        for path in sorted(first.folder.rglob("*"))
        if path.is_file() and path.name not in ("manifest.json", "report.json")
    ]
    assert len(files) >= 4 + 2 + 2 + 3 * 3, "frames, index, plan and shards"
    for path in files:
        again = both.folder / path.relative_to(first.folder)
        assert again.read_bytes() == path.read_bytes(), path.relative_to(first.folder)


def test_the_manifest_holds_both_editions(appended: tuple[Results, Results]) -> None:
    first, both = appended
    before, manifest = read_manifest(first.manifest), read_manifest(both.manifest)
    for split, listed in manifest["splits"].items():
        shards = {entry["file"]: entry for entry in listed["shards"]}
        for entry in before["splits"][split]["shards"]:
            assert shards[entry["file"]] == entry
        names = [Path(file).name for file in shards]
        assert names == sorted(names)
        assert {name[:2] for name in names} == {"01", "02"}
    times = [
        read_split(
            [both.folder / "shards" / entry["file"] for entry in listed["shards"]],
            manifest["features"],
        ).times
        for listed in manifest["splits"].values()
    ]
    everything = np.concatenate(times)
    assert np.unique(everything).size == everything.size, "a record is in two shards"


def test_the_ledger_of_all_editions_adds_up(appended: tuple[Results, Results]) -> None:
    _, both = appended
    path = both.folder / "proofs.json"
    make_proofs(
        both.frames / "report.json",
        sorted(both.plans.glob("*.json")),
        both.manifest,
        sorted((both.folder / "shards").glob("*/*.parquet")),
        steps=both.time.steps,
        largest_lag_hours=4,
        path=path,
    )
    ledger = read_json(path)["ledger"]
    assert ledger["candidates"] == both.time.steps == 4 * DAY_STEPS
    assert ledger["kept"] == ledger["in_shards"] > 500


def test_shards_of_a_plan_that_is_no_more_are_removed(
    appended: tuple[Results, Results], tmp_path: Path
) -> None:
    """Planned anew with larger shards, the surplus ones must not lie around."""
    first, _ = appended
    shutil.copytree(first.folder, tmp_path / "results")
    again = Results(tmp_path / "results", first.time, small_records(records_per_shard=400))
    for path in (tmp_path / "results" / "shards").glob("*/*.json"):
        path.unlink()
    again.build()
    assert [path.name for path in again.shards] == ["01-00000.tfrecord.gz"] * 3
    assert len(list((tmp_path / "results" / "shards").glob("*/*"))) == 9
