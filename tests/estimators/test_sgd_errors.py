"""Errors and warnings of the SGD estimators are scikit-learn's: kind, first line, and number."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import sklearn.linear_model as theirs

from polyfuse import linear_model as ours
from polyfuse.preprocessing import MinMaxScaler, StandardScaler

NAMES = ("SGDClassifier", "SGDRegressor", "SGDOneClassSVM", "Perceptron")
X = np.random.default_rng(0).standard_normal((30, 3))
Y = (X[:, 0] > 0).astype(int)
ONES = np.ones(30)
FRAME = pd.DataFrame(X, columns=["a", "b", "c"])
SHORT = {"random_state": 0, "tol": None, "max_iter": 2}

Case = tuple[dict[str, Any], Callable[[Any, Any], Any]]


def holed(value: float) -> np.ndarray:
    x = X.copy()
    x[3, 1] = value
    return x


def wide() -> Any:
    x = sp.csr_matrix(X)
    x.indices, x.indptr = x.indices.astype(np.int64), x.indptr.astype(np.int64)
    return x


PARAMETERS: list[dict[str, Any]] = [
    {"alpha": -1}, {"max_iter": 0}, {"tol": -1}, {"penalty": "x"}, {"l1_ratio": 2},
    {"l1_ratio": None, "penalty": "elasticnet"}, {"eta0": 0}, {"power_t": np.inf},
    {"power_t": -1.0}, {"learning_rate": "x"}, {"learning_rate": "pa1", "loss": "squared_hinge"},
    {"learning_rate": "pa1"}, {"alpha": 0, "learning_rate": "optimal"}, {"fit_intercept": 1},
    {"shuffle": "a"}, {"verbose": -1}, {"random_state": "a"}, {"random_state": -1},
    {"warm_start": 3}, {"average": -1}, {"average": 0}, {"early_stopping": "a"},
    {"validation_fraction": 0}, {"validation_fraction": 1.0}, {"n_iter_no_change": 0},
    {"validation_fraction": 0.001, "early_stopping": True}, {"epsilon": -1},
    {"validation_fraction": 0.99, "early_stopping": True}, {"n_jobs": 1.5}, {"nu": 0}, {"nu": 2},
    {"class_weight": "x"}, {"class_weight": {0: 1, 5: 2}}, {"class_weight": {7: 1}},
    {"class_weight": [1]}, {"max_iter": 2}, {"eta0": 1e300, "learning_rate": "constant"},
    {"alpha": 1e300},
]  # fmt: skip
DATA: list[Any] = [
    holed(np.nan), holed(np.inf), X[:0], X[:, :0], X[0], X[:, :, None], "abc", [["a", "b"]] * 30,
    X + 1j, wide(), X[:20], sp.csr_matrix(holed(np.nan)), np.matrix(X),
]  # fmt: skip
TARGETS: list[Any] = [
    None, Y[:5], np.c_[Y, Y], np.zeros(30), np.r_[np.nan, X[1:, 0]], np.r_[np.inf, X[1:, 0]],
    X[:, 0], Y + 1j, np.array(list("ab") * 15), np.array(["a", 1] * 15, object),
    sp.csr_matrix(Y[:, None]), Y[:, None], np.array([1] + [0] * 29), 5,
]  # fmt: skip
WEIGHTS: list[Any] = [
    ONES[:5], 0 * ONES, ONES * np.nan, np.ones((30, 2)), 2.0, 0.0, np.r_[1, 0 * ONES[1:]],
    ONES + 1j, [1j] * 30, 1j, np.array(1j), [], ONES[:0], np.array(2.0), sp.csr_matrix(ONES),
]  # fmt: skip


def fits(name: str) -> Iterator[Case]:
    for params in PARAMETERS:
        yield params, lambda e, y: e.fit(X, y)
    for x in DATA:
        yield {}, lambda e, y, x=x: e.fit(x, y)
    for weight in WEIGHTS:
        yield {}, lambda e, y, w=weight: e.fit(X, y, sample_weight=w)
    for init in (np.zeros(2), np.zeros((3, 3)), np.zeros((1, 3))):
        yield {}, lambda e, y, init=init: e.fit(X, y, coef_init=init)
    key = "offset_init" if name == "SGDOneClassSVM" else "intercept_init"
    for start in (np.zeros(2), np.zeros((1, 1)), np.zeros(1), 0.5):
        yield {}, lambda e, y, start=start: e.fit(X, y, **{key: start})
    if name == "SGDOneClassSVM":
        return
    for early in (False, True):
        for target in TARGETS:
            yield {"early_stopping": early}, lambda e, y, t=target: e.fit(X, t)
    for weight in (0 * ONES, np.r_[1, 0 * ONES[1:]]):
        yield {"early_stopping": True}, lambda e, y, w=weight: e.fit(X, y, sample_weight=w)


def later_calls(name: str) -> Iterator[Case]:
    yield SHORT, lambda e, y: e.predict(X)
    yield SHORT, lambda e, y: e.sparsify()
    for x in (X.astype(str), X.astype(bytes), X.astype(object), None, 5, [1, 2], [None, 1]):
        yield SHORT, lambda e, y, x=x: e.fit(X, y).predict(x) is None
        yield SHORT, lambda e, y, x=x: e.fit(X, y).decision_function(x) is None
        yield SHORT, lambda e, y, x=x: e.fit(X, y).partial_fit(x, y)
    yield SHORT, lambda e, y: e.densify()
    for x in (X[:, :2], holed(np.nan), holed(np.inf), X[0], FRAME, sp.csr_matrix(X[:, :2])):
        yield SHORT, lambda e, y, x=x: e.fit(X, y).predict(x) is None
    for x in (X[:, :2], holed(np.nan), FRAME):
        yield SHORT, lambda e, y, x=x: e.fit(X, y).partial_fit(x, y)
    yield SHORT, lambda e, y: e.fit(FRAME, y).predict(X) is None
    yield SHORT, lambda e, y: e.fit(FRAME, y).predict(FRAME[["b", "a", "c"]])
    yield SHORT, lambda e, y: e.fit(FRAME, y).partial_fit(FRAME[["b", "a", "c"]], y)
    yield {"warm_start": True, **SHORT}, lambda e, y: e.fit(X, y).fit(X[:, :2], y)
    if name == "SGDOneClassSVM":
        yield SHORT, lambda e, y: e.fit(X, y).score_samples(X.astype(str))
    if name in ("SGDClassifier", "Perceptron"):
        for labels in ([0, 1], [0.0, 1.0]):
            yield {}, lambda e, y, labels=labels: e.fit(X, y).partial_fit(X, y, labels).classes_
        yield {}, lambda e, y: e.fit(X, y).score(X.astype(str), y)
        yield {}, lambda e, y: e.partial_fit(X, y)
        yield {}, lambda e, y: e.partial_fit(X, y, [0, 1]).partial_fit(X, y, [0, 2])
        yield {}, lambda e, y: e.partial_fit(X, y, [0, 3])
        yield {}, lambda e, y: e.partial_fit(X, y, [0])
        yield {"class_weight": "balanced"}, lambda e, y: e.partial_fit(X, y, [0, 1])
        yield {"early_stopping": True}, lambda e, y: e.partial_fit(X, y, [0, 1])
        yield {}, lambda e, y: e.predict_proba(X)
        yield {"warm_start": True, **SHORT}, lambda e, y: e.fit(X, y).fit(X, np.arange(30) % 3)
    if name == "SGDRegressor":
        yield {"early_stopping": True}, lambda e, y: e.partial_fit(X, y)


def outcome(module: Any, name: str, params: dict[str, Any], call: Any) -> Any:
    """What a call returns or raises, and the warnings on the way; None if there is no call."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            estimator = getattr(module, name)(**{"random_state": 0, **params})
        except TypeError:
            return None
        try:
            result = call(estimator, None if name == "SGDOneClassSVM" else Y)
            value: Any = np.asarray(getattr(result, "coef_", result))
        except Exception as error:
            value = error
    told = [(w.category.__name__, str(w.message)) for w in caught]
    return value, [each for each in told if each[0] != "RuntimeWarning"]


