"""The metrics against scikit-learn: values, types, exceptions and warnings, word for word."""

from __future__ import annotations

import doctest
import inspect
import json
import math
import os
import pickle
import subprocess
import sys
import warnings

import numpy as np
import pytest
import sklearn.exceptions as sk_exceptions
import sklearn.metrics as sk_metrics
from metrics_oracle import (
    cases,
    compare,
    draw_labels,
    draw_weights,
    files_warned_of,
    outcome,
    tolerance,
)

from polyfuse import _classification, _fscore, _regression, exceptions, metrics
from polyfuse.exceptions import InvalidParameterError, NotFittedError, UndefinedMetricWarning

AVERAGES = (None, "binary", "micro", "macro", "weighted", "samples")
SCORES = ("precision_score", "recall_score", "f1_score", "precision_recall_fscore_support")


pytestmark = pytest.mark.usefixtures("best_and_last")


@pytest.mark.parametrize("name", [name for name in metrics.__all__ if hasattr(sk_metrics, name)])
def test_signature(name):
    ours, theirs = (
        [(p.name, p.kind, p.default) for p in inspect.signature(f).parameters.values()]
        for f in (getattr(metrics, name), getattr(sk_metrics, name))
    )
    assert ours == theirs


@pytest.mark.parametrize("seed", range(5))
def test_accuracy_score(seed):
    for rng, _, y_true, y_pred, weight in cases(seed):
        normalize = bool(rng.random() < 0.5)
        compare("accuracy_score", y_true, y_pred, normalize=normalize, sample_weight=weight)


@pytest.mark.parametrize("seed", range(10, 20))
def test_confusion_matrix(seed):
    for rng, labels, y_true, y_pred, weight in cases(seed):
        compare(
            "confusion_matrix",
            y_true,
            y_pred,
            labels=draw_labels(rng, labels),
            sample_weight=weight,
            normalize=[None, "true", "pred", "all"][rng.integers(4)],
            **tolerance(weight),
        )


@pytest.mark.parametrize("name", SCORES)
@pytest.mark.parametrize("seed", range(20, 30))
def test_precision_recall_fscore(seed, name):
    for rng, labels, y_true, y_pred, weight in cases(seed):
        kwargs = {
            "average": AVERAGES[rng.integers(len(AVERAGES))],
            "labels": draw_labels(rng, labels),
            "sample_weight": weight,
            "zero_division": ["warn", 0, 1, 0.0, 1.0, math.nan][rng.integers(6)],
        }
        if rng.random() < 0.5:
            kwargs["pos_label"] = labels[rng.integers(len(labels))]
        if name.endswith("support"):
            kwargs["beta"] = [0, 0.5, 1, 2.0, math.inf][rng.integers(5)]
            kwargs["warn_for"] = [("precision",), ["f-score"], {"recall"}, ()][rng.integers(4)]
        compare(name, y_true, y_pred, **kwargs, **tolerance(weight))


@pytest.mark.parametrize("name", SCORES)
@pytest.mark.parametrize("seed", range(30, 36))
def test_indicator_matrices(seed, name):
    rng = np.random.default_rng(seed)
    for _ in range(20):
        n_rows, n_labels = int(rng.integers(1, 12)), int(rng.integers(2, 5))
        kind = ["bool", "int64", "uint8", "float64"][rng.integers(4)]
        y_true, y_pred = (rng.random((2, n_rows, n_labels)) < rng.random()).astype(kind)
        weight = draw_weights(rng, n_rows)
        if weight is not None and not (y_true.any(axis=0) & y_pred.any(axis=0)).all():
            # scikit-learn's support is an integer if weights are and there is nothing to count.
            weight = np.asarray(weight, np.float64)
        if rng.random() < 0.2:
            y_true, y_pred = y_true.tolist(), y_pred.tolist()
        compare("accuracy_score", y_true, y_pred, sample_weight=weight)
        compare(
            name,
            y_true,
            y_pred,
            average=AVERAGES[rng.integers(len(AVERAGES))],
            labels=rng.permutation(n_labels)[:2] if rng.random() < 0.3 else None,
            sample_weight=weight,
            zero_division=["warn", 0, 1, math.nan][rng.integers(4)],
            **tolerance(weight),
        )


