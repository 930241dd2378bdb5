"""An encoder trained elsewhere: an ONNX file whose answer numpy can work out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from onnx_writer import WEIGHTS, model_of
from PIL import Image
from pluvial.config.sanity import PretrainedEncoder
from pluvial.errors import PluvialError
from pluvial.pictures.album import Album, write_album
from pluvial.pictures.pretrained import embed, embed_album


def pictures(count: int = 40, side: int = 8) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (count, side, side, 3), dtype=np.uint8)


def expected(section: PretrainedEncoder, pixels: np.ndarray) -> np.ndarray:
    means = (pixels / 255).mean(axis=(1, 2))
    vectors = (means - section.mean) / section.std @ WEIGHTS
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.mark.parametrize("side", [8, "S"])
def test_its_answer_is_what_numpy_finds(tmp_path: Path, side: Any) -> None:
    path = model_of(tmp_path / "model.onnx", side)
    section = PretrainedEncoder(model=path, side=8)
    found = embed(section, path, pictures())
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected(section, pictures()), atol=1e-5)


def test_pictures_are_scaled_as_the_model_wants_them(tmp_path: Path) -> None:
    path = model_of(tmp_path / "model.onnx", 16)
    section = PretrainedEncoder(model=path)
    large = [
        np.asarray(Image.fromarray(one).resize((16, 16), Image.Resampling.BICUBIC))
        for one in pictures(5)
    ]
    np.testing.assert_allclose(
        embed(section, path, pictures(5)), expected(section, np.stack(large)), atol=1e-5
    )


def test_written_as_the_trained_ones_are(tmp_path: Path) -> None:
    pixels = pictures(6)
    names = np.array(["a", "b", "c", "d", "e", "f"])
    album = Album(pixels, np.repeat(["cat", "dog"], 3), names, np.array(["train", "test"] * 3))
    write_album(album, tmp_path / "album.npz")
    model_of(tmp_path / "model.onnx")
    section = PretrainedEncoder(model=Path("model.onnx"))
    embed_album(section, tmp_path, tmp_path / "album.npz", tmp_path / "out.parquet")
    table = pd.read_parquet(tmp_path / "out.parquet")
    assert table.columns.tolist() == ["picture", "kind", "split", "name"]
    assert table["name"].tolist() == names.tolist()
    np.testing.assert_allclose(
        np.stack(table["picture"].tolist()), expected(section, pixels), atol=1e-5
    )


def test_of_several_outputs_one_is_named(tmp_path: Path) -> None:
    path = model_of(tmp_path / "model.onnx", outputs=("flat", "vectors"))
    with pytest.raises(PluvialError, match=r"model\.onnx.*2 outputs of vectors.*flat"):
        embed(PretrainedEncoder(model=path), path, pictures(2))
    section = PretrainedEncoder(model=path, output="vectors")
    np.testing.assert_allclose(
        embed(section, path, pictures(2)), expected(section, pictures(2)), atol=1e-5
    )


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (lambda path: path.unlink(), "the model is missing"),
        (lambda path: path.write_bytes(b"no model"), "cannot be read as an ONNX model"),
        (lambda path: model_of(path, channels=1), "not pictures"),
        (lambda path: model_of(path, outputs=("pooled",)), "0 outputs of vectors"),
    ],
)
def test_a_faulty_model_is_named(tmp_path: Path, fault: Any, message: str) -> None:
    path = model_of(tmp_path / "model.onnx")
    fault(path)
    with pytest.raises(PluvialError, match=rf"model\.onnx.*{message}"):
        embed(PretrainedEncoder(model=path), path, pictures(2))


def test_pictures_without_a_direction_are_said(tmp_path: Path) -> None:
    path = model_of(tmp_path / "model.onnx")
    section = PretrainedEncoder(model=path, mean=(0, 0, 0))
    black = np.zeros((3, 8, 8, 3), np.uint8)
    with pytest.raises(PluvialError, match="3 pictures have a vector without a direction"):
        embed(section, path, black)
