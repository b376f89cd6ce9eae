"""``to_sklearn``: scikit-learn's estimators with the parameters and the fit of ours."""

from __future__ import annotations

import pickle
import pickletools
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn
import sklearn.linear_model as linear
import sklearn.preprocessing as preprocessing
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted
from twins import same

import polyfuse.linear_model as ours_linear
import polyfuse.preprocessing as ours_preprocessing

RNG = np.random.default_rng(7)
X = RNG.standard_normal((80, 4)) * [1.0, 10.0, 0.1, 1.0] + [0.0, 5.0, 0.0, -1.0]
SCORE = X @ [1.0, 0.2, -1.0, 0.5] + 0.2 * RNG.standard_normal(80)
TARGETS = {
    "two": np.where(SCORE > 0.5, "b", "a"), "three": np.digitize(SCORE, [0.0, 1.0]),
    "numbers": SCORE, "two columns": np.stack([SCORE, -SCORE], axis=1),
}  # fmt: skip
FAST: dict[str, Any] = {"max_iter": 5, "tol": None, "random_state": 2}

SCALERS = [
    ("StandardScaler", {}), ("StandardScaler", {"with_std": False}),
    ("StandardScaler", {"with_mean": False, "with_std": False}),
    ("MinMaxScaler", {"feature_range": (-1, 2), "clip": True}), ("MaxAbsScaler", {}),
    ("RobustScaler", {"quantile_range": (10.0, 90.0), "unit_variance": True}),
    ("RobustScaler", {"with_centering": False}), ("Normalizer", {"norm": "l1"}),
]  # fmt: skip
MODELS = [
    ("two", "SGDClassifier", {"loss": "log_loss", "average": 10, **FAST}),
    ("two", "SGDClassifier", {"average": 1000, "class_weight": {"a": 2.0}, **FAST}),
    ("three", "SGDClassifier", {"loss": "modified_huber", "penalty": "l1", **FAST}),
    ("three", "SGDClassifier", {"average": True, "arithmetic": "fast", **FAST}),
    ("three", "SGDClassifier", {"average": True, **FAST}),
    ("numbers", "SGDRegressor", {"average": 10, **FAST}), ("numbers", "SGDRegressor", FAST),
    ("numbers", "SGDOneClassSVM", {"nu": 0.2, "average": True, **FAST}),
    ("numbers", "SGDOneClassSVM", {"nu": 0.2, **FAST}),
    ("two", "Perceptron", {}), ("three", "Perceptron", {"penalty": "l2"}),
    ("numbers", "LinearRegression", {}), ("two columns", "LinearRegression", {}),
    ("numbers", "LinearRegression", {"fit_intercept": False}),
]  # fmt: skip
ANSWERS = ("transform", "inverse_transform", "decision_function", "predict_proba", "predict")

pytestmark = pytest.mark.filterwarnings("ignore:Maximum number of iteration")


def made(name: str, options: dict[str, Any]) -> Any:
    module = ours_linear if hasattr(ours_linear, name) else ours_preprocessing
    return getattr(module, name)(**options)


def theirs(name: str, options: dict[str, Any]) -> Any:
    options = {key: value for key, value in options.items() if key != "arithmetic"}
    return (getattr(linear, name, None) or getattr(preprocessing, name))(**options)


def answers(estimator: Any, x: Any = X) -> dict[str, NDArray]:
    return {name: getattr(estimator, name)(x) for name in ANSWERS if hasattr(estimator, name)}


def require_same_answers(a: Any, b: Any, rtol: float) -> None:
    mine, other = answers(a), answers(b)
    assert mine.keys() == other.keys()
    for name in mine:
        if mine[name].dtype.kind == "f":
            np.testing.assert_allclose(mine[name], other[name], rtol=rtol, atol=rtol, err_msg=name)
        else:
            np.testing.assert_array_equal(mine[name], other[name], err_msg=name)


def require_same_parameters(own: Any, other: Any) -> None:
    expected = {**other.get_params(), **own.get_params()}
    params = own.to_sklearn().get_params()
    assert params == {key: expected[key] for key in other.get_params()}


@pytest.mark.parametrize(("name", "options"), SCALERS)
def test_scalers(name: str, options: dict[str, Any]) -> None:
    own, other = made(name, options), theirs(name, options)
    assert type(own.to_sklearn()) is type(other)
    require_same_parameters(own, other)
    own.fit(X)
    other.fit(X)
    plain = own.to_sklearn()
    check_is_fitted(plain)
    assert vars(plain).keys() == vars(other).keys()
    require_same_answers(own, plain, 1e-15 if name == "Normalizer" else 0.0)
    if hasattr(own, "partial_fit") and name != "RobustScaler":
        np.testing.assert_allclose(
            own.partial_fit(X * 2).transform(X), plain.partial_fit(X * 2).transform(X), rtol=1e-9
        )


@pytest.mark.parametrize(("kind", "name", "options"), MODELS)
def test_models(kind: str, name: str, options: dict[str, Any]) -> None:
    own, other = made(name, options), theirs(name, options)
    assert type(own.to_sklearn()) is type(other)
    require_same_parameters(own, other)
    y = TARGETS[kind]
    own.fit(X, y)
    other.fit(X, y)
    plain = own.to_sklearn()
    before = pickle.dumps(own)
    require_same_answers(own, plain, 1e-12)
    if hasattr(plain, "partial_fit"):
        plain.partial_fit(X[::-1], y[::-1])
        other.partial_fit(X[::-1], y[::-1])
        assert pickle.dumps(own) == before
    if options.get("arithmetic") != "fast":  # all classes in one order of rows
        require_same_answers(other, plain, 1e-9)
    for key in {"coef_", "intercept_", "offset_", "t_", "_standard_coef"} & vars(other).keys():
        if options.get("arithmetic") != "fast" and name != "LinearRegression":
            assert same(getattr(plain, key), getattr(other, key)), key
    absent = {"_expanded_class_weight", "_loss_function_", "n_features_in_"}
    assert vars(other).keys() - vars(plain).keys() <= absent


