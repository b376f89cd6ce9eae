"""The patch reaches what scikit-learn and its users hold, says what it did, and goes without trace.

That scikit-learn's own tests pass under it is shown by tools/run_sklearn_tests.py.
"""

from __future__ import annotations

import logging
import os
import pickle
import pickletools
import subprocess
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from functools import partial, wraps
from threading import Thread
from typing import Any

import joblib
import numpy as np
import pytest
from scipy import sparse
from sklearn import config_context, linear_model, metrics, preprocessing
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
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
    scale,
)

from polyfuse.exceptions import NotAcceleratedError
from polyfuse.sklearn import clear_report, is_patched, patch_sklearn, report, unpatch_sklearn
from polyfuse.sklearn._functions import names
from polyfuse.sklearn._methods import METHODS

ESTIMATORS = [
    StandardScaler(), StandardScaler(with_std=False), MinMaxScaler(clip=True), MaxAbsScaler(),
    RobustScaler(unit_variance=True), Normalizer("l1"), SGDClassifier(random_state=0),
    SGDClassifier("log_loss", average=10, early_stopping=True, random_state=1),
    SGDRegressor(random_state=0), SGDOneClassSVM(random_state=0), Perceptron(random_state=0),
]  # fmt: skip


@pytest.fixture
def data(request: pytest.FixtureRequest) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(sum(map(ord, request.node.name)))
    X = rng.normal(size=(200, 5)) * [1.0, 3.0, 0.1, 10.0, 1.0] + 2.0
    return X, (X @ [1.0, -1.0, 2.0, 0.1, 0.0] > 1.0).astype(int)


def outcomes() -> set[tuple[str, str]]:
    return {(call.name, call.outcome) for call in report().calls}


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


def test_workers_are_patched_and_strict_if_we_are(data: Any, unpatched: None) -> None:
    X, y = data
    search = GridSearchCV(
        PrivateSGD(random_state=0), {"alpha": [1e-4, 1e-3]}, n_jobs=2, error_score="raise"
    )
    expected = search.fit(X, y).best_score_
    patch_sklearn()
    assert search.fit(X, y).best_score_ == expected
    patch_sklearn(strict=True)
    with pytest.raises(NotAcceleratedError, match="PrivateSGD overrides _get_l1_ratio"):
        search.fit(X, y)


@pytest.mark.parametrize("backend", ["loky", "multiprocessing", "threading"])
def test_backends_of_joblib(backend: str, data: Any, unpatched: None) -> None:
    X, y = data
    model = SGDClassifier(random_state=0)
    expected = cross_val_score(model, X, y, scoring="f1")
    patch_sklearn(strict=True)
    with joblib.parallel_config(backend):
        assert (cross_val_score(model, X, y, scoring="f1", n_jobs=2) == expected).all()


def test_workers_are_unpatched_when_we_are(data: Any, unpatched: None) -> None:
    X, y = data
    patch_sklearn(strict=True)
    cross_val_score(SGDClassifier(), X, y, n_jobs=2)
    unpatch_sklearn()
    cross_val_score(PrivateSGD(), X, y, n_jobs=2, error_score="raise")


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


def test_a_scorer_sent_to_a_worker_is_accelerated_there(data: Any, unpatched: None) -> None:
    X, y = data
    patch_sklearn(["f1_score"], strict=True)
    scoring = make_scorer(_f1_that_must_be_ours)
    assert np.isfinite(cross_val_score(SGDClassifier(), X, y, scoring=scoring, n_jobs=2)).all()


def _f1_that_must_be_ours(y_true: Any, y_pred: Any) -> float:
    calls = len(report().calls)
    score = float(f1_score(y_true, y_pred))
    assert report().calls[calls:][-1].outcome == "accelerated"
    return score


class Overridden(SGDClassifier):
    def decision_function(self, X: Any) -> Any:
        return -super().decision_function(X)


