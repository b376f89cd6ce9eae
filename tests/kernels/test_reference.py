"""The reference, which judges the others, against facts that stand outside this project."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import log_softmax
from sklearn.linear_model import SGDRegressor
from sklearn.metrics import confusion_matrix, log_loss
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from polyfuse._kernels import reference
from polyfuse._kernels.contract import CONCATENATE, LOSSES, RESULT_DTYPES, Affine, Block, Rows
from polyfuse._kernels.fusion_ops import OPERATORS

RNG = np.random.default_rng(20)
BLOCKS = [RNG.standard_normal((50, 7)) for _ in range(3)]
WEIGHTS = np.array([0.2, 1.5, 0.7])
DOUBLE = np.dtype("float64")

FOLDS = {
    "sum": np.sum(BLOCKS, axis=0),
    "mean": np.mean(BLOCKS, axis=0),
    "weighted_sum": np.tensordot(WEIGHTS, BLOCKS, axes=1),
    "weighted_mean": np.average(BLOCKS, axis=0, weights=WEIGHTS),
    "maximum": np.max(BLOCKS, axis=0),
    "minimum": np.min(BLOCKS, axis=0),
    CONCATENATE: np.hstack(BLOCKS),
}


def fused(blocks: Any, op: str, dtype: np.dtype = DOUBLE, weights: NDArray = WEIGHTS) -> NDArray:
    rows = Rows(tuple(blocks), op, weights, dtype)
    out = np.empty((rows.n_rows, rows.width), dtype)
    reference.fuse(rows, out)
    return out


# -- fusion --------------------------------------------------------------------------------------


def test_every_operator_is_checked() -> None:
    assert set(FOLDS) == {*OPERATORS, CONCATENATE}


@pytest.mark.parametrize("op", FOLDS)
def test_folds(op: str) -> None:
    np.testing.assert_allclose(fused(map(Block, BLOCKS), op), FOLDS[op], rtol=1e-14, atol=1e-15)


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
    """In the block's own precision if it floats, float16 in float32, else in the result's."""
    tenth, third = np.array([0.1]), np.array([3.0])
    single = (np.float32(1) - np.float32(0.1)) / np.float32(3)
    double = (1.0 - 0.1) / 3.0
    for source, dtype, want in [
        ("float32", "float64", float(single)),
        ("float16", "float64", float(single)),
        ("float64", "float32", np.float32(double)),
        ("uint8", "float64", double),
        ("uint8", "float32", single),
        ("bool", "float32", single),
    ]:
        block = Block(np.ones((1, 1), source), Affine(tenth, third, True))
        assert fused([block], CONCATENATE, np.dtype(dtype)).item() == want


# -- normalization -------------------------------------------------------------------------------


def moments(x: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    out = np.empty(x.shape[1], np.int64), np.empty(x.shape[1]), np.empty(x.shape[1])
    reference.column_moments(x, 64, *out)
    return out


def test_moments() -> None:
    x = np.where(RNG.random((200, 9)) < 0.2, np.nan, RNG.standard_normal((200, 9)) * 3 + 7)
    count, mean, squares = moments(x)
    np.testing.assert_array_equal(count, 200 - np.isnan(x).sum(axis=0))
    np.testing.assert_allclose(mean, np.nanmean(x, axis=0), rtol=1e-14)
    np.testing.assert_allclose(squares / count, np.nanvar(x, axis=0), rtol=1e-13)


def test_moments_far_from_zero() -> None:
    x = 1e8 + np.tile([[0.0], [1.0]], (500, 3))
    _, mean, squares = moments(x)
    assert mean.tolist() == [1e8 + 0.5] * 3
    assert squares.tolist() == [250.0] * 3


def test_squares_where_the_mean_is_rounded() -> None:
    x = 2.0**52 + np.tile([[0.0], [1.0]], (100, 1))  # their mean lies between two numbers
    assert moments(x)[2].tolist() == [50.0]


def test_moments_of_nothing() -> None:
    for x in (np.empty((0, 4)), np.full((5, 4), np.nan)):
        assert [part.tolist() for part in moments(x)] == [[0] * 4] * 3


def test_moments_of_a_constant_are_exact() -> None:
    x = np.full((777, 2), 0.1)
    x[0, 1] = np.nan
    count, mean, squares = moments(x)
    assert (count.tolist(), mean.tolist(), squares.tolist()) == ([777, 776], [0.1] * 2, [0.0] * 2)


def test_extrema() -> None:
    x = np.where(RNG.random((60, 5)) < 0.3, np.nan, RNG.standard_normal((60, 5)))
    x[:, 4] = np.nan
    low, high = np.empty(5), np.empty(5)
    reference.column_extrema(x, low, high)
    np.testing.assert_array_equal(low, [*np.nanmin(x[:, :4], axis=0), np.inf])
    np.testing.assert_array_equal(high, [*np.nanmax(x[:, :4], axis=0), -np.inf])


# -- sgd -----------------------------------------------------------------------------------------

N, D, K = 40, 6, 3
X = RNG.standard_normal((N, D))
COEF, INTERCEPT = RNG.standard_normal((K, D)), RNG.standard_normal(K)
SAMPLE_WEIGHT = RNG.uniform(0.0, 2.0, N)
TARGETS = {
    "squared_error": RNG.standard_normal((N, K)),
    "log_loss": RNG.integers(0, 2, (N, K)).astype(float),
    "multinomial": RNG.integers(0, K, (N, 1)).astype(float),
}
ROWS = Rows((Block(X),), CONCATENATE, np.ones(1), DOUBLE)


def loss_of(loss: str, coef: NDArray, intercept: NDArray) -> float:
    """The loss from the scores, in other words than the reference's."""
    scores, targets = X @ coef.T + intercept, TARGETS[loss]
    if loss == "squared_error":
        each = ((scores - targets) ** 2).sum(axis=1) / 2
    elif loss == "log_loss":
        each = np.logaddexp(0.0, np.where(targets == 1.0, -scores, scores)).sum(axis=1)
    else:
        each = -log_softmax(scores, axis=1)[np.arange(N), targets[:, 0].astype(int)]
    return float(SAMPLE_WEIGHT @ each)


