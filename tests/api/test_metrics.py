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
import pandas as pd
import pytest
import sklearn.exceptions as sk_exceptions
import sklearn.metrics as sk_metrics
from metrics_oracle import (
    cases,
    compare,
    draw_labels,
    draw_weights,
    files_warned_of,
    tolerance,
)

from polyfuse import _classification, _fscore, _regression, exceptions, metrics
from polyfuse._categories import spelled_out
from polyfuse.exceptions import InvalidParameterError, NotFittedError, UndefinedMetricWarning

AVERAGES = (None, "binary", "micro", "macro", "weighted", "samples")
SCORES = ("precision_score", "recall_score", "f1_score", "precision_recall_fscore_support")


pytestmark = pytest.mark.usefixtures("best_and_last")


# -- answers -------------------------------------------------------------------------------------


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
    for unused in (TEXT, np.append(TEXT, "x" * 100)):
        yield pd.Categorical(TEXT, categories=np.unique(unused))
    yield TEXT.tolist()
    yield tuple(NUMBERS.tolist())


def test_containers():
    for y in containers():
        other = list(y)[::-1] if isinstance(y, (list, tuple)) else y[::-1]
        for name in ("accuracy_score", "confusion_matrix"):
            compare(name, y, other)
        compare("f1_score", y, other, average=None)


def test_categories_are_told_apart_by_their_codes():
    frame = pd.DataFrame({"y": pd.Categorical(TEXT)})
    for y in (frame["y"], frame["y"].cat.as_ordered(), pd.CategoricalIndex(TEXT)):
        assert spelled_out(y).tolist() == TEXT.tolist()
    for y in (pd.Categorical(["a", None]), pd.Categorical([2, 1]), pd.Categorical(["a\0", "a"])):
        assert spelled_out(y) is None
        compare("accuracy_score", y, y)


def test_integers_are_not_rounded_to_find_a_label():
    y = np.array([2**60, 2**60 + 1], "u8")
    given = {"average": None, "zero_division": 0}
    want = metrics.f1_score(y, y[[0, 0]], **given)
    for labels in (y, y.tolist(), y.astype("i8")):
        assert metrics.f1_score(y, y[[0, 0]], labels=labels, **given).tolist() == want.tolist()


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
