"""Scalers of Dask collections have the bits of one process; fitted models map over partitions."""

from __future__ import annotations

import warnings
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from dask_cuts import CUTS, blocks_cut, cut

import polyfuse as pf
from polyfuse._moment_segments import moment_leaves, moments_of
from polyfuse._moments import Moments
from polyfuse._segments import joined, segment
from polyfuse.preprocessing import (
    AffineScaler,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    RobustScaler,
    StandardScaler,
)

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")


@pytest.fixture(autouse=True)
def one_thread() -> Any:
    with dask.config.set(scheduler="synchronous"):
        yield


def matrix(n: int = 3011, width: int = 7, dtype: Any = np.float64) -> Any:
    rng = np.random.default_rng(3)
    X = 3 * rng.normal(size=(n, width)) + 100
    X[rng.random(X.shape) < 0.01] = np.nan
    return X.astype(dtype)


def same(a: Any, b: Any) -> bool:
    return type(a) is type(b) and np.array_equal(a, b, equal_nan=np.asarray(a).dtype.kind == "f")


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("width", "n"), [(3, 30000), (700, 1000)])
def test_segments_joined_in_any_order_are_moments_of_all_rows(
    width: int, n: int, weighted: bool
) -> None:
    rng = np.random.default_rng(width)
    X = rng.normal(size=(n, width))
    weight = rng.random(n) if weighted else None
    whole, leaves = Moments(width), moment_leaves(width)
    whole.update(X, weight)
    for k in (2, 9, 40):
        ends = [0, *np.sort(rng.integers(0, n + 1, k - 1)).tolist(), n]
        rows = [(X[a:b],) if weight is None else (X[a:b], weight[a:b]) for a, b in pairwise(ends)]
        parts = [segment(leaves, own, start) for own, start in zip(rows, ends, strict=False)]
        while len(parts) > 1:
            i = int(rng.integers(len(parts) - 1))
            parts[i : i + 2] = [joined(leaves, parts[i], parts[i + 1])]
        own = moments_of(parts[0], width)
        assert [tree.height for tree in own._trees] == [tree.height for tree in whole._trees]
        for more in (X[:50], X[:5000]):
            for moments in (own, whole):
                moments.update(more, None if weight is None else weight[: len(more)])
        assert all(map(np.array_equal, own.result(), whole.result()))
        whole = Moments(width)
        whole.update(X, weight)


def test_segments_that_are_no_neighbours_are_not_joined() -> None:
    leaves, rows = moment_leaves(1), (np.zeros((3, 1)),)
    with pytest.raises(ValueError, match="b must begin with row 3, where a ends; got 4"):
        joined(leaves, segment(leaves, rows, 0), segment(leaves, rows, 4))


@pytest.mark.parametrize("n_parts", CUTS)
@pytest.mark.parametrize(
    "scaler",
    [
        StandardScaler(), StandardScaler(with_mean=False), MinMaxScaler((-1, 2)), MaxAbsScaler(),
        RobustScaler(), RobustScaler(quantile_range=(10.0, 60.0), unit_variance=True),
        AffineScaler(2.0, 1.0), Normalizer(),
    ],
    ids=repr,
)  # fmt: skip
def test_scalers_have_the_bits_of_memory(scaler: Any, n_parts: int) -> None:
    X = matrix(dtype=np.float32)
    X = np.nan_to_num(X) if isinstance(scaler, Normalizer) else X
    X = X[:1500]
    whole = type(scaler)(**scaler.get_params()).fit(X)
    collection = cut(X, n_parts)
    own = scaler.fit(collection)
    for name, value in vars(whole).items():
        if name != "_moments":
            assert same(getattr(own, name), value), name
    np.testing.assert_array_equal(own.transform(collection).compute(), whole.transform(X))


@pytest.mark.parametrize("n_parts", CUTS)
def test_weighted_moments_go_on_as_those_of_memory(n_parts: int) -> None:
    X, weight = matrix(), np.random.default_rng(0).random(3011)
    weight[:1000] = 0.0
    whole = StandardScaler().fit(X, sample_weight=weight)
    own = StandardScaler().fit(cut(X, n_parts), sample_weight=cut(weight, 3))
    for scaler in (whole, own):
        scaler.partial_fit(X[:77], sample_weight=weight[1000:1077])
    for name in ("mean_", "var_", "scale_", "n_samples_seen_"):
        assert same(getattr(own, name), getattr(whole, name)), name


