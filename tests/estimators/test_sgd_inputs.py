"""What the SGD and GD estimators take as X, and what they say of what they do not take."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import sklearn.linear_model as theirs

from polyfuse import inspection
from polyfuse import linear_model as ours
from polyfuse.exceptions import InvalidParameterError

SHORT: dict[str, Any] = {"max_iter": 5, "tol": None, "random_state": 0}
NAMES = ("SGDClassifier", "SGDRegressor", "SGDOneClassSVM", "Perceptron")
each_name = pytest.mark.parametrize("name", NAMES)


@pytest.fixture
def frames(rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    return {
        "image": pd.DataFrame(rng.standard_normal((40, 3)), columns=list("abc")),
        "text": pd.DataFrame(rng.standard_normal((40, 2)), columns=["d", "e"]),
    }


@pytest.fixture
def y(rng: np.random.Generator) -> np.ndarray:
    return rng.integers(0, 2, 40)


@pytest.mark.filterwarnings("ignore:.* has not converged")
@pytest.mark.parametrize("name", [*NAMES, "GDClassifier", "GDRegressor"])
@pytest.mark.parametrize("as_list", [False, True])
def test_columns_of_each_block_must_be_those_of_fit(
    name: str, as_list: bool, frames: dict[str, pd.DataFrame], y: np.ndarray
) -> None:
    params = SHORT if name in NAMES else {"max_iter": 5}
    given: Any = list(frames.values()) if as_list else frames
    model = getattr(ours, name)(**params).fit(given, y)
    key = 0 if as_list else "image"
    moved: Any = list(given) if as_list else dict(given)
    moved[key] = given[key][["c", "b", "a"]]
    with pytest.raises(ValueError, match="should match.*\n.*same order"):
        model.predict(moved)
    with pytest.raises(ValueError, match=rf"blocks\['{key}'\]: The feature names"):
        model.partial_fit(moved, y) if hasattr(model, "partial_fit") else model.predict(moved)
    moved[key] = given[key].to_numpy()
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        model.predict(moved)
    model.predict(given)


@each_name
@pytest.mark.parametrize("form", ["dok_array", "dok_matrix", "frame"])
def test_sparse_in_every_clothing(name: str, form: str, y: np.ndarray) -> None:
    x = sp.random(40, 6, density=0.4, format="csr", random_state=0)
    given = pd.DataFrame.sparse.from_spmatrix(x) if form == "frame" else getattr(sp, form)(x)
    one_class = name == "SGDOneClassSVM"
    model = getattr(ours, name)(**SHORT).fit(given, *(() if one_class else (y,)))
    other = getattr(theirs, name)(**SHORT).fit(given, *(() if one_class else (y,)))
    np.testing.assert_array_equal(model.coef_, other.coef_)
    at = "offset_" if one_class else "intercept_"
    np.testing.assert_array_equal(getattr(model, at), getattr(other, at))
    np.testing.assert_allclose(model.predict(given), other.predict(given), rtol=1e-12)


@each_name
def test_text_is_not_predicted_from(name: str, rng: np.random.Generator, y: np.ndarray) -> None:
    x = rng.standard_normal((40, 3))
    model = getattr(ours, name)(**SHORT).fit(x, y)
    with pytest.raises(ValueError, match="dtype='numeric' is not compatible with arrays of bytes"):
        model.predict(x.astype(str))


def test_the_place_of_what_is_not_finite_in_a_sparse_block(y: np.ndarray) -> None:
    x = sp.random(40, 6, density=0.4, format="csr", random_state=0)
    x.data[7] = np.nan
    i, j = (place[np.isnan(x.data)][0] for place in (x.tocoo().row, x.tocoo().col))
    with pytest.raises(ValueError, match=rf"The first is at \[{i}, {j}\]"):
        ours.SGDClassifier(**SHORT).fit({"t": x, "d": np.ones((40, 2))}, y)


@pytest.mark.parametrize("scaler", ["standard", "minmax", "robust"])
def test_a_named_scaler_that_would_move_zeros(scaler: str, y: np.ndarray) -> None:
    x = sp.random(40, 6, density=0.4, format="csr", random_state=0)
    with pytest.raises(ValueError, match=f"scaler: block 'text' is sparse, and '{scaler}' would"):
        ours.SGDClassifier(scaler=scaler, **SHORT).fit({"img": np.ones((40, 2)), "text": x}, y)


@pytest.mark.parametrize("name", ["SGDClassifier", "GDClassifier"])
def test_scalers_can_be_given_again(name: str, rng: np.random.Generator, y: np.ndarray) -> None:
    x, kind = rng.standard_normal((40, 3)), getattr(ours, name)
    model = kind(scaler="standard", random_state=0).fit(x, y)
    again = kind(scaler=model.scalers_, random_state=0).fit(x, y)
    np.testing.assert_array_equal(again.coef_, model.coef_)


@pytest.mark.parametrize("name", ["SGDClassifier", "SGDRegressor", "GDClassifier", "GDRegressor"])
def test_a_callback_that_cannot_be_called(name: str, y: np.ndarray) -> None:
    model = getattr(ours, name)()
    with pytest.raises(TypeError, match="callback must be callable; got 3"):
        model.fit(np.ones((40, 2)) * y[:, None], y, callback=3)
    assert not hasattr(model, "coef_")


@pytest.mark.parametrize("param", ["loss", "penalty", "learning_rate"])
def test_a_bad_parameter_after_the_first_call(param: str, y: np.ndarray) -> None:
    x = np.arange(80.0).reshape(40, 2)
    model = ours.SGDClassifier(**SHORT).partial_fit(x, y, classes=[0, 1])
    with pytest.raises(InvalidParameterError, match=f"The '{param}' parameter of SGDClassifier"):
        model.set_params(**{param: "foo"}).partial_fit(x, y)


@pytest.mark.parametrize("name", ["SGDClassifier", "SGDRegressor"])
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_warnings_point_at_the_caller(name: str, method: str, y: np.ndarray) -> None:
    model = getattr(ours, name)(max_iter=1, random_state=0)
    extra = {"classes": [0, 1]} if (name, method) == ("SGDClassifier", "partial_fit") else {}
    with pytest.warns(UserWarning, match="column-vector|Maximum number") as told:
        getattr(model, method)(np.ones((40, 2)) * y[:, None], y[:, None], **extra)
    assert {warning.filename for warning in told} == {__file__}


def test_classes_stay_those_of_the_first_call(y: np.ndarray) -> None:
    x = np.arange(80.0).reshape(40, 2)
    model = ours.SGDClassifier(**SHORT).partial_fit(x, y, classes=[0, 1])
    assert model.partial_fit(x, y, classes=[0.0, 1.0]).classes_.dtype == np.int64


@pytest.mark.parametrize("average", [False, True])
@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("loss", ["log_loss", "modified_huber"])
def test_probabilities_are_as_wide_as_theirs(
    loss: str, classes: int, average: bool, rng: np.random.Generator
) -> None:
    x, y = rng.standard_normal((40, 3)).astype("f4"), np.arange(40) % classes
    params = {**SHORT, "loss": loss, "average": average}
    got = ours.SGDClassifier(**params).fit(x, y).predict_proba(x)
    want = theirs.SGDClassifier(**params).fit(x, y).predict_proba(x)
    assert got.dtype == want.dtype
    np.testing.assert_allclose(got, want, rtol=1e-5)


def test_inspection_names_what_it_takes(rng: np.random.Generator, y: np.ndarray) -> None:
    blocks = {"a": rng.standard_normal((40, 2)), "b": rng.standard_normal((40, 3))}
    model = ours.SGDClassifier(**SHORT).fit(blocks, y)
    with pytest.raises(TypeError, match="model must be a FusionClassifier; got SGDClassifier"):
        inspection.drop_modality(model, blocks, y)


@pytest.mark.parametrize("kind", ["one row", "negative weight", "short y"])
def test_scores_of_regressors_are_theirs(
    kind: str, rng: np.random.Generator, y: np.ndarray
) -> None:
    x, weight = rng.standard_normal((40, 3)), np.linspace(-0.1, 1, 40)
    told = []
    for library in (ours, theirs):
        model = library.SGDRegressor(**SHORT).fit(x, y)
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
