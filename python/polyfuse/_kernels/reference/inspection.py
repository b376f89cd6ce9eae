"""Scores of modalities: averaged, measured, and held against the truth in every coalition."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..contract import Rows

F64 = NDArray[np.float64]
Bools = NDArray[np.bool_]
Part = tuple[NDArray, Bools]


def score_means(rows: Rows, means: F64) -> int:
    for own, x, there in zip(means, _plain(rows), _there(rows), strict=True):
        own[...] = x[there].mean(axis=0) if there.any() else 0.0
    odd = np.flatnonzero(~np.isfinite(means).all(axis=1))
    return int(odd[0]) if len(odd) else -1


def contributions(
    rows: Rows, means: F64, row_scale: F64 | None, per_row: F64, totals: F64, products: F64
) -> None:
    for b, (x, there) in enumerate(zip(_plain(rows), _there(rows), strict=True)):
        with np.errstate(invalid="ignore"):
            size = abs(rows.weights[b]) * np.abs(x - means[b]).mean(axis=1)
        per_row[:, b] = np.where(there, size, 0.0)
    if row_scale is not None:
        per_row *= row_scale[:, None]
    totals[...] = per_row.sum(axis=0)
    products[...] = per_row.T @ per_row


def coalition_counts(
    rows: Rows, y: NDArray, low: int, baseline: F64 | None, start: F64, nothing: int,
    counts: NDArray[np.int64], shares: F64,
) -> None:  # fmt: skip
    parts, m = _parts(rows), len(rows.blocks)
    silent = [_lifted(rows, b, baseline[b]) for b in range(m)] if baseline is not None else None
    codes = np.subtract(y.astype(np.int64), np.int64(low))
    right = np.empty((1 << m, rows.n_rows), np.bool_)
    for c in range(1 << m):
        taken = []
        for b in range(m):
            if c >> b & 1:
                taken.append(parts[b])
            elif silent is not None:
                always = np.ones(rows.n_rows, np.bool_)
                taken.append((np.broadcast_to(silent[b], (rows.n_rows, rows.width)), always))
        right[c] = _said(rows, taken, start, nothing) == codes
    counts[...] = right.sum(axis=1)
    for b in range(m):
        value = np.zeros(rows.n_rows)
        for c in range(1 << m):
            if not c >> b & 1:
                others = c.bit_count()
                chance = math.factorial(others) * math.factorial(m - others - 1)
                gained = right[c | 1 << b].astype(np.int8) - right[c].astype(np.int8)
                value += chance / math.factorial(m) * gained
        shares[:, b] = value.sum(), (value**2).sum()


def permuted_counts(
    rows: Rows, y: NDArray, low: int, order: NDArray[np.int32], shifts: NDArray[np.int64],
    start: F64, nothing: int, counts: NDArray[np.int64],
) -> int:  # fmt: skip
    parts = _parts(rows)
    codes = np.subtract(y.astype(np.int64), np.int64(low))
    other = np.empty(rows.n_rows, np.int64)
    for r, shift in enumerate(shifts):
        other[order] = np.roll(order, -shift)
        for b, (x, there) in enumerate(parts):
            mixed = [*parts[:b], *parts[b + 1 :], (x[other], there[other])]
            counts[b, r] = np.count_nonzero(_said(rows, mixed, start, nothing) == codes)
    return int(np.count_nonzero(_said(rows, parts, start, nothing) == codes))


def _there(rows: Rows) -> list[Bools]:
    always = np.ones(rows.n_rows, np.bool_)
    return [always if block.present is None else block.present for block in rows.blocks]


def _plain(rows: Rows) -> list[F64]:
    """Scores, or their logarithms, in double."""
    wide = [block.values.astype(np.float64) for block in rows.blocks]
    with np.errstate(divide="ignore", invalid="ignore"):
        return [np.log(x) for x in wide] if rows.op == "geometric_mean" else wide


def _lifted(rows: Rows, b: int, x: NDArray) -> NDArray:
    weight, x = rows.dtype.type(rows.weights[b]), x.astype(rows.dtype)
    if rows.op == "geometric_mean":
        with np.errstate(divide="ignore", invalid="ignore"):
            x = np.log(x.astype(np.float64)).astype(rows.dtype)
    weighed: NDArray = weight * x if rows.op in ("weighted_sum", "geometric_mean") else x
    return weighed


def _parts(rows: Rows) -> list[Part]:
    values = [_lifted(rows, b, block.values) for b, block in enumerate(rows.blocks)]
    return list(zip(values, _there(rows), strict=True))


def _said(rows: Rows, parts: Sequence[Part], start: F64, nothing: int) -> NDArray[np.int64]:
    """The class that each row says, of the parts in their order."""
    fold, first = {
        "maximum": (np.maximum, np.full(rows.width, -np.inf)),
        "minimum": (np.minimum, np.full(rows.width, np.inf)),
    }.get(rows.op, (np.add, start))
    fused = np.tile(first.astype(rows.dtype), (rows.n_rows, 1))
    somebody = np.zeros(rows.n_rows, np.bool_)
    for x, there in parts:
        fused = np.where(there[:, None], fold(fused, np.where(there[:, None], x, 0)), fused)
        somebody |= there
    said = fused[:, 0] > 0 if rows.width == 1 else fused.argmax(axis=1)
    return np.where(somebody, said.astype(np.int64), np.int64(nothing))
