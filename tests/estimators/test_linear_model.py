"""Gradient descent and least squares, with scikit-learn and closed forms as oracles."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import BaseEstimator
from sklearn.datasets import make_classification
from sklearn.linear_model import LinearRegression as SkLinearRegression
from sklearn.linear_model import LogisticRegression, Ridge

from polyfuse.exceptions import NotFittedError
from polyfuse.linear_model import GDClassifier, GDRegressor, LinearRegression, SGDClassifier
from polyfuse.preprocessing import StandardScaler


@pytest.fixture
def regression(rng: np.random.Generator) -> Any:
    x = rng.normal(size=(300, 8))
    y = x @ rng.normal(size=8) + 1.5 + 0.1 * rng.normal(size=300)
    return x, y


def classification(n_classes: int) -> Any:
    return make_classification(
        400, 12, n_informative=8, n_classes=n_classes, class_sep=0.8, random_state=n_classes
    )


# -- LinearRegression ----------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(50, 5), (5, 20), (30, 30)])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("n_targets", [None, 3])
def test_linear_regression_equals_sklearn(
    shape: tuple[int, int], fit_intercept: bool, n_targets: int | None, rng: np.random.Generator
) -> None:
    x = rng.normal(size=shape) + 2.0
    x[:, 1] = x[:, 0]  # dependent columns: the least-norm solution shares the weight
    y = rng.normal(size=shape[0] if n_targets is None else (shape[0], n_targets))
    a = LinearRegression(fit_intercept=fit_intercept).fit(x, y)
    b = SkLinearRegression(fit_intercept=fit_intercept).fit(x, y)
    np.testing.assert_allclose(a.coef_, b.coef_, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(a.intercept_, b.intercept_, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(a.predict(x), b.predict(x), rtol=1e-8, atol=1e-8)
    assert a.score(x, y) == pytest.approx(b.score(x, y), abs=1e-9)


def test_linear_regression_with_weights(regression: Any, rng: np.random.Generator) -> None:
    x, y = regression
    weight = rng.uniform(0, 2, len(y))
    a, b = LinearRegression().fit(x, y, weight), SkLinearRegression().fit(x, y, weight)
    np.testing.assert_allclose(a.coef_, b.coef_, rtol=1e-9)
    np.testing.assert_allclose(a.intercept_, b.intercept_, rtol=1e-9)


# -- GDRegressor ---------------------------------------------------------------------------------


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_full_batch_regression_reaches_the_optimum(regression: Any, fit_intercept: bool) -> None:
    x, y = regression
    model = GDRegressor(alpha=0.1, tol=1e-10, fit_intercept=fit_intercept).fit(x, y)
    # mean of squares / 2 + alpha / 2 |w|^2 is Ridge's objective with n alpha
    ridge = Ridge(alpha=0.1 * len(y), fit_intercept=fit_intercept).fit(x, y)
    np.testing.assert_allclose(model.coef_, ridge.coef_, rtol=1e-8)
    np.testing.assert_allclose(model.intercept_, ridge.intercept_, rtol=1e-8, atol=1e-10)
    assert model.n_iter_ < 1000


@pytest.mark.parametrize("batch_size", [1, 32])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_batches_come_close_to_the_optimum(
    regression: Any, batch_size: int, fit_intercept: bool
) -> None:
    x, y = regression
    model = GDRegressor(
        alpha=0.0, batch_size=batch_size, random_state=0, max_iter=200, tol=1e-6,
        fit_intercept=fit_intercept,
    ).fit(x, y)  # fmt: skip
    optimum = LinearRegression(fit_intercept=fit_intercept).fit(x, y)
    least = np.mean((optimum.predict(x) - y) ** 2)
    assert np.mean((model.predict(x) - y) ** 2) < 1.02 * least
    if not fit_intercept:
        assert model.intercept_ == 0.0
    assert model.loss_curve_[-1] < model.loss_curve_[0]


def test_a_weight_of_two_is_a_row_twice(regression: Any) -> None:
    x, y = regression
    weight = np.ones(len(y))
    weight[:40] = 2.0
    a = GDRegressor(tol=1e-10).fit(x, y, weight)
    b = GDRegressor(tol=1e-10).fit(np.vstack([x, x[:40]]), np.r_[y, y[:40]])
    np.testing.assert_allclose(a.coef_, b.coef_, rtol=1e-7)


# -- GDClassifier --------------------------------------------------------------------------------


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("n_classes", [2, 4])
def test_full_batch_classifier_equals_logistic_regression(n_classes: int) -> None:
    x, y = classification(n_classes)
    model = GDClassifier(alpha=0.01, tol=1e-9, max_iter=5000).fit(x, y)
    oracle = LogisticRegression(C=1 / (0.01 * len(y)), tol=1e-10, max_iter=5000).fit(x, y)
    np.testing.assert_allclose(model.coef_, oracle.coef_, atol=2e-6)
    np.testing.assert_allclose(model.predict_proba(x), oracle.predict_proba(x), atol=2e-6)
    np.testing.assert_allclose(model.decision_function(x), oracle.decision_function(x), atol=2e-5)
    np.testing.assert_array_equal(model.predict(x), oracle.predict(x))


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("batch_size", [1, 16])
def test_batches_learn_to_classify(n_classes: int, batch_size: int) -> None:
    x, y = classification(n_classes)
    oracle = LogisticRegression(C=1 / (1e-3 * len(y)), max_iter=1000).fit(x, y).score(x, y)
    model = GDClassifier(alpha=1e-3, batch_size=batch_size, random_state=0).fit(x, y)
    assert model.score(x, y) >= oracle - 0.02


def test_string_labels_and_float32(rng: np.random.Generator) -> None:
    x = rng.normal(size=(60, 3)).astype("f4")
    y = np.where(x[:, 0] > 0, "up", "down")
    model = GDClassifier().fit(x, y)
    assert model.classes_.tolist() == ["down", "up"]
    assert model.coef_.dtype == np.float32 == model.predict_proba(x).dtype
    assert model.score(x, y) > 0.95


def test_same_seed_same_bits() -> None:
    x, y = classification(4)
    fits = [
        GDClassifier(batch_size=8, random_state=seed, max_iter=5, tol=None).fit(x, y).coef_
        for seed in (3, 3, 4)
    ]
    np.testing.assert_array_equal(fits[0], fits[1])
    assert (fits[2] != fits[0]).any()


def test_callback_sees_every_pass() -> None:
    x, y = classification(2)
    seen: list[tuple[int, float]] = []
    model = GDClassifier(max_iter=7, tol=None).fit(x, y, callback=lambda i, v: seen.append((i, v)))
    assert [i for i, _ in seen] == list(range(1, 8))
    assert [v for _, v in seen] == model.loss_curve_


# -- errors --------------------------------------------------------------------------------------

X, Y = np.arange(8.0).reshape(4, 2), [0, 1, 0, 1]
NAN = np.array([[1.0, np.nan]] * 4)


@pytest.mark.parametrize("model", [GDClassifier, GDRegressor, LinearRegression])
@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (X, Y[:3], "y must have one entry per row; got 3 for 4 rows"),
        (NAN, Y, r"Input X contains NaN[^$]*0, (column )?1[^0-9]"),
        (X + np.inf, Y, "Input X contains infinity"),
        (X[0], Y, "X must be 2-D|Expected 2D array, got 1D array"),
        (X, [0.0, np.nan, 1.0, 2.0], "Input y contains NaN"),
        (X[:0], [], "0 sample"),
    ],
)
def test_bad_data(model: type[Any], x: Any, y: Any, message: str) -> None:
    estimator = model()
    with np.errstate(invalid="ignore"), pytest.raises(ValueError, match=message):
        estimator.fit(x, y)
    with pytest.raises(NotFittedError):
        estimator.predict(X)


def test_divergence_is_an_error_not_a_nan() -> None:
    with pytest.raises(ValueError, match="Floating-point overflow.*eta0=1000"):
        GDRegressor(eta0=1000.0, batch_size=1, random_state=0).fit(X * 100, [1.0, 2.0, 3.0, 4.0])


def test_single_class() -> None:
    with pytest.raises(ValueError, match="only one class: .*0"):
        GDClassifier().fit(X, [0, 0, 0, 0])


def test_continuous_target() -> None:
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        GDClassifier().fit(X, [0.5, 1.0, 0.0, 1.0])


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("batch_size", [None, 32])
def test_an_offset_of_columns_does_not_matter(
    rng: np.random.Generator, dtype: Any, batch_size: int | None
) -> None:
    x, weight = rng.normal(size=(240, 4)), rng.uniform(0.5, 2.0, 240)
    numbers = x @ rng.normal(size=4) + rng.normal(size=240)
    classes = (numbers[:, None] > [-1.0, 1.0]).sum(axis=1)
    far = np.add(x, [1000.0, -300.0, 0.0, 5.0]).astype(dtype)
    for kind, y in ((GDClassifier, classes), (GDRegressor, numbers)):
        model = kind(batch_size=batch_size, random_state=0)
        plain = model.fit(x, y, weight).coef_
        np.testing.assert_allclose(model.fit(far, y, weight).coef_, plain, atol=0.02)
        assert model.n_iter_ < 200


@pytest.mark.parametrize("offset", [0.0, 1.0])
@pytest.mark.parametrize("batch_size", [None, 32])
def test_steps_are_short_enough_for_columns_that_add_up(
    rng: np.random.Generator, offset: float, batch_size: int | None
) -> None:
    # The sum of these columns is constant: the same weight for each sees none of their curvature.
    half = 2.0 * rng.normal(size=(240, 2))
    x = np.column_stack([half, -half]) + offset
    y = half @ [1.0, -2.0] + rng.normal(size=240)
    model = GDRegressor(batch_size=batch_size, random_state=0).fit(x, y)
    assert model.score(x, y) > Ridge(alpha=1e-4 * 240).fit(x, y).score(x, y) - 1e-4


@pytest.mark.parametrize("kind", [GDClassifier, GDRegressor])
def test_sparse_data_are_sent_on(kind: Any) -> None:
    x, y = np.eye(4), np.arange(4) % 2
    model = kind().fit([x, x], y)
    sparse = sp.csr_array(x)
    for call in (
        lambda: kind().fit(sparse, y), lambda: kind().fit([x, sparse], y),
        lambda: model.predict([x, sparse]), lambda: model.partial_fit([x, sparse], y),
    ):  # fmt: skip
        with pytest.raises(TypeError, match=f"Sparse data was passed .* S{kind.__name__}, which"):
            call()


def test_params_and_repr() -> None:
    model = GDClassifier(alpha=0.5)
    assert repr(model) == "GDClassifier(alpha=0.5)"
    assert model.set_params(batch_size=4).get_params()["batch_size"] == 4
    with pytest.raises(ValueError, match="Invalid parameter 'gamma'"):
        model.set_params(gamma=1)


def test_parameters_of_parameters() -> None:
    class Theirs(BaseEstimator):
        def __init__(self, scaler: Any = None, alpha: float = 0.0) -> None:
            self.scaler, self.alpha = scaler, alpha

    ours, theirs = SGDClassifier(scaler=StandardScaler()), Theirs(StandardScaler())
    nested = {key for key in theirs.get_params() if key.startswith("scaler")}
    assert {key for key in ours.get_params() if key.startswith("scaler")} == nested
    assert not [key for key in ours.get_params(deep=False) if "__" in key]
    assert repr(ours) == "SGDClassifier(scaler=StandardScaler())"
    for model in (ours, theirs):
        model.set_params(scaler__with_mean=False, alpha=0.5, scaler=StandardScaler(copy=False))
        assert repr(model.scaler) == "StandardScaler(copy=False, with_mean=False)"
    for wrong in ({"gamma__x": 1}, {"scaler__gamma": 1}):
        errors = []
        for model in (ours, theirs):
            with pytest.raises(ValueError, match="Invalid parameter 'gamma'") as caught:
                model.set_params(**wrong)
            errors.append(str(caught.value).split("estimator")[0])
        assert errors[0] == errors[1]


def test_score_whatever_the_shape_of_y(regression: Any) -> None:
    x, y = regression
    weight = np.linspace(0.5, 2, len(y))
    ours, theirs = LinearRegression().fit(x, y), SkLinearRegression().fit(x, y)
    for target in (y, y[:, None]):
        assert ours.score(x, target) == pytest.approx(theirs.score(x, target))
        assert ours.score(x, target, weight) == pytest.approx(theirs.score(x, target, weight))
    with pytest.raises(ValueError, match=r"different number of output \(2!=1\)"):
        ours.score(x, np.column_stack([y, y]))
    with pytest.raises(ValueError, match="inconsistent numbers of samples: \\[1, "):
        ours.score(x, y[:1])


def test_eta0_may_be_a_numpy_scalar(regression: Any) -> None:
    x, y = regression
    fits = [
        GDRegressor(eta0=eta0, max_iter=3, tol=None).fit(x, y).coef_
        for eta0 in (0.25, np.float32(0.25), "auto")
    ]
    np.testing.assert_array_equal(fits[0], fits[1])
    assert (fits[0] != fits[2]).any()


def test_a_failed_refit_leaves_the_model_as_it_was(regression: Any) -> None:
    x, y = regression
    for model in (LinearRegression(), GDRegressor(), GDClassifier()):
        model.fit(x, (y > 0).astype(int))
        kept = {name: repr(value) for name, value in vars(model).items()}
        with pytest.raises(ValueError, match="contains NaN"):
            model.fit(np.full((6, 2), np.nan), [0, 1, 0, 1, 0, 1])
        assert {name: repr(value) for name, value in vars(model).items()} == kept
