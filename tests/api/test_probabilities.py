"""Losses of probabilities against scikit-learn: values, errors and warnings, word for word."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from metrics_oracle import (
    LABELS,
    LAYOUTS,
    assert_layouts_are_alike,
    compare,
    draw_weights,
    outcome,
)

from polyfuse import metrics

PROBABILITIES = ("log_loss", "brier_score_loss", "d2_log_loss_score", "d2_brier_score")
TOLERANCE = {"float64": 1e-12, "float32": 2e-5, "float16": 0.05}


pytestmark = pytest.mark.usefixtures("best_and_last")


def draw_labels_of(rng, n_rows):
    labels, types = LABELS[sorted(LABELS)[rng.integers(len(LABELS))]]
    labels = list(labels)
    drawn = [labels[i] for i in rng.integers(0, len(labels), n_rows)]
    y = np.array(drawn, types[rng.integers(len(types))])
    return labels, y.tolist() if rng.random() < 0.2 else y


def draw_probabilities(rng, n_rows, n_columns, kind):
    """One column for each class, of two classes sometimes one alone; some of them are not good."""
    p = rng.exponential(size=(n_rows, n_columns)) ** 3 + 1e-30
    p /= p.sum(axis=1, keepdims=True)
    if rng.random() < 0.2:
        p = (p == p.max(axis=1, keepdims=True)) * 1.0
    spoil = rng.integers(0, 25)
    if spoil < 5:
        p[rng.integers(n_rows), rng.integers(n_columns)] = (0.3, 1.5, -0.5, math.nan, math.inf)[
            spoil
        ]
    p = p.astype(kind)
    if n_columns == 2 and rng.random() < 0.6:
        p = p[:, 1] if rng.random() < 0.8 else p[:, 1:]
    if rng.random() < 0.2:
        p = np.asfortranarray(p)
    return p.tolist() if kind == "float64" and rng.random() < 0.2 else p


def labels_option(rng, labels):
    kind = rng.integers(0, 8)
    ordered = sorted(labels)
    if kind < 4:
        return None
    if kind == 4:
        ordered.append("zz" if isinstance(labels[0], str) else ordered[-1] + 1)
    if kind == 5:
        ordered = ordered[::-1]
    if kind == 6:
        ordered = ordered[:-1]
    return ordered if rng.random() < 0.5 and ordered else np.array(ordered)


def close(loss):
    # A score of which all is explained, or nothing was to be, differs from it by roundings.
    return {"rtol": loss, "atol": loss}


@pytest.mark.parametrize("name", PROBABILITIES)
@pytest.mark.parametrize("seed", range(5))
def test_random_cases(seed, name):
    rng = np.random.default_rng(1000 + seed)
    for _ in range(80):
        n_rows = int(rng.integers(1, 40))
        labels, y = draw_labels_of(rng, n_rows)
        n_columns = len(labels) if rng.random() < 0.5 else max(2, len(np.unique(y)))
        kind = ("float64", "float64", "float32", "float16")[rng.integers(4)]
        p = draw_probabilities(rng, n_rows, n_columns, kind)
        options = {"sample_weight": draw_weights(rng, n_rows)}
        given = labels_option(rng, labels)
        if given is not None and not (len(given) == 0 or _several_undeclared(y, given)):
            options["labels"] = given
        if "brier" in name and rng.random() < 0.5:
            options["pos_label"] = labels[rng.integers(len(labels))]
        if name == "brier_score_loss":
            options["scale_by_half"] = ("auto", True, False)[rng.integers(3)]
        if name == "log_loss":
            options["normalize"] = bool(rng.random() < 0.7)
        if name.startswith("d2") and len(np.unique(y)) < 2:
            continue  # the loss of the shares is a rounding error there
        compare(name, y, p, **options, **close(TOLERANCE[kind]))


def _several_undeclared(y, given):
    """A set of several strings is printed in any order."""
    return len(set(np.asarray(y).tolist()) - set(np.asarray(given).tolist())) > 1


@pytest.mark.parametrize("seed", range(4))
def test_indicators(seed):
    rng = np.random.default_rng(seed)
    for _ in range(20):
        n_rows, k = int(rng.integers(2, 12)), int(rng.integers(2, 5))
        y = (rng.random((n_rows, k)) < 0.5).astype(("int64", "bool", "float64")[rng.integers(3)])
        p = rng.dirichlet(np.ones(k), n_rows)
        weight = draw_weights(rng, n_rows)
        for name in PROBABILITIES:
            options = {"labels": range(k)} if rng.random() < 0.2 else {}
            compare(name, y, p, sample_weight=weight, **options, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("kind", ["float32", "float64"])
@pytest.mark.parametrize("low", [0, 1, -1])
@pytest.mark.parametrize("k", [2, 3, 40])
def test_many_rows(k, low, kind):
    rng = np.random.default_rng(k)
    n_rows = {2: 140_001, 3: 50_001, 40: 7_001}[k]  # several pieces where they are copied
    step = 2 if low == -1 else 1
    y = low + step * rng.integers(0, k, n_rows)
    p = rng.dirichlet(np.ones(k), n_rows).astype(kind)
    weight = rng.random(n_rows)
    for given in (p, np.asfortranarray(p), *([p[:, 1], p[:, 1].copy()] if k == 2 else [])):
        for name in PROBABILITIES:
            options = {"sample_weight": weight} if rng.random() < 0.5 else {}
            compare(name, y, given, **options, rtol=1e-12 if kind == "float64" else 1e-5)
    if k == 3:
        for name in PROBABILITIES:
            words = np.array(["a", "bb", "ccc"])[rng.integers(0, 3, n_rows)]
            compare(name, words, p, labels=["a", "bb", "ccc"], rtol=1e-5)


@pytest.mark.parametrize("scale", [1e-300, 1e-200, 1e200, 1e300])
@pytest.mark.parametrize("name", PROBABILITIES)
def test_weights_far_from_one(name, scale):
    rng = np.random.default_rng(8)
    weight, p = scale * rng.random(40), rng.dirichlet(np.ones(3), 40)
    y, marks = rng.integers(0, 3, 40), (p > 0.3).astype("int64")
    for targets, values in ((y % 2, p[:, 0].copy()), (y, p), (marks, p)):
        compare(name, targets, values, sample_weight=weight, rtol=1e-12)


def test_one_sided_weights_keep_their_digits():
    y, p, weight = [0, 0, 1], np.array([0.25, 0.5, 0.5]), [1.0, 1.0, 1e-14]
    square = 0.25**2 + 0.5**2 + 0.5**2 * 1e-14
    unexplained = 2 * 1e-14 / (2 + 1e-14)
    expected = pytest.approx(1 - square / unexplained, rel=1e-15)
    assert metrics.d2_brier_score(y, p, sample_weight=weight) == expected


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", PROBABILITIES)
def test_any_layout(name, layout):
    rng = np.random.default_rng(7)
    weight, p = rng.random(40), rng.dirichlet(np.ones(3), 40)
    y, marks = rng.integers(0, 3, 40), (p > 0.3).astype("int64")
    assert_layouts_are_alike(name, y % 2, p[:, 0].copy(), layout, weight)
    assert_layouts_are_alike(name, y, p, layout, weight)
    assert_layouts_are_alike(name, marks, p, layout, weight)


def test_clipping_follows_the_precision():
    for kind in ("float16", "float32", "float64"):
        for name in ("log_loss", "d2_log_loss_score"):
            compare(name, [0, 1, 1], np.array([1, 0, 1], kind), rtol=1e-3, atol=1e-3)


def test_tiny_errors_are_not_lost():
    p = np.array([1e-9, 1 - 1e-9, 2e-9])
    compare("brier_score_loss", [0, 1, 0], p, rtol=1e-13)
    compare("log_loss", [0, 1, 0], p, rtol=1e-13)


def test_float32_is_added_up_in_float64():
    rng = np.random.default_rng(0)
    y, p = rng.integers(0, 3, 50_000), rng.dirichlet(np.ones(3), 50_000).astype("float32")
    exact = math.fsum(-math.log(x) for x in p[np.arange(len(y)), y].tolist()) / len(y)
    assert metrics.log_loss(y, p) == pytest.approx(exact, rel=1e-14)


BAD = [
    ((None, [0.1]), {}), (([0, 1], 3), {}), (([0, 1], None), {}), (([0, 1], [0.1, 0.2, 0.3]), {}),
    (([0, 1], np.array(0.5)), {}), (([], []), {}), (([0, 1], np.zeros((2, 0))), {}),
    (([0, 1], np.zeros((2, 2, 2))), {}), (([0, 1], np.array([0.1, 0.2j])), {}),
    (([0.5, 1], [0.1, 0.2]), {}), (([0, 1, 2], [0.1, 0.2, 0.3]), {}),
    (([0.0, math.nan], [0.1, 0.2]), {}), (([[0, 1, 2], [1, 2, 1]], [0.1, 0.9]), {}),
    (([b"a", b"b"], [0.1, 0.9]), {}), ((np.array([0, 1], object), [0.1, 0.9]), {}),
    (([0, 0], [0.1, 0.9]), {}), (([0, 0], [[0.1, 0.9]] * 2), {"labels": [0]}),
    (([0, 5], [[0.1, 0.9]] * 2), {"labels": [0, 1]}), (([0, 1], [[0.1, 0.9]] * 2), {"labels": 3}),
    (([0, 1], [[0.1, 0.9]] * 2), {"labels": [0, 1, 1]}),
    (([0, 1], [[0.1, 0.8]] * 2), {"labels": [1, 0]}),
    (([0, 5], [[0.1, 0.9]] * 2), {"labels": [1, 0]}),
    (([[0, 1], [1, 1]], [[0.1, 0.9]] * 2), {"labels": [1, 0]}),
    (([0, 1], [[0.1, 0.8, 0.1]] * 2), {}),
    (([0, 1], [0.1, 0.9]), {"sample_weight": [1, 2, 3]}),
    (([0, 1], [0.1, 0.9]), {"sample_weight": [1, math.nan]}),
    (([0, 1], [0.1, 0.9]), {"sample_weight": [0, 0]}),
    (([0, 1], [0.1, 0.9]), {"sample_weight": [1, -1]}),
    (([0, 1], [0.1, 0.9]), {"sample_weight": 3}), (([0, 1], [0.1, 1.9]), {"sample_weight": [1]}),
    (([5, 7, 7], [0.1, 0.9, 0.5]), {}), (([[5], [7], [7]], [0.1, math.inf, 0.5]), {}),
    ((["a", "b"], [0.1, 0.9]), {}), ((["a", "b"], [0.1, 1.9]), {}),
]  # fmt: skip


@pytest.mark.parametrize("name", PROBABILITIES)
def test_bad_input(name):
    for args, options in BAD:
        compare(name, *args, **options, rtol=1e-12)


def test_bad_options():
    y, p = [0, 1], [0.1, 0.9]
    compare("log_loss", y, p, normalize=3)
    compare("brier_score_loss", y, p, scale_by_half="yes")
    for name in ("brier_score_loss", "d2_brier_score"):
        compare(name, y, p, pos_label=[1])
    for name in ("log_loss", "d2_log_loss_score"):
        compare(name, y, y_pred=p, rtol=1e-12)
        compare(name, y, p, y_pred=p)
        compare(name, y, y_pred=3)
        compare(name, y, y_pred="x")
        compare(name, y)
    for name in ("d2_log_loss_score", "d2_brier_score"):
        compare(name, [1], [0.5])
        compare(name, [1], [0.5], sample_weight=[1, 2])
    compare("d2_brier_score", [1, 1], [0.5, 0.5])
    compare("d2_brier_score", [1, 1], [1.0, 1.0])


def test_warnings_point_at_the_caller():
    for function in (metrics.log_loss, metrics.brier_score_loss, metrics.d2_brier_score):
        with pytest.warns(UserWarning, match="sum to one") as caught:
            function([0, 1], [[0.1, 0.8], [0.5, 0.5]])
        assert caught[0].filename == __file__
    with pytest.warns(FutureWarning) as caught:
        metrics.log_loss([0, 1], y_pred=[0.1, 0.8])
    assert caught[0].filename == __file__


def test_frames():
    frame = pd.DataFrame({"a": [0.1, 0.5, 0.2], "b": [0.9, 0.5, 0.8]})
    for name in PROBABILITIES:
        compare(name, pd.Series([0, 1, 1]), frame, rtol=1e-12)
        compare(name, pd.Series([0, 1, 1]), frame["b"], rtol=1e-12)


# pandas itself warns where it prints float16, as a note of `compare` does.
@pytest.mark.filterwarnings("ignore:overflow encountered in cast")
@pytest.mark.parametrize(
    "kinds",
    [
        ("f4", "f4"), ("f2", "f2"), ("f4", "f8"), ("f2", "f4"), ("i8", "f4"), ("i1", "f4"),
        ("bool", "f4"), ("i2", "f2"), ("i8", "i8"), ("Float32", "Float32"), ("f4", "Float32"),
    ],
)  # fmt: skip
def test_frames_are_as_precise_as_their_columns(kinds):
    columns = zip("ab", ([1, 0, 1], [0, 1, 0]), kinds, strict=True)
    frame = pd.DataFrame({name: pd.Series(x, dtype=kind) for name, x, kind in columns})
    for name in PROBABILITIES:
        compare(name, [1, 1, 0], frame, rtol=0.01)
        compare(name, [1, 1, 0], frame[["b"]], rtol=0.01)
        compare(name, [1, 1, 0], frame["b"], rtol=0.01)


def test_frames_of_polars_are_float64():
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame({"a": [1, 0, 1], "b": [0, 1, 0]}).cast(polars.Float32)
    compare("log_loss", [1, 1, 0], frame, rtol=1e-12)


# -- hinge loss ----------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_hinge_loss(seed):
    rng = np.random.default_rng(seed)
    for _ in range(60):
        n_rows = int(rng.integers(1, 40))
        labels, y = draw_labels_of(rng, n_rows)
        n_columns = len(labels) if rng.random() < 0.7 else len(np.unique(y))
        kind = ("float64", "float32", "int64")[rng.integers(3)]
        p = rng.normal(scale=3, size=(n_rows, n_columns)).astype(kind)
        p = p[:, 0] if n_columns <= 2 and rng.random() < 0.8 else p
        given = labels_option(rng, labels)
        if given is not None and (len(given) == 0 or _several_undeclared(y, given)):
            given = None
        weight = draw_weights(rng, n_rows)
        tolerance = 1e-5 if kind == "float32" else 1e-12
        compare("hinge_loss", y, p, labels=given, sample_weight=weight, rtol=tolerance)


def test_hinge_loss_of_bad_input():
    nan = math.nan
    for args, options in (
        (([0, 1, 2], [1.0, 2.0, 3.0]), {}), (([0, 1], ["a", "b"]), {}), (([0, 1], [nan, 1]), {}),
        (([0, 1], 3), {}), (([0, 1], [1, 2, 3]), {}), (([], []), {}), (([[0, 1]] * 2, [1, 2]), {}),
        (([0, 0.5], [1, 2]), {}), (([0, 1], [1, 2]), {"sample_weight": [0, 0]}),
        (([0, 1, 0], np.zeros((3, 2))), {"labels": [0, 1, 2]}), (([0, 1], [[1, 2]] * 2), {}),
        (([0, 1, 2, 3], np.zeros((4, 3))), {}), (([0, 1], [1, 2]), {"labels": 3}),
        (([0, 1, 7], np.zeros((3, 3))), {"labels": [0, 1, 2]}),
        ((["a", "b", "e"], np.zeros((3, 3))), {"labels": ["a", "b", "c"]}),
        (([0, 1], [1, 2]), {"sample_weight": [nan, 1]}),
    ):  # fmt: skip
        compare("hinge_loss", *args, **options)


def test_hinge_loss_of_many_rows():
    rng = np.random.default_rng(0)
    for k, y in ((3, rng.integers(0, 3, 40_000)), (1, rng.integers(0, 2, 40_000))):
        p = rng.normal(size=(40_000, k))
        p = p[:, 0] if k == 1 else p
        for weight in (None, rng.random(40_000)):
            compare("hinge_loss", y, p, sample_weight=weight, rtol=1e-12)


def test_nothing_given_is_changed():
    p, d = np.array([0.1, 0.9]), np.array([[0.1, 0.9, 0.0]] * 3)
    before = p.copy(), d.copy()
    outcome(metrics.log_loss, [0, 1], p)
    outcome(metrics.hinge_loss, [0, 1, 2], d)
    np.testing.assert_array_equal(p, before[0])
    np.testing.assert_array_equal(d, before[1])