@pytest.mark.parametrize("kind", ["int64", "int32", "uint8", "float64", "U"])
@pytest.mark.parametrize(
    ("low", "n_labels", "step"),
    [(0, 2, 1), (0, 10, 1), (1, 10, 1), (0, 64, 1), (0, 65, 1), (3, 200, 1), (0, 9, 20)],
)
def test_many_rows(kind, low, n_labels, step):
    rng = np.random.default_rng(n_labels)
    y_true, y_pred = (low + step * rng.integers(0, n_labels, (2, 6000))).astype(kind)
    y_true[0], y_true[-1] = y_pred[0], y_pred[-1]
    check_many(y_true, y_pred, rng)


@pytest.mark.parametrize("spread", [1, 3, 10**9])
def test_many_labels(spread):
    rng = np.random.default_rng(spread)
    y_true, y_pred = spread * rng.integers(-300, 400, (2, 6000))
    y_pred[::2] = y_true[::2]
    check_many(y_true, y_pred, rng)


def test_late_labels_outside_the_first_window():
    y_true, y_pred = np.zeros((2, 10_000), np.int64)
    y_true[5000], y_pred[7000] = 70, -1
    matrix = compare("confusion_matrix", y_true, y_pred)
    assert matrix.tolist() == [[0, 0, 0], [1, 9998, 0], [0, 1, 0]]


def check_many(y_true, y_pred, rng):
    weight = rng.random(len(y_true))
    some = np.unique(y_true)[1::2]
    compare("accuracy_score", y_true, y_pred, sample_weight=weight)
    for kwargs in ({}, {"labels": some[::-1]}):
        compare("confusion_matrix", y_true, y_pred, **kwargs)
        compare("confusion_matrix", y_true, y_pred, sample_weight=weight, rtol=1e-13, **kwargs)
        score = "precision_recall_fscore_support"
        compare(score, y_true, y_pred, **kwargs)
        compare(score, y_true, y_pred, sample_weight=weight, rtol=1e-13, **kwargs)


@pytest.mark.parametrize("n_rows", [50, 6000])
@pytest.mark.parametrize("layout", ["read_only", "reversed", "swapped", "unaligned", "subclass"])
def test_any_layout(layout, n_rows):
    rng = np.random.default_rng(n_rows)
    y_true, y_pred, weight = (
        lay_out(x, layout) for x in (*rng.integers(0, 5, (2, n_rows)), rng.random(n_rows))
    )
    check_many(y_true, y_pred, rng)
    for name in ("accuracy_score", "confusion_matrix", "mean_squared_error"):
        compare(name, y_true, y_pred, sample_weight=weight, rtol=1e-13)


def lay_out(x, layout):
    if layout == "reversed":
        return x[::-1]
    if layout == "swapped":
        return x.astype(x.dtype.newbyteorder())
    if layout == "subclass":
        return np.ma.masked_array(x, mask=np.zeros(len(x), bool))
    if layout == "unaligned":
        raw = np.zeros(x.nbytes + 1, np.uint8)[1:].view(x.dtype)
        raw[:] = x
        return raw
    x.flags.writeable = False
    return x


def test_masked_values_are_refused():
    y, masked = [1, 2], np.ma.masked_array([1, 2], mask=[True, False])
    for name in ("accuracy_score", "confusion_matrix", "mean_squared_error"):
        with pytest.raises(ValueError, match="Masked values are not supported"):
            getattr(metrics, name)(masked, y)
        with pytest.raises(ValueError, match="Masked values are not supported"):
            getattr(metrics, name)(y, y, sample_weight=masked)


