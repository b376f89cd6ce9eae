"""Metrics made of counts of labels, against scikit-learn: values, types, errors, warnings."""

from __future__ import annotations

import doctest
import math

import numpy as np
import pytest
import sklearn.metrics as sk_metrics
from metrics_oracle import (
    LABELS,
    LOOSE,
    cases,
    compare,
    draw_labels,
    draw_targets,
    draw_weights,
    files_warned_of,
    outcome,
)

import polyfuse as pf
from polyfuse import (
    _agreement,
    _averages,
    _classification_report,
    _jaccard,
    _likelihood,
    _multilabel,
    _zero_one,
    metrics,
)

AVERAGES = (None, "binary", "micro", "macro", "weighted", "samples")
INDICATORS = ("accuracy_score", "zero_one_loss", "hamming_loss", "multilabel_confusion_matrix",
              "classification_report", "precision_recall_fscore_support", "jaccard_score",
              "fbeta_score")  # fmt: skip


def report(*args, **kwargs):
    """The report as text in exact agreement, and as a dict with numbers close."""
    compare("classification_report", *args, output_dict=True, **LOOSE, **kwargs)
    ours, our_words = outcome(metrics.classification_report, *args, **kwargs)
    theirs, their_words = outcome(sk_metrics.classification_report, *args, **kwargs)
    assert str(ours) == str(theirs)
    assert our_words == their_words


@pytest.mark.parametrize("seed", range(4))
def test_losses_and_agreement(seed):
    for rng, labels, y_true, y_pred, weight in cases(seed, 60):
        kwargs = {"sample_weight": weight}
        compare("hamming_loss", y_true, y_pred, **kwargs, **LOOSE)
        compare("zero_one_loss", y_true, y_pred, normalize=bool(rng.integers(2)), **kwargs, **LOOSE)
        adjusted = bool(rng.integers(2))
        compare("balanced_accuracy_score", y_true, y_pred, adjusted=adjusted, **kwargs, **LOOSE)
        compare("matthews_corrcoef", y_true, y_pred, **kwargs, rtol=1e-12, atol=1e-14)
        compare(
            "cohen_kappa_score",
            y_true,
            y_pred,
            labels=draw_labels(rng, labels),
            weights=[None, "linear", "quadratic"][rng.integers(3)],
            replace_undefined_by=[math.nan, 0, -1.0][rng.integers(3)],
            **kwargs,
            rtol=1e-12,
            atol=1e-13,
        )


@pytest.mark.parametrize("seed", range(10, 14))
def test_scores_of_labels(seed):
    for rng, labels, y_true, y_pred, weight in cases(seed, 60):
        kwargs = {
            "average": AVERAGES[rng.integers(len(AVERAGES))],
            "labels": draw_labels(rng, labels),
            "sample_weight": weight,
            "zero_division": ["warn", 0, 1.0][rng.integers(3)],
        }
        if rng.random() < 0.5:
            kwargs["pos_label"] = labels[rng.integers(len(labels))]
        compare("jaccard_score", y_true, y_pred, **kwargs, **LOOSE)
        kwargs["zero_division"] = ["warn", 1, math.nan][rng.integers(3)]
        kwargs["beta"] = [0, 0.5, 1, math.inf][rng.integers(4)]
        compare("fbeta_score", y_true, y_pred, **kwargs, **LOOSE)
        del kwargs["beta"], kwargs["average"], kwargs["zero_division"]
        kwargs.pop("pos_label", None)
        samplewise = rng.random() < 0.1
        compare(
            "multilabel_confusion_matrix", y_true, y_pred, samplewise=samplewise, **kwargs, **LOOSE
        )


@pytest.mark.parametrize("seed", range(20, 23))
def test_classification_report(seed):
    for rng, labels, y_true, y_pred, weight in cases(seed, 60):
        kwargs = {
            "labels": draw_labels(rng, labels),
            "sample_weight": None if weight is None else np.round(np.asarray(weight, float), 3),
            "digits": int(rng.integers(0, 5)),
            "zero_division": ["warn", 0, 1, 1.0, math.nan][rng.integers(5)],
        }
        if rng.random() < 0.4:
            n_names = 1 + rng.integers(len(labels))
            kwargs["target_names"] = [f"the name {i}" * (1 + i) for i in range(n_names)]
        if kwargs["sample_weight"] is None:
            report(y_true, y_pred, **kwargs)
        else:
            compare("classification_report", y_true, y_pred, output_dict=True, **LOOSE, **kwargs)


