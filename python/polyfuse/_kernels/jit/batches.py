"""Rows, and columns of groups of rows, scaled by their own statistics.

A tile holds runs, several of them in a row of the tile for several groups. It is scaled where it
lies, by one loop per kind, and then written to its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .loops import I64, TILE_BYTES, jit, parts

_PART = 128


@jit
def _apply(x: NDArray, offset: float, factor: float) -> None:
    a, b = x.dtype.type(offset), x.dtype.type(factor)
    for i in range(len(x)):
        x[i] = (x[i] - a) / b


@jit
def _standard(x: NDArray) -> None:
    n, rough, shift, squares = 0, 0.0, 0.0, 0.0
    for i in range(len(x)):
        if x[i] == x[i]:
            n += 1
            rough += x[i]
    if n == 0:
        return
    rough /= n
    for i in range(len(x)):
        if x[i] == x[i]:
            deviation = x[i] - rough
            shift += deviation
            squares += deviation * deviation
    mean, var = rough + shift / n, (squares - shift * (shift / n)) / n
    eps = np.finfo(np.float64).eps
    constant = var <= n * eps * var + (n * mean * eps) ** 2
    _apply(x, mean, 1.0 if constant else np.sqrt(var))


@jit
def _minmax(x: NDArray) -> None:
    number = x.dtype.type
    least, greatest = number(np.inf), number(-np.inf)
    for i in range(len(x)):
        least = x[i] if x[i] < least else least
        greatest = x[i] if x[i] > greatest else greatest
    span = greatest - least
    if least <= greatest:
        _apply(x, least, 1.0 if span < 10 * np.finfo(x.dtype).eps else span)


@jit
def _total(x: NDArray, power: int) -> float:
    """Sum of |x| or x², in parts, so that errors do not grow with every number."""
    total = 0.0
    for start in range(0, len(x), _PART):
        part = 0.0
        for i in range(start, min(start + _PART, len(x))):
            size = np.float64(abs(x[i]))
            part += size if power == 1 else size * size
        total += part
    return total


@jit
def _l1(x: NDArray) -> Any:
    return _total(x, 1)


@jit
def _l2(x: NDArray) -> Any:
    return np.sqrt(_total(x, 2))


@jit
def _max(x: NDArray) -> Any:
    most = 0.0
    for i in range(len(x)):
        size = np.float64(abs(x[i]))
        most = size if size > most or size != size else most
    return most


@jit
def _softmax(x: NDArray) -> None:
    top = x.dtype.type(-np.inf)
    for i in range(len(x)):
        top = x[i] if x[i] > top else top
    for i in range(len(x)):
        x[i] = np.exp(x[i] - top)
    _apply(x, 0.0, _total(x, 1))


@jit
def _rank(x: NDArray) -> None:
    present = np.flatnonzero(x == x)
    numbers = x[present]
    order, n = np.argsort(numbers, kind="mergesort"), len(numbers)
    start = 0
    while start < n:
        end = start + 1
        while end < n and numbers[order[end]] == numbers[order[start]]:
            end += 1
        for i in range(start, end):
            x[present[order[i]]] = (start + end + 1) / 2
        start = end


_FORMULAS = {"standard": _standard, "minmax": _minmax, "softmax": _softmax, "rank": _rank}
_NORMS = {"l1": _l1, "l2": _l2, "max": _max}


@cache
def _scaling(kind: str) -> Callable[[NDArray, I64, float], bool]:
    """The loop over the runs of a tile: run g of each row is columns starts[g]:starts[g + 1]."""
    divides = kind in _NORMS
    formula = _NORMS[kind] if divides else _FORMULAS[kind]

    def by_formula(tile: NDArray, starts: NDArray, least: float) -> bool:
        for row in range(tile.shape[0]):
            for g in range(len(starts) - 1):
                formula(tile[row, starts[g] : starts[g + 1]])
        return True

    def by_norm(tile: NDArray, starts: NDArray, least: float) -> bool:
        finite = True
        for row in range(tile.shape[0]):
            for g in range(len(starts) - 1):
                run = tile[row, starts[g] : starts[g + 1]]
                norm = formula(run)
                _apply(run, 0.0, 1.0 if norm == 0.0 or norm < least else norm)
                finite = finite and np.isfinite(norm)
        return finite

    scale = by_norm if divides else by_formula
    scale.__qualname__ = f"scale_{kind}"  # what is kept on disk is found by this name
    compiled: Callable[[NDArray, I64, float], bool] = jit(scale)
    return compiled


@np.errstate(all="ignore")
def normalize_rows(values: NDArray, kind: str, out: NDArray, least: float = 0.0) -> bool:
    work, scale = np.promote_types(out.dtype, np.float32), _scaling(kind)
    n, d = values.shape
    whole, finite = np.array([0, d]), True
    for part in parts(n, d * work.itemsize):
        tile = np.array(values[part], work, order="C")
        finite = scale(tile, whole, float(least)) and finite
        out[part] = tile
    return finite


def _batches(starts: I64, row_bytes: int) -> Iterator[slice]:
    """Groups that follow each other and fit into a tile together, at least one."""
    limit, first = max(1, TILE_BYTES // max(1, row_bytes)), 0
    while first < len(starts) - 1:
        end = int(np.searchsorted(starts, starts[first] + limit, side="right")) - 1
        yield slice(first, max(end, first + 1))
        first = max(end, first + 1)


@np.errstate(all="ignore")
def normalize_groups(
    values: NDArray, order: I64 | None, starts: I64, kind: str, out: NDArray
) -> None:
    work, scale = np.promote_types(out.dtype, np.float32), _scaling(kind)
    for batch in _batches(starts, values.shape[1] * work.itemsize):
        edges = starts[batch.start : batch.stop + 1]
        rows: Any = slice(edges[0], edges[-1])
        rows = rows if order is None else order[rows]
        for columns in parts(values.shape[1], (edges[-1] - edges[0]) * work.itemsize):
            source = values[:, columns][rows] if order is None else values[rows, columns]
            tile = np.array(source.T, work, order="C")
            scale(tile, edges - edges[0], 0.0)
            out[rows, columns] = tile.T
