"""Keys of the sanity model: pictures whose kinds are known, under the loss of rain and depth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, PositiveInt, TypeAdapter, model_validator

from pluvial.config.base import Section
from pluvial.config.encoders import TowerConfig
from pluvial.config.learning import LossConfig, PretrainConfig

Pairs = Literal["labels", "views"]
"""What a pair of pictures has in common: their kind, or the picture itself."""


class SyntheticPictures(Section):
    """Drawn pictures of three kinds (eared, finned, striped), which their colours do not tell."""

    format: Literal["synthetic"]
    """Draw the pictures."""
    per_kind: int = Field(300, ge=20)
    """Pictures of each kind."""
    side: int = Field(32, ge=16, le=1024)
    """Side of a picture, in pixels."""


class PhotoFolder(Section):
    """A folder of labelled photos: one sub-folder per kind, with JPEG or PNG files in it."""

    format: Literal["folder"]
    """Read the photos."""
    folder: Path
    """The folder; relative to `data_folder`."""
    side: int = Field(96, ge=16, le=1024)
    """Side in pixels to which the middle square of each photo is scaled."""
    on_bad_photo: Literal["fail", "leave_out"] = "fail"
    """What a photo that cannot be read is: an error, or left out and named in pictures.json."""


Pictures = Annotated[SyntheticPictures | PhotoFolder, Field(discriminator="format")]


def picture_source(document: Any) -> SyntheticPictures | PhotoFolder:
    """The pictures' section of a configuration, from its JSON form."""
    return TypeAdapter[Pictures](Pictures).validate_python(document)


class PictureSplit(Section):
    """Who is trained on, who is judged on; drawn by the seed, in each kind alike."""

    train: float = Field(0.6, gt=0, lt=1)
    """Share of the pictures for training."""
    val: float = Field(0.1, gt=0, lt=1)
    """Share by which the best epoch is chosen."""
    test: float = Field(0.3, gt=0, lt=1)
    """Share held out for the final judgement."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        total = self.train + self.val + self.test
        if abs(total - 1) > 1e-9:
            raise ValueError(f"`train` + `val` + `test` is {total:g}; make it 1")
        return self


class ViewsConfig(Section):
    """How a picture is varied at random (after SimCLR, Chen et al. 2020, arXiv:2002.05709)."""

    least_area: float = Field(0.5, gt=0, le=1)
    """Smallest share of the picture's area that a crop shows."""
    flip: bool = True
    """Mirror every other picture."""
    brightness: float = Field(0.4, ge=0, lt=1)
    """Most by which the brightness is multiplied, above or below 1."""
    contrast: float = Field(0.4, ge=0, lt=1)
    """Likewise of the contrast."""
    saturation: float = Field(0.4, ge=0, lt=1)
    """Likewise of the saturation."""
    hue: float = Field(0.1, ge=0, le=0.5)
    """Most by which the hue is turned, as a share of a whole turn."""
    grey: float = Field(0.2, ge=0, le=1)
    """Share of the views without colour."""


class PretrainedEncoder(Section):
    """An image encoder trained elsewhere, such as CLIP's, to stand beside those trained here."""

    model: Path
    """ONNX file of the image encoder alone; relative to `data_folder`. Its input is
    float32[N, 3, S, S]; it is run on the CPU by the extra `onnx`."""
    side: PositiveInt = 224
    """Side in pixels to which pictures are scaled where the model does not fix it."""
    mean: tuple[float, float, float] = (0.48145466, 0.4578275, 0.40821073)
    """Subtracted from red, green and blue in 0 to 1; the default is CLIP's."""
    std: tuple[float, float, float] = (0.26862954, 0.26130258, 0.27577711)
    """By which they are then divided; the default is CLIP's."""
    output: str | None = None
    """The output to take; left out, the only one that is a vector a picture."""


class SanityConfig(Section):
    """The sanity model: does the same machinery separate what is known to be separable?"""

    pictures: Pictures = SyntheticPictures(format="synthetic")
    """Where the pictures come from."""
    split: PictureSplit = PictureSplit()
    """Training, validation and test."""
    pairs: list[Pairs] = Field(["labels", "views"], min_length=1)
    """What is trained, one model each: `labels`, pairs of different pictures of one kind; `views`,
    pairs of views of one picture, to which its kind is not told."""
    encoder: TowerConfig = TowerConfig(size="quecto", stem=2)
    """The encoder, one for both sides of a pair."""
    embedding: PositiveInt = 64
    """Dimensions of the embedding."""
    pretrained: PretrainedEncoder | None = None
    """An encoder trained elsewhere, judged and drawn beside the others as `pretrained`."""
    views: ViewsConfig = ViewsConfig()
    """How pictures are varied in training, those of label pairs too."""
    batch: int = Field(48, ge=2)
    """Pairs in a batch, over all devices."""
    epochs: PositiveInt = 15
    """Epochs; the training is judged on the validation split after each."""
    steps_per_epoch: PositiveInt = 60
    """Training steps in an epoch."""
    learning_rate: float = Field(1e-3, gt=0, lt=1)
    """Peak learning rate of AdamW."""
    weight_decay: float = Field(1e-3, ge=0, lt=1)
    """Weight decay of AdamW."""
    warmup_steps: int = Field(60, ge=0)
    """Steps of linear warm-up before the cosine decay."""
    patience: PositiveInt | None = None
    """Epochs without a better validation after which training ends; left out, it never does."""
    checkpoint_minutes: float = Field(10.0, ge=0)
    """Most minutes of work that an interruption may cost."""
    seed: int = Field(1, ge=0)
    """Seed of the drawn pictures, the split, the initial weights, the pairs and their views."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        steps = self.epochs * self.steps_per_epoch
        if self.warmup_steps >= steps:
            raise ValueError(
                f"`warmup_steps` ({self.warmup_steps}) leaves no step of the {steps} for the "
                "decay; make it smaller"
            )
        if len(set(self.pairs)) < len(self.pairs):
            raise ValueError("`pairs` names one twice; write each once")
        return self

    def training(self) -> PretrainConfig:
        """What the training loop is told. Pictures have no time: only equal ids are left out."""
        return PretrainConfig(
            loss=LossConfig(false_negative_minutes=0),
            batch=self.batch,
            epochs=self.epochs,
            steps_per_epoch=self.steps_per_epoch,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            warmup_steps=self.warmup_steps,
            seed=self.seed,
            patience=self.patience,
            checkpoint_minutes=self.checkpoint_minutes,
        )
