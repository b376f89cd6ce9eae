"""Fused rows described from what a caller passes: blocks, operators, weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._arrays import as_vector, one_of, output_dtype, result_dtype
from ._blocks import in_order
from ._kernels.contract import CONCATENATE, Affine, Block, Rows
from ._kernels.fusion_ops import OPERATORS
from ._missing import Masks, Policy

VSTACK = "vstack"
HADAMARD = "hadamard"
OPS = (*OPERATORS, HADAMARD, CONCATENATE, VSTACK)

Weights = Mapping[str, ArrayLike] | Sequence[ArrayLike] | NDArray | None

_WORK = {np.dtype(own): np.dtype(work) for own, work in (("f2", "f4"), ("f4", "f4"), ("f8", "f8"))}
_ndarray, _empty = np.ndarray, np.empty  # a call looks these up often
_new: Any = tuple.__new__  # a third of what a call of a named tuple's class costs


@cache
def _ones(k: int) -> NDArray[np.float64]:
    ones = np.ones(k)
    ones.flags.writeable = False
    return ones


def plain_rows(blocks: Any, op: str) -> tuple[Rows, NDArray] | None:
    """Rows, and a new array for them, of the fusion of plain matrices that need no conversion.

    None if they are anything else, or do not fit each other: the long way takes them, or says what
    is wrong. This is what a small call costs, so nothing is done twice here, or at all: matrices
    that are not aligned are refused by the kernels.
    """
    kind = type(blocks)
    if (kind is not list and kind is not tuple) or not blocks or type(blocks[0]) is not _ndarray:
        return None
    first = blocks[0]
    dtype, shape = first.dtype, first.shape
    work = _WORK.get(dtype)
    # Where the first block lies by columns, the order of the result depends on all of them.
    if work is None or len(shape) != 2 or shape[1] == 0 or first.flags.fnc:
        return None
    joined, described = op == CONCATENATE, []
    for x in blocks:
        if x is not first and (
            type(x) is not _ndarray or x.dtype is not dtype or (x.shape != shape and not joined)
        ):
            return None
        described.append(_new(Block, (x, None, None)))
    if joined:
        shape = _joined_shape(blocks)
        if shape is None:
            return None
    rows = _new(Rows, (tuple(described), op, _ones(len(described)), work, 1.0, None))
    return rows, _empty(shape, dtype)


def _joined_shape(blocks: Sequence[NDArray]) -> tuple[int, int] | None:
    """The shape of blocks side by side; None if they do not stand side by side."""
    n_rows, width = blocks[0].shape[0], 0
    for x in blocks:
        if x.ndim != 2 or x.shape[0] != n_rows or x.shape[1] == 0:
            return None
        width += x.shape[1]
    return n_rows, width


def as_operator(op: str, p: float | None) -> tuple[str, float]:
    """The operator that does the work, and its exponent, 1 for those that have none.

    Raises
    ------
    ValueError
        If there is no such operator, or `p` does not go with it.
    """
    one_of(op, "op", OPS)
    if op != "power_mean":
        if p is not None:
            raise ValueError(f"p must be None for op={op!r}, which has no exponent; got {p!r}.")
        return ("product" if op == HADAMARD else op), 1.0
    if p is None:
        raise ValueError("p, the exponent, must be given for op='power_mean'.")
    number = isinstance(p, (int, float, np.integer, np.floating)) and not isinstance(p, bool)
    if not number or np.isnan(p):
        raise ValueError(f"p must be a number or infinity; got {p!r}.")
    if p == 0:
        return "geometric_mean", 1.0
    if np.isinf(p):
        return ("maximum" if p > 0 else "minimum"), 1.0
    return op, float(p)


def describe(
    names: list[str],
    arrays: list[NDArray],
    operator: tuple[str, float],
    weights: Weights,
    affines: Sequence[Affine | None],
    masks: Masks,
    policy: Policy,
) -> Rows:
    """The fusion of some blocks, for a kernel to carry out; "raise" is left to the caller."""
    op, p = operator
    if op != CONCATENATE:
        require_one_width(names, arrays, op)
    blocks = tuple(map(Block, arrays, affines, masks))
    w = block_weights(names, op, weights, arrays[0].shape)
    return Rows(blocks, op, w, result_dtype(arrays), p, None if policy == "raise" else policy)


def fused_dtype(arrays: list[NDArray], op: str, policy: Policy, plain: bool) -> np.dtype:
    """What the result is written as: votes as integers if all that can come out are integers.

    That is if they are votes among those of the blocks as they were given, `plain`, and the number
    that stands for what is missing is one that their dtype has.
    """
    if op in ("vote", "weighted_vote") and plain:
        promoted = np.result_type(*(a.dtype for a in arrays))
        if promoted.kind in "iub" and (not isinstance(policy, float) or _holds(promoted, policy)):
            return promoted
    return output_dtype(arrays)


def _holds(dtype: np.dtype, value: float) -> bool:
    """Whether an integer or boolean dtype has a value."""
    least, most = (0, 1) if dtype.kind == "b" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    return value.is_integer() and least <= value <= most


def require_one_width(names: list[str], arrays: list[NDArray], op: str) -> None:
    one_of(op, "op", OPS)
    if any(a.shape[1] != arrays[0].shape[1] for a in arrays):
        widths = ", ".join(f"{k}: {a.shape[1]}" for k, a in zip(names, arrays, strict=True))
        advice = (
            ""
            if op == VSTACK
            else " Fusion(projection=) brings them to one width; "
            "FusionClassifier(level='late') takes any."
        )
        raise ValueError(f"blocks must have one width for op={op!r}; got {widths}.{advice}")


# -- weights -------------------------------------------------------------------------------------


def block_weights(
    names: list[str], op: str, weights: Weights, shape: tuple[int, ...] | None = None
) -> NDArray[np.float64]:
    """Weights as the kernels take them: (k,), or, where the shape of the blocks is given, maybe
    (k, 1, d) or (k, n, 1); ones if there are none and none are needed.

    Raises
    ------
    ValueError
        If they do not go with the operator or the blocks.
    """
    weighs = OPERATORS[op].weighs if op in OPERATORS else "never"
    if weights is None:
        if weighs == "must":
            raise ValueError(f"weights must be given for op={op!r}, one per block.")
        return _ones(len(names))
    if weighs == "never":
        raise ValueError(
            f"weights must be None for op={op!r}, which does not weigh its blocks; "
            f"use {_weighing(op)}."
        )
    if isinstance(weights, Mapping):
        weights = in_order(weights, names, "weights")
    each: Any = weights
    _require_entries(names, each, shape)
    flat = shape is None or not hasattr(each, "__len__") or all(map(_is_number, each))
    array = as_vector(each, "weights", len(names)) if flat else _spread(names, each, shape)
    if op == "weighted_vote" and (array < 0).any():
        raise ValueError(f"weights must not be negative for op={op!r}; got {array.min():g}.")
    if OPERATORS[op].divided:
        _require_total(array, op)
    return array


def _weighing(op: str) -> str:
    """The operators that weigh their blocks, or the one of them that `op` makes one think of."""
    if f"weighted_{op}" in OPERATORS:
        return f"op='weighted_{op}'"
    return "one of " + ", ".join(repr(own.name) for own in OPERATORS.values() if own.weighted)


def _require_entries(names: list[str], weights: Any, shape: tuple[int, ...] | None) -> None:
    """Raise ValueError for a None among weights, or a column of them per block."""
    if isinstance(weights, list | tuple):
        for name, weight in zip(names, weights, strict=False):
            if weight is None:
                raise ValueError(f"weights[{name!r}] must be a number; got None.")
    elif shape is not None:
        given, k = getattr(weights, "shape", ()), len(names)
        if given == (shape[0], k) and shape[0] != k:
            raise ValueError(
                f"weights must have one entry per block, {k}; got shape {given}, a column per "
                "block: pass weights.T[:, :, None], an array, for weights per row."
            )


def _is_number(weight: Any) -> bool:
    return isinstance(weight, int | float) or np.ndim(weight) == 0


def _spread(names: list[str], weights: Any, shape: Any) -> NDArray[np.float64]:
    """Weights that differ within a block, by column or by row."""
    if len(weights) != len(names):
        raise ValueError(f"weights must have {len(names)} values; got {len(weights)}.")
    n, d = shape
    each = []
    for name, weight in zip(names, weights, strict=True):
        try:
            array = np.asarray(weight, np.float64)
        except (TypeError, ValueError) as error:
            raise ValueError(f"weights[{name!r}] must be numeric: {error}") from error
        own = (1,) * (2 - array.ndim) + array.shape
        if own not in ((1, 1), (1, d), (n, 1)):
            raise ValueError(
                f"weights[{name!r}] must be a number, or have shape ({d},), one per column, or "
                f"({n}, 1), one per row; got {array.shape}."
            )
        if not np.isfinite(array).all():
            bad = array[~np.isfinite(array)][0]
            raise ValueError(f"weights[{name!r}] must be finite; got {bad}.")
        each.append(array.reshape(own))
    common = np.broadcast_shapes(*(array.shape for array in each))
    if common[0] != 1 and common[1] != 1:
        raise ValueError("weights must differ by column or by row, not some by one, some by other.")
    spread = np.stack([np.broadcast_to(array, common) for array in each])
    return spread.reshape(-1) if common == (1, 1) else spread


def _require_total(weights: NDArray[np.float64], op: str) -> None:
    zero = np.add.reduce(weights) == 0.0
    if not np.any(zero):
        return
    if weights.ndim == 1:
        where = f"got {weights.tolist()}"
    else:
        axis = "column" if weights.shape[1] == 1 else "row"
        where = f"they do in {axis} {zero.argmax()}"
    raise ValueError(f"weights must not add up to zero for op={op!r}; {where}.")
