"""The scalers, with scikit-learn's as the oracle."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn import preprocessing as sk

from polyfuse import preprocessing as ours
from polyfuse.exceptions import NotFittedError

pytestmark = pytest.mark.usefixtures("backend")

LAYOUTS = {
    "C": lambda x: np.ascontiguousarray(x),
    "F": lambda x: np.asfortranarray(x),
    "strided": lambda x: np.repeat(np.repeat(x, 2, axis=0), 3, axis=1)[::2, ::3],
    "reversed": lambda x: np.ascontiguousarray(x[::-1, ::-1])[::-1, ::-1],
}


def random_matrix(rng: np.random.Generator, dtype: str) -> NDArray:
    n, d = int(rng.integers(1, 700)), int(rng.integers(1, 40))
    x = rng.normal(size=(n, d)) * 10.0 ** rng.integers(-3, 4, d) + rng.normal(size=d) * 100
    if dtype[0] in "iu":
        return np.clip(x, 0, 200).astype(dtype)
    if rng.random() < 0.4:
        x[rng.random(x.shape) < 0.2] = np.nan
    if rng.random() < 0.3:
        x[:, 0] = 7.25
    return x.astype(dtype)


def assert_close(a: Any, b: Any, dtype: str) -> None:
    # A column 1e5 deviations from zero loses five digits of the sixteen, in either library.
    tolerance = {"f4": 3e-6}.get(dtype, 1e-9)
    np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("dtype", ["f4", "f8", "u1", "i4"])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.filterwarnings("ignore:All-NaN:RuntimeWarning")
def test_standard_scaler_equals_sklearn(dtype: str, layout: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = LAYOUTS[layout](random_matrix(rng, dtype))
    flags = {"with_mean": bool(rng.random() < 0.8), "with_std": bool(rng.random() < 0.8)}
    a, b = ours.StandardScaler(**flags).fit(x), sk.StandardScaler(**flags).fit(x)
    np.testing.assert_array_equal(a.n_samples_seen_, b.n_samples_seen_)
    for name in ("mean_", "var_", "scale_"):
        expected = getattr(b, name)
        if expected is not None:
            np.testing.assert_allclose(getattr(a, name), expected, rtol=1e-9, atol=1e-9)
        elif name != "mean_":
            assert getattr(a, name) is None
    transformed, expected = a.transform(x), b.transform(x)
    assert transformed.dtype == expected.dtype
    assert_close(transformed, expected, dtype)
    assert_close(a.inverse_transform(transformed), b.inverse_transform(expected), dtype)


@pytest.mark.parametrize("dtype", ["f4", "f8", "u1", "i4"])
@pytest.mark.parametrize("seed", range(8))
@pytest.mark.filterwarnings("ignore:All-NaN:RuntimeWarning")
def test_min_max_scaler_equals_sklearn(dtype: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = random_matrix(rng, dtype)
    flags: Any = {"feature_range": (-2, 3.5), "clip": bool(rng.random() < 0.5)}
    a, b = ours.MinMaxScaler(**flags).fit(x), sk.MinMaxScaler(**flags).fit(x)
    for name in ("data_min_", "data_max_", "data_range_", "scale_", "min_"):
        expected = getattr(b, name)
        np.testing.assert_array_equal(getattr(a, name), expected, err_msg=name)
    np.testing.assert_array_equal(a.transform(x), b.transform(x))
    assert_close(a.inverse_transform(a.transform(x)), b.inverse_transform(b.transform(x)), dtype)


def test_exact_same_transform_given_the_same_statistics(rng: np.random.Generator) -> None:
    """Subtract, then truly divide, in the dtype of X: what scikit-learn does, to the last bit."""
    for dtype in ("f4", "f8"):
        x = rng.normal(5, 3, (301, 19)).astype(dtype)
        oracle = sk.StandardScaler().fit(x)
        mine = ours.StandardScaler().fit(x)
        mine.mean_, mine.scale_ = oracle.mean_, oracle.scale_
        np.testing.assert_array_equal(mine.transform(x), oracle.transform(x))


def test_variance_of_a_far_column_is_exact() -> None:
    x = 1e8 + (np.arange(100_000) % 2).reshape(-1, 1) * np.ones((1, 3))
    scaler = ours.StandardScaler().fit(x)
    assert (scaler.var_ == 0.25).all()
    assert (scaler.mean_ == 1e8 + 0.5).all()


def test_partial_fit_equals_fit(rng: np.random.Generator) -> None:
    x = rng.normal(100, 5, (1000, 6))
    x[rng.random(x.shape) < 0.1] = np.nan
    x[:300, 2] = np.nan
    cuts = [0, 1, 7, 300, 900, 1000]
    for whole, parts in (
        (ours.StandardScaler(), ours.StandardScaler()),
        (ours.MinMaxScaler(), ours.MinMaxScaler()),
    ):
        whole.fit(x)
        for a, b in itertools.pairwise(cuts):
            parts.partial_fit(x[a:b])
        np.testing.assert_allclose(parts.transform(x), whole.transform(x), rtol=1e-9, atol=1e-9)
    refitted = parts.fit(x[300:310])
    np.testing.assert_array_equal(refitted.data_max_, np.nanmax(x[300:310], axis=0))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_out_and_in_place(layout: str, rng: np.random.Generator) -> None:
    x = LAYOUTS[layout](rng.normal(size=(300, 11)))
    scaler = ours.StandardScaler().fit(x)
    expected = scaler.transform(x)
    out = LAYOUTS[layout](np.zeros_like(x))
    assert scaler.transform(x, out=out) is out
    np.testing.assert_array_equal(out, expected)
    scaler.transform(x, out=x)
    np.testing.assert_array_equal(x, expected)


def test_affine(rng: np.random.Generator) -> None:
    x = rng.normal(size=(20, 3))
    k, b = np.array([2.0, -1.0, 0.5]), 3.0
    np.testing.assert_array_equal(ours.affine(x, k, b), x * k + b)
    scaler = ours.AffineScaler(scale=k, offset=b).fit(x)
    np.testing.assert_array_equal(scaler.transform(x), x * k + b)
    np.testing.assert_allclose(scaler.inverse_transform(scaler.transform(x)), x, rtol=1e-13)


def test_read_only_memmap_is_not_copied(tmp_path: Any, rng: np.random.Generator) -> None:
    x = rng.normal(size=(50, 4)).astype("f4")
    np.save(tmp_path / "x.npy", x)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    scaler = ours.StandardScaler().fit(mapped)
    np.testing.assert_array_equal(scaler.transform(mapped), scaler.transform(x))


@pytest.mark.parametrize("scaler", [ours.StandardScaler, ours.MinMaxScaler, ours.AffineScaler])
def test_errors(scaler: type[Any]) -> None:
    x = np.ones((4, 3))
    with pytest.raises(NotFittedError, match="is not fitted yet"):
        scaler().transform(x)
    fitted = scaler().fit(x)
    with pytest.raises(ValueError, match="X has 2 features, but .* is expecting 3 features"):
        fitted.transform(x[:, :2])
    for bad, message in (
        (["a"], "could not convert|Expected 2D array"),
        ([[1, 2], [3]], "inhomogeneous"),
        (np.ones((2, 2, 2)), "Found array with dim 3"),
        (np.ones((3, 0)), r"0 feature\(s\)"),
        (np.ones((0, 3)), r"0 sample\(s\)"),
    ):
        with pytest.raises(ValueError, match=message):
            scaler().fit(bad)


def test_failed_partial_fit_keeps_the_state(rng: np.random.Generator) -> None:
    x = rng.normal(size=(9, 3))
    scaler = ours.StandardScaler().fit(x)
    kept = scaler.mean_.copy()
    with pytest.raises(ValueError, match="is expecting 3 features"):
        scaler.partial_fit(x[:, :2])
    np.testing.assert_array_equal(scaler.mean_, kept)


def test_bad_feature_range() -> None:
    with pytest.raises(ValueError, match="Minimum of desired feature range must be smaller"):
        ours.MinMaxScaler(feature_range=(1, 1)).fit([[1.0]])


def test_infinity_and_masks_are_refused() -> None:
    for scaler in (ours.StandardScaler(), ours.MinMaxScaler()):
        with pytest.raises(
            ValueError, match=r"Input X contains infinity .* The first is at \[1, 0\]"
        ):
            scaler.fit([[1.0], [np.inf]])
        with pytest.raises(ValueError, match="X has masked values"):
            scaler.fit(np.ma.masked_greater([[1.0], [2.0]], 1))


def test_out_that_overlaps_its_input_is_refused() -> None:
    z = np.arange(40.0).reshape(20, 2)
    kept = z.copy()
    for x, out in ((z[1:], z[:-1]), (z, z[::-1])):
        with pytest.raises(ValueError, match="out must be an input itself or share no memory"):
            ours.affine(x, 2.0, 1.0, out=out)
    np.testing.assert_array_equal(z, kept)
