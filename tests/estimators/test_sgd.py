"""The SGD estimators beyond scikit-learn's: blocks, streams, softmax, callbacks, interruptions."""

from __future__ import annotations

import pickle
import signal
import warnings
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import sklearn.linear_model as theirs
from sklearn.base import clone, is_classifier, is_outlier_detector, is_regressor
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler as TheirMaxAbsScaler
from sklearn.preprocessing import StandardScaler as TheirStandardScaler

import polyfuse as pf
from polyfuse import linear_model as ours
from polyfuse.preprocessing import StandardScaler

NAMES = ("SGDClassifier", "SGDRegressor", "SGDOneClassSVM", "Perceptron")
RNG = np.random.default_rng(1)
X = RNG.standard_normal((300, 7))
Y = np.digitize(X[:, 0] + 0.3 * RNG.standard_normal(300), [0.0, 0.7])
BLOCKS: dict[str, Any] = {
    "image": (RNG.standard_normal((200, 6)) * 3 + 1).astype("f4"),
    "count": RNG.integers(0, 9, (200, 3)).astype("i2"),
    "text": RNG.standard_normal((200, 4)).astype("f2"),
    "sensor": RNG.standard_normal((200, 5)),
}
LABELS = (BLOCKS["image"][:, 0] + BLOCKS["sensor"][:, 0] > 1).astype(int) + (
    BLOCKS["count"][:, 0] > 6
)

pytestmark = pytest.mark.filterwarnings("ignore:Maximum number of iteration")


# -- scikit-learn's surface ----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["SGDClassifier", "Perceptron"])
def test_nullable_labels_keep_their_type(name: str, rng: np.random.Generator) -> None:
    x, y = rng.standard_normal((40, 2)), pd.Series([1, 2] * 20, dtype="Int64")
    model = getattr(ours, name)(max_iter=5).fit(x, y)
    other = getattr(theirs, name)(max_iter=5).fit(x, y)
    assert model.classes_.dtype == model.predict(x).dtype == np.int64
    assert other.classes_.dtype == np.float64  # or the docstring's note has become untrue


@pytest.mark.parametrize("name", NAMES)
def test_parameters_and_tags(name: str) -> None:
    mine, other = getattr(ours, name)(), getattr(theirs, name)()
    params = mine.get_params()
    assert {params.pop("scaler"), params.pop("arithmetic")} == {None, "exact"}
    assert {params.pop(name, None) for name in ("block_eta", "block_alpha")} == {None}
    assert params == other.get_params()
    assert clone(mine).get_params() == mine.get_params()
    a, b = mine.__sklearn_tags__(), other.__sklearn_tags__()
    assert (a.estimator_type, a.input_tags, a.target_tags, a.requires_fit) == (
        b.estimator_type, b.input_tags, b.target_tags, b.requires_fit,
    )  # fmt: skip
    for kind in (is_classifier, is_regressor, is_outlier_detector):
        assert kind(mine) == kind(other)


@pytest.mark.parametrize("loss", ["log_loss", "modified_huber"])
@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("average", [False, True])
def test_predictions(loss: str, classes: int, dtype: str, average: bool) -> None:
    x, y = X.astype(dtype), np.array(["b", "a", "c"])[np.minimum(Y, classes - 1)]
    params: dict[str, Any] = {"loss": loss, "random_state": 0, "alpha": 0.01, "average": average}
    mine, other = ours.SGDClassifier(**params).fit(x, y), theirs.SGDClassifier(**params).fit(x, y)
    for data in (x, X, sp.csr_array(x), x.tolist()):
        np.testing.assert_array_equal(mine.predict(data), other.predict(data))
        for method in ("decision_function", "predict_proba", "predict_log_proba"):
            with np.errstate(divide="ignore"):
                a, b = getattr(mine, method)(data), getattr(other, method)(data)
            assert (a.shape, a.dtype) == (b.shape, b.dtype)
            np.testing.assert_allclose(a, b, rtol=1e-4 if dtype == "f4" else 1e-9, atol=1e-5)
    assert mine.score(x, y) == other.score(x, y)


