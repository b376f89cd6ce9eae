"""FusionClassifier: scikit-learn's pipeline on stacked blocks is the oracle."""

from __future__ import annotations

import itertools
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict, train_test_split
from sklearn.preprocessing import StandardScaler as SkStandardScaler

import polyfuse as pf
from polyfuse._fusion_parameters import FUSIONS
from polyfuse.exceptions import NotFittedError

Blocks = dict[str, Any]


def make_blocks(n_classes: int, rng: np.random.Generator, n: int = 300) -> tuple[Blocks, Any]:
    y = rng.integers(0, n_classes, n)
    centres = rng.normal(size=(n_classes, 6))
    image = (centres[y] + rng.normal(size=(n, 6)) * 1.5) * 50 + 300
    text = rng.poisson(1.0 + (centres[y] > 0), (n, 6)).astype("u1")
    sound = (centres[y][:, :4] + rng.normal(size=(n, 4)) * 2).astype("f4")
    return {"image": image, "text": text, "sound": sound}, y


def stacked(blocks: Blocks) -> Any:
    return np.hstack([SkStandardScaler().fit_transform(block) for block in blocks.values()])


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("n_classes", [2, 5])
def test_early_concatenation_is_scaled_stacked_logistic_regression(
    n_classes: int, rng: np.random.Generator
) -> None:
    blocks, y = make_blocks(n_classes, rng)
    model = pf.FusionClassifier(tol=1e-8, max_iter=2000).fit(blocks, y)
    x = stacked(blocks)
    oracle = LogisticRegression(tol=1e-10, max_iter=5000).fit(x, y)
    coef = np.hstack([model.coef_[name] for name in blocks])
    np.testing.assert_allclose(coef, oracle.coef_, atol=2e-5)
    np.testing.assert_allclose(model.intercept_, oracle.intercept_, atol=2e-5)
    np.testing.assert_allclose(model.predict_proba(blocks), oracle.predict_proba(x), atol=1e-5)
    np.testing.assert_array_equal(model.predict(blocks), oracle.predict(x))
    assert model.score(blocks, y) == oracle.score(x, y)


def test_sample_weight_and_C(rng: np.random.Generator) -> None:
    blocks, y = make_blocks(3, rng)
    weight = rng.uniform(0.1, 3, len(y))
    model = pf.FusionClassifier(C=0.1, scaler=None, tol=1e-9, max_iter=2000)
    blocks = {name: block / np.float64(100) for name, block in blocks.items()}
    model.fit(blocks, y, weight)
    oracle = LogisticRegression(C=0.1, tol=1e-10, max_iter=5000)
    oracle.fit(np.hstack(list(blocks.values())), y, weight)
    np.testing.assert_allclose(np.hstack(list(model.coef_.values())), oracle.coef_, atol=1e-5)


@pytest.mark.parametrize("fusion", [f for f in FUSIONS if f != "concatenate"])
def test_early_folds_learn_on_fused_rows(fusion: str, rng: np.random.Generator) -> None:
    blocks, y = make_blocks(3, rng)
    blocks = {"a": blocks["image"], "b": blocks["text"].astype("f8")}
    weights = [1.0, 3.0] if "weighted" in fusion else None
    model = pf.FusionClassifier(fusion, weights=weights, tol=1e-8).fit(blocks, y)
    fused = pf.fusion.fuse(blocks, fusion, weights=weights, scalers="standard")
    oracle = LogisticRegression(tol=1e-9, max_iter=5000).fit(fused, y)
    np.testing.assert_allclose(model.predict_proba(blocks), oracle.predict_proba(fused), atol=1e-5)


@pytest.mark.parametrize("fusion", [f for f in FUSIONS if f != "concatenate"])
@pytest.mark.parametrize("n_classes", [2, 4])
def test_late_fusion_fuses_probabilities(
    fusion: str, n_classes: int, rng: np.random.Generator
) -> None:
    blocks, y = make_blocks(n_classes, rng)
    weights = {"image": 1.0, "text": 2.0, "sound": 0.5} if "weighted" in fusion else None
    model = pf.FusionClassifier(fusion, level="late", weights=weights, calibrate=False, tol=1e-8)
    model.fit(blocks, y)
    alone = {
        name: pf.FusionClassifier(tol=1e-8).fit({name: block}, y).predict_proba({name: block})
        for name, block in blocks.items()
    }
    for name, scores in model.modality_scores(blocks).items():
        np.testing.assert_allclose(scores, alone[name], atol=1e-6)
    fused = pf.fusion.fuse(alone, fusion, weights=weights)
    expected = fused / fused.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.predict_proba(blocks), expected, atol=1e-6)
    np.testing.assert_array_equal(model.predict(blocks), fused.argmax(axis=1))


