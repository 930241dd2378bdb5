"""docs/adding-a-format.md: its example, put in as it says, reads what GDAL wrote."""

from __future__ import annotations

import gzip
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import rasterio
import rasterio.shutil
import yaml
from pluvial.errors import PluvialError
from pluvial.files.code import PACKAGE
from pluvial.sources.entries import Entry
from pluvial.sources.source import Field
from rasterio.transform import from_origin
from workplace import CHECKOUT, named_case

PAGE = (CHECKOUT / "docs" / "adding-a-format.md").read_text()
EXAMPLE, REGISTRATION = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
WEST, NORTH, CELL = 1000.0, 5000.0, 500.0

READING = """
import json, sys
from pathlib import Path
import numpy as np
import pluvial
from pluvial.case.case import load_case
from pluvial.case.documents import reference
from pluvial.sources.registry import open_raw

case = load_case(json.loads(sys.argv[1]), where="page")
source = open_raw(case.rain, case.time, Path(sys.argv[2]), tolerant=False)
frames = list(source.frames(*case.time.newest))
np.savez(
    sys.argv[3],
    times=[frame.time for frame in frames],
    values=[frame.values for frame in frames],
    grid=json.dumps(frames[0].grid.to_dict()),
    reference=reference(),
    package=pluvial.__file__,
)
"""


