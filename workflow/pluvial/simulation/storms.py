"""Stochastic storms: a schedule of wet and dry spells, and a moving field of rain for each.

The whole schedule is drawn at once, which is cheap; each storm's field has a generator of its own,
so that any range of steps can be made alone, and is the same to the last bit::

    0        start             end          start          end          steps
    |---dry--|=====storm 0=====|-----dry----|===storm 1====|----dry-----|
              field: rng [seed, 0]           field: rng [seed, 1]

A storm's field is a Gaussian field in a frame that moves with the storm. It has a power-law
spectrum (Pegram and Clothier 2001, Hydrol. Earth Syst. Sci. 5, 175-184) and forgets itself as an
AR(1) process; rates are log-normal above a threshold, as in that paper.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pluvial.config.simulation import SyntheticStorms
from pluvial.errors import PluvialError

RATE_UNIT = 1 / 32
"""Rates are whole multiples of this, mm/h."""
CAP_MM_H = 128.0
"""No rate is higher, mm/h: the limit at which radar composites are cut off, too."""
LEAST_RATE_MM_H = 0.1
"""What rains less is dry, mm/h."""
SPECTRAL_EXPONENT = 2.6
"""Exponent of the rain field's power spectrum."""
MEMORY_MINUTES = 60.0
"""Lagrangian e-folding time of the rain field, minutes."""
PERIOD_M = 48_000.0
"""The field repeats itself after this way at least, m: over an hour at the median speed."""
LARGEST_PERIOD = 128
"""... but no more cells than this are made for its sake, unless the grid itself needs them."""
LOG_INTENSITY = (0.0, 1.0)
"""Mean and standard deviation of the logarithm of a storm's intensity in mm/h."""
LOG_SPEED_SPREAD = 0.3
"""Standard deviation of the logarithm of a storm's speed."""
THRESHOLDS = (-0.6, 0.6)
"""Range of a storm's threshold: it rains on 73 to 27 % of the field."""
GAP_SHAPE = 2.0
"""Shape of the gamma distribution of the dry spells; 1 would be exponential."""
SHORTEST_MINUTES = 15.0
"""The shortest storm and the shortest dry spell, minutes."""


@dataclass(frozen=True)
class Storm:
    """One storm of the schedule.

    Attributes:
        number: its place in the series, from 0.
        start, end: its steps are ``start <= step < end``; ``end`` may lie beyond the series.
        direction: where it moves to, radians clockwise from north.
        speed: how fast, m/s.
        intensity: rate at the threshold before the gain, mm/h.
        threshold: it rains where the field (of unit variance) is above this.
    """

    number: int
    start: int
    end: int
    direction: float
    speed: float
    intensity: float
    threshold: float

    def envelope(self, step: int) -> float:
        """How far the storm is grown at ``step``: from 0 through 1 in its middle to 0."""
        age = (step + 0.5 - self.start) / (self.end - self.start)
        return math.pow(math.sin(math.pi * age), 0.7)


