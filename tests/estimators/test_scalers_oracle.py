"""Random cases of every scaler, with scikit-learn's as the oracle; bits where bits can agree."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn import preprocessing as sk

from polyfuse import preprocessing as ours

pytestmark = [
    pytest.mark.usefixtures("backend"),
    pytest.mark.filterwarnings("ignore:All-NaN:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore:.*encountered in:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore:Degrees of freedom:RuntimeWarning"),
]

DTYPES = ("f2", "f4", "f8", "i4", "u1", "?")
CASES = 220  # for each scaler and backend
# float16 and float32 by relative error of the values of a column; a mean far from zero loses digits
CLOSE = {"f2": 4e-3, "f4": 2e-5}


def draw(rng: np.random.Generator, *, nan: bool = True) -> NDArray:
    n, d = int(rng.choice([1, 2, 3, 10, 200, 700])), int(rng.choice([1, 2, 5, 17]))
    dtype = str(rng.choice(DTYPES))
    x = rng.standard_normal((n, d)) * rng.choice([1, 10, 0.1]) + rng.choice([0.0, 5.0])
    x = (np.abs(x) if dtype in "u1?" else x).astype(dtype)
    if nan and x.dtype.kind == "f" and rng.random() < 0.5:
        x[rng.random(x.shape) < 0.2] = np.nan
    if rng.random() < 0.2:
        x[:, 0] = x[0, 0]
    return np.asfortranarray(x) if rng.random() < 0.3 else x


def parameters(name: str, rng: np.random.Generator) -> dict[str, Any]:
    flag = lambda: bool(rng.random() < 0.7)  # noqa: E731
    quantiles = float(rng.choice([10.0, 25.0, 0.1])), float(rng.choice([75.0, 90.0, 99.0]))
    every: dict[str, dict[str, Any]] = {
        "StandardScaler": {"with_mean": flag(), "with_std": flag()},
        "MinMaxScaler": {"feature_range": (-1, 2.5), "clip": flag()},
        "MaxAbsScaler": {"clip": flag()},
        "RobustScaler": {
            "with_centering": flag(), "with_scaling": flag(), "quantile_range": quantiles,
        },
        "Normalizer": {"norm": str(rng.choice(["l1", "l2", "max"]))},
    }  # fmt: skip
    return every[name]


ATTRIBUTES = {
    "StandardScaler": ("mean_", "var_", "scale_", "n_samples_seen_"),
    "MinMaxScaler": ("data_min_", "data_max_", "data_range_", "scale_", "min_", "n_samples_seen_"),
    "MaxAbsScaler": ("max_abs_", "scale_", "n_samples_seen_"),
    "RobustScaler": ("center_", "scale_"),
    "Normalizer": (),
}
EXACT = ("MinMaxScaler", "MaxAbsScaler")


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_fitted_attributes_and_transforms(name: str) -> None:
    for seed in range(CASES):
        rng = np.random.default_rng(seed)
        x, options = draw(rng, nan=name != "Normalizer"), parameters(name, rng)
        if name == "Normalizer" and x.dtype == np.float16:
            continue  # scikit-learn's squares overflow there
        mine = getattr(ours, name)(**options).fit(x)
        theirs = getattr(sk, name)(**options).fit(x)
        for attribute in ATTRIBUTES[name]:
            a, b = getattr(mine, attribute), getattr(theirs, attribute)
            if b is None:
                assert a is None, (seed, attribute)
            elif name in EXACT:
                np.testing.assert_array_equal(a, b, err_msg=f"{seed} {attribute}")
            else:
                np.testing.assert_allclose(a, b, 1e-9, 1e-9, err_msg=f"{seed} {attribute}")
        for attribute in ("mean_", "var_", "scale_") if name == "StandardScaler" else ():
            setattr(mine, attribute, getattr(theirs, attribute))
        got, expected = mine.transform(x), theirs.transform(x)
        assert got.dtype == expected.dtype, seed
        assert got.flags.c_contiguous == expected.flags.c_contiguous, seed
        if name in (*EXACT, "StandardScaler"):
            np.testing.assert_array_equal(got, expected, err_msg=str(seed))
        else:
            close = CLOSE.get(x.dtype.str[1:], 1e-12)
            np.testing.assert_allclose(got, expected, close, close, err_msg=str(seed))


@pytest.mark.parametrize("name", ["StandardScaler", "MaxAbsScaler", "RobustScaler", "Normalizer"])
def test_sparse(name: str, rng: np.random.Generator) -> None:
    uncentred = {"StandardScaler": {"with_mean": False}, "RobustScaler": {"with_centering": False}}
    for density in (0.02, 0.3, 1.0):
        for form in ("csr", "csc"):
            x = sp.random(200, 7, density, form, random_state=1)
            mine = getattr(ours, name)(**uncentred.get(name, {})).fit(x)
            theirs = getattr(sk, name)(**uncentred.get(name, {})).fit(x)
            got, expected = mine.transform(x), theirs.transform(x)
            np.testing.assert_allclose(got.toarray(), expected.toarray(), 1e-9, 1e-12)
    for name_of, word in (("StandardScaler", "center"), ("RobustScaler", "center")):
        with pytest.raises(ValueError, match=f"Cannot {word} sparse matrices"):
            getattr(ours, name_of)().fit(x)
    with pytest.raises(TypeError, match="MinMaxScaler does not support sparse input"):
        ours.MinMaxScaler().fit(x)


FUNCTIONS = ("scale", "minmax_scale", "maxabs_scale", "robust_scale", "normalize")


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("axis", [0, 1])
def test_functions(function: str, axis: int, rng: np.random.Generator) -> None:
    for shape in ((1, 4), (30, 4), (30, 1)):
        x = rng.normal(3, 2, shape)
        got, expected = (getattr(module, function)(x, axis=axis) for module in (ours, sk))
        np.testing.assert_allclose(got, expected, 1e-9, 1e-9)


def test_sample_weights(rng: np.random.Generator) -> None:
    for seed in range(40):
        rng = np.random.default_rng(seed)
        x, weight = draw(rng).astype(np.float64), rng.uniform(0, 3, 700)
        weight = weight[: len(x)] * (rng.random(len(x)) < 0.8)
        weight[0] = 1.0
        a = ours.StandardScaler().fit(x, sample_weight=weight)
        b = sk.StandardScaler().fit(x, sample_weight=weight)
        for attribute in ("mean_", "var_"):
            got, expected = getattr(a, attribute), getattr(b, attribute)
            np.testing.assert_allclose(got, expected, 1e-8, 1e-9, err_msg=str(seed))
