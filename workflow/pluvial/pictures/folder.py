"""A folder of labelled photos: one sub-folder per kind."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from pluvial.config.sanity import PhotoFolder
from pluvial.errors import PluvialError
from pluvial.jobs import logger

ENDINGS = (".jpg", ".jpeg", ".png")
LEAST_PER_KIND = 10
"""With fewer, splits of a kind would be empty or near it."""

Photos = tuple[NDArray[np.uint8], NDArray[np.str_], NDArray[np.str_], list[dict[str, str]]]


def photo_files(folder: Path) -> dict[str, list[Path]]:
    """The photos of each kind, in order of their names.

    Raises:
        PluvialError: if there are not at least two sub-folders with photos in them.
    """
    if not folder.is_dir():
        raise PluvialError(
            "there is no such folder",
            where=folder,
            remedy="Correct `sanity.pictures.folder`, or `data_folder`",
        )
    kinds = {}
    for below in sorted(path for path in folder.iterdir() if path.is_dir()):
        files = sorted(path for path in below.iterdir() if path.suffix.lower() in ENDINGS)
        if files:
            kinds[below.name] = files
    if len(kinds) < 2:
        found = ", ".join(kinds) or "none"
        raise PluvialError(
            f"sub-folders with photos: {found}; at least two kinds are needed",
            where=folder,
            remedy=f"Give a sub-folder per kind, with files that end in {', '.join(ENDINGS)}",
        )
    return kinds


def read_photos(section: PhotoFolder, folder: Path) -> Photos:
    """Read all photos.

    Args:
        section: which, and how.
        folder: where a relative path starts.

    Returns:
        Pixels uint8[n, S, S, 3], kinds and paths below the folder, str[n] each; and of each photo
        that was left out ``file`` and ``because``.

    Raises:
        PluvialError: naming the photo that cannot be read, unless such are to be left out; or the
            kind of which too few are left.
    """
    root = folder / section.folder
    pixels: list[NDArray[np.uint8]] = []
    kinds: list[str] = []
    names: list[str] = []
    left_out: list[dict[str, str]] = []
    for kind, files in photo_files(root).items():
        before = len(pixels)
        for file in files:
            name = file.relative_to(root).as_posix()
            try:
                pixels.append(read_photo(file, section.side))
            except PluvialError as error:
                if section.on_bad_photo == "fail":
                    raise
                logger.warning("left out: %s", error)
                left_out.append({"file": name, "because": error.problem})
                continue
            kinds.append(kind)
            names.append(name)
        if len(pixels) - before < LEAST_PER_KIND:
            raise PluvialError(
                f"{len(pixels) - before} photos can be read, fewer than {LEAST_PER_KIND}",
                where=root / kind,
                remedy="Give more photos of this kind, or take the sub-folder away",
            )
    return np.stack(pixels), np.array(kinds), np.array(names), left_out


def read_photo(path: Path, side: int) -> NDArray[np.uint8]:
    """The middle square of a photo, turned as its EXIF says, as RGB scaled to uint8[S, S, 3].

    Raises:
        PluvialError: if it is damaged or not a photo.
    """
    try:
        with Image.open(path) as photo:
            upright = ImageOps.exif_transpose(photo).convert("RGB")
        square = ImageOps.fit(upright, (side, side), Image.Resampling.LANCZOS)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise PluvialError(
            f"the photo cannot be read ({type(error).__name__}: {error})",
            where=path,
            remedy="Take it away, or write `on_bad_photo: leave_out`",
        ) from None
    return np.asarray(square, dtype=np.uint8)
