"""Squared errors and R² against scikit-learn: values, types and exceptions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from metrics_oracle import (
    compare,
    draw_weights,
)

from polyfuse import metrics

pytestmark = pytest.mark.usefixtures("best_and_last")


def test_mean_squared_error_of_the_worked_example():
    score = metrics.mean_squared_error([1.5, 2.5, 3.5], [1, 2, 3])
    assert type(score) is float
    assert score == 0.25


@pytest.mark.parametrize("seed", range(40, 46))
def test_mean_squared_error(seed):
    rng = np.random.default_rng(seed)
    for _ in range(30):
        n_rows = int(rng.choice([1, 7, 50, 9000]))
        n_outputs = int(rng.integers(0, 4))
        shape = (n_rows, n_outputs) if n_outputs else (n_rows,)
        # Not float16, in which scikit-learn's sums overflow.
        types = ["float64", "float32", "int64", "uint8", "int8"]
        kinds = [types[i] for i in rng.integers(len(types), size=2)]
        pair = [(rng.random(shape) * 50).astype(kind) for kind in kinds]
        layout = rng.integers(4)
        if layout == 0:
            pair = [y.tolist() for y in pair]
        elif layout == 1:
            pair[0] = np.asfortranarray(pair[0])
        elif layout == 2:
            pair[1] = np.repeat(pair[1], 2, axis=0)[::2]
        choices = ["uniform_average", "raw_values", rng.random(max(n_outputs, 1))]
        choice = choices[rng.integers(3)]
        weight = draw_weights(rng, n_rows)
        narrow = [getattr(y, "dtype", np.float64) for y in (*pair, weight)]
        floats = [np.finfo(kind).eps for kind in narrow if np.dtype(kind).kind == "f"]
        # scikit-learn adds up in the precision of the inputs, we always in float64.
        rtol = 1e-13 if max(floats, default=0.0) < 1e-15 else 200 * max(floats)
        compare("mean_squared_error", *pair, multioutput=choice, sample_weight=weight, rtol=rtol)


@pytest.mark.parametrize("seed", range(60, 64))
def test_r2_score(seed):
    rng = np.random.default_rng(seed)
    for _ in range(60):
        n_rows, n_outputs = int(rng.choice([1, 2, 7, 9000])), int(rng.integers(0, 4))
        shape = (n_rows, n_outputs) if n_outputs else (n_rows,)
        y_true = rng.standard_normal(shape) * 50
        y_pred = y_true + rng.standard_normal(shape) * rng.choice([0.0, 20.0])
        if rng.random() < 0.3:
            y_true[...] = 2.5
        choices = ["uniform_average", "raw_values", "variance_weighted", None, rng.random(3)]
        kwargs = {
            "multioutput": choices[rng.integers(5)],
            "force_finite": bool(rng.integers(2)),
            "sample_weight": draw_weights(rng, n_rows),
        }
        pair = [y.astype(rng.choice(["float64", "int16"])) for y in (y_true, y_pred)]
        compare("r2_score", *pair, **kwargs, rtol=1e-6)  # float32 weights


def test_mean_squared_error_of_half_precision_does_not_overflow():
    y_true, y_pred = np.zeros(3, "float16"), np.full(3, 1000, "float16")
    assert metrics.mean_squared_error(y_true, y_pred) == 1e6


@pytest.mark.parametrize(
    "pair",
    [
        (None, [1, 2]),
        ([1, 2], "ab"),
        (np.array(1.0), [1, 2]),
        ([1, 2, 3], [1, 2]),
        ([], []),
        (np.zeros((2, 0)), np.zeros((2, 0))),
        (np.zeros((2, 2, 2)), np.zeros((2, 2, 2))),
        (np.zeros((2, 2)), np.zeros((2, 3))),
        (np.full((2, 2), math.nan), np.zeros((2, 3))),
        ([math.nan, 1], [1, 2]),
        ([1, 2], [1, math.nan]),
        ([1, math.inf], [1, math.inf]),
        (np.array([1, -math.inf], "float32"), np.array([1, 2], "float32")),
        ([1j, 2], [1, 2]),
        (np.array([1j, 2]), [1, 2]),
        (["a", "b"], [1, 2]),
        (np.array(["a", "b"]), [1, 2]),
        ([[1], [0, 2]], [1, 2]),
    ],
)
def test_bad_numbers(pair):
    result = compare("mean_squared_error", *pair)
    assert isinstance(result, Exception)


def test_numbers_as_objects():
    compare("mean_squared_error", np.array([1, 2], object), [1, 4])


@pytest.mark.parametrize(
    "multioutput", ["x", "variance_weighted", None, 3, [1], [1, 2, 3], [1, -1], [math.nan, 1]]
)
def test_bad_multioutput(multioutput):
    pair = [[1, 2], [3, 4]], [[1, 2], [3, 5]]
    assert isinstance(compare("mean_squared_error", *pair, multioutput=multioutput), Exception)
    compare("mean_squared_error", [1, 2], [3, 4], multioutput=multioutput)
