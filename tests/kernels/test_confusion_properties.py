"""What holds of counts of labels, whatever the labels."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from polyfuse._kernels.contract import Kernels

from .drawing import examples, generators, heights


def test_more_words_than_there_is_room_for(implementation: Kernels) -> None:
    words, codes = np.array([[1], [2], [1], [3]], np.uint32), np.empty(4, np.int64)
    assert implementation.encode_words(words, codes, np.empty(2, np.int64)) == -1
    assert implementation.encode_words(words, codes, np.empty(3, np.int64)) == 3
    assert codes.tolist() == [0, 1, 0, 2]


@examples
@given(n=heights, k=st.integers(1, 6), spill=st.integers(0, 2), rng=generators)
def test_confusion_counts_every_row_once(
    implementation: Kernels, n: int, k: int, spill: int, rng: np.random.Generator
) -> None:
    y_true, y_pred = rng.integers(-spill, k + spill, (2, n))
    counts, transposed, weights = np.full((k, k), -7), np.full((k, k), -7), np.full((k, k), -7.0)
    implementation.confusion(y_true, y_pred, 0, None, counts)
    implementation.confusion(y_pred, y_true, 0, None, transposed)
    implementation.confusion(y_true, y_pred, 0, np.full(n, 0.5), weights)
    inside = (y_true >= 0) & (y_true < k) & (y_pred >= 0) & (y_pred < k)
    assert counts.sum() == inside.sum()
    assert np.trace(counts) == np.count_nonzero(inside & (y_true == y_pred))
    np.testing.assert_array_equal(counts, transposed.T)
    np.testing.assert_array_equal(weights, 0.5 * counts)
