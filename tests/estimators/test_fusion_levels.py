"""Late, cooperative and hybrid fusion, and steps by modality, against oracles on stacked data."""

from __future__ import annotations

import itertools
from functools import partial

import numpy as np
import pytest
import scipy.sparse as sp
import scipy.special
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.preprocessing import StandardScaler

import polyfuse as pf
from polyfuse._late import convex_weights, learned_weights, temperature_of

log_softmax = partial(scipy.special.log_softmax, axis=1)
EXACT = {"tol": 1e-9, "max_iter": 3000}


def make(rng, n=240, k=3):
    y = rng.integers(0, k, n)
    centres = rng.normal(size=(k, 5))
    return {
        "image": centres[y] + rng.normal(size=(n, 5)) * 1.5,
        "text": centres[y][:, :3] + rng.normal(size=(n, 3)) * 2,
        "sound": centres[y][:, :2] + rng.normal(size=(n, 2)) * 3,
    }, y


def scaled(blocks):
    return [StandardScaler().fit_transform(x) for x in blocks.values()]


def folds(y, n=5):
    """Every n-th row of each class."""
    fold = np.empty(len(y), int)
    fold[np.argsort(y, kind="stable")] = np.arange(len(y)) % n
    return [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(n)]


def oracle(**options):
    return LogisticRegression(tol=1e-10, max_iter=5000, **options)


# -- late ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("k", [2, 3])
def test_temperatures_minimise_the_held_out_loss(k, rng):
    blocks, y = make(rng, k=k)
    model = pf.FusionClassifier(level="late", **EXACT).fit(blocks, y)
    logs = 0.0
    for x, (_, temperature) in zip(scaled(blocks), model.temperatures_.items(), strict=True):
        held_out = cross_val_predict(oracle(), x, y, cv=folds(y), method="decision_function")
        if k == 2:
            held_out = np.column_stack([-held_out, held_out]) / 2

        def loss(t, s=held_out):
            return -log_softmax(s / np.exp(t))[np.arange(len(y)), y].mean()

        best = np.exp(minimize(loss, 0.0, tol=1e-10).x[0])
        assert temperature == pytest.approx(best, rel=1e-3)
        s = oracle().fit(x, y).decision_function(x)
        s = np.column_stack([-s, s]) / 2 if k == 2 else s
        logs = logs + log_softmax(s / temperature)
    expected = np.exp(log_softmax(logs / 3))
    np.testing.assert_allclose(model.predict_proba(blocks), expected, atol=1e-5)


@pytest.mark.parametrize("rule", ["geometric_mean", "weighted_mean"])
def test_learned_weights_minimise_the_log_loss(rule, rng):
    y = rng.integers(0, 4, 300)
    parts = [rng.dirichlet(np.ones(4), 300) + sharp * np.eye(4)[y] for sharp in (0.5, 0.3, 0.0)]
    parts = [p / p.sum(axis=1, keepdims=True) for p in parts]
    w = rng.uniform(0.1, 2, 300)
    found = learned_weights(parts, [None] * 3, y, w, rule)
    assert found.sum() == pytest.approx(1.0)

    def loss(weights):
        if rule == "geometric_mean":
            pooled = log_softmax(sum(u * np.log(p) for u, p in zip(weights, parts, strict=True)))
        else:
            share = weights / weights.sum()
            pooled = np.log(sum(u * p for u, p in zip(share, parts, strict=True)))
        return -w @ pooled[np.arange(300), y]

    best = minimize(loss, np.ones(3) / 3, bounds=[(1e-9, None)] * 3, tol=1e-12)
    own = min(loss(found * scale) for scale in np.geomspace(0.1, 30, 3000))
    assert own <= best.fun * (1 + 1e-5)


