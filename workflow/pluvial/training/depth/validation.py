"""Judging the depth model after each epoch, on a fixed sample of the validation split."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from pluvial.config.depth_model import DepthModelConfig
from pluvial.dataset.pipeline import Layout, physical
from pluvial.models.depth.network import DepthNetwork, DepthTrainee
from pluvial.records.window import Records

BATCH = 64
"""Records that are predicted at a time."""
CUTS = tuple(np.round(np.arange(0.2, 0.65, 0.025), 3).tolist())
"""Probabilities from which a cell could be called wet."""
DEFAULT_CUT = 0.5

Predictor = Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]
Predicted = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]


class DepthJudge:
    """A sample of the validation split, held packed in memory.

    Args:
        records: the sample; it may be empty.
        layout: of its features.
        config: thresholds.
    """

    def __init__(self, records: Records | None, layout: Layout, config: DepthModelConfig) -> None:
        self._records, self._layout, self._config = records, layout, config
        self._network: DepthNetwork | None = None
        self._predict: Predictor | None = None

    def judge(self, model: DepthTrainee) -> tuple[dict[str, float], dict[str, str]]:
        """What was found of the mean weights; nothing can collapse.

        ``val_csi`` is the mean over the thresholds of the critical success index, hits / (hits +
        misses + false alarms), over all cells of the sample at once; where nothing is wet nor
        predicted wet it is 1.
        """
        if self._records is None:
            return {}, {}
        counts = np.zeros((3, len(self._config.thresholds)))
        squares, wet_cells = 0.0, 0
        for probability, depth, true in self._predicted(model.average):
            counts += contingency(probability > DEFAULT_CUT, true, self._config.thresholds)
            wet = true > self._config.thresholds[0]
            squares += float(np.square(depth - true)[wet].sum(dtype=np.float64))
            wet_cells += int(wet.sum())
        scores = critical_success(counts)
        row = {"val_csi": float(scores.mean())}
        for threshold, score in zip(self._config.thresholds, scores, strict=True):
            row[f"val_csi_{threshold:g}"] = float(score)
        if wet_cells:
            row["val_rmse_wet"] = float(np.sqrt(squares / wet_cells))
        return row, {}

    def cuts(self, network: DepthNetwork) -> list[float]:
        """For each threshold the probability from which calling a cell wet has the highest CSI."""
        thresholds = self._config.thresholds
        if self._records is None:
            return [DEFAULT_CUT] * len(thresholds)
        counts = np.zeros((len(CUTS), 3, len(thresholds)))
        for probability, _, true in self._predicted(network):
            for number, cut in enumerate(CUTS):
                counts[number] += contingency(probability > cut, true, thresholds)
        scores = np.array([critical_success(table) for table in counts])
        return [CUTS[int(np.argmax(scores[:, k]))] for k in range(len(thresholds))]

    def _predicted(self, network: DepthNetwork) -> Iterator[Predicted]:
        """(probability [B, h, w, T], depth [B, h, w], true depth [B, h, w]) of each batch."""
        assert self._records is not None
        if self._predict is None or self._network is not network:
            self._network, self._predict = network, predictor(network)
        for start in range(0, self._records.times.size, BATCH):
            at = slice(start, start + BATCH)
            fields = {"rain": self._records.rain[at], "depth": self._records.depth[at]}
            tensors = {name: tf.constant(codes) for name, codes in fields.items()}
            rain, true = physical(tensors, self._layout)
            probability, depth = self._predict(rain)
            yield probability.numpy(), depth.numpy(), true.numpy()


def predictor(network: DepthNetwork) -> Predictor:
    """What gives (probability float32[B, h, w, T], depth float32[B, h, w]) of rain in mm/h."""

    @tf.function(reduce_retracing=True)
    def predict(rain: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        found = network(rain, training=False)
        return found["exceedance"], found["depth"]

    return predict


def contingency(
    called: NDArray[np.bool_], true: NDArray[np.float32], thresholds: list[float]
) -> NDArray[np.float64]:
    """Hits, misses and false alarms of each threshold, float64[3, T]; missing cells do not count.

    Args:
        called: whether each threshold is said to be exceeded, bool[B, h, w, T].
        true: depth, float32[B, h, w], m, NaN where missing.
        thresholds: in m.
    """
    present = np.isfinite(true)[..., None]
    wet = true[..., None] > np.array(thresholds, np.float32)
    tables = (called & wet, ~called & wet & present, called & ~wet & present)
    return np.array([table.sum(axis=(0, 1, 2)) for table in tables], np.float64)


def critical_success(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """CSI from hits, misses and false alarms float64[3, ...]; 1 where all of them are 0."""
    total = counts.sum(axis=0)
    return np.where(total > 0, counts[0] / np.maximum(total, 1), 1.0)
