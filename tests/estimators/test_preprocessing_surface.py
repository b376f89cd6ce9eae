"""What scikit-learn's users rely on besides numbers: messages, names, containers, memory."""

from __future__ import annotations

import copy
import pickle
import re
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import sklearn
from numpy.typing import NDArray
from sklearn import preprocessing as sk
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator

import polyfuse as pf
from polyfuse import preprocessing as ours
from polyfuse.exceptions import NotFittedError

SCALERS = ("StandardScaler", "MinMaxScaler", "MaxAbsScaler", "RobustScaler", "Normalizer")
SPARSE: dict[str, dict[str, Any]] = {
    "StandardScaler": {"with_mean": False},
    "MaxAbsScaler": {"clip": True},
    "RobustScaler": {"with_centering": False},
    "Normalizer": {},
}
X = np.random.default_rng(0).normal(3, 2, (40, 3))
FRAME = pd.DataFrame(X, columns=["a", "b", "c"], index=range(5, 45))


def raised(call: Any) -> Exception:
    with pytest.raises(Exception) as caught:  # noqa: PT011
        call()
    return caught.value


# Ours may say more, behind theirs: where the value is.
def assert_same_error(mine: Any, theirs: Any, *args: Any, **kwargs: Any) -> None:
    a, b = (raised(partial(call, *args, **kwargs)) for call in (mine, theirs))
    kinds = (ValueError, TypeError, NotImplementedError, ImportError)
    assert [isinstance(a, kind) for kind in kinds] == [isinstance(b, kind) for kind in kinds]
    expected = str(b)
    if "does not accept missing values" in expected:
        expected = expected.split(" For supervised learning")[0]
    if "a str among" in expected:  # a set, in any order
        a, expected = re.sub("{.*?}", "", str(a)), re.sub("{.*?}", "", expected)
    assert str(a).startswith(expected)


WRONG: dict[str, Any] = {
    "1-D": [1.0, 2.0],
    "1-D of integers": np.arange(3),
    "a number": 3.0,
    "3-D": np.ones((2, 2, 2)),
    "no rows": np.ones((0, 3)),
    "no columns": np.ones((3, 0)),
    "nothing": np.ones((0, 0)),
    "infinity": [[1.0], [np.inf]],
    "infinity in float32": np.array([[1.0], [-np.inf]], "f4"),
    "infinity in float16": np.array([[1.0], [-np.inf]], "f2"),
    "text": [["a"], ["b"]],
    "words": np.array(["a", "b"]),
    "bytes": np.array([[b"a"]]),
    "records": np.array([[(1, 2.0)]], dtype=[("a", "i4"), ("b", "f8")]),
    "complex": np.array([[1j]]),
    "uneven": [[1.0, 2.0], [3.0]],
    "a matrix": np.asmatrix(np.ones((2, 2))) if hasattr(np, "asmatrix") else None,
    "a dict in it": np.array([[{}]], dtype=object),
    "a series": pd.Series([1.0, 2.0]),
    "mixed names": pd.DataFrame([[1.0, 2.0]], columns=["a", 1]),
    "nothing sparse": sp.csr_array((0, 3)),
}


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


# -- names and containers ------------------------------------------------------------------------


@pytest.mark.parametrize("name", SCALERS)
def test_feature_names(name: str) -> None:
    mine, theirs = (getattr(module, name)() for module in (ours, sk))
    mine.fit(FRAME), theirs.fit(FRAME)
    np.testing.assert_array_equal(mine.feature_names_in_, theirs.feature_names_in_)
    np.testing.assert_array_equal(mine.get_feature_names_out(), ["a", "b", "c"])
    for frame in (FRAME[["b", "a", "c"]], FRAME.rename(columns={"a": "z"}), FRAME[["a", "b"]]):
        assert_same_error(mine.transform, theirs.transform, frame)
    with pytest.warns(UserWarning, match=f"X does not have valid feature names, but {name} was"):
        mine.transform(X)
    assert_same_error(mine.get_feature_names_out, theirs.get_feature_names_out, ["x", "y", "z"])
    mine.fit(X), theirs.fit(X)
    assert not hasattr(mine, "feature_names_in_")
    np.testing.assert_array_equal(mine.get_feature_names_out(), ["x0", "x1", "x2"])
    with pytest.warns(UserWarning, match=f"X has feature names, but {name} was fitted without"):
        mine.transform(FRAME)
    for names in (["x"], ["a", "b"]):
        assert_same_error(mine.get_feature_names_out, theirs.get_feature_names_out, names)


