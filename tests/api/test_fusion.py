"""The public fusion functions: values against NumPy, and every message."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from scipy import stats
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler as SkScaler

import polyfuse as pf
from polyfuse import fusion
from polyfuse._kernels.fusion_ops import OPERATORS
from polyfuse.preprocessing import MinMaxScaler, StandardScaler

NUMPY: dict[str, Any] = {
    "sum": lambda b, w: np.sum(b, axis=0),
    "mean": lambda b, w: np.mean(b, axis=0),
    "weighted_sum": lambda b, w: np.tensordot(w, b, axes=1),
    "weighted_mean": lambda b, w: np.average(b, axis=0, weights=w),
    "maximum": lambda b, w: np.max(b, axis=0),
    "minimum": lambda b, w: np.min(b, axis=0),
    "product": lambda b, w: np.prod(b, axis=0),
    "geometric_mean": lambda b, w: np.exp(np.average(np.log(b), axis=0, weights=w)),
    "power_mean": lambda b, w: np.average(b**3.0, axis=0, weights=w) ** (1 / 3),
    "median": lambda b, w: np.median(b, axis=0),
    "vote": lambda b, w: np.apply_along_axis(elected, 0, b, np.ones(len(b))),
    "weighted_vote": lambda b, w: np.apply_along_axis(elected, 0, b, w),
}


def elected(values: Any, weights: Any) -> float:
    """The value with the greatest weight behind it, the least of those that tie."""
    candidates = np.unique(values)
    return float(candidates[np.argmax([weights[values == c].sum() for c in candidates])])


def fuse(blocks: Any, op: str, weights: Any = None, **options: Any) -> Any:
    options |= {"p": 3.0} if op == "power_mean" else {}
    return fusion.fuse(blocks, op, weights, **options)


def call(op: str, blocks: Any, weights: Any) -> Any:
    if op == "power_mean":
        return fusion.power_mean(blocks, 3.0, weights)
    return getattr(fusion, op)(blocks, weights)


def blocks_for(op: str, rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Labels to vote on, positive numbers to take logarithms of, else any."""
    if "vote" in op:
        return rng.integers(-2, 3, shape).astype(float)
    blocks = rng.normal(size=shape)
    return np.abs(blocks) if op in ("geometric_mean", "power_mean") else blocks


def weights_for(op: str, n: int) -> list[float] | None:
    return [0.5 + 1.25 * i for i in range(n)] if OPERATORS[op].weighted else None


def test_every_operator_has_a_numpy_oracle() -> None:
    assert list(NUMPY) == list(OPERATORS)


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("op", OPERATORS)
@pytest.mark.parametrize("n_blocks", [1, 2, 3, 9])
def test_fold_equals_numpy(op: str, n_blocks: int, rng: np.random.Generator) -> None:
    blocks = blocks_for(op, rng, (n_blocks, 40, 7))
    weights = weights_for(op, n_blocks)
    fused = call(op, list(blocks), weights)
    expected = NUMPY[op](blocks, None if weights is None else np.array(weights))
    np.testing.assert_allclose(fused, expected, rtol=1e-13, atol=1e-15)
    np.testing.assert_array_equal(fused, fuse(list(blocks), op, weights))


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("op", ["mean", "weighted_mean", "maximum", "median"])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("seed", range(8))
def test_missing_blocks_are_left_out(op: str, dtype: str, seed: int) -> None:
    """NumPy's functions that pass over NaNs are the oracle: a missing row is all NaN."""
    rng = np.random.default_rng(seed)
    blocks = rng.normal(size=(4, 60, 5)).astype(dtype)
    gone = rng.random((4, 60)) < 0.4
    gone[0, gone.all(axis=0)] = False
    with_nan = np.where(gone[:, :, None], np.array(np.nan, dtype), blocks)
    weights = np.array([0.5, 1.0, 2.0, 0.25])
    expected = {
        "mean": lambda: np.nanmean(with_nan, axis=0),
        "maximum": lambda: np.nanmax(with_nan, axis=0),
        "median": lambda: np.nanmedian(with_nan, axis=0),
        "weighted_mean": lambda: (
            np.nansum(with_nan * weights[:, None, None], axis=0)
            / ((~gone) * weights[:, None]).sum(axis=0)[:, None]
        ),
    }[op]()
    options: Any = {"missing": "skip"} | ({"weights": weights} if op == "weighted_mean" else {})
    by_nan = fusion.fuse(list(with_nan), op, **options)
    by_mask = fusion.fuse(list(blocks), op, present=list(~gone), **options)
    np.testing.assert_allclose(by_nan, expected, rtol=1e-5 if dtype == "f4" else 1e-12)
    np.testing.assert_array_equal(by_nan, by_mask)
    filled = fusion.fuse(list(with_nan), "sum", missing="zero")
    np.testing.assert_allclose(filled, np.nansum(with_nan, axis=0), rtol=1e-4, atol=1e-5)