def gradient(loss: str, dtype: np.dtype = DOUBLE) -> tuple[float, NDArray, NDArray]:
    coef, intercept = np.empty((K, D)), np.empty(K)
    value = reference.loss_gradient(
        ROWS._replace(dtype=dtype), TARGETS[loss], SAMPLE_WEIGHT, COEF, INTERCEPT, loss, coef,
        intercept,
    )  # fmt: skip
    return value, coef, intercept


@pytest.mark.parametrize("dtype", RESULT_DTYPES)
@pytest.mark.parametrize("loss", LOSSES)
def test_losses(loss: str, dtype: np.dtype) -> None:
    rtol = 1e-5 if dtype == np.float32 else 1e-12
    assert gradient(loss, dtype)[0] == pytest.approx(loss_of(loss, COEF, INTERCEPT), rel=rtol)


def test_losses_are_scikit_learns() -> None:
    odds = np.exp(X @ COEF.T + INTERCEPT)
    mean = log_loss(TARGETS["multinomial"], odds / odds.sum(axis=1, keepdims=True),
                    sample_weight=SAMPLE_WEIGHT)  # fmt: skip
    assert gradient("multinomial")[0] == pytest.approx(mean * SAMPLE_WEIGHT.sum(), rel=1e-12)
    each = [
        log_loss(y, p, sample_weight=SAMPLE_WEIGHT)
        for y, p in zip(TARGETS["log_loss"].T, (odds / (1.0 + odds)).T, strict=True)
    ]
    assert gradient("log_loss")[0] == pytest.approx(sum(each) * SAMPLE_WEIGHT.sum(), rel=1e-12)


