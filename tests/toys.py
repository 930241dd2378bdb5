"""A toy world: storms with a hidden state that rain and depth share, and encoders of every kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from pluvial.config.learning import RetrievalConfig, VerdictConfig
from pluvial.diagnostics.baselines import Vectors
from pluvial.diagnostics.choice import choose
from pluvial.diagnostics.judge import conclude, judge
from pluvial.diagnostics.pairs import Pairs

HOUR = 3600
HIDDEN, DIMENSIONS = 8, 16
TRAIN_STORMS, TEST_STORMS, LENGTH = 40, 30, 8
CONFIG = VerdictConfig(draws=400)


class World:
    """Hourly records of storms; each storm wanders on from a state of its own."""

    def __init__(self, seed: int = 0) -> None:
        self.rng = np.random.default_rng(seed)
        storms = TRAIN_STORMS + TEST_STORMS
        steps = self.rng.normal(size=(storms, LENGTH, HIDDEN)) * 0.5
        steps[:, 0] = self.rng.normal(size=(storms, HIDDEN)) * 2
        self.hidden = steps.cumsum(axis=1).reshape(-1, HIDDEN)
        self.storms = np.repeat(np.arange(storms), LENGTH)
        self.splits = np.where(self.storms < TRAIN_STORMS, "train", "test")
        self.times = HOUR * (np.arange(self.storms.size) + 12 * self.storms)
        self.labels = {"state": self.hidden[:, 0], "season": np.where(self.storms % 2, "a", "b")}

    def pairs(self, rain: np.ndarray, depth: np.ndarray) -> Pairs:
        return Pairs(
            {"rain": rain, "depth": depth}, self.splits, self.times, self.storms, self.labels
        )

    def noisy(self, noise: float) -> np.ndarray:
        """The hidden state, blurred: what an encoder that has learned gives."""
        return self.hidden + noise * self.rng.normal(size=self.hidden.shape)

    def scrambled(self) -> np.ndarray:
        """A random projection of the hidden state: what an untrained encoder gives."""
        return np.tanh(self.hidden @ self.rng.normal(size=(HIDDEN, DIMENSIONS)) / 3)

    def learned(self, noise: float = 0.3) -> Pairs:
        return self.pairs(self.noisy(noise), self.noisy(noise))

    def untrained(self) -> Pairs:
        return self.pairs(self.scrambled(), self.scrambled())

    def memorised(self) -> Pairs:
        """On training records both sides agree, on others they have nothing in common."""
        rain, depth = self.scrambled(), self.scrambled()
        code = self.rng.normal(size=rain.shape)
        known = (self.splits == "train")[:, None]
        return self.pairs(np.where(known, code, rain), np.where(known, code, depth))

    def baseline(self, noise: float) -> dict[str, Vectors]:
        held_out = self.splits == "test"
        rain, depth = (self.noisy(noise)[held_out] for _ in range(2))
        unit = [v / np.linalg.norm(v, axis=1, keepdims=True) for v in (rain, depth)]
        return {"pixel correlation": Vectors(*unit)}

    def verdict(
        self,
        trained: Pairs,
        controls: Mapping[str, Pairs] | None = None,
        baselines: Mapping[str, Vectors] | None = None,
        stopped: dict[str, Any] | None = None,
        config: VerdictConfig = CONFIG,
    ) -> dict[str, Any]:
        if controls is None:
            controls = {"shuffled": self.untrained(), "untrained": self.untrained()}
        return verdict_on({"trained": trained, **controls}, baselines or {}, stopped, config)


def verdict_on(
    runs: Mapping[str, Pairs],
    baselines: Mapping[str, Vectors],
    stopped: dict[str, Any] | None = None,
    config: VerdictConfig = CONFIG,
) -> dict[str, Any]:
    trained = runs["trained"]
    choice = choose(trained.splits, trained.times, RetrievalConfig(), config.max_records)
    chosen = {name: pairs.take(choice.rows) for name, pairs in runs.items()}
    return conclude(judge(chosen, baselines, choice, config), stopped)


def rule(verdict: Mapping[str, Any], name: str) -> dict[str, Any]:
    (found,) = [entry for entry in verdict["rules"] if entry["name"] == name]
    return dict(found)


def judged(verdict: Mapping[str, Any], number: str) -> str:
    (found,) = [line for line in verdict["judgements"] if line["number"] == number]
    return str(found["judged"])