@pytest.mark.parametrize("name", SCALERS)
def test_data_frames_out(name: str) -> None:
    mine, theirs = (getattr(module, name)() for module in (ours, sk))
    got = mine.set_output(transform="pandas").fit_transform(FRAME)
    expected = theirs.set_output(transform="pandas").fit_transform(FRAME)
    pd.testing.assert_frame_equal(got, expected)
    assert isinstance(clone(mine).fit(X).transform(X), pd.DataFrame)
    assert isinstance(mine.set_output(transform="default").transform(FRAME), np.ndarray)
    with sklearn.config_context(transform_output="pandas"):
        fresh = getattr(ours, name)()
        pd.testing.assert_frame_equal(fresh.fit_transform(X), theirs.fit_transform(X))
    with pytest.raises(ValueError, match="output config must be in"):
        mine.set_output(transform="list")


def test_extension_dtypes_of_data_frames() -> None:
    frame = pd.DataFrame({"a": pd.array([1, 2, None], "Int64"), "b": [1.0, 2.0, 4.0]})
    got, expected = ours.StandardScaler().fit(frame), sk.StandardScaler().fit(frame)
    np.testing.assert_allclose(got.mean_, expected.mean_)
    single = pd.DataFrame(X.astype("f4"))
    assert ours.MinMaxScaler().fit_transform(single).dtype == np.float32


# -- memory --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SCALERS)
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i8"])
def test_copy_and_out(name: str, dtype: str, backend: str) -> None:
    for order in "CF":
        x = np.asarray(X.astype(dtype), order=order)  # type: ignore[call-overload]
        scaler = getattr(ours, name)().fit(x)
        expected = scaler.transform(x)
        assert expected.flags[f"{order}_CONTIGUOUS"]
        np.testing.assert_array_equal(x, X.astype(dtype))
        out = np.empty_like(expected)
        assert scaler.transform(x, out=out) is out
        np.testing.assert_array_equal(out, expected)
        for bad in (np.empty((2, 2)), np.empty_like(x, dtype="f4" if dtype != "f4" else "f8")):
            with pytest.raises(ValueError, match="out must have shape"):
                scaler.transform(x, out=bad)
        frozen = x.copy(order="K")
        frozen.flags.writeable = False
        in_place = scaler.set_params(copy=False)
        assert in_place.transform(frozen) is not frozen
        again = in_place.transform(x)
        assert (again is x) == (x.dtype.kind == "f")
        np.testing.assert_array_equal(again, expected)


def test_copy_as_an_argument() -> None:
    for name in ("StandardScaler", "Normalizer"):
        x = X.copy()
        scaler = getattr(ours, name)().fit(x)
        assert scaler.transform(x, copy=False) is x
        assert scaler.set_params(copy=False).transform(X, copy=True) is not X


@pytest.mark.parametrize("name", ["scale", "minmax_scale", "maxabs_scale", "robust_scale"])
def test_functions_in_place(name: str) -> None:
    for x in (X.copy(), X.copy(order="F"), X[0].copy()):
        for axis in (0, 1)[: x.ndim]:
            own = x.copy(order="K")
            expected = getattr(ours, name)(own, axis=axis)
            np.testing.assert_array_equal(own, x)
            got = getattr(ours, name)(own, axis=axis, copy=False)
            np.testing.assert_array_equal(got, expected)
            np.testing.assert_array_equal(own, expected)
            np.testing.assert_allclose(expected, getattr(sk, name)(x, axis=axis), 1e-9, 1e-9)


# -- objects -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SCALERS)
def test_scalers_are_plain_objects(name: str) -> None:
    scaler = getattr(ours, name)(copy=False)
    assert clone(scaler).get_params() == scaler.get_params()
    scaler.fit(X)
    for twin in (pickle.loads(pickle.dumps(scaler)), copy.deepcopy(scaler)):
        np.testing.assert_array_equal(twin.transform(X.copy()), scaler.transform(X.copy()))
    theirs = getattr(sk, name)(copy=False)
    assert scaler.get_params() == theirs.get_params()
    pipeline = make_pipeline(getattr(ours, name)(), sk.MinMaxScaler())
    np.testing.assert_allclose(
        pipeline.fit_transform(X),
        make_pipeline(getattr(sk, name)(), sk.MinMaxScaler()).fit_transform(X),
        rtol=1e-9,
        atol=1e-12,
    )