def test_robust_scalers_of_streams() -> None:
    own = ours_preprocessing.RobustScaler()
    for part in np.array_split(X, 4):
        own.partial_fit(part)
    np.testing.assert_array_equal(own.to_sklearn().transform(X), own.transform(X))


def test_names_and_containers() -> None:
    frame = pd.DataFrame(X, columns=list("abcd"))
    own = ours_preprocessing.StandardScaler().set_output(transform="pandas").fit(frame)
    plain = own.to_sklearn()
    pd.testing.assert_frame_equal(plain.transform(frame), own.transform(frame))
    assert plain.get_feature_names_out().tolist() == list("abcd")
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        plain.transform(X)


def test_requests_are_kept() -> None:
    with sklearn.config_context(enable_metadata_routing=True):
        own = ours_linear.SGDRegressor().set_fit_request(sample_weight="w", callback=True)
        plain = own.to_sklearn()
        assert plain.get_metadata_routing().fit.requests["sample_weight"] == "w"
        assert "callback" not in plain.get_metadata_routing().fit.requests
        assert clone(plain).get_metadata_routing().fit.requests["sample_weight"] == "w"


def test_subclasses() -> None:
    class Mine(ours_preprocessing.MaxAbsScaler):
        pass

    assert type(Mine().fit(X).to_sklearn()) is preprocessing.MaxAbsScaler


def test_nothing_is_shared() -> None:
    state = np.random.RandomState(3)
    own = ours_linear.SGDRegressor(random_state=state).fit(X, SCORE)
    plain = own.to_sklearn()
    assert plain.random_state is not state
    assert not np.shares_memory(plain.coef_, own.coef_)


BLOCKS = {"a": X[:, :2], "b": X[:, 2:]}


@pytest.mark.parametrize(
    ("model", "x", "message"),
    [
        (ours_linear.SGDClassifier("multinomial"), None, "loss='multinomial' is nothing.*log_loss"),
        (ours_linear.SGDClassifier(scaler="standard"), None, "scaler='standard' is.*Pipeline"),
        (ours_linear.SGDClassifier(block_eta=[1, 2]), None, r"block_eta=\[1, 2\].*block_eta=None"),
        (ours_linear.SGDClassifier(), BLOCKS, r"X was the blocks \['a', 'b'\].*hstack"),
        (ours_linear.Perceptron(), [X], r"X was the blocks \['0'\].*hstack"),
    ],
)
def test_what_scikit_learn_cannot_say(model: Any, x: Any, message: str) -> None:
    if x is not None:
        model = clone(model).fit(x, TARGETS["two"])
    with pytest.raises(ValueError, match=message):
        model.to_sklearn()


def test_a_scaler_that_is_no_parameter_any_more() -> None:
    model = ours_linear.SGDClassifier(scaler="standard").fit(X, TARGETS["two"])
    with pytest.raises(ValueError, match=r"scaler: StandardScaler\(\) was fitted with the model"):
        model.set_params(scaler=None).to_sklearn()


def test_others_have_no_such_method() -> None:
    for other in (
        ours_preprocessing.AffineScaler(), ours_linear.SGDSweep(ours_linear.SGDClassifier(), {}),
    ):  # fmt: skip
        assert not hasattr(other, "to_sklearn")


def test_older_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    """A parameter that they lack is left out where it is as they have it."""

    class MaxAbsScaler(preprocessing.MaxAbsScaler):
        def __init__(self, *, copy: bool = True) -> None:
            self.copy = copy

    monkeypatch.setattr(preprocessing, "MaxAbsScaler", MaxAbsScaler)
    assert ours_preprocessing.MaxAbsScaler(copy=False).to_sklearn().get_params() == {"copy": False}
    with pytest.raises(ValueError, match="clip=True is nothing.*set clip=False, or install a new"):
        ours_preprocessing.MaxAbsScaler(clip=True).to_sklearn()


LOADING = """
import pickle, sys
sys.modules["polyfuse"] = None
for estimator, method, x, expected in pickle.load(sys.stdin.buffer):
    assert type(estimator).__module__.startswith("sklearn.")
    assert abs(getattr(estimator, method)(x) - expected).max() < 1e-9, estimator
"""


def test_pickles_load_without_polyfuse() -> None:
    kept = []
    for name, options in SCALERS:
        own = made(name, options).fit(X)
        kept.append((own.to_sklearn(), "transform", X, own.transform(X)))
    for kind, name, options in MODELS:
        own = made(name, options).fit(X, TARGETS[kind])
        method = "decision_function" if hasattr(own, "decision_function") else "predict"
        kept.append((own.to_sklearn(), method, X, getattr(own, method)(X)))
    data = pickle.dumps(kept)
    words = [str(argument) for _, argument, _ in pickletools.genops(data)]
    assert not [word for word in words if "polyfuse" in word and len(word) < 1000]
    assert b"polyfuse" not in data
    subprocess.run([sys.executable, "-c", LOADING], input=data, check=True, cwd=Path("/"))
