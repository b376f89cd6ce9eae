"""Random cases beyond one fit and one transform: weights, chunks, other dtypes, functions, inverse.

scikit-learn's scalers are the oracle, to the last bit where it is a matter of the map alone.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn import preprocessing as sk

import polyfuse as pf
from polyfuse import preprocessing as ours

pytestmark = [
    pytest.mark.usefixtures("backend"),
    pytest.mark.filterwarnings("ignore::RuntimeWarning"),
    pytest.mark.filterwarnings("ignore:Numerical issues:UserWarning"),
]

DTYPES = ("f2", "f4", "f8", "i2", "u1", "?")
CLOSE = {"f2": 4e-3, "f4": 2e-5}


def draw(rng: np.random.Generator, dtype: str, *, nan: bool = True) -> NDArray:
    n, d = int(rng.choice([1, 2, 5, 33, 150])), int(rng.choice([1, 2, 4, 18]))
    x = rng.standard_normal((n, d)) * rng.choice([0.1, 1.0, 10.0], d) + rng.choice([0, 5], d)
    x = (np.abs(x) if dtype in "u1?" else x).astype(dtype)
    if nan and x.dtype.kind == "f" and rng.random() < 0.4:
        x[rng.random(x.shape) < 0.2] = np.nan
    if rng.random() < 0.2:
        x[:, 0] = x[0, 0]
    layout = rng.integers(4)
    if layout == 1:
        return np.asfortranarray(x)
    if layout == 2:
        return np.repeat(np.repeat(x, 2, axis=0), 3, axis=1)[::2, ::3]
    return x[::-1, ::-1] if layout == 3 else x


OPTIONS: dict[str, list[dict[str, Any]]] = {
    "MinMaxScaler": [{}, {"feature_range": (-3, 2.5)}, {"clip": True}],
    "MaxAbsScaler": [{}, {"clip": True}],
    "RobustScaler": [
        {}, {"with_centering": False}, {"with_scaling": False}, {"quantile_range": (5.0, 62.5)},
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", OPTIONS)
def test_maps_of_one_dtype_on_another(name: str) -> None:
    """To the bit, whatever was fitted: each operation in the dtype that NumPy promotes to."""
    for seed in range(250):
        rng = np.random.default_rng(seed)
        options = OPTIONS[name][seed % len(OPTIONS[name])]
        fitted, dtype = rng.choice(["f2", "f4", "f8", "u1"]), rng.choice(["f2", "f2", "f4", "f8"])
        x = draw(rng, fitted)
        mine, theirs = (getattr(module, name)(**options).fit(x) for module in (ours, sk))
        y = (x * 1.5 - 0.25).astype(dtype)
        for method in ("transform", "inverse_transform"):
            got, expected = getattr(mine, method)(y), getattr(theirs, method)(y)
            assert got.dtype == expected.dtype
            np.testing.assert_array_equal(got, expected, err_msg=f"{seed} {method}")
            if not (mine.get_params().get("clip") and method == "transform"):
                fused = pf.fusion.fuse([y], scalers=[mine]) if method == "transform" else got
                np.testing.assert_array_equal(fused, expected, err_msg=f"{seed} fused")


@pytest.mark.parametrize("dtype", DTYPES)
def test_standard_scaler(dtype: str) -> None:
    for seed in range(80):
        rng = np.random.default_rng(seed)
        x = draw(rng, dtype)
        flags = {"with_mean": bool(rng.random() < 0.7), "with_std": bool(rng.random() < 0.7)}
        weight = rng.uniform(0, 2, len(x)) * (rng.random(len(x)) < 0.8) if seed % 2 else None
        if weight is not None:
            weight[-1] = 1.0
        mine, theirs = (
            module.StandardScaler(**flags).fit(x, sample_weight=weight) for module in (ours, sk)
        )
        close = 1e-6 if weight is not None and dtype == "f4" else 1e-9
        neither = not any(flags.values())  # then scikit-learn counts rows, whatever they weigh
        for attribute in ("mean_", "var_", "n_samples_seen_")[: 2 if neither else 3]:
            a, b = getattr(mine, attribute), getattr(theirs, attribute)
            assert (a is None) == (b is None)
            if b is not None:
                np.testing.assert_allclose(a, b, close, close, err_msg=f"{seed} {attribute}")
        for attribute in ("mean_", "var_", "scale_"):
            setattr(mine, attribute, getattr(theirs, attribute))
        for method in ("transform", "inverse_transform"):
            got, expected = getattr(mine, method)(x), getattr(theirs, method)(x)
            assert got.dtype == expected.dtype
            np.testing.assert_array_equal(got, expected, err_msg=f"{seed} {method}")
            np.testing.assert_array_equal(np.signbit(got[got == 0]), np.signbit(expected[got == 0]))


@pytest.mark.parametrize("name", ["StandardScaler", "MinMaxScaler", "MaxAbsScaler"])
def test_chunks(name: str) -> None:
    for seed in range(100):
        rng = np.random.default_rng(seed)
        x = draw(rng, str(rng.choice(DTYPES)))
        whole, parts, merged = (getattr(ours, name)() for _ in range(3))
        whole.fit(x)
        edges = np.unique([0, *rng.integers(0, len(x) + 1, 4), len(x)])
        for a, b in itertools.pairwise(edges):
            parts.partial_fit(x[a:b])
            merged.merge(getattr(ours, name)().fit(x[a:b]))
        for attribute in ("mean_", "var_", "scale_", "min_", "max_abs_", "n_samples_seen_"):
            if hasattr(whole, attribute):
                expected = getattr(whole, attribute)
                np.testing.assert_array_equal(getattr(parts, attribute), expected)
                np.testing.assert_allclose(getattr(merged, attribute), expected, 1e-9, 1e-9)


def test_robust_scaler_of_few_rows_in_chunks() -> None:
    for seed in range(60):
        rng = np.random.default_rng(seed)
        x = draw(rng, str(rng.choice(["f2", "f4", "f8"])))
        options = OPTIONS["RobustScaler"][seed % 4]
        whole, parts = (ours.RobustScaler(**options) for _ in range(2))
        whole.fit(x)
        for chunk in np.array_split(x, min(3, len(x))):
            other = ours.RobustScaler(**options).partial_fit(chunk)
            parts = parts.merge(other) if rng.random() < 0.5 else parts.partial_fit(chunk)
        assert parts.rank_error_ == whole.rank_error_ == 0.0
        close = CLOSE.get(x.dtype.str[1:], 1e-12)
        for attribute in ("center_", "scale_"):
            a, b = getattr(parts, attribute), getattr(whole, attribute)
            assert (a is None) == (b is None)
            if b is not None:
                assert a.dtype == b.dtype
                np.testing.assert_allclose(a, b, close, close)


CALLS: list[tuple[str, dict[str, Any]]] = [
    ("scale", {}), ("scale", {"with_std": False}), ("scale", {"with_mean": False}),
    ("minmax_scale", {"feature_range": (-1, 1)}), ("maxabs_scale", {}), ("robust_scale", {}),
    ("robust_scale", {"unit_variance": True}), ("normalize", {}), ("normalize", {"norm": "l1"}),
    ("normalize", {"norm": "max"}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "options"), CALLS)
def test_functions(name: str, options: dict[str, Any]) -> None:
    for seed in range(60):
        rng = np.random.default_rng(seed)
        dtype = str(rng.choice(["f4", "f8", "i2", "u1"]))
        x = draw(rng, dtype, nan=name != "normalize")
        axis = int(rng.integers(2))
        if name != "normalize" and rng.random() < 0.2:
            x, axis = x[:, 0].copy(), 0
        if name == "scale" and (np.nanmin(x, axis) == np.nanmax(x, axis)).any():
            continue  # scikit-learn divides constants by what rounding has made of their deviation
        got, expected = (getattr(module, name)(x, axis=axis, **options) for module in (ours, sk))
        assert got.dtype == expected.dtype
        assert got.shape == expected.shape
        close = CLOSE.get(dtype, 1e-9)
        np.testing.assert_allclose(got, expected, close, close, err_msg=f"{seed} {axis}")


@pytest.mark.parametrize("norm", ["l1", "l2", "max"])
def test_norms_that_are_zero_to_rounding(norm: str) -> None:
    """scikit-learn leaves rows alone whose norm is below 10 ε of the dtype."""
    for dtype in ("f4", "f8"):
        least = 10 * np.finfo(dtype).eps
        for seed in range(30):
            rng = np.random.default_rng(seed)
            x = (rng.standard_normal((20, 3)) * least * rng.choice([0.1, 1, 10], (20, 1))).astype(
                dtype
            )
            x[3] = 0.0
            got, norms = ours.normalize(x, norm, return_norm=True)
            expected, theirs = sk.normalize(x, norm, return_norm=True)
            np.testing.assert_allclose(got, expected, 1e-6)
            np.testing.assert_allclose(norms, theirs, 1e-6)
            np.testing.assert_array_equal(ours.Normalizer(norm).fit_transform(x), got)