def test_validation_weights_are_held_out_accuracies(rng: np.random.Generator) -> None:
    blocks, y = make_blocks(3, rng)
    blocks["noise"] = rng.normal(size=(len(y), 5))
    model = pf.FusionClassifier("weighted_mean", level="late", weights="validation", tol=1e-8)
    model.fit(blocks, y)
    fold = np.empty(len(y), int)
    fold[np.argsort(y, kind="stable")] = np.arange(len(y)) % 5  # every fifth row of each class
    folds = [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(5)]
    for weight, block in zip(model.weights_, blocks.values(), strict=True):
        # scaled by the statistics of all rows
        x = SkStandardScaler().fit_transform(block)
        predicted = cross_val_predict(LogisticRegression(tol=1e-8, max_iter=5000), x, y, cv=folds)
        assert weight == pytest.approx((predicted == y).mean(), abs=1e-9)


@pytest.mark.parametrize("fusion", ["concatenate"])
def test_modality_scores_add_up(fusion: str, rng: np.random.Generator) -> None:
    blocks, y = make_blocks(3, rng)
    model = pf.FusionClassifier(fusion).fit(blocks, y)
    parts = model.modality_scores(blocks)
    np.testing.assert_allclose(
        sum(parts.values()) + model.intercept_, model.decision_function(blocks), atol=3e-6
    )


def test_list_of_blocks_and_order_of_keys(rng: np.random.Generator) -> None:
    blocks, y = make_blocks(3, rng)
    by_name = pf.FusionClassifier().fit(blocks, y)
    by_place = pf.FusionClassifier().fit(list(blocks.values()), y)
    assert by_place.modalities_ == ["0", "1", "2"]
    expected = by_name.predict_proba(blocks)
    np.testing.assert_array_equal(by_place.predict_proba(list(blocks.values())), expected)
    turned = dict(reversed(blocks.items()))
    np.testing.assert_array_equal(by_name.predict_proba(turned), expected)


def test_loss_curve_falls(rng: np.random.Generator) -> None:
    blocks, y = make_blocks(4, rng)
    seen: list[float] = []
    model = pf.FusionClassifier().fit(blocks, y, callback=lambda i, loss: seen.append(loss))
    assert seen == model.loss_curve_
    assert all(b < a for a, b in itertools.pairwise(seen))
    assert model.n_iter_ == len(seen)


@pytest.mark.skipif("native" not in pf._kernels.available(), reason="the C++ kernels are not built")
@pytest.mark.parametrize(
    "params",
    [{}, {"level": "late", "weights": "learned"}, {"level": "hybrid"}, {"level": "cooperative"}],
    ids=repr,
)
def test_same_bits_on_every_level_and_thread_count(
    params: dict[str, Any], rng: np.random.Generator
) -> None:
    from threadpoolctl import threadpool_limits

    blocks, y = make_blocks(3, rng, n=2500)
    blocks["image"] = np.where(rng.random((len(y), 1)) < 0.2, np.nan, blocks["image"])
    found = []
    for level in pf.isa_levels():
        for threads in (1, 2):
            with pf._kernels.use_level(level), threadpool_limits(threads):
                model = pf.FusionClassifier(max_iter=20, cv=2, **params).fit(blocks, y)
                found.append(model.predict_proba(blocks).tobytes())
    assert len(set(found)) == 1


def test_emoji_needs_no_tuning() -> None:
    blocks, y = pf.datasets.load_emoji(return_blocks_y=True)
    train, test = train_test_split(np.arange(len(y)), test_size=0.3, stratify=y, random_state=0)
    score = {}
    for names in (["image"], ["text"], ["image", "text"]):
        model = pf.FusionClassifier().fit({k: blocks[k][train] for k in names}, y[train])
        score["+".join(names)] = model.score({k: blocks[k][test] for k in names}, y[test])
    assert score["image+text"] >= 0.80
    assert score["image+text"] > max(score["image"], score["text"])