def first_line(error: Exception) -> str:
    """Sets are printed in no particular order; ours has one loss more."""
    line = str(error).split("\n")[0].replace(", 'multinomial'", "")
    return re.sub(r"\{[^}]*\}", lambda found: "".join(sorted(found[0])), line)


def assert_same(name: str, params: dict[str, Any], call: Any) -> None:
    mine, other = outcome(ours, name, params, call), outcome(theirs, name, params, call)
    if other is None:
        assert mine is None
        return
    assert mine[1] == other[1], params
    if not isinstance(other[0], Exception):
        np.testing.assert_array_equal(mine[0], other[0])
        assert mine[0].dtype == other[0].dtype
        return
    assert isinstance(mine[0], Exception), f"{params}: {other[0]!r} is not raised"
    for kind in (ValueError, TypeError, AttributeError):
        assert isinstance(mine[0], kind) == isinstance(other[0], kind), (params, mine[0])
    assert first_line(mine[0]).startswith(first_line(other[0])), params


@pytest.mark.parametrize("name", NAMES)
def test_fit(name: str) -> None:
    for params, call in fits(name):
        assert_same(name, params, call)


@pytest.mark.parametrize("name", NAMES)
def test_calls_after_fit(name: str) -> None:
    for params, call in later_calls(name):
        assert_same(name, params, call)


