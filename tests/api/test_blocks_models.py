"""Blocks as X: answers are those of a dict, and scikit-learn's tools stand on top."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    StratifiedKFold,
    cross_val_predict,
    cross_val_score,
    cross_validate,
    learning_curve,
    permutation_test_score,
    train_test_split,
)
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

import polyfuse as pf
from polyfuse._comparison import compare


def made(n: int = 60, seed: int = 0) -> tuple[dict[str, Any], Any]:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, n)
    centres = rng.normal(size=(3, 4)) * 2
    image = (centres[y] + rng.normal(size=(n, 4))).astype("f4")
    text = centres[y] + rng.normal(size=(n, 4)) * 3
    return {"image": image, "text": text}, y


# -- answers are those of a dict -----------------------------------------------------------------


def fit(model: Any, *methods: str) -> Any:
    def run(x: Any, y: Any) -> Any:
        fitted = clone(model).fit(x, y)
        return [getattr(fitted, method)(x) for method in methods]

    return run


LM = pf.linear_model
FACTORS = [np.arange(8.0).reshape(4, 2), np.ones((4, 2))]
CALLS = {
    "early": fit(pf.FusionClassifier(), "predict_proba"),
    "labels": fit(pf.FusionClassifier(), "predict"),
    "late": fit(
        pf.FusionClassifier("weighted_mean", level="late", weights="validation"), "predict_proba"
    ),
    "Fusion": fit(pf.fusion.Fusion(scaler="standard"), "transform"),
    "Fusion mean": fit(pf.fusion.Fusion("mean", missing="skip"), "transform"),
    "concatenate": lambda x, y: pf.fusion.concatenate(x),
    "vstack": lambda x, y: pf.fusion.vstack(x),
    "borda": lambda x, y: pf.fusion.borda(x),
    "low_rank": lambda x, y: pf.fusion.low_rank(x, FACTORS),
    "SGDClassifier": fit(LM.SGDClassifier(random_state=0, scaler="standard"), "decision_function"),
    "SGDRegressor": fit(LM.SGDRegressor(random_state=0, early_stopping=True), "predict"),
    "SGDOneClassSVM": fit(LM.SGDOneClassSVM(random_state=0), "score_samples"),
    "Perceptron": fit(LM.Perceptron(random_state=0), "decision_function"),
    "GDClassifier": fit(LM.GDClassifier(random_state=0, scaler="standard"), "predict_proba"),
    "GDRegressor": fit(LM.GDRegressor(random_state=0, scaler="standard"), "predict"),
    "SGDSweep": lambda x, y: [
        LM.SGDSweep(LM.SGDClassifier(random_state=0), {"alpha": [1e-4, 1e-2]}, cv=cv)
        .fit(x, y)
        .decision_function(x)
        for cv in (3, StratifiedKFold(3))
    ],
    "contributions": lambda x, y: (
        pf.inspection.modality_contributions(pf.FusionClassifier().fit(x, y), x).per_row
    ),
    "drop_modality": lambda x, y: list(
        pf.inspection.drop_modality(pf.FusionClassifier().fit(x, y), x, y).without.values()
    ),
    "report": lambda x, y: compare(x, y).best_fused.predicted,
    **{op: (lambda x, y, op=op: pf.fusion.fuse(x, op)) for op in ("sum", "maximum", "median")},
}


@pytest.mark.filterwarnings("ignore::UserWarning")  # solvers that have not converged
@pytest.mark.parametrize("name", CALLS)
def test_every_door_answers_as_for_a_dict_and_a_list(name: str) -> None:
    blocks, y = made()
    for given_ in (blocks, list(blocks.values())):
        expected, got = CALLS[name](given_, y), CALLS[name](pf.Blocks(given_), y)
        np.testing.assert_array_equal(got, expected, strict=True)


def test_a_model_of_a_dict_takes_blocks_and_their_order_does_not_matter() -> None:
    blocks, y = made()
    model = pf.FusionClassifier().fit(blocks, y)
    turned = pf.Blocks(blocks).select(["text", "image"])
    np.testing.assert_array_equal(model.predict_proba(turned), model.predict_proba(blocks))
    absent = {"image": blocks["image"], "text": np.full_like(blocks["text"], np.nan, float)}
    np.testing.assert_allclose(
        model.predict_proba(turned.drop("text")), model.predict_proba(absent), rtol=1e-6
    )


def test_sparse_blocks_train_sgd_by_rows() -> None:
    blocks, y = made()
    blocks["text"] = sp.csr_array(blocks["text"])
    rows = np.arange(0, 60, 2)
    model = pf.linear_model.SGDClassifier(random_state=0)
    expected = model.fit({k: x[rows] for k, x in blocks.items()}, y[rows]).decision_function(blocks)
    got = model.fit(pf.Blocks(blocks)[rows], y[rows]).decision_function(pf.Blocks(blocks))
    np.testing.assert_array_equal(got, expected)


def test_a_block_may_be_none_where_an_estimator_does_without() -> None:
    blocks, _ = made(8)
    fusion = pf.fusion.Fusion("mean", missing="skip").fit(pf.Blocks(blocks))
    expected = fusion.transform({"image": blocks["image"]})
    without = pf.Blocks({"image": blocks["image"], "text": None})
    assert without.shape == (8, 4)
    np.testing.assert_array_equal(fusion.transform(without[2:]), expected[2:])
    np.testing.assert_array_equal(fusion.transform(pf.Blocks(blocks).drop("text")), expected)


# -- scikit-learn on top -------------------------------------------------------------------------


def by_hand(blocks: dict[str, Any], y: Any, splits: Any, weight: Any = None) -> list[float]:
    scores = []
    for train, test in splits:
        model = pf.FusionClassifier()
        own = None if weight is None else weight[train]
        model.fit({k: x[train] for k, x in blocks.items()}, y[train], own)
        scores.append(model.score({k: x[test] for k, x in blocks.items()}, y[test]))
    return scores


def test_cross_validation_is_the_loop_over_dicts() -> None:
    blocks, y = made()
    data, model = pf.Blocks(blocks), pf.FusionClassifier()
    expected = by_hand(blocks, y, StratifiedKFold(3).split(y, y))
    np.testing.assert_array_equal(cross_val_score(model, data, y, cv=3), expected)
    found = cross_validate(model, data, y, cv=3, return_estimator=True, return_train_score=True)
    np.testing.assert_array_equal(found["test_score"], expected)
    assert (cross_val_predict(model, data, y, cv=3) == y).mean() == pytest.approx(
        np.average(expected, weights=[20, 20, 20])
    )
    assert cross_val_predict(model, data, y, cv=3, method="predict_proba").shape == (60, 3)
    speakers = np.arange(60) % 7
    folds = GroupKFold(3)
    weight = np.linspace(0.0, 2.0, 60)
    np.testing.assert_array_equal(
        cross_val_score(
            model, data, y, groups=speakers, cv=folds, params={"sample_weight": weight}
        ),
        by_hand(blocks, y, folds.split(y, y, speakers), weight),
    )


def test_splits_curves_and_permutations() -> None:
    blocks, y = made()
    data, model = pf.Blocks(blocks), pf.FusionClassifier()
    parts = train_test_split(data, blocks["text"], y, test_size=0.25, random_state=0, stratify=y)
    assert [len(part) for part in parts] == [45, 15, 45, 15, 45, 15]
    np.testing.assert_array_equal(parts[0]["text"], parts[2])
    sizes, _, scores = learning_curve(model, data, y, cv=3, train_sizes=[0.5, 1.0])
    assert sizes.tolist() == [20, 40]
    np.testing.assert_array_equal(scores[1], cross_val_score(model, data, y, cv=3))
    score, others, p = permutation_test_score(
        model, data, y, cv=3, n_permutations=9, random_state=0
    )
    assert score > others.max()
    assert p == pytest.approx(0.1)


def test_a_grid_in_two_processes() -> None:
    blocks, y = made(400)
    blocks["image"] = np.tile(blocks["image"], (1, 200))  # large enough for joblib to map it
    data = pf.Blocks(blocks)
    grid = [{"C": [0.01, 1.0]}, {"level": ["late"], "fusion": ["mean", "product"]}]
    one, two = (
        GridSearchCV(pf.FusionClassifier(), grid, cv=3, n_jobs=jobs).fit(data, y) for jobs in (1, 2)
    )
    np.testing.assert_array_equal(
        one.cv_results_["mean_test_score"], two.cv_results_["mean_test_score"]
    )
    again = pf.FusionClassifier(**two.best_params_).fit(blocks, y)
    np.testing.assert_array_equal(two.predict_proba(data), again.predict_proba(blocks))
    np.testing.assert_array_equal(two.best_estimator_.predict(data[:9]), two.predict(data)[:9])


def test_pipelines_fuse_and_choose_blocks() -> None:
    blocks, y = made()
    steps = [("fuse", pf.fusion.Fusion("concatenate")), ("clf", LogisticRegression())]
    x = np.hstack(list(blocks.values()))
    expected = cross_val_predict(LogisticRegression(), x, y, cv=3, method="predict_proba")
    got = cross_val_predict(Pipeline(steps), pf.Blocks(blocks), y, cv=3, method="predict_proba")
    np.testing.assert_array_equal(got, expected)
    chosen = FunctionTransformer(pf.Blocks.select, kw_args={"names": "text"})
    search = GridSearchCV(
        make_pipeline(chosen, pf.FusionClassifier()),
        {"functiontransformer__kw_args": [{"names": "text"}, {"names": ["image", "text"]}]},
    ).fit(pf.Blocks(blocks), y)
    assert search.best_params_["functiontransformer__kw_args"]["names"] == ["image", "text"]


@pytest.mark.parametrize(
    "step", [LogisticRegression(), StandardScaler(), SelectKBest(), pf.preprocessing.MinMaxScaler()]
)
def test_estimators_of_one_matrix_say_what_to_do(step: Any) -> None:
    blocks, y = made()
    with pytest.raises(TypeError, match=r"not stacked .* Put polyfuse.fusion.Fusion\(\) before"):
        make_pipeline(step).fit(pf.Blocks(blocks), y)
