"""Modalities that are missing in some rows: in fit, in predict, in some or in all rows."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

import polyfuse as pf
from polyfuse._fusion_learning import N_DRAWS
from polyfuse._joint import drop_some
from polyfuse._late import learned_weights
from polyfuse._random import as_random_state

LEVELS = ["early", "late", "cooperative", "hybrid"]
EXACT = {"tol": 1e-9, "max_iter": 3000}


def make(rng, n=200, k=3, rate=0.3, none=True):
    y = rng.integers(0, k, n)
    centres = rng.normal(size=(k, 4)) * 1.5
    blocks = {
        "image": centres[y] + rng.normal(size=(n, 4)) + 7,
        "text": (centres[y][:, :3] + rng.normal(size=(n, 3))).astype("f4"),
        "count": rng.poisson(2 + y, (3, n)).T.astype("i4"),
    }
    there = {name: rng.random(n) >= rate for name in blocks}
    if not none:
        there["count"][~(there["image"] | there["text"])] = True
    return blocks, there, y


def with_nan(blocks, there):
    return {
        name: np.where(there[name][:, None], x, np.nan) if x.dtype.kind == "f" else x
        for name, x in blocks.items()
    }


def filled(blocks, there):
    """Scaled by the rows that are there; zeros where a modality is not."""
    return np.hstack([
        np.where(m[:, None], StandardScaler().fit(x[m]).transform(x), 0.0)
        for x, m in zip(blocks.values(), there.values(), strict=True)
    ])  # fmt: skip


@pytest.mark.parametrize("k", [2, 3])
def test_early_fusion_puts_the_mean_for_what_is_missing(k, rng):
    blocks, there, y = make(rng, k=k)
    model = pf.FusionClassifier(modality_dropout=0.0, **EXACT).fit(blocks, y, present=there)
    x = filled(blocks, there)
    fitted = LogisticRegression(tol=1e-10, max_iter=5000).fit(x, y)
    np.testing.assert_allclose(np.hstack(list(model.coef_.values())), fitted.coef_, atol=1e-5)
    np.testing.assert_allclose(
        model.predict_proba(blocks, present=there), fitted.predict_proba(x), atol=1e-5
    )


def test_dropout_learns_from_copies_of_rows(rng):
    blocks, there, y = make(rng)
    model = pf.FusionClassifier(modality_dropout=0.4, random_state=3, **EXACT)
    model.fit(blocks, y, present=there)
    draws = drop_some(list(there.values()), len(y), 0.4, N_DRAWS, as_random_state(3))
    widths = [x.shape[1] for x in blocks.values()]
    x = filled(blocks, there)
    copies = np.vstack([x * np.repeat(np.array(masks), widths, axis=0).T for masks in draws])
    fitted = LogisticRegression(tol=1e-10, max_iter=5000, C=1.0 / len(draws))
    fitted.fit(copies, np.tile(y, len(draws)))
    np.testing.assert_allclose(np.hstack(list(model.coef_.values())), fitted.coef_, atol=1e-5)


def test_dropout_keeps_a_modality_of_each_row(rng):
    there = [rng.random(500) < 0.6 for _ in range(3)]
    draws = drop_some(there, 500, 0.9, 5, as_random_state(0))
    some = np.any(there, axis=0)
    for masks in draws[1:]:
        np.testing.assert_array_equal(np.any(masks, axis=0), some)
        assert not (np.array(masks) & ~np.array(there)).any()
    rates = [np.array(masks)[:, some].sum() / np.array(there).sum() for masks in draws[1:]]
    assert max(rates) < 0.75


@pytest.mark.parametrize("level", LEVELS)
def test_a_row_of_nan_is_a_missing_row(level, rng):
    blocks, there, y = make(rng)
    there["count"][:] = True  # integers have no NaN
    options = {"level": level, "random_state": 1}
    masked = pf.FusionClassifier(**options).fit(blocks, y, present=there)
    model = pf.FusionClassifier(**options).fit(with_nan(blocks, there), y)
    expected = masked.predict_proba(blocks, present=there)
    np.testing.assert_allclose(model.predict_proba(with_nan(blocks, there)), expected, atol=1e-6)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("k", [2, 3])
def test_a_row_without_any_modality_gets_what_is_known_of_all(level, k, rng):
    blocks, there, y = make(rng, k=k)
    model = pf.FusionClassifier(level=level).fit(blocks, y, present=there)
    nothing = model.predict_proba(
        {name: np.full((2, x.shape[1]), np.nan) for name, x in blocks.items()}
    )
    assert np.isfinite(nothing).all()
    if level == "late":
        np.testing.assert_allclose(nothing[0], np.bincount(y) / len(y))
    assert (nothing[0] == nothing[1]).all()


@pytest.mark.parametrize("level", LEVELS)
def test_a_block_that_is_not_given_is_missing_in_all_rows(level, rng):
    blocks, there, y = make(rng)
    model = pf.FusionClassifier(level=level).fit(blocks, y, present=there)
    absent = {**there, "text": np.zeros(len(y), bool)}
    expected = model.predict_proba(blocks, present=absent)
    rest = {name: x for name, x in blocks.items() if name != "text"}
    own = {name: mask for name, mask in there.items() if name != "text"}
    for given, masks in ((rest, own), ({**blocks, "text": None}, own)):
        np.testing.assert_allclose(model.predict_proba(given, present=masks), expected, atol=1e-6)


def test_late_models_learn_from_the_rows_they_have(rng):
    blocks, there, y = make(rng)
    model = pf.FusionClassifier(level="late", calibrate=False, **EXACT)
    model.fit(blocks, y, present=there)
    for name, x in blocks.items():
        m = there[name]
        x = StandardScaler().fit(x[m]).transform(x).astype(float)
        fitted = LogisticRegression(tol=1e-10, max_iter=5000).fit(x[m], y[m])
        np.testing.assert_allclose(model.coef_[name], fitted.coef_, atol=2e-5)


@pytest.mark.parametrize("level", LEVELS)
def test_regression(level, rng):
    blocks, there, codes = make(rng)
    y = codes + rng.normal(size=len(codes)) * 0.1
    model = pf.FusionRegressor(level=level, weights="learned" if level == "late" else None)
    model.fit(blocks, y, present=there)
    assert model.score(with_nan(blocks, there), y) > 0.4
    nothing = {name: np.full((1, x.shape[1]), np.nan) for name, x in blocks.items()}
    assert model.predict(nothing)[0] == pytest.approx(y.mean(), abs=0.2)


@pytest.mark.parametrize("fusion", ["mean", "weighted_sum", "maximum"])
def test_features_are_folded_over_those_that_are_there(fusion, rng):
    y = rng.integers(0, 2, 80)
    blocks = {name: rng.normal(size=(80, 3)) + y[:, None] for name in "ab"}
    there = {"a": rng.random(80) < 0.7, "b": np.ones(80, bool)}
    weights = [1.0, 0.5] if fusion == "weighted_sum" else None
    model = pf.FusionClassifier(fusion, weights=weights, scaler=None, modality_dropout=0, **EXACT)
    model.fit(blocks, y, present=there)
    fused = pf.fusion.fuse(blocks, fusion, weights=weights, present=there, missing="skip")
    fitted = LogisticRegression(tol=1e-10, max_iter=5000).fit(fused, y)
    np.testing.assert_allclose(model.coef_["a"], fitted.coef_, atol=1e-5)
    there["b"][3] = there["a"][3] = False
    with pytest.raises(ValueError, match="all blocks are missing in row 3"):
        model.fit(blocks, y, present=there)
    assert np.isfinite(model.predict_proba(blocks, present=there)).all()


def test_what_is_missing_everywhere_teaches_nothing(rng):
    blocks, _, y = make(rng)
    blocks["text"] = np.full((len(y), 3), np.nan)
    with pytest.raises(ValueError, match=r"blocks\['text'\] is missing in every row"):
        pf.FusionClassifier().fit(blocks, y)


def test_some_nan_in_a_row_is_an_error(rng):
    blocks, there, y = make(rng)
    model = pf.FusionClassifier().fit(blocks, y, present=there)
    bad = with_nan(blocks, there)
    row = int(np.flatnonzero(there["image"])[5])
    bad["image"][row, 2] = np.nan
    for call in (lambda x: model.fit(x, y), model.predict):
        with pytest.raises(ValueError, match=r"blocks\['image'\] contains NaN"):
            call(bad)


def test_modality_scores_know_what_is_missing(rng):
    blocks, there, y = make(rng)
    model = pf.FusionClassifier().fit(blocks, y, present=there)
    scores = model.modality_scores(blocks, present=there)
    assert (scores["image"][~there["image"]] == 0).all()
    np.testing.assert_array_equal(scores.masks[0], there["image"])
    np.testing.assert_array_equal(scores.predict(), model.predict(blocks, present=there))


def test_learned_weights_are_of_the_pool_of_what_is_there(rng):
    y = rng.integers(0, 3, 300)
    parts = [rng.dirichlet(np.ones(3), 300) + sharp * np.eye(3)[y] for sharp in (0.2, 0.4, 0.3)]
    parts = [p / p.sum(axis=1, keepdims=True) for p in parts]
    there = np.stack([np.ones(300, bool), rng.random(300) < 0.2, rng.random(300) < 0.6])
    found = learned_weights(parts, [None, *there[1:]], y, None, "weighted_mean")
    own = np.stack([p[np.arange(300), y] for p in parts])

    def loss(logs):
        weights = np.exp(logs)[:, None] * there
        return -np.log((weights * own).sum(axis=0) / weights.sum(axis=0)).sum()

    best = minimize(loss, np.zeros(3), tol=1e-12).fun
    # Expectation-maximisation takes its time on the way to a weight of zero.
    assert best - 1e-6 <= loss(np.log(np.maximum(found, 1e-30))) <= best * 1.001
    apart = [np.arange(300) < 150, np.arange(300) >= 150]
    alone = learned_weights(parts[:2], apart, y, None, "weighted_mean")
    np.testing.assert_array_equal(alone, [0.5, 0.5])


def test_scalers_of_sparse_blocks_pass_over_what_is_missing(rng):
    x, y = rng.poisson(0.7, (60, 4)) * 1.0, rng.integers(0, 2, 60)
    there = rng.random(60) < 0.6
    blocks = {"text": sp.csr_matrix(x), "image": rng.normal(size=(60, 2))}
    present = {"text": there, "image": np.ones(60, bool)}
    model = pf.FusionClassifier().fit(blocks, y, present=present)
    np.testing.assert_allclose(model.scalers_["text"].scale_, x[there].std(axis=0))
