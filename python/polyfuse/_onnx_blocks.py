"""Blocks in a graph of ONNX: as they are given, scaled, and fused where some are missing.

Each block is scaled in the precision in which the stage scales it, so that a graph says what the
model says, to rounding of its sums.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._arrays import result_dtype
from ._blocks import per_block
from ._fusion_scalers import affine_of
from ._kernels.contract import CONCATENATE, INPUT_DTYPES, Affine
from ._kernels.fusion_ops import OPERATORS
from ._onnx_graph import BOOL, FLOAT64, INT64, Graph, Value, along, folded, stacked

_SINGLE = np.dtype(np.float32)
_HALF = np.dtype(np.float16)


class Source(NamedTuple):
    """A block as the graph is given it, with the scaler it meets."""

    name: str
    rows: Value
    width: int
    scaler: Any

    @property
    def empty(self) -> NDArray:
        """An array of its dtype, without rows: what rules of dtypes ask for."""
        return np.empty((0, self.width), self.rows.dtype)


def dtypes_of(names: Sequence[str], dtypes: Any, default: np.dtype) -> list[np.dtype]:
    """What the inputs are arrays of.

    Raises
    ------
    ValueError
        If one is no dtype that a graph takes.
    """
    each: Any = [dtypes] * len(names)
    if dtypes is None:
        each = [default] * len(names)
    elif isinstance(dtypes, Mapping | list | tuple):
        each = per_block(dtypes, list(names), "dtypes", "dtypes")
    found = []
    for name, own in zip(names, each, strict=True):
        try:
            dtype = np.dtype(own)
        except TypeError:
            dtype = _HALF
        if dtype not in INPUT_DTYPES or dtype == _HALF:
            raise ValueError(
                f"dtypes[{name!r}] must be float32, float64, bool or a dtype of integers; got "
                f"{own!r}."
            )
        found.append(dtype)
    return found


# -- blocks --------------------------------------------------------------------------------------


def scaled(graph: Graph, source: Source, dtype: np.dtype) -> Value:
    """A block scaled, and then of a dtype, as the stage makes it."""
    x, affine = source.rows, affine_of(source.scaler)
    floats = x.dtype.kind == "f"
    if not floats:
        x = graph.cast(x, dtype)
    if affine is None:
        return graph.cast(x, dtype)
    return graph.cast(mapped(graph, x, affine, widened=floats), dtype)


def mapped(graph: Graph, x: Value, affine: Affine, *, widened: bool = True) -> Value:
    """Columns through their map, in the precision of x; each operation of a wide one in double."""
    own = x.dtype
    wide = widened and affine.wide and not _fit(affine, own)

    def step(kind: str, left: Value, right: NDArray) -> Value:
        if wide:
            double = graph.op(kind, graph.cast(left, FLOAT64), graph.constant(right, FLOAT64))
            return graph.cast(double, own)
        return graph.op(kind, left, graph.constant(right, own))

    if affine.divide:
        return step("Div", step("Sub", x, affine.offset), affine.factor)
    return step("Add", step("Mul", x, affine.factor), affine.offset)


def _fit(affine: Affine, dtype: np.dtype) -> bool:
    with np.errstate(over="ignore"):
        both = np.concatenate([affine.offset, affine.factor])
        return bool((both.astype(dtype) == both).all())


def missing(graph: Graph, source: Source) -> Value | None:
    """Whether a block is missing, for each row, shape (n, 1); None if it cannot be."""
    if source.rows.dtype.kind != "f":
        return None
    gaps = graph.cast(graph.op("IsNaN", source.rows, dtype=BOOL), _SINGLE)
    return graph.cast(along(graph, "ReduceMin", gaps), BOOL)


def filled(graph: Graph, x: Value, mask: Value | None, value: float) -> Value:
    """Rows with a number in place of those of a mask."""
    if mask is None:
        return x
    return graph.op("Where", mask, graph.constant(value, x.dtype), x, dtype=x.dtype)


def nowhere(graph: Graph, masks: Sequence[Value | None]) -> Value | None:
    """Rows in which every block is missing, shape (n, 1); None if there can be none."""
    if any(mask is None for mask in masks):
        return None
    return folded(graph, "And", [mask for mask in masks if mask is not None])


# -- fused ---------------------------------------------------------------------------------------


def fuse(
    graph: Graph, op: str, parts: Sequence[Value], masks: Sequence[Value | None],
    weights: NDArray[np.float64], parameter: float = 1.0,
) -> Value:  # fmt: skip
    """Blocks of one dtype fused by an operator, of those that are there.

    `weights` are (k,), or (k, 1, d) for weights by column.

    Raises
    ------
    ValueError
        If ONNX cannot say the operator.
    """
    dtype = parts[0].dtype
    if op == CONCATENATE:
        each = [filled(graph, x, mask, 0.0) for x, mask in zip(parts, masks, strict=True)]
        return graph.op("Concat", *each, axis=1)
    if op in ("maximum", "minimum"):
        idle = -np.inf if op == "maximum" else np.inf
        each = [filled(graph, x, mask, idle) for x, mask in zip(parts, masks, strict=True)]
        return graph.op("Max" if op == "maximum" else "Min", *each)
    if op == "product":
        each = [filled(graph, x, mask, 1.0) for x, mask in zip(parts, masks, strict=True)]
        return folded(graph, "Mul", each)
    if op == "median":
        return _median(graph, parts, masks)
    if op not in _SUMS:
        raise ValueError(f"op={op!r} is nothing that a graph of ONNX says here.")
    if op in ("geometric_mean", "power_mean"):
        parts = [_lifted(graph, op, graph.cast(x, FLOAT64), parameter) for x in parts]
    found = _sum(graph, op, parts, masks, weights)
    if op == "geometric_mean":
        found = graph.op("Exp", found)
    elif op == "power_mean":
        found = graph.op("Pow", found, graph.constant(1.0 / parameter, FLOAT64))
    return graph.cast(found, dtype)


_SUMS = ("sum", "mean", "weighted_sum", "weighted_mean", "geometric_mean", "power_mean")


def _lifted(graph: Graph, op: str, x: Value, parameter: float) -> Value:
    if op == "geometric_mean":
        return graph.op("Log", x)
    return graph.op("Pow", x, graph.constant(parameter, FLOAT64))


def _sum(
    graph: Graph, op: str, parts: Sequence[Value], masks: Sequence[Value | None],
    weights: NDArray[np.float64],
) -> Value:  # fmt: skip
    """A weighted sum of what is there, or mean of it."""
    dtype, weighs = parts[0].dtype, OPERATORS[op].weighted
    each, totals = [], []
    for x, mask, weight in zip(parts, masks, weights, strict=True):
        own = weight if weighs else np.ones(1)
        weighted = graph.op("Mul", x, graph.constant(own, dtype)) if weighs else x
        each.append(filled(graph, weighted, mask, 0.0))
        totals.append((own, mask))
    total = folded(graph, "Add", each)
    if op in ("sum", "weighted_sum"):
        return total
    if all(mask is None for mask in masks):
        return graph.op("Div", total, graph.constant(sum(own for own, _ in totals), dtype))
    shares = [filled(graph, graph.constant(own, dtype), mask, 0.0) for own, mask in totals]
    return graph.op("Div", total, folded(graph, "Add", shares))


def _median(graph: Graph, parts: Sequence[Value], masks: Sequence[Value | None]) -> Value:
    """The middle of what is there: sorted, with what is missing at the end."""
    each = [filled(graph, x, mask, np.inf) for x, mask in zip(parts, masks, strict=True)]
    ordered = graph.sorted(stacked(graph, each), len(parts))
    one, two = graph.constant([[1]], INT64), graph.constant(2, INT64)
    counts = [one if mask is None else _one_there(graph, mask) for mask in masks]
    count = folded(graph, "Add", counts)
    low, high = graph.op("Div", graph.op("Sub", count, one), two), graph.op("Div", count, two)
    shape = graph.op("Shape", parts[0], dtype=INT64)
    ends = [_picked(graph, ordered, shape, place) for place in (low, high)]
    return graph.op("Div", graph.op("Add", *ends), graph.constant(2.0, parts[0].dtype))


def _one_there(graph: Graph, mask: Value) -> Value:
    return graph.cast(graph.op("Not", mask), INT64)


def _picked(graph: Graph, ordered: Value, shape: Value, place: Value) -> Value:
    """Of (n, d, k) values those in a place (n or 1, 1) of the last axis, of the shape (n, d)."""
    last = graph.constant([2], INT64)
    index = graph.op("Unsqueeze", graph.op("Expand", place, shape), last)
    found = graph.op("GatherElements", ordered, index, axis=2)
    return graph.op("Squeeze", found, last)


def ranks(graph: Graph, x: Value) -> Value:
    """Ranks of each row, 1 for the least, ties sharing the mean of theirs, in double."""
    own = graph.op("Unsqueeze", x, graph.constant([2], INT64))
    other = graph.op("Unsqueeze", x, graph.constant([1], INT64))
    below = graph.cast(graph.op("Greater", own, other, dtype=BOOL), FLOAT64)
    equal = graph.cast(graph.op("Equal", own, other, dtype=BOOL), FLOAT64)
    halves = graph.op("Mul", equal, graph.constant(0.5, FLOAT64))
    counted = along(graph, "ReduceSum", graph.op("Add", below, halves), 2)
    flat = graph.op("Squeeze", counted, graph.constant([2], INT64))
    return graph.op("Add", flat, graph.constant(0.5, FLOAT64))


def precision(sources: Sequence[Source]) -> np.dtype:
    """The precision of what is fused of some blocks."""
    return result_dtype([source.empty for source in sources])
