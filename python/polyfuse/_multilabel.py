"""A confusion matrix for each label, or each row; see ``polyfuse.metrics``."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from . import _labels, _parameters
from ._codes import encode
from ._labels import INDICATOR, Array
from ._scores import sums_of


def multilabel_confusion_matrix(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    labels: ArrayLike | None = None,
    samplewise: bool = False,
) -> Array:
    """A 2 x 2 confusion matrix of each label against all others.

    ``[[TN, FP], [FN, TP]]`` with the number, or weight, of rows that are true negatives TN, false
    positives FP, false negatives FN and true positives TP of the label.

    Parameters
    ----------
    y_true : array-like or sparse matrix of shape (n,) or (n, n_labels)
        True labels: integers, booleans, strings or floats with integer values; or an indicator
        matrix of 0 and 1.
    y_pred : array-like or sparse matrix of shape (n,) or (n, n_labels)
        Predicted labels.
    sample_weight : array-like of shape (n,), default=None
        Weight of each row.
    labels : array-like of shape (k,), default=None
        The labels to count, in the order of the result; numbers of columns for indicator matrices.
        By default all labels, sorted.
    samplewise : bool, default=False
        Count the labels of each row of an indicator matrix instead of the rows of each label.

    Returns
    -------
    C : ndarray of shape (k, 2, 2), or (n, 2, 2) if `samplewise`
        int64; float64 if weighted, or if no row is predicted right, as in scikit-learn.

    Raises
    ------
    ValueError
        If lengths differ, there are no rows, targets are continuous or of different kinds, weights
        are not finite or all zero, `labels` are no numbers of columns, or `samplewise` is asked
        for one label per row.

    References
    ----------
    scikit-learn 1.9, ``sklearn.metrics.multilabel_confusion_matrix``.

    Examples
    --------
    >>> from polyfuse.metrics import multilabel_confusion_matrix
    >>> multilabel_confusion_matrix(["a", "b", "b"], ["a", "a", "b"])
    array([[[1, 1],
            [0, 1]],
    <BLANKLINE>
           [[1, 0],
            [1, 1]]])
    >>> multilabel_confusion_matrix([[0, 1, 1]], [[1, 1, 0]], samplewise=True)
    array([[[0, 1],
            [1, 1]]])
    """
    caller = "multilabel_confusion_matrix"
    _parameters.check_arrays(caller, y_true, y_pred, sparse=True)
    _parameters.check_optional(caller, sample_weight=sample_weight, labels=labels)
    _parameters.check_boolean(caller, "samplewise", samplewise)
    targets = _labels.read_targets(y_true, y_pred, sample_weight)
    codes = None if targets.form == INDICATOR else encode(targets)
    weight = targets.sample_weight
    tp, predicted, true = sums_of(targets, codes, labels, weight, bool(samplewise))
    # Of how many each matrix is the count.
    whole: float | Array = len(targets.y_true) if weight is None else weight.sum()
    if samplewise:
        width = targets.y_true.shape[1] if labels is None else np.asarray(labels).size
        whole = width if weight is None else weight * width
    fp, fn = predicted - tp, true - tp
    matrices: Array = np.stack((whole - tp - fp - fn, fp, fn, tp), axis=1)
    return matrices.reshape(-1, 2, 2)
