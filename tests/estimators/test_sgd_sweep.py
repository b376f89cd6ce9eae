"""SGDSweep: every member is the model that is trained alone, to the last bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, KFold, StratifiedKFold

from polyfuse import linear_model as ours

RNG = np.random.default_rng(0)
X = RNG.standard_normal((97, 5))
Y = np.digitize(X[:, 0] + 0.3 * RNG.standard_normal(97), [0.0, 0.7])
GRID: list[dict[str, Any]] = [
    {"alpha": [1e-4, 1e-3], "loss": ["hinge", "log_loss", "multinomial"],
     "penalty": ["l2", "elasticnet"]},
    {"average": [True, 20], "learning_rate": ["adaptive", "constant"],
     "early_stopping": [True, False]},
]  # fmt: skip

pytestmark = pytest.mark.filterwarnings("ignore:Maximum number of iteration")


def alone(estimator: Any, params: dict[str, Any], x: Any, y: Any) -> Any:
    return clone(estimator).set_params(**params).fit(x, y)


def assert_same_model(a: Any, b: Any) -> None:
    np.testing.assert_array_equal(a.coef_, b.coef_)
    np.testing.assert_array_equal(a.intercept_, b.intercept_)
    assert (a.n_iter_, a.t_) == (b.n_iter_, b.t_)


@pytest.mark.parametrize("arithmetic", ["exact", "fast"])
@pytest.mark.parametrize("y", [Y, Y > 0], ids=["three classes", "two classes"])
def test_members_are_models_trained_alone(arithmetic: str, y: Any) -> None:
    estimator = ours.SGDClassifier(max_iter=20, random_state=0, eta0=0.05, arithmetic=arithmetic)
    folds = list(StratifiedKFold(4).split(X, y))
    sweep = ours.SGDSweep(estimator, GRID, cv=4).fit(X, y)
    results = sweep.cv_results_
    assert len(sweep.members_) == len(results["params"]) == 20
    for i, params in enumerate(results["params"]):
        assert_same_model(sweep.members_[i], alone(estimator, params, X, y))
        for fold, (train, test) in enumerate(folds):
            score = alone(estimator, params, X[train], y[train]).score(X[test], y[test])
            assert results[f"split{fold}_test_score"][i] == pytest.approx(score, abs=1e-12)
    best = sweep.best_index_
    assert sweep.best_estimator_ is sweep.members_[best]
    assert sweep.best_score_ == results["mean_test_score"].max()
    np.testing.assert_array_equal(sweep.predict(X), sweep.best_estimator_.predict(X))
    np.testing.assert_array_equal(sweep.classes_, np.unique(y))


def test_ranks_are_those_of_scikit_learns_grid_search() -> None:
    grid = {"alpha": [1e-4, 1e-2, 1.0], "eta0": [0.01, 0.1]}
    estimator = ours.SGDRegressor(random_state=0)
    sweep = ours.SGDSweep(estimator, grid, cv=3).fit(X, X[:, 0])
    search = GridSearchCV(estimator, grid, cv=KFold(3)).fit(X, X[:, 0])
    assert sweep.cv_results_["params"] == search.cv_results_["params"]
    for name in ("mean_test_score", "std_test_score", "rank_test_score"):
        np.testing.assert_allclose(sweep.cv_results_[name], search.cv_results_[name], rtol=1e-9)
    assert sweep.best_params_ == search.best_params_
    assert_same_model(sweep.best_estimator_, search.best_estimator_)


def test_folds_may_be_given_and_lack_a_class() -> None:
    train, test = np.flatnonzero(Y < 2), np.flatnonzero(Y == 2)
    mask = np.arange(97) < 60
    estimator = ours.SGDClassifier(random_state=0, max_iter=10, tol=None)
    sweep = ours.SGDSweep(estimator, {"alpha": [1e-3]}, cv=[(train, test), (mask, ~mask)])
    scores = sweep.fit(X, Y).cv_results_
    assert scores["split0_test_score"] == [0.0]
    other = alone(estimator, {"alpha": 1e-3}, X[mask], Y[mask]).score(X[~mask], Y[~mask])
    assert scores["split1_test_score"] == [other]


def test_without_folds() -> None:
    sweep = ours.SGDSweep(ours.Perceptron(), {"eta0": [1.0, 0.1]}).fit(X, Y)
    assert sweep.n_splits_ == 0
    for member, score in zip(sweep.members_, sweep.cv_results_["mean_train_score"], strict=True):
        assert member.score(X, Y) == pytest.approx(score)


def test_a_generator_starts_anew_for_each_member() -> None:
    state = np.random.RandomState(5)
    estimator = ours.SGDClassifier(random_state=state, max_iter=5, tol=None)
    sweep = ours.SGDSweep(estimator, {"alpha": [1e-4, 1e-3]}).fit(X, Y)
    for member, alpha in zip(sweep.members_, (1e-4, 1e-3), strict=True):
        assert_same_model(member, alone(estimator, {"alpha": alpha}, X, Y))


def test_blocks_and_weights(rng: np.random.Generator) -> None:
    blocks, weight = {"a": X[:, :2].astype("f4"), "b": X[:, 2:]}, rng.random(97)
    estimator = ours.SGDClassifier(random_state=0, scaler="standard")
    sweep = ours.SGDSweep(estimator, {"alpha": [1e-3, 1e-2]}).fit(blocks, Y, weight)
    other = clone(estimator).set_params(alpha=1e-2).fit(blocks, Y, sample_weight=weight)
    assert_same_model(sweep.members_[1], other)
    np.testing.assert_array_equal(sweep.members_[1].predict(blocks), other.predict(blocks))


def test_members_that_overflow() -> None:
    estimator = ours.SGDRegressor(random_state=0, learning_rate="constant")
    with pytest.warns(UserWarning, match="overflowed in 1 of 2"):
        sweep = ours.SGDSweep(estimator, {"eta0": [0.01, 1e300]}, cv=2).fit(X, X[:, 0])
    assert sweep.members_[1] is None
    assert np.isnan(sweep.cv_results_["mean_test_score"][1])
    assert sweep.best_params_ == {"eta0": 0.01}
    with pytest.raises(ValueError, match="every member"):
        ours.SGDSweep(estimator, {"eta0": [1e300]}).fit(X, X[:, 0])


@pytest.mark.parametrize(
    ("grid", "cv", "error", "message"),
    [
        ({"alpha": []}, None, ValueError, "alpha"),
        ({"alpha": 3.0}, None, ValueError, "alpha"),
        ([], None, TypeError, "grid"),
        ({"beta": [1]}, None, ValueError, "beta"),
        ({"alpha": [-1.0]}, None, ValueError, "'alpha' parameter of SGDClassifier"),
        ({"scaler": ["standard"]}, None, ValueError, "scaler"),
        ({"alpha": [1.0]}, 1, ValueError, "n_splits=1"),
        ({"alpha": [1.0]}, "x", TypeError, "cv must be"),
        ({"alpha": [1.0]}, [([0, 1],)], ValueError, "pairs"),
        ({"alpha": [1.0]}, 0.5, TypeError, "cv must be"),
        ({"alpha": [1.0]}, [([0, 1], [97])], ValueError, "below 97"),
    ],
)
def test_what_does_not_fit(grid: Any, cv: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        ours.SGDSweep(ours.SGDClassifier(), grid, cv=cv).fit(X, Y)


def test_other_estimators_are_refused() -> None:
    with pytest.raises(TypeError, match="LinearRegression"):
        ours.SGDSweep(ours.LinearRegression(), {"alpha": [1.0]}).fit(X, Y)