@pytest.mark.parametrize("seed", range(30, 33))
def test_likelihood_ratios(seed):
    rng = np.random.default_rng(seed)
    # scikit-learn knows its own NaN only: math.nan is refused there.
    replacements = [np.nan, 1, 1.0, {"LR+": math.inf, "LR-": 0.0}, {"LR+": 1, "LR-": math.nan}]
    for _ in range(80):
        labels, types = LABELS[["zero_one", "minus_one_one", "strings", "one"][rng.integers(4)]]
        n_rows = int(rng.integers(1, 12))
        y_true, y_pred = draw_targets(rng, list(labels)[:2], types, n_rows)
        compare(
            "class_likelihood_ratios",
            y_true,
            y_pred,
            labels=[None, list(labels)[:2], list(labels)][rng.integers(3)],
            sample_weight=draw_weights(rng, n_rows),
            replace_undefined_by=replacements[rng.integers(5)],
            **LOOSE,
        )


@pytest.mark.parametrize("kind", ["int64", "uint8", "U"])
@pytest.mark.parametrize(("low", "n_labels"), [(0, 2), (1, 10), (0, 200)])
def test_many_rows(kind, low, n_labels):
    rng = np.random.default_rng(n_labels)
    y_true, y_pred = (low + rng.integers(0, n_labels, (2, 6000))).astype(kind)
    y_pred[::2] = y_true[::2]
    report(y_true, y_pred)
    weight = rng.random(6000)
    for sample_weight in (None, weight):
        kwargs = {"sample_weight": sample_weight, "rtol": 1e-12}
        for name in ("matthews_corrcoef", "cohen_kappa_score", "balanced_accuracy_score"):
            compare(name, y_true, y_pred, **kwargs)
        compare("jaccard_score", y_true, y_pred, average=None, **kwargs)
        compare("hamming_loss", y_true, y_pred, **kwargs)
        compare("cohen_kappa_score", y_true, y_pred, weights="quadratic", **kwargs)


def test_correlation_of_more_rows_than_float64_can_square():
    # Two counts of 2**27 + 1: their products are odd, above 2**53, and do not survive rounding.
    n = 2**27 + 1
    score = _agreement._correlation(n, 2 * n, n * n + 0, 2 * n * n, 2 * n * n)
    exact = (n * 2 * n - n * n) / (4 * n * n - 2 * n * n)
    assert score == exact


@pytest.mark.parametrize("size", range(1, 40))
def test_few_labels_are_averaged_with_the_bits_of_many(size):
    rng = np.random.default_rng(size)
    scores, weights = rng.random(size), rng.random(size)
    scores[rng.random(size) < 0.2] = math.nan
    for w in (None, weights):
        few = _averages.mean(scores.tolist(), w if w is None else w.tolist())
        assert repr(few) == repr(_averages.mean(scores, w))
    assert _averages.add_up(weights.tolist()) == np.add.reduce(weights)


@pytest.mark.parametrize("weights", [None, "linear", "quadratic"])
def test_kappa_of_many_labels(weights):
    rng = np.random.default_rng(3)
    y = rng.integers(0, 1100, (2, 4000))
    compare("cohen_kappa_score", *y, weights=weights, **LOOSE)


def test_weights_beyond_int32():
    y_true, y_pred = [0, 1, 1, 0], [0, 1, 0, 1]
    weight = [2**40, 2**41, 3, 5]
    for name in ("matthews_corrcoef", "balanced_accuracy_score"):
        compare(name, y_true, y_pred, sample_weight=weight, rtol=1e-15)
    # scikit-learn multiplies integers, which wrap around.
    positive, negative = metrics.class_likelihood_ratios(y_true, y_pred, sample_weight=weight)
    assert positive == pytest.approx(2**41 / (2**41 + 3) * (2**40 + 5) / 5)
    assert negative == pytest.approx(3 / (2**41 + 3) * (2**40 + 5) / 2**40)


@pytest.mark.parametrize(
    ("name", "kwargs"),
    [
        ("cohen_kappa_score", {"weights": 1}),
        ("cohen_kappa_score", {"replace_undefined_by": 3}),
        ("cohen_kappa_score", {"replace_undefined_by": "x"}),
        ("cohen_kappa_score", {"labels": 3}),
        ("cohen_kappa_score", {"labels": []}),
        ("cohen_kappa_score", {"labels": [7]}),
        ("cohen_kappa_score", {"labels": [0, 7]}),
        ("cohen_kappa_score", {"sample_weight": 3}),
        ("jaccard_score", {"zero_division": math.nan}),
        ("jaccard_score", {"zero_division": 2}),
        ("jaccard_score", {"pos_label": 5}),
        ("jaccard_score", {"average": "samples"}),
        ("jaccard_score", {"average": None, "labels": [0, 9]}),
        ("fbeta_score", {"beta": -1}),
        ("fbeta_score", {"beta": math.nan}),
        ("fbeta_score", {"beta": "1"}),
        ("class_likelihood_ratios", {"replace_undefined_by": 3}),
        ("class_likelihood_ratios", {"replace_undefined_by": {}}),
        ("class_likelihood_ratios", {"replace_undefined_by": {"LR+": 0.5, "LR-": 0}}),
        ("class_likelihood_ratios", {"replace_undefined_by": {"LR+": 2, "LR-": 2}}),
        ("class_likelihood_ratios", {"replace_undefined_by": {"LR+": 2, "LR-": "0"}}),
        ("class_likelihood_ratios", {"labels": [0, 1, 2]}),
        ("balanced_accuracy_score", {"adjusted": 1}),
        ("multilabel_confusion_matrix", {"samplewise": 1}),
        ("multilabel_confusion_matrix", {"samplewise": True}),
        ("multilabel_confusion_matrix", {"labels": []}),
        ("multilabel_confusion_matrix", {"labels": [1, 1, 4]}),
        ("zero_one_loss", {"normalize": 1}),
        ("hamming_loss", {"sample_weight": 1}),
    ],
)
def test_parameters(name, kwargs):
    compare(name, [1, 0, 1], [1, 1, 0], **kwargs)