class PrivateSGD(SGDClassifier):
    def _get_l1_ratio(self) -> Any:
        return super()._get_l1_ratio()


class Private(MinMaxScaler):
    def _reset(self) -> None:
        super()._reset()


class Renamed(StandardScaler):
    def __init__(self, width: int = 1) -> None:
        super().__init__(with_std=False)
        self.width = width

    def fit(self, X: Any, y: Any = None) -> Any:
        return super().fit(X * self.width)


class Losses(SGDClassifier):
    loss_functions = {**SGDClassifier.loss_functions}  # noqa: RUF012


class Alpha(SGDClassifier):
    @property
    def alpha(self) -> float:
        return 0.5

    @alpha.setter
    def alpha(self, value: float) -> None:
        pass


class Setting(StandardScaler):
    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)


class Unready(StandardScaler):
    def __sklearn_is_fitted__(self) -> bool:
        return False


class OwnNames(StandardScaler):
    def get_feature_names_out(self, input_features: Any = None) -> Any:
        return np.array([f"z{i}" for i in range(5)], dtype=object)


class OwnScaler(SGDClassifier):
    def __init__(self, scaler: str = "standard", random_state: int = 0) -> None:
        super().__init__(random_state=random_state)
        self.scaler = scaler
        self._features = "kept"


@pytest.mark.parametrize("cls", [Losses, Alpha, Setting, Unready, OwnNames, OwnScaler])
def test_subclasses_are_what_they_are_without_the_patch(
    cls: Any, data: Any, unpatched: None
) -> None:
    pandas = pytest.importorskip("pandas")
    X, y = data

    def result() -> Any:
        model = (
            cls() if cls is OwnScaler or issubclass(cls, StandardScaler) else cls(random_state=0)
        )
        model.fit(X, y)
        if hasattr(model, "coef_"):
            return model.coef_, vars(model).get("_features")
        try:
            frame = model.set_output(transform="pandas").transform(X)
        except ValueError as error:
            return str(error)
        assert isinstance(frame, pandas.DataFrame)
        return list(frame.columns)

    expected = result()
    patch_sklearn()
    np.testing.assert_equal(result(), expected)
    fast = {name for name, how in outcomes() if how == "accelerated"}
    assert fast == ({"StandardScaler.fit"} if cls is OwnNames else set())


def test_what_only_ours_takes_is_refused(data: Any, patched: None) -> None:
    X, y = data
    for X_of_blocks in ({"a": X, "b": X}, [X, X]):
        with pytest.raises((ValueError, TypeError)):
            SGDClassifier().fit(X_of_blocks, y)
    with pytest.raises(ValueError, match="multinomial"):
        SGDClassifier("multinomial").fit(X, y)
    with pytest.raises(TypeError, match="callback"):
        SGDClassifier().fit(X, y, callback=print)
    with pytest.raises(TypeError, match="out"):
        StandardScaler().fit(X).transform(X, out=X)


def test_a_warning_that_is_an_error_is_no_reason_to_learn_again(data: Any, unpatched: None) -> None:
    X, y = data

    def learned() -> Any:
        model = SGDClassifier(random_state=0, max_iter=2, warm_start=True)
        for _ in range(2):
            with warnings.catch_warnings():
                warnings.simplefilter("error", ConvergenceWarning)
                with pytest.raises(ConvergenceWarning):
                    model.fit(X, y)
        return model.coef_

    expected = learned()
    patch_sklearn()
    np.testing.assert_array_equal(learned(), expected)


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


def test_warnings_come_from_scikit_learn(data: Any, patched: None) -> None:
    X, y = data
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", module="sklearn")
        SGDClassifier(max_iter=1).fit(X, y)
        f1_score([1, 1], [0, 0])
    assert report().count("accelerated") == 2


