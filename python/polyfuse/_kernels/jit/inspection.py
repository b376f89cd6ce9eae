"""Scores of modalities: averaged, measured, and held against the truth in every coalition.

Coalitions are counted up with the first modality in the highest place, so that from one to the
next only the last ones change, and their folds on a stack.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ..contract import Rows
from .loops import F64, I64, TILE_BYTES, jit, parts

_FOLDS = {"weighted_sum": 0, "geometric_mean": 0, "maximum": 1, "minimum": 2}


def _wide(rows: Rows, part: slice | NDArray) -> tuple[F64, NDArray[np.bool_]]:
    """Scores, or their logarithms, in double, (m, n, k), and where they are there, (m, n)."""
    x = np.stack([block.values[part] for block in rows.blocks]).astype(np.float64)
    there = np.ones(x.shape[:2], np.bool_)
    for own, block in zip(there, rows.blocks, strict=True):
        if block.present is not None:
            own[:] = block.present[part]
    if rows.op == "geometric_mean":
        with np.errstate(divide="ignore", invalid="ignore"):
            x = np.log(x)
    return x, there


def _tiles(rows: Rows) -> Iterator[slice]:
    return parts(rows.n_rows, 8 * rows.width * len(rows.blocks))


@jit
def _sum(x: F64, there: NDArray, sums: F64, found: I64) -> None:
    for b in range(x.shape[0]):
        for i in range(x.shape[1]):
            if there[b, i]:
                found[b] += 1
                for j in range(x.shape[2]):
                    sums[b, j] += x[b, i, j]


def score_means(rows: Rows, means: F64) -> int:
    means[...] = 0.0
    found = np.zeros(len(means), np.int64)
    for part in _tiles(rows):
        _sum(*_wide(rows, part), means, found)
    means /= np.maximum(found, 1)[:, None]
    odd = np.flatnonzero(~np.isfinite(means).all(axis=1))
    return int(odd[0]) if len(odd) else -1


@jit
def _measure(x: F64, there: NDArray, weights: F64, means: F64, scale: F64, per_row: F64) -> None:
    m, n, k = x.shape
    for b in range(m):
        for i in range(n):
            size = 0.0
            for j in range(k):
                size += abs(x[b, i, j] - means[b, j])
            per_row[i, b] = scale[i] * (abs(weights[b]) / k * size) if there[b, i] else 0.0


def contributions(
    rows: Rows, means: F64, row_scale: F64 | None, per_row: F64, totals: F64, products: F64
) -> None:
    ones = np.ones(TILE_BYTES)
    totals[...] = 0.0
    products[...] = 0.0
    for part in _tiles(rows):
        scale, own = ones if row_scale is None else row_scale[part], per_row[part]
        _measure(*_wide(rows, part), rows.weights, means, scale.copy(), own)
        totals += own.sum(axis=0)
        products += own.T @ own


@jit
def _fold(op: int, a: NDArray, x: NDArray, out: NDArray) -> None:
    for j in range(len(x)):
        if op == 0:
            out[j] = a[j] + x[j]
        elif op == 1:
            out[j] = max(a[j], x[j])
        else:
            out[j] = min(a[j], x[j])


@jit
def _says(fused: NDArray) -> int:
    if len(fused) == 1:
        return 1 if fused[0] > 0 else 0
    best = 0
    for j in range(1, len(fused)):
        if fused[j] > fused[best]:
            best = j
    return best


@jit
def _climb(
    op: int, x: NDArray, there: NDArray, silent: NDArray, chosen: int, stack: NDArray, taken: I64,
    depth: int,
) -> None:  # fmt: skip
    """Fold modalities from `depth` on behind what stands on the stack."""
    m = x.shape[0]
    for b in range(depth, m):
        inside = chosen >> (m - 1 - b) & 1
        stack[b + 1], taken[b + 1] = stack[b], taken[b]
        if inside and there[b]:
            _fold(op, stack[b], x[b], stack[b + 1])
            taken[b + 1] += 1
        elif not inside and len(silent):
            _fold(op, stack[b], silent[b], stack[b + 1])
            taken[b + 1] += 1


@jit
def _coalitions(
    op: int, x: NDArray, there: NDArray, codes: I64, silent: NDArray, nothing: int,
    chances: F64, stack: NDArray, right: NDArray, counts: I64, shares: F64,
) -> None:  # fmt: skip
    m, n, _ = x.shape
    taken = np.zeros(m + 1, np.int64)
    for i in range(n):
        for c in range(1 << m):
            depth = 0
            while c and depth < m - 1 and (c ^ (c - 1)) >> (m - 1 - depth) == 0:
                depth += 1
            _climb(op, x[:, i], there[:, i], silent, c, stack, taken, depth)
            right[c] = (_says(stack[m]) if taken[m] else nothing) == codes[i]
        for b in range(m):
            bit, value = 1 << (m - 1 - b), 0.0
            for c in range(1 << m):
                if c & bit == 0 and right[c | bit] != right[c]:
                    others = 0
                    for other in range(m):
                        others += c >> other & 1
                    value += chances[others] if right[c | bit] else -chances[others]
            shares[0, b] += value
            shares[1, b] += value * value
        for c in range(1 << m):
            own = 0
            for b in range(m):
                own |= (c >> (m - 1 - b) & 1) << b
            counts[own] += right[c]


def _lifted(rows: Rows, x: F64) -> NDArray:
    """Scores, or logarithms, of modalities along the first axis, weighed in their precision."""
    x = x.astype(rows.dtype)
    if _FOLDS[rows.op] == 0:
        x *= rows.weights.astype(rows.dtype).reshape(-1, *(1,) * (x.ndim - 1))
    return x


def _first(rows: Rows, start: F64) -> NDArray:
    first = start if _FOLDS[rows.op] == 0 else np.full_like(start, np.inf)
    return (-first if rows.op == "maximum" else first).astype(rows.dtype)


def _codes(y: NDArray, low: int) -> I64:
    return np.subtract(y.astype(np.int64), np.int64(low))


def coalition_counts(
    rows: Rows, y: NDArray, low: int, baseline: F64 | None, start: F64, nothing: int,
    counts: I64, shares: F64,
) -> None:  # fmt: skip
    m, k, op = len(rows.blocks), rows.width, _FOLDS[rows.op]
    counts[...] = 0
    shares[...] = 0.0
    silent = np.empty((0, k), rows.dtype)
    if baseline is not None:
        plain = baseline.astype(rows.dtype).astype(np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            silent = _lifted(rows, np.log(plain) if rows.op == "geometric_mean" else plain)
    chances = np.array(
        [math.factorial(s) * math.factorial(m - s - 1) / math.factorial(m) for s in range(m)]
    )
    stack = np.zeros((m + 1, k), rows.dtype)
    stack[0] = _first(rows, start)
    right = np.zeros(1 << m, np.bool_)
    for part in _tiles(rows):
        x, there = _wide(rows, part)
        _coalitions(
            op, _lifted(rows, x), there, _codes(y[part], low), silent, nothing, chances, stack,
            right, counts, shares,
        )  # fmt: skip


@jit
def _permuted(
    op: int, x: NDArray, there: NDArray, other: NDArray, other_there: NDArray, b: int,
    first: NDArray, codes: I64, nothing: int,
) -> int:  # fmt: skip
    """Rows that are right with another modality b, behind all others; with none if b is -1."""
    m, n, _ = x.shape
    fused, count = first.copy(), 0
    for i in range(n):
        fused[:] = first
        somebody = False
        for c in range(m):
            if c != b and there[c, i]:
                _fold(op, fused, x[c, i], fused)
                somebody = True
        if b >= 0 and other_there[i]:
            _fold(op, fused, other[i], fused)
            somebody = True
        count += (_says(fused) if somebody else nothing) == codes[i]
    return count


def permuted_counts(
    rows: Rows, y: NDArray, low: int, order: NDArray[np.int32], shifts: I64, start: F64,
    nothing: int, counts: I64,
) -> int:  # fmt: skip
    op, first, right = _FOLDS[rows.op], _first(rows, start), 0
    counts[...] = 0
    for part in _tiles(rows):
        wide, there = _wide(rows, order[part])
        x, codes = _lifted(rows, wide), _codes(y[order[part]], low)
        right += _permuted(op, x, there, x[0], there[0], -1, first, codes, nothing)
        for r, shift in enumerate(shifts):
            places = (np.arange(part.start, part.start + len(codes)) + shift) % rows.n_rows
            others, others_there = _wide(rows, order[places])
            y_of_others = _lifted(rows, others)
            for b in range(len(x)):
                counts[b, r] += _permuted(
                    op, x, there, y_of_others[b], others_there[b], b, first, codes, nothing
                )  # fmt: skip
    return right
