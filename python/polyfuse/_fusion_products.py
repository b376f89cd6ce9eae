"""Multiplicative fusions of blocks of any widths: low-rank and bilinear products.

Rows are taken a few at a time, so that what is made on the way stays in cache: the Kronecker
product of the blocks is never there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _kernels
from ._arrays import as_out, as_vector, kind_of, one_block, output_dtype, overlap, result_dtype
from ._blocks import BlocksLike, as_blocks, per_block
from ._fusion_scalers import Scalers, affines_of
from ._kernels.contract import Block, Rows
from ._missing import parts

_SCRATCH = 1 << 18  # bytes


def low_rank(
    blocks: BlocksLike,
    factors: Mapping[str, ArrayLike] | Sequence[ArrayLike],
    *,
    bias: Mapping[str, ArrayLike] | Sequence[ArrayLike | None] | None = None,
    scalers: Scalers = None,
    out: NDArray | None = None,
) -> NDArray:
    """Low-rank bilinear, or multilinear, fusion: z = (x_1 U_1 + b_1) ∘ ... ∘ (x_n U_n + b_n).

    The elementwise product of projections to a common space is what a product of all features of
    one block with all of the others becomes when its weights have a low rank.

    Parameters
    ----------
    blocks : dict, list or Blocks of array-like, each of shape (n_samples, n_features_i)
    factors : dict or list of array-like, each of shape (n_features_i, rank)
        The matrices U_i.
    bias : dict or list of array-like, each of shape (rank,), optional
        The vectors b_i; None for a block without one.
    scalers : dict or list of fitted scalers, {"standard", "minmax", "maxabs", "robust"}, optional
        As for :func:`polyfuse.fusion.fuse`.
    out : ndarray of shape (n_samples, rank), optional
        Where to write.

    Returns
    -------
    ndarray of shape (n_samples, rank)
        float16 if all blocks are, else float32 or float64.

    Raises
    ------
    ValueError
        If a factor or a bias does not fit its block or the others, or is not finite.

    References
    ----------
    J.-H. Kim, K.-W. On, W. Lim, J. Kim, J.-W. Ha and B.-T. Zhang, "Hadamard Product for Low-rank
    Bilinear Pooling", ICLR 2017, arXiv:1610.04325. For more than two blocks: Z. Liu et al.,
    "Efficient Low-rank Multimodal Fusion with Modality-Specific Factors", ACL 2018.

    Examples
    --------
    >>> from polyfuse import fusion
    >>> image, text = [[1.0, 2.0]], [[3.0]]
    >>> fusion.low_rank([image, text], [[[1.0, 0.0], [0.0, 1.0]], [[1.0, 10.0]]])
    array([[ 3., 60.]])
    """
    names, arrays = as_blocks(blocks)
    coefs = _factors(names, arrays, factors)
    rank = len(coefs[0])
    biases = _biases(names, bias, rank)
    described = list(map(Block, arrays, affines_of(names, arrays, scalers)))
    dtype = result_dtype(arrays)
    target = _own_out(out, (len(arrays[0]), rank), arrays)
    size = max(1, _SCRATCH // (len(arrays) * rank * dtype.itemsize))
    ones, kernels = np.ones(len(arrays)), _kernels.select()
    scratch = np.empty((len(arrays), min(size, len(target)), rank), dtype)
    for part in parts(len(target), size):
        projected = scratch[:, : part.stop - part.start]
        for block, coef, b, z in zip(described, coefs, biases, projected, strict=True):
            kernels.linear_scores(_rows(block, part, dtype), coef, b, z)
        rows = Rows(tuple(map(Block, projected)), "product", ones, dtype)
        kernels.fuse(rows, target[part])
    return target


def bilinear(
    a: ArrayLike,
    b: ArrayLike,
    weight: ArrayLike,
    *,
    scalers: Scalers = None,
    out: NDArray | None = None,
) -> NDArray:
    """Bilinear fusion of two blocks: z_o = aᵀ W_o b for each row and output.

    Parameters
    ----------
    a : array-like of shape (n_samples, n_features_a)
    b : array-like of shape (n_samples, n_features_b)
    weight : array-like of shape (n_outputs, n_features_a, n_features_b)
        The matrices W_o.
    scalers : list of two fitted scalers, {"standard", "minmax", "maxabs", "robust"}, optional
        As for :func:`polyfuse.fusion.fuse`.
    out : ndarray of shape (n_samples, n_outputs), optional
        Where to write.

    Returns
    -------
    ndarray of shape (n_samples, n_outputs)
        float16 if both blocks are, else float32 or float64.

    Raises
    ------
    ValueError
        If `weight` does not fit the blocks, or is not finite.

    References
    ----------
    J. B. Tenenbaum and W. T. Freeman, "Separating Style and Content with Bilinear Models", Neural
    Computation 12(6), 2000.

    Examples
    --------
    >>> from polyfuse import fusion
    >>> fusion.bilinear([[1.0, 2.0]], [[3.0, 4.0]], [[[1.0, 0.0], [0.0, 1.0]]])  # the dot product
    array([[11.]])
    """
    names, arrays = as_blocks({"a": a, "b": b})
    d_a, d_b = arrays[0].shape[1], arrays[1].shape[1]
    w = _numbers(weight, "weight")
    if w.ndim != 3 or w.shape[1:] != (d_a, d_b) or len(w) == 0:
        raise ValueError(
            f"weight must have shape (n_outputs, {d_a}, {d_b}), a matrix per output; got {w.shape}."
        )
    # The scalers of a pair may also be named by their position.
    left, right = map(Block, arrays, affines_of(names, arrays, scalers))
    dtype, kernels = result_dtype(arrays), _kernels.select()
    target = _own_out(out, (len(arrays[0]), len(w)), arrays)
    coefs = np.ascontiguousarray(w.transpose(0, 2, 1))
    size = max(1, _SCRATCH // (d_b * dtype.itemsize))
    scratch = np.empty((min(size, len(target)), d_b), dtype)
    column, zeros, one = np.empty((len(scratch), 1), dtype), np.zeros(d_b), np.ones((1, d_b))
    for part in parts(len(target), size):
        n = part.stop - part.start
        mixed, dots = scratch[:n], column[:n]
        blocks = Block(mixed), right._replace(values=right.values[part])
        for o, coef in enumerate(coefs):
            kernels.linear_scores(_rows(left, part, dtype), coef, zeros, mixed)
            kernels.linear_scores(Rows(blocks, "product", np.ones(2), dtype), one, zeros[:1], dots)
            target[part, o] = dots[:, 0]
    return target


def _rows(block: Block, part: slice, dtype: np.dtype) -> Rows:
    return one_block(block._replace(values=block.values[part]), dtype)


def _own_out(out: NDArray | None, shape: tuple[int, int], arrays: list[NDArray]) -> NDArray:
    """Where to write, apart from the blocks: an output depends on whole rows of them."""
    if isinstance(out, np.ndarray) and any(overlap(out, x) for x in arrays):
        raise ValueError("out must share no memory with the blocks: whole rows of them are read.")
    return as_out(out, shape, output_dtype(arrays))


def _numbers(x: Any, name: str) -> NDArray[np.float64]:
    if x is None:
        raise TypeError(f"{name} must be an array of numbers; got {kind_of(x)}.")
    try:
        array = np.asarray(x, np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be numeric: {error}") from error
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite; got {array[~np.isfinite(array)][0]}.")
    return array


def _factors(names: list[str], arrays: list[NDArray], factors: Any) -> list[NDArray[np.float64]]:
    """The factors transposed, as coefficients of linear scores."""
    each = per_block(factors, names, "factors", "matrices of shape (n_features_i, rank)")
    coefs: list[NDArray[np.float64]] = []
    for name, array, factor in zip(names, arrays, each, strict=True):
        u = _numbers(factor, f"factors[{name!r}]")
        rank = coefs[0].shape[0] if coefs else "rank"
        if u.ndim != 2 or u.shape[0] != array.shape[1] or u.shape[1] == 0 or (
            coefs and u.shape[1] != rank
        ):  # fmt: skip
            raise ValueError(
                f"factors[{name!r}] must have shape ({array.shape[1]}, {rank}); got {u.shape}."
            )
        coefs.append(np.ascontiguousarray(u.T))
    return coefs


def _biases(names: list[str], bias: Any, rank: int) -> list[NDArray[np.float64]]:
    if bias is None:
        return [np.zeros(rank)] * len(names)
    each = per_block(bias, names, "bias", "vectors of shape (rank,)")
    return [
        np.zeros(rank) if b is None else as_vector(b, f"bias[{name!r}]", rank)
        for name, b in zip(names, each, strict=True)
    ]