def test_subclasses_that_change_what_is_called_run_on_scikit_learn(
    data: Any, patched: None
) -> None:
    X, y = data
    model = Overridden(random_state=0).fit(X, y)
    np.testing.assert_array_equal(
        model.predict(X), 1 - SGDClassifier(random_state=0).fit(X, y).predict(X)
    )
    Private().fit(X)
    np.testing.assert_allclose(Renamed(2).fit(X).transform(X), X - 2 * X.mean(axis=0))
    reasons = {(c.name, c.reason) for c in report().calls if c.outcome == "fell back"}
    assert reasons == {
        ("MinMaxScaler.fit", "Private overrides _reset"),
        ("MinMaxScaler.partial_fit", "Private overrides _reset"),
    }
    assert ("SGDClassifier.decision_function", "accelerated") in outcomes()
    assert ("StandardScaler.fit", "accelerated") in outcomes()


@pytest.mark.parametrize(
    "call",
    [
        lambda X, y: StandardScaler().transform(X),
        lambda X, y: StandardScaler(with_mean=1).fit(X),
        lambda X, y: StandardScaler().fit(X[0]),
        lambda X, y: MinMaxScaler((1, 0)).fit(X),
        lambda X, y: StandardScaler().fit(X).transform(X[:, :2]),
        lambda X, y: SGDClassifier(alpha=-1.0).fit(X, y),
        lambda X, y: SGDClassifier(loss="none").fit(X, y),
        lambda X, y: SGDClassifier().fit(np.full_like(X, np.nan), y),
        lambda X, y: SGDClassifier().fit(X, y[:-1]),
        lambda X, y: accuracy_score(y, y[:-1]),
        lambda X, y: f1_score(y, X[:, 0]),
        lambda X, y: f1_score(y, y, average="none"),
        lambda X, y: f1_score(y, y, wrong=1),
        lambda X, y: scale(X, axis=7),
    ],
)
def test_bad_input_is_told_in_scikit_learns_words(
    call: Callable[..., Any], data: Any, unpatched: None
) -> None:
    with pytest.raises(Exception) as expected:  # noqa: PT011
        call(*data)
    patch_sklearn(strict=True)
    with pytest.raises(expected.type) as found:
        call(*data)
    assert type(found.value) is expected.type
    assert str(found.value) == str(expected.value)
    assert found.value.__context__ is None or expected.value.__context__ is not None
    assert report().calls[-1].outcome == "raised"


@pytest.mark.filterwarnings("ignore:invalid value")
def test_what_ours_does_not_take_is_computed_by_scikit_learn(data: Any, unpatched: None) -> None:
    X, _ = data
    with config_context(assume_finite=True):
        X[0, 0] = np.inf
        expected = Normalizer("max").fit(X).transform(X)
        patch_sklearn()
        np.testing.assert_array_equal(Normalizer("max").fit(X).transform(X), expected)
        assert report().calls[-1].outcome == "fell back"
        assert report().calls[-1].reason.startswith("ValueError: Input X contains infinity")
        assert report().calls[-1].is_dense_numeric
        patch_sklearn(strict=True)
        with pytest.raises(NotAcceleratedError, match="Normalizer.fit cannot be accelerated: Val"):
            Normalizer("max").fit(X)


DISPATCH = """
import numpy as np
from sklearn import config_context
from sklearn.preprocessing import StandardScaler
from polyfuse.sklearn import patch_sklearn, report

class Other(np.ndarray):
    "An array of another library, as far as anyone can tell."

patch_sklearn()
X = np.eye(3)
with config_context(array_api_dispatch=True):
    StandardScaler().fit(X)
    StandardScaler().fit(X.view(Other))
print([call.reason for call in report().calls if call.name == "StandardScaler.fit"])
"""


def test_arrays_for_dispatch_are_left_to_scikit_learn() -> None:
    environment = {**os.environ, "SCIPY_ARRAY_API": "1"}
    done = subprocess.run([sys.executable, "-c", DISPATCH], capture_output=True, text=True,
                          check=True, env=environment)  # fmt: skip
    assert done.stdout == "['', 'array_api_dispatch=True, and an argument is of __main__']\n"