def test_rows_where_nothing_is_there(rng: np.random.Generator) -> None:
    a, b = rng.normal(size=(2, 6, 3))
    a[4] = b[4] = np.nan
    out = np.full((6, 3), 7.0)
    with pytest.raises(ValueError, match="row 4"):
        fusion.mean([a, b], missing="skip", out=out)
    assert (out == 7.0).all()
    fused = fusion.mean([a, b], missing="skip", all_missing="nan")
    assert np.isnan(fused[4]).all()
    assert np.isfinite(np.delete(fused, 4, axis=0)).all()
    with pytest.raises(ValueError, match=r"blocks\['a'\] is missing in row 4"):
        fusion.mean({"a": a, "b": b}, missing="raise")


@pytest.mark.usefixtures("backend")
def test_weights_by_column_and_by_row(rng: np.random.Generator) -> None:
    blocks = rng.normal(size=(3, 20, 4))
    for shape in ((3, 1, 4), (3, 20, 1)):
        weights = rng.uniform(0.1, 2.0, shape)
        expected = (weights * blocks).sum(axis=0) / weights.sum(axis=0)
        given = list(weights[:, 0] if shape[1] == 1 else weights)
        fused = fusion.weighted_mean(list(blocks), given)
        np.testing.assert_allclose(fused, expected, rtol=1e-12)


def test_products_of_pairs(rng: np.random.Generator) -> None:
    a, b = rng.normal(size=(50, 6)), rng.normal(size=(50, 4))
    u, v = rng.normal(size=(6, 3)), rng.normal(size=(4, 3))
    np.testing.assert_allclose(fusion.low_rank([a, b], [u, v]), (a @ u) * (b @ v), rtol=1e-10)
    w = rng.normal(size=(5, 6, 4))
    expected = np.einsum("ni,oij,nj->no", a, w, b)
    np.testing.assert_allclose(fusion.bilinear(a, b, w), expected, rtol=1e-9, atol=1e-11)


def test_fused_rankings(rng: np.random.Generator) -> None:
    scores = np.round(rng.normal(size=(3, 8, 12)), 1)
    ranks = stats.rankdata(-scores, axis=2)
    fused = fusion.reciprocal_rank_fusion(list(scores), k=60)
    np.testing.assert_allclose(fused, (1 / (60 + ranks)).sum(axis=0), rtol=1e-12)
    np.testing.assert_allclose(fusion.borda(list(scores)), (12 - ranks).sum(axis=0), rtol=1e-12)