@pytest.mark.parametrize("name", ["SGDRegressor", "SGDOneClassSVM"])
def test_other_predictions(name: str) -> None:
    mine, other = (getattr(m, name)(random_state=0).fit(X, X[:, 0]) for m in (ours, theirs))
    methods = ("predict", "decision_function", "score_samples", "fit_predict")
    for method in [each for each in methods if hasattr(other, each)]:
        a, b = getattr(mine, method)(X), getattr(other, method)(X)
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "kind", ["dok_matrix", "dok_array", "frame", "named", "mixed", "f4", "mixed f4"]
)
def test_what_holds_sparse_values(name: str, kind: str, rng: np.random.Generator) -> None:
    dense = rng.standard_normal((40, 5)) * (rng.random((40, 5)) < 0.4)
    frame = pd.DataFrame.sparse.from_spmatrix(sp.csr_matrix(dense))
    mixed = frame.copy()
    mixed[1] = dense[:, 1]
    x = {
        "dok_matrix": sp.dok_matrix(dense), "dok_array": sp.dok_array(dense), "frame": frame,
        "named": frame.rename(columns=str), "mixed": mixed,
        "f4": frame.astype(pd.SparseDtype(np.float32, 0)),
        "mixed f4": frame.astype(pd.SparseDtype(np.float32, 0)).astype({0: np.float32}),
    }[kind]  # fmt: skip
    y, found = dense[:, 0] > 0, []
    for module in (ours, theirs):
        model = getattr(module, name)(random_state=0, max_iter=5, tol=None)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            found.append((model.fit(x, y).coef_, model.predict(x)))
            if module is ours:
                by_block = clone(model).fit({"X": x}, y).coef_
                np.testing.assert_array_equal(by_block, model.coef_)
        assert {w.category for w in caught} == ({UserWarning} if "mixed" in kind else set())
    np.testing.assert_array_equal(found[0][0], found[1][0])
    np.testing.assert_allclose(found[0][1], found[1][1], rtol=1e-12)


def test_sparse_coefficients() -> None:
    model = ours.SGDClassifier(penalty="l1", random_state=0).fit(X, Y)
    dense, scores = model.coef_, model.decision_function(X)
    assert sp.issparse(model.sparsify().coef_)
    np.testing.assert_array_equal(model.decision_function(X), scores)
    np.testing.assert_array_equal(model.densify().coef_, dense)


def test_verbose_says_what_scikit_learn_says(capfd: pytest.CaptureFixture[str]) -> None:
    lines = []
    for module in (ours, theirs):
        module.SGDClassifier(verbose=1, random_state=0, alpha=0.01).fit(X, Y > 0)
        module.SGDRegressor(verbose=1, random_state=0, early_stopping=True).fit(X, X[:, 0])
        told = capfd.readouterr().out.splitlines()
        lines.append([line.split(" took ")[0] for line in told if "time" not in line])
    assert len(lines[0]) > 10
    assert lines[0] == lines[1]


def test_verbose_tells_chains_apart(
    rng: np.random.Generator, capfd: pytest.CaptureFixture[str]
) -> None:
    x = rng.standard_normal((90, 4))
    labels = np.array(["a", "Bc", "d"])[rng.integers(0, 3, 90)]
    model = ours.SGDClassifier(verbose=1, random_state=0, max_iter=2, tol=None).fit(x, labels)
    kinds = [line.split(":")[0] for line in capfd.readouterr().out.splitlines()]
    each = [*(f"Class {label}" for label in model.classes_), "Total training time"]
    assert kinds == ["-- Epoch 1", *each, "-- Epoch 2", *each]
    model.set_params(tol=1e9, max_iter=50).fit(x, labels)
    assert "Class Bc: Convergence after" in capfd.readouterr().out