def test_an_unknown_loss() -> None:
    for name in NAMES[:2]:
        assert_same(name, {"loss": "x"}, lambda e, y: e.fit(X, y))


@pytest.mark.parametrize("name", NAMES)
def test_a_fit_that_fails_leaves_nothing_behind(name: str) -> None:
    y = None if name == "SGDOneClassSVM" else Y
    fresh = getattr(ours, name)(**SHORT)
    with pytest.raises(ValueError, match="NaN"):
        fresh.fit(holed(np.nan), y)
    assert not [key for key in vars(fresh) if key.endswith("_")]
    fitted = getattr(ours, name)(**SHORT).fit(X, y)
    before = {key: np.array(value) for key, value in vars(fitted).items() if key.endswith("_")}
    for method in (fitted.partial_fit, fitted.fit):
        with pytest.raises(ValueError, match="Floating-point under-/overflow occurred at epoch #1"):
            method(-1e100 * X, y, sample_weight=1e300 * ONES)
    with pytest.raises(ValueError):  # noqa: PT011
        fitted.fit(X[:, :0], y)
    for key, value in before.items():
        np.testing.assert_array_equal(getattr(fitted, key), value)


def column_vectors(model: Any, first: dict[str, Any]) -> Iterator[Any]:
    y = Y[:, None]
    yield lambda: model.fit(X, y)
    yield lambda: type(model)(**SHORT).partial_fit(X, y, **first)
    yield lambda: model.partial_fit(X, y)


@pytest.mark.parametrize("name", [*NAMES[:2], "Perceptron", "GDClassifier", "GDRegressor"])
def test_a_column_of_labels_is_told_of_where_it_is_given(name: str) -> None:
    first = {} if name.endswith("Regressor") else {"classes": [0, 1]}
    model = getattr(ours, name)(random_state=0, max_iter=2)
    for call in column_vectors(model, first):
        with pytest.warns(UserWarning) as told:  # noqa: PT030
            call()
        (warning,) = [w for w in told if "column-vector" in str(w.message)]
        assert warning.filename == __file__


