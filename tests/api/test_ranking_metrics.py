"""Ranking metrics against scikit-learn: values, types, exceptions and warnings, word for word."""

from __future__ import annotations

import numpy as np
import pytest
from metrics_oracle import (
    LABELS,
    LAYOUTS,
    assert_layouts_are_alike,
    compare,
    draw_weights,
    files_warned_of,
)

from polyfuse import metrics

CURVES = ("roc_curve", "precision_recall_curve", "det_curve", "confusion_matrix_at_thresholds")


pytestmark = pytest.mark.usefixtures("best_and_last")


def draw_scores(rng, n_rows, positive=None):
    """Scores of one column, of a type and with ties or none."""
    score = rng.standard_normal(n_rows)
    if positive is not None:
        score = score + rng.random() * positive
    kind = rng.integers(9)
    if kind == 0:
        return np.round(score, 1)
    if kind == 1:
        return rng.integers(-3, 4, n_rows).astype(rng.choice(["int8", "int64", "float32"]))
    if kind == 2:
        return rng.integers(0, 2, n_rows).astype(rng.choice(["uint8", "uint64", "float16"]))
    if kind == 3:
        return score.astype("float32")
    if kind == 4:
        return score.astype("float16")
    if kind == 5:
        return np.where(rng.random(n_rows) < 0.5, 0.0, -0.0) * score
    if kind == 6:
        return score.tolist()
    if kind == 7:
        return (2**62 + rng.integers(0, 3, n_rows)).astype(rng.choice(["int64", "uint64"]))
    return np.repeat(score, 2)[::2]


def draw_binary(rng):
    """Targets of mostly two labels, scores, keyword arguments."""
    labels, types = LABELS[sorted(LABELS)[rng.integers(len(LABELS))]]
    if rng.random() < 0.5:
        labels, types = LABELS[["zero_one", "minus_one_one"][rng.integers(2)]]
    labels = list(labels)[: 3 if rng.random() < 0.2 else 2]
    n_rows = int(rng.choice([1, 2, 5, 40]))
    places = rng.integers(0, len(labels), n_rows)
    kind = types[rng.integers(len(types))]
    y_true = np.array([labels[i] for i in places], dtype=kind)
    score = draw_scores(rng, n_rows, places)
    shape = rng.integers(8)
    if shape == 0:
        y_true = y_true.tolist()
    elif shape == 1:
        y_true = y_true.reshape(-1, 1)
    elif shape == 2 and isinstance(score, np.ndarray):
        score = score.reshape(-1, 1)
    kwargs = {"sample_weight": draw_weights(rng, n_rows)}
    if rng.random() < 0.5:
        kwargs["pos_label"] = labels[rng.integers(len(labels))]
    return y_true, score, kwargs


# Counts are exact; trapezia and sums of precisions are added in another order.
CLOSE = {"rtol": 1e-12, "atol": 1e-14}


def close(weight):
    """scikit-learn adds the weights of a label up in their own type."""
    narrow = getattr(weight, "dtype", None) == np.float32
    return {"rtol": 1e-6} if narrow else CLOSE


@pytest.mark.parametrize("name", CURVES)
@pytest.mark.parametrize("seed", range(4))
def test_curves(name, seed):
    rng = np.random.default_rng(seed)
    for _ in range(60):
        y_true, score, kwargs = draw_binary(rng)
        if name != CURVES[-1] and rng.random() < 0.7:
            kwargs["drop_intermediate"] = bool(rng.integers(2))
        compare(name, y_true, score, **kwargs)


@pytest.mark.parametrize("seed", range(10, 16))
def test_areas_of_two_labels(seed):
    rng = np.random.default_rng(seed)
    for _ in range(60):
        y_true, score, kwargs = draw_binary(rng)
        score = np.asarray(score)  # scikit-learn asks a list for its shape if there are classes
        compare("average_precision_score", y_true, score, **kwargs, **CLOSE)
        kwargs.pop("pos_label", None)
        if rng.random() < 0.5:
            kwargs["max_fpr"] = float(rng.choice([0.01, 0.3, 0.9, 1.0]))
        compare("roc_auc_score", y_true, score, **kwargs, **CLOSE)


# -- several labels ------------------------------------------------------------------------------


