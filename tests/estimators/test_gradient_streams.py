"""GDClassifier and GDRegressor: weights, warm starts, streams, blocks, warnings and errors."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from gradient_problems import XR, YR, X, Y, classified
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning as SkConvergenceWarning
from sklearn.exceptions import DataConversionWarning as SkDataConversionWarning
from sklearn.linear_model import SGDClassifier

from polyfuse.exceptions import ConvergenceWarning, InvalidParameterError
from polyfuse.linear_model import GDClassifier, GDRegressor
from polyfuse.preprocessing import StandardScaler

BOTH = [(GDClassifier, X, Y), (GDRegressor, XR, YR)]


def state(model: Any) -> dict[str, str]:
    return {name: repr(value) for name, value in vars(model).items()}


@pytest.mark.parametrize("n_classes", [2, 3])
def test_class_weight_is_a_weight_per_row(n_classes: int) -> None:
    x, y = classified(n_classes)
    given = {0: 3.0, 1: 0.5, 2: 1.0}
    given = {k: given[k] for k in range(n_classes)}
    rows = np.array([given[k] for k in y])
    balanced = len(y) / (n_classes * np.bincount(y))
    for class_weight, weight in ((given, rows), ("balanced", balanced[y])):
        for batch_size in (None, 16):
            options = {"batch_size": batch_size, "random_state": 0}
            a = GDClassifier(class_weight=class_weight, **options).fit(x, y)
            b = GDClassifier(**options).fit(x, y, weight)
            np.testing.assert_array_equal(a.coef_, b.coef_)
    double = np.linspace(0.5, 2, len(y))
    a = GDClassifier(class_weight=given).fit(x, y, double)
    np.testing.assert_allclose(a.coef_, GDClassifier().fit(x, y, double * rows).coef_)


# -- warm starts and streams ---------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "x", "y"), BOTH)
def test_warm_start(kind: Any, x: NDArray, y: NDArray) -> None:
    model = kind(warm_start=True).fit(x, y)
    assert model.n_iter_ > 5
    assert model.fit(x, y).n_iter_ == 1
    kept = state(model)
    with pytest.raises(ValueError, match="warm_start=True needs"):
        model.fit(x[:, :4], y)
    assert state(model) == kept


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("scaler", [None, "standard", StandardScaler()])
@pytest.mark.parametrize("batch_size", [None, 8])
def test_partial_fit_learns_from_a_stream(scaler: Any, batch_size: Any) -> None:
    for kind, x, y in BOTH:
        model = kind(batch_size=batch_size, scaler=scaler, random_state=0)
        first = {"classes": np.unique(y)} if kind is GDClassifier else {}
        for _ in range(20):
            for start in range(0, len(y), 40):
                model.partial_fit(x[start : start + 40], y[start : start + 40], **first)
                first = {}
        assert model.score(x, y) > kind(scaler=scaler).fit(x, y).score(x, y) - 0.05
        assert len(model.loss_curve_) == 20 * len(range(0, len(y), 40))


def test_partial_fit_of_one_batch_is_an_epoch() -> None:
    options = {"batch_size": 20, "eta0": 0.1, "shuffle": False, "momentum": 0.7}
    model = GDRegressor(**options)
    for _ in range(3):
        model.partial_fit(XR, YR)
    whole = GDRegressor(**options, learning_rate="constant", max_iter=3, tol=None).fit(XR, YR)
    np.testing.assert_array_equal(model.coef_, whole.coef_)


@pytest.mark.parametrize("by_block", [False, True])
def test_scalers_learn_alike_however_they_are_given(by_block: bool) -> None:
    x: Any = {"a": XR[:, :4], "b": XR[:, 4:]} if by_block else XR
    halves = [({k: v[i] for k, v in x.items()} if by_block else x[i], YR[i])
              for i in (slice(0, 100), slice(100, 200))]  # fmt: skip
    given: list[Any] = ["standard", StandardScaler()]
    if by_block:
        given += [{"a": "standard", "b": StandardScaler()}]
    models = [GDRegressor(scaler=scaler, random_state=0) for scaler in given]
    for model in models:
        for part in halves:
            model.partial_fit(*part)
        np.testing.assert_array_equal(model.coef_, models[0].coef_)
        assert {s.n_samples_seen_ for s in model.scalers_.values()} == {200}
    assert not hasattr(given[1], "mean_")
    fitted = StandardScaler().fit(XR[:50])
    model = GDRegressor(scaler=fitted, early_stopping=True, random_state=0).fit(XR, YR)
    assert model.scalers_["X"] is fitted
    assert fitted.n_samples_seen_ == 50


def test_partial_fit_goes_on_when_rows_get_longer() -> None:
    model = GDRegressor(batch_size=8, random_state=0)
    for factor in (1.0, 30.0, 1000.0):
        for _ in range(10):
            model.partial_fit(XR * factor, YR)
    assert np.isfinite(model.coef_).all()


# -- blocks --------------------------------------------------------------------------------------


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("batch_size", [None, 16])
@pytest.mark.parametrize("scaler", [None, "standard", "minmax"])
def test_blocks_are_their_columns_side_by_side(batch_size: Any, scaler: Any) -> None:
    options = {"batch_size": batch_size, "scaler": scaler, "random_state": 0, "max_iter": 40}
    for kind, x, y in BOTH:
        blocks = {"image": x[:, :4], "text": x[:, 4:]}
        model, stacked = kind(**options, tol=None), kind(**options, tol=None).fit(x, y)
        for given in (blocks, list(blocks.values())):
            model.fit(given, y)
            np.testing.assert_array_equal(model.coef_, stacked.coef_)
            np.testing.assert_array_equal(model.predict(given), stacked.predict(x))
        backwards = dict(reversed(blocks.items()))
        np.testing.assert_array_equal(
            model.fit(blocks, y).predict(backwards), model.predict(blocks)
        )
        assert model.modalities_ == ["image", "text"]
        assert model.n_features_in_ == 6
        assert (scaler is not None) == hasattr(model, "scalers_")
        with pytest.raises(ValueError, match="one matrix"):
            model.predict(x)
        assert not hasattr(model.fit(x, y), "modalities_")


# -- warnings, names, interruptions, errors ------------------------------------------------------


@pytest.mark.parametrize(("kind", "x", "y"), BOTH)
def test_it_says_when_it_has_not_converged(kind: Any, x: NDArray, y: NDArray) -> None:
    for category in (ConvergenceWarning, SkConvergenceWarning):
        with pytest.warns(category, match=f"{kind.__name__} has not converged in max_iter=2"):
            model = kind(max_iter=2).fit(x, y)
    assert model.n_iter_ == 2
    kind(max_iter=2, tol=None).fit(x, y)


def test_a_column_of_targets_is_a_vector_with_a_warning() -> None:
    for kind, x, y in BOTH:
        with pytest.warns(SkDataConversionWarning, match="column-vector y"):
            model = kind().fit(x, y[:, None])
        np.testing.assert_array_equal(model.coef_, kind().fit(x, y).coef_)


def test_logarithms_of_probabilities() -> None:
    for n_classes in (2, 3):
        x, y = classified(n_classes)
        model = GDClassifier().fit(x, y)
        np.testing.assert_allclose(np.exp(model.predict_log_proba(x)), model.predict_proba(x))


@pytest.mark.parametrize(("kind", "x", "y"), BOTH)
@pytest.mark.parametrize("batch_size", [None, 16])
def test_an_interrupted_fit_leaves_the_model_as_it_was(
    kind: Any, x: NDArray, y: NDArray, batch_size: Any
) -> None:
    def interrupt(iteration: int, loss: float) -> None:
        if iteration == 3:
            raise KeyboardInterrupt

    model = kind(batch_size=batch_size, random_state=0)
    with pytest.raises(KeyboardInterrupt):
        model.fit(x, y, callback=interrupt)
    assert not [name for name in vars(model) if name.endswith("_")]
    model.fit(x, y)
    kept = state(model)
    with pytest.raises(KeyboardInterrupt):
        model.fit(x[:, :3], y, callback=interrupt)
    assert state(model) == kept


def test_verbose_prints_every_so_many_passes(capsys: pytest.CaptureFixture[str]) -> None:
    GDRegressor(max_iter=7, tol=None, verbose=3).fit(XR, YR)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(",")[0] for line in lines] == [
        "GDRegressor: iteration 3", "GDRegressor: iteration 6",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"scaler": "whiten"}, "scaler must be one of .*; got 'whiten'"),
        ({"class_weight": {7: 1.0}}, "are not in class_weight"),
        ({"class_weight": {0: -1.0, 1: 1, 2: 1}}, "class_weight must have .*; got {0: -1.0"),
        ({"class_weight": {0: 0.0, 1: 0, 2: 0}}, "class_weight must not leave all rows without"),
        ({"early_stopping": True, "validation_fraction": 0.001}, "test_size = 1"),
    ],
)
def test_bad_parameters(params: dict[str, Any], message: str) -> None:
    model = GDClassifier(**params)
    kept = state(model)
    with pytest.raises(ValueError, match=message):
        model.fit(X, Y)
    assert state(model) == kept


REFUSED = {
    "alpha": [-1.0, "a"], "batch_size": [0, 2.5], "learning_rate": ["optimal"],
    "eta0": [0.0, -1.0, "fast"], "power_t": [-0.5], "momentum": [1.0, -0.1, "fast"],
    "nesterov": [3], "max_iter": [0], "tol": [-1.0], "n_iter_no_change": [0],
    "early_stopping": ["q"], "validation_fraction": [0.0, 1.0], "fit_intercept": ["a"],
    "shuffle": ["b"], "random_state": ["z"], "warm_start": ["c"], "verbose": [-1],
    "class_weight": ["even", [1, 2, 3]],
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in REFUSED.items() for value in values]
)
def test_parameters_are_refused_in_scikit_learns_words(name: str, value: Any) -> None:
    expected = f"The '{name}' parameter of {{}} must be .* Got {re.escape(repr(value))} instead."
    for kind, x, y in BOTH:
        if name not in kind().get_params():
            continue
        model = kind(**{name: value})
        for learn in (model.fit, model.partial_fit):
            with pytest.raises(InvalidParameterError, match=expected.format(kind.__name__)):
                learn(x, y)
    oracle = SGDClassifier(**{name: value}) if name in SGDClassifier().get_params() else None
    if oracle is not None and name not in ("eta0", "learning_rate", "random_state", "power_t"):
        with pytest.raises(ValueError) as told:  # noqa: PT011
            oracle.fit(X, Y)
        with pytest.raises(ValueError, match=re.escape(str(told.value))):
            type("SGDClassifier", (GDClassifier,), {})(**{name: value}).fit(X, Y)


def test_what_partial_fit_refuses() -> None:
    with pytest.raises(ValueError, match="early_stopping must be False for partial_fit; got True"):
        GDRegressor(early_stopping=True).partial_fit(XR, YR)
    with pytest.raises(ValueError, match="class_weight must be a dict or None for partial_fit"):
        GDClassifier(class_weight="balanced").partial_fit(X, Y, np.unique(Y))
    model = GDClassifier()
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        model.partial_fit(X, Y)
    model.partial_fit(X, Y, [0, 1, 2])
    kept = state(model)
    wrong = [(X, Y, [0, 1]), (X, Y + 1, None), (X[:, :2], Y, None), (X * 1e300, Y, None)]
    for x, y, classes in wrong:
        with np.errstate(all="ignore"), pytest.raises(ValueError):  # noqa: PT011
            model.partial_fit(x, y, classes)
        assert state(model) == kept
