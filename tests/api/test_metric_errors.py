"""What metrics of labels refuse, in scikit-learn's words."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import sklearn.metrics as sk_metrics
from metrics_oracle import (
    compare,
    outcome,
)

from polyfuse import metrics

SCORES = ("precision_score", "recall_score", "f1_score", "precision_recall_fscore_support")


pytestmark = pytest.mark.usefixtures("best_and_last")


BAD_TARGETS = {
    "none": (None, [0, 1]),
    "number": ([0, 1], 3),
    "text": ("ab", [0, 1]),
    "scalar_array": (np.array(1), [0, 1]),
    "lengths": ([0, 1, 2], [0, 1]),
    "empty": ([], []),
    "continuous": ([0.5, 1.0], [0.5, 1.0]),
    "continuous_and_binary": ([0, 1], [0.5, 1.0]),
    "multiclass_and_continuous": ([0, 1, 2], [0.5, 1.0, 2.0]),
    "nan": ([0, 1], [math.nan, 1]),
    "infinity": ([math.inf, 1], [0, 1]),
    "too_large": ([1e300, 1], [0, 1]),
    "complex": ([1j, 2], [0, 1]),
    "bytes": ([b"a", b"b"], [b"a", b"b"]),
    "ragged": ([[1], [0, 2]], [0, 1]),
    "strings_and_numbers": (["a", "b"], [0, 1]),
    "numbers_and_strings": ([1.0, 3.0], ["a", "b"]),
    "objects_with_numbers": (np.array(["a", "b"], object), [0, 1]),
    "objects": (np.array([1, 2], object), [0, 1]),
    "only_objects": (np.array([1, 2], object), np.array([1, 2], object)),
    "multioutput": ([[1, 2], [3, 4]], [[1, 2], [3, 4]]),
    "multioutput_and_single": ([[1, 2], [3, 4]], [1, 2]),
    "continuous_multioutput": ([[0.5, 2], [3, 4]], [[0.5, 2], [3, 4]]),
    "indicator_and_single": ([[0, 1], [1, 0]], [0, 1]),
    "indicator_widths": ([[0, 1], [1, 0]], [[0, 1, 1], [1, 0, 1]]),
    "three_dimensions": (np.zeros((2, 2, 2)), np.zeros((2, 2, 2))),
}


# Where scikit-learn's confusion matrix words an error unlike its other metrics: it counts weights
# that were not given, or stumbles over its own conversion. Ours says what the others say.
WORDED_ALIKE = {"scalar_array": TypeError, "lengths": ValueError, "ragged": ValueError}


@pytest.mark.parametrize("case", BAD_TARGETS)
@pytest.mark.parametrize("name", ["accuracy_score", *SCORES])
def test_bad_targets(name, case):
    result = compare(name, *BAD_TARGETS[case])
    assert isinstance(result, Exception)


@pytest.mark.parametrize("case", BAD_TARGETS)
def test_bad_targets_of_confusion_matrix(case):
    if case not in WORDED_ALIKE:
        assert isinstance(compare("confusion_matrix", *BAD_TARGETS[case]), Exception)
        return
    with pytest.raises(WORDED_ALIKE[case]) as error:
        metrics.confusion_matrix(*BAD_TARGETS[case])
    other, _ = outcome(sk_metrics.accuracy_score, *BAD_TARGETS[case])
    assert str(error.value) == str(other)


def test_matrix_and_set_are_refused():
    compare("accuracy_score", {0, 1}, [0, 1])
    matrix = np.zeros((2, 1)).view(np.matrix)
    compare("confusion_matrix", matrix, [0, 1])


def test_indicators_have_no_confusion_matrix():
    compare("confusion_matrix", [[0, 1], [1, 0]], [[0, 1], [1, 0]])


@pytest.mark.parametrize(
    "weight",
    [
        [1.0],
        [[1.0], [2.0]],
        [math.nan, 1.0],
        [math.inf, 1.0],
        [0, 0],
        np.array([1j, 1]),
        3.0,
        "ab",
    ],
)
@pytest.mark.parametrize(
    "name", ["accuracy_score", "confusion_matrix", "mean_squared_error", "r2_score", *SCORES]
)
def test_bad_weights(name, weight):
    result = compare(name, [0, 1], [1, 1], sample_weight=weight)
    assert isinstance(result, Exception)


def test_weights_that_cancel():
    for name in ("accuracy_score", "mean_squared_error"):
        compare(name, [0, 1], [1, 1], sample_weight=[1, -1])
    compare("precision_score", [0, 1], [1, 1], average="weighted", sample_weight=[1, -1])


@pytest.mark.parametrize(
    "kwargs",
    [
        {"average": "bogus"},
        {"average": 1},
        {"zero_division": 2},
        {"zero_division": "x"},
        {"zero_division": None},
        {"pos_label": [1]},
        {"pos_label": 5},
        {"pos_label": "1"},
        {"pos_label": 2, "average": "macro"},
        {"labels": 3},
        {"labels": []},
        {"labels": [], "average": "macro"},
        {"labels": [], "average": "micro"},
        {"labels": [1, 1, 0], "average": None},
        {"labels": ["1", "0"], "average": None},
        {"labels": [1.0, 2.5], "average": None},
        {"average": "samples"},
        {"average": "samples", "sample_weight": [1]},
        {"zero_division": True, "average": None, "labels": [0, 1, 2]},
    ],
)
@pytest.mark.parametrize("name", SCORES)
def test_parameters_of_scores(name, kwargs):
    compare(name, [1, 0, 1], [1, 1, 0], **kwargs)


def test_parameters_of_the_others():
    y = [1, 0, 1]
    compare("precision_recall_fscore_support", y, y, beta=-1)
    compare("precision_recall_fscore_support", y, y, beta="1")
    compare("precision_recall_fscore_support", y, y, warn_for="precision")
    compare("accuracy_score", y, y, normalize=1)
    for normalize in ("rows", 1):
        compare("confusion_matrix", y, y, normalize=normalize)
    for labels in ([], [5], 3, [1, 1, 0], [1.0, 0.0], [True, False], ["1", "0"], ["a"], (0, 9)):
        compare("confusion_matrix", y, y, labels=labels)
    # A label that is predicted only is not in y_true.
    compare("confusion_matrix", [0, 0], [1, 0], labels=[1])


@pytest.mark.parametrize("labels", [[2, 0], [3, 0], [-1, 0], [1]])
def test_labels_of_indicators(labels):
    y_true, y_pred = [[1, 0, 0], [0, 1, 0]], [[1, 0, 0], [1, 1, 0]]
    compare("recall_score", y_true, y_pred, average=None, labels=labels)


def test_only_one_label_in_the_data():
    compare("confusion_matrix", [1, 1], [1, 1])
    for y in ([0, 0], [1, 1], ["a", "a"], [True, True]):
        for pos_label in (1, 0, "a", "1"):
            compare("precision_score", y, y, pos_label=pos_label)
    with pytest.raises(ValueError, match=r"pos_label=None is not a valid label.* one of \[0\]"):
        metrics.precision_score([0, 0], [0, 0], pos_label=None)


def test_a_missing_boolean_is_named():
    y = pd.Series([True, False, None], dtype="boolean")
    compare("accuracy_score", y, [1, 0, 1])


@pytest.mark.parametrize("labels", [[0.0], [1.0, 0.0]])
def test_columns_of_indicators_may_be_floats(labels):
    y = np.array([[0, 1], [1, 0], [1, 1]])
    compare("f1_score", y, y[::-1], labels=labels, average=None, zero_division=0)


def test_sparse_targets_are_refused_by_name():
    scipy_sparse = pytest.importorskip("scipy.sparse")
    sparse, dense = scipy_sparse.eye_array(3).tocsr(), np.eye(3)
    for name in ("confusion_matrix", "mean_squared_error"):
        compare(name, sparse, dense)
