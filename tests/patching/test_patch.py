"""The patch reaches what scikit-learn and its users hold, says what it did, and goes without trace.

That scikit-learn's own tests pass under it is shown by tools/run_sklearn_tests.py.
"""

from __future__ import annotations

import pickle
import pickletools
import sys
from functools import partial, wraps
from typing import Any

import numpy as np
import pytest
from own import outcomes
from scipy import sparse
from sklearn import linear_model, metrics, preprocessing
from sklearn.base import clone
from sklearn.linear_model import Perceptron, SGDClassifier, SGDOneClassSVM, SGDRegressor
from sklearn.metrics import accuracy_score, f1_score, get_scorer, make_scorer
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    RobustScaler,
    StandardScaler,
)

from polyfuse.sklearn import is_patched, patch_sklearn, report, unpatch_sklearn
from polyfuse.sklearn._functions import names
from polyfuse.sklearn._methods import METHODS

ESTIMATORS = [
    StandardScaler(), StandardScaler(with_std=False), MinMaxScaler(clip=True), MaxAbsScaler(),
    RobustScaler(unit_variance=True), Normalizer("l1"), SGDClassifier(random_state=0),
    SGDClassifier("log_loss", average=10, early_stopping=True, random_state=1),
    SGDRegressor(random_state=0), SGDOneClassSVM(random_state=0), Perceptron(random_state=0),
]  # fmt: skip


def learned(estimator: Any, X: Any, y: Any) -> dict[str, Any]:
    """What an estimator knows after a fit and, if it can, more rows; and what it says."""
    estimator = clone(estimator).fit(X, y)
    if hasattr(estimator, "partial_fit") and not getattr(estimator, "early_stopping", False):
        estimator.partial_fit(X[:50] + 1.0, y[:50])
    said = {
        name: getattr(estimator, name)(X)
        for name in ("transform", "inverse_transform", "decision_function", "predict")
        if hasattr(estimator, name)
    }
    return {**vars(estimator), **said}


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=repr)
def test_instances_are_scikit_learns_in_all_but_speed(
    estimator: Any, data: Any, unpatched: None
) -> None:
    expected = learned(estimator, *data)
    patch_sklearn(strict=True)
    found = learned(estimator, *data)
    # scikit-learn sets these anew in each call, and nobody reads them in between.
    assert expected.keys() - found.keys() <= {"_expanded_class_weight", "_loss_function_"}
    assert found.keys() <= expected.keys()
    exact = {"coef_", "intercept_", "offset_", "t_", "n_iter_"}
    for name, value in found.items():
        wanted = expected[name]
        if name in exact:
            np.testing.assert_array_equal(value, wanted, err_msg=name, strict=True)
        elif isinstance(value, np.ndarray | np.number):
            np.testing.assert_allclose(value, wanted, 1e-12, 1e-13, err_msg=name)
            # scikit-learn's partial_fit makes a float of this count.
            assert name == "n_samples_seen_" or value.dtype == wanted.dtype, name
        else:
            assert type(value) is type(wanted), name
    assert {how for _, how in outcomes()} == {"accelerated"}


def test_every_method_and_function_is_replaced_in_place_and_given_back(unpatched: None) -> None:
    modules = {"metrics": metrics, "preprocessing": preprocessing, "linear_model": linear_model}
    held = {name: getattr(modules[m], name) for name, m in names().items()}
    classes = {name: getattr(modules[m], name) for name, (m, _) in METHODS.items()}
    before = {name: dict(vars(cls)) for name, cls in classes.items()}
    patch_sklearn()
    for name, function in held.items():
        assert getattr(modules[names()[name]], name) is function, name
        assert "polyfuse" in inner(function).__module__, name
    for name, cls in classes.items():
        assert all(vars(cls)[m] is not before[name].get(m) for m in METHODS[name][1]), name
    patch_sklearn()  # again, in the place of the first
    unpatch_sklearn()
    unpatch_sklearn()
    for name, function in held.items():
        assert "polyfuse" not in inner(function).__module__, name
    assert {name: dict(vars(cls)) for name, cls in classes.items()} == before
    assert not is_patched()