def test_verbose_tells_of_a_softmax_once(
    rng: np.random.Generator, capfd: pytest.CaptureFixture[str]
) -> None:
    model = ours.SGDClassifier("multinomial", verbose=1, random_state=0, max_iter=40, tol=1e9)
    model.fit(rng.standard_normal((90, 4)), rng.integers(0, 3, 90))
    lines = capfd.readouterr().out.splitlines()
    norms = [line for line in lines if "Norm" in line]
    assert len(norms) == model.n_iter_ == sum("Epoch" in line for line in lines)
    assert norms[-1].startswith(f"Norm: {np.linalg.norm(model.coef_):.2f}, NNZs: 12, T: ")
    assert sum("Convergence" in line for line in lines) == 1


def test_in_a_pipeline_of_scikit_learn() -> None:
    frame = pd.DataFrame(X, columns=list("abcdefg"))
    model = make_pipeline(TheirStandardScaler(), ours.SGDClassifier(random_state=0))
    other = make_pipeline(TheirStandardScaler(), theirs.SGDClassifier(random_state=0))
    np.testing.assert_array_equal(model.fit(frame, Y)[-1].coef_, other.fit(frame, Y)[-1].coef_)
    named = ours.SGDClassifier(random_state=0).fit(frame, Y)
    np.testing.assert_array_equal(named.feature_names_in_, frame.columns)


def test_a_shared_generator_is_drawn_from_as_by_scikit_learn() -> None:
    for early in (False, True):
        coefs = []
        for module in (ours, theirs):
            state = np.random.RandomState(3)
            params: dict[str, Any] = {"random_state": state, "early_stopping": early}
            fitted = [
                module.SGDClassifier(**params).fit(X, Y),
                module.SGDClassifier(**params).fit(X, Y > 0),
                module.SGDRegressor(**params).fit(X, X[:, 0]),
                module.SGDOneClassSVM(random_state=state).fit(X),
            ]
            coefs.append([model.coef_ for model in fitted] + [state.randint(1 << 30)])
        for a, b in zip(*coefs, strict=True):
            np.testing.assert_array_equal(a, b)


# -- blocks --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "params", [{"loss": "log_loss"}, {"penalty": "elasticnet"}, {"early_stopping": True}]
)
def test_blocks_are_scalers_and_hstack(params: dict[str, Any]) -> None:
    scalers = {name: StandardScaler().fit(block) for name, block in BLOCKS.items()}
    stacked = np.hstack([scalers[name].transform(block) for name, block in BLOCKS.items()])
    common: dict[str, Any] = {"random_state": 0, "max_iter": 50, **params}
    other = theirs.SGDClassifier(**common).fit(stacked, LABELS)
    for scaler in (scalers, list(scalers.values()), "standard"):
        mine = ours.SGDClassifier(scaler=scaler, **common).fit(BLOCKS, LABELS)
        np.testing.assert_array_equal(mine.coef_, other.coef_)
        np.testing.assert_array_equal(mine.intercept_, other.intercept_)
        assert mine.n_iter_ == other.n_iter_
        turned = dict(reversed(BLOCKS.items()))
        np.testing.assert_array_equal(mine.predict(turned), other.predict(stacked))
        mine.partial_fit(turned, LABELS)
    assert mine.modalities_ == list(BLOCKS)
    assert set(mine.scalers_) == set(BLOCKS)


def test_sparse_blocks_beside_dense_ones() -> None:
    sparse = sp.csr_matrix(BLOCKS["image"] * (BLOCKS["image"] > 1))
    stacked = sp.hstack([BLOCKS["sensor"], TheirMaxAbsScaler().fit_transform(sparse)]).tocsr()
    other = theirs.SGDClassifier(random_state=0).fit(stacked, LABELS)
    mine = ours.SGDClassifier(random_state=0, scaler=[None, "maxabs"])
    mine.fit([BLOCKS["sensor"], sparse], LABELS)
    np.testing.assert_array_equal(mine.coef_, other.coef_)
    np.testing.assert_array_equal(mine.intercept_, other.intercept_)
    with pytest.raises(ValueError, match="moves zeros"):
        mine.set_params(scaler=[None, StandardScaler().fit(BLOCKS["image"])]).fit(
            [BLOCKS["sensor"], sparse], LABELS
        )


