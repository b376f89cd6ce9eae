"""Linear CKA: how alike representations of the same rows are; see ``polyfuse.inspection``."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._blocks import as_blocks
from ._row_tiles import centre, complete_rows

_Array = NDArray[np.float64]


def linear_cka(a: Any, b: ArrayLike | None = None, *, debiased: bool = False) -> Any:
    """Linear centred kernel alignment: how alike representations of the same rows are.

    ||YᵀX||² / (||XᵀX|| ||YᵀY||), Frobenius norms of centred X and Y: 1 for representations that
    are the same but for a rotation and a scale, about 0 for independent ones. With few rows to
    many features chance alone makes it large; the debiased one is about 0 then, and may be
    negative.

    The rows are read once, some at a time, and converted as they are read; rows in which a block
    is missing, all NaN, are left out. What is held is a matrix of the widths of each pair of
    blocks, or of the rows where these are fewer than the features.

    Parameters
    ----------
    a : array-like of shape (n_samples, n_features_a), or dict, list or Blocks of these
    b : array-like of shape (n_samples, n_features_b), optional
        The other representation; None if `a` are several, each of which is compared with each.
    debiased : bool, default=False
        Whether to estimate each of the three terms without bias, by HSIC_1 of Song et al., which
        takes at least 4 rows.

    Returns
    -------
    float, or ndarray of shape (n_blocks, n_blocks), float64
        NaN where a block is constant, or its debiased norm is not positive.

    Raises
    ------
    ValueError
        If the blocks are no numeric matrices of the same rows, a value is infinite or a row is
        NaN in part, or there are fewer than 2 (4) rows that all blocks have.

    References
    ----------
    S. Kornblith, M. Norouzi, H. Lee and G. Hinton, "Similarity of Neural Network Representations
    Revisited", ICML 2019. Debiased: L. Song, A. Smola, A. Gretton, J. Bedo and K. Borgwardt,
    "Feature Selection via Dependence Maximization", JMLR 13 (2012), equation 5; T. Nguyen, M. Raghu
    and S. Kornblith, "Do Wide and Deep Networks Learn the Same Things?", ICLR 2021.

    Examples
    --------
    >>> from polyfuse.inspection import linear_cka
    >>> image = [[0.0, 1.0], [1.0, 0.0], [2.0, 5.0], [3.0, 1.0]]
    >>> turned = [[-1.0, 0.0], [0.0, 1.0], [-5.0, 2.0], [-1.0, 3.0]]
    >>> round(linear_cka(image, turned), 6)
    1.0
    >>> linear_cka({"image": image, "text": [[0.0], [1.0], [1.0], [0.0]]}).round(3)
    array([[1.   , 0.141],
           [0.141, 1.   ]])
    """
    names, arrays = as_blocks(a) if b is None else as_blocks({"a": a, "b": b})
    wide = len(arrays[0]) < max(x.shape[1] for x in arrays)
    sums = (_by_rows if wide else _by_features)(names, arrays)
    least = 4 if debiased else 2
    if sums.n < least:
        raise ValueError(f"blocks must have {least} rows or more in common; got {sums.n}.")
    alike = sums.inner
    if debiased:
        n, trace = sums.n, np.sqrt(np.outer(sums.norms, sums.norms))
        alike = alike - n / (n - 2) * sums.norms_inner + trace**2 / ((n - 1) * (n - 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        scale = np.sqrt(np.diag(alike))
        matrix: _Array = alike / np.outer(scale, scale)
    return matrix if b is None else float(matrix[0, 1])


class _Sums(NamedTuple):
    """Of pairs of blocks, X and Y, whose columns are centred.

    inner : ||YᵀX||², which is tr(XXᵀ YYᵀ)
    norms_inner : Σ |x_i|² |y_i|²
    norms : Σ |x_i|², of single blocks

    These are all that is left of HSIC_1, which centring does not change: rows of XXᵀ add up to 0.
    """

    n: int
    inner: _Array
    norms_inner: _Array
    norms: _Array


def _by_features(names: list[str], arrays: list[NDArray]) -> _Sums:
    """Sums over one pass, of products of rows (x - c, 1, |x - c|²).

    In these, all that is centred at means, |x - mean|² too, is linear or bilinear.
    """
    k = len(arrays)
    pairs = [(i, j) for i in range(k) for j in range(i, k)]
    grams = {(i, j): np.zeros((arrays[i].shape[1] + 2, arrays[j].shape[1] + 2)) for i, j in pairs}
    centres: list[_Array] = []
    for tiles in complete_rows(names, arrays):
        centres = centres or [centre(x) for x in tiles]
        rows = [_extended(x - c) for x, c in zip(tiles, centres, strict=True)]
        for i, j in pairs:
            grams[i, j] += rows[i].T @ rows[j]
    n = int(grams[0, 0][-2, -2])
    inner, norms_inner, norms = np.zeros((k, k)), np.zeros((k, k)), np.zeros(k)
    for (i, j), gram in grams.items() if n else ():
        left, right = gram[:-2, -2], gram[-2, :-2]
        crossed = gram[:-2, :-2] - np.outer(left, right) / n
        inner[i, j] = inner[j, i] = np.vdot(crossed, crossed)
        to_norm = _norm_about(left / n)
        norms_inner[i, j] = norms_inner[j, i] = to_norm @ gram @ _norm_about(right / n)
        if i == j:
            norms[i] = to_norm @ gram[:, -2]
    return _Sums(n, inner, norms_inner, norms)


def _extended(x: _Array) -> _Array:
    rows = np.empty((len(x), x.shape[1] + 2))
    rows[:, :-2], rows[:, -2] = x, 1.0
    rows[:, -1] = np.einsum("ij,ij->i", x, x)
    return rows


def _norm_about(mean: _Array) -> _Array:
    """What makes of a row (x, 1, |x|²) the number |x - mean|²."""
    return np.append(-2.0 * mean, np.array([mean @ mean, 1.0]))


def _by_rows(names: list[str], arrays: list[NDArray]) -> _Sums:
    """The same from the inner products of rows, of which there are few."""
    grams = []
    for tiles in zip(*complete_rows(names, arrays), strict=True):
        x = np.concatenate(tiles)
        x -= centre(x)
        grams.append(x @ x.T)
    if not grams:
        k = len(arrays)
        return _Sums(0, np.zeros((k, k)), np.zeros((k, k)), np.zeros(k))
    diagonals = np.stack([np.diag(gram) for gram in grams])
    flat = np.stack([gram.ravel() for gram in grams])
    return _Sums(len(grams[0]), flat @ flat.T, diagonals @ diagonals.T, diagonals.sum(axis=1))
