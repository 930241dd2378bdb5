"""From raw files to frames files: periods, gaps over their boundaries, faults, the domain."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from pluvial.config.data import CleaningConfig, FramesConfig
from pluvial.config.domain import DomainConfig, domain_of
from pluvial.config.simulation import SyntheticStorms, SyntheticTerrain
from pluvial.config.times import TimeConfig
from pluvial.errors import PluvialError
from pluvial.files.fingerprints import file_sha256
from pluvial.frames.axes import depth_axis, rain_axis
from pluvial.frames.depth import make_depth_frames
from pluvial.frames.domain import OnDomain, depth_grid, rain_grid
from pluvial.frames.elevation import read_elevation, write_elevation
from pluvial.frames.gaps import Status
from pluvial.frames.heightmap import make_heightmap
from pluvial.frames.rain import make_rain_frames, open_rain
from pluvial.frames.report import frames_report, merged
from pluvial.frames.store import FramesFile
from pluvial.frames.variables import DEPTH, MISSING, RAIN
from pluvial.grids.grid import Grid
from pluvial.sources.ascii import AsciiDepth, AsciiHeightmap, AsciiRain, AsciiStreamDepth
from pluvial.sources.hail_caesar import HailCaesarRain
from pluvial.sources.source import Frame
from pydantic import ValidationError

START = datetime(2020, 2, 28, 22, tzinfo=UTC)
TIME = TimeConfig(start=START, end=START + timedelta(hours=28), step_minutes=60)
DAYS = ["2020-02-28", "2020-02-29", "2020-03-01"]
DAILY = FramesConfig(period="day", interpolate_up_to_minutes=60)
TOLERANT = DAILY.model_copy(update={"on_bad_frame": "gap"})
RAIN_FILES = AsciiRain(format="ascii", files="r{time:%Y%m%d%H}.asc")
NO_HEIGHTMAP = AsciiHeightmap(format="ascii", files="none.asc")


def ascii_grid(values: Any, *, cell: float = 100.0, west: float = 0.0) -> str:
    rows = np.atleast_2d(values)
    head = f"ncols {rows.shape[1]}\nnrows {rows.shape[0]}\nxllcorner {west}\nyllcorner 0\n"
    body = "\n".join(" ".join(map(str, row)) for row in rows.tolist())
    return f"{head}cellsize {cell}\nNODATA_value -9999\n{body}\n"


def moment(step: int) -> datetime:
    return START + timedelta(hours=step)


def write_rain(folder: Path, steps: Sequence[int], *, size: int = 2, cell: float = 100.0) -> None:
    """A field per hour; its rate is its step."""
    folder.mkdir(parents=True, exist_ok=True)
    for step in steps:
        text = ascii_grid(np.full((size, size), step), cell=cell)
        (folder / f"r{moment(step):%Y%m%d%H}.asc").write_text(text)


def rain_frames(
    folder: Path,
    days: Sequence[str] = DAYS,
    frames: FramesConfig = DAILY,
    rain: Any = RAIN_FILES,
    domain: DomainConfig | None = None,
    out: str = "rain",
) -> list[FramesFile]:
    paths = [folder / out / f"{day}.nc" for day in days]
    make_rain_frames(rain, NO_HEIGHTMAP, TIME, domain, frames, folder=folder, paths=paths)
    return [FramesFile(path, RAIN) for path in paths]


def rates(files: list[FramesFile]) -> list[float | None]:
    codes = np.concatenate([file.read(0, file.times.size) for file in files])
    return [None if code == MISSING else code / 32 for code in codes[:, 0, 0].tolist()]


def test_every_hour_in_its_period(tmp_path: Path) -> None:
    write_rain(tmp_path, range(28))
    files = rain_frames(tmp_path)
    assert [file.times.size for file in files] == [2, 24, 2]
    assert rates(files) == list(range(28))
    for file, first in zip(files, (0, 2, 26), strict=True):
        names = [f"r{moment(first + k):%Y%m%d%H}.asc" for k in range(file.times.size)]
        assert [Path(origin).name.partition("#")[0] for origin in file.origins] == names
        assert file.account.given == file.account.observed == file.times.size


@pytest.mark.parametrize("absent", [[1], [2], [25, 26], [2, 25], [0, 27], [1, 2, 3]])
def test_each_period_alone_is_what_all_together_are(tmp_path: Path, absent: list[int]) -> None:
    """A gap over midnight is interpolated alike, whoever makes the periods."""
    write_rain(tmp_path, [step for step in range(28) if step not in absent])
    together = rain_frames(tmp_path)
    expected: list[float | None] = list(range(28))
    for step in absent:
        if {step - 1, step + 1} & {*absent, -1, 28}:
            expected[step] = None  # two hours or more, or at an end
    assert rates(together) == expected
    alone = [file for day in DAYS for file in rain_frames(tmp_path, [day], out="alone")]
    assert rates(alone) == expected
    for one, other in zip(together, alone, strict=True):
        assert one.account == other.account
        assert (one.origins, one.status.tolist()) == (other.origins, other.status.tolist())


def test_provenance_has_the_digest_of_every_file_read(tmp_path: Path) -> None:
    write_rain(tmp_path, range(28))
    file = rain_frames(tmp_path)[1]
    # Those of the day, and around it what interpolation may need.
    read = {moment(step) for step in range(28)}
    assert set(file.source_files) <= {str(tmp_path / f"r{at:%Y%m%d%H}.asc") for at in read}
    day = [tmp_path / f"r{moment(step):%Y%m%d%H}.asc" for step in range(2, 26)]
    for path in day:
        assert file.source_files[str(path)] == file_sha256(path)
    with h5py.File(tmp_path / "rain" / f"{DAYS[1]}.nc") as opened:
        assert opened.attrs["source"] == "rain, ascii"
        assert json.loads(opened.attrs["source_config"])["files"] == RAIN_FILES.files


def test_a_bad_file_is_an_error_or_a_gap(tmp_path: Path) -> None:
    write_rain(tmp_path, range(28))
    bad = tmp_path / f"r{moment(5):%Y%m%d%H}.asc"
    bad.write_text(bad.read_text()[:80])
    with pytest.raises(PluvialError, match=bad.name):
        rain_frames(tmp_path)
    assert not (tmp_path / "rain" / f"{DAYS[1]}.nc").exists()
    files = rain_frames(tmp_path, frames=TOLERANT)
    assert rates(files) == list(range(28)), "an hour is interpolated"
    account = files[1].account
    assert (account.given, account.observed, account.interpolated) == (24, 23, 1)
    assert account.dropped == {"unreadable": 1}
    (problem,) = account.problems
    assert problem["time"] == "2020-02-29T03:00Z"
    assert problem["origin"] == str(bad)
    assert files[1].status[3] == Status.INTERPOLATED


def test_faults_belong_to_the_period_in_which_they_were_met(tmp_path: Path) -> None:
    """Not to each that follows: the report counts every one once."""
    (tmp_path / "zones.asc").write_text(ascii_grid([[1, 1]]))
    rows = "".join(f"{step}\n" for step in range(27))
    (tmp_path / f"z{START:%Y%m%d%H}.txt").write_text("1\n")
    (tmp_path / f"z{moment(1):%Y%m%d%H}.txt").write_bytes(b"\x1f\x8bno gzip at all")
    (tmp_path / f"z{moment(2):%Y%m%d%H}.txt").write_text(rows[: rows.rindex("26")])
    rain = HailCaesarRain(format="hail-caesar", files="z{time:%Y%m%d%H}.txt", zones="zones.asc")
    files = rain_frames(tmp_path, frames=TOLERANT, rain=rain)
    assert [len(file.account.faults) for file in files] == [1, 0, 0]
    paths = [tmp_path / "rain" / f"{day}.nc" for day in DAYS]
    assert frames_report(paths, [])["rain"]["faults"] == 1


def test_faults_are_in_the_account_although_a_domain_is_asked_for(tmp_path: Path) -> None:
    """The same, where the fields are carried onto a domain."""
    (tmp_path / "zones.asc").write_text(ascii_grid([[1, 1], [1, 1]]))
    (tmp_path / f"z{START:%Y%m%d%H}.txt").write_text("1\n2\n")
    (tmp_path / f"z{moment(2):%Y%m%d%H}.txt").write_bytes(b"\x1f\x8bno gzip at all")
    rain = HailCaesarRain(
        format="hail-caesar",
        files="z{time:%Y%m%d%H}.txt",
        zones="zones.asc",
        crs="EPSG:27700",
    )
    files = rain_frames(tmp_path, frames=TOLERANT, rain=rain, domain=square(100))
    assert sum(len(file.account.faults) for file in files) == 1


def test_two_different_fields_of_one_time(tmp_path: Path) -> None:
    write_rain(tmp_path / "a", range(28))
    write_rain(tmp_path / "b", [4])
    (tmp_path / "b" / f"r{moment(6):%Y%m%d%H}.asc").write_text(ascii_grid(np.zeros((2, 2))))
    rain = AsciiRain(format="ascii", files="?/r{time:%Y%m%d%H}.asc")
    with pytest.raises(PluvialError, match="comes twice, and differs"):
        rain_frames(tmp_path, rain=rain)
    files = rain_frames(tmp_path, rain=rain, frames=TOLERANT)
    assert rates(files) == list(range(28)), "the first counts"
    assert files[1].account.dropped == {"duplicate": 1, "conflicting": 1}


def test_rain_is_cleaned(tmp_path: Path) -> None:
    write_rain(tmp_path, range(28))
    frames = DAILY.model_copy(update={"clean": CleaningConfig(cap_mm_h=20)})
    files = rain_frames(tmp_path, frames=frames)
    assert rates(files) == [min(step, 20) for step in range(28)]
    corrections = [file.account.corrections for file in files]
    assert corrections == [{}, {"over cap": 4 * 5}, {"over cap": 4 * 2}]


def square(rain_cell: float, depth_cell: float = 50.0) -> DomainConfig:
    keys = {"crs": "EPSG:27700", "west": 0, "south": 0, "east": 200, "north": 200}
    return DomainConfig(**keys, rain_cell=rain_cell, depth_cell=depth_cell)


@pytest.mark.parametrize("cell", [50.0, 100.0, 200.0])
def test_rain_on_the_domain(tmp_path: Path, cell: float) -> None:
    """Conservative: the amount over the domain is that of the raw field."""
    write_rain(tmp_path, range(28))
    values = [[1, 2, 8], [3, 4, 8], [8, 8, 8]]
    (tmp_path / f"r{START:%Y%m%d%H}.asc").write_text(ascii_grid(np.array(values)))
    for step in range(1, 28):  # south-western corner (0, 0): the domain is rows 1 and 2
        (tmp_path / f"r{moment(step):%Y%m%d%H}.asc").write_text(ascii_grid(np.full((3, 3), step)))
    rain = RAIN_FILES.model_copy(update={"crs": "EPSG:27700"})
    files = rain_frames(tmp_path, rain=rain, domain=square(cell))
    codes = files[0].read(0, 1)[0] / 32
    assert files[0].grid == Grid(int(200 // cell), int(200 // cell), cell, 0, 0, "EPSG:27700")
    assert codes.sum() * cell**2 == pytest.approx((3 + 4 + 8 + 8) * 100**2)


def test_a_change_of_the_archive_s_grid_is_carried_onto_one_domain(tmp_path: Path) -> None:
    write_rain(tmp_path, range(14))
    write_rain(tmp_path, range(14, 28), size=4, cell=50.0)
    keys = {"crs": "EPSG:27700", "grid_eras": [moment(14)]}
    rain = AsciiRain(format="ascii", files=RAIN_FILES.files, **keys)
    files = rain_frames(tmp_path, rain=rain, domain=square(100))
    assert rates(files) == list(range(28))
    with pytest.raises(PluvialError, match="grid_eras"):
        rain_frames(tmp_path, rain=rain.model_copy(update={"grid_eras": []}), domain=square(100))


def test_a_source_that_does_not_cover_the_domain_is_named(tmp_path: Path) -> None:
    write_rain(tmp_path, range(28), size=1)
    rain = RAIN_FILES.model_copy(update={"crs": "EPSG:27700"})
    with pytest.raises(PluvialError, match=r"r2020022822\.asc: .* does not cover") as raised:
        rain_frames(tmp_path, rain=rain, domain=square(100))
    assert "domain" in raised.value.remedy


@pytest.mark.parametrize("known", [None, Grid(4, 4, 50.0, crs="EPSG:27700")])
def test_unreadable_frames_pass_the_domain_as_they_are(known: Grid | None) -> None:
    """Whether their header could be read or not."""
    grid = Grid(4, 4, 50.0, crs="EPSG:27700")
    bad = Frame(300, known, None, "a.dat", "cut off")
    good = Frame(600, grid, np.ones((4, 4), np.float32), "b.dat")

    class Two:
        files: list[Path] = [Path("a.dat")]  # noqa: RUF012
        faults: list = []  # noqa: RUF012
        grid = Grid(4, 4, 50.0)

        def frames(self, *_: int) -> Iterator[Frame]:
            yield from (bad, good)

    source = OnDomain(Two(), rain_grid(square(200)), "conservative")
    first, second = source.frames(0, 1000)
    assert first is bad
    assert (second.time, second.origin, second.grid) == (600, "b.dat", source.grid)
    np.testing.assert_array_equal(second.values, [[1]])
    assert (source.files, source.faults) == (Two.files, [])


def test_the_domain_s_grids() -> None:
    domain = square(100, 25)
    assert rain_grid(domain) == Grid(2, 2, 100, 0, 0, "EPSG:27700")
    assert depth_grid(domain) == Grid(8, 8, 25, 0, 0, "EPSG:27700")
    assert rain_grid(domain).meets(depth_grid(domain))
    assert domain_of(None) is None
    assert domain_of(domain.model_dump()) == domain


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"east": 0}, "`east` must exceed `west`"),
        ({"north": -5}, "`north` must exceed `south`"),
        ({"rain_cell": 30}, r"200 from west to east is no whole number of `rain_cell` \(30\)"),
        ({"north": 210}, r"210 from south to north is no whole number of `rain_cell`"),
        ({"depth_cell": 0}, "greater than 0"),
        ({"crs": ""}, "at least 1 character"),
    ],
)
def test_domains_that_cannot_be(keys: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        DomainConfig(**{**square(100).model_dump(), **keys})


def heightmap_of(folder: Path, grid: Grid) -> Path:
    write_elevation(folder / "heightmap.nc", grid, np.zeros(grid.shape), {})
    return folder / "heightmap.nc"


def depth_frames(folder: Path, depth: Any, heightmap: Path, **keys: Any) -> list[FramesFile]:
    paths = [folder / "depth" / f"{day}.nc" for day in DAYS]
    domain = keys.get("domain")
    make_depth_frames(depth, TIME, domain, DAILY, folder=folder, heightmap=heightmap, paths=paths)
    return [FramesFile(path, DEPTH) for path in paths]


def test_depth_of_a_stream_with_a_step_of_its_own(tmp_path: Path) -> None:
    stream = "".join(ascii_grid(np.full((2, 2), k / 100)) for k in range(14))
    (tmp_path / "depth.asc").write_text(stream)
    keys = {"format": "ascii-stream", "files": "depth.asc", "step_minutes": 120}
    depth = AsciiStreamDepth(**keys, start=START)
    files = depth_frames(tmp_path, depth, heightmap_of(tmp_path, Grid(2, 2, 100.0)))
    assert [file.times.size for file in files] == [1, 12, 1]
    codes = np.concatenate([file.read(0, file.times.size) for file in files])
    assert codes[:, 0, 0].tolist() == [10 * k for k in range(14)]
    assert depth_axis(TIME, depth).step == 2 * rain_axis(TIME).step


@pytest.mark.parametrize("count", [14, 15])
def test_the_depth_s_axis_covers_the_rain_s(count: int) -> None:
    time = TimeConfig(start=START, end=START + timedelta(hours=count), step_minutes=60)
    depth = AsciiDepth(format="ascii", files="d{time:%Y%m%d%H}", step_minutes=120)
    axis = depth_axis(time, depth)
    assert axis.time(axis.count - 1) < rain_axis(time).end <= axis.end


@pytest.mark.parametrize("grid", [Grid(2, 2, 50.0), Grid(2, 2, 100.0, 100.0), Grid(4, 4, 50.0)])
def test_depth_off_the_heightmap_is_refused(tmp_path: Path, grid: Grid) -> None:
    for step in range(28):
        (tmp_path / f"d{moment(step):%Y%m%d%H}.wd").write_text(ascii_grid(np.zeros((2, 2))))
    depth = AsciiDepth(format="ascii", files="d{time:%Y%m%d%H}.wd")
    with pytest.raises(PluvialError, match="the depth lies on 2 rows x 2 columns of 100"):
        depth_frames(tmp_path, depth, heightmap_of(tmp_path, grid))
    depth_frames(tmp_path, depth, heightmap_of(tmp_path, Grid(2, 2, 100.0)))


def test_depth_is_carried_onto_the_domain(tmp_path: Path) -> None:
    for step in range(28):
        values = np.kron([[step, 0], [1, 2]], np.ones((2, 2), int)) / 100
        text = ascii_grid(np.pad(values, 1, constant_values=9), cell=50, west=-50)
        (tmp_path / f"d{moment(step):%Y%m%d%H}.wd").write_text(
            text.replace("yllcorner 0", "yllcorner -50")
        )
    depth = AsciiDepth(format="ascii", files="d{time:%Y%m%d%H}.wd", crs="EPSG:27700")
    domain = square(100, 50)
    files = depth_frames(tmp_path, depth, heightmap_of(tmp_path, depth_grid(domain)), domain=domain)
    assert files[0].grid == depth_grid(domain)
    codes = files[1].read(0, 24)
    assert codes[3].tolist() == np.kron([[50, 0], [10, 20]], np.ones((2, 2), int)).tolist()


def test_a_heightmap_of_tiles_on_a_domain(tmp_path: Path) -> None:
    """Two tiles side by side, cut to the domain; the CRS is that of the configuration."""
    west, east = np.arange(12).reshape(4, 3), 100 + np.arange(12).reshape(4, 3)
    (tmp_path / "t1.asc").write_text(ascii_grid(west, cell=50))
    (tmp_path / "t2.asc").write_text(ascii_grid(east, cell=50, west=150.0))
    section = AsciiHeightmap(format="ascii", files="t?.asc", crs="EPSG:27700")
    make_heightmap(section, square(100, 50), tmp_path, tmp_path / "h.nc")
    grid, elevation = read_elevation(tmp_path / "h.nc")
    assert grid == depth_grid(square(100, 50))
    np.testing.assert_array_equal(elevation, np.hstack([west, east])[:, :4])
    make_heightmap(section, None, tmp_path, tmp_path / "whole.nc")
    grid, elevation = read_elevation(tmp_path / "whole.nc")
    assert grid == Grid(4, 6, 50.0, crs="EPSG:27700")
    np.testing.assert_array_equal(elevation, np.hstack([west, east]))
    with h5py.File(tmp_path / "whole.nc") as file:
        assert len(json.loads(file.attrs["source_files"])) == 2


def test_tiles_that_do_not_fit_are_named(tmp_path: Path) -> None:
    (tmp_path / "t1.asc").write_text(ascii_grid(np.zeros((2, 2))))
    (tmp_path / "t2.asc").write_text(ascii_grid(np.zeros((2, 2)), cell=33.0))
    section = AsciiHeightmap(format="ascii", files="t?.asc")
    with pytest.raises(PluvialError, match=r"t\?\.asc: .*not lie on one lattice"):
        make_heightmap(section, None, tmp_path, tmp_path / "h.nc")


def test_synthetic_rain_in_any_periods(tmp_path: Path) -> None:
    rain = SyntheticStorms(format="synthetic", mean_dry_hours=1)
    terrain = SyntheticTerrain(format="synthetic", rows=16, cols=16)
    source = open_rain(rain, terrain, TIME, None, tmp_path, tolerant=False)
    start, end = rain_axis(TIME).start, rain_axis(TIME).end
    everything = list(source.frames(start, end))
    assert [frame.time for frame in everything] == rain_axis(TIME).times().tolist()
    assert source.grid == Grid(4, 4, 400.0)
    some = list(source.frames(start + 3 * 3600 - 5, start + 9 * 3600 + 5))
    assert [frame.time for frame in some] == [start + 3600 * k for k in range(3, 10)]
    for frame, expected in zip(some, everything[3:10], strict=True):
        np.testing.assert_array_equal(frame.values, expected.values)
    with pytest.raises(PluvialError, match="no grid without a synthetic heightmap"):
        open_rain(rain, NO_HEIGHTMAP, TIME, None, tmp_path, tolerant=False)


def test_the_report_adds_up(tmp_path: Path) -> None:
    write_rain(tmp_path, [step for step in range(28) if step not in (4, 9, 10)])
    rain_frames(tmp_path)
    for step in range(2, 28):
        (tmp_path / f"d{moment(step):%Y%m%d%H}.wd").write_text(ascii_grid(np.zeros((2, 2))))
    depth = AsciiDepth(format="ascii", files="d{time:%Y%m%d%H}.wd")
    depth_frames(tmp_path, depth, heightmap_of(tmp_path, Grid(2, 2, 100.0)))
    rain_paths, depth_paths = (
        [tmp_path / name / f"{day}.nc" for day in DAYS] for name in ("rain", "depth")
    )
    report = frames_report(rain_paths, depth_paths)
    rain = report["rain"]
    assert (rain["given"], rain["observed"]) == (25, 25)
    assert (rain["interpolated"], rain["missing"]) == (1, 2)
    assert rain["days"] == {DAYS[0]: [2, 0, 0], DAYS[1]: [21, 1, 2], DAYS[2]: [2, 0, 0]}
    assert rain["statuses"] == ["observed", "interpolated", "missing"]
    assert (rain["first_day"], rain["last_day"]) == (DAYS[0], DAYS[2])
    assert report["depth"]["first_day"] == DAYS[1], "of the first day nothing is there"
    assert rain["grid"] == Grid(2, 2, 100.0).to_dict()
    parts = [
        frames_report(rain_paths[:1], depth_paths[:1]),
        frames_report(rain_paths[1:], depth_paths[1:]),
    ]
    assert merged(parts) == report, "editions put together are the whole"
    json.dumps(report, allow_nan=False)


def test_an_account_that_does_not_add_up_is_refused(tmp_path: Path) -> None:
    write_rain(tmp_path, range(28))
    rain_frames(tmp_path)
    path = tmp_path / "rain" / f"{DAYS[0]}.nc"
    with h5py.File(path, "r+") as file:
        account = json.loads(file.attrs["frames_account"])
        file.attrs["frames_account"] = json.dumps(account | {"given": 3})
    with pytest.raises(PluvialError, match="3 frames given, 2 accounted for"):
        frames_report([path], [])
