"""Albums: photos of a folder, splits, and the file between the jobs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pluvial.config.sanity import PhotoFolder, PictureSplit, SyntheticPictures
from pluvial.errors import PluvialError
from pluvial.pictures.album import make_album, read_album, split_by_kind
from pluvial.pictures.folder import photo_files, read_photo, read_photos

COLOURS = {"cat": (200, 30, 40), "dog": (20, 210, 60), "fish": (10, 40, 220)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Twelve photos of each of three kinds, each of one colour; JPEG and PNG."""
    for kind, colour in COLOURS.items():
        below = tmp_path / "photos" / kind
        below.mkdir(parents=True)
        for number in range(12):
            ending = "jpg" if number % 2 else "png"
            Image.new("RGB", (40, 30), colour).save(below / f"{number:02d}.{ending}")
    (tmp_path / "photos" / "cat" / "notes.txt").write_text("no photo")
    return tmp_path / "photos"


def section(**keys: object) -> PhotoFolder:
    return PhotoFolder.model_validate({"format": "folder", "folder": "photos", "side": 16} | keys)


def make(pictures: PhotoFolder | SyntheticPictures, place: Path, seed: int = 1) -> Path:
    make_album(pictures, PictureSplit(), place, seed, place / "a.npz", place / "a.json")
    return place / "a.npz"


def test_each_photo_is_in_its_kind_and_in_a_split(folder: Path) -> None:
    album = read_album(make(section(), folder.parent))
    assert album.pixels.shape == (36, 16, 16, 3)
    for pixels, kind, name in zip(album.pixels, album.kinds, album.names, strict=True):
        assert name.startswith(f"{kind}/")
        assert np.abs(pixels.astype(int) - COLOURS[kind]).max() <= 3
    report = json.loads((folder.parent / "a.json").read_text())
    assert report["kinds"] == {kind: {"train": 7, "val": 1, "test": 4} for kind in COLOURS}
    assert report["left_out"] == []


def test_the_album_is_the_same_by_seed(folder: Path) -> None:
    one = make(section(), folder.parent).read_bytes()
    assert make(section(), folder.parent).read_bytes() == one
    assert make(section(), folder.parent, seed=2).read_bytes() != one


def test_a_damaged_photo_is_named(folder: Path) -> None:
    bad = folder / "dog" / "03.jpg"
    bad.write_bytes(bad.read_bytes()[:100])
    with pytest.raises(PluvialError, match=r"dog/03\.jpg.*cannot be read"):
        read_photos(section(), folder.parent)


def test_damaged_photos_can_be_left_out_and_are_counted(folder: Path) -> None:
    (folder / "dog" / "03.jpg").write_bytes(b"nothing")
    album = read_album(make(section(on_bad_photo="leave_out"), folder.parent))
    assert album.kinds.size == 35
    assert "dog/03.jpg" not in album.names
    (left_out,) = json.loads((folder.parent / "a.json").read_text())["left_out"]
    assert left_out["file"] == "dog/03.jpg"
    assert "cannot be read" in left_out["because"]


def test_a_kind_of_which_too_little_is_left_is_named(folder: Path) -> None:
    for number in range(3):
        next((folder / "fish").glob(f"{number:02d}.*")).write_bytes(b"nothing")
    with pytest.raises(PluvialError, match=r"fish.*9 photos can be read"):
        read_photos(section(on_bad_photo="leave_out"), folder.parent)


def test_a_folder_that_is_not_there_or_has_one_kind(folder: Path) -> None:
    with pytest.raises(PluvialError, match="no such folder"):
        photo_files(folder / "nowhere")
    (folder / "one" / "only").mkdir(parents=True)
    Image.new("RGB", (9, 9)).save(folder / "one" / "only" / "a.png")
    with pytest.raises(PluvialError, match=r"only; at least two kinds"):
        photo_files(folder / "one")


def test_the_middle_square_is_taken_upright(tmp_path: Path) -> None:
    """A wide photo with marked thirds, and the same turned on its side with EXIF saying so."""
    wide = np.zeros((30, 90, 3), np.uint8)
    wide[:, :30, 0], wide[:, 30:60, 1], wide[:, 60:, 2] = 255, 255, 255
    wide[:15, 30:60] = 255
    Image.fromarray(wide).save(tmp_path / "wide.png")
    square = read_photo(tmp_path / "wide.png", 30)
    assert np.array_equal(square, wide[:, 30:60])
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    turned = Image.fromarray(np.rot90(wide).copy())
    turned.save(tmp_path / "turned.png", exif=exif)
    assert np.array_equal(read_photo(tmp_path / "turned.png", 30), wide[:, 30:60])


@settings(max_examples=50, deadline=None)
@given(
    sizes=st.lists(st.integers(10, 60), min_size=2, max_size=5),
    train=st.floats(0.3, 0.7),
    seed=st.integers(0, 99),
)
def test_each_kind_is_split_alike(sizes: list[int], train: float, seed: int) -> None:
    kinds = np.repeat([f"kind {n}" for n in range(len(sizes))], sizes)
    split = PictureSplit(train=train, val=0.2, test=1 - train - 0.2)
    order, splits = split_by_kind(kinds, split, seed)
    assert sorted(order) == list(range(kinds.size))
    for kind, size in zip(np.unique(kinds), sizes, strict=True):
        for name, share in (("train", train), ("val", 0.2), ("test", split.test)):
            found = (splits[kinds[order] == kind] == name).sum()
            assert abs(found - share * size) <= 1


def test_an_album_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    path = make(SyntheticPictures(format="synthetic", per_kind=20, side=16), tmp_path)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(PluvialError, match="cannot be read as pictures"):
        read_album(path)
