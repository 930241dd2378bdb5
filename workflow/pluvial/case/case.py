"""A whole case: reading it, checking what only the whole can tell, and the schema."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

from pydantic import Field, ValidationError, model_validator

from pluvial.case.forecast import ForecastConfig
from pluvial.config.base import Section
from pluvial.config.data import CardConfig, FramesConfig, RecordsConfig
from pluvial.config.depth_model import DepthModelConfig
from pluvial.config.domain import DomainConfig
from pluvial.config.learning import (
    FiguresConfig,
    OwnEmbeddings,
    PretrainConfig,
    RetrievalConfig,
    VerdictConfig,
)
from pluvial.config.messages import explain
from pluvial.config.sanity import SanityConfig
from pluvial.config.simulation import SyntheticStorms, SyntheticTerrain
from pluvial.config.skill import SkillConfig
from pluvial.config.times import TimeConfig, epoch_seconds
from pluvial.errors import PluvialError
from pluvial.grids.time_axis import PERIOD_FORMATS
from pluvial.sources.files import DepthFiles, HeightmapFiles, TimedFiles
from pluvial.sources.registry import DepthSource, HeightmapSource, RainSource


class Case(Section):
    """One case, as `config/*.yaml` describes it."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
    """Name of the case; its results are in results/NAME."""
    data_folder: Path = Path()
    """Folder of the source files' relative paths; itself relative to where Snakemake runs."""
    pathvars: dict[str, str] = Field({})
    """Snakemake path variables to override, such as `results: /scratch/me/results`."""
    time: TimeConfig
    """Span and step."""
    domain: DomainConfig | None = None
    """Where everything is carried onto; left out, rain, depth and heightmap stay on their own
    grids, whose edges must meet."""
    heightmap: HeightmapSource
    """Where the elevations come from."""
    rain: RainSource
    """Where the rain comes from."""
    depth: DepthSource
    """Where the water depth comes from."""
    frames: FramesConfig = FramesConfig()
    """The canonical store of frames."""
    records: RecordsConfig = RecordsConfig()
    """Records and shards."""
    card: CardConfig = CardConfig()
    """The card of the dataset."""
    pretrain: PretrainConfig = PretrainConfig()
    """Contrastive pretraining."""
    depth_model: DepthModelConfig = DepthModelConfig()
    """Water depth from rain: `snakemake depth_model`."""
    forecast: ForecastConfig | None = None
    """Depth maps from rain that nobody has a depth for: `snakemake forecast`."""
    retrieval: RetrievalConfig = RetrievalConfig()
    """Retrieval on held-out storms."""
    verdict: VerdictConfig = VerdictConfig()
    """The verdict: is it learning?"""
    skill: SkillConfig = SkillConfig()
    """Skill of the depth model, beside methods without learning: `snakemake skill`."""
    own_embeddings: dict[str, OwnEmbeddings] = Field({})
    """Embeddings made elsewhere, by a name of one's own: `snakemake verdict_of_own` judges them."""
    sanity: SanityConfig = SanityConfig()
    """The sanity model: `snakemake sanity`."""
    figures: FiguresConfig = FiguresConfig()
    """Figures."""

    @model_validator(mode="after")
    def _rain_grid_divides(self) -> Self:
        rain, heightmap = self.rain, self.heightmap
        if isinstance(rain, SyntheticStorms):
            if not isinstance(heightmap, SyntheticTerrain):
                raise ValueError(
                    "`rain: {format: synthetic}` needs `heightmap: {format: synthetic}`"
                )
            if heightmap.rows % rain.coarsen or heightmap.cols % rain.coarsen:
                raise ValueError(
                    f"`rain.coarsen` ({rain.coarsen}) must divide `heightmap.rows` "
                    f"({heightmap.rows}) and `heightmap.cols` ({heightmap.cols})"
                )
        return self

    @model_validator(mode="after")
    def _sources_overlap(self) -> Self:
        for key, source in (("rain", self.rain), ("depth", self.depth)):
            start = getattr(source, "start", None)
            if start is None:
                continue
            if start >= self.time.end:
                raise ValueError(
                    f"`{key}.start` ({start:%Y-%m-%dT%H:%MZ}) lies at or after `time.end` "
                    f"({self.time.end:%Y-%m-%dT%H:%MZ}): rain and depth never overlap in time"
                )
            offset = epoch_seconds(start) - epoch_seconds(self.time.start)
            step = getattr(source, "step_minutes", None) or self.time.step_minutes
            if offset % (step * 60):
                raise ValueError(
                    f"`{key}.start` is not a whole number of steps of {step} min from `time.start`"
                )
        return self

    @model_validator(mode="after")
    def _steps_meet(self) -> Self:
        depth = self.depth
        if isinstance(depth, DepthFiles) and (depth.step_minutes or 0) % self.time.step_minutes:
            raise ValueError(
                f"`depth.step_minutes` ({depth.step_minutes}) must be a multiple of "
                f"`time.step_minutes` ({self.time.step_minutes})"
            )
        return self

    @model_validator(mode="after")
    def _appended_at_a_boundary(self) -> Self:
        form = PERIOD_FORMATS[self.frames.period]
        for end in self.time.appended:
            if f"{end:{form}}" == f"{end - timedelta(minutes=1):{form}}":
                raise ValueError(
                    f"`time.appended` ({end:%Y-%m-%dT%H:%MZ}) lies inside a {self.frames.period}: "
                    f"append from the start of one (`frames.period` is {self.frames.period})"
                )
        return self

    @model_validator(mode="after")
    def _domain_is_needed(self) -> Self:
        for key in ("rain", "depth"):
            source = getattr(self, key)
            if isinstance(source, TimedFiles) and source.grid_eras and self.domain is None:
                raise ValueError(
                    f"`{key}.grid_eras` needs a `domain` that both grids are carried onto"
                )
        if self.domain is not None and not isinstance(self.heightmap, HeightmapFiles):
            raise ValueError("a `domain` is for raw data: `heightmap` is made; leave it out")
        return self

    @model_validator(mode="after")
    def _record_fits(self) -> Self:
        needed = self.records.window_steps + self.records.lead_steps
        if needed > self.time.steps:
            raise ValueError(
                f"a record spans {needed} steps (`records.channels` + `records.lead_steps`) but "
                f"`time` has only {self.time.steps}: lengthen `time` or shorten the channels"
            )
        return self


def load_case(document: Mapping[str, Any], *, where: str | Path) -> Case:
    """Check a configuration as YAML gives it.

    Args:
        document: the configuration.
        where: its file, for messages.

    Raises:
        PluvialError: naming every key at fault, what was found and what to write.
    """
    try:
        return Case.model_validate(dict(document))
    except ValidationError as error:
        lines = explain(error, Case)
        raise PluvialError(
            "the configuration cannot be used:\n  " + "\n  ".join(lines) + "\n",
            where=where,
            remedy="Every key is explained in config/README.md",
        ) from None


def schema() -> dict[str, Any]:
    """The JSON schema of a case, as written to config/schema.json."""
    document = Case.model_json_schema()
    document["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    document["title"] = "pluvial case"
    return document
