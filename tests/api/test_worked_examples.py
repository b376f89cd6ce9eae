"""The four worked examples of the specification, on every backend."""

from __future__ import annotations

import numpy as np
import pytest

from polyfuse import fusion, metrics
from polyfuse.linear_model import LinearRegression
from polyfuse.preprocessing import StandardScaler

X = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])

pytestmark = pytest.mark.usefixtures("backend")


def test_standard_scaler() -> None:
    expected = np.array([[-1.22474487] * 2, [0.0] * 2, [1.22474487] * 2])
    np.testing.assert_allclose(StandardScaler().fit_transform(X), expected, atol=1e-8)


def test_stacking() -> None:
    stacked = fusion.vstack([[[1, 2], [3, 4]], [[5, 6], [7, 8]]])
    np.testing.assert_array_equal(stacked, [[1, 2], [3, 4], [5, 6], [7, 8]])
    side_by_side = fusion.concatenate([[[1, 2], [3, 4]], [[5, 6], [7, 8]]])
    np.testing.assert_array_equal(side_by_side, [[1, 2, 5, 6], [3, 4, 7, 8]])


def test_linear_regression() -> None:
    model = LinearRegression().fit(X, [1, 2, 3])
    np.testing.assert_allclose(model.coef_, [0.25, 0.25], rtol=1e-12)
    np.testing.assert_allclose(model.intercept_, 0.25, rtol=1e-12)


def test_mean_squared_error() -> None:
    predictions = LinearRegression().fit(X, [1, 2, 3]).predict(X)
    error = metrics.mean_squared_error([1.5, 2.5, 3.5], predictions)
    assert error == pytest.approx(0.25, rel=1e-12)