@pytest.mark.parametrize("loss", LOSSES)
def test_gradients_are_the_slopes_of_the_losses(loss: str) -> None:
    _, grad_coef, grad_intercept = gradient(loss)
    h = 1e-5
    for k in range(K):
        for j in range(D + 1):
            step = np.zeros((K, D + 1))
            step[k, j] = h
            up, down = (
                loss_of(loss, COEF + s * step[:, :D], INTERCEPT + s * step[:, D]) for s in (1, -1)
            )
            want = grad_coef[k, j] if j < D else grad_intercept[k]
            assert (up - down) / (2 * h) == pytest.approx(want, rel=1e-6, abs=1e-7)


@pytest.mark.parametrize("loss", ["log_loss", "multinomial"])
def test_losses_of_huge_scores_are_finite(loss: str) -> None:
    coef, intercept = np.empty((K, D)), np.empty(K)
    value = reference.loss_gradient(
        ROWS, TARGETS[loss], None, 1e4 * COEF, INTERCEPT, loss, coef, intercept
    )
    assert np.isfinite([value, *coef.flat, *intercept]).all()


def test_scores() -> None:
    out = np.empty((N, K))
    reference.linear_scores(ROWS, COEF, INTERCEPT, out)
    np.testing.assert_allclose(out, np.einsum("nd,kd->nk", X, COEF) + INTERCEPT, rtol=1e-12)


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_descent_is_scikit_learns_row_by_row(fit_intercept: bool) -> None:
    y, order = TARGETS["squared_error"][:, 0], RNG.permutation(N)
    model = SGDRegressor(
        penalty=None, learning_rate="constant", eta0=0.01, max_iter=1, tol=None, shuffle=False,
        fit_intercept=fit_intercept, average=False,
    ).fit(X[order], y[order], sample_weight=SAMPLE_WEIGHT[order])  # fmt: skip
    coef, intercept = np.zeros((1, D)), np.zeros(1)
    reference.descend(
        ROWS, order, 1, y[:, None], SAMPLE_WEIGHT, "squared_error", np.full(N, 0.01), 0.0, coef,
        intercept, fit_intercept,
    )  # fmt: skip
    np.testing.assert_allclose(coef[0], model.coef_, rtol=1e-12)
    np.testing.assert_allclose(intercept, model.intercept_, rtol=1e-12)


def test_descent_in_batches() -> None:
    """Two batches, the second one shorter, with decay and a step size of their own."""
    order, steps, alpha = np.array([3, 1, 3, 8, 0]), np.array([0.1, 0.3]), 0.05
    targets = TARGETS["squared_error"]
    coef, intercept = COEF.copy(), INTERCEPT.copy()
    want_coef, want_intercept, want_loss = COEF.copy(), INTERCEPT.copy(), 0.0
    for step, batch in zip(steps, (order[:3], order[3:]), strict=True):
        miss = X[batch] @ want_coef.T + want_intercept - targets[batch]
        want_loss += (SAMPLE_WEIGHT[batch, None] * miss**2).sum() / 2
        slope = SAMPLE_WEIGHT[batch, None] * miss / len(batch)
        want_coef = (1 - step * alpha) * want_coef - step * slope.T @ X[batch]
        want_intercept = want_intercept - step * slope.sum(axis=0)
    got = reference.descend(
        ROWS, order, 3, targets, SAMPLE_WEIGHT, "squared_error", steps, alpha, coef, intercept, True
    )
    assert got == pytest.approx(want_loss, rel=1e-12)
    np.testing.assert_allclose(coef, want_coef, rtol=1e-12)
    np.testing.assert_allclose(intercept, want_intercept, rtol=1e-12)


def test_dot() -> None:
    assert reference.dot(np.arange(4.0), np.array([1.0, 10.0, 100.0, 1000.0])) == 3210.0


# -- confusion -----------------------------------------------------------------------------------


@pytest.mark.parametrize("weighted", [False, True])
def test_confusion(weighted: bool) -> None:
    y_true, y_pred = RNG.integers(-1, 5, (2, 300))
    weight = RNG.random(300) if weighted else None
    out = np.empty((4, 4), float if weighted else np.int64)
    reference.confusion(y_true, y_pred, weight, out)
    want = confusion_matrix(y_true, y_pred, labels=range(4), sample_weight=weight)
    np.testing.assert_allclose(out, want, rtol=1e-13)