@pytest.mark.parametrize("kind", ["bool", "int8", "uint8", "uint64", "float16", "float32"])
def test_types_of_weights(kind):
    y_true, y_pred, weight = [0, 1, 1, 5, 5], [0, 0, 1, 5, 1], np.array([0, 1, 1, 3, 3], kind)
    for labels in (None, [5, 1], [1, 2]):
        kwargs = {"sample_weight": weight, "labels": labels}
        matrix = compare("confusion_matrix", y_true, y_pred, **kwargs)
        assert matrix.flags.c_contiguous
        compare("precision_recall_fscore_support", y_true, y_pred, **kwargs)
    compare("accuracy_score", y_true, y_pred, sample_weight=weight)
    # scikit-learn adds up booleans as booleans: its answer is 1.
    score = metrics.accuracy_score(y_true, y_pred, sample_weight=weight, normalize=False)
    assert score == (2.0 if kind == "bool" else 4.0)


def test_integer_weights_stay_integers():
    weight = [2**60, 1]
    matrix = compare("confusion_matrix", [0, 0], [0, 0], labels=[0, 1], sample_weight=weight)
    assert matrix[0, 0] == 2**60 + 1


def test_two_types_of_numbers():
    for a in ("bool", "uint8", "int64", "uint64", "float16", "float64"):
        for b in ("int8", "uint64", "float32"):
            y_true, y_pred = np.array([0, 1, 1, 0], a), np.array([0, 1, 0, 0], b)
            for name in ("accuracy_score", "confusion_matrix", *SCORES):
                compare(name, y_true, y_pred)
            # The message shows the labels in the type they have together.
            compare("f1_score", y_true, y_pred, pos_label=5)
            compare("f1_score", y_true, y_true.astype(b) * 3, pos_label=5)


def test_pandas():
    pd = pytest.importorskip("pandas")
    ints, text = [1, 2, 2, 1, 3, 3], ["a", "b", "b", "a", "c", "c"]
    for kind in ("int64", "Int64", "float64", "category"):
        series = pd.Series(ints, dtype=kind, index=range(10, 16))
        check_series(series, series[::-1])
    for kind in ("str", "object", "category"):
        series = pd.Series(text, dtype=kind)
        check_series(series, series[::-1])
    a, b = pd.Series([1.0, 2.0]), pd.Series([1.0, 4.0], index=[5, 6])
    compare("mean_squared_error", a, b, sample_weight=pd.Series([1, 3]))


def check_series(y_true, y_pred):
    for name in ("accuracy_score", "confusion_matrix"):
        compare(name, y_true, y_pred, sample_weight=y_true.index.to_series() + 1)
    compare("f1_score", y_true, y_pred, average=None, labels=y_true[:2])


TEXT, NUMBERS = np.array(["b", "a", "cherry", "a", "b"]), np.array([3, 1, 2, 1, 3])


def containers():
    """Labels as other libraries hold them: plain, coded by a dictionary, and in chunks."""
    pa, pl = pytest.importorskip("pyarrow"), pytest.importorskip("polars")
    for y in (TEXT, NUMBERS):
        array = pa.array(y)
        yield from (array, array.dictionary_encode(), pa.chunked_array([array[:2], array[2:]]))
        yield pa.chunked_array([array.dictionary_encode()])
        yield pl.Series(y)
    yield pl.Series(TEXT, dtype=pl.Categorical)
    yield pl.Series(TEXT, dtype=pl.Enum(["a", "b", "cherry", "never"]))
    yield TEXT.tolist()
    yield tuple(NUMBERS.tolist())


def test_containers():
    for y in containers():
        other = list(y)[::-1] if isinstance(y, (list, tuple)) else y[::-1]
        for name in ("accuracy_score", "confusion_matrix"):
            compare(name, y, other)
        compare("f1_score", y, other, average=None)


def test_strings_of_variable_width():
    # scikit-learn does not take them: what it says of fixed ones is the reference.
    y = TEXT.astype(np.dtypes.StringDType())
    want = sk_metrics.confusion_matrix(TEXT, TEXT[::-1])
    assert metrics.confusion_matrix(y, y[::-1]).tolist() == want.tolist()
    assert metrics.accuracy_score(y, y) == 1.0


