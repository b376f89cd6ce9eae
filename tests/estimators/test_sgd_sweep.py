"""SGDSweep: every member is the model that is trained alone, to the last bit."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, KFold, ShuffleSplit, StratifiedKFold

from polyfuse import _sgd_members, _sgd_results
from polyfuse import linear_model as ours
from polyfuse._chain_runs import run
from polyfuse._chain_scores import products_of
from polyfuse.exceptions import ConvergenceWarning

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


def test_parameters_and_tags_are_those_of_the_estimator() -> None:
    sweep = ours.SGDSweep(ours.SGDClassifier(), {})
    assert sweep.get_params()["estimator__alpha"] == 1e-4
    assert sweep.set_params(estimator__alpha=1).estimator.alpha == 1
    assert sweep.__sklearn_tags__().input_tags.sparse


def test_names_of_columns(rng: np.random.Generator) -> None:
    x = pd.DataFrame(rng.standard_normal((30, 2)), columns=["b", "a"])
    sweep = ours.SGDSweep(ours.SGDClassifier(random_state=0), {}).fit(x, rng.integers(0, 2, 30))
    assert sweep.n_features_in_ == 2
    assert sweep.feature_names_in_.tolist() == ["b", "a"]


def test_methods_are_those_of_the_best_member(rng: np.random.Generator) -> None:
    x, y = rng.standard_normal((40, 3)), rng.integers(0, 2, 40)
    sweep = ours.SGDSweep(ours.SGDClassifier(random_state=0), {"loss": ["log_loss"]})
    assert not hasattr(sweep, "predict_proba")
    sweep.fit(x, y)
    np.testing.assert_array_equal(sweep.predict_proba(x), sweep.best_estimator_.predict_proba(x))
    np.testing.assert_allclose(np.exp(sweep.predict_log_proba(x)), sweep.predict_proba(x))
    other = ours.SGDSweep(ours.SGDRegressor(random_state=0), {}).fit(x, y)
    for method in ("decision_function", "predict_proba", "predict_log_proba"):
        assert not hasattr(other, method)


# -- folds and results ---------------------------------------------------------------------------


def test_splitters_and_tables_are_those_of_grid_search(rng: np.random.Generator) -> None:
    x, y = rng.standard_normal((60, 3)), np.array(["a", "b"])[rng.integers(0, 2, 60)]
    grid: list[dict[str, Any]] = [
        {"alpha": [1e-3, 1e-2], "penalty": ["l2", None]},
        {"eta0": [0.1], "class_weight": [None, {"a": 1.0, "b": 2.0}]},
    ]
    estimator = ours.SGDClassifier(random_state=0, learning_rate="constant")
    splitters = (
        StratifiedKFold(3, shuffle=True, random_state=0), KFold(4),
        ShuffleSplit(2, random_state=1),
    )  # fmt: skip
    for cv in splitters:
        sweep = ours.SGDSweep(estimator, grid, cv=cv).fit(x, list(y))
        search = GridSearchCV(estimator, grid, cv=cv).fit(x, list(y))
        mine, theirs = sweep.cv_results_, search.cv_results_
        assert {key for key in theirs if "time" not in key} == set(mine)
        for name, values in mine.items():
            if name.startswith("param_"):
                assert values.dtype == theirs[name].dtype
                np.testing.assert_array_equal(values.mask, theirs[name].mask)
                assert values.tolist() == theirs[name].tolist()
            elif name != "params":
                np.testing.assert_allclose(values, theirs[name], rtol=1e-12)
    blocks = {"a": x[:, :1], "b": x[:, 1:]}
    sweep = ours.SGDSweep(estimator, grid, cv=KFold(4)).fit(blocks, y)
    other = ours.SGDSweep(estimator, grid, cv=KFold(4)).fit(x, y)
    np.testing.assert_array_equal(*(s.cv_results_["mean_test_score"] for s in (sweep, other)))


def test_settings_that_do_not_converge_are_counted(rng: np.random.Generator) -> None:
    x, y = rng.standard_normal((40, 3)), rng.integers(0, 2, 40)
    estimator = ours.SGDClassifier(random_state=0, tol=1e-12)
    grid = {"max_iter": [2, 3, 4], "tol": [1e-12, None]}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ours.SGDSweep(estimator, grid, cv=2).fit(x, y)
    (warning,) = caught
    assert issubclass(warning.category, ConvergenceWarning)
    assert "convergence in 3 of 6 settings" in str(warning.message)
    assert warning.filename == __file__


def test_negative_powers_are_warned_of_once(rng: np.random.Generator) -> None:
    x, y = rng.standard_normal((40, 3)), rng.integers(0, 2, 40)
    estimator = ours.SGDClassifier(random_state=0, max_iter=2, tol=None)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ours.SGDSweep(estimator, {"power_t": [-0.1, -0.5, 0.5]}, cv=2).fit(x, y)
    (warning,) = caught
    assert (warning.category, warning.filename) == (FutureWarning, __file__)


def test_a_fold_of_one_class_has_no_score(rng: np.random.Generator) -> None:
    x, y = rng.standard_normal((30, 3)), np.arange(30) % 2
    whole = np.arange(30)
    folds = [(np.flatnonzero(y == 0), whole), (whole, whole)]
    sweep = ours.SGDSweep(ours.SGDClassifier(random_state=0), {"alpha": [1e-3, 1e-2]}, cv=folds)
    with pytest.warns(UserWarning, match="2 of 4 models could not .* fold 0: The number of classe"):
        results = sweep.fit(x, y).cv_results_
    assert np.isnan(results["split0_test_score"]).all()
    assert not np.isnan(results["split1_test_score"]).any()
    assert results["rank_test_score"].tolist() == [1, 1]
    assert sweep.best_index_ == 0
    assert None not in sweep.members_


@pytest.mark.parametrize("budget", [1, 3 * 5 * 8 * 2, 3 * 5 * 8 * 7])
def test_batches_do_not_show(
    budget: int, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, y = rng.standard_normal((60, 5)), rng.integers(0, 3, 60)
    grid = {"alpha": [1e-4, 1e-2, 1.0], "loss": ["hinge", "multinomial"]}
    estimator = ours.SGDClassifier(random_state=0, max_iter=5, tol=None)
    whole = ours.SGDSweep(estimator, grid, cv=3).fit(x, y)
    monkeypatch.setattr(_sgd_members, "BUDGET", budget)
    monkeypatch.setattr(_sgd_results, "BUDGET", budget)
    calls = []

    def counted(samples: Any, chains: Any, callback: Any) -> None:
        calls.append(8 * 5 * len(chains))
        run(samples, chains, callback)

    monkeypatch.setattr(_sgd_members, "run", counted)
    parts = ours.SGDSweep(estimator, grid, cv=3).fit(x, y)
    assert max(calls) <= max(budget, 3 * 5 * 8)
    assert len(calls) == {1: 24, 240: 12, 840: 4}[budget]
    for a, b in zip(whole.members_, parts.members_, strict=True):
        assert_same_model(a, b)
    for name, values in whole.cv_results_.items():
        np.testing.assert_array_equal(values, parts.cv_results_[name])


def test_members_do_not_keep_the_weights_of_folds(rng: np.random.Generator) -> None:
    x, y = rng.standard_normal((60, 5)), rng.integers(0, 2, 60)
    estimator = ours.SGDClassifier(random_state=0, max_iter=5, tol=None)
    for arithmetic in ("exact", "fast"):
        estimator.arithmetic = arithmetic
        (member,) = ours.SGDSweep(estimator, {}, cv=4).fit(x, y).members_
        base = member.coef_ if member.coef_.base is None else member.coef_.base
        assert base.size == 5


def test_members_of_a_fold_are_scored_together(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, y = rng.standard_normal((60, 5)), rng.integers(0, 3, 60)
    outputs = []

    def counted(rows: Any, coef: Any, places: Any) -> Any:
        outputs.append(len(coef))
        return products_of(rows, coef, places)

    monkeypatch.setattr(_sgd_results, "products_of", counted)
    estimator = ours.SGDClassifier(random_state=0, max_iter=2, tol=None)
    ours.SGDSweep(estimator, {"alpha": np.logspace(-5, 0, 12)}, cv=2).fit(x, y)
    assert outputs == [30, 6, 30, 6]


def test_verbose_tells_members_apart(
    rng: np.random.Generator, capfd: pytest.CaptureFixture[str]
) -> None:
    x, y = rng.standard_normal((60, 5)), rng.integers(0, 3, 60)
    estimator = ours.SGDClassifier(random_state=0, max_iter=1, tol=None, verbose=1)
    ours.SGDSweep(estimator, {"alpha": [1e-3, 1e-2]}, cv=2).fit(x, y)
    lines = capfd.readouterr().out.splitlines()
    told = sorted(line.split(": Norm")[0] for line in lines if "Norm" in line)
    assert told == sorted(
        f"Setting {point}, {fold}class {label}"
        for point in range(2) for fold in ("", "fold 0, ", "fold 1, ") for label in range(3)
    )  # fmt: skip


def test_what_cannot_be_called_back(rng: np.random.Generator) -> None:
    sweep = ours.SGDSweep(ours.SGDClassifier(), {})
    with pytest.raises(TypeError, match="callback must be callable; got 3"):
        sweep.fit(rng.standard_normal((20, 2)), rng.integers(0, 2, 20), callback=3)


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
        ({"scaler__copy": [True]}, None, ValueError, "grid must not hold 'scaler'"),
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
