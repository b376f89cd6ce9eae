"""What scikit-learn's users rely on besides numbers: messages, names, containers, memory."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from scaler_cases import SCALERS, SPARSE, WRONG, X, assert_same_error, raised
from sklearn import preprocessing as sk

from polyfuse import preprocessing as ours
from polyfuse.exceptions import NotFittedError


@pytest.mark.parametrize("what", WRONG)
@pytest.mark.parametrize("name", SCALERS)
@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
def test_what_fit_refuses(name: str, what: str) -> None:
    options = SPARSE.get(name, {}) if "sparse" in what else {}
    mine, theirs = (getattr(module, name)(**options) for module in (ours, sk))
    assert_same_error(mine.fit, theirs.fit, WRONG[what])
    assert not hasattr(mine, "n_features_in_")


@pytest.mark.parametrize("name", SCALERS)
def test_what_transform_refuses(name: str) -> None:
    mine, theirs = (getattr(module, name)() for module in (ours, sk))
    if name != "Normalizer":
        assert isinstance(raised(partial(mine.transform, X)), NotFittedError)
        assert_same_error(mine.transform, theirs.transform, X)
    mine.fit(X), theirs.fit(X)
    for bad in (X[:, :2], X[0], X[:0], sp.csr_array(X[:, :2])):
        assert_same_error(mine.transform, theirs.transform, bad)
    if name == "Normalizer":
        for bad in ([["1", "2", "3"]], np.array([[b"1"] * 3]), np.ones((1, 3), [("a", "f8")])):
            assert_same_error(mine.transform, theirs.transform, bad)
            assert_same_error(mine.fit, theirs.fit, bad)
        for value in (np.nan, np.inf):
            bad = np.where(X[3, 1] == X, value, X)
            assert_same_error(mine.transform, theirs.transform, bad)
    if hasattr(theirs, "partial_fit"):
        assert_same_error(mine.partial_fit, theirs.partial_fit, X[:, :2])


PARAMETERS: list[tuple[str, dict[str, Any]]] = [
    ("StandardScaler", {"with_mean": 1}),
    ("StandardScaler", {"with_std": "yes"}),
    ("StandardScaler", {"copy": None}),
    ("MinMaxScaler", {"feature_range": (1, 1)}),
    ("MinMaxScaler", {"feature_range": (2, 1)}),
    ("MinMaxScaler", {"feature_range": [0, 1]}),
    ("MinMaxScaler", {"clip": 0}),
    ("MaxAbsScaler", {"clip": 0}),
    ("RobustScaler", {"quantile_range": (75.0, 25.0)}),
    ("RobustScaler", {"quantile_range": (-1.0, 25.0)}),
    ("RobustScaler", {"quantile_range": [25.0, 75.0]}),
    ("RobustScaler", {"unit_variance": 1}),
    ("Normalizer", {"norm": "l3"}),
    ("Normalizer", {"norm": 2}),
]


@pytest.mark.parametrize(("name", "options"), PARAMETERS)
def test_parameters_that_are_refused(name: str, options: dict[str, Any]) -> None:
    mine, theirs = (getattr(module, name)(**options) for module in (ours, sk))
    assert_same_error(mine.fit, theirs.fit, X)


@pytest.mark.parametrize(
    "weight",
    [np.ones(3), np.ones((40, 1)), np.zeros(40), np.full(40, np.nan), np.full(40, np.inf), ["a"]],
)
def test_weights_that_are_refused(weight: Any) -> None:
    mine, theirs = ours.StandardScaler(), sk.StandardScaler()
    assert_same_error(mine.fit, theirs.fit, X, sample_weight=weight)


@pytest.mark.parametrize("value", [np.inf, -np.inf])
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_a_weight_of_zero_hides_no_infinity(value: float, dtype: str) -> None:
    x = X.astype(dtype)
    x[7, 1], weight = value, np.arange(40) != 7
    mine, theirs = ours.StandardScaler(), sk.StandardScaler()
    assert_same_error(mine.fit, theirs.fit, x, sample_weight=weight)
    assert not hasattr(mine, "n_features_in_")
    x[7, 1] = np.nan
    mine.fit(x, sample_weight=weight)
    counts = (40 * weight.astype(int)).astype("u1")[:, None]
    ours.StandardScaler().fit(counts, sample_weight=weight)


FUNCTIONS: list[tuple[str, dict[str, Any]]] = [
    ("scale", {"axis": 2}),
    ("scale", {"with_mean": 1}),
    ("minmax_scale", {"axis": -1}),
    ("minmax_scale", {"feature_range": (1, 0)}),
    ("maxabs_scale", {"axis": "rows"}),
    ("robust_scale", {"quantile_range": (3, 1)}),
    ("normalize", {"norm": "l0"}),
    ("normalize", {"axis": 3}),
    ("normalize", {"copy": 1}),
    ("normalize", {"return_norm": 1}),
]


@pytest.mark.parametrize(("name", "options"), FUNCTIONS)
def test_arguments_that_are_refused(name: str, options: dict[str, Any]) -> None:
    mine, theirs = getattr(ours, name), getattr(sk, name)
    assert_same_error(mine, theirs, X, **options)
    assert_same_error(mine, theirs, None)


def test_sparse_data_that_are_refused() -> None:
    x = sp.csr_array(X)
    for name, options in (
        ("scale", {}), ("scale", {"with_mean": False, "axis": 1}), ("minmax_scale", {}),
        ("robust_scale", {}), ("normalize", {"return_norm": True}),
    ):  # fmt: skip
        mine, theirs = getattr(ours, name), getattr(sk, name)
        assert_same_error(mine, theirs, x, **options)
    for name in ("StandardScaler", "MinMaxScaler", "RobustScaler"):
        mine, theirs = (getattr(module, name)() for module in (ours, sk))
        assert_same_error(mine.fit, theirs.fit, x)
        if hasattr(mine, "partial_fit") and name != "RobustScaler":
            assert_same_error(mine.partial_fit, theirs.partial_fit, x)
        mine.fit(X), theirs.fit(X)
        if name == "RobustScaler":
            continue  # scikit-learn's transform forgets to center there
        assert_same_error(mine.transform, theirs.transform, x)
        if name == "StandardScaler":
            assert_same_error(mine.inverse_transform, theirs.inverse_transform, x)
    with pytest.raises(ValueError, match="out must be None for sparse X"):
        ours.MaxAbsScaler().fit(x).transform(x, out=X.copy())


# -- sparse --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SPARSE)
@pytest.mark.parametrize("form", ["csr", "csc", "coo"])
def test_sparse(name: str, form: str) -> None:
    for seed in range(30):
        rng = np.random.default_rng(seed)
        n, d = int(rng.integers(1, 60)), int(rng.integers(1, 9))
        dtype = rng.choice(["f4", "f8", "i4"])
        dense = rng.integers(-3, 4, (n, d)) * (rng.random((n, d)) < rng.choice([0.1, 0.5, 1]))
        dense = dense.astype(dtype)
        if dtype != "i4" and name != "Normalizer" and rng.random() < 0.5:
            dense[rng.random((n, d)) < 0.1] = np.nan
        x = sp.csr_array(dense).asformat(form)
        mine, theirs = (getattr(module, name)(**SPARSE[name]) for module in (ours, sk))
        with np.errstate(all="ignore"):
            got, expected = mine.fit(x).transform(x), theirs.fit(x).transform(x)
        assert got.format == expected.format
        assert got.dtype == expected.dtype
        close = 1e-5 if dtype == "f4" else 1e-12
        np.testing.assert_allclose(got.toarray(), expected.toarray(), close, close)
        for attribute in ("scale_", "var_", "mean_", "max_abs_", "n_samples_seen_"):
            if getattr(theirs, attribute, None) is not None:
                a, b = getattr(mine, attribute), getattr(theirs, attribute)
                np.testing.assert_allclose(a, b, close, close, err_msg=f"{seed} {attribute}")
        if name != "Normalizer":
            back, original = mine.inverse_transform(got), theirs.inverse_transform(expected)
            np.testing.assert_allclose(back.toarray(), original.toarray(), close, close)


def test_sparse_and_dense_statistics_agree() -> None:
    dense = X * (np.abs(X) > 2)
    for weight in (None, np.linspace(0, 2, len(X))):
        scalers = [ours.StandardScaler(with_mean=False) for _ in range(3)]
        scalers[0].fit(dense, sample_weight=weight)
        scalers[1].fit(sp.csc_array(dense), sample_weight=weight)
        for rows in (slice(0, 11), slice(11, 40)):
            own = None if weight is None else weight[rows]
            scalers[2].partial_fit(sp.csr_array(dense[rows]), sample_weight=own)
        for other in scalers[1:]:
            np.testing.assert_allclose(other.mean_, scalers[0].mean_, rtol=1e-12)
            np.testing.assert_allclose(other.var_, scalers[0].var_, rtol=1e-12)
            np.testing.assert_allclose(other.n_samples_seen_, scalers[0].n_samples_seen_)


def test_sparse_functions() -> None:
    x = sp.csr_array(X * (np.abs(X) > 2))
    for name, options in (
        ("scale", {"with_mean": False}), ("maxabs_scale", {}), ("maxabs_scale", {"axis": 1}),
        ("robust_scale", {"with_centering": False}), ("normalize", {}), ("normalize", {"axis": 0}),
        ("normalize", {"norm": "max", "return_norm": True}), ("normalize", {"norm": "l1"}),
    ):  # fmt: skip
        got, expected = (getattr(module, name)(x, **options) for module in (ours, sk))
        if isinstance(expected, tuple):
            np.testing.assert_allclose(got[1], expected[1])
            got, expected = got[0], expected[0]
        np.testing.assert_allclose(got.toarray(), expected.toarray(), 1e-12)
        assert got.format == expected.format
