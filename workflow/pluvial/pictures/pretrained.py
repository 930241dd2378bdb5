"""Pictures embedded by an image encoder trained elsewhere, from a local ONNX file.

It stands beside what is trained here: a CLIP that saw hundreds of millions of photos must tell the
kinds apart, whatever the figures and the verdict say of the others.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

from pluvial.config.sanity import PretrainedEncoder
from pluvial.errors import PluvialError
from pluvial.metrics.vectors import unit, usable
from pluvial.pictures.album import read_album
from pluvial.pictures.embeddings import write_embeddings

BATCH = 32
CHANNELS = 3


def embed_album(section: PretrainedEncoder, folder: Path, album: Path, path: Path) -> None:
    """Embed the pictures of an album and write ``path``, as the trained encoders' are written.

    Args:
        section: the model, and how it wants its pictures.
        folder: where relative paths start.
        album: npz file of the pictures.
        path: parquet file to make, with ``picture``, ``kind``, ``split`` and ``name``.

    Raises:
        PluvialError: if the model cannot be read, or is no image encoder.
    """
    pictures = read_album(album)
    write_embeddings(embed(section, folder / section.model, pictures.pixels), pictures, path)


def embed(
    section: PretrainedEncoder, model: Path, pixels: NDArray[np.uint8]
) -> NDArray[np.float32]:
    """Unit vectors of pictures, float32[n, D].

    Args:
        section: how the model wants its pictures.
        model: the ONNX file; its input is float32[N, 3, S, S].
        pixels: uint8[n, s, s, 3], RGB.
    """
    session = _session(model)
    wanted = session.get_inputs()[0]
    output = _output(session, section, model)
    if len(wanted.shape) != 4 or wanted.shape[1] != CHANNELS or wanted.type != "tensor(float)":
        raise PluvialError(
            f"its input `{wanted.name}` is {wanted.type} {wanted.shape}, not pictures "
            f"float32[N, {CHANNELS}, S, S]",
            where=model,
            remedy="Export the image encoder alone, channels first",
        )
    side = wanted.shape[2] if isinstance(wanted.shape[2], int) else section.side
    parts = []
    for first in tqdm(range(0, len(pixels), BATCH), unit="batch", desc="embedding"):
        batch = np.stack([_prepared(one, side, section) for one in pixels[first : first + BATCH]])
        parts.append(session.run([output], {wanted.name: batch})[0])
    found = unit(np.concatenate(parts))
    if not usable(found).all():
        raise PluvialError(
            f"{np.count_nonzero(~usable(found))} pictures have a vector without a direction",
            where=model,
            remedy="Check `mean` and `std`, and the model on one picture",
        )
    return found


def _prepared(
    pixels: NDArray[np.uint8], side: int, section: PretrainedEncoder
) -> NDArray[np.float32]:
    """One picture as the model wants it, float32[3, S, S]."""
    scaled = Image.fromarray(pixels).resize((side, side), Image.Resampling.BICUBIC)
    values = np.asarray(scaled, dtype=np.float32) / 255
    mean, std = (np.array(of, dtype=np.float32) for of in (section.mean, section.std))
    return np.ascontiguousarray(((values - mean) / std).transpose(2, 0, 1))


def _output(session: Any, section: PretrainedEncoder, model: Path) -> str:
    """The output that is a vector a picture."""
    outputs: dict[str, list[Any]] = {one.name: one.shape for one in session.get_outputs()}
    flat = [name for name, shape in outputs.items() if len(shape) == 2]
    if section.output is not None and section.output in outputs:
        return section.output
    if section.output is None and len(flat) == 1:
        return flat[0]
    asked = f"no output `{section.output}`" if section.output else f"{len(flat)} outputs of vectors"
    raise PluvialError(
        f"it has {asked}; there are {', '.join(f'{n} {s}' for n, s in outputs.items())}",
        where=model,
        remedy="Name the output of vectors in `sanity.pretrained.output`, such as image_embeds",
    )


def _session(model: Path) -> Any:
    try:
        import onnxruntime
    except ImportError:
        raise PluvialError(
            "onnxruntime is not installed",
            where="sanity.pretrained",
            remedy="Install the extra: uv sync --extra cpu --extra onnx",
        ) from None
    if not model.is_file():
        raise PluvialError(
            "the model is missing", where=model, remedy="Correct `sanity.pretrained.model`"
        )
    try:
        return onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors have no common base
        raise PluvialError(
            f"it cannot be read as an ONNX model ({error})",
            where=model,
            remedy="Export it again, with an opset that onnxruntime reads",
        ) from None
