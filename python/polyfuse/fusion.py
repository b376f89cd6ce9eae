"""Fuse feature blocks: several matrices that describe the same rows become one.

:func:`fuse` takes any operator by name; each operator is also a function of its own
(``fusion.mean(blocks)``). Blocks are read once, in lock step, scaled on the way if asked, and
never stacked.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from . import _kernels
from ._arrays import as_out, one_block, one_of, output_dtype, overlap, result_dtype
from ._blocks import BlocksLike, as_blocks, as_matrices, named_blocks
from ._fusion_docs import describe_function
from ._fusion_estimator import Fusion
from ._fusion_products import bilinear, low_rank
from ._fusion_rows import (
    HADAMARD,
    OPS,
    VSTACK,
    Weights,
    as_operator,
    describe,
    fused_dtype,
    plain_rows,
    require_one_width,
)
from ._fusion_scalers import Scalers, affines_of
from ._fusion_write import write_fused
from ._kernels.contract import CONCATENATE, Block
from ._kernels.fusion_ops import OPERATORS, Operator
from ._missing import Present, as_policy, as_present
from ._projection import Projection, fit_project, make_projections
from ._rank_fusion import borda, reciprocal_rank_fusion

__all__ = [
    "OPS", "Fusion", "bilinear", "borda", "concatenate", "fuse", "low_rank", "power_mean",
    "reciprocal_rank_fusion", "vstack", HADAMARD, *(op for op in OPERATORS if op != "power_mean"),
]  # fmt: skip

# Of these a list of blocks is all that a call needs.
_SIMPLE = frozenset(
    op.name for op in OPERATORS.values() if op.weighs != "must" and op.name != "power_mean"
) | {CONCATENATE}


def fuse(
    blocks: BlocksLike,
    op: str = CONCATENATE,
    weights: Weights = None,
    scalers: Scalers = None,
    out: NDArray | None = None,
    *,
    p: float | None = None,
    missing: float | str | None = None,
    present: Present = None,
    all_missing: str = "raise",
    projection: Projection = None,
    n_components: int | None = None,
) -> NDArray:
    """Fuse blocks that describe the same rows, in one pass.

    Parameters
    ----------
    blocks : dict, list or Blocks of array-like, each of shape (n_samples, n_features_i)
        Any real dtypes, mixed, and any strides. All operators but "concatenate" need blocks of
        one width; "vstack" allows different numbers of rows.
    op : str, default="concatenate"
        "concatenate" (columns side by side), "vstack" (rows one after the other), or one that
        makes one value of those of all blocks: "sum", "mean", "maximum", "minimum", "product" (or
        "hadamard"), "median"; "vote", the most frequent value, the least of those that tie;
        "geometric_mean", exp(Σ w_i log x_i / Σ w_i), and "power_mean", (Σ w_i x_i^p / Σ w_i)^(1/p),
        which may be weighted; "weighted_sum", Σ w_i x_i, "weighted_mean", divided by Σ w_i, and
        "weighted_vote", which must be.
    weights : dict or list, one entry per block, or ndarray, optional
        Finite. Entry i is broadcast against block i: a number, shape (n_features,) for a weight
        per column, or (n_samples, 1) for one per row (attention, a gate, a confidence).
    scalers : str, scaler, or dict or list with one for each block, optional
        Scale each block on the way. "standard", "minmax", "maxabs" and "robust" are fitted here,
        on the rows of the block that are there, and so are copies of a single unfitted scaler of
        :mod:`polyfuse.preprocessing`. A dict or list holds fitted scalers, names, or None, which
        leaves a block as it is. Scalers with ``clip=True`` are refused.
    out : ndarray, optional
        Where to write; may be one of the blocks for an elementwise operator. After an error it is
        as it was.
    p : float, optional
        Exponent of "power_mean": 1 the mean, -1 the harmonic mean, 2 the root mean square, 0 the
        geometric mean, ±inf the maximum and the minimum (which do not weigh).
    missing : {"raise", "skip", "zero"} or float, optional
        What to do about a block that is missing in a row, where all its values there are NaN or
        `present` is False: "raise" an error; "skip" it, and fuse the other blocks as if it had not
        been given; or let a number stand for its (scaled) values. By default a NaN is a value like
        any other: it shows in the result instead of changing what, say, a mean is the mean of, and
        nobody pays for looking for it. A row with some NaNs is not missing.
    present : dict or list of bool arrays of shape (n_samples,), optional
        Where blocks are there; None for a block that is, as for those a dict leaves out. Makes
        `missing` "raise" if that is not given.
    all_missing : {"raise", "nan"}, default="raise"
        What to do about a row in which every block is missing, or the weights of those that are
        not, where they are divided by, add up to zero.
    projection : {"pca", "random"}, transformer, or dict of these by block, optional
        Bring blocks of different widths to `n_components` columns: by scikit-learn's PCA or
        GaussianRandomProjection (random_state=0), or a copy of a transformer, fitted here on the
        (scaled) block; None leaves a block as it is. :class:`Fusion` keeps what it has fitted.
    n_components : int, optional
        Columns that "pca" and "random" make.

    Returns
    -------
    ndarray of shape (n_samples, n_features)
        float16 if all blocks are; else float32 or float64, NumPy's promotion of the blocks'
        dtypes, whatever a projection makes of them. Votes among blocks of integers have their
        promoted dtype (they are counted as float64, so beyond 2**53 codes are rounded) unless
        `scalers`, `projection`, ``all_missing="nan"`` or a `missing` that it does not have, as
        uint8 has no -1, are given.

    Raises
    ------
    TypeError, ValueError
        If the blocks do not fit each other, the operator, the scalers or `out`; or if a block is
        missing where it may not be. The message names the block and the row.

    Examples
    --------
    >>> from polyfuse import fusion
    >>> a, b = [[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]
    >>> fusion.fuse([a, b], "weighted_mean", weights=[3, 1])
    array([[2., 3.],
           [4., 5.]])
    >>> fusion.fuse({"a": a, "b": b}, "mean", present={"b": [True, False]}, missing="skip")
    array([[3., 4.],
           [3., 4.]])
    """
    simple = missing is None and present is None and projection is None and n_components is None
    simple = simple and p is None and weights is None
    try:
        plain = simple and scalers is None and out is None and op in _SIMPLE
    except TypeError:  # no name, nor anything that can be looked up
        plain = False
    if plain:
        fused = _fuse_plain(blocks, op)
        if fused is not None:
            return fused
    if op == VSTACK:
        if not simple:
            raise ValueError(
                "weights, p, missing, present, projection and n_components do not go with "
                "op='vstack', which folds nothing."
            )
        return vstack(blocks, scalers=scalers, out=out)
    one_of(all_missing, "all_missing", ("raise", "nan"))
    operator = as_operator(op, p)
    names, arrays = as_blocks(blocks)
    policy = as_policy(missing, present, operator[0])
    masks = as_present(present, names, len(arrays[0]))
    affines, given = affines_of(names, arrays, scalers, masks), arrays
    if projection is not None or n_components is not None:
        projections = make_projections(names, projection, n_components)
        described = fit_project(names, list(map(Block, arrays, affines, masks)), projections)
        arrays, affines = [b.values for b in described], [b.affine for b in described]
    rows = describe(names, arrays, operator, weights, affines, masks, policy)
    rows = rows if arrays is given else rows._replace(dtype=result_dtype(given))
    plain = scalers is None and arrays is given and all_missing == "raise"
    dtype = fused_dtype(given, rows.op, policy, plain)
    return write_fused(names, rows, policy, all_missing, out, dtype)


def _fuse_plain(blocks: BlocksLike, op: str) -> NDArray | None:
    plain = plain_rows(blocks, op)
    if plain is None:
        return None
    rows, out = plain
    try:
        _kernels.select().fuse(rows, out)
    except ValueError:  # a matrix that is not aligned
        return None
    return out


def concatenate(
    blocks: BlocksLike,
    *,
    scalers: Scalers = None,
    out: NDArray | None = None,
    missing: float | str | None = None,
    present: Present = None,
    all_missing: str = "raise",
) -> NDArray:
    """Columns of the blocks side by side; parameters as for :func:`fuse`.

    Examples
    --------
    >>> from polyfuse import fusion
    >>> fusion.concatenate([[[1.0], [2.0]], [[3.0], [4.0]]])
    array([[1., 3.],
           [2., 4.]])
    """
    return fuse(
        blocks, CONCATENATE, scalers=scalers, out=out, missing=missing, present=present,
        all_missing=all_missing,
    )  # fmt: skip


def power_mean(
    blocks: BlocksLike,
    p: float,
    weights: Weights = None,
    *,
    scalers: Scalers = None,
    out: NDArray | None = None,
    missing: float | str | None = None,
    present: Present = None,
    all_missing: str = "raise",
    projection: Projection = None,
    n_components: int | None = None,
) -> NDArray:
    """Power mean of the blocks, y = (Σ w_i x_i^p / Σ w_i)^(1/p); parameters as for :func:`fuse`.

    The weights are ones by default. Of p=0 it is the geometric mean, of p=±inf the maximum and the
    minimum, its limits.

    Examples
    --------
    >>> from polyfuse import fusion
    >>> fusion.power_mean([[[2.0]], [[6.0]]], -1)  # the harmonic mean
    array([[3.]])
    """
    return fuse(
        blocks, "power_mean", weights, scalers, out, p=p, missing=missing, present=present,
        all_missing=all_missing, projection=projection, n_components=n_components,
    )  # fmt: skip


def vstack(blocks: BlocksLike, *, scalers: Scalers = None, out: NDArray | None = None) -> NDArray:
    """Rows of the blocks one after the other, of blocks of one width.

    Parameters
    ----------
    blocks : dict or list of array-like, each of shape (n_samples_i, n_features)
    scalers, out
        As for :func:`fuse`; `out` may not be one of the blocks.

    Returns
    -------
    ndarray of shape (Σ n_samples_i, n_features)

    Examples
    --------
    >>> from polyfuse import fusion
    >>> fusion.vstack([[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]])
    array([[1., 2.],
           [3., 4.],
           [5., 6.],
           [7., 8.]])
    """
    names, values = named_blocks(blocks)
    arrays = [as_matrices([name], [x])[1][0] for name, x in zip(names, values, strict=True)]
    require_one_width(names, arrays, VSTACK)
    dtype = output_dtype(arrays)
    if out is not None and any(overlap(out, array) for array in arrays):
        raise ValueError("out must share no memory with the blocks for op='vstack'.")
    edges = np.cumsum([0, *map(len, arrays)])
    out = as_out(out, (int(edges[-1]), arrays[0].shape[1]), dtype)
    affines = affines_of(names, arrays, scalers)
    for array, affine, start, end in zip(arrays, affines, edges[:-1], edges[1:], strict=True):
        rows = one_block(Block(array, affine), result_dtype(arrays))
        _kernels.select().fuse(rows, out[start:end])
    return out


def _function(op: Operator, name: str) -> Callable[..., NDArray]:
    """One fusion operator as a function: ``fusion.mean(blocks)``."""
    simple, own = op.name in _SIMPLE, op.name

    def fused(
        blocks: BlocksLike,
        weights: Weights = None,
        *,
        scalers: Scalers = None,
        out: NDArray | None = None,
        missing: float | str | None = None,
        present: Present = None,
        all_missing: str = "raise",
        projection: Projection = None,
        n_components: int | None = None,
    ) -> NDArray:
        if (
            weights is None and scalers is None and out is None and missing is None
            and present is None and projection is None and n_components is None and simple
        ):  # fmt: skip
            plain = _fuse_plain(blocks, own)
            if plain is not None:
                return plain
        return fuse(
            blocks, own, weights, scalers, out, missing=missing, present=present,
            all_missing=all_missing, projection=projection, n_components=n_components,
        )  # fmt: skip

    describe_function(fused, op, name)
    return fused


def __getattr__(name: str) -> Callable[..., NDArray]:
    """The functions of the operators: their list stands once, in ``_kernels/fusion_ops.py``.

    They are kept, so that a second look is a plain one; `sum` then hides the built-in one from
    this module, which does without it.
    """
    if name not in OPERATORS and name != HADAMARD:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    function = _function(OPERATORS["product" if name == HADAMARD else name], name)
    globals()[name] = function
    return function


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
