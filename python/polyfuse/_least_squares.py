"""Least squares in closed form."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._arrays import (
    as_sample_weight,
    one_block,
    require_finite,
    require_fitted,
    require_rows,
    require_width,
    result_dtype,
)
from ._estimator import Estimator, Regressor
from ._feature_names import check_names, keep_names, names_of
from ._inputs import as_samples, require_finite_values
from ._interchange import as_array
from ._kernels.contract import Block
from ._linear import scores
from ._parameters import is_sparse
from ._sgd_targets import as_targets


class LinearRegression(Regressor, Estimator):
    """Ordinary least squares in closed form: the w of least norm that minimises |y - X w - b|².

    Solved by the singular value decomposition of the centred data (LAPACK's gelsd through
    NumPy), so that dependent columns share the weight.

    Parameters
    ----------
    fit_intercept : bool, default=True
        Whether to learn b.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
    intercept_ : float or ndarray of shape (n_targets,)
    rank_ : int
        Rank of the centred data.
    singular_ : ndarray of shape (min(n_samples, n_features),)
        Its singular values.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        Where `X` is a data frame whose columns are named by strings.

    Examples
    --------
    >>> from polyfuse.linear_model import LinearRegression
    >>> model = LinearRegression().fit([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], [1.0, 2.0, 3.0])
    >>> model.coef_.round(6), round(float(model.intercept_), 6)
    (array([0.25, 0.25]), 0.25)
    """

    def __init__(self, *, fit_intercept: bool = True) -> None:
        self.fit_intercept = fit_intercept

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit to rows `X` (n_samples, n_features) and targets `y` (n_samples[, n_targets])."""
        name, names = type(self).__name__, names_of(X)
        matrix = as_samples(X, name)
        require_finite_values(matrix, "X", name)
        dtype = result_dtype((matrix,))
        given: Any = y if is_sparse(y) else as_array(y, "y")
        several = isinstance(given, np.ndarray) and given.ndim == 2
        target = np.asarray(given if several else as_targets(given, name), dtype)
        require_rows(len(matrix), target)
        require_finite({"Input y": target.reshape(len(target), -1)})
        weight = as_sample_weight(sample_weight, len(matrix))
        x_mean, y_mean = np.zeros(matrix.shape[1]), np.zeros(target.shape[1:])
        if self.fit_intercept:
            x_mean = np.average(matrix, axis=0, weights=weight).astype(np.float64)
            y_mean = np.average(target, axis=0, weights=weight)
        x, t = (matrix - x_mean).astype(dtype), (target - y_mean).astype(dtype)
        if weight is not None:
            root = np.sqrt(weight).astype(dtype)
            x, t = x * root[:, None], t * (root[:, None] if t.ndim == 2 else root)
        coef, _, rank, singular = np.linalg.lstsq(x, t, rcond=None)
        self.coef_, self.rank_, self.singular_ = coef.T, int(rank), singular
        self.intercept_ = (y_mean - x_mean @ coef) if self.fit_intercept else 0.0
        self.n_features_in_ = matrix.shape[1]
        keep_names(self, names)
        return self

    def predict(self, X: ArrayLike) -> NDArray:
        """Return predictions X w + b, shape (n_samples[, n_targets])."""
        require_fitted(self, "coef_")
        check_names(self, X)
        name = type(self).__name__
        matrix = as_samples(X, name, numeric=True)
        require_width(self, matrix.shape[1])
        require_finite_values(matrix, "X", name)
        coef = np.atleast_2d(self.coef_)
        intercept = np.broadcast_to(self.intercept_, len(coef)).copy()
        out = scores(one_block(Block(matrix), result_dtype((matrix,))), coef, intercept)
        return out[:, 0] if self.coef_.ndim == 1 else out

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
