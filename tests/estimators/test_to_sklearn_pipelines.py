"""``to_sklearn`` of models of scaled blocks: pipelines of scikit-learn that predict the same."""

from __future__ import annotations

import pickle
import pickletools
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

import polyfuse as pf
from polyfuse.exceptions import NotFittedError
from polyfuse.linear_model import GDClassifier, GDRegressor

RNG = np.random.default_rng(8)
N = 80
BLOCKS = {
    "image": RNG.standard_normal((N, 4)) * [1.0, 10.0, 0.1, 3.0] + 2.0,
    "text": RNG.standard_normal((N, 3)), "plain": RNG.random((N, 2)),
}  # fmt: skip
SCORE = BLOCKS["image"] @ [0.3, 0.05, 2.0, -0.3] + BLOCKS["text"][:, 0]
THIRDS = np.quantile(SCORE, [0.3, 0.6])
Y = {"two": np.where(THIRDS[0] < SCORE, "b", "a"), "three": np.digitize(SCORE, THIRDS)}
SCALERS = {"image": "standard", "text": "robust", "plain": None}
TIGHT = {"max_iter": 1000, "tol": 1e-9}

pytestmark = pytest.mark.filterwarnings("ignore:.*has not converged")


def require_same(model: Any, plain: Any, data: Any, side_by_side: NDArray) -> None:
    for name in ("predict", "predict_proba", "decision_function"):
        if not hasattr(model, name):
            continue
        mine, theirs = getattr(model, name)(data), getattr(plain, name)(side_by_side)
        if mine.dtype.kind == "f":
            np.testing.assert_allclose(theirs, mine, rtol=1e-12, atol=1e-12, err_msg=name)
        else:
            np.testing.assert_array_equal(theirs, mine, err_msg=name)


@pytest.mark.parametrize("labels", ["two", "three"])
@pytest.mark.parametrize("level", ["early", "cooperative", "hybrid"])
def test_fusion_classifiers(labels: str, level: str) -> None:
    model = pf.FusionClassifier(level=level, scaler=SCALERS, C=0.5, rho=0.1, cv=2)
    plain = model.fit(BLOCKS, Y[labels]).to_sklearn()
    assert isinstance(plain, Pipeline)
    assert [type(step) for _, step in plain.steps] == [ColumnTransformer, LogisticRegression]
    assert plain["model"].C == 0.5
    check_is_fitted(plain)
    require_same(model, plain, BLOCKS, np.hstack(list(BLOCKS.values())))


@pytest.mark.parametrize("level", ["early", "cooperative", "hybrid"])
def test_fusion_regressors(level: str) -> None:
    model = pf.FusionRegressor(level=level, scaler="minmax", alpha=2.0, rho=0.1)
    plain = model.fit(BLOCKS, SCORE).to_sklearn()
    assert isinstance(plain["model"], Ridge)
    assert plain["model"].alpha == 2.0
    require_same(model, plain, BLOCKS, np.hstack(list(BLOCKS.values())))


def test_fitted_again_they_learn_the_same() -> None:
    x = np.hstack(list(BLOCKS.values()))
    classifier = pf.FusionClassifier(scaler=SCALERS, C=0.5, **TIGHT).fit(BLOCKS, Y["three"])
    regressor = pf.FusionRegressor(scaler="maxabs", alpha=2.0, **TIGHT).fit(BLOCKS, SCORE)
    again = classifier.to_sklearn().fit(x, Y["three"])
    np.testing.assert_allclose(again.predict_proba(x), classifier.predict_proba(BLOCKS), atol=1e-6)
    again = regressor.to_sklearn().fit(x, SCORE)
    np.testing.assert_allclose(again.predict(x), regressor.predict(BLOCKS), atol=1e-6)


@pytest.mark.parametrize(
    ("model", "y"),
    [
        (GDClassifier(scaler="standard"), Y["three"]), (GDClassifier(), Y["two"]),
        (GDRegressor(scaler="standard"), SCORE), (GDRegressor(fit_intercept=False), SCORE),
    ],
)  # fmt: skip
def test_gradient_descent(model: Any, y: NDArray) -> None:
    x = np.hstack(list(BLOCKS.values()))
    for data in (x, BLOCKS):
        plain = model.fit(data, y).to_sklearn()
        require_same(model, plain, data, x)
        assert isinstance(plain, Pipeline) == (model.scaler is not None or data is BLOCKS)


def test_one_matrix_without_a_scaler_is_one_estimator() -> None:
    x = BLOCKS["image"]
    model = pf.FusionClassifier(scaler=None).fit(x, Y["two"])
    plain = model.to_sklearn()
    assert type(plain) is LogisticRegression
    assert not np.shares_memory(plain.coef_, model.coef_["X"])
    require_same(model, plain, x, x)


def test_a_pickle_needs_scikit_learn_alone() -> None:
    plain = pf.FusionClassifier().fit(BLOCKS, Y["three"]).to_sklearn()
    words = {str(arg) for _, arg, _ in pickletools.genops(pickle.dumps(plain))}
    assert not any("polyfuse" in word for word in words)


def test_what_no_pipeline_says() -> None:
    with pytest.raises(NotFittedError):
        pf.FusionClassifier().to_sklearn()
    late = pf.FusionClassifier(level="late", cv=2).fit(BLOCKS, Y["two"])
    with pytest.raises(ValueError, match="level='late' with fusion='geometric_mean'.*to_onnx"):
        late.to_sklearn()
    same_width = {"a": BLOCKS["image"], "b": BLOCKS["image"] + 1.0}
    with pytest.raises(ValueError, match="level='early' with fusion='mean' fuses features"):
        pf.FusionRegressor("mean").fit(same_width, SCORE).to_sklearn()
    scaler = pf.preprocessing.AffineScaler(2.0)
    with pytest.raises(ValueError, match=r"scalers_\['image'\] is AffineScaler\(scale=2.0\)"):
        pf.FusionRegressor(scaler=scaler).fit(BLOCKS, SCORE).to_sklearn()
