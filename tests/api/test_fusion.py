"""The public fusion functions: values against NumPy, and every message."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

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
}


def weights_for(op: str, n: int) -> list[float] | None:
    return [0.5 + i for i in range(n)] if OPERATORS[op].weighted else None


def test_every_operator_has_a_numpy_oracle() -> None:
    assert list(NUMPY) == list(OPERATORS)


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("op", OPERATORS)
@pytest.mark.parametrize("n_blocks", [1, 2, 3, 9])
def test_fold_equals_numpy(op: str, n_blocks: int, rng: np.random.Generator) -> None:
    blocks = rng.normal(size=(n_blocks, 40, 7))
    weights = weights_for(op, n_blocks)
    fused = getattr(fusion, op)(list(blocks), weights)
    np.testing.assert_allclose(fused, NUMPY[op](blocks, weights), rtol=1e-13, atol=1e-15)
    np.testing.assert_array_equal(fused, fusion.fuse(list(blocks), op, weights=weights))


def test_dict_of_blocks_and_weights(rng: np.random.Generator) -> None:
    a, b = rng.normal(size=(2, 5, 3))
    fused = fusion.fuse({"a": a, "b": b}, "weighted_sum", weights={"b": 2.0, "a": 1.0})
    np.testing.assert_allclose(fused, a + 2.0 * b)


def test_dtypes_follow_numpys_promotion(rng: np.random.Generator) -> None:
    f32, u8 = rng.normal(size=(4, 2)).astype("f4"), np.ones((4, 2), "u1")
    f64, i64 = np.ones((4, 2)), np.ones((4, 2), "i8")
    for blocks, expected in (
        ([f32, u8], "f4"), ([f32, f64], "f8"), ([u8, u8], "f8"), ([f32, i64], "f8"),
        ([u8.astype("f2")], "f4"),
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
    blocks = list(rng.normal(size=(6, 300, 9)))
    weights = weights_for(op, 6)
    expected = fusion.fuse(blocks, op, weights=weights)
    returned = fusion.fuse(blocks, op, weights=weights, out=blocks[target])
    assert returned is blocks[target]
    np.testing.assert_array_equal(returned, expected)


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
        (lambda: fusion.fuse([A], "median"), ValueError, "op must be one of .* got 'median'"),
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
        (lambda: fusion.fuse([A], scalers=["standard"]), TypeError, r"scalers\['0'\] must be a sc"),
        (lambda: fusion.fuse([A], scalers="robust!"), ValueError, "scaler must be one of"),
        (lambda: fusion.fuse([WIDE], scalers=[StandardScaler().fit(A)]), ValueError,
         r"scalers\['0'\] was fitted on 2 features, the block has 3"),
        (lambda: fusion.fuse([A], scalers=[StandardScaler()]), pf.exceptions.NotFittedError,
         "not fitted yet"),
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