@pytest.mark.parametrize("n_labels", [900, 1100, 70_000])
def test_many_strings(n_labels):
    rng = np.random.default_rng(n_labels)
    y_true, y_pred = rng.integers(0, n_labels, (2, 2 * n_labels)).astype("U")
    y_pred[::2] = y_true[::2]
    compare("f1_score", y_true, y_pred.astype(y_pred.dtype.newbyteorder()), average="macro")
    compare("confusion_matrix", y_true, y_pred, labels=y_true[:50])
    compare("accuracy_score", y_true, y_pred.astype("U20"))


def test_empty_strings():
    compare("confusion_matrix", np.zeros(2, "U0"), ["", "a"])


# -- errors --------------------------------------------------------------------------------------

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


def test_sparse_targets_are_refused_by_name():
    scipy_sparse = pytest.importorskip("scipy.sparse")
    sparse, dense = scipy_sparse.eye_array(3).tocsr(), np.eye(3)
    for name in ("confusion_matrix", "mean_squared_error"):
        compare(name, sparse, dense)


# -- mean squared error --------------------------------------------------------------------------


def test_mean_squared_error_of_the_worked_example():
    score = metrics.mean_squared_error([1.5, 2.5, 3.5], [1, 2, 3])
    assert type(score) is float
    assert score == 0.25


@pytest.mark.parametrize("seed", range(40, 46))
def test_mean_squared_error(seed):
    rng = np.random.default_rng(seed)
    for _ in range(30):
        n_rows = int(rng.choice([1, 7, 50, 9000]))
        n_outputs = int(rng.integers(0, 4))
        shape = (n_rows, n_outputs) if n_outputs else (n_rows,)
        # Not float16, in which scikit-learn's sums overflow.
        types = ["float64", "float32", "int64", "uint8", "int8"]
        kinds = [types[i] for i in rng.integers(len(types), size=2)]
        pair = [(rng.random(shape) * 50).astype(kind) for kind in kinds]
        layout = rng.integers(4)
        if layout == 0:
            pair = [y.tolist() for y in pair]
        elif layout == 1:
            pair[0] = np.asfortranarray(pair[0])
        elif layout == 2:
            pair[1] = np.repeat(pair[1], 2, axis=0)[::2]
        choices = ["uniform_average", "raw_values", rng.random(max(n_outputs, 1))]
        choice = choices[rng.integers(3)]
        weight = draw_weights(rng, n_rows)
        narrow = [getattr(y, "dtype", np.float64) for y in (*pair, weight)]
        floats = [np.finfo(kind).eps for kind in narrow if np.dtype(kind).kind == "f"]
        # scikit-learn adds up in the precision of the inputs, we always in float64.
        rtol = 1e-13 if max(floats, default=0.0) < 1e-15 else 200 * max(floats)
        compare("mean_squared_error", *pair, multioutput=choice, sample_weight=weight, rtol=rtol)


@pytest.mark.parametrize("seed", range(60, 64))
def test_r2_score(seed):
    rng = np.random.default_rng(seed)
    for _ in range(60):
        n_rows, n_outputs = int(rng.choice([1, 2, 7, 9000])), int(rng.integers(0, 4))
        shape = (n_rows, n_outputs) if n_outputs else (n_rows,)
        y_true = rng.standard_normal(shape) * 50
        y_pred = y_true + rng.standard_normal(shape) * rng.choice([0.0, 20.0])
        if rng.random() < 0.3:
            y_true[...] = 2.5
        choices = ["uniform_average", "raw_values", "variance_weighted", None, rng.random(3)]
        kwargs = {
            "multioutput": choices[rng.integers(5)],
            "force_finite": bool(rng.integers(2)),
            "sample_weight": draw_weights(rng, n_rows),
        }
        pair = [y.astype(rng.choice(["float64", "int16"])) for y in (y_true, y_pred)]
        compare("r2_score", *pair, **kwargs, rtol=1e-6)  # float32 weights


def test_mean_squared_error_of_half_precision_does_not_overflow():
    y_true, y_pred = np.zeros(3, "float16"), np.full(3, 1000, "float16")
    assert metrics.mean_squared_error(y_true, y_pred) == 1e6


