"""Products of blocks and fused rankings, against einsum and SciPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from polyfuse import fusion
from polyfuse.preprocessing import StandardScaler

pytestmark = pytest.mark.usefixtures("backend")

DTYPES = ("f2", "f4", "f8", "u1", "i4")


def draw(rng: np.random.Generator, n: int, d: int) -> NDArray:
    dtype = np.dtype(rng.choice(DTYPES))
    x = rng.normal(size=(n, d)) if dtype.kind == "f" else rng.integers(0, 9, (n, d))
    x = x.astype(dtype)
    return x if rng.random() < 0.5 else np.asfortranarray(x)


def tolerance(dtype: np.dtype) -> dict[str, float]:
    eps = float(np.finfo(dtype).eps)
    return {"rtol": 200 * eps, "atol": 2000 * eps}


def test_low_rank_is_einsum() -> None:
    rng = np.random.default_rng(3)
    for _ in range(120):
        k, n, rank = rng.integers(1, 5), rng.integers(0, 40), rng.integers(1, 9)
        blocks = [draw(rng, n, rng.integers(1, 12)) for _ in range(k)]
        factors = [rng.normal(size=(x.shape[1], rank)) / 4 for x in blocks]
        bias = [None if rng.random() < 0.3 else rng.normal(size=rank) for _ in blocks]
        want = np.ones((n, rank))
        for x, u, b in zip(blocks, factors, bias, strict=True):
            want *= np.einsum("nd,dr->nr", x.astype(float), u) + (0.0 if b is None else b)
        z = fusion.low_rank(blocks, factors, bias=bias)
        assert z.dtype == fusion.concatenate(blocks).dtype
        np.testing.assert_allclose(z, want, **tolerance(z.dtype))


def test_bilinear_is_einsum() -> None:
    rng = np.random.default_rng(4)
    for _ in range(120):
        n, d_a, d_b, n_out = rng.integers(0, 40), *rng.integers(1, 10, 3)
        a, b, w = draw(rng, n, d_a), draw(rng, n, d_b), rng.normal(size=(n_out, d_a, d_b)) / 8
        z = fusion.bilinear(a, b, w)
        assert z.dtype == fusion.concatenate([a, b]).dtype
        want = np.einsum("ni,oij,nj->no", a.astype(float), w, b.astype(float))
        np.testing.assert_allclose(z, want, **tolerance(z.dtype))


def test_tiles_of_rows_are_seamless(rng: np.random.Generator) -> None:
    a, b = rng.normal(size=(9001, 5)), rng.normal(size=(9001, 3))
    u, v, w = rng.normal(size=(5, 40)), rng.normal(size=(3, 40)), rng.normal(size=(2, 5, 3))
    whole, parts = fusion.low_rank([a, b], [u, v]), [slice(0, 17), slice(17, 9001)]
    out = np.empty((40, 9001)).T
    assert fusion.low_rank({"a": a, "b": b}, {"b": v, "a": u}, out=out) is out
    np.testing.assert_array_equal(out, whole)
    again = [fusion.low_rank([a[p], b[p]], [u, v]) for p in parts]
    np.testing.assert_array_equal(np.vstack(again), whole)
    again = [fusion.bilinear(a[p], b[p], w) for p in parts]
    np.testing.assert_allclose(np.vstack(again), fusion.bilinear(a, b, w), rtol=1e-12, atol=1e-12)


def test_blocks_are_scaled_first(rng: np.random.Generator) -> None:
    a, b, u = rng.normal(5, 3, (60, 4)), rng.normal(5, 3, (60, 4)), rng.normal(size=(4, 3))
    scaled = [StandardScaler().fit_transform(x) for x in (a, b)]
    got = fusion.low_rank([a, b], [u, u], scalers="standard")
    np.testing.assert_allclose(got, fusion.low_rank(scaled, [u, u]), rtol=1e-12)
    got = fusion.bilinear(a, b, u.T[:, :, None] * np.ones(4), scalers="standard")
    np.testing.assert_allclose(got, (scaled[0] @ u) * scaled[1].sum(1, keepdims=True), atol=1e-12)


def test_reciprocal_ranks_are_scipys() -> None:
    rng = np.random.default_rng(5)
    for _ in range(150):
        m, n, d = rng.integers(1, 4), rng.integers(0, 6), rng.integers(1, 30)
        scores = np.round(rng.normal(size=(m, n, d)), rng.integers(0, 3))
        scores[rng.random(scores.shape) < 0.2] = np.nan
        ranks = stats.rankdata(-scores, axis=2, nan_policy="omit") if n else scores
        w, k = rng.uniform(0.0, 2.0, m), float(rng.choice([0.0, 1.0, 60.0]))
        blocks = list(scores.astype(rng.choice(["f4", "f8"])))
        fused = fusion.reciprocal_rank_fusion(blocks, k, w)
        want = np.nansum(w[:, None, None] / (k + ranks), axis=0)
        np.testing.assert_allclose(fused, want, rtol=1e-13)
        below = np.sum(~np.isnan(scores), axis=2, keepdims=True) - ranks
        want = np.nansum(w[:, None, None] * below, axis=0)
        np.testing.assert_allclose(fusion.borda(blocks, w), want, rtol=1e-13, atol=1e-13)


def test_rankings_in_parts_and_by_name(rng: np.random.Generator) -> None:
    a, b = rng.integers(0, 50, (700, 100)), rng.normal(size=(700, 100))
    fused = fusion.borda({"a": a, "b": b}, {"b": 2.0, "a": 1.0})
    want = stats.rankdata(a, axis=1) - 1 + 2 * (stats.rankdata(b, axis=1) - 1)
    np.testing.assert_allclose(fused, want)
    fused = fusion.reciprocal_rank_fusion([a, b])
    want = sum(1 / (60 + stats.rankdata(-x, axis=1)) for x in (a, b))
    np.testing.assert_allclose(fused, want, rtol=1e-13)


X, Y = [[1.0, 2.0]], [[1.0, 2.0, 3.0]]
U, V = [[1.0], [2.0]], [[1.0], [2.0], [3.0]]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: fusion.low_rank([X, Y], [U]), "factors must have one entry per block, 2; got 1"),
        (lambda: fusion.low_rank([X, Y], [V, V]),
         r"factors\[0\] must have shape \(2, rank\); got \(3, 1\)"),
        (lambda: fusion.low_rank([X, Y], [U, np.ones((3, 2))]),
         r"factors\[1\] must have shape \(3, 1\); got \(3, 2\)"),
        (lambda: fusion.low_rank([X], [[[1.0], [np.nan]]]), r"factors\[0\] must be finite"),
        (lambda: fusion.low_rank([X], [[["a"], ["b"]]]), r"factors\[0\] must be numeric"),
        (lambda: fusion.low_rank([X], [U], bias=[[1.0, 2.0]]), r"bias\[0\] must have 1 values"),
        (lambda: fusion.low_rank([X], [U], bias=[]), "bias must have one entry per block"),
        (lambda: fusion.low_rank({"a": X}, {"b": U}), r"factors must have the keys \['a'\]"),
        (lambda: fusion.bilinear(X, Y, np.ones((2, 3))),
         r"weight must have shape \(n_outputs, 2, 3\), a matrix per output; got \(2, 3\)"),
        (lambda: fusion.bilinear(X, Y, np.full((1, 2, 3), np.inf)), "weight must be finite"),
        (lambda: fusion.bilinear(X, [[1.0]] * 2, np.ones((1, 2, 1))), "same number of rows"),
        (lambda: fusion.borda([X, Y]), "blocks must have one shape"),
        (lambda: fusion.borda([X, X], [1.0]), "weights must have 2 values; got 1"),
        (lambda: fusion.reciprocal_rank_fusion([X], k=-1), "k must be a finite number"),
    ],
)  # fmt: skip
def test_messages(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_out_may_not_be_a_block() -> None:
    x = np.ones((3, 2))
    with pytest.raises(ValueError, match="out must share no memory with the blocks"):
        fusion.low_rank([x], [np.ones((2, 2))], out=x)