def test_blocks_that_do_not_fit() -> None:
    model = ours.SGDClassifier(random_state=0).fit(BLOCKS, LABELS)
    for blocks, message in [
        ({**BLOCKS, "text": BLOCKS["text"][:5]}, "same number of rows"),
        ({**BLOCKS, "text": BLOCKS["text"][:, :2]}, "'text'.*2 features"),
        ({"image": BLOCKS["image"]}, "blocks of fit"),
        (X, "one matrix"),
        ({**BLOCKS, "sensor": np.full((200, 5), np.nan)}, "X\\['sensor'\\] contains NaN"),
    ]:
        with pytest.raises(ValueError, match=message):
            model.predict(blocks)
    with pytest.raises(ValueError, match="not fitted on"):
        ours.SGDClassifier(random_state=0).fit(X, Y).predict(BLOCKS)
    broken = sp.csr_matrix(X)
    broken.indices[3] = 99
    with pytest.raises(ValueError, match="sound CSR"):
        ours.SGDClassifier().fit(broken, Y)


# -- the fast arithmetic -------------------------------------------------------------------------


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("average", [False, 150])
@pytest.mark.parametrize("loss", ["hinge", "log_loss", "multinomial"])
def test_chunks_are_one_fit(loss: str, average: Any, sparse: bool) -> None:
    for penalty, dtype, y in (("elasticnet", "f8", Y), ("l2", "f4", Y), ("l1", "f8", Y > 0)):
        x = sp.csr_matrix(X.astype(dtype)) if sparse else X.astype(dtype)
        params: dict[str, Any] = {
            "loss": loss, "penalty": penalty, "average": average, "arithmetic": "fast",
            "shuffle": False, "alpha": 0.01,
        }  # fmt: skip
        whole = ours.SGDClassifier(max_iter=1, tol=None, **params).fit(x, y)
        parts = ours.SGDClassifier(**params)
        cuts = [0, 1, 17, 100, 101, 300]
        for start, stop in pairwise(cuts):
            parts.partial_fit(x[start:stop], y[start:stop], classes=np.unique(y))
            parts = pickle.loads(pickle.dumps(parts))
        np.testing.assert_array_equal(parts.coef_, whole.coef_)
        np.testing.assert_array_equal(parts.intercept_, whole.intercept_)
        assert parts.t_ == whole.t_


@pytest.mark.parametrize("name", ["SGDRegressor", "SGDOneClassSVM"])
def test_chunks_are_one_fit_of_other_estimators(name: str) -> None:
    params: dict[str, Any] = {"arithmetic": "fast", "shuffle": False, "average": 20}
    whole = getattr(ours, name)(max_iter=1, tol=None, **params).fit(X, X[:, 0])
    parts = getattr(ours, name)(**params)
    for start in range(0, 300, 60):
        parts.partial_fit(X[start : start + 60], X[start : start + 60, 0])
    np.testing.assert_array_equal(parts.coef_, whole.coef_)


def test_changed_coefficients_are_gone_on_from() -> None:
    params: dict[str, Any] = {"arithmetic": "fast", "shuffle": False, "loss": "squared_error"}
    model = ours.SGDRegressor(**params).partial_fit(X, X[:, 0])
    model.coef_[:] = 5.0
    moved = model.partial_fit(X[:1], X[:1, 0]).coef_
    assert (np.abs(moved - 5.0) < 1.0).all()


@pytest.mark.parametrize("classes", [2, 3])
def test_fast_is_exact_to_rounding(classes: int) -> None:
    y = np.minimum(Y, classes - 1)
    params: dict[str, Any] = {
        "loss": "hinge", "alpha": 0.01, "tol": None, "max_iter": 5, "shuffle": False,
    }  # fmt: skip
    exact = ours.SGDClassifier(**params).fit(X, y)
    fast = ours.SGDClassifier(arithmetic="fast", **params).fit(X, y)
    np.testing.assert_allclose(fast.coef_, exact.coef_, rtol=1e-9)


