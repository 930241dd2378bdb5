"""Labelled pictures in memory and on the disk, each in its split."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pluvial.config.sanity import PhotoFolder, PictureSplit, SyntheticPictures
from pluvial.errors import PluvialError
from pluvial.files.atomic import atomic_path
from pluvial.files.documents import write_json
from pluvial.jobs import logger
from pluvial.pictures.drawn import draw_pictures
from pluvial.pictures.folder import read_photos

SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class Album:
    """Pictures in a seeded order.

    Attributes:
        pixels: uint8[n, S, S, 3], RGB.
        kinds: name of the kind of each, str[n].
        names: file of each, or its number, str[n].
        splits: ``train``, ``val`` or ``test`` of each, str[n].
    """

    pixels: NDArray[np.uint8]
    kinds: NDArray[np.str_]
    names: NDArray[np.str_]
    splits: NDArray[np.str_]

    def split(self, name: str) -> Album:
        """The pictures of one split."""
        rows = np.flatnonzero(self.splits == name)
        return Album(self.pixels[rows], self.kinds[rows], self.names[rows], self.splits[rows])


def make_album(
    section: SyntheticPictures | PhotoFolder,
    split: PictureSplit,
    folder: Path,
    seed: int,
    path: Path,
    report: Path,
) -> None:
    """Read or draw the pictures, split them, and write them with an account of them.

    Args:
        section: where they come from.
        split: shares of the splits.
        folder: where relative paths start.
        seed: of the drawn pictures, of the order and of the splits.
        path: the npz file of the album.
        report: the JSON file of the account: pictures by kind and split, and what was left out.
    """
    left_out: list[dict[str, str]] = []
    if isinstance(section, PhotoFolder):
        pixels, kinds, names, left_out = read_photos(section, folder)
    else:
        pixels, kinds = draw_pictures(section, seed)
        names = np.arange(kinds.size).astype(str)
    order, splits = split_by_kind(kinds, split, seed)
    album = Album(pixels[order], kinds[order], names[order], splits)
    write_album(album, path)
    counts = {
        str(kind): {name: int((splits[album.kinds == kind] == name).sum()) for name in SPLITS}
        for kind in np.unique(kinds)
    }
    logger.info("%d pictures of %d kinds", kinds.size, len(counts))
    write_json(report, {"side": int(pixels.shape[1]), "kinds": counts, "left_out": left_out})


def split_by_kind(
    kinds: NDArray[np.str_], split: PictureSplit, seed: int
) -> tuple[NDArray[np.intp], NDArray[np.str_]]:
    """A random order of the pictures, intp[n], and the split of each in that order, str[n].

    Each kind is split alike, but for rounding.
    """
    rng = np.random.default_rng((seed, 1))
    order = rng.permutation(kinds.size)
    splits = np.empty(kinds.size, dtype="U5")
    for kind in np.unique(kinds):
        rows = np.flatnonzero(kinds[order] == kind)
        ends = np.rint(np.cumsum([split.train, split.val]) * rows.size).astype(int)
        for name, part in zip(SPLITS, np.split(rows, ends), strict=True):
            splits[part] = name
    return order, splits


def write_album(album: Album, path: Path) -> None:
    """Write an album as an npz file, which numpy reads."""
    with atomic_path(path) as temporary, temporary.open("wb") as stream:
        np.savez(
            stream,
            pixels=album.pixels,
            kinds=album.kinds,
            names=album.names,
            splits=album.splits,
        )


def read_album(path: Path) -> Album:
    """Read what :func:`write_album` wrote.

    Raises:
        PluvialError: if the file is missing or damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            fields: dict[str, Any] = {name: file[name] for name in file.files}
        return Album(**fields)
    except (OSError, ValueError, TypeError, zipfile.BadZipFile) as error:
        raise PluvialError(
            f"it cannot be read as pictures ({type(error).__name__}: {error})",
            where=path,
            remedy="Delete it and run the rule `sanity_pictures` again",
        ) from None