MEMORY = """
import resource, sys
import numpy as np, polyfuse as pf
rng = np.random.default_rng(0)
n = 60_000
blocks = {k: rng.standard_normal((n, 256), dtype=np.float32) for k in "abc"}
y = rng.integers(0, 4, n)
pf.FusionClassifier(max_iter=2).fit({k: v[:500] for k, v in blocks.items()}, y[:500])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
pf.FusionClassifier(max_iter=5).fit(blocks, y)
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print((after - before) * 1024 / sum(v.nbytes for v in blocks.values()))
"""


@pytest.mark.skipif("native" not in pf._kernels.available(), reason="the C++ kernels are not built")
def test_fit_takes_a_few_per_cent_of_extra_memory() -> None:
    run = subprocess.run([sys.executable, "-c", MEMORY], capture_output=True, text=True, check=True)
    assert float(run.stdout) < 0.05


# -- errors --------------------------------------------------------------------------------------

GOOD = {"a": np.arange(8.0).reshape(4, 2), "b": np.ones((4, 3)) * np.arange(4.0)[:, None]}
Y = [0, 1, 0, 1]


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"fusion": "vote"}, "fusion must be one of .* got 'vote'"),
        ({"level": "middle"}, "level must be one of 'early', 'late', .*; got 'middle'"),
        ({"level": "late", "fusion": "concatenate"}, "fusion='concatenate' fuses features"),
        (
            {"scaler": "unit"},
            "scaler must be one of 'standard', 'minmax', 'maxabs', 'robust'; got 'unit'",
        ),
        ({"C": 0.0}, "C must be a finite number above 0; got 0.0"),
        ({"max_iter": 0}, "max_iter must be an integer of at least 1; got 0"),
        ({"fusion": "mean"}, "blocks must have one width for op='mean'; got a: 2, b: 3"),
        ({"fusion": "weighted_mean", "level": "late"}, "weights must be given"),
        ({"fusion": "weighted_mean", "weights": "validation"}, "needs level='late'"),
        ({"weights": [1, 2]}, "weights must be None for op='concatenate'"),
    ],
)
def test_bad_parameters(params: Any, message: str) -> None:
    model = pf.FusionClassifier(**params)
    with pytest.raises(ValueError, match=message):
        model.fit(GOOD, Y)
    with pytest.raises(NotFittedError):
        model.predict(GOOD)


@pytest.mark.parametrize("scaler", ["standard", "minmax", None])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite(scaler: str | None, value: float) -> None:
    bad = {"a": GOOD["a"], "b": GOOD["b"].copy()}
    bad["b"][2, 1] = value
    what = "NaN" if np.isnan(value) else "infinity"
    message = rf"blocks\['b'\] contains {what} \(first in row 2, column 1\)"
    with pytest.raises(ValueError, match=message):
        pf.FusionClassifier(scaler=scaler).fit(bad, Y)
    model = pf.FusionClassifier(scaler=scaler).fit(GOOD, Y)
    kept = model.coef_["a"].copy()
    with pytest.raises(ValueError, match=message):
        model.predict(bad)
    with pytest.raises(ValueError, match=message):
        model.fit(bad, Y)
    np.testing.assert_array_equal(model.coef_["a"], kept)


def test_blocks_that_are_not_those_of_fit() -> None:
    model = pf.FusionClassifier().fit(GOOD, Y)
    with pytest.raises(ValueError, match=r"must be those of fit, \['a', 'b'\]; got \['a', 'c'\]"):
        model.predict({"a": GOOD["a"], "c": GOOD["b"]})
    with pytest.raises(ValueError, match=r"blocks\['b'\] has 1 features, .* expecting 3"):
        model.predict({"a": GOOD["a"], "b": GOOD["b"][:, :1]})
    with pytest.raises(ValueError, match="same number of rows; got a: 4, b: 2"):
        model.predict({"a": GOOD["a"], "b": GOOD["b"][:2]})


def test_repr_and_clone() -> None:
    from sklearn.base import clone

    model = pf.FusionClassifier("mean", level="late", C=0.5)
    assert repr(clone(model)) == "FusionClassifier(C=0.5, fusion='mean', level='late')"


