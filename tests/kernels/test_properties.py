"""What must hold whatever the numbers: every implementation, arrays drawn by Hypothesis."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from polyfuse._kernels.contract import (
    CONCATENATE,
    GRADIENT_PIECE,
    GRADIENT_SLOTS,
    INPUT_DTYPES,
    LOSSES,
    NORMALIZATIONS,
    RESULT_DTYPES,
    Affine,
    Block,
    Kernels,
    Rows,
)
from polyfuse._kernels.fusion_ops import OPERATORS

from .arrays import LAYOUTS, MAPS, OUT_LAYOUTS, affine_for, lay_out, sprinkle, values
from .drawing import examples, generators, heights
from .tolerances import EXACT

SPECIALS = (np.nan, np.inf, -np.inf)
# Of a single block these make the block itself.
SELECTING_ONE = tuple(op for op in OPERATORS if op not in ("geometric_mean", "power_mean"))
layouts = st.sampled_from(LAYOUTS)
input_dtypes = st.sampled_from(INPUT_DTYPES)
result_dtypes = st.sampled_from(RESULT_DTYPES)
floats = st.sampled_from([np.dtype(name) for name in ("float16", "float32", "float64")])
widths = st.one_of(st.just(1), st.integers(2, 40))


@st.composite
def matrices(
    draw: st.DrawFn,
    shape: tuple[int, int] | None = None,
    dtypes: st.SearchStrategy[np.dtype] = input_dtypes,
    specials: tuple[float, ...] = SPECIALS,
) -> NDArray:
    """One block: any dtype, any layout, and maybe NaNs and infinities."""
    rng = draw(generators)
    x = values(rng, shape or (draw(heights), draw(widths)), draw(dtypes))
    return lay_out(sprinkle(rng, x, *specials) if draw(st.booleans()) else x, draw(layouts))


@st.composite
def blocks_of(draw: st.DrawFn, one_width: bool = True, **options: Any) -> tuple[Block, ...]:
    """One to five blocks of mixed dtypes, some with a map."""
    n, width = draw(heights), draw(widths)
    found = []
    for _ in range(draw(st.integers(1, 5))):
        shape = (n, width if one_width else draw(widths))
        x = draw(matrices(shape, **options))
        found.append(Block(x, affine_for(draw(generators), x, draw(st.sampled_from(MAPS)))))
    return tuple(found)


def described(blocks: tuple[Block, ...], op: str, dtype: np.dtype, weights: Any = None) -> Rows:
    return Rows(blocks, op, np.ones(len(blocks)) if weights is None else weights, dtype)


def fused(kernels: Kernels, rows: Rows, layout: str = "C") -> NDArray:
    out = lay_out(np.full((rows.n_rows, rows.width), -77, rows.dtype), layout)
    kernels.fuse(rows, out)
    return out


def scaled(kernels: Kernels, block: Block, dtype: np.dtype) -> NDArray:
    return fused(kernels, described((block,), CONCATENATE, dtype))


# -- fusion --------------------------------------------------------------------------------------


@examples
@given(blocks=blocks_of(), dtype=result_dtypes, op=st.sampled_from(SELECTING_ONE))
def test_folding_one_block_changes_nothing(
    implementation: Kernels, blocks: tuple[Block, ...], dtype: np.dtype, op: str
) -> None:
    got = fused(implementation, described(blocks[:1], op, dtype))
    EXACT.check(got, scaled(implementation, blocks[0], dtype), dtype)


@examples
@given(blocks=blocks_of(one_width=False), dtype=result_dtypes, layout=st.sampled_from(OUT_LAYOUTS))
def test_concatenation_is_numpys(
    implementation: Kernels, blocks: tuple[Block, ...], dtype: np.dtype, layout: str
) -> None:
    with np.errstate(all="ignore"):
        plain = [block.values.astype(dtype) for block in blocks]
    parts = [scaled(implementation, block, dtype) for block in blocks]
    for part, block, x in zip(parts, blocks, plain, strict=True):
        if block.affine is None:
            EXACT.check(part, x, dtype)
    got = fused(implementation, described(blocks, CONCATENATE, dtype), layout)
    EXACT.check(got, np.concatenate(parts, axis=1), dtype)


@examples
@given(
    blocks=blocks_of(),
    dtype=result_dtypes,
    op=st.sampled_from([*OPERATORS, CONCATENATE]),
    layout=st.sampled_from(OUT_LAYOUTS),
    rng=generators,
)
def test_layouts_do_not_matter(
    implementation: Kernels,
    blocks: tuple[Block, ...],
    dtype: np.dtype,
    op: str,
    layout: str,
    rng: np.random.Generator,
) -> None:
    weights = rng.standard_normal(len(blocks))
    plain = tuple(b._replace(values=np.array(b.values, order="C")) for b in blocks)
    got = fused(implementation, described(blocks, op, dtype, weights), layout)
    EXACT.check(got, fused(implementation, described(plain, op, dtype, weights)), dtype)


@examples
@given(
    blocks=blocks_of(),
    dtype=result_dtypes,
    op=st.sampled_from(["maximum", "minimum", "median", "vote"]),
    data=st.data(),
)
def test_what_selects_does_not_depend_on_the_order_of_blocks(
    implementation: Kernels,
    blocks: tuple[Block, ...],
    dtype: np.dtype,
    op: str,
    data: st.DataObject,
) -> None:
    shuffled = tuple(data.draw(st.permutations(blocks)))
    got = fused(implementation, described(shuffled, op, dtype))
    np.testing.assert_array_equal(got, fused(implementation, described(blocks, op, dtype)))


@examples
@given(blocks=blocks_of(specials=()), dtype=result_dtypes, rng=generators)
def test_means_lie_between_the_extremes(
    implementation: Kernels, blocks: tuple[Block, ...], dtype: np.dtype, rng: np.random.Generator
) -> None:
    low = fused(implementation, described(blocks, "minimum", dtype))
    high = fused(implementation, described(blocks, "maximum", dtype))
    slack = 16 * np.finfo(dtype).eps * np.maximum(np.abs(low), np.abs(high))
    weights = rng.uniform(0.1, 2.0, len(blocks))
    for op in ("mean", "weighted_mean"):
        mean = fused(implementation, described(blocks, op, dtype, weights))
        assert np.all(low - slack <= mean)
        assert np.all(mean <= high + slack)


@examples
@given(x=matrices(dtypes=floats, specials=()), dtype=result_dtypes, rng=generators)
def test_a_map_and_its_inverse(
    implementation: Kernels, x: NDArray, dtype: np.dtype, rng: np.random.Generator
) -> None:
    offset, factor = rng.standard_normal(x.shape[1]), rng.uniform(0.5, 2.0, x.shape[1])
    there = scaled(implementation, Block(x, Affine(offset, factor, True)), dtype)
    back = scaled(implementation, Block(there, Affine(offset, factor, False)), dtype)
    precision = min(x.dtype, dtype)
    slack = 16 * np.finfo(precision).eps * (np.abs(x.astype(dtype)) + np.abs(offset) + 1.0)
    assert np.all(np.abs(back - x.astype(dtype)) <= slack)


# -- normalization -------------------------------------------------------------------------------


def moments(kernels: Kernels, x: NDArray, leaf_rows: int = 16) -> tuple[NDArray, NDArray, NDArray]:
    d = x.shape[1]
    out = np.full(d, -77.0), np.full(d, -77.0), np.full(d, -77.0)
    kernels.column_moments(x, None, leaf_rows, *out)
    return out


def extrema(kernels: Kernels, x: NDArray) -> tuple[NDArray, NDArray]:
    out = np.full(x.shape[1], -77.0), np.full(x.shape[1], -77.0)
    kernels.column_extrema(x, *out)
    return out


def assert_same_moments(got: Any, want: Any, x: NDArray) -> None:
    """Compare two (count, mean, squares) of the same columns: rounding is relative to the data."""
    np.testing.assert_array_equal(got[0], want[0])
    size = np.max(np.abs(x.astype(np.float64)), axis=0, initial=0.0, where=~np.isnan(x))
    slack = 1e-13 * size
    np.testing.assert_array_less(np.abs(got[1] - want[1]), slack + 1e-300)
    np.testing.assert_array_less(np.abs(got[2] - want[2]), slack * size * len(x) + 1e-300)


@examples
@given(x=matrices(specials=(np.nan,)), rng=generators, leaf_rows=st.sampled_from([1, 5, 64, 10**9]))
def test_moments_do_not_depend_on_the_order_of_rows(
    implementation: Kernels, x: NDArray, rng: np.random.Generator, leaf_rows: int
) -> None:
    shuffled = x[rng.permutation(len(x))]
    got = moments(implementation, shuffled, leaf_rows)
    assert_same_moments(got, moments(implementation, x), x)


@examples
@given(x=matrices(specials=(np.nan,)), cut=st.floats(0, 1))
def test_moments_of_parts_merge(implementation: Kernels, x: NDArray, cut: float) -> None:
    at = int(cut * len(x))
    (n, mean, squares), (m, other, others) = (
        moments(implementation, part) for part in (x[:at], x[at:])
    )
    total = np.maximum(n + m, 1)
    delta = other - mean
    merged = n + m, mean + delta * m / total, squares + others + delta**2 * n * m / total
    assert_same_moments(merged, moments(implementation, x), x)


@examples
@given(x=matrices(specials=SPECIALS), cut=st.floats(0, 1), rng=generators)
def test_extrema_of_parts(
    implementation: Kernels, x: NDArray, cut: float, rng: np.random.Generator
) -> None:
    shuffled = x[rng.permutation(len(x))]
    at = int(cut * len(x))
    first, second = (extrema(implementation, part) for part in (shuffled[:at], shuffled[at:]))
    low, high = extrema(implementation, x)
    np.testing.assert_array_equal(low, np.minimum(first[0], second[0]))
    np.testing.assert_array_equal(high, np.maximum(first[1], second[1]))


# -- batches -------------------------------------------------------------------------------------


def by_rows(kernels: Kernels, x: NDArray, kind: str) -> NDArray:
    out = np.full(x.shape, -77.0)
    kernels.normalize_rows(x, kind, out)
    return out


def by_groups(
    kernels: Kernels, x: NDArray, kind: str, starts: Any, order: NDArray | None = None
) -> NDArray:
    out = np.full(x.shape, -77.0)
    kernels.normalize_groups(x, order, np.array(starts, np.int64), kind, out)
    return out


@examples
@given(x=matrices(), kind=st.sampled_from(NORMALIZATIONS))
def test_columns_of_one_group_are_rows_of_the_transpose(
    implementation: Kernels, x: NDArray, kind: str
) -> None:
    assume(len(x) > 0)
    got = by_groups(implementation, x, kind, [0, len(x)])
    np.testing.assert_array_equal(got, by_rows(implementation, x.T, kind).T)


@examples
@given(x=matrices(), kind=st.sampled_from(NORMALIZATIONS), cut=st.floats(0, 1), rng=generators)
def test_groups_do_not_touch_each_other(
    implementation: Kernels, x: NDArray, kind: str, cut: float, rng: np.random.Generator
) -> None:
    order, at = rng.permutation(len(x)), int(cut * len(x))
    got = by_groups(implementation, x, kind, [0, at, at, len(x)], order)
    for rows in (order[:at], order[at:]):
        alone = by_groups(implementation, x[rows], kind, [0, len(rows)])
        np.testing.assert_array_equal(got[rows], alone)


# -- sgd -----------------------------------------------------------------------------------------


@st.composite
def problems(draw: st.DrawFn) -> dict[str, Any]:
    """A loss, rows to learn from, and a model."""
    blocks = draw(blocks_of(one_width=False, specials=()))
    blocks = tuple(b if b.values.dtype.kind == "f" else Block(b.values % 5) for b in blocks)
    rows = described(blocks, CONCATENATE, np.dtype(np.float64))
    rng, loss, k = draw(generators), draw(st.sampled_from(LOSSES)), draw(st.integers(1, 4))
    targets = rng.integers(0, k, (rows.n_rows, 1)) if loss == "multinomial" else None
    if targets is None:
        targets = rng.integers(0, 2, (rows.n_rows, k))
    return {
        "rows": rows,
        "loss": loss,
        "targets": targets.astype(np.float64),
        "weight": rng.integers(0, 3, rows.n_rows).astype(np.float64),
        "coef": rng.standard_normal((k, rows.width)) / (1 + rows.width),
        "intercept": rng.standard_normal(k),
    }


def take(rows: Rows, index: Any) -> Rows:
    return rows._replace(blocks=tuple(b._replace(values=b.values[index]) for b in rows.blocks))


def gradient(
    kernels: Kernels, p: dict[str, Any], index: Any = slice(None), weighted: bool = True
) -> Any:
    coef, intercept = np.empty_like(p["coef"]), np.empty_like(p["intercept"])
    weight = p["weight"][index] if weighted else None
    loss = kernels.loss_gradient(
        take(p["rows"], index), p["targets"][index], weight, p["coef"], p["intercept"], p["loss"],
        coef, intercept,
    )  # fmt: skip
    return coef, intercept, np.asarray(loss)


def assert_all_close(got: Any, want: Any) -> None:
    for a, b in zip(got, want, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9)


@examples
@given(p=problems(), cut=st.floats(0, 1))
def test_gradients_of_parts_add_up(implementation: Kernels, p: dict[str, Any], cut: float) -> None:
    at = int(cut * p["rows"].n_rows)
    parts = [gradient(implementation, p, part) for part in (slice(at), slice(at, None))]
    assert_all_close(gradient(implementation, p), [a + b for a, b in zip(*parts, strict=True)])


@examples
@given(p=problems(), tile=st.integers(1, 40), width=st.integers(0, 3))
def test_sums_of_gradients_go_on_with_more_rows(
    implementation: Kernels, p: dict[str, Any], tile: int, width: int
) -> None:
    repeated = np.tile(np.arange(p["rows"].n_rows), tile)
    sums = np.zeros((GRADIENT_SLOTS, p["coef"].size + p["intercept"].size + 1))
    height = GRADIENT_PIECE << width
    for first in range(0, len(repeated), height):
        part = repeated[first : first + height]
        implementation.gradient_sums(
            take(p["rows"], part), first, p["targets"][part], p["weight"][part], p["coef"],
            p["intercept"], p["loss"], sums,
        )  # fmt: skip
    total = np.zeros(sums.shape[1])
    for own in sums:
        total += own
    coef, intercept, loss = gradient(implementation, p, repeated)
    whole = np.concatenate([coef.ravel(), intercept, [loss]])
    if implementation.name == "native":
        np.testing.assert_array_equal(total, whole)
    np.testing.assert_allclose(total, whole, rtol=1e-9, atol=1e-8)


@examples
@given(p=problems())
def test_a_weight_is_a_number_of_times(implementation: Kernels, p: dict[str, Any]) -> None:
    repeated = np.repeat(np.arange(p["rows"].n_rows), p["weight"].astype(int))
    got = gradient(implementation, p)
    assert_all_close(got, gradient(implementation, p, repeated, weighted=False))


@examples
@given(p=problems(), step=st.floats(0, 1), alpha=st.floats(0, 1), fit_intercept=st.booleans())
def test_one_batch_is_one_step_against_the_gradient(
    implementation: Kernels, p: dict[str, Any], step: float, alpha: float, fit_intercept: bool
) -> None:
    n = p["rows"].n_rows
    coef, intercept = p["coef"].copy(), p["intercept"].copy()
    grad_coef, grad_intercept, loss = gradient(implementation, p)
    order, steps = np.arange(n)[::-1].copy(), np.full(min(n, 1), step)
    returned = implementation.descend(
        p["rows"], order, max(1, n), p["targets"], p["weight"], p["loss"], steps, alpha, 0.0,
        False, coef, intercept, np.zeros((0, 0)), fit_intercept,
    )  # fmt: skip
    want_coef, want_intercept = p["coef"].copy(), p["intercept"].copy()
    if n:
        want_coef = (1 - step * alpha) * p["coef"] - step * grad_coef / n
        want_intercept -= step * grad_intercept / n * fit_intercept
    assert_all_close((coef, intercept, returned), (want_coef, want_intercept, loss))


@examples
@given(blocks=blocks_of(one_width=False, specials=()), dtype=result_dtypes, rng=generators)
def test_unit_vectors_pick_columns(
    implementation: Kernels, blocks: tuple[Block, ...], dtype: np.dtype, rng: np.random.Generator
) -> None:
    rows = described(blocks, CONCATENATE, dtype)
    columns = rng.permutation(rows.width)[:5]
    coef = np.eye(rows.width)[columns]
    out = np.full((rows.n_rows, len(columns)), -77, dtype)
    implementation.linear_scores(rows, coef, np.zeros(len(columns)), out)
    np.testing.assert_array_equal(out, fused(implementation, rows)[:, columns])


@examples
@given(n=st.integers(0, 200), rng=generators)
def test_dot_is_symmetric(implementation: Kernels, n: int, rng: np.random.Generator) -> None:
    a, b = rng.standard_normal((2, n))
    got = implementation.dot(a, b)
    assert isinstance(got, float)
    assert got == implementation.dot(b, a)
    assert got == pytest.approx(float((a * b).sum()), rel=1e-9, abs=1e-11)
