"""The modality gap: how far apart two modalities lie on the sphere; see ``polyfuse.inspection``."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._blocks import as_blocks
from ._bootstrap import check_options
from ._result_text import interval
from ._row_tiles import complete_rows

_Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class ModalityGap:
    """How far apart two modalities lie in a space they share.

    Attributes
    ----------
    gap : float
        |Δ|, between 0 and 2.
    low, high : float
        Its confidence interval.
    delta : ndarray of shape (n_features,), float64
        Δ, the mean direction of a less that of b.
    cosine : float
        Mean cosine of a row of a and the same row of b.
    cosine_of_others : float
        Mean cosine of a row of a and another row of b.
    n_rows : int
        Rows of which both are there.
    confidence_level : float
    """

    gap: float
    low: float
    high: float
    delta: _Array
    cosine: float
    cosine_of_others: float
    n_rows: int
    confidence_level: float

    def __repr__(self) -> str:
        return (
            f"ModalityGap({interval(self.gap, self.low, self.high)}; cosine {self.cosine:.3f}, "
            f"of others {self.cosine_of_others:.3f}; {self.n_rows} rows)"
        )


def modality_gap(a: ArrayLike, b: ArrayLike, *, confidence_level: float = 0.95) -> ModalityGap:
    """Distance of two modalities that are embedded in one space, such as CLIP's.

    Δ = mean x/|x| - mean y/|y|, and the gap is |Δ|: 0 if both have one centre. Rows are scaled to
    length 1 as they are read, twice; rows of zeros stay zeros. Where true pairs are hardly more
    alike than others, `cosine` is close to `cosine_of_others`.

    The interval is that of the delta method: |Δ| ± z s/√n, s² being the variance of the
    differences of pairs along Δ; it is too short where the gap is within a few of these of 0.

    Parameters
    ----------
    a, b : array-like of shape (n_samples, n_features)
        Embeddings, row by row of the same things. Rows in which one is missing, all NaN, are left
        out.
    confidence_level : float, default=0.95

    Returns
    -------
    ModalityGap

    Raises
    ------
    ValueError
        If they are no numeric matrices of one shape, a value is infinite or a row is NaN in part,
        or fewer than 2 rows are in both.

    References
    ----------
    W. Liang, Y. Zhang, Y. Kwon, S. Yeung and J. Zou, "Mind the Gap: Understanding the Modality Gap
    in Multi-modal Contrastive Representation Learning", NeurIPS 2022. The delta method: A. W. van
    der Vaart, *Asymptotic Statistics*, 1998, chapter 3.

    Examples
    --------
    >>> from polyfuse.inspection import modality_gap
    >>> found = modality_gap([[3.0, 0.0], [1.0, 0.0]], [[0.0, 1.0], [0.0, 2.0]])
    >>> round(found.gap, 6), found.cosine
    (1.414214, 0.0)
    """
    check_options("modality_gap", 1, confidence_level)
    names, arrays = as_blocks({"a": a, "b": b})
    width, n, cosines = arrays[0].shape[1], 0, 0.0
    if arrays[1].shape[1] != width:
        raise ValueError(
            f"a and b must have one width, that of a space they share; got {width} and "
            f"{arrays[1].shape[1]}."
        )
    sums = np.zeros((2, width))
    for tiles in complete_rows(names, arrays):
        x, y = tiles
        per_x, per_y = map(_per_length, tiles)
        n += len(x)
        sums += [per_x @ x, per_y @ y]
        cosines += float(np.einsum("ij,ij->i", x, y) @ (per_x * per_y))
    if n < 2:
        raise ValueError(f"a and b must have 2 rows or more in common; got {n}.")
    delta = (sums[0] - sums[1]) / n
    gap = float(np.linalg.norm(delta))
    error = 0.0 if gap == 0.0 else _error_along(delta / gap, gap, n, names, arrays)
    half = NormalDist().inv_cdf(0.5 + confidence_level / 2.0) * error
    others = float((sums[0] @ sums[1] - cosines) / (n * (n - 1)))
    return ModalityGap(
        gap, max(0.0, gap - half), min(2.0, gap + half), delta, cosines / n, others, n,
        float(confidence_level),
    )  # fmt: skip


def _error_along(
    direction: _Array, mean: float, n: int, names: list[str], arrays: list[NDArray]
) -> float:
    """Standard error of the mean of differences of pairs along a direction."""
    squares = 0.0
    for tiles in complete_rows(names, arrays):
        x, y = ((tile @ direction) * _per_length(tile) for tile in tiles)
        squares += float(np.sum((x - y - mean) ** 2))
    return math.sqrt(squares / (n - 1) / n)


def _per_length(x: _Array) -> _Array:
    """1 / |x| of each row, 0 for a row of zeros."""
    lengths = np.sqrt(np.einsum("ij,ij->i", x, x))
    return np.asarray(np.divide(1.0, lengths, out=np.zeros_like(lengths), where=lengths > 0.0))
