"""Batches: rows, items of a stack and groups of rows, each scaled by its own statistics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import sklearn.preprocessing as sk
from numpy.typing import NDArray

import polyfuse.preprocessing as pf

from .contest import MAIN, Matrices, Work, contests

ITEM = 100  # rows of an item of the stack


def stack(data: Matrices) -> NDArray:
    return data.x.reshape(-1, ITEM, data.spec.columns)


def numpy_standardize(x: NDArray) -> NDArray:
    mean = x.mean(axis=1, dtype=np.float64, keepdims=True).astype(x.dtype)
    out = x - mean
    out /= x.std(axis=1, dtype=np.float64, keepdims=True).astype(x.dtype)
    return out


def numpy_l2(x: NDArray) -> NDArray:
    return x / np.sqrt(np.einsum("ij,ij->i", x, x))[:, None]


def numpy_softmax(x: NDArray) -> NDArray:
    out = np.exp(x - x.max(axis=1, keepdims=True))
    out /= out.sum(axis=1, keepdims=True)
    return out


def speakers(data: Matrices) -> NDArray:
    return np.random.default_rng(0).integers(0, 1000, len(data.x))


def polyfuse_groups(data: Matrices) -> Callable[[], Any]:
    labels = speakers(data)
    return lambda: pf.standardize(data.x, groups=labels)


def numpy_groups(data: Matrices) -> Callable[[], Any]:
    labels = speakers(data)

    def run() -> NDArray:
        out = np.empty_like(data.x)
        for label in np.unique(labels):
            rows = labels == label
            out[rows] = numpy_standardize(data.x[rows][None])[0]
        return out

    return run


WORKS = [
    Work(f"standardize each of a stack of {ITEM} rows", 1, 1, {
        "polyfuse": lambda data: lambda: pf.standardize(stack(data), axis=1),
        "NumPy": lambda data: lambda: numpy_standardize(stack(data)),
    }),
    Work("standardize 1,000 groups in random order", 1, 1, {
        "polyfuse": polyfuse_groups,
        "NumPy": numpy_groups,
    }),
    Work("l2 of rows", 1, 1, {
        "polyfuse": lambda data: lambda: pf.l2(data.x),
        "NumPy": lambda data: lambda: numpy_l2(data.x),
        "scikit-learn": lambda data: lambda: sk.normalize(data.x),
    }),
    Work("softmax of rows", 1, 1, {
        "polyfuse": lambda data: lambda: pf.softmax(data.x),
        "NumPy": lambda data: lambda: numpy_softmax(data.x),
    }),
]  # fmt: skip


@contests((WORKS, [MAIN]))
def test_batches(race, data, work, peer):
    race(work, peer, data)