def inner(function: Any) -> Any:
    """What a decorated function of scikit-learn calls in the end."""
    while "func" not in function.__code__.co_freevars:
        function = function.__wrapped__
    return function.__closure__[function.__code__.co_freevars.index("func")].cell_contents


def test_what_others_put_in_place_since_is_left(
    unpatched: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    patch_sklearn()

    def fit(self: Any, X: Any) -> Any:
        return self

    monkeypatch.setattr(StandardScaler, "fit", fit)
    unpatch_sklearn()
    assert vars(StandardScaler)["fit"] is fit
    monkeypatch.undo()  # puts the replacement back, which calls scikit-learn's without a patch
    assert StandardScaler().fit([[1.0], [3.0]]).mean_ == [2.0]


def test_names_imported_before_and_scorers_are_reached(data: Any, patched: None) -> None:
    X, y = data
    assert sys.modules[__name__].accuracy_score is metrics.accuracy_score
    assert accuracy_score(y, y) == 1.0
    get_scorer("f1")(SGDClassifier(random_state=0).fit(X, y), X, y)
    cross_val_score(make_pipeline(StandardScaler(), SGDClassifier()), X, y, scoring="roc_auc")
    SGDClassifier().fit(X, y).score(X, y)
    assert {name for name, _ in outcomes()} == {
        "StandardScaler.fit", "StandardScaler.transform", "SGDClassifier.fit", "f1_score",
        "SGDClassifier.predict", "SGDClassifier.decision_function", "roc_auc_score",
        "accuracy_score",
    }  # fmt: skip
    assert report().count("fell back") == report().count("raised") == 0


HELD = [
    make_scorer(f1_score), get_scorer("f1"), partial(f1_score, average="macro"), {"f": f1_score},
    GridSearchCV(SGDClassifier(), {}, scoring=make_scorer(f1_score)),
]  # fmt: skip


@pytest.mark.parametrize("held", HELD, ids=lambda held: type(held).__name__)
def test_functions_that_are_held_are_reached_and_pickle(held: Any, unpatched: None) -> None:
    patch_sklearn()
    under = pickle.loads(pickle.dumps(held))
    if callable(held) and not hasattr(held, "_score_func"):
        held([0, 1], [0, 1])
        assert outcomes() == {("f1_score", "accelerated")}
    unpatch_sklearn()
    pickle.loads(pickle.dumps(held))
    pickle.loads(pickle.dumps(under))


def test_the_function_of_another_decorator_is_reached(
    unpatched: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    @wraps(accuracy_score)
    def decorated(*args: Any, **kwargs: Any) -> Any:
        return accuracy_score(*args, **kwargs)

    monkeypatch.setattr(metrics, "accuracy_score", decorated)
    patch_sklearn()
    assert metrics.accuracy_score([0, 1], [0, 0]) == 0.5
    assert outcomes() == {("accuracy_score", "accelerated")}
    unpatch_sklearn()


class Seen:
    """A callback that tells when it was called, and of which classes of estimators."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.estimators: set[type] = set()

    def _see(self, event: str, estimator: Any) -> None:
        self.events.append(event)
        self.estimators.add(type(estimator))

    def setup(self, estimator: Any, context: Any) -> None:
        self._see("setup", estimator)

    def on_fit_task_begin(self, estimator: Any, context: Any, **kwargs: Any) -> None:
        self._see("begin", estimator)

    def on_fit_task_end(self, estimator: Any, context: Any, **kwargs: Any) -> None:
        self._see("end", estimator)

    def teardown(self, estimator: Any, context: Any) -> None:
        self._see("teardown", estimator)


def test_callbacks_are_called(data: Any, patched: None) -> None:
    pytest.importorskip("sklearn.callback")
    seen = Seen()
    StandardScaler().set_callbacks(seen).fit(data[0])
    assert seen.events == ["setup", "begin", "end", "teardown"]
    assert seen.estimators == {StandardScaler}
    assert outcomes() == {("StandardScaler.fit", "accelerated")}


def test_containers_and_sparse_rows_go_the_way_they_do(data: Any, patched: None) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(data[0], columns=list("abcde"))
    scaler = StandardScaler().set_output(transform="pandas")
    assert list(scaler.fit_transform(frame).columns) == list("abcde")
    assert list(scaler.feature_names_in_) == list("abcde")
    rows = sparse.csr_array(data[0])
    assert sparse.issparse(StandardScaler(with_mean=False).fit_transform(rows))
    assert report().count("accelerated") == len(report().calls)


def test_a_missing_internal_is_a_warning(
    data: Any, unpatched: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("sklearn._config", "sklearn.utils.parallel"):
        monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.delattr(StandardScaler, "partial_fit")
    monkeypatch.setattr(metrics, "f1_score", lambda y_true, y_pred: 0.5)
    with pytest.warns(UserWarning, match="that runs unpatched") as caught:
        patch_sklearn()
    for missing in ("Scaler.partial_fit", "metrics.f1_score", "parallel._FuncWrapper"):
        assert missing in str(caught[0].message)
    assert caught[0].filename == __file__
    SGDClassifier().fit(*data)
    assert metrics.f1_score(1, 2) == 0.5
    assert outcomes() == {("SGDClassifier.fit", "accelerated")}
    unpatch_sklearn()


def test_names_choose_and_wrong_ones_are_told(data: Any, unpatched: None) -> None:
    patch_sklearn(["StandardScaler", "f1_score"])
    StandardScaler().fit(data[0])
    MinMaxScaler().fit(data[0])
    f1_score(data[1], data[1])
    accuracy_score(data[1], data[1])
    assert {name for name, _ in outcomes()} == {"StandardScaler.fit", "f1_score"}
    with pytest.raises(ValueError, match="patched, as StandardScaler; got 'StandardScalar'"):
        patch_sklearn(["f1_score", "StandardScalar"])
    with pytest.raises(ValueError, match="got 'bootstrap'"):  # ours, and not scikit-learn's
        patch_sklearn("bootstrap")
    with pytest.raises(ValueError, match="at least one name; got none"):
        patch_sklearn([])
    assert is_patched()  # the patch in force stays


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=repr)
def test_pickles_do_not_need_polyfuse(estimator: Any, data: Any, patched: None) -> None:
    X, y = data
    fitted = clone(estimator).fit(X, y)
    pickled = pickle.dumps([fitted, make_scorer(f1_score), accuracy_score])
    strings = [arg for _, arg, _ in pickletools.genops(pickled) if isinstance(arg, str)]
    assert not [text for text in strings if "polyfuse" in text]
    again = pickle.loads(pickled)[0]
    assert vars(again).keys() == vars(fitted).keys()


def test_partial_fit_goes_on_where_scikit_learn_stopped(data: Any, unpatched: None) -> None:
    X, y = data
    for estimator in (StandardScaler(), SGDClassifier(random_state=0, average=True)):
        whole = clone(estimator)
        for rows in (slice(0, 70), slice(70, 90), slice(90, 200)):
            whole.partial_fit(X[rows], y[rows], **_classes(estimator))
        mixed = clone(estimator)
        mixed.partial_fit(X[:70], y[:70], **_classes(estimator))
        patch_sklearn(strict=True)
        mixed.partial_fit(X[70:90], y[70:90])
        unpatch_sklearn()
        mixed.partial_fit(X[90:], y[90:])
        name = "scale_" if isinstance(estimator, StandardScaler) else "coef_"
        np.testing.assert_allclose(getattr(mixed, name), getattr(whole, name), rtol=1e-12)


def _classes(estimator: Any) -> dict[str, Any]:
    return {"classes": [0, 1]} if isinstance(estimator, SGDClassifier) else {}


def test_signatures_and_names_stay(unpatched: None) -> None:
    import inspect

    what = [StandardScaler.fit, StandardScaler.transform, SGDClassifier.fit, f1_score]
    before = [(inspect.signature(f), f.__name__, f.__module__, f.__doc__) for f in what]
    patch_sklearn()
    what = [StandardScaler.fit, StandardScaler.transform, SGDClassifier.fit, metrics.f1_score]
    after = [(inspect.signature(f), f.__name__, f.__module__, f.__doc__) for f in what]
    assert after == before
