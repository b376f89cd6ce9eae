"""Thousands of small fusions of random blocks, against NumPy and SciPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from polyfuse import fusion
from polyfuse._kernels.contract import INPUT_DTYPES
from polyfuse._kernels.fusion_ops import OPERATORS

pytestmark = [
    pytest.mark.usefixtures("backend"),
    pytest.mark.filterwarnings("ignore::RuntimeWarning"),  # of the oracles
]

POSITIVE = ("geometric_mean", "power_mean")
VOTES = ("vote", "weighted_vote")
P = (-3.0, -1.0, 0.5, 1.0, 2.0, 4.5)
LAYOUTS: tuple[Callable[[NDArray], NDArray], ...] = (
    np.ascontiguousarray,
    np.asfortranarray,
    lambda x: np.repeat(np.repeat(x, 2, axis=0), 3, axis=1)[::2, ::3],
    lambda x: np.ascontiguousarray(x[::-1, ::-1])[::-1, ::-1],
    lambda x: x[:, ::-1].copy()[:, ::-1],
    lambda x: x.tolist() if x.dtype == float else x,
)


def elected(x: NDArray, w: NDArray) -> NDArray:
    out = np.full(x.shape[1:], np.nan)
    for at in np.ndindex(x.shape[1:]):
        own, weight = x[(slice(None), *at)], w[(slice(None), *at)]
        candidates = np.unique(own[~np.isnan(own)])  # ascending: the least wins a tie
        if len(candidates):
            out[at] = candidates[np.argmax([weight[own == c].sum() for c in candidates])]
    return out


def oracle(op: str, x: NDArray, w: NDArray, p: float) -> NDArray:
    """What NumPy or SciPy make of float64 blocks (k, n, d) and as many weights."""
    functions: dict[str, Callable[[], Any]] = {
        "sum": lambda: x.sum(axis=0),
        "mean": lambda: x.mean(axis=0),
        "weighted_sum": lambda: np.einsum("knd,knd->nd", w, x),
        "weighted_mean": lambda: np.average(x, axis=0, weights=w),
        "maximum": lambda: x.max(axis=0),
        "minimum": lambda: x.min(axis=0),
        "product": lambda: x.prod(axis=0),
        "geometric_mean": lambda: stats.gmean(x, weights=w),
        "power_mean": lambda: stats.pmean(x, p, weights=w),
        "median": lambda: np.median(x, axis=0),
        "vote": lambda: elected(x, np.ones_like(w)),
        "weighted_vote": lambda: elected(x, w),
    }
    return np.asarray(functions[op]())


def draw(rng: np.random.Generator, op: str, shape: tuple[int, int], dtype: np.dtype) -> NDArray:
    if op in VOTES:
        return rng.integers(0, 2 if dtype == np.bool_ else 4, shape).astype(dtype)
    if dtype.kind == "f":
        x = rng.normal(size=shape).astype(dtype)
        return np.abs(x) + dtype.type(0.25) if op in POSITIVE else x
    low = 1 if op in POSITIVE else max(-9, np.iinfo(dtype).min) if dtype.kind != "b" else 0
    return rng.integers(low, 2 if dtype.kind == "b" else 9, shape).astype(dtype)


def draw_weights(rng: np.random.Generator, k: int, n: int, d: int) -> tuple[Any, NDArray]:
    """Weights of one of the shapes that are taken, and the same for every element."""
    kind = rng.integers(6)
    if kind == 0:
        w = rng.uniform(0.25, 2.0, k)
        return (w.tolist() if rng.random() < 0.5 else w), np.broadcast_to(
            w[:, None, None], (k, n, d)
        )
    shape = [(k, 1, d), (k, n, 1)][kind % 2]
    w = rng.uniform(0.25, 2.0, shape)
    spread = np.broadcast_to(w, (k, n, d)).copy()
    if kind < 3:
        return w, spread
    given = [own[0] if shape[1] == 1 and rng.random() < 0.5 else own for own in w]
    if kind == 5:  # a number among them
        given[0], spread[0] = 0.75, 0.75
    return given, spread


def dtype_of_result(dtypes: list[np.dtype], op: str) -> np.dtype:
    promoted = np.result_type(*dtypes)
    if op in VOTES and promoted.kind in "iub":
        return promoted
    if promoted.kind != "f":
        return np.dtype(np.float64)
    if promoted == np.float16 and any(dtype != np.float16 for dtype in dtypes):
        return np.dtype(np.float32)
    return promoted


@pytest.mark.parametrize("op", OPERATORS)
def test_random_blocks(op: str) -> None:
    rng = np.random.default_rng(7)
    for _ in range(70):
        k, n, d = rng.integers(1, 8), rng.integers(0, 12), rng.integers(1, 9)
        pool = rng.choice(len(INPUT_DTYPES), rng.integers(1, 4))
        dtypes = [INPUT_DTYPES[i] for i in rng.choice(pool, k)]
        plain = [draw(rng, op, (n, d), dtype) for dtype in dtypes]
        blocks: Any = [LAYOUTS[rng.integers(len(LAYOUTS))](x) if n else x for x in plain]
        options: dict[str, Any] = {}
        spread, p = np.ones((k, n, d)), float(rng.choice(P))
        if OPERATORS[op].weighs == "must" or (op in POSITIVE and rng.random() < 0.7):
            options["weights"], spread = draw_weights(rng, k, n, d)
        if op == "power_mean":
            options["p"] = p
        if rng.random() < 0.3:
            blocks = {f"block {i}": x for i, x in enumerate(blocks)}
        fused = fusion.fuse(blocks, op, **options)
        want = oracle(op, np.array(plain, np.float64), spread, p)
        assert fused.dtype == dtype_of_result(dtypes, op)
        eps = np.finfo(fused.dtype).eps if fused.dtype.kind == "f" else 0.0
        largest = np.abs(np.array(plain, np.float64)).max(initial=1.0)
        scale = largest**k if op == "product" else largest * k * 2.0
        close = {"rtol": 8 * eps, "atol": 4 * eps * scale}
        np.testing.assert_allclose(fused, want, err_msg=f"{dtypes}, {options}", **close)
        out = np.full((2 * n, d), -7).astype(fused.dtype)[::2]
        assert fusion.fuse(blocks, op, out=out, **options) is out
        np.testing.assert_array_equal(out, fused)


def test_random_concatenations() -> None:
    rng = np.random.default_rng(8)
    for _ in range(300):
        k, n = rng.integers(1, 6), rng.integers(0, 9)
        dtypes = [INPUT_DTYPES[i] for i in rng.integers(0, len(INPUT_DTYPES), k)]
        blocks = [draw(rng, "sum", (n, rng.integers(1, 7)), dtype) for dtype in dtypes]
        fused = fusion.concatenate(blocks)
        assert fused.dtype == dtype_of_result(dtypes, "sum")
        np.testing.assert_array_equal(fused, np.hstack(blocks))
        if len({x.dtype for x in blocks}) == 1:
            np.testing.assert_array_equal(
                fusion.vstack([blocks[0]] * 3), np.vstack([blocks[0]] * 3)
            )


@pytest.mark.parametrize("op", OPERATORS)
def test_float16_is_rounded_once(op: str) -> None:
    rng = np.random.default_rng(9)
    w = [0.5, 1.25, 2.0] if OPERATORS[op].weighted else None
    options: dict[str, Any] = {"p": 3.0} if op == "power_mean" else {}
    half = [draw(rng, op, (50, 6), np.dtype("f2")) for _ in range(3)]
    fused = fusion.fuse(half, op, w, **options)
    single = fusion.fuse([x.astype("f4") for x in half], op, w, **options)
    assert fused.dtype == np.float16
    np.testing.assert_array_equal(fused, single.astype("f2"))


def test_names_of_operators() -> None:
    a, b = [[1.0, 4.0]], [[4.0, 9.0]]
    np.testing.assert_array_equal(fusion.hadamard([a, b]), [[4.0, 36.0]])
    np.testing.assert_array_equal(fusion.fuse([a, b], "hadamard"), [[4.0, 36.0]])
    for p, op in ((0, "geometric_mean"), (np.inf, "maximum"), (-np.inf, "minimum"), (1, "mean")):
        np.testing.assert_allclose(fusion.power_mean([a, b], p), fusion.fuse([a, b], op), 1e-15)
    assert fusion.mean.__name__ == "mean"
    assert fusion.mean is fusion.mean


def test_what_is_not_aligned_is_copied() -> None:
    raw = np.zeros(8 * 6 + 1, np.uint8)
    x = raw[1:].view(np.float64).reshape(2, 3)
    x[...] = 2.0
    assert not x.flags.aligned
    np.testing.assert_array_equal(fusion.mean([x, x]), np.full((2, 3), 2.0))
    swapped = x.astype(">f8")
    np.testing.assert_array_equal(fusion.mean([swapped, x]), np.full((2, 3), 2.0))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda a: fusion.fuse([a, a], "power_mean"), "p, the exponent, must be given"),
        (lambda a: fusion.fuse([a, a], "mean", p=2), "p must be None for op='mean'.* got 2"),
        (lambda a: fusion.power_mean([a, a], float("nan")), "p must be a number or infinity"),
        (lambda a: fusion.power_mean([a, a], "two"), "p must be a number or infinity; got 'two'"),
        (lambda a: fusion.power_mean([a, a], np.inf, [1, 2]), "weights must be None for op='max"),
        (lambda a: fusion.weighted_vote([a, a], [1, -1]), "weights must not be negative .* got -1"),
        (lambda a: fusion.geometric_mean([a, a], [1, -1]), "weights must not add up to zero"),
        (lambda a: fusion.weighted_sum([a, a], [1, [1, 2, 3]]),
         r"weights\[1\] must be a number, or have shape \(2,\).* or \(3, 1\).* got \(3,\)"),
        (lambda a: fusion.weighted_sum({"a": a, "b": a}, {"a": 1, "b": [[1.0], [np.inf], [0.0]]}),
         r"weights\['b'\] must be finite; got inf"),
        (lambda a: fusion.weighted_sum([a, a], [[1, 2], [[1], [2], [3]]]),
         "weights must differ by column or by row"),
        (lambda a: fusion.weighted_mean([a, a], [[1, 2], [1, -2]]), "zero .* they do in column 1"),
        (lambda a: fusion.weighted_mean([a, a], [[[1], [2], [3]], [[1], [2], [-3]]]),
         "zero .* they do in row 2"),
        (lambda a: fusion.weighted_mean([a, a], 3), "weights must be 1-D"),
        (lambda a: fusion.weighted_mean([a, a], [[1, 2]]), "weights must have 2 values; got 1"),
        (lambda a: fusion.weighted_mean([a, a], ["x", [1, 2]]), r"weights\[0\] must be numeric"),
        (lambda a: fusion.fuse([a, a], "vstack", p=1), "do not go with op='vstack'"),
        (lambda a: fusion.fuse([a, a], "vstack", weights=[1, 1]), "do not go with op='vstack'"),
        (lambda a: fusion.mean([a, a], n_components=2), "n_components goes with projection"),
        (lambda a: fusion.mean([a, a], projection="umap", n_components=2),
         "projection must be one of 'pca', 'random'; got 'umap'"),
        (lambda a: fusion.mean([a, a], projection="pca"), "n_components must be an integer"),
        (lambda a: fusion.mean({"a": a, "b": a}, projection="pca", n_components=9),
         r"blocks\['a'\] cannot be projected"),
    ],
)  # fmt: skip
def test_messages(call: Callable[[Any], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])


def test_projections(rng: np.random.Generator) -> None:
    from sklearn.decomposition import PCA, TruncatedSVD

    a, b = rng.normal(size=(40, 9)), rng.normal(size=(40, 4)).astype("f4")
    for projection in ("pca", PCA(3, random_state=0)):
        components = 3 if projection == "pca" else None
        fused = fusion.mean([a, b], projection=projection, n_components=components)
        want = (
            PCA(3, random_state=0).fit_transform(a) + PCA(3, random_state=0).fit_transform(b)
        ) / 2
        np.testing.assert_allclose(fused, want, rtol=1e-5, atol=1e-6)
    by_block = {"a": TruncatedSVD(4, random_state=0), "b": None}
    fused = fusion.sum({"a": a, "b": b}, projection=by_block)
    want = TruncatedSVD(4, random_state=0).fit_transform(a) + b
    np.testing.assert_allclose(fused, want, rtol=1e-12)
    assert fusion.mean([a, b], projection="random", n_components=4).shape == (40, 4)
    a[7] = np.nan  # missing in what is projected, too
    fused = fusion.mean([a, b], projection="pca", n_components=3, missing="skip")
    np.testing.assert_allclose(fused[7], PCA(3, random_state=0).fit_transform(b)[7], rtol=1e-5)
    with pytest.raises(TypeError, match="projection must be 'pca', 'random', a transformer"):
        fusion.mean([a, b], projection=3)