def test_where_a_sparse_value_is_not_finite(rng: np.random.Generator) -> None:
    dense = rng.standard_normal((6, 4)) * (rng.random((6, 4)) < 0.5)
    for value, kind in ((np.nan, "NaN"), (np.inf, "infinity")):
        dense[4, 2] = value
        for x in (sp.csr_matrix(dense), sp.csc_matrix(dense), {"text": sp.csr_array(dense)}):
            with pytest.raises(ValueError, match=rf"{kind}[^[]*The first is at \[4, 2\]"):
                ours.SGDOneClassSVM().fit(x)


LEARNERS = (*NAMES, "GDClassifier", "GDRegressor")
each_learner = pytest.mark.parametrize("name", LEARNERS)


@each_learner
def test_a_callback_that_is_none_fails_before_training(name: str) -> None:
    model = getattr(ours, name)(random_state=0, max_iter=2)
    with pytest.raises(TypeError, match="callback must be callable; got 3"):
        model.fit(X, Y, callback=3)
    assert not hasattr(model, "coef_")


@pytest.mark.parametrize("params", [{"loss": "foo"}, {"penalty": "foo"}, {"learning_rate": "foo"}])
@pytest.mark.parametrize("name", NAMES[:2])
def test_names_that_are_changed_after_fit(name: str, params: dict[str, Any]) -> None:
    model = getattr(ours, name)(**SHORT).fit(X, Y).set_params(**params)
    with pytest.raises(ValueError, match=rf"'{next(iter(params))}' parameter .* Got 'foo'"):
        model.partial_fit(X, Y)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("scaler", ["standard", "minmax", MinMaxScaler(), StandardScaler()])
def test_scalers_that_sparse_blocks_do_not_take(name: str, scaler: Any) -> None:
    model, sparse = getattr(ours, name)(scaler=scaler, **SHORT), sp.csr_matrix(X)
    hint = r"is sparse; use 'maxabs', None or StandardScaler\(with_mean=False\) for it"
    with pytest.raises(ValueError, match=f"scaler: block 'text' {hint}"):
        model.fit({"text": sparse, "image": X}, Y)
    with pytest.raises(ValueError, match=f"scaler: X {hint}"):
        model.fit(sparse, Y)


@pytest.mark.parametrize("name", LEARNERS[4:])
def test_descent_takes_no_sparse_blocks(name: str) -> None:
    for scaler in (None, "standard", ["standard", None]):
        model = getattr(ours, name)(scaler=scaler)
        with pytest.raises(TypeError, match=r"Sparse data was passed for X\['text'\]"):
            model.fit({"text": sp.csr_matrix(X), "image": X}, Y)


@each_learner
def test_scalers_of_a_matrix_may_be_given_to_another_model(name: str) -> None:
    kind = getattr(ours, name)
    params: dict[str, Any] = {"random_state": 0, "tol": None, "max_iter": 2}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # two epochs are few
        one = kind(scaler="standard", **params).fit(X, Y)
        other = kind(scaler=one.scalers_, **params).fit(X, Y)
    np.testing.assert_array_equal(one.coef_, other.coef_)
    with pytest.raises(
        ValueError, match=r"must have the keys \['X'\].*: 'X' is missing, 'Y' is not"
    ):
        kind(scaler={"Y": "standard"}).fit(X, Y)


@pytest.mark.parametrize("kind", ["one row", "negative weight", "short y"])
def test_scores_of_regressors_are_theirs(kind: str, rng: np.random.Generator) -> None:
    x, y, weight = rng.standard_normal((40, 3)), rng.standard_normal(40), np.linspace(-0.1, 1, 40)
    told = []
    for library in (ours, theirs):
        model = library.SGDRegressor(max_iter=5, tol=None, random_state=0).fit(x, y)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                if kind == "one row":
                    result = str(model.score(x[:1], y[:1]))
                elif kind == "negative weight":
                    result = f"{model.score(x, y, weight):.9g}"
                else:
                    result = str(model.score(x, y[:-1]))
            except ValueError as error:
                result = str(error)
        told.append((result, [str(warning.message) for warning in caught]))
    assert told[0] == told[1]