def test_predictions_are_those_of_the_fit_whatever_set_params_does(
    rng: np.random.Generator,
) -> None:
    blocks, y = make_blocks(3, rng)
    blocks.pop("sound")
    model = pf.FusionClassifier("sum").fit(blocks, y)
    expected = model.predict_proba(blocks)
    model.set_params(fusion="mean", level="late")
    np.testing.assert_array_equal(model.predict_proba(blocks), expected)


def test_names_of_blocks_must_differ() -> None:
    with pytest.raises(ValueError, match="blocks must have different names"):
        pf.FusionClassifier().fit({1: GOOD["a"], "1": GOOD["b"]}, Y)  # type: ignore[dict-item]


@pytest.mark.parametrize("params", [{"fusion": "maximum"}, {"fusion": "mean", "level": "late"}])
def test_an_infinity_is_seen_even_where_it_would_not_show(params: Any) -> None:
    good = {"a": GOOD["a"], "b": GOOD["b"][:, :2]}
    bad = {"a": GOOD["a"] * 1.0, "b": good["b"]}
    bad["a"][1, 0] = -np.inf
    model = pf.FusionClassifier(scaler=None, **params).fit(good, Y)
    for call in (model.predict, lambda blocks: model.fit(blocks, Y)):
        with pytest.raises(ValueError, match=r"blocks\['a'\] contains infinity"):
            call(bad)


@pytest.mark.parametrize("level", ["early", "late"])
def test_names_of_the_columns_of_blocks_are_checked(level: str) -> None:
    pd = pytest.importorskip("pandas")
    named = {key: pd.DataFrame(GOOD[key]).add_prefix("c") for key in GOOD}
    fusion = "concatenate" if level == "early" else "mean"
    model = pf.FusionClassifier(fusion, level=level).fit(named, Y)
    plain = pf.FusionClassifier(fusion, level=level).fit(GOOD, Y)
    np.testing.assert_array_equal(model.predict_proba(named), plain.predict_proba(GOOD))
    with pytest.raises(ValueError, match=r"(?s)blocks\['b'\]: The feature names should .* order"):
        model.predict({**named, "b": named["b"][["c1", "c0", "c2"]]})
    with pytest.warns(
        UserWarning, match=r"blocks\['a'\] does not have valid.*FusionClassifier was"
    ):
        model.predict({**named, "a": GOOD["a"]})


def test_blocks_of_a_list_are_named_by_position() -> None:
    model = pf.FusionClassifier().fit(list(GOOD.values()), Y)
    assert repr(model.modalities_) == "['0', '1']"
    assert [repr(key) for key in model.coef_] == ["'0'", "'1'"]
    bad = np.where(GOOD["b"] == GOOD["b"].max(), np.inf, GOOD["b"])
    for call in (lambda x: model.fit(x, Y), model.predict):
        with pytest.raises(ValueError, match=r"blocks\[1\] contains infinity"):
            call([GOOD["a"], bad])


def test_a_matrix_that_is_a_dict_is_no_blocks(rng: np.random.Generator) -> None:
    x = sp.dok_matrix(rng.standard_normal((6, 2)))
    assert pf.FusionClassifier().fit(x, [0, 1] * 3).modalities_ == ["X"]


def test_one_matrix_is_one_block(rng: np.random.Generator) -> None:
    blocks, y = make_blocks(3, rng)
    x = blocks["image"]
    model, other = pf.FusionClassifier().fit(x, y), pf.FusionClassifier().fit({"a": x}, y)
    assert model.modalities_ == ["X"]
    assert model.n_features_in_ == x.shape[1]
    np.testing.assert_array_equal(model.coef_["X"], other.coef_["a"])
    for method in ("predict_proba", "decision_function", "predict"):
        expected = getattr(other, method)({"a": x})
        np.testing.assert_array_equal(getattr(model, method)(x), expected)
        np.testing.assert_array_equal(getattr(model, method)(x.tolist()), expected)
    with pytest.raises(ValueError, match="X is blocks, but FusionClassifier was not fitted on"):
        model.predict([x])
    with pytest.raises(ValueError, match="X is one matrix, but FusionClassifier was fitted on a"):
        other.predict(x)
    with pytest.raises(ValueError, match=f"X has 2 features, but .* expecting {x.shape[1]}"):
        model.predict(x[:, :2])
    assert pf.FusionClassifier().fit(list(blocks.values()), y).n_features_in_ == sum(
        block.shape[1] for block in blocks.values()
    )
