"""The reference, which judges the others, against facts that stand outside this project."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import log_softmax, softmax
from scipy.stats import rankdata
from sklearn.linear_model import SGDRegressor
from sklearn.metrics import confusion_matrix, log_loss
from sklearn.preprocessing import MinMaxScaler, StandardScaler, normalize

from polyfuse._kernels import reference
from polyfuse._kernels.contract import (
    CONCATENATE,
    LOSSES,
    NORMALIZATIONS,
    RESULT_DTYPES,
    Block,
    Rows,
)

RNG = np.random.default_rng(20)
DOUBLE = np.dtype("float64")


# -- normalization -------------------------------------------------------------------------------


def moments(
    x: NDArray, weight: NDArray | None = None, leaf_rows: int = 64
) -> tuple[NDArray, NDArray, NDArray]:
    out = np.empty(x.shape[1]), np.empty(x.shape[1]), np.empty(x.shape[1])
    reference.column_moments(x, weight, leaf_rows, *out)
    return out


def test_moments(rng: np.random.Generator) -> None:
    x = np.where(rng.random((200, 9)) < 0.2, np.nan, rng.standard_normal((200, 9)) * 3 + 7)
    count, mean, squares = moments(x)
    np.testing.assert_array_equal(count, 200 - np.isnan(x).sum(axis=0))
    np.testing.assert_allclose(mean, np.nanmean(x, axis=0), rtol=1e-14)
    np.testing.assert_allclose(squares / count, np.nanvar(x, axis=0), rtol=1e-13)


def test_weighted_moments(rng: np.random.Generator) -> None:
    """A row of weight k is k rows, one of weight 0 is none."""
    x = np.where(rng.random((200, 9)) < 0.2, np.nan, rng.standard_normal((200, 9)) * 3 + 7)
    weight = rng.integers(0, 4, 200)
    for got, want in zip(moments(x, weight * 1.0), moments(x.repeat(weight, axis=0)), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-13)


def test_moments_are_a_tree_of_leaves(rng: np.random.Generator) -> None:
    """Perfect binary trees, the tallest first: chunks that end where a tree does leave no trace."""
    x = rng.standard_normal((7 * 16 + 5, 3))
    four, two, one, rest = (moments(part, leaf_rows=16) for part in np.split(x, [64, 96, 112]))
    last = merged(two, merged(one, rest))
    for got, want in zip(moments(x, leaf_rows=16), merged(four, last), strict=True):
        np.testing.assert_array_equal(got, want)


def merged(a: Any, b: Any) -> tuple[NDArray, NDArray, NDArray]:
    n, delta = a[0] + b[0], b[1] - a[1]
    return (
        n,
        a[1] + delta * (b[0] / n),
        a[2] + b[2] + delta * delta * (a[0] / n * b[0]),
    )


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


def test_extrema(rng: np.random.Generator) -> None:
    x = np.where(rng.random((60, 5)) < 0.3, np.nan, rng.standard_normal((60, 5)))
    x[:, 4] = np.nan
    low, high = np.empty(5), np.empty(5)
    reference.column_extrema(x, low, high)
    np.testing.assert_array_equal(low, [*np.nanmin(x[:, :4], axis=0), np.inf])
    np.testing.assert_array_equal(high, [*np.nanmax(x[:, :4], axis=0), -np.inf])


# -- ranking and batches -------------------------------------------------------------------------


def quantiles(x: NDArray, fractions: Any) -> tuple[NDArray, NDArray, NDArray]:
    q, d = len(fractions), x.shape[1]
    out = np.empty(d), np.empty((q, d)), np.empty((q, d))
    reference.column_quantiles(x, np.array(fractions), *out)
    return out


def test_quantiles(rng: np.random.Generator) -> None:
    fractions = [0.0, 0.1, 0.25, 0.5, 0.77, 1.0]
    x = np.where(rng.random((61, 5)) < 0.3, np.nan, rng.standard_normal((61, 5)))
    count, below, above = quantiles(x, fractions)
    np.testing.assert_array_equal(count, (~np.isnan(x)).sum(axis=0))
    np.testing.assert_array_equal(below, np.nanquantile(x, fractions, axis=0, method="lower"))
    share = np.array(fractions)[:, None] * (count - 1) % 1.0
    want = np.nanquantile(x, fractions, axis=0)
    np.testing.assert_allclose(below + (above - below) * share, want, rtol=1e-13, atol=1e-15)
    np.testing.assert_array_equal(above[-1], np.nanmax(x, axis=0))


def test_quantiles_of_nothing() -> None:
    for x in (np.empty((0, 2)), np.full((4, 2), np.nan)):
        count, below, above = quantiles(x, [0.0, 0.3])
        assert count.tolist() == [0.0, 0.0]
        assert np.isnan([below, above]).all()


def normalized(x: Any, kind: str, dtype: Any = DOUBLE) -> NDArray:
    x = np.atleast_2d(x)
    out = np.empty(x.shape, dtype)
    reference.normalize_rows(x, kind, out)
    return out


def test_rows_are_normalised_as_scipy_and_scikit_learn_do(rng: np.random.Generator) -> None:
    x = np.where(rng.random((40, 23)) < 0.1, np.nan, rng.integers(-9, 9, (40, 23)) / 4.0)
    for kind, want in {
        "standard": StandardScaler().fit_transform(x.T).T,
        "minmax": MinMaxScaler().fit_transform(x.T).T,
        "rank": rankdata(x, axis=1, nan_policy="omit"),
    }.items():
        np.testing.assert_allclose(normalized(x, kind), want, rtol=1e-13, atol=1e-14)
    x = np.nan_to_num(x)
    for norm in ("l1", "l2", "max"):
        np.testing.assert_allclose(normalized(x, norm), normalize(x, norm), rtol=1e-14)
    np.testing.assert_allclose(normalized(x, "softmax"), softmax(x, axis=1), rtol=1e-13)


def test_rows_that_are_hard_to_normalise() -> None:
    inf, nan = np.inf, np.nan
    for kind, row, want in [
        ("standard", [0.1] * 7, [0.0] * 7),
        ("standard", [1e8, 1e8 + 1, nan, 1e8, 1e8 + 1], [-1.0, 1.0, nan, -1.0, 1.0]),
        ("standard", [1.0, inf, nan, 2.0], [nan] * 4),
        ("standard", [1.0, 1.0 + 2**-52], [0.0, 2**-52]),  # constant to rounding
        ("minmax", [3.0, nan, 3.0 + 2**-50], [0.0, nan, 2**-50]),  # a range of less than 10 eps
        ("minmax", [nan, nan], [nan, nan]),
        ("l2", [0.0, -0.0], [0.0, -0.0]),
        ("l1", [1.0, nan], [nan, nan]),
        ("max", [-4.0, 2.0], [-1.0, 0.5]),
        ("max", [inf, 2.0, -inf], [nan, 0.0, nan]),
        ("softmax", [1000.0, -inf, 1000.0], [0.5, 0.0, 0.5]),
        ("softmax", [inf, 0.0], [nan, nan]),
        ("softmax", [-inf, -inf], [nan, nan]),
        ("rank", [0.0, -0.0, nan, -inf, inf, inf], [2.5, 2.5, nan, 1.0, 4.5, 4.5]),
    ]:
        np.testing.assert_array_equal(normalized(row, kind)[0], want, err_msg=kind)


def test_the_precision_of_normalising(rng: np.random.Generator) -> None:
    """float16 is computed in float32 and rounded once; statistics are float64."""
    x = (rng.standard_normal((30, 50)) + 100).astype(np.float16)
    for kind in NORMALIZATIONS:
        single = normalized(x, kind, np.float32)
        np.testing.assert_array_equal(normalized(x, kind, np.float16), single.astype(np.float16))
    row = np.full(1000, 2.0**24, np.float32)  # a float32 would stop counting here
    row[::2] += 8.0
    assert set(normalized(row, "standard", np.float32)[0]) == {-1.0, 1.0}


@pytest.mark.parametrize("kind", NORMALIZATIONS)
def test_groups(kind: str, rng: np.random.Generator) -> None:
    x, codes = rng.standard_normal((50, 6)), rng.integers(0, 4, 50)
    order, starts = np.argsort(codes), np.cumsum([0, *np.bincount(codes)])
    out = np.empty_like(x)
    reference.normalize_groups(x, order, starts, kind, out)
    for code in range(4):
        rows = codes == code
        want = normalized(x[rows].T, kind).T
        np.testing.assert_allclose(out[rows], want, rtol=1e-14, atol=1e-15)


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
def test_descent_is_scikit_learns_row_by_row(fit_intercept: bool, rng: np.random.Generator) -> None:
    y, order = TARGETS["squared_error"][:, 0], rng.permutation(N)
    model = SGDRegressor(
        penalty=None, learning_rate="constant", eta0=0.01, max_iter=1, tol=None, shuffle=False,
        fit_intercept=fit_intercept, average=False,
    ).fit(X[order], y[order], sample_weight=SAMPLE_WEIGHT[order])  # fmt: skip
    coef, intercept = np.zeros((1, D)), np.zeros(1)
    reference.descend(
        ROWS, order, 1, y[:, None], SAMPLE_WEIGHT, "squared_error", np.full(N, 0.01), 0.0, 0.0,
        False, coef, intercept, np.zeros((0, 0)), fit_intercept,
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
        ROWS, order, 3, targets, SAMPLE_WEIGHT, "squared_error", steps, alpha, 0.0, False, coef,
        intercept, np.zeros((0, 0)), True,
    )  # fmt: skip
    assert got == pytest.approx(want_loss, rel=1e-12)
    np.testing.assert_allclose(coef, want_coef, rtol=1e-12)
    np.testing.assert_allclose(intercept, want_intercept, rtol=1e-12)


def test_dot() -> None:
    assert reference.dot(np.arange(4.0), np.array([1.0, 10.0, 100.0, 1000.0])) == 3210.0


# -- confusion -----------------------------------------------------------------------------------


@pytest.mark.parametrize("weighted", [False, True])
def test_confusion(weighted: bool, rng: np.random.Generator) -> None:
    y_true, y_pred = rng.integers(-1, 5, (2, 300))
    weight = rng.random(300) if weighted else None
    out = np.empty((4, 4), float if weighted else np.int64)
    reference.confusion(y_true, y_pred, 0, weight, out)
    want = confusion_matrix(y_true, y_pred, labels=range(4), sample_weight=weight)
    np.testing.assert_allclose(out, want, rtol=1e-13)