@pytest.mark.parametrize(
    "pair",
    [
        (None, [1, 2]),
        ([1, 2], "ab"),
        (np.array(1.0), [1, 2]),
        ([1, 2, 3], [1, 2]),
        ([], []),
        (np.zeros((2, 0)), np.zeros((2, 0))),
        (np.zeros((2, 2, 2)), np.zeros((2, 2, 2))),
        (np.zeros((2, 2)), np.zeros((2, 3))),
        (np.full((2, 2), math.nan), np.zeros((2, 3))),
        ([math.nan, 1], [1, 2]),
        ([1, 2], [1, math.nan]),
        ([1, math.inf], [1, math.inf]),
        (np.array([1, -math.inf], "float32"), np.array([1, 2], "float32")),
        ([1j, 2], [1, 2]),
        (np.array([1j, 2]), [1, 2]),
        (["a", "b"], [1, 2]),
        (np.array(["a", "b"]), [1, 2]),
        ([[1], [0, 2]], [1, 2]),
    ],
)
def test_bad_numbers(pair):
    result = compare("mean_squared_error", *pair)
    assert isinstance(result, Exception)


def test_numbers_as_objects():
    compare("mean_squared_error", np.array([1, 2], object), [1, 4])


@pytest.mark.parametrize(
    "multioutput", ["x", "variance_weighted", None, 3, [1], [1, 2, 3], [1, -1], [math.nan, 1]]
)
def test_bad_multioutput(multioutput):
    pair = [[1, 2], [3, 4]], [[1, 2], [3, 5]]
    assert isinstance(compare("mean_squared_error", *pair, multioutput=multioutput), Exception)
    compare("mean_squared_error", [1, 2], [3, 4], multioutput=multioutput)


# -- warnings and exceptions as classes ----------------------------------------------------------


def test_warnings_point_at_the_caller():
    y = np.zeros(3, np.int64)
    calls = [lambda: metrics.confusion_matrix(y, y)]
    for name in SCORES:
        score = getattr(metrics, name)
        calls.append(lambda score=score: score(y, y + 1, average="macro", labels=[2]))
        calls.append(lambda score=score: score(y, y, average="macro", pos_label=2))
    for call in calls:
        assert files_warned_of(call) == {__file__}


def test_undefined_metric_warning_is_both_libraries():
    for category in (UndefinedMetricWarning, sk_exceptions.UndefinedMetricWarning):
        with pytest.warns(category, match="ill-defined"):
            metrics.precision_score([0, 1], [0, 0])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", category)
            metrics.precision_score([0, 1], [0, 0])


def test_shared_exceptions_pickle():
    for kind in (UndefinedMetricWarning, NotFittedError):
        joined = exceptions.shared(kind)
        assert joined.__name__ == kind.__name__
        assert issubclass(joined, getattr(sk_exceptions, kind.__name__))
        copy = pickle.loads(pickle.dumps(joined("words")))
        assert type(copy) is kind
        assert copy.args == ("words",)


def test_exceptions_have_the_bases_of_scikit_learn():
    assert NotFittedError.__bases__ == (ValueError, AttributeError)
    assert InvalidParameterError.__bases__ == (ValueError, TypeError)
    assert UndefinedMetricWarning.__bases__ == (UserWarning,)


def test_nothing_but_numpy_is_imported():
    code = """
import json, sys, warnings
import numpy
before = set(sys.modules)
from polyfuse import _classification, _fscore, _regression, exceptions, metrics
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    metrics.f1_score([0, 0], [0, 0])
assert caught[0].category is exceptions.UndefinedMetricWarning
metrics.mean_squared_error([1.0], [2.0])
added = {name.partition(".")[0] for name in set(sys.modules) - before}
print(json.dumps(sorted(added - sys.stdlib_module_names)))
"""
    env = {**os.environ, "POLYFUSE_BACKEND": "numpy"}
    run = [sys.executable, "-c", code]
    result = subprocess.run(run, env=env, check=True, capture_output=True, text=True)
    assert set(json.loads(result.stdout)) <= {"polyfuse", "numpy"}


@pytest.mark.parametrize("module", [_classification, _fscore, _regression, exceptions])
def test_examples(module):
    failed, attempted = doctest.testmod(module)
    assert attempted
    assert not failed
