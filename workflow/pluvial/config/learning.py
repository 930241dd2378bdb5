"""Keys of the encoders, their training and their judgement."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, PositiveInt, model_validator

from pluvial.config.base import Section
from pluvial.config.encoders import EncoderConfig


class LossConfig(Section):
    """What is minimised."""

    kind: Literal["clip", "siglip"] = "clip"
    """`clip`: the symmetric cross-entropy over a batch; `siglip`: a logistic loss per pair."""
    false_negative_minutes: float | None = Field(60.0, ge=0)
    """Pairs of a batch nearer in time than this, or with the same rain or the same depth, are not
    pushed apart; `null` pushes all apart."""


class RetrievalConfig(Section):
    """Retrieval on held-out storms: which depth map belongs to this rain, and back."""

    tolerance_minutes: float = Field(15.0, ge=0)
    """A candidate this close to the true time is a hit."""
    spacing_minutes: float = Field(60.0, gt=0)
    """Least time between two candidates."""

    @model_validator(mode="after")
    def _candidates_distinct(self) -> Self:
        if self.spacing_minutes <= 2 * self.tolerance_minutes:
            raise ValueError("`spacing_minutes` must exceed twice `tolerance_minutes`")
        return self


class ValidationConfig(RetrievalConfig):
    """Retrieval on the validation split after each epoch, by which the best one is chosen."""

    records: int = Field(512, ge=2)
    """Records that are looked at, evenly over their time."""


class PretrainConfig(Section):
    """Contrastive pretraining."""

    encoder: EncoderConfig = EncoderConfig()
    """The towers."""
    loss: LossConfig = LossConfig()
    """What is minimised."""
    batch: int = Field(64, ge=2)
    """Pairs in a batch, over all devices; each is told apart from all others of its batch."""
    epochs: PositiveInt = 20
    """Epochs; the training is judged on the validation split after each."""
    steps_per_epoch: PositiveInt = 50
    """Training steps in an epoch (records are drawn in a seeded order without end)."""
    learning_rate: float = Field(1e-3, gt=0, lt=1)
    """Peak learning rate of AdamW."""
    weight_decay: float = Field(1e-3, ge=0, lt=1)
    """Weight decay of AdamW."""
    clip_norm: float = Field(1.0, gt=0)
    """Gradients are scaled down to this norm."""
    warmup_steps: int = Field(100, ge=0)
    """Steps of linear warm-up before the cosine decay."""
    seed: int = Field(1, ge=0)
    """Seed of the initial weights, of the order of records and of the noise."""
    dry_windows: bool = False
    """Train on windows without any rain too; they are all alike, yet their floods differ."""
    storms_apart: bool = True
    """Keep the records of one storm out of each other's batches, as far as there are enough
    storms; otherwise batches are drawn at random."""
    gain_noise: float = Field(0.0, ge=0, lt=1)
    """Standard deviation of the logarithm of the factor that each window of rain is multiplied by
    in training, as the calibration of a radar errs (1 dB is 0.23)."""
    precision: Literal["auto", "float32", "mixed_bfloat16"] = "auto"
    """What the towers compute in; `auto` is bfloat16 where every GPU has it, else float32. The
    loss is always float32."""
    validation: ValidationConfig = ValidationConfig()
    """Judging after each epoch."""
    patience: PositiveInt | None = None
    """Epochs without better retrieval on the validation split after which training ends; left
    out, it never ends early."""
    checkpoint_minutes: float = Field(10.0, ge=0)
    """Most minutes of work that an interruption may cost."""

    @model_validator(mode="after")
    def _warm_up_fits(self) -> Self:
        if self.warmup_steps >= self.epochs * self.steps_per_epoch:
            raise ValueError(
                f"`warmup_steps` ({self.warmup_steps}) leaves no step of the "
                f"{self.epochs * self.steps_per_epoch} for the decay; make it smaller"
            )
        return self


class OwnEmbeddings(Section):
    """Vectors made elsewhere, to be given the same verdict."""

    file: Path
    """A parquet, csv or npz file with a row per record; relative to `data_folder`."""
    sides: list[str] = Field(["rain", "depth"], min_length=1, max_length=2)
    """The encoders, two or one. A side's vectors are a column of lists or a two-dimensional array
    of its name, or columns of numbers named NAME_0, NAME_1 and so on."""
    time: str | None = None
    """Column of the time of each record: seconds since 1970 or an ISO time. Without it there is no
    order, and no tolerance: each record is a candidate and asks for its own partner."""
    group: str | None = None
    """Column of the storm (or place, or patient) that a record belongs to; its records are not
    independent of each other."""
    split: str | None = None
    """Column that says `train`, `val` or `test`. Without it all records are held out, and probes
    leave out whole groups in turn."""
    numbers: list[str] = Field([])
    """Columns of numbers that probes ask for."""
    classes: list[str] = Field([])
    """Columns of classes that probes ask for."""
    controls: dict[str, Path] = Field({})
    """Files of the same layout and records by encoders that must fail, such as
    `untrained: PATH` or `shuffled: PATH`."""

    def files(self) -> list[Path]:
        """All files that are read, as they are written here."""
        return [self.file, *self.controls.values()]

    @model_validator(mode="after")
    def _one_side_needs_labels(self) -> Self:
        if len(self.sides) == 1 and not self.numbers + self.classes:
            raise ValueError(
                "one side alone can only be judged by labels; name some in `numbers` or `classes`"
            )
        if len(set(self.sides)) < len(self.sides):
            raise ValueError("the two `sides` have the same name; write each once")
        return self


class VerdictConfig(Section):
    """The verdict: is it learning?"""

    p: float = Field(0.01, gt=0, le=0.1)
    """Probability under chance below which a result is not taken for chance."""
    max_records: int = Field(4000, ge=200)
    """Records of a split that are judged at most; of more, a sample is taken evenly over time. Half
    as many can be candidates, and half as many can ask."""
    draws: int = Field(2000, ge=200)
    """Draws of the bootstrap over storms, and of permutations where there is no order."""
    seed: int = Field(1, ge=0)
    """Seed of the draws."""


class FiguresConfig(Section):
    """The figures."""

    max_records: PositiveInt = 4000
    """Records shown at most; above it a sample is taken, evenly over time."""
    umap_neighbours: int = Field(30, ge=2)
    """UMAP's n_neighbors."""
    umap_min_dist: float = Field(0.15, ge=0, le=1)
    """UMAP's min_dist."""
    seed: int = Field(42, ge=0)
    """Seed of UMAP and of the random control."""