def test_fusion_in_a_pipeline(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(80, 7)), rng.integers(0, 2, 80)
    columns = {"image": slice(0, 4), "text": slice(4, 7)}
    step = fusion.Fusion("concatenate", scaler="standard", columns=columns)
    model = make_pipeline(clone(step), LogisticRegression()).fit(x, y)
    expected = LogisticRegression().fit(SkScaler().fit_transform(x), y)
    np.testing.assert_allclose(model[-1].coef_, expected.coef_, rtol=1e-6, atol=1e-8)
    projected = fusion.Fusion("mean", projection="pca", n_components=2, columns=columns)
    assert projected.fit_transform(x).shape == (80, 2)
    assert pickle.loads(pickle.dumps(model)).predict(x).tolist() == model.predict(x).tolist()


def test_dict_of_blocks_and_weights(rng: np.random.Generator) -> None:
    a, b = rng.normal(size=(2, 5, 3))
    fused = fusion.fuse({"a": a, "b": b}, "weighted_sum", weights={"b": 2.0, "a": 1.0})
    np.testing.assert_allclose(fused, a + 2.0 * b)


def test_dtypes_follow_numpys_promotion(rng: np.random.Generator) -> None:
    f32, u8 = rng.normal(size=(4, 2)).astype("f4"), np.ones((4, 2), "u1")
    f64, i64 = np.ones((4, 2)), np.ones((4, 2), "i8")
    for blocks, expected in (
        ([f32, u8], "f4"), ([f32, f64], "f8"), ([u8, u8], "f8"), ([f32, i64], "f8"),
        ([u8.astype("f2")], "f2"), ([u8.astype("f2"), f32], "f4"),
    ):  # fmt: skip
        assert fusion.concatenate(blocks).dtype == np.dtype(expected)


@pytest.mark.usefixtures("backend")
def test_scalers_act_in_the_same_pass(rng: np.random.Generator) -> None:
    a, b = rng.normal(3, 2, (50, 4)), rng.normal(size=(50, 4)).astype("f4")
    scalers = [StandardScaler().fit(a), None]
    fused = fusion.mean([a, b], scalers=scalers)
    np.testing.assert_array_equal(fused, fusion.mean([scalers[0].transform(a), b]))
    fitted_here = fusion.concatenate({"a": a, "b": b}, scalers="minmax")
    expected = np.hstack([MinMaxScaler().fit_transform(a), MinMaxScaler().fit_transform(b)])
    np.testing.assert_array_equal(fitted_here, expected)


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("op", OPERATORS)
@pytest.mark.parametrize("target", range(6))
def test_out_may_be_any_of_the_blocks(op: str, target: int, rng: np.random.Generator) -> None:
    blocks = list(blocks_for(op, rng, (6, 300, 9)))
    weights = weights_for(op, 6)
    expected = fuse(blocks, op, weights)
    returned = fuse(blocks, op, weights, out=blocks[target])
    assert returned is blocks[target]
    np.testing.assert_array_equal(returned, expected)


def test_vstack_of_no_blocks() -> None:
    for wrong in (5, "ab", None):
        with pytest.raises(TypeError, match="blocks must be a list or dict of 2-D arrays; got"):
            fusion.vstack(wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"got one array of shape \(3, 2\)\. Write \[X\]"):
        fusion.vstack(np.ones((3, 2)))


def test_vstack_of_different_heights_into_out(rng: np.random.Generator) -> None:
    a, b = rng.normal(size=(3, 2)), rng.normal(size=(0, 2))
    out = np.empty((8, 2))[1:4]
    assert fusion.vstack([a, b], out=out) is out
    np.testing.assert_array_equal(out, a)


def test_inputs_are_left_alone(rng: np.random.Generator) -> None:
    a = rng.normal(size=(10, 3))
    a.flags.writeable = False
    kept = a.copy()
    fusion.maximum([a, a], scalers="standard")
    np.testing.assert_array_equal(a, kept)


