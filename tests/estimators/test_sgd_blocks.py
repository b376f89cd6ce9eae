"""Blocks of an SGD model that learn and are penalised each at their own pace."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.base import clone

from polyfuse import linear_model as ours

RNG = np.random.default_rng(3)
N = 150
BLOCKS: dict[str, Any] = {
    "image": RNG.standard_normal((N, 5)),
    "text": RNG.standard_normal((N, 18)) * (RNG.random((N, 18)) < 0.4),
    "sensor": RNG.standard_normal((N, 3)),
}
SCORE = BLOCKS["image"][:, 0] + BLOCKS["text"][:, 1] - BLOCKS["sensor"][:, 2]
LABELS = np.digitize(SCORE, [-0.5, 0.8])
MIXED = {**BLOCKS, "text": sp.csr_array(BLOCKS["text"])}
SHORT: dict[str, Any] = {
    "random_state": 0, "max_iter": 4, "tol": None, "learning_rate": "constant", "eta0": 0.02,
    "alpha": 0.01,
}  # fmt: skip

pytestmark = pytest.mark.filterwarnings(
    "ignore:Maximum number of iteration", "ignore:.*has not converged"
)
each_arithmetic = pytest.mark.parametrize("arithmetic", ["exact", "fast"])
each_penalty = pytest.mark.parametrize("penalty", [None, "l1", "l2", "elasticnet"])
each_kind = pytest.mark.parametrize("blocks", [BLOCKS, MIXED], ids=["dense", "sparse"])


def fitted(y: NDArray, blocks: Any = BLOCKS, **params: Any) -> Any:
    name = "SGDRegressor" if y is SCORE else "SGDClassifier"
    return getattr(ours, name)(**{**SHORT, **params}).fit(blocks, y)


def same(a: Any, b: Any) -> None:
    np.testing.assert_array_equal(a.coef_, b.coef_)
    np.testing.assert_array_equal(a.intercept_, b.intercept_)
    assert (a.n_iter_, a.t_) == (b.n_iter_, b.t_)


def all_of(value: float) -> dict[str, float]:
    return dict.fromkeys(BLOCKS, value)


# -- equal paces ---------------------------------------------------------------------------------


@each_arithmetic
@each_penalty
@each_kind
@pytest.mark.parametrize("y", [LABELS, LABELS > 1, SCORE], ids=["classes", "two", "numbers"])
def test_equal_factors_are_factors_of_the_parameters(
    y: NDArray, blocks: Any, penalty: str | None, arithmetic: str
) -> None:
    params: dict[str, Any] = {
        "penalty": penalty, "arithmetic": arithmetic, "fit_intercept": False, "tol": 1e-3,
        "max_iter": 12, "alpha": 0.1,
    }  # fmt: skip
    cases: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"block_eta": all_of(2.0)}, {"eta0": 0.04}),
        ({"block_alpha": [3.0] * 3}, {"alpha": 3.0 * 0.1}),
        ({"block_eta": [0.5] * 3, "block_alpha": all_of(4.0)}, {"eta0": 0.01, "alpha": 0.4}),
        ({"block_eta": [1] * 3, "block_alpha": all_of(1)}, {}),
    ]
    for factors, parameters in cases:
        same(fitted(y, blocks, **params, **factors), fitted(y, blocks, **{**params, **parameters}))


@pytest.mark.parametrize("schedule", ["pa1", "pa2", "invscaling", "adaptive"])
def test_equal_factors_in_every_schedule(schedule: str) -> None:
    params = {"learning_rate": schedule, "fit_intercept": False, "penalty": None}
    one = fitted(LABELS, block_eta=all_of(2.0), **params)
    same(one, fitted(LABELS, **{**params, "eta0": 0.04}))


@each_arithmetic
def test_averages_of_equal_factors(arithmetic: str) -> None:
    params = {"average": 10, "arithmetic": arithmetic, "fit_intercept": False}
    same(fitted(SCORE, block_eta=[2] * 3, **params), fitted(SCORE, **params, eta0=0.04))


# -- against NumPy -------------------------------------------------------------------------------


def slope_of(loss: str, y: float, p: float) -> float:
    return {
        "hinge": -y * float(y * p <= 1.0),
        "squared_error": p - y,
        "log_loss": 1.0 / (1.0 + np.exp(-p)) - float(y > 0),
    }[loss]


def by_hand(
    x: list[NDArray], y: NDArray, loss: str, eta: list[float], alpha: list[float]
) -> tuple[NDArray, NDArray]:
    """SGD with an l2 penalty in the order of the rows: its last iterate, and the average of all."""
    w, b = [np.zeros(each.shape[1]) for each in x], 0.0
    seen = []
    for _ in range(SHORT["max_iter"]):
        for i in range(len(y)):
            g = slope_of(loss, y[i], sum(wb @ xb[i] for wb, xb in zip(w, x, strict=True)) + b)
            for k in range(len(x)):
                step = SHORT["eta0"] * eta[k]
                w[k] = (1.0 - step * SHORT["alpha"] * alpha[k]) * w[k] - step * g * x[k][i]
            b -= SHORT["eta0"] * g
            seen.append(np.concatenate([*w, [b]]))
    return seen[-1], np.mean(seen, axis=0)


@each_arithmetic
@pytest.mark.parametrize("loss", ["hinge", "log_loss", "squared_error"])
@pytest.mark.parametrize("average", [False, True])
def test_against_numpy(loss: str, average: bool, arithmetic: str) -> None:
    eta, alpha = [2.0, 0.3], [0.1, 20.0]
    x = [BLOCKS["image"], BLOCKS["text"]]
    y = SCORE if loss == "squared_error" else np.where(LABELS > 0, 1.0, -1.0)
    model = fitted(
        y, x, loss=loss, block_eta=eta, block_alpha=dict(zip("01", alpha, strict=True)),
        shuffle=False, average=average, arithmetic=arithmetic,
    )  # fmt: skip
    want = by_hand(x, y, loss, eta, alpha)[average]
    got = np.append(model.coef_.ravel(), model.intercept_)
    np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-12)


@each_kind
def test_a_strong_penalty_of_one_block(blocks: Any) -> None:
    """Its scale is reset again and again, and those of the others are not."""
    factors = {"image": 1.0, "text": 3000.0, "sensor": 0.0}
    for arithmetic in ("exact", "fast"):
        model = fitted(SCORE, blocks, block_alpha=factors, arithmetic=arithmetic)
        sizes = [np.abs(part).max() for part in np.split(model.coef_, [5, 23])]
        assert sizes[1] < 0.1 < min(sizes[0], sizes[2])
        model = fitted(SCORE, blocks, block_alpha=factors, arithmetic=arithmetic, penalty="l1")
        assert not model.coef_[5:23].any()
        assert model.coef_[:5].all()


@each_kind
@each_penalty
@each_arithmetic
@pytest.mark.parametrize("loss", ["log_loss", "multinomial"])
def test_a_block_that_does_not_move(
    blocks: Any, penalty: str | None, arithmetic: str, loss: str, rng: np.random.Generator
) -> None:
    start = rng.standard_normal((3, 26))
    model = ours.SGDClassifier(loss, penalty=penalty, arithmetic=arithmetic, **SHORT)
    model.set_params(block_eta={"image": 1.0, "text": 0.0, "sensor": 1.0}, alpha=0.3)
    model.fit(blocks, LABELS, coef_init=start)
    np.testing.assert_array_equal(model.coef_[:, 5:23], start[:, 5:23])
    assert (model.coef_[:, :5] != start[:, :5]).all()


def test_softmax_learns_at_several_paces() -> None:
    factors = {"image": 1.0, "text": 2.0, "sensor": 0.5}
    models = [
        fitted(LABELS, x, loss="multinomial", block_eta=factors, block_alpha=factors, tol=1e-3,
               max_iter=30, early_stopping=early)
        for x in (BLOCKS, MIXED) for early in (False, True)
    ]  # fmt: skip
    for model, x in zip(models, (BLOCKS, BLOCKS, MIXED, MIXED), strict=True):
        assert model.score(x, LABELS) > 0.8
        np.testing.assert_allclose(model.predict_proba(x).sum(axis=1), 1.0)


# -- objectives and stops ------------------------------------------------------------------------


def test_the_objective_has_the_penalty_of_each_block(rng: np.random.Generator) -> None:
    """Of steps so small that weights stay where they start."""
    start, told = rng.standard_normal(26), []
    alpha = {"image": 2.0, "text": 0.5, "sensor": 0.0}
    model = ours.SGDRegressor(
        **{**SHORT, "eta0": 1e-14, "max_iter": 1}, block_alpha=alpha, penalty="elasticnet"
    )
    model.fit(BLOCKS, SCORE, coef_init=start, callback=lambda epoch, value: told.append(value))
    loss = 0.5 * np.mean((np.hstack(list(BLOCKS.values())) @ start - SCORE) ** 2)
    penalties = [
        factor * (0.15 * np.abs(w).sum() + 0.85 * 0.5 * w @ w)
        for factor, w in zip(alpha.values(), np.split(start, [5, 23]), strict=True)
    ]
    np.testing.assert_allclose(told, loss + 0.01 * sum(penalties), rtol=1e-9)


@each_arithmetic
@pytest.mark.parametrize("y", [LABELS, SCORE], ids=["classes", "numbers"])
def test_early_stopping_scores_the_model(y: NDArray, arithmetic: str) -> None:
    model = fitted(
        y, early_stopping=True, max_iter=200, tol=1e-3, arithmetic=arithmetic, alpha=0.001,
        block_alpha={"image": 1.0, "text": 100.0, "sensor": 1.0},
    )  # fmt: skip
    assert 5 < model.n_iter_ < 200
    assert model.score(BLOCKS, y) > 0.6


def test_verbose_tells_the_norm_of_all_blocks(capfd: pytest.CaptureFixture[str]) -> None:
    model = fitted(SCORE, block_eta=[1, 2, 3], verbose=1)
    last = [line for line in capfd.readouterr().out.splitlines() if line.startswith("Norm")][-1]
    assert last.startswith(f"Norm: {np.linalg.norm(model.coef_):.2f},")


# -- streams and sweeps --------------------------------------------------------------------------


@each_kind
@pytest.mark.parametrize("penalty", ["l2", "elasticnet"])
@pytest.mark.parametrize("loss", ["hinge", "multinomial"])
def test_chunks_are_the_whole(blocks: Any, penalty: str, loss: str) -> None:
    params: dict[str, Any] = {
        **SHORT, "penalty": penalty, "loss": loss, "arithmetic": "fast", "average": 20,
        "block_eta": {"image": 1.0, "text": 2.0, "sensor": 0.1}, "block_alpha": [1, 5, 2],
    }  # fmt: skip
    whole = ours.SGDClassifier(**{**params, "shuffle": False, "max_iter": 1}).fit(blocks, LABELS)
    model = ours.SGDClassifier(**{**params, "shuffle": False})
    for start, stop in ((0, 1), (1, 70), (70, N)):
        part = {name: x[start:stop] for name, x in blocks.items()}
        model.partial_fit(part, LABELS[start:stop], classes=[0, 1, 2])
        model = pickle.loads(pickle.dumps(model))
    same(model, whole)


@each_arithmetic
def test_paces_may_change_between_calls(arithmetic: str) -> None:
    model = fitted(LABELS, block_eta=[1, 2, 3], arithmetic=arithmetic)
    before = model.coef_.copy()
    model.set_params(block_eta={"image": 0.0, "text": 0.0, "sensor": 1.0})
    model.partial_fit(BLOCKS, LABELS)
    np.testing.assert_array_equal(model.coef_[:, :23], before[:, :23])
    assert (model.coef_[:, 23:] != before[:, 23:]).all()
    model.set_params(block_eta=None).partial_fit(BLOCKS, LABELS)
    assert (model.coef_ != before).mean() > 0.9


@each_kind
@each_arithmetic
def test_a_sweep_over_paces(blocks: Any, arithmetic: str) -> None:
    alphas = [None, {"image": 1, "text": 10, "sensor": 0}, {"image": 5, "text": 5, "sensor": 1}]
    estimator = ours.SGDClassifier(**SHORT, arithmetic=arithmetic)
    grid = {"block_alpha": alphas, "block_eta": [None, [1, 2, 0.5]]}
    sweep = ours.SGDSweep(estimator, grid, cv=3).fit(blocks, LABELS)
    assert len(sweep.members_) == 6
    for member, params in zip(sweep.members_, sweep.cv_results_["params"], strict=True):
        same(member, clone(estimator).set_params(**params).fit(blocks, LABELS))
    assert sweep.best_score_ > 0.6


# -- parameters ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["SGDClassifier", "SGDRegressor"])
def test_clones(name: str) -> None:
    params = {"block_eta": {"image": 1.0, "text": 2.0}, "block_alpha": [1.0, 0.0]}
    model = clone(getattr(ours, name)(**params))
    assert {key: model.get_params()[key] for key in params} == params


@pytest.mark.parametrize("name", ["block_eta", "block_alpha"])
@pytest.mark.parametrize(
    ("value", "message"),
    [
        (2.0, r"'{0}' parameter of SGDClassifier must be a dict or list of numbers.*Got 2.0"),
        ("image", r"'{0}' parameter of SGDClassifier .*Got 'image'"),
        ([1.0, 2.0], r"{0} must have one entry per block, 3; got \[1.0, 2.0\]"),
        ({"image": 1.0}, r"{0} must have the keys \['image', 'text', 'sensor'\]; got \['image'\]"),
        (
            {"image": 1.0, "txt": 1.0, "sensor": 1.0},
            r"{0} must have the keys .*: 'text' is missing, 'txt' is not one of them",
        ),
        ([1.0, -2.0, 1.0], r"{0}\['text'\] must be a number, 0 or more; got -2.0"),
        ([1.0, 1.0, np.nan], r"{0}\['sensor'\] must be a number, 0 or more; got nan"),
        ([1.0, 1.0, np.inf], r"{0}\['sensor'\] must be .* got inf"),
        ([None, 1.0, 1.0], r"{0}\['image'\] must be .* got None"),
    ],
)
def test_what_does_not_fit(name: str, value: Any, message: str) -> None:
    model = ours.SGDClassifier(**SHORT, **{name: value})
    for call in (model.fit, lambda x, y: model.partial_fit(x, y, classes=[0, 1, 2])):
        with pytest.raises(ValueError, match=message.format(name)):
            call(BLOCKS, LABELS)
    assert not hasattr(model, "coef_")


def test_one_matrix_has_no_paces() -> None:
    for model in (ours.SGDClassifier(block_eta=[1.0]), ours.SGDRegressor(block_eta=[1.0])):
        with pytest.raises(ValueError, match=r"block_eta=\[1.0\] needs X to be .* blocks"):
            model.fit(BLOCKS["image"], LABELS)


def test_any_mapping_and_the_order_of_names() -> None:
    class Own(dict):  # type: ignore[type-arg]
        pass

    assert isinstance(Own(), Mapping)
    one = fitted(LABELS, block_eta=Own(sensor=3.0, image=1.0, text=2))
    same(one, fitted(LABELS, block_eta=(1.0, np.float32(2.0), 3)))


# -- names of columns ----------------------------------------------------------------------------


LEARNERS: list[Any] = [
    ours.SGDClassifier, ours.SGDRegressor, ours.SGDOneClassSVM, ours.Perceptron, ours.GDClassifier,
    ours.GDRegressor,
]  # fmt: skip
each_learner = pytest.mark.parametrize("learner", LEARNERS, ids=lambda kind: kind.__name__)


def frames(rng: np.random.Generator) -> tuple[dict[str, Any], NDArray]:
    image = pd.DataFrame(rng.standard_normal((60, 3)), columns=["a", "b", "c"])
    return {"image": image, "text": rng.standard_normal((60, 3))}, image["a"].to_numpy() > 0


@each_learner
@pytest.mark.parametrize("listed", [False, True])
def test_columns_of_blocks_are_those_of_fit(
    learner: Any, listed: bool, rng: np.random.Generator
) -> None:
    blocks, y = frames(rng)
    turned = {**blocks, "image": blocks["image"][["b", "a", "c"]]}
    unnamed = {**blocks, "image": blocks["image"].to_numpy()}
    given, other, plain = (
        list(each.values()) if listed else each for each in (blocks, turned, unnamed)
    )
    model = learner(max_iter=5, warm_start=True, random_state=0).fit(given, y)
    name = "X['0']" if listed else "X['image']"
    for call in (model.predict, lambda x: model.partial_fit(x, y), lambda x: model.fit(x, y)):
        with pytest.raises(ValueError, match="feature names should match") as error:
            call(other)
        assert str(error.value).startswith(name)
        with pytest.warns(UserWarning, match="does not have valid feature names") as told:
            call(plain)
        assert {w.filename for w in told if "names" in str(w.message)} == {__file__}


@each_learner
def test_a_warm_start_takes_blocks_in_the_order_of_fit(
    learner: Any, rng: np.random.Generator
) -> None:
    blocks, y = frames(rng)
    turned = dict(reversed(blocks.items()))
    one, other = (learner(max_iter=3, warm_start=True, random_state=0) for _ in range(2))
    one.fit(blocks, y).fit(blocks, y)
    other.fit(blocks, y).fit(turned, y)
    np.testing.assert_array_equal(one.coef_, other.coef_)
    assert other.modalities_ == ["image", "text"]


@each_learner
def test_blocks_by_name_are_not_a_list(learner: Any, rng: np.random.Generator) -> None:
    blocks, y = frames(rng)
    model = learner(max_iter=3).fit(blocks, y)
    with pytest.raises(ValueError, match=r"blocks of fit, \['image', 'text'\]; got a list of 2"):
        model.predict(list(blocks.values()))