def test_parameters_that_polyfuse_does_not_know_are_an_obstacle(
    data: Any, unpatched: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def init(self: Any, *, copy: bool = True, clip: bool = False, new: int = 3) -> None:
        self.copy, self.clip, self.new = copy, clip, new

    monkeypatch.setattr(MaxAbsScaler, "__init__", init)
    patch_sklearn()
    MaxAbsScaler().fit(data[0])
    assert report().calls[-1].outcome == "accelerated"
    MaxAbsScaler(new=4).fit(data[0])
    assert report().calls[-1].reason == "the parameter new is not known to polyfuse"
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


@pytest.mark.parametrize("cls", [SGDClassifier, SGDOneClassSVM])
@pytest.mark.parametrize("learning_rate", ["constant", "optimal"])
def test_generators_are_left_where_scikit_learn_leaves_them(
    cls: Any, learning_rate: str, data: Any, unpatched: None
) -> None:
    X, y = data

    def drawn() -> tuple[float, float]:
        """Numbers that follow a fit that overflows, or not."""
        np.random.seed(5)  # noqa: NPY002 (what SGDOneClassSVM draws from)
        generator = np.random.RandomState(7)
        model = cls(random_state=generator, learning_rate=learning_rate, eta0=1e3, max_iter=9)
        with suppress(ValueError), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(X * 1e200, y)
        return generator.random_sample(), float(np.random.random_sample())  # noqa: NPY002

    expected = drawn()
    patch_sklearn()
    assert drawn() == expected


def test_an_instance_that_was_given_a_method_is_asked_for_it(data: Any, patched: None) -> None:
    X, y = data
    model = SGDClassifier(random_state=0).fit(X, y)
    model.decision_function = lambda X: np.full(len(X), -1.0)
    assert not model.predict(X).any()


def test_signatures_and_names_stay(unpatched: None) -> None:
    import inspect

    what = [StandardScaler.fit, StandardScaler.transform, SGDClassifier.fit, f1_score]
    before = [(inspect.signature(f), f.__name__, f.__module__, f.__doc__) for f in what]
    patch_sklearn()
    what = [StandardScaler.fit, StandardScaler.transform, SGDClassifier.fit, metrics.f1_score]
    after = [(inspect.signature(f), f.__name__, f.__module__, f.__doc__) for f in what]
    assert after == before


def test_the_report_is_a_table_and_counts_all_calls(data: Any, patched: None) -> None:
    X, y = data
    threads = [Thread(target=lambda: [accuracy_score(y, y) for _ in range(4000)])
               for _ in range(4)]  # fmt: skip
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    Private().fit(X)
    with pytest.raises(ValueError, match="inconsistent"):
        accuracy_score(y, y[:3])
    seen = report()
    assert len(seen.calls) == 10_000  # the latest
    assert seen.totals["accuracy_score", "accelerated", ""][0] == 16_000
    assert seen.totals["accuracy_score", "accelerated", ""][1] > 0.0
    assert seen.calls[-1].shape == (200,)
    assert seen.calls[-1].outcome == "raised"
    assert seen.count("fell back") == 2  # fit, which calls partial_fit
    lines = str(seen).splitlines()
    assert lines[0].split() == ["outcome", "calls", "seconds", "reason"]
    assert [line.split()[:3] for line in lines[1:2]] == [["MinMaxScaler.fit", "fell", "back"]]
    assert lines[-1] == "16,000 accelerated, 2 fell back, 1 raised"
    clear_report()
    assert str(report()) == "No call of what is patched."


def test_the_log_tells_of_fallback(
    data: Any, patched: None, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="polyfuse"):
        StandardScaler().fit(data[0])
        Private().fit(data[0])
    assert [record.getMessage().rpartition(",")[0] for record in caplog.records] == [
        "MinMaxScaler.partial_fit: fell back (Private overrides _reset)",
        "MinMaxScaler.fit: fell back (Private overrides _reset)",
    ]
