"""Scalers as objects: names, containers, memory, copies, scikit-learn's checks."""

from __future__ import annotations

import copy
import pickle
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn
from numpy.typing import NDArray
from scaler_cases import FRAME, SCALERS, SPARSE, X, assert_same_error
from sklearn import preprocessing as sk
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

import polyfuse as pf
from polyfuse import preprocessing as ours


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
