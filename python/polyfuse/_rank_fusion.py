"""Fusion of rankings: scores of the same candidates by several systems, whatever their scales."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from . import _kernels
from ._arrays import as_vector, require_number
from ._blocks import BlocksLike, as_blocks, in_order
from ._fusion_rows import Weights
from ._missing import parts

_PART = 1 << 15  # scores ranked in one go


def reciprocal_rank_fusion(
    blocks: BlocksLike, k: float = 60, weights: Weights = None
) -> NDArray[np.float64]:
    """Reciprocal rank fusion: Σ w_i / (k + rank_i), a score by which candidates are ranked anew.

    Parameters
    ----------
    blocks : dict, list or Blocks of array-like, each of shape (n_queries, n_items)
        Scores of the same candidates by each system, greater for better; a NaN for a candidate
        that a system did not retrieve, which adds nothing to its sum.
    k : float, default=60
        Not negative. The greater, the less the first ranks stand out.
    weights : dict or array-like of shape (n_blocks,), optional
        A weight per system, ones by default.

    Returns
    -------
    ndarray of shape (n_queries, n_items), float64
        Rank 1 is the greatest score of a row; candidates that tie share the mean of their ranks.

    Raises
    ------
    ValueError
        If the blocks have not one shape, or `k` or the weights are not as described.

    References
    ----------
    G. V. Cormack, C. L. A. Clarke and S. Büttcher, "Reciprocal Rank Fusion Outperforms Condorcet
    and Individual Rank Learning Methods", SIGIR 2009.

    Examples
    --------
    >>> from polyfuse import fusion
    >>> dense, sparse = [[0.9, 0.5, 0.1]], [[3.0, 8.0, float("nan")]]
    >>> fusion.reciprocal_rank_fusion([dense, sparse], k=1)
    array([[0.83333333, 0.83333333, 0.25      ]])
    """
    require_number(k, "k", least=0)

    def points(ranks: NDArray, n_ranked: NDArray) -> NDArray:
        found: NDArray = 1.0 / (k + (n_ranked + 1.0 - ranks))
        return found

    return _sum_of_points(blocks, weights, points)


def borda(blocks: BlocksLike, weights: Weights = None) -> NDArray[np.float64]:
    """Borda count: Σ w_i · (candidates scored below, and half of those that tie).

    Parameters
    ----------
    blocks : dict, list or Blocks of array-like, each of shape (n_queries, n_items)
        Scores of the same candidates by each voter, greater for better; a NaN for a candidate that
        a voter did not rank, which gets no points from it.
    weights : dict or array-like of shape (n_blocks,), optional
        A weight per voter, ones by default.

    Returns
    -------
    ndarray of shape (n_queries, n_items), float64

    Raises
    ------
    ValueError
        If the blocks have not one shape, or the weights are not as described.

    References
    ----------
    J.-C. de Borda, "Mémoire sur les élections au scrutin", Histoire de l'Académie Royale des
    Sciences, 1781.

    Examples
    --------
    >>> from polyfuse import fusion
    >>> fusion.borda([[[0.9, 0.5, 0.1]], [[3.0, 8.0, 3.0]]])
    array([[2.5, 3. , 0.5]])
    """
    return _sum_of_points(blocks, weights, lambda ranks, n_ranked: ranks - 1.0)


def _sum_of_points(
    blocks: BlocksLike, weights: Weights, points: Callable[[NDArray, NDArray], NDArray]
) -> NDArray[np.float64]:
    """Add up weighted points of ranks (1 for the least) among the candidates that are ranked."""
    names, arrays = as_blocks(blocks)
    shape = arrays[0].shape
    if any(x.shape != shape for x in arrays):
        shapes = ", ".join(f"{name}: {x.shape}" for name, x in zip(names, arrays, strict=True))
        raise ValueError(f"blocks must have one shape, scores of the same items; got {shapes}.")
    each = in_order(weights, names, "weights") if hasattr(weights, "keys") else weights  # type: ignore[arg-type]
    w = np.ones(len(names)) if each is None else as_vector(each, "weights", len(names))  # type: ignore[arg-type]
    total = np.zeros(shape)
    for part in parts(shape[0], max(1, _PART // shape[1])):
        for ranks, weight in zip(_ranks(arrays, part), w, strict=True):
            ranked = ~np.isnan(ranks)
            found = points(ranks, ranked.sum(axis=1, keepdims=True))
            np.add(total[part], weight * found, out=total[part], where=ranked)
    return total


def _ranks(arrays: list[NDArray], part: slice) -> Iterator[NDArray[np.float64]]:
    for x in arrays:
        ranks = np.empty((part.stop - part.start, x.shape[1]))
        _kernels.select().normalize_rows(x[part], "rank", ranks)
        yield ranks