def draw_indicator(rng):
    n_rows, n_labels = int(rng.choice([1, 2, 9, 30])), int(rng.integers(2, 5))
    y_true = (rng.random((n_rows, n_labels)) < rng.choice([0.05, 0.5])).astype(
        rng.choice(["int64", "bool", "uint8", "float64"])
    )
    score = np.column_stack([draw_scores(rng, n_rows) for _ in range(n_labels)])
    if rng.random() < 0.3:
        y_true = np.asfortranarray(y_true)
    if rng.random() < 0.1:
        y_true = y_true.tolist()
    return y_true, score.astype("float64")


@pytest.mark.parametrize("name", ["roc_auc_score", "average_precision_score"])
@pytest.mark.parametrize("seed", range(20, 24))
def test_areas_of_indicators(name, seed):
    rng = np.random.default_rng(seed)
    for _ in range(60):
        y_true, score = draw_indicator(rng)
        kwargs = {
            "average": [None, "micro", "macro", "weighted", "samples"][rng.integers(5)],
            "sample_weight": draw_weights(rng, len(score)),
        }
        if name == "roc_auc_score" and rng.random() < 0.3:
            kwargs["max_fpr"] = 0.4
        compare(name, y_true, score, **kwargs, **close(kwargs["sample_weight"]))


def draw_classes(rng):
    """Targets of three classes or more, probabilities, and the classes."""
    labels, types = LABELS[["few", "from_one", "negative", "gaps", "strings"][rng.integers(5)]]
    labels = sorted(labels)
    n_rows = int(rng.choice([3, 8, 50]))
    places = rng.integers(0, len(labels), n_rows)
    if rng.random() < 0.8:
        places = np.concatenate((np.arange(len(labels)), places))
    y_true = np.array([labels[i] for i in places], dtype=types[rng.integers(len(types))])
    score = np.round(rng.random((len(places), len(labels))) + 0.01, rng.integers(2, 17))
    return y_true, score / score.sum(axis=1, keepdims=True), labels


@pytest.mark.parametrize("seed", range(30, 36))
def test_areas_of_classes(seed):
    rng = np.random.default_rng(seed)
    for _ in range(50):
        y_true, score, labels = draw_classes(rng)
        average = [None, "micro", "macro", "weighted", "samples"][rng.integers(5)]
        weight = draw_weights(rng, len(score)) if rng.random() < 0.5 else None
        compare(
            "average_precision_score",
            y_true,
            score,
            average=average,
            sample_weight=weight,
            **close(weight),
        )
        kwargs = {"average": average, "sample_weight": weight, **close(weight)}
        kwargs["multi_class"] = ["ovr", "ovo", "raise"][rng.choice([0, 0, 0, 1, 1, 1, 2])]
        if rng.random() < 0.4:
            kwargs["labels"] = labels
        compare("roc_auc_score", y_true, score, **kwargs)


@pytest.mark.parametrize("seed", range(40, 44))
def test_top_k(seed):
    rng = np.random.default_rng(seed)
    for _ in range(60):
        if rng.random() < 0.7:
            y_true, score, labels = draw_classes(rng)
        else:
            labels = [0, 1]
            y_true, score = rng.integers(0, 2, 20), draw_scores(rng, 20)
        kwargs = {
            "k": int(rng.integers(1, 5)),
            "normalize": bool(rng.integers(2)),
            "sample_weight": draw_weights(rng, len(y_true)),
        }
        if rng.random() < 0.5:
            kwargs["labels"] = labels
        compare("top_k_accuracy_score", y_true, score, **kwargs, rtol=1e-13)


@pytest.mark.parametrize("scale", [1e-310, 1e-200, 1e-130, 1e130, 1e200, 1e300])
def test_weights_far_from_one(scale):
    rng = np.random.default_rng(51)
    score, classes = rng.dirichlet(np.ones(3), 40), rng.integers(0, 3, 40)
    weight = scale * rng.random(40)
    tolerance = {"rtol": 1e-9 if scale < 1e-300 else 1e-12}
    for name in ("roc_auc_score", "average_precision_score"):
        compare(name, [0, 1, 0, 1], [0.1, 0.9, 0.3, 0.2], sample_weight=[scale] * 4, **tolerance)
        compare(name, classes % 2, score[:, 0], sample_weight=weight, **tolerance)
    compare("roc_auc_score", classes, score, multi_class="ovr", sample_weight=weight, **tolerance)
    mixed = np.where(classes == 0, scale, 1 / scale)
    compare("roc_auc_score", classes % 2, score[:, 0], sample_weight=mixed, rtol=1e-9)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_any_layout(layout):
    rng = np.random.default_rng(50)
    weight, score = rng.random(40), rng.dirichlet(np.ones(3), 40)
    classes, marks = rng.integers(0, 3, 40), (score > 0.3).astype("int64")
    for name in ("roc_auc_score", "average_precision_score", *CURVES):
        assert_layouts_are_alike(name, classes % 2, score[:, 0].copy(), layout, weight)
    for name, kwargs in (
        ("roc_auc_score", {"multi_class": "ovr"}),
        ("average_precision_score", {}),
    ):
        for average in ("macro", "micro"):
            kwargs["average"] = average
            assert_layouts_are_alike(name, classes, score, layout, weight, **kwargs)
            assert_layouts_are_alike(name, marks, score, layout, weight, **kwargs)
    assert_layouts_are_alike("roc_auc_score", classes, score, layout, multi_class="ovo")
    assert_layouts_are_alike("top_k_accuracy_score", classes, score, layout, weight)