def test_a_shallow_copy_does_not_learn() -> None:
    scaler = ours.StandardScaler().fit(X[:20])
    twin = copy.copy(scaler)
    twin.partial_fit(X[20:] * 100)
    assert scaler.partial_fit(X[20:]).mean_ == pytest.approx(X.mean(axis=0))


def test_a_failing_call_changes_nothing() -> None:
    bad = np.array([[1.0, np.inf, 0.0]])
    for name in ("StandardScaler", "MinMaxScaler", "MaxAbsScaler", "RobustScaler"):
        scaler, other = getattr(ours, name)(), getattr(ours, name)()
        scaler.partial_fit(X)
        before = pickle.dumps(scaler)
        for call in (scaler.fit, scaler.partial_fit):
            for wrong in (bad, X[0], "text"):
                with pytest.raises(ValueError):  # noqa: PT011
                    call(wrong)
        for wrong in (other, other.fit(X[:, :2]), ours.Normalizer().fit(X), None):
            with pytest.raises((ValueError, TypeError)):
                scaler.merge(wrong)
        assert pickle.dumps(scaler) == before


def test_merging_needs_the_same_parameters() -> None:
    for name, options in (
        ("StandardScaler", {"with_std": False}), ("MinMaxScaler", {"feature_range": (0, 2)}),
        ("MaxAbsScaler", {"clip": True}), ("RobustScaler", {"quantile_range": (10.0, 90.0)}),
    ):  # fmt: skip
        a, b = getattr(ours, name)(), getattr(ours, name)(**options)
        (key, value), *_ = options.items()
        message = re.escape(f"other must have {key}={getattr(a, key)!r}; got {value!r}.")
        with pytest.raises(ValueError, match=message):
            a.partial_fit(X).merge(b.partial_fit(X))
        fresh = getattr(ours, name)(**options).merge(b)
        np.testing.assert_array_equal(fresh.transform(X), b.transform(X))


def test_partial_fit_after_fit_of_a_robust_scaler_says_that_it_starts_anew() -> None:
    scaler = ours.RobustScaler().fit(X)
    with pytest.warns(UserWarning, match="partial_fit starts anew"):
        scaler.partial_fit(X[:7])
    np.testing.assert_array_equal(scaler.center_, np.median(X[:7], axis=0))
    with pytest.raises(ValueError, match="other must be fitted by partial_fit"):
        scaler.merge(ours.RobustScaler().fit(X))


CHECKED = [
    ours.StandardScaler(), ours.StandardScaler(with_mean=False), ours.MinMaxScaler(clip=True),
    ours.MaxAbsScaler(), ours.RobustScaler(), ours.RobustScaler(with_centering=False),
    ours.Normalizer(), ours.AffineScaler(2.0, 1.0),
]  # fmt: skip


@pytest.mark.parametrize("scaler", CHECKED, ids=repr)
@pytest.mark.filterwarnings("ignore")
def test_check_estimator(scaler: Any) -> None:
    with pf.use("numpy"):
        results = check_estimator(scaler, on_fail=None, on_skip=None)
    failed = [result["check_name"] for result in results if result["status"] == "failed"]
    assert failed == []


def test_tags_are_scikit_learns() -> None:
    for name in SCALERS:
        for options in ({}, SPARSE.get(name, {})):
            mine, theirs = (getattr(module, name)(**options) for module in (ours, sk))
            a, b = mine.__sklearn_tags__(), theirs.__sklearn_tags__()
            assert a.input_tags.sparse == b.input_tags.sparse
            assert a.input_tags.allow_nan == b.input_tags.allow_nan
            assert a.requires_fit == b.requires_fit


def as_affine(scaler: Any, x: NDArray) -> NDArray:
    offset, factor, divide, _ = scaler.as_affine()
    return (x - offset) / factor if divide else x * factor + offset


@pytest.mark.parametrize("name", SCALERS[:4])
def test_as_affine(name: str) -> None:
    scaler = getattr(ours, name)().fit(X)
    np.testing.assert_array_equal(as_affine(scaler, X), scaler.transform(X))
    np.testing.assert_array_equal(
        pf.fusion.fuse([X, X], "sum", scalers=[scaler, None]), scaler.transform(X) + X
    )
    assert not hasattr(ours.Normalizer, "as_affine")
