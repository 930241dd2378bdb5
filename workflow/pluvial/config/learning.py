"""Keys of the encoders, their training and their judgement."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, PositiveInt, model_validator

from pluvial.config.base import Section

EncoderSize = Literal["atto", "femto", "pico", "tiny"]


class TowerConfig(Section):
    """One ConvNeXt tower."""

    size: EncoderSize = "pico"
    """Its widths and depths (see `pluvial.models.convnext.SIZES`)."""
    stem: PositiveInt = 4
    """Cells per side that the first convolution turns into one."""


class EncoderConfig(Section):
    """The two towers."""

    rain: TowerConfig = TowerConfig(stem=2)
    """The rain tower."""
    depth: TowerConfig = TowerConfig(stem=4)
    """The depth tower."""
    embedding: PositiveInt = 200
    """Dimensions of the embedding."""
    heightmap: bool = True
    """Give the depth tower the heightmap as a second channel."""


class PretrainConfig(Section):
    """Contrastive pretraining with CLIP's loss."""

    encoder: EncoderConfig = EncoderConfig()
    """The towers."""
    batch: int = Field(64, ge=2)
    """Pairs in a batch; each is told apart from all others of its batch."""
    epochs: PositiveInt = 20
    """Epochs; a checkpoint is written after each."""
    steps_per_epoch: PositiveInt = 50
    """Training steps in an epoch (records are drawn in a seeded order without end)."""
    learning_rate: float = Field(1e-3, gt=0, lt=1)
    """Peak learning rate of AdamW."""
    weight_decay: float = Field(1e-3, ge=0, lt=1)
    """Weight decay of AdamW."""
    warmup_steps: int = Field(100, ge=0)
    """Steps of linear warm-up before the cosine decay."""
    seed: int = Field(1, ge=0)
    """Seed of the initial weights and of the order of records."""
    dry_windows: bool = False
    """Train on windows without any rain too; they are all alike, yet their floods differ."""

    @model_validator(mode="after")
    def _warm_up_fits(self) -> Self:
        if self.warmup_steps >= self.epochs * self.steps_per_epoch:
            raise ValueError(
                f"`warmup_steps` ({self.warmup_steps}) leaves no step of the "
                f"{self.epochs * self.steps_per_epoch} for the decay; make it smaller"
            )
        return self


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