def test_errors_are_those_of_memory_and_leave_the_scaler_as_it_was() -> None:
    X = matrix()
    scaler = StandardScaler().fit(X)
    before = scaler.mean_
    X[2000, 1] = np.inf
    for own in (scaler, MinMaxScaler(), RobustScaler()):
        with pytest.raises(
            ValueError, match=r"Input X contains infinity .* The first is at \[\d+, 1\]"
        ):
            own.fit(cut(X, 7))
    assert scaler.mean_ is before
    with pytest.raises(ValueError, match=r"at \[0, 1\]. Rows are counted from 2000."):
        scaler.fit(da.from_array(X, chunks=(1000, 7)))
    X[2000, 1] = 0.0
    with pytest.raises(ValueError, match="at least one non-zero"):
        StandardScaler().fit(cut(X, 7), sample_weight=cut(np.zeros(3011), 2))
    with pytest.raises(ValueError, match="sample_weight must have as many rows as X, 3011; got 9"):
        StandardScaler().fit(cut(X, 7), sample_weight=np.ones(9))
    with pytest.raises(TypeError, match="partial_fit of StandardScaler takes arrays"):
        scaler.partial_fit(cut(X, 7))
    with pytest.raises(ValueError, match="X has 2 features, but StandardScaler is expecting 7"):
        scaler.transform(cut(X[:, :2], 3))
    with pytest.raises(TypeError, match="out must be None for Dask collections"):
        scaler.transform(cut(X, 3), out=X)
    with pytest.raises(TypeError, match="X must be one matrix to fit a StandardScaler"):
        scaler.fit({"a": cut(X, 3)})


def test_data_frames_keep_their_names() -> None:
    pd, dd = pytest.importorskip("pandas"), pytest.importorskip("dask.dataframe")
    frame = pd.DataFrame(np.nan_to_num(matrix()), columns=list("abcdefg"))
    collection = dd.from_pandas(frame, npartitions=5)
    whole, own = StandardScaler().fit(frame), StandardScaler().fit(collection)
    assert list(own.feature_names_in_) == list("abcdefg")
    assert same(own.var_, whole.var_)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scaled = own.transform(collection)
        np.testing.assert_array_equal(scaled.compute(), whole.transform(frame))
    with pytest.raises(ValueError, match="feature names should match"):
        own.transform(collection.rename(columns={"a": "z"}))
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        own.transform(cut(frame.to_numpy(), 2))


def test_delayed_parts_are_a_matrix_and_are_looked_at() -> None:
    X = matrix()
    parts = [dask.delayed(X[i : i + 1000]) for i in range(0, len(X), 1000)]
    own = StandardScaler().fit(parts)
    assert same(own.var_, StandardScaler().fit(X).var_)
    np.testing.assert_array_equal(own.transform(parts).compute(), own.transform(X))
    with pytest.raises(ValueError, match=r"X must have parts of one width; got shapes"):
        own.fit([dask.delayed(X), dask.delayed(X[:, :2])])
    unknown = da.concatenate(
        [da.from_delayed(part, (np.nan, 7), X.dtype) for part in parts],
        allow_unknown_chunksizes=True,
    )
    assert same(StandardScaler().fit(unknown).var_, own.var_)


def test_fusions_take_blocks_that_are_cut_otherwise() -> None:
    X = np.nan_to_num(matrix())
    blocks = {"a": X, "b": X[:, ::-1] ** 2}
    whole = pf.fusion.Fusion("weighted_mean", weights=[1, 3], scaler="standard").fit(blocks)
    own = pf.fusion.Fusion("weighted_mean", weights=[1, 3], scaler="standard")
    collections = blocks_cut(blocks, 5)
    fused = own.fit_transform(collections)
    assert fused.chunks[0] == collections["a"].chunks[0]
    np.testing.assert_array_equal(fused.compute(), whole.transform(blocks))
    again = pf.dask.fuse(collections, "weighted_mean", [1, 3], "standard")
    np.testing.assert_array_equal(again.compute(), fused.compute())
    with pytest.raises(ValueError, match="projection must be None or 'random'"):
        pf.fusion.Fusion(projection="pca", n_components=2).fit(collections)
    short = {"a": collections["a"], "b": cut(X[:9], 2)}
    with pytest.raises(
        ValueError, match=r"X\['b'\] must have as many rows as X\['a'\], 3011; got 9"
    ):
        own.fit(short)


def test_frames_that_are_cut_otherwise_are_told_of() -> None:
    pd, dd = pytest.importorskip("pandas"), pytest.importorskip("dask.dataframe")
    frame = pd.DataFrame(np.nan_to_num(matrix()))
    one = dd.from_pandas(frame, npartitions=2)
    other = dd.concat([dd.from_pandas(frame[:10], npartitions=1), dd.from_pandas(frame[10:], 1)])
    with pytest.raises(ValueError, match="one has 3001 where the first has 150"):
        pf.fusion.Fusion("sum", scaler="standard").fit({"a": one, "b": other})


def test_a_subclass_is_asked_first() -> None:
    class Loud(StandardScaler):
        seen: Any = None

        def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Any:
            self.seen = type(X)
            return super().fit(X, y, sample_weight)

        def transform(self, X: Any, copy: Any = None) -> Any:
            return 2 * super().transform(X, copy)

    collection = cut(matrix(), 3)
    loud = Loud().fit(X=collection)
    assert loud.seen is type(collection)
    quiet = StandardScaler().fit(matrix())
    assert same(loud.mean_, quiet.mean_)
    np.testing.assert_array_equal(loud.transform(collection), 2 * quiet.transform(matrix()))