def test_stacked_regressions_are_on_the_simplex(rng):
    y = rng.normal(size=200)
    parts = [y + rng.normal(size=200) * s for s in (0.5, 1.0, 3.0)] + [-y]
    parts = [p[:, None] for p in parts]
    found = convex_weights(parts, y, np.ones(200), [None] * 4)
    stacked = np.hstack(parts)
    best = minimize(
        lambda w: ((stacked @ w - y) ** 2).mean(), np.ones(4) / 4, bounds=[(0, 1)] * 4,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1}, tol=1e-12,
    )  # fmt: skip
    np.testing.assert_allclose(found, best.x, atol=1e-4)


def test_late_regression_listens_to_the_strong_by_default(rng):
    strong = rng.normal(size=(200, 3))
    y = strong.sum(axis=1) + 0.1 * rng.normal(size=200)
    blocks = {"strong": strong, "noise": rng.normal(size=(200, 3))}
    model = pf.FusionRegressor(level="late").fit(blocks, y)
    assert model.weights_[0] > 0.95
    assert (
        model.score(blocks, y)
        > 0.95
        > pf.FusionRegressor("mean", level="late").fit(blocks, y).score(blocks, y)
    )


def test_groups_are_held_out_together(rng):
    blocks, y = make(rng)
    groups = rng.integers(0, 7, len(y))
    model = pf.FusionClassifier("weighted_mean", level="late", weights="validation", **EXACT)
    model.fit(blocks, y, groups=groups)
    for weight, x in zip(model.weights_, scaled(blocks), strict=True):
        predicted = cross_val_predict(oracle(), x, y, cv=GroupKFold(5), groups=groups)
        assert weight == pytest.approx((predicted == y).mean(), abs=1e-9)
    with pytest.raises(ValueError, match="groups must be at least two; got only 3"):
        model.fit(blocks, y, groups=np.full(len(y), 3))


def test_separable_rows_have_the_least_temperature():
    scores = np.eye(3)[[0, 1, 2]] * 10
    assert temperature_of(scores, np.arange(3), None) == pytest.approx(0.05)
    assert temperature_of(scores[:0], np.arange(0), None) == 1.0


@pytest.mark.parametrize("rule", ["geometric_mean", "product", "minimum"])
def test_opposite_certainties_leave_a_class(rule):
    blocks = {name: np.repeat([[-1.0], [1.0]], 20, axis=0) * 1e4 for name in "ab"}
    model = pf.FusionClassifier(rule, level="late", scaler=None, C=1e6)
    model.fit(blocks, np.repeat([0, 1], 20))
    proba = model.predict_proba({"a": [[1e6]], "b": [[-1e6]]})
    np.testing.assert_allclose(proba.sum(), 1.0)


@pytest.mark.parametrize("response", ["score", "rank"])
def test_scores_and_ranks_are_fused_too(response, rng):
    blocks, y = make(rng)
    model = pf.FusionClassifier("mean", level="late", response=response).fit(blocks, y)
    parts = model.modality_scores(blocks)
    if response == "rank":
        assert set(np.unique(parts["image"])) == {1.0, 2.0, 3.0}
    np.testing.assert_allclose(model.decision_function(blocks), sum(parts.values()) / 3)
    np.testing.assert_allclose(model.predict_proba(blocks).sum(axis=1), 1.0)
    assert model.score(blocks, y) > 0.6


# -- cooperative ---------------------------------------------------------------------------------


def cooperative_ridge(xs, y, rho, alpha):
    """Ding et al.: least squares on rows that also ask for equal predictions."""
    widths = [x.shape[1] for x in xs]
    edges = np.cumsum([0, *widths])
    rows, targets = [np.hstack(xs)], [y - y.mean()]
    for i in range(len(xs)):
        for j in range(i + 1, len(xs)):
            row = np.zeros((len(y), edges[-1]))
            row[:, edges[i] : edges[i + 1]] = np.sqrt(rho) * xs[i]
            row[:, edges[j] : edges[j + 1]] = -np.sqrt(rho) * xs[j]
            rows.append(row)
            targets.append(np.zeros(len(y)))
    fitted = Ridge(alpha=alpha, fit_intercept=False).fit(np.vstack(rows), np.concatenate(targets))
    return np.split(fitted.coef_, edges[1:-1])


