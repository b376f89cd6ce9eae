"""Correlations of features of one modality with those of another; see ``polyfuse.inspection``."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from ._arrays import require_number
from ._blocks import BlocksLike, as_blocks
from ._missing import parts
from ._row_tiles import centre, complete_rows

_Array = NDArray[np.float64]

_CELLS = 1 << 22  # of correlations that are held at a time, if not all of them are asked for


@dataclass(frozen=True, eq=False, repr=False)
class CrossCorrelation:
    """How the features of two modalities go together.

    Attributes
    ----------
    n_rows : int
        Rows of which both modalities are there.
    maximum, mean : float
        Of |r| over all pairs of features of which it is defined; NaN if there are none.
    matrix : ndarray of shape (n_features_a, n_features_b), float64, or None
        r, NaN where a feature is constant; None if only the strongest were asked for.
    strongest : list of (int, int, float)
        The feature of a, that of b, and their r, those of greatest |r| first; empty if all r are
        in `matrix`.
    """

    n_rows: int
    maximum: float
    mean: float
    matrix: _Array | None
    strongest: list[tuple[int, int, float]]

    def __repr__(self) -> str:
        size = f"{len(self.strongest)} strongest"
        if self.matrix is not None:
            size = " x ".join(map(str, self.matrix.shape)) + " features"
        return (
            f"CrossCorrelation({self.n_rows} rows, {size}; |r| at most {self.maximum:.3f}, "
            f"{self.mean:.3f} on average)"
        )


def cross_correlation(
    blocks: BlocksLike, *, most: int | None = None
) -> dict[tuple[str, str], CrossCorrelation]:
    """Pearson correlations of each feature of a modality with each of another.

    r = Σ (x - mean x)(y - mean y) / √(Σ (x - mean x)² Σ (y - mean y)²). Rows are read once, some
    at a time, and converted as they are read; of each pair of modalities, rows in which one is
    missing, all NaN, are left out.

    Parameters
    ----------
    blocks : dict, list or Blocks of array-like, each of shape (n_samples, n_features_i)
        Two or more.
    most : int, optional
        How many of the strongest correlations to list, in place of the matrix of all: for features
        in their ten thousands. Rows are then read once for every 4 million correlations.

    Returns
    -------
    dict of (str, str) to CrossCorrelation
        For each pair of names of blocks, in their order.

    Raises
    ------
    ValueError
        If there is one block alone, one is no numeric matrix, a value is infinite or a row is NaN
        in part, or `most` is no positive integer.

    References
    ----------
    K. Pearson, "Notes on regression and inheritance in the case of two parents", Proceedings of
    the Royal Society of London 58 (1895).

    Examples
    --------
    >>> from polyfuse.inspection import cross_correlation
    >>> blocks = {"image": [[0.0], [1.0], [2.0]], "text": [[1.0, 4.0], [3.0, 4.0], [5.0, 4.0]]}
    >>> found = cross_correlation(blocks)["image", "text"]
    >>> found.matrix
    array([[ 1., nan]])
    >>> listed = cross_correlation(blocks, most=1)["image", "text"]
    >>> [(i, j, round(r, 6)) for i, j, r in listed.strongest]
    [(0, 0, 1.0)]
    """
    if most is not None:
        require_number(most, "most", least=1, integer=True)
    names, arrays = as_blocks(blocks)
    if len(names) < 2:
        raise ValueError(f"blocks must hold two or more; got {len(names)}.")
    return {
        (names[i], names[j]): _of_pair([names[i], names[j]], [arrays[i], arrays[j]], most)
        for i, j in combinations(range(len(names)), 2)
    }


def _of_pair(names: list[str], arrays: list[NDArray], most: int | None) -> CrossCorrelation:
    d_a, d_b = (x.shape[1] for x in arrays)
    size = d_a if most is None else max(1, _CELLS // d_b)
    n, maximum, total, defined = 0, np.nan, 0.0, 0
    strongest: list[tuple[int, int, float]] = []
    matrix = None
    for columns in parts(d_a, size):
        n, r = _correlations(names, arrays, columns)
        known = np.abs(r[~np.isnan(r)])
        if len(known):
            maximum = np.fmax(maximum, known.max())
            total, defined = total + float(known.sum()), defined + len(known)
        if most is None:
            matrix = r
        else:
            strongest = _strongest(strongest, r, columns.start, most)
    mean = total / defined if defined else np.nan
    return CrossCorrelation(n, float(maximum), mean, matrix, strongest)


def _correlations(names: list[str], arrays: list[NDArray], columns: slice) -> tuple[int, _Array]:
    """Rows in common, and correlations of some columns of a with all of b."""
    width, d_b = columns.stop - columns.start, arrays[1].shape[1]
    n, products = 0, np.zeros((width, d_b))
    sums, squares = np.zeros(width + d_b), np.zeros(width + d_b)
    centres: list[_Array] = []
    for a, b in complete_rows(names, arrays):
        pair = [a[:, columns], b]
        centres = centres or [centre(x) for x in pair]
        x, y = (values - c for values, c in zip(pair, centres, strict=True))
        n += len(x)
        products += x.T @ y
        sums += np.concatenate((x.sum(axis=0), y.sum(axis=0)))
        squares += np.concatenate([np.einsum("ij,ij->j", z, z) for z in (x, y)])
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = np.sqrt(squares - sums**2 / n)
        products -= np.outer(sums[:width], sums[width:] / n)
        products /= spread[:width, None]
        products /= spread[width:]
    return n, np.clip(products, -1.0, 1.0, out=products)


def _strongest(
    found: list[tuple[int, int, float]], r: _Array, start: int, most: int
) -> list[tuple[int, int, float]]:
    """The strongest of those found, and of others of features from `start` on."""
    size = np.where(np.isnan(r), -1.0, np.abs(r)).ravel()
    cells = np.arange(len(size))
    if most < len(size):
        cells = np.argpartition(-size, most - 1)[:most]
    rows, columns = np.unravel_index(cells[size[cells] >= 0.0], r.shape)
    more = [
        (start + i, j, float(r[i, j])) for i, j in zip(rows.tolist(), columns.tolist(), strict=True)
    ]
    return sorted([*found, *more], key=lambda pair: (-abs(pair[2]), pair[:2]))[:most]
