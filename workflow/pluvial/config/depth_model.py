"""Keys of the depth model: water depth from rain."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal, Self

from pydantic import Field, PositiveInt, field_validator, model_validator

from pluvial.config.base import Section

Start = Literal["scratch", "frozen", "finetuned"]
Decoder = Literal["unet", "deeplabv3plus"]
Size = Literal["tiny", "small", "medium", "large", "full"]


class DepthLossConfig(Section):
    """What the depth model minimises: a weighted sum."""

    cross_entropy: float = Field(1.0, ge=0)
    """Weight of the cross-entropy of the exceedance of each threshold."""
    dice: float = Field(1.0, ge=0)
    """Weight of the dice loss of the exceedance, over a whole batch."""
    focal: float = Field(0.0, ge=0)
    """Weight of the focal loss of the exceedance."""
    focal_power: float = Field(2.0, ge=0)
    """Power of the focal loss; with 0 it is the cross-entropy."""
    depth: float = Field(1.0, ge=0)
    """Weight of the squared error of the root of the depth, as a share of its variance."""
    cells: float = Field(1.0, ge=0)
    """Weight of the squared error of the depth as a share of each cell's own variance: one less
    its Nash-Sutcliffe efficiency. It minds the peaks, and a channel no more than a slope."""
    class_balance: float = Field(0.0, ge=0, le=1)
    """Wet cells weigh (dry / wet)^this in the cross-entropy and the focal loss, as they are
    counted in the training split. 1 balances the two; 0 leaves probabilities calibrated."""

    @model_validator(mode="after")
    def _both_heads_learn(self) -> Self:
        if not self.cross_entropy + self.dice + self.focal:
            raise ValueError("give `cross_entropy`, `dice` or `focal` a weight above 0")
        if not self.depth + self.cells:
            raise ValueError("give `depth` or `cells` a weight above 0")
        return self


class LabelEfficiencyConfig(Section):
    """Does pretraining help? Each start at each share of the labels, with several seeds."""

    starts: list[Start] = Field(["scratch", "frozen", "finetuned"], min_length=1)
    """How the rain tower starts."""
    shares: list[int] = Field([5, 20, 100], min_length=1)
    """Percent of the training storms whose depth is used."""
    seeds: PositiveInt = 3
    """Trainings of each, with the seeds from 1 on; a seed also draws the storms."""
    size: Size = "tiny"
    """Size of the decoder."""
    epochs: PositiveInt = 6
    """Epochs of each training."""
    steps_per_epoch: PositiveInt = 50
    """Steps in an epoch."""

    @field_validator("shares")
    @classmethod
    def _percent(cls, shares: list[int]) -> list[int]:
        wrong = [share for share in shares if not 1 <= share <= 100]
        if wrong:
            raise ValueError(f"{wrong[0]} is no whole percentage from 1 to 100")
        return shares


class DepthModelConfig(Section):
    """The depth model: the depth at NOW + lead from the rain up to NOW."""

    decoder: Decoder = "unet"
    """What leads from the rain tower's feature maps to the depth grid: `unet`, which takes up one
    map after the other, or `deeplabv3plus`, which looks at one of them at several scales."""
    size: Size = "small"
    """Width of the decoder: `tiny`, `small` (for a few cores), `medium`, `large`, `full`."""
    thresholds: list[float] = Field([0.05, 0.1, 0.3], min_length=1)
    """Depths whose exceedance is predicted, in metres, ascending."""
    start: Start = "finetuned"
    """How the rain tower starts: `finetuned` from the pretrained one and trained on, `frozen`
    pretrained and left as it is, `scratch` at random."""
    upstream: bool = True
    """Tell each cell of the rain upstream of it, along the flow paths of the heightmap, near and
    far; without it the model is one of convolutions alone."""
    loss: DepthLossConfig = DepthLossConfig()
    """What is minimised."""
    batch: PositiveInt = 32
    """Records in a batch, over all devices."""
    accumulate: PositiveInt = 1
    """Batches whose gradients are added up to one step of the optimizer, to save memory."""
    tile: PositiveInt | None = None
    """Side in cells of the square of the depth grid that each step looks at, to save memory; left
    out, all of it. Maps are always predicted whole."""
    epochs: PositiveInt = 20
    """Epochs; the model is judged on the validation split after each, and the best is kept."""
    steps_per_epoch: PositiveInt = 75
    """Batches in an epoch (records are drawn in a seeded order without end)."""
    learning_rate: float = Field(2e-3, gt=0, lt=1)
    """Peak learning rate of AdamW."""
    weight_decay: float = Field(1e-3, ge=0, lt=1)
    """Weight decay of AdamW."""
    clip_norm: float = Field(1.0, gt=0)
    """Gradients are scaled down to this norm."""
    warmup_steps: int = Field(50, ge=0)
    """Steps of linear warm-up before the cosine decay."""
    average: float = Field(0.98, ge=0, lt=1)
    """Momentum of the running mean of the weights, which is what is judged and kept; with 0 it is
    the weights themselves."""
    gain_noise: float = Field(0.0, ge=0, lt=1)
    """Standard deviation of the logarithm of the factor that each window of rain is multiplied by
    in training, as the calibration of a radar errs (1 dB is 0.23)."""
    precision: Literal["auto", "float32", "mixed_bfloat16"] = "auto"
    """What the layers compute in; `auto` is bfloat16 where every GPU has it, else float32. Loss
    and heads are always float32."""
    label_share: int = Field(100, ge=1, le=100)
    """Percent of the training storms whose depth is used."""
    dry_windows: bool = True
    """Train on windows without any rain too: recessions are part of what is judged."""
    favour_rain: float = Field(0.0, ge=0, le=1)
    """Share of the records that are drawn in proportion to the rain in their window; the rest is
    drawn evenly. To choose by the rain alone leaves probabilities calibrated. It needs all records
    in memory (`memory_gb`)."""
    seed: int = Field(1, ge=0)
    """Seed of the initial weights, of the order of records and of the storms drawn."""
    validation_records: PositiveInt = 512
    """Records of the validation split that a model is judged on, evenly over their time."""
    memory_gb: float = Field(2.0, ge=0)
    """Training records are held in memory up to this size, packed; more are streamed."""
    patience: PositiveInt | None = None
    """Epochs without a better CSI on the validation split after which training ends; left out, it
    never ends early."""
    checkpoint_minutes: float = Field(10.0, ge=0)
    """Most minutes of work that an interruption may cost."""
    gpu_memory_gib: list[float] = Field([16, 40, 80], min_length=1)
    """Sizes of GPU for which `snakemake depth_memory` tells the largest batch, in GiB."""
    label_efficiency: LabelEfficiencyConfig = LabelEfficiencyConfig()
    """Does pretraining help?"""

    @field_validator("thresholds")
    @classmethod
    def _ascend(cls, thresholds: list[float]) -> list[float]:
        if thresholds[0] <= 0:
            raise ValueError(f"{thresholds[0]:g} m is no depth to exceed; write one above 0")
        if any(b <= a for a, b in pairwise(thresholds)):
            raise ValueError(
                f"{thresholds} do not ascend; write {sorted(set(thresholds))}, each once"
            )
        return thresholds

    @model_validator(mode="after")
    def _fits(self) -> Self:
        steps = self.epochs * self.steps_per_epoch
        if self.warmup_steps * self.accumulate >= steps:
            raise ValueError(
                f"`warmup_steps` ({self.warmup_steps}) leaves no step of the "
                f"{steps // self.accumulate} for the decay; make it smaller"
            )
        return self

    def named(self, model: str) -> DepthModelConfig:
        """The configuration of the run ``model``: ``main``, or one of the label efficiency.

        Those are named by start, share of the labels and seed, such as ``scratch-005-1``.
        """
        if model == "main":
            return self
        start, share, seed = model.split("-")
        section = self.label_efficiency
        return self.model_copy(
            update={
                "start": start,
                "label_share": int(share),
                "seed": int(seed),
                "size": section.size,
                "epochs": section.epochs,
                "steps_per_epoch": section.steps_per_epoch,
                "warmup_steps": min(
                    self.warmup_steps, section.epochs * section.steps_per_epoch // 4
                ),
            }
        )

    def efficiency_runs(self) -> list[str]:
        """The names of the runs of the label efficiency."""
        section = self.label_efficiency
        return [
            f"{start}-{share:03d}-{seed + 1}"
            for start in section.starts
            for share in section.shares
            for seed in range(section.seeds)
        ]
