"""Fuse feature blocks: several matrices that describe the same rows become one.

:func:`fuse` takes any operator by name; each operator is also a function of its own
(``fusion.mean(blocks)``). Blocks are read once, in lock step, scaled on the way if asked, and
never stacked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _kernels
from ._arrays import BlocksLike, as_blocks, as_out, as_vector, one_block, one_of, result_dtype
from ._kernels.contract import CONCATENATE, Affine, Block, Rows
from ._kernels.fusion_ops import OPERATORS, Operator

VSTACK = "vstack"
OPS = (*OPERATORS, CONCATENATE, VSTACK)

__all__ = ["OPS", "concatenate", "fuse", "vstack", *OPERATORS]

Scalers = str | Mapping[str, Any] | Sequence[Any] | None
Weights = Mapping[str, float] | ArrayLike | None


def fuse(
    blocks: BlocksLike,
    op: str = CONCATENATE,
    weights: Weights = None,
    scalers: Scalers = None,
    out: NDArray | None = None,
) -> NDArray:
    """Fuse blocks that describe the same rows, in one pass.

    Parameters
    ----------
    blocks : dict or list of array-like, each of shape (n_samples, n_features_i)
        Any real dtypes, mixed, and any strides. All operators but "concatenate" need blocks of
        one width; "vstack" allows different numbers of rows.
    op : str, default="concatenate"
        "concatenate" (columns side by side), "vstack" (rows one after the other), or a fold:
        "sum", "mean", "weighted_sum" (y = Σ w_i x_i), "weighted_mean" (divided by Σ w_i),
        "maximum", "minimum".
    weights : dict or array-like of shape (n_blocks,), optional
        One finite weight per block, for the weighted operators only, which need it.
    scalers : dict or list of fitted scalers, or {"standard", "minmax"}, optional
        Scale each block on the way: by a fitted scaler of :mod:`polyfuse.preprocessing` (None
        leaves a block as it is), or by one fitted here, on the block itself.
    out : ndarray, optional
        Where to write; may be one of the blocks for an elementwise operator.

    Returns
    -------
    ndarray of shape (n_samples, n_features)
        float32 or float64: NumPy's promotion of the blocks' dtypes.

    Raises
    ------
    TypeError, ValueError
        If the blocks do not fit each other, the operator, the scalers or `out`.

    Examples
    --------
    >>> from polyfuse import fusion
    >>> a, b = [[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]
    >>> fusion.fuse([a, b], "weighted_mean", weights=[3, 1])
    array([[2., 3.],
           [4., 5.]])
    """
    if op == VSTACK:
        return _stack_rows(blocks, weights, scalers, out)
    rows = as_rows(blocks, op, weights, scalers)
    blocks_in = [block.values for block in rows.blocks]
    out = as_out(out, (rows.n_rows, rows.width), rows.dtype, blocks_in)
    _kernels.select().fuse(rows, out)
    return out


def as_rows(blocks: BlocksLike, op: str, weights: Weights = None, scalers: Scalers = None) -> Rows:
    """Describe the fusion of some blocks, for a kernel to carry out."""
    names, arrays = as_blocks(blocks)
    affines = _affines(names, arrays, scalers)
    described = tuple(map(Block, arrays, affines))
    if op != CONCATENATE:
        require_one_width(names, arrays, op)
    return Rows(described, op, block_weights(names, op, weights), result_dtype(arrays))


def require_one_width(names: list[str], arrays: list[NDArray], op: str) -> None:
    one_of(op, "op", OPS)
    if any(a.shape[1] != arrays[0].shape[1] for a in arrays):
        widths = ", ".join(f"{k}: {a.shape[1]}" for k, a in zip(names, arrays, strict=True))
        raise ValueError(f"blocks must have one width for op={op!r}; got {widths}.")


def block_weights(names: list[str], op: str, weights: Weights) -> NDArray[np.float64]:
    weighted = op in OPERATORS and OPERATORS[op].weighted
    if weights is None:
        if weighted:
            raise ValueError(f"weights must be given for op={op!r}, one per block.")
        return np.ones(len(names))
    if not weighted:
        raise ValueError(f"weights must be None for op={op!r}, which does not weigh its blocks.")
    if isinstance(weights, Mapping):
        weights = _in_order(weights, names, "weights")
    vector = as_vector(weights, "weights", len(names))
    if op == "weighted_mean" and vector.sum() == 0.0:
        raise ValueError(f"weights must not add up to zero for op={op!r}; got {vector.tolist()}.")
    return vector


def _in_order(mapping: Mapping[str, Any], names: list[str], name: str) -> list[Any]:
    by_name = {str(key): value for key, value in mapping.items()}
    if set(by_name) != set(names):
        raise ValueError(f"{name} must have the keys {names}; got {list(mapping)}.")
    return [by_name[key] for key in names]


def _affines(names: list[str], arrays: list[NDArray], scalers: Scalers) -> list[Affine | None]:
    if scalers is None:
        return [None] * len(arrays)
    if isinstance(scalers, str):
        from .preprocessing import make_scaler

        return [make_scaler(scalers).fit(array).as_affine() for array in arrays]  # type: ignore[union-attr]
    if isinstance(scalers, Mapping):
        scalers = _in_order(scalers, names, "scalers")
    if len(scalers) != len(names):
        raise ValueError(
            f"scalers must have one entry per block, {len(names)}; got {len(scalers)}."
        )
    return [
        None if scaler is None else _affine_of(scaler, f"scalers[{key!r}]", array)
        for scaler, key, array in zip(scalers, names, arrays, strict=True)
    ]


def _affine_of(scaler: Any, name: str, array: NDArray) -> Affine:
    if not hasattr(scaler, "as_affine"):
        raise TypeError(
            f"{name} must be a scaler of polyfuse.preprocessing or None; "
            f"got {type(scaler).__name__}."
        )
    params: Affine = scaler.as_affine()
    if len(params.offset) != array.shape[1]:
        raise ValueError(
            f"{name} was fitted on {len(params.offset)} features, the block has {array.shape[1]}."
        )
    return params


def _stack_rows(
    blocks: BlocksLike, weights: Weights, scalers: Scalers, out: NDArray | None
) -> NDArray:
    if not isinstance(blocks, Mapping):
        blocks = {str(i): block for i, block in enumerate(blocks)}
    parts = {key: as_blocks({key: block})[1][0] for key, block in blocks.items()}
    names, arrays = list(map(str, parts)), list(parts.values())
    if not arrays:
        raise ValueError("blocks must hold at least one block; got none.")
    require_one_width(names, arrays, VSTACK)
    block_weights(names, VSTACK, weights)
    dtype = result_dtype(arrays)
    if out is not None and any(np.may_share_memory(out, array) for array in arrays):
        raise ValueError("out must share no memory with the blocks for op='vstack'.")
    out = as_out(out, (sum(map(len, arrays)), arrays[0].shape[1]), dtype)
    start = 0
    for array, params in zip(arrays, _affines(names, arrays, scalers), strict=True):
        rows = one_block(Block(array, params), dtype)
        _kernels.select().fuse(rows, out[start : start + len(array)])
        start += len(array)
    return out


def concatenate(
    blocks: BlocksLike, *, scalers: Scalers = None, out: NDArray | None = None
) -> NDArray:
    """Columns of the blocks side by side; parameters as for :func:`fuse`.

    Examples
    --------
    >>> from polyfuse import fusion
    >>> fusion.concatenate([[[1.0], [2.0]], [[3.0], [4.0]]])
    array([[1., 3.],
           [2., 4.]])
    """
    return fuse(blocks, CONCATENATE, scalers=scalers, out=out)


def vstack(blocks: BlocksLike, *, scalers: Scalers = None, out: NDArray | None = None) -> NDArray:
    """Rows of the blocks one after the other; parameters as for :func:`fuse`.

    Examples
    --------
    >>> from polyfuse import fusion
    >>> fusion.vstack([[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]])
    array([[1., 2.],
           [3., 4.],
           [5., 6.],
           [7., 8.]])
    """
    return fuse(blocks, VSTACK, scalers=scalers, out=out)


class FusionFunction:
    """One fusion operator as a function: ``fusion.mean(blocks)``.

    Parameters of a call are those of :func:`fuse` without `op`.
    """

    def __init__(self, op: Operator) -> None:
        self.op = op
        self.__name__ = self.__qualname__ = op.name
        self.__module__ = __name__
        self.__doc__ = f"{op.summary}  {op.formula}; parameters as for :func:`fuse`."

    def __call__(
        self,
        blocks: BlocksLike,
        weights: Weights = None,
        *,
        scalers: Scalers = None,
        out: NDArray | None = None,
    ) -> NDArray:
        return fuse(blocks, self.op.name, weights=weights, scalers=scalers, out=out)

    def __repr__(self) -> str:
        return f"<fusion operator {self.op.name}: {self.op.formula}>"


def __getattr__(name: str) -> FusionFunction:
    """The functions of the operators: their list stands once, in ``_kernels/fusion_ops.py``."""
    if name not in OPERATORS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return _function(name)


@cache
def _function(name: str) -> FusionFunction:
    # Not kept in the module's globals: `sum` there would hide the built-in one from this module.
    return FusionFunction(OPERATORS[name])


def __dir__() -> list[str]:
    return sorted({*globals(), *OPERATORS})
