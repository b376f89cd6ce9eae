"""Fusion and scaling of the reference, against facts that stand outside this project."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import gmean, mode, pmean
from sklearn.ensemble import VotingClassifier
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.utils.extmath import weighted_mode

from polyfuse._kernels import reference
from polyfuse._kernels.contract import (
    CONCATENATE,
    Affine,
    Block,
    Rows,
)
from polyfuse._kernels.fusion_ops import OPERATORS

RNG = np.random.default_rng(20)
BLOCKS = [RNG.standard_normal((50, 7)) for _ in range(3)]
WEIGHTS = np.array([0.2, 1.5, 0.7])
DOUBLE = np.dtype("float64")

P = 2.5
POSITIVE = [np.abs(x) + 0.1 for x in BLOCKS]
CODES = [np.floor(2.0 * x) for x in POSITIVE]

FOLDS = {
    "sum": np.sum(BLOCKS, axis=0),
    "mean": np.mean(BLOCKS, axis=0),
    "weighted_sum": np.tensordot(WEIGHTS, BLOCKS, axes=1),
    "weighted_mean": np.average(BLOCKS, axis=0, weights=WEIGHTS),
    "maximum": np.max(BLOCKS, axis=0),
    "minimum": np.min(BLOCKS, axis=0),
    "product": np.prod(BLOCKS, axis=0),
    "median": np.median(BLOCKS, axis=0),
    CONCATENATE: np.hstack(BLOCKS),
}
OF_POSITIVE = {
    "geometric_mean": gmean(POSITIVE, weights=WEIGHTS[:, None, None]),
    "power_mean": pmean(POSITIVE, P, weights=WEIGHTS[:, None, None]),
}
OF_CODES = {
    "vote": mode(CODES).mode,
    "weighted_vote": weighted_mode(CODES, WEIGHTS[:, None, None] * np.ones((50, 7)))[0][0],
}


def fused(
    blocks: Any, op: str, dtype: np.dtype = DOUBLE, weights: NDArray = WEIGHTS, **options: Any
) -> NDArray:
    rows = Rows(tuple(blocks), op, weights, dtype, P, **options)
    out = np.empty((rows.n_rows, rows.width), dtype)
    reference.fuse(rows, out)
    return out


def test_every_operator_is_checked() -> None:
    assert {*FOLDS, *OF_POSITIVE, *OF_CODES} == {*OPERATORS, CONCATENATE}


@pytest.mark.parametrize("op", FOLDS)
def test_folds(op: str) -> None:
    np.testing.assert_allclose(fused(map(Block, BLOCKS), op), FOLDS[op], rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize("op", OF_POSITIVE)
def test_means_of_positive_numbers(op: str) -> None:
    got = fused(map(Block, POSITIVE), op)
    np.testing.assert_allclose(got, OF_POSITIVE[op], rtol=1e-14)


@pytest.mark.parametrize("op", OF_CODES)
def test_votes(op: str) -> None:
    np.testing.assert_array_equal(fused(map(Block, CODES), op), OF_CODES[op])


def test_geometric_means_at_zero_and_below() -> None:
    x = [Block(np.array([[0.0, -1.0, np.inf, 4.0]])), Block(np.array([[5.0, 5.0, 1.0, 9.0]]))]
    got = fused(x, "geometric_mean", weights=np.ones(2))[0]
    np.testing.assert_allclose(got, [0.0, np.nan, np.inf, 6.0], rtol=1e-15)


def test_medians_are_numpys() -> None:
    inf, nan = np.inf, np.nan
    x = np.array([[1.0, 3.0, 2.0, 9.0], [inf, -inf, 0.0, inf], [nan, 1.0, 1.0, 1.0]]).T
    for k in (1, 2, 3, 4):
        with np.errstate(invalid="ignore"):
            want = np.median(x[:k], axis=0)
        got = fused([Block(row[None]) for row in x[:k]], "median", weights=np.ones(k))
        np.testing.assert_array_equal(got[0], want)


@pytest.mark.parametrize("seed", range(5))
def test_votes_are_those_of_scikit_learns_voting_classifier(seed: int) -> None:
    """Its hard vote is argmax of bincount: the least class among those that tie."""
    rng = np.random.default_rng(seed)
    codes, w = rng.integers(0, 4, (5, 200)), rng.integers(0, 3, 5).astype(float)
    for op, weights in (("vote", np.ones(5)), ("weighted_vote", w + 0.5)):
        voters = VotingClassifier([("a", None)], weights=weights)
        want = [np.argmax(np.bincount(row, weights)) for row in codes.T]
        assert voters.voting == "hard"
        got = fused([Block(c[:, None]) for c in codes], op, weights=weights)
        np.testing.assert_array_equal(got[:, 0], want)


def test_a_nan_does_not_vote() -> None:
    nan = np.nan
    x = np.array([[nan, 7.0, 3.0], [nan, nan, nan], [nan, nan, 5.0], [2.0, nan, 1.0]]).T
    for op in OF_CODES:
        got = fused([Block(row[:, None]) for row in x], op, weights=np.ones(3))
        np.testing.assert_array_equal(got[:, 0], [3.0, nan, 5.0, 1.0])


def test_weights_of_columns_and_of_rows(rng: np.random.Generator) -> None:
    for shape in ((3, 1, 7), (3, 50, 1)):
        w = rng.uniform(0.1, 1.0, shape)
        want = np.average(BLOCKS, axis=0, weights=np.broadcast_to(w, (3, 50, 7)))
        got = fused(map(Block, BLOCKS), "weighted_mean", weights=w)
        np.testing.assert_allclose(got, want, rtol=1e-13)
        want = gmean(POSITIVE, weights=w)
        got = fused(map(Block, POSITIVE), "geometric_mean", weights=w)
        np.testing.assert_allclose(got, want, rtol=1e-13)


MISSING = RNG.random((3, 50)) < 0.4
MISSING[:, 7] = True
GONE = [np.where(m[:, None], np.nan, x) for m, x in zip(MISSING, BLOCKS, strict=True)]


def half_masked() -> list[Block]:
    """The first block says itself what is missing, masks say it for the others."""
    masked = zip(BLOCKS[1:], MISSING[1:], strict=True)
    return [Block(GONE[0]), *(Block(x, present=~m) for x, m in masked)]


@pytest.mark.filterwarnings("ignore:Mean of empty slice", "ignore:All-NaN")
def test_missing_blocks_are_skipped() -> None:
    for op, want in {
        "mean": np.nanmean(GONE, axis=0),
        "sum": np.where(MISSING.all(axis=0)[:, None], np.nan, np.nansum(GONE, axis=0)),
        "maximum": np.nanmax(GONE, axis=0),
        "median": np.nanmedian(GONE, axis=0),
    }.items():
        got = fused(half_masked(), op, missing="skip")
        np.testing.assert_allclose(got, want, rtol=1e-14, atol=1e-15, err_msg=op)
    gone, w = np.ma.masked_invalid(GONE), WEIGHTS[:, None, None] * np.ones((50, 7))
    got = fused(half_masked(), "weighted_mean", missing="skip")
    np.testing.assert_allclose(got, np.ma.average(gone, axis=0, weights=w).filled(np.nan), 1e-13)


def test_a_number_stands_for_what_is_missing() -> None:
    filled = np.where(MISSING[:, :, None], 0.5, BLOCKS)
    filled[:, MISSING.all(axis=0)] = np.nan
    for op in ("sum", "median", CONCATENATE):
        want = fused(map(Block, filled), op)
        np.testing.assert_array_equal(fused(half_masked(), op, missing=0.5), want)


def test_what_stands_for_a_missing_row_is_not_scaled() -> None:
    affine = Affine(np.full(1, 100.0), np.full(1, 10.0), True)
    x = [Block(np.array([[np.nan], [110.0]]), affine), Block(np.zeros((2, 1)))]
    assert fused(x, "sum", weights=np.ones(2), missing=3.0).tolist() == [[3.0], [1.0]]


def test_the_first_row_without_blocks() -> None:
    for missing, want in ((None, -1), ("skip", 7), (0.0, 7)):
        rows = Rows(tuple(half_masked()), "sum", WEIGHTS, DOUBLE, missing=missing)
        assert reference.fuse(rows, np.empty((50, 7))) == want
    out = np.empty((50, 3), bool)
    reference.missing_rows(rows, out)
    np.testing.assert_array_equal(out, MISSING.T)


def test_one_nan_does_not_make_a_row_missing() -> None:
    x = [Block(np.array([[np.nan, 1.0]])), Block(np.ones((1, 2)))]
    np.testing.assert_array_equal(
        fused(x, "sum", weights=np.ones(2), missing="skip"), [[np.nan, 2.0]]
    )


@pytest.mark.parametrize(("op", "index"), [("maximum", 0), ("minimum", 1), ("mean", 2)])
def test_a_nan_wins(op: str, index: int) -> None:
    blocks = [x.copy() for x in BLOCKS]
    blocks[index][4, 4] = np.nan
    assert np.argwhere(np.isnan(fused(map(Block, blocks), op))).tolist() == [[4, 4]]


def test_blocks_are_folded_from_left_to_right() -> None:
    blocks = [Block(np.full((1, 1), x)) for x in (1e16, 1.0, -1e16, 1.0)]
    assert fused(blocks, "sum", weights=np.ones(4)).item() == 1.0
    assert fused(blocks[::-1], "sum", weights=np.ones(4)).item() == 0.0


def test_weights_are_added_up_from_left_to_right() -> None:
    weights = np.array([1e16, *[1.0] * 16])
    total = 1e16  # each 1.0 is lost; NumPy's pairwise sum would keep some
    got = fused([Block(np.ones((1, 1)))] * 17, "weighted_mean", weights=weights)
    assert got.item() == (1e16 / total)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_scaling_is_scikit_learns_in_bits(dtype: type) -> None:
    x = (BLOCKS[0] * 30 + 5).astype(dtype)
    standard, minmax = StandardScaler().fit(x), MinMaxScaler().fit(x)
    got = fused([Block(x, Affine(standard.mean_, standard.scale_, True))], CONCATENATE, x.dtype)
    np.testing.assert_array_equal(got, standard.transform(x))
    minmax.scale_, minmax.min_ = minmax.scale_.astype(dtype), minmax.min_.astype(dtype)
    affine = Affine(minmax.min_.astype(DOUBLE), minmax.scale_.astype(DOUBLE), False)
    got = fused([Block(x, affine)], CONCATENATE, x.dtype)
    np.testing.assert_array_equal(got, minmax.transform(x))


def test_the_precision_of_scaling() -> None:
    """In the block's own precision if it floats, else in the result's."""
    tenth, third = np.array([0.1]), np.array([3.0])
    half = (np.float16(1) - np.float16(0.1)) / np.float16(3)
    single = (np.float32(1) - np.float32(0.1)) / np.float32(3)
    double = (1.0 - 0.1) / 3.0
    assert len({float(half), float(single), double}) == 3
    for source, dtype, want in [
        ("float32", "float64", float(single)),
        ("float16", "float64", float(half)),
        ("float64", "float32", np.float32(double)),
        ("uint8", "float64", double),
        ("uint8", "float32", single),
        ("bool", "float32", single),
    ]:
        block = Block(np.ones((1, 1), source), Affine(tenth, third, True))
        assert fused([block], CONCATENATE, np.dtype(dtype)).item() == want


def test_wide_parameters_are_numpys_in_place() -> None:
    x = (BLOCKS[0] * 30 + 5).astype(np.float32)
    for own in (np.float16, np.float32, np.float64):
        for offset, factor in ((np.float32, np.float64), (np.float64, np.float32)):
            a, b = (np.linspace(0.3, 1.7, x.shape[1], dtype=p) for p in (offset, factor))
            want = x.astype(own)
            want -= a
            want /= b
            got = fused([Block(x.astype(own), Affine(a, b, True, True))], CONCATENATE, DOUBLE)
            np.testing.assert_array_equal(got, want)