# -- errors --------------------------------------------------------------------------------------

NAN, INF = float("nan"), float("inf")
BAD = [
    (None, [1, 2]),
    ([0, 1], "ab"),
    (np.array(1.0), [1, 2]),
    ([0, 1, 1], [1, 2]),
    ([[0, 1], [1, 0]], [1, 2]),
    ([0, 1, 2], [0.1, 0.2, 0.3]),
    ([0, 0.5, 2], [0.1, 0.2, 0.3]),
    ([0, 1], [NAN, 1]),
    ([0, 1], np.array([INF, 1], "float32")),
    ([0, 1], np.zeros((2, 2))),
    ([0, 1], np.zeros((2, 2, 2))),
    ([0, NAN], [1, 2]),
    ([1, 2], [1, 2]),
    (["a", "b"], [1, 2]),
    ([0, 0], [1, 2]),
    ([1, 1], [1, 2]),
    ([[1], [0, 2]], [1, 2]),
    (np.array([0, 1]), np.array([1j, 2])),
]


@pytest.mark.parametrize("pair", BAD)
@pytest.mark.parametrize("name", [*CURVES, "roc_auc_score", "average_precision_score"])
def test_bad_targets_and_scores(name, pair):
    if name == "average_precision_score" and pair is BAD[5]:
        pytest.skip("scikit-learn asks a list for its shape")
    compare(name, *pair)


@pytest.mark.parametrize("weight", [[1, NAN], [0, 0], [1], [[1], [2]], [[1, 2]], "x", [INF, 1]])
@pytest.mark.parametrize("name", [*CURVES, "roc_auc_score", "average_precision_score"])
def test_bad_weights(name, weight):
    compare(name, [0, 1], [0.2, 0.1], sample_weight=weight)


OPTIONS = [
    *((name, {"pos_label": value}) for name in CURVES for value in ([1], 3, "a", True, 1.5)),
    *((name, {"drop_intermediate": value}) for name in CURVES[:3] for value in (1, None, "x")),
    *(("roc_auc_score", {"max_fpr": value}) for value in (0, 1.5, -1, "x", 1, True)),
    *(("roc_auc_score", {"average": value}) for value in ("x", 1, "binary")),
    *(("roc_auc_score", {"multi_class": value}) for value in ("x", None)),
    ("roc_auc_score", {"labels": 3}),
    *(("average_precision_score", {"average": value}) for value in ("x", 1)),
    *(("average_precision_score", {"pos_label": value}) for value in (None, [1], 2, "a", 0, True)),
    *(("top_k_accuracy_score", {"k": value}) for value in (0, 1.0, "x", 1, True)),
    *(("top_k_accuracy_score", {"normalize": value}) for value in (1, None)),
    *(("top_k_accuracy_score", {"labels": value}) for value in ([1, 0], [0, 0], [0, 1], [0, 2], 3)),
]


@pytest.mark.parametrize(("name", "kwargs"), OPTIONS)
def test_options(name, kwargs):
    compare(name, [0, 1, 1, 0], [0.1, 0.2, 0.4, 0.2], **kwargs)