@pytest.mark.parametrize("rho", [0.0, 0.3, 1.0])
def test_cooperative_regression(rho, rng):
    blocks, codes = make(rng)
    y = codes + rng.normal(size=len(codes))
    model = pf.FusionRegressor(level="cooperative", rho=rho, alpha=2.0, **EXACT).fit(blocks, y)
    expected = cooperative_ridge(scaled(blocks), y, rho, 2.0)
    for own, coef in zip(model.coef_.values(), expected, strict=True):
        np.testing.assert_allclose(own[0], coef, atol=1e-6)
    assert model.intercept_[0] == pytest.approx(y.mean())


def test_modalities_that_fully_agree_are_the_mean_of_single_models(rng):
    blocks, codes = make(rng)
    y = codes + rng.normal(size=len(codes))
    model = pf.FusionRegressor(level="cooperative", rho=1.0, alpha=3.0, **EXACT).fit(blocks, y)
    late = pf.FusionRegressor("mean", level="late", alpha=1.0, **EXACT).fit(blocks, y)
    np.testing.assert_allclose(model.predict(blocks), late.predict(blocks), atol=1e-6)


@pytest.mark.parametrize("k", [2, 3])
def test_cooperative_classification_agrees_more_with_rho(k, rng):
    blocks, y = make(rng, k=k)
    gaps = []
    for rho in (0.0, 0.1, 1.0):
        model = pf.FusionClassifier(level="cooperative", rho=rho, **EXACT).fit(blocks, y)
        parts = list(model.modality_scores(blocks).values())
        gaps.append(sum(((a - b) ** 2).sum() for a in parts for b in parts))
    assert gaps[0] > gaps[1] > gaps[2]
    early = pf.FusionClassifier(level="early", **EXACT).fit(blocks, y)
    same = pf.FusionClassifier(level="cooperative", rho=0.0, **EXACT).fit(blocks, y)
    np.testing.assert_allclose(same.predict_proba(blocks), early.predict_proba(blocks), atol=1e-6)


# -- hybrid --------------------------------------------------------------------------------------


@pytest.mark.parametrize("k", [2, 3])
def test_hybrid_is_the_geometric_mean_of_late_and_early(k, rng):
    blocks, y = make(rng, k=k)
    weights = {"image": 1.0, "text": 2.0, "sound": 0.5, "early": 3.0}
    model = pf.FusionClassifier(level="hybrid", weights=weights, calibrate=False, **EXACT)
    model.fit(blocks, y)
    members = [
        pf.FusionClassifier(**EXACT).fit({n: x}, y).predict_proba({n: x}) for n, x in blocks.items()
    ]
    members.append(pf.FusionClassifier(**EXACT).fit(blocks, y).predict_proba(blocks))
    fused = pf.fusion.geometric_mean(members, list(weights.values()))
    expected = fused / fused.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.predict_proba(blocks), expected, atol=1e-6)
    scores = model.modality_scores(blocks)
    np.testing.assert_array_equal(scores.predict(), model.predict(blocks))


def test_hybrid_regression_is_a_mean(rng):
    blocks, codes = make(rng)
    y = codes + rng.normal(size=len(codes))
    hybrid = pf.FusionRegressor(level="hybrid", weights=[1] * 4, **EXACT)
    hybrid = hybrid.fit(blocks, y).predict(blocks)
    late = pf.FusionRegressor("mean", level="late", **EXACT).fit(blocks, y).predict(blocks)
    early = pf.FusionRegressor(**EXACT).fit(blocks, y).predict(blocks)
    np.testing.assert_allclose(hybrid, (3 * late + early) / 4, atol=1e-8)


# -- early ---------------------------------------------------------------------------------------


def test_penalties_by_modality(rng):
    blocks, y = make(rng)
    factors = {"image": 1.0, "text": 4.0, "sound": 0.25}
    model = pf.FusionClassifier(block_alpha=factors, **EXACT).fit(blocks, y)
    roots = [np.sqrt(f) for f in factors.values()]
    x = np.hstack([x / r for x, r in zip(scaled(blocks), roots, strict=True)])
    fitted = oracle().fit(x, y)
    np.testing.assert_allclose(
        np.hstack([c * r for c, r in zip(model.coef_.values(), roots, strict=True)]),
        fitted.coef_, atol=1e-5,
    )  # fmt: skip


