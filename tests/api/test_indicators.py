"""Several labels per row, dense and sparse, in every metric that takes them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from metrics_oracle import LOOSE, compare, draw_weights

from polyfuse import metrics

AVERAGES = (None, "binary", "micro", "macro", "weighted", "samples")
NAMES = ("accuracy_score", "zero_one_loss", "hamming_loss", "multilabel_confusion_matrix",
          "classification_report", "precision_recall_fscore_support", "jaccard_score",
          "fbeta_score")  # fmt: skip


def draw_indicators(rng):
    n_rows, n_labels = int(rng.integers(1, 12)), int(rng.integers(2, 11))
    kind = ["bool", "int64", "uint8", "float64"][rng.integers(4)]
    return (rng.random((2, n_rows, n_labels)) < rng.random()).astype(kind)


def indicator_calls(rng, n_rows, n_labels):
    """Names and arguments of every metric of indicator matrices."""
    weight = draw_weights(rng, n_rows)
    labels = rng.permutation(n_labels)[:2] if rng.random() < 0.3 else None
    average = AVERAGES[rng.integers(len(AVERAGES))]
    both = {"sample_weight": weight, "labels": labels}
    for name in NAMES[:3]:
        yield name, {"sample_weight": weight}
    yield "multilabel_confusion_matrix", {**both, "samplewise": bool(rng.integers(2))}
    yield "classification_report", {**both, "zero_division": ["warn", 1][rng.integers(2)]}
    for name in NAMES[5:]:
        more = {"beta": 2.0} if name == "fbeta_score" else {}
        yield name, {**both, **more, "average": average}


@pytest.mark.parametrize("seed", range(40, 44))
def test_indicator_matrices(seed):
    rng = np.random.default_rng(seed)
    for _ in range(25):
        y_true, y_pred = draw_indicators(rng)
        for name, kwargs in indicator_calls(rng, *y_true.shape):
            if name == "classification_report":
                kwargs["output_dict"] = True
            compare(name, y_true, y_pred, **kwargs, **LOOSE)


@pytest.mark.parametrize("seed", range(50, 54))
def test_sparse_targets(seed):
    sparse = pytest.importorskip("scipy.sparse")
    rng = np.random.default_rng(seed)
    formats = ("csr", "csc", "coo")
    for _ in range(20):
        pair = list(draw_indicators(rng))
        shape = pair[0].shape
        which = rng.integers(3)
        for i in (0, 1):
            if which in (2, i):
                make = (sparse.csr_array, sparse.csr_matrix)[rng.integers(2)]
                pair[i] = make(pair[i]).asformat(formats[rng.integers(3)])
        for name, kwargs in indicator_calls(rng, *shape):
            if name == "classification_report":
                compare("classification_report", *pair, output_dict=True, **LOOSE, **kwargs)
            else:
                compare(name, *pair, **kwargs, **LOOSE)


def test_sparse_matrices_stay_as_they_are():
    sparse = pytest.importorskip("scipy.sparse")
    # Entry (0, 1) is given twice, column indices are not in order, and (1, 0) is a stored zero.
    parts = np.array([1, 2, 1, 0, 2]), [1, 0, 1, 0, 2], [0, 3, 5]
    twice = sparse.csr_array(parts, shape=(2, 3))
    dense = np.array([[2, 2, 0], [0, 0, 2]])
    before = twice.data.copy(), twice.indices.copy(), twice.indptr.copy()
    assert metrics.accuracy_score(twice, dense) == 1.0
    assert metrics.hamming_loss(twice, np.array([[2, 0, 0], [0, 2, 2]])) == 2 / 6
    for a, b in zip(before, (twice.data, twice.indices, twice.indptr), strict=True):
        np.testing.assert_array_equal(a, b)


def bad_sparse(sparse):
    indicator = sparse.csr_array([[1, 0], [0, 1], [0, 0]])
    return {
        "two_values": (sparse.csr_array([[1, 2], [0, 1], [0, 0]]), indicator),
        "column": (sparse.csr_array([[1], [0], [1]]), [0, 1, 1]),
        "continuous": (indicator * 0.5, indicator),
        "and_single": (indicator, [0, 1, 1]),
        "and_many": ([0, 1, 2], indicator),
        "and_continuous": (indicator, [[0.5, 1], [0, 1], [1, 1]]),
        "rows": (indicator, sparse.csr_array((2, 2))),
        "columns": (indicator, sparse.csr_array((3, 4))),
        "no_rows": (sparse.csr_array((0, 2)), sparse.csr_array((0, 2))),
        "no_columns": (sparse.csr_array((2, 0)), sparse.csr_array((2, 0))),
        "nan": (sparse.csr_array([[math.nan, 0]]), sparse.csr_array((1, 2))),
        "infinity": (indicator, sparse.csr_array([[math.inf, 0], [0, 1], [0, 1]])),
    }


def test_bad_sparse_targets():
    sparse = pytest.importorskip("scipy.sparse")
    for pair in bad_sparse(sparse).values():
        for name in ("accuracy_score", "hamming_loss", "jaccard_score", "f1_score"):
            assert isinstance(compare(name, *pair), Exception)
    y = sparse.csr_array([[1, 0], [0, 1]])
    for name in ("matthews_corrcoef", "balanced_accuracy_score", "cohen_kappa_score"):
        assert isinstance(compare(name, y, y), Exception)
    for labels in ([2], [-1, 0]):
        compare("multilabel_confusion_matrix", y, y, labels=labels)
    compare("multilabel_confusion_matrix", y, y, labels=[1, 0, 1])


def test_sparse_targets_need_no_room_for_zeros():
    sparse = pytest.importorskip("scipy.sparse")
    rng = np.random.default_rng(0)
    shape = 20_000, 50_000  # 1 GB as bytes
    t, p = (
        sparse.csr_array((np.ones(9000, np.int8), rng.integers(0, shape, (9000, 2)).T), shape=shape)
        for _ in range(2)
    )
    t.data[:], p.data[:] = 1, 1
    for name in ("accuracy_score", "hamming_loss"):
        compare(name, t, p)
    compare("f1_score", t, p, average="micro")
