"""HAIL-CAESAR's parameter file: what the run's steps were."""

from __future__ import annotations

from pathlib import Path

from pluvial.errors import PluvialError
from pluvial.sources.entries import Entry


def check_step(parameters: Path, key: str, step_minutes: int, *, config_key: str) -> None:
    """Refuse a configured step that is not the one the run's parameter file names.

    Args:
        parameters: HAIL-CAESAR's parameter file.
        key: `rain_data_time_step` or `raster_output_interval`, both in minutes.
        step_minutes: the configured step.
        config_key: where the user wrote it.
    """
    with Entry(parameters).open() as stream:
        for line in stream:
            name, _, rest = line.decode(errors="replace").partition(":")
            if name.strip() != key:
                continue
            try:
                found = float(rest.partition("#")[0])
            except ValueError:
                break
            if found != step_minutes:
                raise PluvialError(
                    f"`{key}` is {found:g} min, but the configured step is {step_minutes} min",
                    where=parameters,
                    remedy=f"Write `{config_key}: {found:g}`, or give the data of that step",
                )
            return
    raise PluvialError(
        f"it names no `{key}` in minutes",
        where=parameters,
        remedy="Give the run's parameter file, or leave `parameters` out of the configuration",
    )
