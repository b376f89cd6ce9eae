"""Plots of scores and probabilities, against the metrics they draw."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from polyfuse import metrics, plotting

pytest.importorskip("matplotlib")

from plots import lines, texts


@pytest.fixture
def three(rng):
    """Labels of three classes and probabilities that know something of them."""
    y = np.array(["cat", "dog", "owl"])[rng.permutation(np.arange(90) % 3)]
    scores = rng.random((90, 3)) + (y[:, None] == ["cat", "dog", "owl"])
    return y, scores / scores.sum(axis=1, keepdims=True)


@pytest.fixture
def two(rng):
    y = rng.permutation(np.arange(60) % 2)
    return y, np.clip(0.3 * y + 0.7 * rng.random(60).round(1), 0, 1)


def test_roc_curve(ax, two):
    y, score = two
    plotting.roc_curve(y, score, ax)
    (curve,) = lines(ax)
    fpr, tpr, _ = metrics.roc_curve(y, score)
    np.testing.assert_array_equal(curve.get_xdata(), fpr)
    np.testing.assert_array_equal(curve.get_ydata(), tpr)
    assert f"AUC {metrics.roc_auc_score(y, score):.3f}" in texts(ax)


def test_precision_recall_curve(ax, two):
    y, score = two
    plotting.precision_recall_curve(y, score, ax)
    (curve,) = lines(ax)
    x, height = curve.get_xdata(), curve.get_ydata()
    average = metrics.average_precision_score(y, score)
    np.testing.assert_allclose((np.diff(x) * height[1:]).sum(), average)
    assert curve.get_drawstyle() == "steps-pre"
    assert {f"AP {average:.3f}", "base rate 0.50"} <= set(texts(ax))


@pytest.mark.parametrize("draw", [plotting.roc_curve, plotting.precision_recall_curve])
def test_columns_of_two_classes_are_one_curve(draw, ax, two):
    y, score = two
    draw(y, {"one": score, "two": np.column_stack([1 - score, score])}, ax)
    first, second = lines(ax)
    np.testing.assert_array_equal(first.get_ydata(), second.get_ydata())
    assert first.get_linestyle() != second.get_linestyle()
    assert first.get_marker() != second.get_marker()


@pytest.mark.parametrize(
    ("draw", "score", "label"),
    [
        (plotting.roc_curve, metrics.roc_auc_score, "AUC"),
        (plotting.precision_recall_curve, metrics.average_precision_score, "AP"),
    ],
)
def test_more_classes_are_averaged(draw, score, label, ax, three):
    y, proba = three
    draw(y, {"sure": proba, "shy": 1 - proba}, ax)
    curve = lines(ax)[0]
    each = [score(y == name, proba[:, i]) for i, name in enumerate(("cat", "dog", "owl"))]
    area = metrics.auc(curve.get_xdata(), curve.get_ydata())
    np.testing.assert_allclose(area, np.mean(each), atol=5e-3)
    shown = texts(ax)
    assert f"sure, {label} {np.mean(each):.3f}" in shown
    assert any("macro average over 3 classes, one-vs-rest" in text for text in shown)
    if label == "AP":
        assert "base rate 0.33" in shown


def test_one_label_against_the_rest(ax, three):
    y, proba = three
    plotting.roc_curve(y, {"columns": proba, "one": proba[:, 1]}, ax, pos_label="dog")
    first, second = lines(ax)
    fpr, tpr, _ = metrics.roc_curve(y == "dog", proba[:, 1])
    for curve in (first, second):
        np.testing.assert_array_equal(curve.get_xdata(), fpr)
        np.testing.assert_array_equal(curve.get_ydata(), tpr)


def test_the_best_is_named_first(ax, two):
    y, score = two
    plotting.roc_curve(y, {"bad": -score, "good": score}, ax)
    names = [t.get_text().split(",")[0] for t in ax.get_legend().get_texts()]
    assert names == ["good", "bad"]


def brute_force_error(said, true, edges):
    error = 0.0
    for low, high in itertools.pairwise(edges):
        inside = (said > low) & (said <= high)
        if inside.any():
            error += inside.mean() * abs(said[inside].mean() - true[inside].mean())
    return error


@pytest.mark.parametrize("strategy", ["uniform", "quantile"])
def test_calibration_of_two_classes(ax, two, strategy):
    y, proba = two
    edges = np.arange(6) / 5
    if strategy == "quantile":
        edges = np.quantile(proba, edges)
    edges[0], edges[-1] = -1.0, 2.0
    plotting.calibration(y, proba, ax, n_bins=5, strategy=strategy)
    assert f"ECE {brute_force_error(proba, y == 1, edges):.3f}" in texts(ax)
    assert any(text.startswith("probability of 1\n") for text in texts(ax))


def test_calibration_of_more_classes(ax, three):
    y, proba = three
    plotting.calibration(y, {"model": proba}, ax, n_bins=4)
    said = proba.max(axis=1)
    right = np.array(["cat", "dog", "owl"])[proba.argmax(axis=1)] == y
    edges = np.arange(5) / 4
    assert f"model, ECE {brute_force_error(said, right, edges):.3f}" in texts(ax)
    (line,) = lines(ax)
    held = [(said > a) & (said <= b) for a, b in itertools.pairwise(edges)]
    held = [rows for rows in held if rows.any()]
    np.testing.assert_allclose(line.get_xdata(), [said[rows].mean() for rows in held])
    np.testing.assert_allclose(line.get_ydata(), [right[rows].mean() for rows in held])
    sizes = ax.collections[0].get_sizes()
    share = np.array([rows.mean() for rows in held])
    large = sizes > sizes.min()
    np.testing.assert_allclose(sizes[large] / sizes.max(), share[large] / share.max())


DRAW = {
    "roc_curve": plotting.roc_curve,
    "precision_recall_curve": plotting.precision_recall_curve,
    "calibration": plotting.calibration,
}


@pytest.mark.parametrize("draw", DRAW.values(), ids=list(DRAW))
@pytest.mark.parametrize(
    ("y", "scores", "message"),
    [
        ([0, 1], [0.1, np.nan], "(y_score|proba) contains NaN"),
        ([0, 1], {"a": [0.1, np.inf]}, r"(y_score|proba)\['a'\] contains infinity"),
        ([0, 1], {}, "(y_score|proba) must not be empty"),
        ([0, 1], [0.1], "(y_score|proba) must have one entry per row; got 1 for 2 rows"),
        ([0, 0], [0.1, 0.2], r"y_true must have at least two classes; got \[0\]"),
        ([0.0, np.nan], [0.1, 0.2], "y_true contains NaN"),
        ([[0, 1]], [0.1, 0.2], r"y_true must be 1-D; got shape \(1, 2\)"),
        ([0, 1, 2], [0.1, 0.2, 0.3], r"one column per class of y_true, 3; got shape \(3,\)"),
        ([0, 1], np.zeros((2, 3)), r"one column per class of y_true, 2; got shape \(2, 3\)"),
    ],
)
def test_scores_are_refused(draw, y, scores, message):
    with pytest.raises(ValueError, match=message):
        draw(y, scores)


def test_pos_label_must_be_there():
    with pytest.raises(ValueError, match=r"pos_label must be in y_true, \[0, 1\]; got 2"):
        plotting.roc_curve([0, 1], [0.1, 0.2], pos_label=2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_bins": 0}, "n_bins must be an integer of at least 1; got 0"),
        ({"strategy": "kmeans"}, "strategy must be one of 'uniform', 'quantile'; got 'kmeans'"),
    ],
)
def test_calibration_refuses(options, message):
    with pytest.raises(ValueError, match=message):
        plotting.calibration([0, 1], [0.1, 0.9], **options)


def test_calibration_needs_probabilities():
    with pytest.raises(ValueError, match=r"proba\['a'\] must be between 0 and 1; got -3"):
        plotting.calibration([0, 1], {"a": [0.5, -3.0]})