def test_class_weights(rng):
    blocks, y = make(rng)
    for weight, rows in itertools.product(
        ("balanced", {0: 1.0, 1: 5.0, 2: 0.5}), (None, rng.uniform(0.1, 2, len(y)))
    ):
        model = pf.FusionClassifier(class_weight=weight, **EXACT).fit(blocks, y, rows)
        fitted = oracle(class_weight=weight).fit(np.hstack(scaled(blocks)), y, rows)
        np.testing.assert_allclose(np.hstack(list(model.coef_.values())), fitted.coef_, atol=1e-5)


@pytest.mark.parametrize("level", ["early", "late", "cooperative", "hybrid"])
def test_sparse_blocks(level, rng):
    blocks, y = make(rng)
    blocks["text"] = rng.poisson(0.4, (len(y), 6)) * (1.0 + y[:, None])
    scaler = {"image": "standard", "sound": "standard", "text": "maxabs"}
    dense = pf.FusionClassifier(level=level, scaler=scaler, **EXACT).fit(blocks, y)
    sparse = {**blocks, "text": sp.csr_matrix(blocks["text"])}
    model = pf.FusionClassifier(level=level, scaler=scaler, **EXACT).fit(sparse, y)
    np.testing.assert_allclose(model.coef_["text"], dense.coef_["text"], atol=1e-5)
    np.testing.assert_allclose(
        model.predict_proba(sparse), dense.predict_proba(blocks), atol=1e-5
    )  # fmt: skip
    assert pf.FusionClassifier(level=level).fit(sparse, y).scalers_["text"].with_mean is False


def test_steps_by_modality_lead_to_the_same_model(rng):
    blocks, y = make(rng)
    options = {"C": 0.05, "tol": 1e-7, "max_iter": 20000}
    model = pf.FusionClassifier(block_eta={"image": 1, "text": 0.5, "sound": 1}, **options)
    model.fit(blocks, y)
    early = pf.FusionClassifier(**options).fit(blocks, y)
    np.testing.assert_allclose(model.predict_proba(blocks), early.predict_proba(blocks), atol=1e-4)
    losses = np.array(model.loss_curve_)
    assert (np.diff(losses) <= 1e-12).all()


def test_steps_of_modalities_that_have_to_agree_lower_the_loss(rng):
    blocks, y = make(rng, k=2)
    blocks = {"image": blocks["image"], "again": blocks["image"]}
    model = pf.FusionClassifier(
        level="cooperative", rho=10.0, block_eta={"image": 1, "again": 0.5}, max_iter=50
    ).fit(blocks, y)
    assert (np.diff(model.loss_curve_) <= 1e-12).all()


def test_balance_lets_a_weak_modality_learn(rng):
    blocks, y = make(rng)
    blocks["image"] = blocks["image"] + 4 * np.eye(5)[y]
    shares = []
    for balance in (0.0, 1.0):
        model = pf.FusionClassifier(balance=balance, max_iter=30).fit(blocks, y)
        sizes = [np.abs(part).mean() for part in model.modality_scores(blocks).values()]
        shares.append(sizes[0] / sum(sizes))
    assert shares[1] < shares[0] - 0.05


def test_ridge_regression(rng):
    blocks, codes = make(rng)
    y = 1e3 + 10 * codes + rng.normal(size=len(codes))
    weight = rng.uniform(0.2, 2, len(y))
    model = pf.FusionRegressor(alpha=5.0, scaler=None, **EXACT).fit(blocks, y, weight)
    x = np.hstack(list(blocks.values()))
    fitted = Ridge(alpha=5.0).fit(x, y, weight)
    np.testing.assert_allclose(model.predict(blocks), fitted.predict(x), rtol=1e-6)
    assert model.score(blocks, y) == pytest.approx(fitted.score(x, y), abs=1e-6)