A, WIDE = [[1.0, 2.0]], [[1.0, 2.0, 3.0]]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: fusion.fuse([], "mean"), ValueError, "blocks must hold at least one block"),
        (lambda: fusion.fuse({"a": A, "b": [[1.0, 2.0]] * 2}, "mean"), ValueError,
         "blocks must have the same number of rows; got a: 1, b: 2"),
        (lambda: fusion.fuse({"a": A, "b": WIDE}, "mean"), ValueError,
         "blocks must have one width for op='mean'; got a: 2, b: 3"),
        (lambda: fusion.fuse([A], "mode"), ValueError, "op must be one of .* got 'mode'"),
        (lambda: fusion.fuse([A, A], "weighted_mean"), ValueError, "weights must be given"),
        (lambda: fusion.fuse([A, A], "mean", weights=[1, 1]), ValueError, "weights must be None"),
        (lambda: fusion.fuse([A, A], "weighted_sum", weights=[1]), ValueError,
         "weights must have 2 values; got 1"),
        (lambda: fusion.fuse([A, A], "weighted_mean", weights=[1, -1]), ValueError,
         "weights must not add up to zero"),
        (lambda: fusion.fuse([A, A], "weighted_sum", weights=[1, np.nan]), ValueError,
         "weights must be finite; got nan"),
        (lambda: fusion.fuse({"a": A}, "weighted_sum", weights={"b": 1}), ValueError,
         r"weights must have the keys \['a'\]; got \['b'\]"),
        (lambda: fusion.fuse(np.ones((2, 2)), "mean"), ValueError, "got one array of shape"),
        (lambda: fusion.fuse(3, "mean"), TypeError, "blocks must be a list or dict"),  # type: ignore[arg-type]
        (lambda: fusion.fuse({"t": [["a", "b"]]}, "mean"), ValueError,
         r"blocks\['t'\] must be numeric; got dtype"),
        (lambda: fusion.fuse({"c": [[1j]]}, "mean"), ValueError, r"blocks\['c'\] must be real"),
        (lambda: fusion.fuse({"v": [1.0, 2.0]}, "mean"), ValueError, "Reshape it with"),
        (lambda: fusion.fuse([A], out=np.empty((1, 2), "f4")), ValueError,
         r"out must have shape \(1, 2\) and dtype float64; got \(1, 2\) and float32"),
        (lambda: fusion.fuse([A], out=[[0.0, 0.0]]), TypeError, "out must be a NumPy array"),  # type: ignore[arg-type]
        (lambda: fusion.fuse([A], scalers=[None, None]), ValueError, "scalers must have one entry"),
        (lambda: fusion.fuse([A], scalers=[3]), TypeError, r"scalers\[0\] must be a sc"),
        (lambda: fusion.fuse([A], scalers="robust!"), ValueError, "scalers must be one of"),
        (lambda: fusion.fuse([WIDE], scalers=[StandardScaler().fit(A)]), ValueError,
         r"scalers\[0\] was fitted on 2 features, the block has 3"),
        (lambda: fusion.fuse([A], scalers=[StandardScaler()]), pf.exceptions.NotFittedError,
         r"scalers\[0\], a StandardScaler, is not fitted: fit it on that block"),
    ],
)  # fmt: skip
def test_messages(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_read_only_out_is_refused() -> None:
    out = np.empty((1, 2))
    out.flags.writeable = False
    with pytest.raises(ValueError, match="out must be writeable"):
        fusion.fuse([A], out=out)


def test_unknown_attribute() -> None:
    with pytest.raises(AttributeError, match="no attribute 'meen'"):
        _ = fusion.meen
    assert set(OPERATORS) <= set(dir(fusion)) >= set(fusion.__all__)


@pytest.mark.usefixtures("backend")
def test_a_result_lies_as_its_blocks_do(rng: np.random.Generator) -> None:
    a, b = (np.asfortranarray(rng.normal(size=(40, 5))) for _ in range(2))
    assert fusion.mean([a, b]).flags.f_contiguous
    assert fusion.concatenate([a, b], scalers="standard").flags.f_contiguous
    assert fusion.mean([a, b.copy("C")]).flags.c_contiguous
    np.testing.assert_array_equal(fusion.mean([a, b]), (a + b) / 2)