def test_softmax_is_calibrated() -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((4000, 4))
    w = rng.standard_normal((3, 4)) * 1.5
    p = np.exp(x @ w.T)
    p /= p.sum(axis=1, keepdims=True)
    y = (p.cumsum(axis=1) < rng.random((4000, 1))).sum(axis=1)
    model = ours.SGDClassifier("multinomial", average=True, random_state=0, alpha=1e-3).fit(x, y)
    assert np.abs(model.predict_proba(x) - p).mean() < 0.03
    other = theirs.LogisticRegression().fit(x, y)
    assert (model.predict(x) == other.predict(x)).mean() > 0.97
    two = ours.SGDClassifier("multinomial", random_state=0).fit(x, y > 0)
    assert two.coef_.shape == (1, 4)
    np.testing.assert_allclose(two.predict_proba(x).sum(axis=1), 1.0)


@pytest.mark.parametrize("arithmetic", ["exact", "fast"])
def test_a_softmax_with_defaults_is_as_good_as_logistic_regression(arithmetic: str) -> None:
    blocks, y = pf.datasets.load_emoji(return_blocks_y=True)
    train, test = train_test_split(np.arange(len(y)), test_size=0.3, stratify=y, random_state=0)
    held = {name: x[test] for name, x in blocks.items()}
    model = ours.SGDClassifier(
        "multinomial", scaler="standard", random_state=0, arithmetic=arithmetic
    ).fit({name: x[train] for name, x in blocks.items()}, y[train])
    wide = make_pipeline(StandardScaler(), theirs.LogisticRegression(C=1e-3, max_iter=500))
    x = np.hstack(list(blocks.values()))
    other = log_loss(y[test], wide.fit(x[train], y[train]).predict_proba(x[test]))
    assert log_loss(y[test], model.predict_proba(held)) < other + 0.05


# -- long fits -----------------------------------------------------------------------------------


def test_callback() -> None:
    told: list[tuple[int, float]] = []
    model = ours.SGDClassifier(random_state=0, max_iter=7, tol=None)
    model.fit(X, Y, callback=lambda epoch, objective: told.append((epoch, objective)))
    assert [epoch for epoch, _ in told] == list(range(1, 8))
    assert told[-1][1] < told[0][1]
    plain = ours.SGDClassifier(random_state=0, max_iter=7, tol=None).fit(X, Y)
    np.testing.assert_array_equal(plain.coef_, model.coef_)


def test_an_interrupted_fit_leaves_the_estimator_as_it_was() -> None:
    model = ours.SGDClassifier(random_state=0, max_iter=3, tol=None).fit(X, Y)
    before = model.coef_.copy()
    known = signal.signal(signal.SIGALRM, signal.default_int_handler)
    # Again and again: what Python runs on its own, such as a finalizer, swallows an interrupt.
    signal.setitimer(signal.ITIMER_REAL, 0.2, 0.2)
    try:
        with pytest.raises(KeyboardInterrupt):
            model.set_params(max_iter=10**7).fit(X, Y)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, known)
    np.testing.assert_array_equal(model.coef_, before)
    model.set_params(max_iter=3).fit(X, Y)
    np.testing.assert_array_equal(model.coef_, before)


def test_what_cannot_be_called_back(rng: np.random.Generator) -> None:
    model = ours.SGDClassifier()
    with pytest.raises(TypeError, match="callback must be callable; got 3"):
        model.fit(rng.standard_normal((20, 2)), rng.integers(0, 2, 20), callback=3)
    assert not hasattr(model, "coef_")


def test_an_error_of_the_callback_is_raised() -> None:
    def stop(epoch: int, objective: float) -> None:
        raise RuntimeError("enough")

    model = ours.SGDRegressor()
    with pytest.raises(RuntimeError, match="enough"):
        model.fit(X, X[:, 0], callback=stop)
    assert not hasattr(model, "coef_")