@pytest.mark.parametrize(
    ("name", "kwargs"),
    [
        ("roc_auc_score", {"multi_class": "ovr", "labels": [0, 1]}),
        ("roc_auc_score", {"multi_class": "ovr", "labels": [0, 1, 3]}),
        ("roc_auc_score", {"multi_class": "ovr", "labels": [0, 2, 1]}),
        ("roc_auc_score", {"multi_class": "ovr", "labels": [0, 1, 1]}),
        ("roc_auc_score", {"multi_class": "ovr", "max_fpr": 0.5}),
        ("roc_auc_score", {"multi_class": "ovo", "sample_weight": [1, 2, 3]}),
        ("average_precision_score", {"pos_label": 2}),
        ("top_k_accuracy_score", {"labels": [0, 1]}),
        ("top_k_accuracy_score", {"labels": [0, 1, 3]}),
        ("top_k_accuracy_score", {"labels": [0, 2, 1]}),
        ("top_k_accuracy_score", {}),
    ],
)
def test_options_of_classes(name, kwargs):
    good = np.array([[0.6, 0.3, 0.1], [0.5, 0.3, 0.2], [0.2, 0.2, 0.6]])
    for score in (good, 2 * good, good[:, :2], good[:, 0]):
        compare(name, [0, 1, 2], score, **kwargs, **CLOSE)


@pytest.mark.parametrize(
    ("x", "y"),
    [
        ([0, 1], [0, 1]),
        ([1, 0.5, 0], [0, 1, 1]),
        ([0, 0], [1, 2]),
        ([0, 1, 0.5], [0, 1, 2]),
        ([0], [1]),
        ([0, 1], [1]),
        ([[0], [1]], [1, 1]),
        ("ab", [1, 2]),
        (3, [1, 2]),
        (np.array([0, 1, 3], "uint8"), np.array([5, 4, 2], "float32")),
    ],
)
def test_auc(x, y):
    compare("auc", x, y, rtol=1e-15)


def test_positional_labels_are_warned_of():
    arguments = [0, 1, 1], [0.2, 0.1, 0.7]
    for more in ((None,), (1, None), (1, [1, 2, 3])):
        compare("confusion_matrix_at_thresholds", *arguments, *more)
    with pytest.raises(TypeError):
        metrics.confusion_matrix_at_thresholds(*arguments, 1, None, 3)


def test_warnings_point_at_the_caller():
    y, score = np.zeros(3, np.int64), np.arange(3.0)
    calls = [
        lambda: metrics.roc_auc_score(y, score),
        lambda: metrics.roc_curve(y, score),
        lambda: metrics.precision_recall_curve(y, score),
        lambda: metrics.average_precision_score(y, score),
        lambda: metrics.top_k_accuracy_score([0, 1, 1], score),
        lambda: metrics.confusion_matrix_at_thresholds(y, score, None),
    ]
    for call in calls:
        assert files_warned_of(call) == {__file__}


# -- many rows -----------------------------------------------------------------------------------


def distribution(rng, kind, n_rows):
    """Scores that are spread in a way that is hard on a sort by leading bits."""
    z = rng.standard_normal(n_rows)
    return {
        "uniform": lambda: rng.random(n_rows),
        "normal": lambda: z,
        "float32": lambda: z.astype("float32"),
        "two-decimals": lambda: np.round(rng.random(n_rows), 2),
        "narrow": lambda: 0.5 + 1e-9 * z,
        "outliers": lambda: np.where(rng.random(n_rows) < 1e-3, 1e300 * z, 0.5 + 1e-9 * z),
        "wide": lambda: np.exp(100 * z),
        "constant": lambda: np.zeros(n_rows),
        "mostly-zero": lambda: np.where(rng.random(n_rows) < 0.9, -0.0, z),
        "sorted": lambda: np.sort(z),
        "integers": lambda: rng.integers(-5, 1000, n_rows),
    }[kind]()


@pytest.mark.parametrize(
    "kind",
    [
        "uniform", "normal", "float32", "two-decimals", "narrow", "outliers", "wide", "constant",
        "mostly-zero", "sorted", "integers",
    ],
)  # fmt: skip
def test_many_rows(kind):
    rng = np.random.default_rng(1)
    n_rows = 70_001
    score = distribution(rng, kind, n_rows)
    y_true = (rng.random(n_rows) < 0.3).astype("int64")
    for name in CURVES:
        compare(name, y_true, score)
    compare("roc_curve", y_true, score, sample_weight=rng.random(n_rows))
    for name in ("roc_auc_score", "average_precision_score"):
        compare(name, y_true, score, **CLOSE)


@pytest.mark.parametrize("name", [*CURVES, "roc_auc_score", "average_precision_score"])
def test_negative_weights(name):
    rng = np.random.default_rng(2)
    for _ in range(10):
        y_true, score = rng.integers(0, 2, 9), np.round(rng.standard_normal(9), 1)
        weight = rng.integers(-1, 6, 9)
        compare(name, y_true, score, sample_weight=weight, **CLOSE)