class StormSeries:
    """Rain on a grid, step by step.

    Args:
        config: spells, rates, speed and seed.
        shape: (rows, cols) of the rain grid.
        cell_m: side of a rain cell, m.
        steps: length of the series.
        step_minutes: minutes between steps.
    """

    def __init__(
        self,
        config: SyntheticStorms,
        *,
        shape: tuple[int, int],
        cell_m: float,
        steps: int,
        step_minutes: int,
    ) -> None:
        self.config = config
        self.shape = shape
        self.cell_m = cell_m
        self.steps = steps
        self.step_minutes = step_minutes
        self.storms = _schedule(config, steps=steps, step_minutes=step_minutes)
        side = max(2 * max(shape), min(math.ceil(PERIOD_M / cell_m), LARGEST_PERIOD))
        self._field_shape = (side, side)
        self._frequency_y = np.fft.fftfreq(side)[:, None]
        self._frequency_x = np.fft.rfftfreq(side)[None, :]
        self._amplitude = self._spectral_amplitude()
        self._memory = math.exp(-step_minutes / MEMORY_MINUTES)

    def frames(self, first: int, last: int) -> Iterator[NDArray[np.float32]]:
        """The rain of the steps ``first <= step < last``, one after the other.

        Yields:
            Rain rate, float32[rows, cols], mm/h, row 0 northernmost, a multiple of 1/32 up to 128.

        Raises:
            PluvialError: the range is not within the series.
        """
        if not 0 <= first <= last <= self.steps:
            raise PluvialError(
                f"steps {first} to {last} are not within 0 to {self.steps}",
                where="storms",
                remedy="Ask for a range within the series, or make it longer",
            )
        return self._frames(first, last)

    def _frames(self, first: int, last: int) -> Iterator[NDArray[np.float32]]:
        step = first
        for storm in self.storms:
            if storm.end <= step or storm.start >= last:
                continue
            for _ in range(step, storm.start):
                yield np.zeros(self.shape, np.float32)
            step = max(step, storm.start)
            until = min(storm.end, last)
            for field in self._fields(storm, step, until):
                yield self._rate(storm, step, field)
                step += 1
        for _ in range(step, last):
            yield np.zeros(self.shape, np.float32)

    def _fields(self, storm: Storm, first: int, last: int) -> Iterator[NDArray[np.float64]]:
        """The storm's Gaussian field over the grid at the steps ``first <= step < last``."""
        rng = np.random.default_rng([self.config.seed, storm.number])
        rows, cols = self.shape
        way = storm.speed * 60 * self.step_minutes / self.cell_m
        eastward, southward = math.sin(storm.direction) * way, -math.cos(storm.direction) * way
        spectrum = self._noise(rng)
        for step in range(storm.start, last):
            if step > storm.start:
                fresh = math.sqrt(1 - self._memory**2)
                spectrum = self._memory * spectrum + fresh * self._noise(rng)
            if step >= first:
                age = step - storm.start
                turns = age * (self._frequency_y * southward + self._frequency_x * eastward)
                moved = np.fft.irfft2(spectrum * np.exp(-2j * np.pi * turns), s=self._field_shape)
                yield moved[:rows, :cols]

    def _rate(self, storm: Storm, step: int, field: NDArray[np.float64]) -> NDArray[np.float32]:
        """Rates of a Gaussian field: 0 below the threshold, log-normal above it, [rows, cols]."""
        above = field - storm.threshold
        # The 0.6 lets the rate start near zero at a storm's rim and yet keep its heavy tail.
        growth = self.config.gain * storm.intensity * storm.envelope(step)
        rate = np.where(above > 0, growth * (np.exp(above) - 0.6), 0.0)
        rate[rate < LEAST_RATE_MM_H] = 0.0
        quantised = np.round(np.minimum(rate, CAP_MM_H) / RATE_UNIT) * RATE_UNIT
        return quantised.astype(np.float32)

    def _noise(self, rng: np.random.Generator) -> NDArray[np.complex128]:
        """Half spectrum of a stationary Gaussian field of unit variance."""
        white = np.fft.rfft2(rng.standard_normal(self._field_shape))
        coloured: NDArray[np.complex128] = white * self._amplitude
        return coloured

    def _spectral_amplitude(self) -> NDArray[np.float64]:
        """Factor on white noise that gives it a power-law spectrum and leaves its variance 1."""
        wavenumber = np.hypot(self._frequency_y, np.fft.fftfreq(self._field_shape[1])[None, :])
        wavenumber[0, 0] = np.inf
        amplitude = wavenumber ** (-SPECTRAL_EXPONENT / 2)
        amplitude /= math.sqrt(np.mean(amplitude**2))
        half: NDArray[np.float64] = amplitude[:, : self._frequency_x.shape[1]]
        return half


def _schedule(config: SyntheticStorms, *, steps: int, step_minutes: int) -> tuple[Storm, ...]:
    """The storms that start before ``steps``; a longer series begins with the same ones.

    The series begins with a dry spell. Spells are whole steps.
    """
    rng = np.random.default_rng(config.seed)
    per_hour = 60 / step_minutes
    shortest = math.ceil(SHORTEST_MINUTES / step_minutes)
    storms: list[Storm] = []
    step = 0
    while True:
        gap = rng.gamma(GAP_SHAPE, config.mean_dry_hours / GAP_SHAPE) * per_hour
        length = rng.exponential(config.mean_wet_hours) * per_hour
        start = step + max(shortest, round(gap))
        if start >= steps:
            return tuple(storms)
        step = start + max(shortest, round(length))
        storms.append(
            Storm(
                number=len(storms),
                start=start,
                end=step,
                direction=rng.uniform(0, 2 * math.pi),
                speed=config.speed_m_s * rng.lognormal(0.0, LOG_SPEED_SPREAD),
                intensity=rng.lognormal(*LOG_INTENSITY),
                threshold=rng.uniform(*THRESHOLDS),
            )
        )
