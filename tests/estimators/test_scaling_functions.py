"""The scalers as functions: whose memory they write to, and vectors along either axis."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn import preprocessing as sk

from polyfuse import preprocessing as ours

pytestmark = pytest.mark.filterwarnings("ignore:Numerical issues:UserWarning")

NAMES = ("scale", "minmax_scale", "maxabs_scale", "robust_scale")
X = np.random.default_rng(0).normal(3, 2, (40, 3))


class Subclass(np.ndarray):
    """An array of a type of its own."""


class Exporter:
    """What shares its memory when it is asked for an array, as data frames and tensors do."""

    def __init__(self, values: NDArray) -> None:
        self.values = values

    def __array__(self, dtype: Any = None, copy: Any = None) -> NDArray:
        return self.values if dtype is None else self.values.astype(dtype)


def sharing(kind: str, x: NDArray, folder: Path) -> tuple[Any, NDArray]:
    """An input of some kind, and the memory that it shares with whoever takes it as an array."""
    if kind == "memmap":
        mapped = np.memmap(folder / "x", x.dtype, "w+", shape=x.shape)
        mapped[...] = x
        return mapped, mapped
    own = x.copy()
    return (own.view(Subclass), own) if kind == "subclass" else (Exporter(own), own)


@pytest.mark.parametrize("kind", ["memmap", "subclass", "__array__"])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_a_copy_is_a_copy(name: str, kind: str, dtype: str, tmp_path: Path) -> None:
    function, x = getattr(ours, name), X.astype(dtype)
    for axis in (0, 1):
        expected = function(x, axis=axis)
        given, memory = sharing(kind, x, tmp_path)
        np.testing.assert_array_equal(function(given, axis=axis), expected)
        np.testing.assert_array_equal(memory, x)
        np.testing.assert_array_equal(function(given, axis=axis, copy=False), expected)
        np.testing.assert_array_equal(memory, expected)


@pytest.mark.parametrize("kind", ["memmap", "subclass", "__array__"])
@pytest.mark.parametrize("name", ["StandardScaler", "MinMaxScaler", "RobustScaler", "Normalizer"])
def test_scalers_leave_what_shares_memory_alone(name: str, kind: str, tmp_path: Path) -> None:
    given, memory = sharing(kind, X, tmp_path)
    scaler = getattr(ours, name)().fit(X)
    np.testing.assert_array_equal(scaler.transform(given), scaler.transform(X))
    np.testing.assert_array_equal(ours.normalize(given), ours.normalize(X))
    np.testing.assert_array_equal(memory, X)


@pytest.mark.parametrize(
    "values", [[1e308, -1e308], [1e308, 1e300, -1e308], [1.7e308, -1.7e308], [1e200, -1e200, 0.0]]
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_deviations_that_overflow(values: list[float], backend: str) -> None:
    x = np.array(values)[:, None]
    np.testing.assert_array_equal(ours.scale(x), sk.scale(x))
    assert np.isfinite(ours.StandardScaler().fit_transform(x)).all()
    weighted = ours.StandardScaler().fit(x, sample_weight=[0.5] * len(x))
    np.testing.assert_allclose(weighted.mean_, sk.StandardScaler().fit(x).mean_)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", ["f4", "f8", "i4"])
def test_vectors(name: str, dtype: str) -> None:
    x = (X[:, 0] * 5).astype(dtype)
    for axis in (0, 1):
        if name == "scale" and axis == 1:
            for module in (ours, sk):
                with pytest.raises(np.exceptions.AxisError, match="axis 1 is out of bounds"):
                    module.scale(x, axis=1)
            continue
        got, expected = (getattr(module, name)(x, axis=axis) for module in (ours, sk))
        assert got.shape == expected.shape
        np.testing.assert_allclose(got, expected, 1e-5 if dtype == "f4" else 1e-12, 1e-6)
    strided = np.repeat(x.astype("f8"), 2)[::2]
    expected = getattr(ours, name)(strided)
    got = getattr(ours, name)(strided, copy=False)
    assert np.shares_memory(got, strided)
    np.testing.assert_array_equal(strided, expected)


@pytest.mark.parametrize("norm", ["l1", "l2", "max"])
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_normalize_finds_what_is_not_finite(
    norm: str, dtype: str, value: float, backend: str
) -> None:
    """While it divides, but before it writes over X."""
    for axis in (0, 1):
        x = X.astype(dtype)
        x[7, 1] = value
        before = x.copy()
        for options in ({}, {"out": np.empty_like(x)}, {"out": x}, {"copy": False}):
            with pytest.raises(ValueError, match="contains (NaN|infinity)") as mine:
                ours.normalize(x, norm, axis=axis, **options)
            np.testing.assert_array_equal(x, before)
        with pytest.raises(ValueError, match="contains") as theirs:
            sk.normalize(x, norm, axis=axis)
        assert str(mine.value).startswith(str(theirs.value))


def test_norms_that_overflow_are_finite_data(backend: str) -> None:
    x = np.array([[1e200, 1e200], [3.0, 4.0], [1e-200, 0.0]])
    expected = sk.normalize(x)
    np.testing.assert_array_equal(ours.normalize(x), expected)
    np.testing.assert_array_equal(ours.normalize(x, out=x), expected)
    x = np.array([[1, 2], [-3, 4]])
    np.testing.assert_allclose(ours.normalize(x, axis=0), sk.normalize(x, axis=0))
