"""The moments of the training records against numpy over all their values."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pluvial.frames.variables import MISSING
from pluvial.records.normalise import REFERENCE, SCALE, Histogram, Moments, normalisation

codes = arrays(
    np.uint16, st.integers(1, 60), elements=st.sampled_from([0, 0, 1, 40, 900, 65534, 65535])
)


@settings(deadline=None)
@given(st.lists(codes, min_size=1, max_size=4), st.sampled_from(["rain", "depth"]))
def test_moments_of_any_parts_are_those_of_the_whole(parts: list[np.ndarray], name: str) -> None:
    moments = []
    for part in parts:
        histogram = Histogram()
        for piece in np.array_split(part, 2):
            histogram.add(piece)
        # As they come back from the sidecars of the shards.
        moments.append(Moments(**json.loads(json.dumps(histogram.moments(name).to_dict()))))
    found = normalisation(moments, name)
    everything = np.concatenate(parts)
    values = everything[everything != MISSING] * SCALE[name]
    assert found["missing"] == (everything == MISSING).sum()
    if values.size:
        transformed = np.log1p(values / REFERENCE[name])
        assert found["largest"] == values.max()
        assert found["mean"] == pytest.approx(transformed.mean(), rel=1e-9, abs=1e-12)
        std = transformed.std()
        assert found["std"] == pytest.approx(std if std > 1e-5 else 1.0, rel=1e-4, abs=1e-6)


def test_counts_are_exact_over_any_shape() -> None:
    rng = np.random.default_rng(0)
    values = rng.integers(0, 65536, (7, 5, 4, 3)).astype(np.uint16)
    histogram = Histogram()
    histogram.add(values[:, ::2])
    histogram.add(values[:, 1::2])
    np.testing.assert_array_equal(
        histogram.counts, np.bincount(values.reshape(-1), minlength=65536)
    )


def test_no_training_record_at_all_has_defined_statistics() -> None:
    found = normalisation([], "rain")
    assert (found["mean"], found["std"], found["largest"], found["missing"]) == (0, 1, 0, 0)
