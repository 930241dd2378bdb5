"""Embeddings made elsewhere: every layout gives the same verdict, and faults are named."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from pluvial.case.case import load_case
from pluvial.config.learning import OwnEmbeddings, RetrievalConfig, VerdictConfig
from pluvial.diagnostics.own import make_own_judgement, read_own
from pluvial.errors import PluvialError
from pluvial.files.documents import read_json
from toys import World
from workplace import CHECKOUT, named_case

CONFIG = VerdictConfig(draws=300)
WHOLE = {"time": "when", "group": "storm", "split": "part", "numbers": ["state"],
         "classes": ["season"]}  # fmt: skip


def columns(world: World, rain: np.ndarray, depth: np.ndarray) -> dict[str, Any]:
    return {
        "rain": rain,
        "depth": depth,
        "when": world.times,
        "storm": world.storms,
        "part": world.splits,
        **world.labels,
    }


def as_parquet(path: Path, found: dict[str, Any]) -> Path:
    lists = {k: list(v) if np.ndim(v) == 2 else v for k, v in found.items()}
    table = pd.DataFrame(lists)
    # Rows in any order, and times as times.
    if "when" in table:
        table["when"] = pd.to_datetime(table["when"], unit="s", utc=True)
        table = table.sample(frac=1, random_state=0)
    table.to_parquet(path.with_suffix(".parquet"))
    return path.with_suffix(".parquet")


def as_csv(path: Path, found: dict[str, Any]) -> Path:
    flat: dict[str, Any] = {}
    for name, values in found.items():
        if np.ndim(values) == 2:
            flat |= {f"{name}_{k}": values[:, k] for k in reversed(range(values.shape[1]))}
        else:
            flat[name] = values
    table = pd.DataFrame(flat)
    if "when" in table:
        table["when"] = pd.to_datetime(table["when"], unit="s").dt.strftime("%Y-%m-%dT%H:%MZ")
    table.to_csv(path.with_suffix(".csv"), index=False)
    return path.with_suffix(".csv")


def as_npz(path: Path, found: dict[str, Any]) -> Path:
    np.savez(path.with_suffix(".npz"), **found)
    return path.with_suffix(".npz")


WRITERS = [as_parquet, as_csv, as_npz]


def verdict(own: OwnEmbeddings, folder: Path) -> dict[str, Any]:
    make_own_judgement(own, folder, RetrievalConfig(), CONFIG, folder / "verdict.json")
    return dict(read_json(folder / "verdict.json"))


@pytest.mark.parametrize("write", WRITERS)
def test_every_format_holds_the_same(tmp_path: Path, write: Callable[..., Path]) -> None:
    world = World()
    pairs = world.learned()
    found = columns(world, *(side.astype(np.float32) for side in pairs.sides.values()))
    read = read_own(write(tmp_path / "mine", found), OwnEmbeddings(file=Path("x"), **WHOLE))
    np.testing.assert_array_equal(read.times, world.times)
    np.testing.assert_array_equal(read.splits, world.splits)
    np.testing.assert_allclose(read.sides["rain"], found["rain"], rtol=1e-6)
    np.testing.assert_allclose(read.labels["state"], world.labels["state"])
    np.testing.assert_array_equal(read.labels["season"], world.labels["season"])
    same = read.groups[:, None] == read.groups
    np.testing.assert_array_equal(same, world.storms[:, None] == world.storms)


@pytest.mark.parametrize("write", WRITERS)
def test_the_verdict_is_that_on_records(tmp_path: Path, write: Callable[..., Path]) -> None:
    world = World()
    for name, pairs in (("mine", world.learned()), ("no", world.untrained())):
        write(tmp_path / name, columns(world, *pairs.sides.values()))
    (mine,), (none,) = tmp_path.glob("mine.*"), tmp_path.glob("no.*")
    own = OwnEmbeddings(file=mine, controls={"untrained": none}, **WHOLE)
    found = verdict(own, tmp_path)
    assert found["verdict"] == "learned"
    assert found["beyond_baselines"] is None
    assert {entry["label"] for entry in found["probes"]} == {"state", "season"}
    swapped = OwnEmbeddings(file=none, controls={"untrained": mine}, **WHOLE)
    assert verdict(swapped, tmp_path)["verdict"] == "not shown"


def test_vectors_alone_are_taken_as_independent(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rain = rng.normal(size=(300, 8))
    near = rain + 0.2 * rng.normal(size=rain.shape)
    file = as_npz(tmp_path / "mine", {"left": rain, "right": near})
    found = verdict(OwnEmbeddings(file=file, sides=["left", "right"]), tmp_path)
    assert found["verdict"] == "learned"
    assert found["ordered"] is False
    assert found["methods"]["trained"]["left_to_right"]["chance"]["kind"] == "permutation"
    far = as_npz(tmp_path / "far", {"left": rain, "right": rng.normal(size=rain.shape)})
    lost = verdict(OwnEmbeddings(file=far, sides=["left", "right"]), tmp_path)
    assert lost["verdict"] == "not shown"


def test_groups_without_times_are_kept_together(tmp_path: Path) -> None:
    world = World()
    found = columns(world, *world.learned().sides.values())
    order = np.random.default_rng(0).permutation(len(world.times))
    file = as_npz(tmp_path / "mine", {k: np.asarray(v)[order] for k, v in found.items()})
    own = OwnEmbeddings(file=file, group="storm", split="part")
    assert (np.diff(read_own(file, own).groups) >= 0).all()
    assert verdict(own, tmp_path)["verdict"] == "learned"


def test_one_side_with_classes(tmp_path: Path) -> None:
    world = World()
    warm = np.where(world.hidden[:, 0] > 0, "warm", "cold").astype(object)
    warm[:5] = None
    found = {"rain": list(world.hidden), "kind": warm, "storm": world.storms}
    pd.DataFrame(found).to_parquet(tmp_path / "mine.parquet")
    own = OwnEmbeddings(file=Path("mine.parquet"), sides=["rain"], group="storm", classes=["kind"])
    judged = verdict(own, tmp_path)
    assert judged["verdict"] == "learned"
    assert judged["methods"] == {}


GOOD = {"rain": np.eye(6), "depth": np.eye(6), "when": np.arange(6), "part": ["test"] * 6}


@pytest.mark.parametrize(
    ("change", "keys", "words"),
    [
        ({"rain": None}, {}, "no column `rain`; there are depth, part, when"),
        ({"rain": np.eye(6)[0]}, {}, r"`rain` has the shape \(6,\)"),
        ({"rain": np.array([["a"] * 6] * 6)}, {}, "`rain` are not rows of equally many numbers"),
        ({"rain": np.eye(6)[:5]}, {}, "`depth` has 6 rows, `rain` has 5"),
        (
            {"rain": np.where(np.arange(6)[:, None] == 2, np.nan, np.eye(6))},
            {},
            "1 of 6 vectors of `rain` hold NaN or infinity, the first in record 3",
        ),
        (
            {"depth": np.where(np.arange(6)[:, None] > 2, np.inf, np.eye(6))},
            {},
            "3 of 6 vectors of `depth` hold NaN or infinity, the first in record 4",
        ),
        ({"depth": np.ones((6, 2))}, {}, "different dimensions: {'rain': 6, 'depth': 2}"),
        ({"when": np.zeros(6)}, {"time": "when"}, "`when` occur more than once"),
        ({"when": np.full(6, np.nan)}, {"time": "when"}, "6 records have no time in `when`"),
        ({"when": ["soon"] * 6}, {"time": "when"}, "`when` cannot be read"),
        ({"when": np.arange(4)}, {"time": "when"}, "`time` has 4 rows"),
        ({"part": ["later"] * 6}, {"split": "part"}, "`part` says later"),
        ({"part": ["train"] * 6}, {"split": "part"}, "0 held-out records are too few"),
        ({}, {"numbers": ["part"]}, "`part` does not hold numbers"),
        (
            {"storm": np.array([1, 2, np.nan, 1, 2, 3])},
            {"group": "storm"},
            "1 records have no group",
        ),
    ],
)
def test_what_cannot_be_used_is_named(
    tmp_path: Path, change: dict[str, Any], keys: dict[str, Any], words: str
) -> None:
    found = {k: v for k, v in (GOOD | change).items() if v is not None}
    np.savez(tmp_path / "mine.npz", **found)
    with pytest.raises(PluvialError, match=words) as caught:
        verdict(OwnEmbeddings(file=Path("mine.npz"), **keys), tmp_path)
    assert "mine.npz" in str(caught.value)
    assert not (tmp_path / "verdict.json").exists()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.txt", b"", "ends in `.txt` is not read"),
        ("a.npz", b"no archive", "cannot be read"),
        ("a.parquet", b"no table", "cannot be read"),
        ("a.csv", b"", "cannot be read"),
        ("a.npz", None, "the file is missing"),
    ],
)
def test_files_that_cannot_be_read(
    tmp_path: Path, name: str, content: bytes | None, words: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(PluvialError, match=words):
        read_own(tmp_path / name, OwnEmbeddings(file=Path(name)))


def test_pickled_objects_are_not_opened(tmp_path: Path) -> None:
    np.savez(tmp_path / "mine.npz", rain=np.array([{}, {}], dtype=object))
    with pytest.raises(PluvialError, match="plain arrays"):
        read_own(tmp_path / "mine.npz", OwnEmbeddings(file=Path("mine.npz")))


def test_a_control_of_other_records_is_refused(tmp_path: Path) -> None:
    as_npz(tmp_path / "mine", {"rain": np.eye(6), "depth": np.eye(6), "when": np.arange(6)})
    as_npz(tmp_path / "other", {"rain": np.eye(6), "depth": np.eye(6), "when": np.arange(1, 7)})
    own = OwnEmbeddings(
        file=Path("mine.npz"), time="when", controls={"untrained": Path("other.npz")}
    )
    with pytest.raises(PluvialError, match=r"other\.npz: the control `untrained`"):
        verdict(own, tmp_path)


def test_the_section_of_the_documentation_is_a_valid_one() -> None:
    page = (CHECKOUT / "docs" / "is-it-learning.md").read_text()
    (section,) = re.findall(r"```yaml\n(.*?)```", page, flags=re.DOTALL)
    case = load_case(named_case("smoke") | yaml.safe_load(section), where="page")
    assert case.own_embeddings["mine"].controls == {
        "untrained": Path("/where/it/is/untrained.parquet")
    }
    for name in OwnEmbeddings.model_fields:
        assert re.search(rf"^ *{name}:", section, flags=re.MULTILINE), name


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ({"fil": "a.npz"}, "`own_embeddings.mine.fil`: unknown key .* did you mean `file`"),
        ({"file": "a.npz", "sides": ["rain"]}, "one side alone can only be judged by labels"),
        ({"file": "a.npz", "sides": ["rain", "rain"]}, "the two `sides` have the same name"),
    ],
)
def test_the_configuration_says_what_is_wrong(section: dict[str, Any], words: str) -> None:
    document = named_case("smoke") | {"own_embeddings": {"mine": section}}
    with pytest.raises(PluvialError, match=words):
        load_case(document, where="case.yaml")
