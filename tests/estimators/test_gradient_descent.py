"""GDClassifier and GDRegressor untuned: convergence, schedules, early stopping."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gradient_problems import XR, YR, X, Y
from numpy.typing import NDArray
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler as SkStandardScaler

from polyfuse._random import shuffle_split
from polyfuse.exceptions import ConvergenceWarning
from polyfuse.linear_model import GDClassifier, GDRegressor
from polyfuse.preprocessing import StandardScaler

# -- convergence, untuned ------------------------------------------------------------------------


def logistic_loss(model: Any, x: NDArray, y: NDArray, alpha: float) -> float:
    own = model.predict_proba(x)[np.arange(len(y)), np.searchsorted(model.classes_, y)]
    return float(-np.log(own).mean() + 0.5 * alpha * (model.coef_**2).sum())


@pytest.mark.parametrize("name", ["digits", "cancer"])
@pytest.mark.parametrize("alpha", [1e-4, 1e-2])
def test_defaults_converge_to_logistic_regression(name: str, alpha: float) -> None:
    load = load_digits if name == "digits" else load_breast_cancer
    x, y = (part[::3] if name == "digits" else part for part in load(return_X_y=True))
    model = GDClassifier(alpha=alpha, scaler="standard").fit(x, y)
    x = SkStandardScaler().fit_transform(x)
    oracle = LogisticRegression(C=1 / (alpha * len(y)), tol=1e-5, max_iter=2000).fit(x, y)
    plain = GDClassifier(alpha=alpha).fit(x, y)
    np.testing.assert_allclose(model.coef_, plain.coef_, rtol=1e-6, atol=1e-8)
    assert logistic_loss(plain, x, y, alpha) <= logistic_loss(oracle, x, y, alpha) + 1e-3


@pytest.mark.parametrize("scale", [1.0, 1e-3, 1e4])
def test_defaults_converge_to_ridge_whatever_the_unit_of_y(scale: float) -> None:
    x, y = load_diabetes(return_X_y=True)
    x, y = SkStandardScaler().fit_transform(x), y * scale
    ridge = Ridge(alpha=1e-4 * len(y), tol=1e-12).fit(x, y)
    least = ((ridge.predict(x) - y) ** 2).mean() / 2 + 0.5e-4 * (ridge.coef_**2).sum()
    full = GDRegressor().fit(x, y)
    batches = [GDRegressor(batch_size=size, random_state=0).fit(x, y) for size in (1, 32, 256)]
    for model in (full, *batches):
        loss = ((model.predict(x) - y) ** 2).mean() / 2 + 0.5e-4 * (model.coef_**2).sum()
        assert loss <= least + 1e-5 * y.var()
    assert full.n_iter_ < 300


@pytest.mark.parametrize("load", [load_digits, load_breast_cancer, load_wine])
@pytest.mark.parametrize("batch_size", [1, 32, 256])
def test_defaults_converge_in_batches_of_any_size(load: Any, batch_size: int) -> None:
    x, y = load(return_X_y=True)
    x, y = SkStandardScaler().fit_transform(x)[::2], y[::2]
    model = GDClassifier(batch_size=batch_size, random_state=0).fit(x, y)
    oracle = LogisticRegression(C=1e4 / len(y), tol=1e-5, max_iter=2000).fit(x, y)
    assert logistic_loss(model, x, y, 1e-4) <= logistic_loss(oracle, x, y, 1e-4) + 1e-3
    assert len(model.loss_curve_) == model.n_iter_ < 1000


def test_batches_hand_over_with_passes_that_are_left() -> None:
    full = GDRegressor().fit(XR, YR)
    batches = GDRegressor(batch_size=16, random_state=0).fit(XR, YR)
    np.testing.assert_allclose(batches.coef_, full.coef_, atol=1e-3)
    with pytest.warns(ConvergenceWarning):  # stalled, but not at rest
        short = GDRegressor(batch_size=16, random_state=0, max_iter=8).fit(XR, YR)
    assert short.n_iter_ == len(short.loss_curve_) == 8
    adaptive = GDRegressor(batch_size=16, random_state=0, learning_rate="adaptive").fit(XR, YR)
    assert 8 < adaptive.n_iter_ < 100


@pytest.mark.parametrize("batch_size", [1, 8, 64])
@pytest.mark.parametrize("momentum", ["auto", 0.0, 0.5])
@pytest.mark.parametrize("nesterov", [True, False])
def test_batches_converge(batch_size: int, momentum: Any, nesterov: bool) -> None:
    options: dict[str, Any] = {"momentum": momentum, "nesterov": nesterov, "random_state": 0}
    model = GDClassifier(batch_size=batch_size, alpha=1e-2, **options).fit(X, Y)
    oracle = LogisticRegression(C=1 / (1e-2 * len(Y)), tol=1e-8).fit(X, Y)
    assert logistic_loss(model, X, Y, 1e-2) <= logistic_loss(oracle, X, Y, 1e-2) + 1e-4


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("schedule", ["constant", "invscaling", "adaptive", "cosine"])
@pytest.mark.parametrize("batch_size", [None, 32])
def test_schedules(schedule: str, batch_size: int | None) -> None:
    model = GDRegressor(
        learning_rate=schedule, batch_size=batch_size, max_iter=60, tol=1e-3, random_state=0,
        power_t=0.25,
    ).fit(XR, YR)  # fmt: skip
    close = 0.03 if schedule == "constant" and batch_size else 0.003  # its noise stays
    assert model.score(XR, YR) > Ridge(alpha=1e-4 * len(YR)).fit(XR, YR).score(XR, YR) - close
    if schedule == "cosine" and batch_size:
        assert model.n_iter_ == 60


@pytest.mark.parametrize("schedule", ["constant", "invscaling", "adaptive", "cosine"])
@pytest.mark.parametrize("batch_size", [4, 16, 64])
def test_automatic_steps_get_by_with_noise(
    rng: np.random.Generator, schedule: str, batch_size: int
) -> None:
    x, y = rng.normal(size=(200, 5)), rng.integers(0, 3, 200)
    options = {"learning_rate": schedule, "batch_size": batch_size, "random_state": 0}
    model, least = GDClassifier(**options).fit(x, y), GDClassifier(tol=1e-7).fit(x, y)
    assert logistic_loss(model, x, y, 1e-4) <= logistic_loss(least, x, y, 1e-4) + 5e-3
    many = rng.normal(size=(500, 5))
    numbers = many @ rng.normal(size=5) + 5.0 * rng.normal(size=500)
    best = GDRegressor(tol=1e-7).fit(many, numbers).score(many, numbers)
    assert GDRegressor(**options).fit(many, numbers).score(many, numbers) > best - 5e-3


def test_an_objective_that_has_risen_has_not_converged(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(200, 5)), rng.integers(0, 3, 200)
    model = GDClassifier(batch_size=8, eta0=20.0, learning_rate="constant", random_state=0)
    with pytest.warns(ConvergenceWarning, match=r"higher objective .* too long, eta0=20.0"):
        model.fit(x, y)
    model.set_params(tol=None).fit(x, y)


def by_hand(momentum: float, nesterov: bool, n_steps: int) -> NDArray:
    """Gradient descent on half the mean square, as in a textbook."""
    x = np.column_stack([XR, np.ones(len(XR))])
    theta, velocity = np.zeros(7), np.zeros(7)
    for _ in range(n_steps):
        at = theta + momentum * velocity if nesterov else theta
        velocity = momentum * velocity - 0.1 * x.T @ (x @ at - YR) / len(YR)
        theta = theta + velocity
    return theta


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("momentum", [0.0, 0.8])
@pytest.mark.parametrize("nesterov", [True, False])
@pytest.mark.parametrize("batch_size", [None, 200])
def test_momentum_is_the_textbooks(momentum: float, nesterov: bool, batch_size: Any) -> None:
    model = GDRegressor(
        alpha=0.0, eta0=0.1, momentum=momentum, nesterov=nesterov, learning_rate="constant",
        max_iter=15, tol=None, batch_size=batch_size, shuffle=False,
    ).fit(XR, YR)  # fmt: skip
    expected = by_hand(momentum, nesterov, 15)
    np.testing.assert_allclose(np.append(model.coef_, model.intercept_), expected, rtol=1e-9)


# -- early stopping ------------------------------------------------------------------------------


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("batch_size", [None, 16])
def test_rows_held_out_are_never_learned_from(batch_size: int | None) -> None:
    options = {"early_stopping": True, "validation_fraction": 0.25, "random_state": 3}
    fits = []
    for scaler in (None, "standard", StandardScaler(), [StandardScaler()]):
        model = GDRegressor(batch_size=batch_size, scaler=scaler, tol=None, max_iter=9, **options)
        first = model.fit(XR, YR)
        kept = first.coef_, first.loss_curve_, first.validation_loss_curve_
        held_out = shuffle_split(len(XR), 0.25, 3)
        x, y = XR.copy(), YR.copy()
        x[held_out] += 50.0
        y[held_out] -= 7.0
        second = model.fit(x, y)
        assert second.loss_curve_ == pytest.approx(kept[1], rel=1e-6)
        assert second.validation_loss_curve_ != kept[2]
        fits.append(len(kept[2]))
    assert fits == [9, 9, 9, 9]


def test_early_stopping_keeps_the_best_model() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(80, 60)), rng.integers(0, 2, 80)
    model = GDClassifier(alpha=0.0, early_stopping=True, random_state=0).fit(x, y)
    curve = model.validation_loss_curve_
    assert len(curve) == model.n_iter_ < 200
    assert min(curve) < curve[-1]
    shorter = GDClassifier(
        alpha=0.0, early_stopping=True, random_state=0, max_iter=int(np.argmin(curve)) + 1, tol=None
    ).fit(x, y)
    np.testing.assert_array_equal(model.coef_, shorter.coef_)
