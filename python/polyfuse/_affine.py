"""Columns scaled by given numbers."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._arrays import as_matrix, per_column
from ._kernels.contract import Affine
from ._scaler import AffineMap, apply


def affine(
    X: ArrayLike, scale: ArrayLike = 1.0, offset: ArrayLike = 0.0, *, out: NDArray | None = None
) -> NDArray:
    """Scale columns: x' = k x + b.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Any real dtype and any strides; read once, never copied.
    scale : float or array-like of shape (n_features,), default=1.0
        The factor k, per unit of the column.
    offset : float or array-like of shape (n_features,), default=0.0
        The offset b, in units of the result.
    out : ndarray of shape (n_samples, n_features), optional
        Where to write; may be `X` itself.

    Returns
    -------
    ndarray of shape (n_samples, n_features)
        float16, 32 or 64 as `X` is, otherwise float64, in the memory order of `X`.

    Raises
    ------
    ValueError
        If a shape or dtype does not fit, or `scale` or `offset` is not finite.

    Examples
    --------
    >>> from polyfuse.preprocessing import affine
    >>> affine([[1.0, 2.0], [3.0, 4.0]], scale=2.0, offset=[1.0, 0.0])
    array([[3., 4.],
           [7., 8.]])
    """
    matrix = as_matrix(X)
    width = matrix.shape[1]
    factor, shift = per_column(scale, "scale", width), per_column(offset, "offset", width)
    return apply(matrix, Affine(shift, factor, divide=False), out)


class AffineScaler(AffineMap):
    """Scale columns with given numbers: x' = k x + b.

    Parameters
    ----------
    scale : float or array-like of shape (n_features,), default=1.0
        The factor k.
    offset : float or array-like of shape (n_features,), default=0.0
        The offset b.
    copy : bool, default=True
        If False, scale in place where that can be: `X` is a writeable array of floats.

    Attributes
    ----------
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        Where `X` is a data frame whose columns are named by strings.

    Examples
    --------
    >>> from polyfuse.preprocessing import AffineScaler
    >>> AffineScaler(scale=1 / 255).fit_transform([[0.0, 255.0]])
    array([[0., 1.]])
    """

    _divide = False
    _converts = True

    def __init__(
        self, scale: ArrayLike = 1.0, offset: ArrayLike = 0.0, *, copy: bool = True
    ) -> None:
        self.scale = scale
        self.offset = offset
        self.copy = copy

    def fit(self, X: Any, y: Any = None) -> Self:
        """Check the parameters against the width of `X`; nothing is learned."""
        self._require_booleans("copy")
        matrix, names = self._accept(X)
        width = matrix.shape[1]
        per_column(self.scale, "scale", width)
        per_column(self.offset, "offset", width)
        self._remember(width, names)
        return self

    def _inverse(self) -> Affine:
        zero = np.flatnonzero(self._affine().factor == 0.0)
        if len(zero):
            raise ValueError(
                f"scale must not be 0 for inverse_transform, which divides by it; it is in column "
                f"{zero[0]}."
            )
        return super()._inverse()

    def _parameters(self) -> tuple[NDArray | None, NDArray | None]:
        width = self.n_features_in_
        return per_column(self.offset, "offset", width), per_column(self.scale, "scale", width)
