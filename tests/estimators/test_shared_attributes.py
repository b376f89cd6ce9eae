"""Our methods and scikit-learn's take turns on the attributes of one instance."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import sklearn.linear_model as linear
import sklearn.preprocessing as preprocessing
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import clone
from twins import borrowed, in_turns, same

import polyfuse.exceptions as ours_exceptions
import polyfuse.linear_model as ours
import polyfuse.preprocessing as ours_preprocessing

TURNS = ["".join(turns) for turns in itertools.product("to", repeat=3)]
AVERAGES = (False, True, 10, 150)
ATTRIBUTES = (
    "coef_", "intercept_", "offset_", "t_", "classes_", "_standard_coef", "_average_coef",
    "_standard_intercept", "_average_intercept",
)  # fmt: skip


def problem(kind: str, n: int = 60) -> tuple[NDArray, NDArray]:
    rng = np.random.default_rng(5)
    x = rng.standard_normal((n, 5))
    score = x @ [1.0, -2.0, 0.5, 0.0, 1.0] + 0.3 * rng.standard_normal(n)
    if kind == "regression":
        return x, score
    return x, np.digitize(score, [0.0] if kind == "two" else [-1.0, 1.0])


def models() -> Any:
    for average in AVERAGES:
        kwargs: dict[str, Any] = {"average": average, "random_state": 3, "max_iter": 4, "tol": None}
        for kind in ("two", "three"):
            yield kind, linear.SGDClassifier("log_loss", **kwargs)
        yield "regression", linear.SGDRegressor(**kwargs)
        yield "none", linear.SGDOneClassSVM(**kwargs)
    for kind in ("two", "three"):
        yield kind, linear.Perceptron(max_iter=4, tol=None)
        yield (
            kind,
            linear.SGDClassifier(
                "hinge",
                penalty="elasticnet",
                early_stopping=True,
                validation_fraction=0.3,
                random_state=3,
                warm_start=True,
            ),
        )


CASES = [pytest.param(*case, id=f"{case[0]}-{i}-{type(case[1]).__name__}")
         for i, case in enumerate(models())]  # fmt: skip


def steps_of(kind: str, first: str, later: str) -> list[Any]:
    """Three calls on thirds of the rows."""
    x, y = problem("regression" if kind == "none" else kind)
    classes = {} if kind in ("regression", "none") else {"classes": np.unique(y)}

    def step(method: str, third: int) -> Any:
        rows = slice(20 * third, 20 * third + 20)
        data = (x[rows],) if kind == "none" else (x[rows], y[rows])
        given = classes if method == "partial_fit" else {}
        return lambda estimator: getattr(estimator, method)(*data, **given)

    return [step(first, 0), step(later, 1), step(later, 2)]


def require_same(got: Any, expected: Any) -> None:
    for name in ATTRIBUTES:
        assert hasattr(got, name) == hasattr(expected, name), name
        assert same(getattr(got, name, None), getattr(expected, name, None)), name


@pytest.mark.parametrize(("kind", "model"), CASES)
@pytest.mark.parametrize("first", ["fit", "partial_fit"])
def test_sgd_goes_on(kind: str, model: Any, first: str) -> None:
    """Whoever learned before: the same bits, of averages and last iterates too."""
    first = "fit" if model.early_stopping else first  # partial_fit has no rows to hold out
    own = getattr(ours, type(model).__name__)
    later = "fit" if model.early_stopping else "partial_fit"
    steps = steps_of(kind, first, later)
    expected = in_turns(own, model, steps, "ttt")
    x, _ = problem(kind)
    for turns in TURNS:
        got = in_turns(own, model, steps, turns)
        require_same(got, expected)
        predict = "predict" if kind == "regression" else "decision_function"
        np.testing.assert_allclose(
            getattr(borrowed(own, got), predict)(x), getattr(expected, predict)(x), rtol=1e-9
        )


@pytest.mark.parametrize(("kind", "model"), CASES)
def test_sgd_warm_start(kind: str, model: Any) -> None:
    model = clone(model).set_params(warm_start=True)
    own = getattr(ours, type(model).__name__)
    steps = steps_of(kind, "fit", "fit")
    expected = in_turns(own, model, steps, "ttt")
    for turns in TURNS:
        require_same(in_turns(own, model, steps, turns), expected)


# -- scalers -------------------------------------------------------------------------------------


def chunks(rng: np.random.Generator, *, nan: bool, dtype: str = "float64") -> list[NDArray]:
    """Four chunks of rows, with a constant column. No column of a chunk has but NaNs: that is NaN
    for good in scikit-learn, here only until there are numbers."""
    parts = []
    for n in rng.integers(1, 40, 4):
        x = rng.standard_normal((n, 5)) * [1.0, 1e3, 1.0, 1e-3, 1.0] + [0.0, 5.0, -2.0, 1.0, 0.0]
        x[:, 2] = 7.0
        if nan:
            x[1:][rng.random((n - 1, 5)) < 0.2] = np.nan
        parts.append(x.astype(dtype))
    return parts


def require_close(got: Any, expected: Any, names: tuple[str, ...], rtol: float) -> None:
    for name in names:
        a, b = getattr(got, name), getattr(expected, name)
        if b is None:
            assert a is None, name
        else:
            assert np.shape(a) == np.shape(b), name
            np.testing.assert_allclose(a, b, rtol=rtol, atol=max(1e-12, 1e-3 * rtol), err_msg=name)


STATISTICS = ("mean_", "var_", "scale_", "n_samples_seen_")
DENSE = ("plain", "nan", "weights", "nan weights")
HOW = [
    *((how, True, with_std) for how in DENSE for with_std in (True, False)),
    *((how, False, True) for how in (*DENSE, "sparse", "sparse nan")),
    # Here scikit-learn counts rows without their weights.
    *((how, False, False) for how in ("plain", "nan", "sparse", "sparse nan")),
]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("how", "with_mean", "with_std"), HOW)
def test_standard_scaler_goes_on(
    how: str, with_mean: bool, with_std: bool, dtype: str, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    scaler = preprocessing.StandardScaler(with_mean=with_mean, with_std=with_std)

    def step(x: NDArray) -> Any:  # with weights in quarters: scikit-learn's variance of a constant
        # column is negative, and its root NaN, with some others
        data = sparse.csr_matrix(np.where(rng.random(x.shape) < 0.5, 0, x)) if "sp" in how else x
        weight = {"sample_weight": rng.integers(1, 9, len(x)) / 4} if "weights" in how else {}
        return lambda estimator: estimator.partial_fit(data, **weight)

    steps = [step(x) for x in chunks(rng, nan="nan" in how, dtype=dtype)]
    expected = in_turns(ours_preprocessing.StandardScaler, scaler, steps, "tttt")
    for turns in ("too", "oto", "otot", "tto", "toto", "ooot"):
        whose = turns.ljust(4, "o")
        got = in_turns(ours_preprocessing.StandardScaler, scaler, steps, whose)
        require_close(got, expected, STATISTICS, 1e-4 if dtype == "float32" else 1e-9)


@pytest.mark.parametrize("name", ["MinMaxScaler", "MaxAbsScaler"])
@pytest.mark.parametrize("nan", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_extrema_go_on(name: str, nan: bool, seed: int) -> None:
    rng = np.random.default_rng(seed)
    parts = chunks(rng, nan=nan)
    steps = [lambda estimator, x=x: estimator.partial_fit(x) for x in parts]
    cls, scaler = getattr(ours_preprocessing, name), getattr(preprocessing, name)()
    names = ("scale_", "n_samples_seen_", "max_abs_" if name == "MaxAbsScaler" else "data_min_")
    expected = in_turns(cls, scaler, steps, "tttt")
    for turns in ("tooo", "otot", "toto"):
        require_close(in_turns(cls, scaler, steps, turns), expected, names, 0.0)


def test_standard_scaler_merges_what_scikit_learn_has_fitted(rng: np.random.Generator) -> None:
    parts = chunks(rng, nan=True)
    fitted = [preprocessing.StandardScaler().fit(x) for x in parts]
    own = [borrowed(ours_preprocessing.StandardScaler, each) for each in fitted]
    total = ours_preprocessing.StandardScaler()
    for each in own:
        total.merge(each)
    expected = ours_preprocessing.StandardScaler().fit(np.concatenate(parts))
    require_close(total, expected, STATISTICS, 1e-9)
    require_close(own[0].merge(own[1]).merge(own[2]).merge(own[3]), expected, STATISTICS, 1e-9)


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
@pytest.mark.parametrize("n", [1, 50])
def test_columns_without_numbers_so_far(rng: np.random.Generator, n: int) -> None:
    x = rng.standard_normal((100, 3))
    x[:n, 1] = np.nan
    own = ours_preprocessing.StandardScaler
    twin = borrowed(own, preprocessing.StandardScaler().fit(x[:n]))
    require_close(twin.partial_fit(x[n:]), own().fit(x), STATISTICS, 1e-9)


def test_standard_scaler_without_private_attributes(rng: np.random.Generator) -> None:
    x = rng.standard_normal((100, 3))
    scaler = ours_preprocessing.StandardScaler().fit(x[:60])
    for name in [name for name in vars(scaler) if name.startswith("_")]:
        delattr(scaler, name)
    expected = ours_preprocessing.StandardScaler().fit(x)
    require_close(scaler.partial_fit(x[60:]), expected, STATISTICS, 1e-12)


def test_attributes_that_others_have_set_count(rng: np.random.Generator) -> None:
    """A fit of as many other rows, by scikit-learn, is not taken for the fit before it."""
    a, b, c = rng.standard_normal((3, 30, 2))
    scaler = preprocessing.StandardScaler()
    twin = borrowed(ours_preprocessing.StandardScaler, scaler).fit(a)
    scaler.fit(b + 3.0)
    expected = preprocessing.StandardScaler().fit(np.concatenate([b + 3.0, c]))
    require_close(twin.partial_fit(c), expected, STATISTICS, 1e-9)


def test_fit_that_scikit_learn_could_not_end() -> None:
    """It leaves coef_=None, and t_; or n_samples_seen_ alone."""
    x, y = problem("regression")
    theirs = linear.SGDRegressor(random_state=0, warm_start=True)
    with pytest.raises(ValueError, match="NaN"):
        theirs.fit(np.full_like(x, np.nan), y)
    expected = clone(theirs).partial_fit(x, y).coef_
    twin = borrowed(ours.SGDRegressor, theirs)
    with pytest.raises(ours_exceptions.NotFittedError):
        twin.predict(x)
    assert same(twin.partial_fit(x, y).coef_, expected)
    scaler = preprocessing.StandardScaler()
    with pytest.raises(ValueError, match="center"):
        scaler.fit(sparse.csr_matrix(x))
    twin = borrowed(ours_preprocessing.StandardScaler, scaler).partial_fit(x)
    require_close(twin, preprocessing.StandardScaler().fit(x), STATISTICS, 1e-12)


def test_parameters_of_ours_have_defaults() -> None:
    for name in ("SGDClassifier", "SGDRegressor", "SGDOneClassSVM", "Perceptron"):
        twin = borrowed(getattr(ours, name), getattr(linear, name)())
        assert (twin.scaler, twin.arithmetic) == (None, "exact")
        assert twin.get_params().items() >= getattr(linear, name)().get_params().items()
