"""Normalization: statistics of columns, and scaling by them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import sklearn.preprocessing as sk
from numpy.typing import NDArray

import polyfuse.preprocessing as pf

from . import loops
from .contest import FORTRAN, HALF, MAIN, SMALL, TALL, WIDE, Matrices, Work, contests, filling


def moments(scaler: Any) -> tuple[NDArray, NDArray]:
    return scaler.mean_, scaler.var_


def limits(scaler: Any) -> tuple[NDArray, NDArray]:
    return scaler.data_min_, scaler.data_max_


def statistics(data: Matrices) -> tuple[NDArray, NDArray]:
    """Mean and standard deviation of the columns, in the precision of the data."""
    scaler = pf.StandardScaler().fit(data.x)
    return scaler.mean_.astype(data.x.dtype), scaler.scale_.astype(data.x.dtype)


# -- fit -----------------------------------------------------------------------------------------
def numpy_moments(x: NDArray) -> tuple[NDArray, NDArray]:
    return x.mean(axis=0, dtype=np.float64), x.var(axis=0, dtype=np.float64)


# -- transform -----------------------------------------------------------------------------------
def polyfuse_transform(data: Matrices) -> Callable[[], Any]:
    scaler = pf.StandardScaler().fit(data.x)
    return lambda: scaler.transform(data.x, out=data.out)


def numpy_transform(data: Matrices) -> Callable[[], Any]:
    mean, std = statistics(data)

    def run() -> NDArray:
        np.subtract(data.x, mean, out=data.out)
        return np.divide(data.out, std, out=data.out)

    return run


def numba_transform(data: Matrices) -> Callable[[], Any]:
    return filling(data.out, loops.scale, data.x, *statistics(data))


def fresh_transform(module: Any) -> Callable[[Matrices], Callable[[], Any]]:
    def make(data: Matrices) -> Callable[[], Any]:
        scaler = module.StandardScaler().fit(data.x)
        return lambda: scaler.transform(data.x)

    return make


def numpy_scaled(x: NDArray, mean: NDArray, std: NDArray) -> NDArray:
    out = x - mean
    out /= std
    return out


def numba_scaled(x: NDArray, mean: NDArray, std: NDArray) -> NDArray:
    out = np.empty_like(x)
    loops.scale(x, mean, std, out)
    return out


def fresh(function: Callable[..., NDArray]) -> Callable[[Matrices], Callable[[], Any]]:
    def make(data: Matrices) -> Callable[[], Any]:
        mean, std = statistics(data)
        return lambda: function(data.x, mean, std)

    return make


# -- fit_transform -------------------------------------------------------------------------------
def numpy_fit_transform(x: NDArray) -> NDArray:
    mean, var = numpy_moments(x)
    return numpy_scaled(x, mean.astype(x.dtype), np.sqrt(var).astype(x.dtype))


def numba_fit_transform(x: NDArray) -> NDArray:
    mean, var = loops.column_moments(x, loops.PARTS)
    return numba_scaled(x, mean.astype(x.dtype), np.sqrt(var).astype(x.dtype))


# -- affine --------------------------------------------------------------------------------------
def polyfuse_affine(data: Matrices) -> Callable[[], Any]:
    scale, offset = np.linspace(1, 2, data.spec.columns), np.ones(data.spec.columns)
    return lambda: pf.affine(data.x, scale, offset, out=data.out)


def numpy_affine(data: Matrices) -> Callable[[], Any]:
    scale = np.linspace(1, 2, data.spec.columns, dtype=data.x.dtype)
    offset = np.ones_like(scale)

    def run() -> NDArray:
        np.multiply(data.x, scale, out=data.out)
        return np.add(data.out, offset, out=data.out)

    return run


def numba_affine(data: Matrices) -> Callable[[], Any]:
    scale = np.linspace(1, 2, data.spec.columns, dtype=data.x.dtype)
    return filling(data.out, loops.multiply, data.x, scale, np.ones_like(scale))


def fresh_transform_of(name: str) -> Work:
    def contestant(module: Any) -> Callable[[Matrices], Callable[[], Any]]:
        def make(data: Matrices) -> Callable[[], Any]:
            scaler = getattr(module, name)().fit(data.x)
            return lambda: scaler.transform(data.x)

        return make

    return Work(
        f"{name}.transform, fresh output", 1, 1,
        {"polyfuse": contestant(pf), "scikit-learn": contestant(sk)},
    )  # fmt: skip


STANDARD_FIT = Work("StandardScaler.fit", 1, 0, {
    "polyfuse": lambda data: lambda: moments(pf.StandardScaler().fit(data.x)),
    "NumPy": lambda data: lambda: numpy_moments(data.x),
    "scikit-learn": lambda data: lambda: moments(sk.StandardScaler().fit(data.x)),
    "Numba": lambda data: lambda: loops.column_moments(data.x, loops.PARTS),
})  # fmt: skip
MINMAX_FIT = Work("MinMaxScaler.fit", 1, 0, {
    "polyfuse": lambda data: lambda: limits(pf.MinMaxScaler().fit(data.x)),
    "NumPy": lambda data: lambda: (data.x.min(axis=0), data.x.max(axis=0)),
    "scikit-learn": lambda data: lambda: limits(sk.MinMaxScaler().fit(data.x)),
    "Numba": lambda data: lambda: loops.column_extrema(data.x, loops.PARTS),
})  # fmt: skip
MAXABS_FIT = Work("MaxAbsScaler.fit", 1, 0, {
    "polyfuse": lambda data: lambda: pf.MaxAbsScaler().fit(data.x).max_abs_,
    "NumPy": lambda data: lambda: np.abs(data.x).max(axis=0),
    "scikit-learn": lambda data: lambda: sk.MaxAbsScaler().fit(data.x).max_abs_,
})  # fmt: skip
TRANSFORM = Work("StandardScaler.transform, out given", 1, 1, {
    "polyfuse": polyfuse_transform,
    "NumPy": numpy_transform,
    "Numba": numba_transform,
})  # fmt: skip
FRESH_TRANSFORM = Work("StandardScaler.transform, fresh output", 1, 1, {
    "polyfuse": fresh_transform(pf),
    "NumPy": fresh(numpy_scaled),
    "scikit-learn": fresh_transform(sk),
    "Numba": fresh(numba_scaled),
})  # fmt: skip
FIT_TRANSFORM = Work("StandardScaler.fit_transform", 2, 1, {
    "polyfuse": lambda data: lambda: pf.StandardScaler().fit_transform(data.x),
    "NumPy": lambda data: lambda: numpy_fit_transform(data.x),
    "scikit-learn": lambda data: lambda: sk.StandardScaler().fit_transform(data.x),
    "Numba": lambda data: lambda: numba_fit_transform(data.x),
})  # fmt: skip
AFFINE = Work("affine, out given", 1, 1, {
    "polyfuse": polyfuse_affine,
    "NumPy": numpy_affine,
    "Numba": numba_affine,
})  # fmt: skip

OTHER_TRANSFORMS = [fresh_transform_of(name) for name in ("MinMaxScaler", "MaxAbsScaler")]
WORKS = [STANDARD_FIT, MINMAX_FIT, MAXABS_FIT, TRANSFORM, FRESH_TRANSFORM, FIT_TRANSFORM]
# Rows of an F-ordered matrix are what nobody loops over by hand.
FORTRAN_WORKS = [work.without("Numba") for work in WORKS]


@contests(
    (WORKS, [MAIN, WIDE, TALL]),
    (FORTRAN_WORKS, [FORTRAN]),
    ([AFFINE], [MAIN, SMALL]),
    (OTHER_TRANSFORMS, [MAIN]),
    ([FRESH_TRANSFORM.without("Numba").without("NumPy")], [HALF]),
    ([STANDARD_FIT.without("Numba"), FRESH_TRANSFORM], [SMALL]),
)
def test_normalization(race, data, work, peer):
    race(work, peer, data)