@pytest.mark.parametrize(
    "kwargs",
    [
        {"digits": -1},
        {"digits": 1.5},
        {"target_names": 1},
        {"target_names": ["a"]},
        {"target_names": ["a"], "labels": [0, 1]},
        {"target_names": ["accuracy", "b"]},
        {"zero_division": 3},
        {"labels": 1},
        {"labels": []},
        {"labels": [1]},
        {"labels": [1, 0, 2]},
        {"labels": ["0", "1"]},
        {"labels": [1.0, 0.0]},
        {"sample_weight": [1, 0, 3]},
    ],
)
def test_parameters_of_the_report(kwargs):
    report([1, 0, 1], [1, 1, 0], **kwargs)


def test_labels_in_reports_are_written_as_scikit_learn_does():
    for kind in ("float64", "float32", "float16", "bool", "uint8"):
        y = np.array([1, 0, 1], kind)
        report(y, y)
    big = np.array([1e10, 3e10, 1e10], "float32")
    report(big, big)


BAD = (
    (None, [0, 1]),
    ([0, 1, 2], [0, 1]),
    ([], []),
    ([0.5, 1.0], [0.5, 1.0]),
    ([0, 1], [math.nan, 1]),
    (["a", "b"], [0, 1]),
    ([[1, 2], [3, 4]], [[1, 2], [3, 4]]),
    ([[0, 1], [1, 0]], [0, 1]),
    ([[0, 1], [1, 0]], [[0, 1, 1], [1, 0, 1]]),
    (np.zeros((2, 2, 2)), np.zeros((2, 2, 2))),
)


@pytest.mark.parametrize("case", range(len(BAD)))
def test_bad_targets(case):
    names = {*metrics.__all__} & {*INDICATORS, *DENSE}
    if case == 1:
        names -= {"balanced_accuracy_score", "cohen_kappa_score"}  # see test_metrics: WORDED_ALIKE
    for name in sorted(names):
        more = {"beta": 2} if name == "fbeta_score" else {}
        assert isinstance(compare(name, *BAD[case], **more), Exception)


DENSE = ("balanced_accuracy_score", "matthews_corrcoef", "cohen_kappa_score",
         "class_likelihood_ratios")  # fmt: skip


def test_weights_that_cancel():
    for name in ("hamming_loss", "zero_one_loss"):
        compare(name, [0, 1], [1, 1], sample_weight=[1, -1])
    pair, kwargs = ([[0, 1], [1, 0]], [[0, 1], [1, 1]]), {"sample_weight": [1, -1]}
    compare("jaccard_score", *pair, average="samples", **kwargs)


def test_warnings_point_at_the_caller():
    y, zeros = np.array([0, 1, 0]), np.zeros(3, np.int64)
    calls = [
        lambda: metrics.classification_report(y, zeros),
        lambda: metrics.classification_report(y, y, labels=[0, 1], target_names=["a"]),
        lambda: metrics.jaccard_score(y, y, labels=[4], average="macro"),
        lambda: metrics.fbeta_score(zeros, zeros, beta=2),
        lambda: metrics.balanced_accuracy_score(zeros, y),
        lambda: metrics.matthews_corrcoef(zeros, zeros),
        lambda: metrics.cohen_kappa_score(zeros, zeros),
        lambda: metrics.class_likelihood_ratios(y, zeros),
    ]
    for call in calls:
        assert files_warned_of(call) == {__file__}


def test_a_report_counts_once(monkeypatch):
    y_true, y_pred = np.random.default_rng(0).integers(0, 10, (2, 5000))
    calls = []
    for name in ("confusion", "label_sums", "label_range", "encode_words"):
        kernel = getattr(pf._kernels.select(), name)
        counted = lambda *args, kernel=kernel, name=name: (calls.append(name), kernel(*args))[1]  # noqa: E731
        monkeypatch.setattr(pf._kernels.select(), name, counted)
    metrics.classification_report(y_true, y_pred)
    assert len(calls) == 1


@pytest.mark.parametrize(
    "module",
    [_agreement, _classification_report, _jaccard, _likelihood, _multilabel, _zero_one],
)
def test_examples(module):
    failed, attempted = doctest.testmod(module)
    assert attempted
    assert not failed
