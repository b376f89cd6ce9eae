"""Counts of labels, in pairs and alone, and codes of those that are words."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from .loops import F64, I64, TILE_BYTES, jit, parts, plain


@jit
def _count(y_true: NDArray, y_pred: NDArray, weight: NDArray, out: NDArray) -> None:
    k = out.shape[0]
    for i in range(len(y_true)):
        if 0 <= y_true[i] < k and 0 <= y_pred[i] < k:
            out[y_true[i], y_pred[i]] += weight[i]


@jit
def _sum(y_true: NDArray, y_pred: NDArray, weight: NDArray, out: NDArray) -> None:
    k = out.shape[1]
    for i in range(len(y_true)):
        t, p = y_true[i], y_pred[i]
        if 0 <= t < k:
            out[2, t] += weight[i]
            if t == p:
                out[0, t] += weight[i]
        if 0 <= p < k:
            out[1, p] += weight[i]


def _tiles(
    y_true: NDArray, y_pred: NDArray, low: int, weight: F64 | None
) -> Iterator[tuple[I64, I64, NDArray]]:
    ones = np.ones(TILE_BYTES // 8, np.int64)
    for part in parts(len(y_true), 8):
        t, p = (np.subtract(y[part].astype(np.int64), np.int64(low)) for y in (y_true, y_pred))
        yield t, p, ones if weight is None else plain(weight[part])


def confusion(
    y_true: NDArray, y_pred: NDArray, low: int, sample_weight: F64 | None, out: NDArray
) -> None:
    out[...] = 0
    for t, p, weight in _tiles(y_true, y_pred, low, sample_weight):
        _count(t, p, weight, out)


def label_sums(
    y_true: NDArray, y_pred: NDArray, low: int, sample_weight: F64 | None, out: NDArray
) -> None:
    out[...] = 0
    for t, p, weight in _tiles(y_true, y_pred, low, sample_weight):
        _sum(t, p, weight, out)


def count_equal(y_true: NDArray, y_pred: NDArray) -> int:
    return sum(int(np.count_nonzero(t == p)) for t, p, _ in _tiles(y_true, y_pred, 0, None))


def label_range(y: NDArray) -> tuple[int, int]:
    return int(y.min()), int(y.max())


@jit
def _encode(words: NDArray, codes: NDArray, firsts: NDArray, table: NDArray) -> int:
    n, width = words.shape
    mask, n_codes = len(table) - 1, 0
    for i in range(n):
        hash = np.uint64(14695981039346656037)  # FNV-1a, over words
        for j in range(width):
            hash = (hash ^ np.uint64(words[i, j])) * np.uint64(1099511628211)
        at = np.int64(hash ^ (hash >> np.uint64(32))) & mask
        while table[at] >= 0 and (words[firsts[table[at]]] != words[i]).any():
            at = (at + 1) & mask
        if table[at] < 0:
            if n_codes == len(firsts):
                return -1
            table[at] = n_codes
            firsts[n_codes] = i
            n_codes += 1
        codes[i] = table[at]
    return n_codes


def encode_words(words: NDArray[np.uint32], codes: I64, firsts: I64) -> int:
    table = np.full(1 << (2 * len(firsts)).bit_length(), -1, np.int64)
    return int(_encode(plain(words, np.uint32), codes, firsts, table))