def write_grid(path: Path, values: np.ndarray) -> np.ndarray:
    """Let GDAL write a Surfer grid of float32[rows, cols], and read it again, NaN missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    plain = path.with_suffix(".tif")
    with rasterio.open(
        plain,
        "w",
        driver="GTiff",
        height=values.shape[0],
        width=values.shape[1],
        count=1,
        dtype="float32",
        nodata=-1,
        transform=from_origin(WEST, NORTH, CELL, CELL),
    ) as file:
        file.write(np.nan_to_num(values, nan=-1), 1)
    rasterio.shutil.copy(plain, path, driver="GSAG")
    plain.unlink()
    with rasterio.open(path) as file:
        read = file.read(1, masked=True)
        assert file.bounds.left == pytest.approx(WEST)
        assert file.bounds.top == pytest.approx(NORTH)
    return np.asarray(read.filled(np.nan), dtype=np.float32)


def some_rain(seed: int) -> np.ndarray:
    rain = np.random.default_rng(seed).gamma(1, 4, (5, 7)).astype(np.float32)
    rain[0, 1] = np.nan
    return rain


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    """The file of the page, as a module of its own."""
    path = tmp_path_factory.mktemp("page") / "surfer.py"
    path.write_text(EXAMPLE)
    spec = importlib.util.spec_from_file_location("surfer_of_the_page", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # pydantic looks names in annotations up in the module.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def fields(example: ModuleType, path: Path) -> list[Field]:
    return list(example.SurferRain(format="surfer", files="*").fields(Entry(path)))


@pytest.fixture
def grid_file(tmp_path: Path) -> Path:
    path = tmp_path / "rain.grd"
    write_grid(path, some_rain(0))
    return path


def extended(folder: Path) -> Path:
    """A copy of the library with the format put in as the page says."""
    shutil.copytree(PACKAGE, folder / "pluvial", ignore=shutil.ignore_patterns("__pycache__"))
    sources = folder / "pluvial" / "sources"
    (sources / "surfer.py").write_text(EXAMPLE)
    registry = (sources / "registry.py").read_text()
    imported, _, union = REGISTRATION.strip().partition("\n\n")
    (name,) = re.findall(r"^RawRain = (\w+) \| AsciiRain \| \.\.\.$", union)
    before = "from pluvial.sources.series import"
    registry = registry.replace(before, f"{imported}\n{before}", 1)
    registry, count = re.subn(
        r"^(RawRain = \(?\s*)", rf"\g<1>{name} | ", registry, count=1, flags=re.MULTILINE
    )
    assert count == 1
    (sources / "registry.py").write_text(registry)
    return folder


def case_with(section: dict[str, Any]) -> dict[str, Any]:
    case = named_case("smoke")
    heightmap = {"format": "ascii", "files": "terrain.asc"}
    time = {"start": "2021-02-28T23:50Z", "end": "2021-03-01T00:05Z", "step_minutes": 5}
    records = case["records"] | {"channels": [1]}
    return case | {"heightmap": heightmap, "rain": section, "time": time, "records": records}


def test_one_file_and_one_name_make_a_format(tmp_path: Path) -> None:
    """The case of the page, read by a library that is extended as the page says."""
    (section,) = (
        yaml.safe_load(text)["rain"]
        for text in re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL)
    )
    times = {
        "2021/rain_202102282350": 0,
        "2021/rain_202102282355": 300,
        "2021/rain_202103010000": 600,
    }
    expected = [
        write_grid(tmp_path / "data" / f"{name}.grd", some_rain(seed))
        for seed, name in enumerate(times)
    ]
    library = extended(tmp_path / "library")
    found = tmp_path / "found.npz"
    arguments = [json.dumps(case_with(section)), str(tmp_path / "data"), str(found)]
    subprocess.run(
        [sys.executable, "-c", READING, *arguments],
        env=os.environ | {"PYTHONPATH": str(library)},
        check=True,
    )
    read = np.load(found)
    assert Path(str(read["package"])).is_relative_to(library)
    assert (read["times"] - read["times"][0]).tolist() == list(times.values())
    np.testing.assert_allclose(read["values"], np.stack(expected), rtol=1e-6)
    assert np.isnan(read["values"]).any()
    grid = json.loads(str(read["grid"]))
    assert grid == pytest.approx(
        {"rows": 5, "cols": 7, "cell": CELL, "west": WEST, "south": NORTH - 5 * CELL}
        | {"crs": "EPSG:27700"}
    )
    assert "### `rain: {format: surfer}`" in str(read["reference"])
    assert "Surfer 6 ASCII grids (plain or .gz), the time in their names." in str(read["reference"])


def test_it_reads_gzip(example: ModuleType, grid_file: Path, tmp_path: Path) -> None:
    packed = tmp_path / "rain.grd.gz"
    packed.write_bytes(gzip.compress(grid_file.read_bytes()))
    (one,), (other,) = fields(example, packed), fields(example, grid_file)
    assert one.grid == other.grid
    np.testing.assert_array_equal(one.read(), other.read())


def test_it_reads_no_values_before_they_are_asked_for(example: ModuleType, grid_file: Path) -> None:
    (field,) = fields(example, grid_file)
    grid_file.write_bytes(grid_file.read_bytes() + b" surplus")
    with pytest.raises(PluvialError, match="36 values, not 5 x 7"):
        field.read()


@pytest.mark.parametrize(
    ("found", "written", "problem"),
    [
        (b"DSAA", b"DSBB", "no header"),
        (b"7 5", b"7 -5", "no header"),
        (b"7 5", b"1 35", "no header"),
        (b"7 5", b"99999999 5", "no header"),
        (b"7 5", b"7 x", "no header"),
        (b"7 5", b"9 5", "not square"),
        (b"1250 ", b"nan ", "not square"),
    ],
)
def test_it_refuses_what_is_no_grid(
    example: ModuleType, grid_file: Path, found: bytes, written: bytes, problem: str
) -> None:
    content = grid_file.read_bytes()
    assert found in content
    grid_file.write_bytes(content.replace(found, written, 1))
    with pytest.raises(PluvialError, match=f"rain.grd: .*{problem}"):
        fields(example, grid_file)


def test_cut_anywhere_it_is_refused(example: ModuleType, grid_file: Path) -> None:
    """Cut in the last value it may be another number; before it, something is amiss."""
    content = grid_file.read_bytes().rstrip()
    for length in range(content.rindex(b" ")):
        grid_file.write_bytes(content[:length])
        with pytest.raises(PluvialError, match="rain.grd"):
            [field.read() for field in fields(example, grid_file)]


def test_it_refuses_what_are_no_numbers(example: ModuleType, grid_file: Path) -> None:
    content = grid_file.read_bytes().rstrip()
    grid_file.write_bytes(content[: content.rindex(b" ")] + b" wet")
    (field,) = fields(example, grid_file)
    with pytest.raises(PluvialError, match="other than numbers"):
        field.read()


@pytest.mark.parametrize("command", [["check"], ["format", "--check"]])
def test_it_keeps_the_rules_of_the_house(command: list[str]) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "ruff",
            *command,
            "--stdin-filename",
            f"{PACKAGE}/sources/surfer.py",
            "-",
        ],
        input=EXAMPLE,
        text=True,
        capture_output=True,
        cwd=CHECKOUT,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
