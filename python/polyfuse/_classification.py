"""Accuracy and confusion matrix; see ``polyfuse.metrics``."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from . import _indicators, _labels, _parameters
from ._codes import INTEGERS, MATRIX, Codes, count, encode, plain
from ._kernels import select
from ._labels import INDICATOR, Array, Targets
from .exceptions import warn

_NORMALIZE = ("all", "pred", "true")


def accuracy_score(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    normalize: bool = True,
    sample_weight: ArrayLike | None = None,
) -> float:
    """Fraction, or number, of rows whose label is predicted exactly.

    ``sum(w[i] * (y_true[i] == y_pred[i])) / sum(w)``, with w = 1 without weights. Of several
    labels per row, all must be right (subset accuracy).

    Parameters
    ----------
    y_true : array-like of shape (n,) or (n, n_labels)
        True labels: integers, booleans, strings or floats with integer values; or an indicator
        matrix of 0 and 1, dense or sparse.
    y_pred : array-like of shape (n,) or (n, n_labels)
        Predicted labels.
    normalize : bool, default=True
        Return the fraction of rows; else their number, or weight.
    sample_weight : array-like of shape (n,), default=None
        Weight of each row.

    Returns
    -------
    score : float
        Between 0 and 1 if `normalize`.

    Raises
    ------
    ValueError
        If lengths differ, there are no rows, targets are continuous or of different kinds, or
        weights are not finite or all zero.
    ZeroDivisionError
        If `normalize` and the weights add up to zero.

    References
    ----------
    scikit-learn 1.9, ``sklearn.metrics.accuracy_score``.

    Examples
    --------
    >>> from polyfuse.metrics import accuracy_score
    >>> accuracy_score([0, 1, 2, 3], [0, 2, 1, 3])
    0.5
    >>> accuracy_score(["cat", "dog"], ["cat", "cat"], normalize=False)
    1.0
    """
    return accuracy_of("accuracy_score", y_true, y_pred, normalize, sample_weight)


def accuracy_of(caller: str, y_true: Any, y_pred: Any, normalize: Any, sample_weight: Any) -> float:
    """The accuracy, for `caller`, whom errors name."""
    _parameters.check_arrays(caller, y_true, y_pred, sparse=True)
    _parameters.check_boolean(caller, "normalize", normalize)
    _parameters.check_optional(caller, sample_weight=sample_weight)
    targets = _labels.read_targets(y_true, y_pred, sample_weight)
    weight = targets.sample_weight
    if weight is None:
        n_right = count_right(targets)
        return n_right / len(targets.y_true) if normalize else float(n_right)
    right = which_right(targets)
    if normalize:
        return float(np.average(right, weights=weight))
    if weight.dtype.kind != "f":
        weight = weight.astype(np.int64)
    return float(np.dot(right, weight))


def count_right(targets: Targets) -> int:
    """How many rows are predicted exactly."""
    t, p = targets.y_true, targets.y_pred
    kinds = t.dtype.kind + p.dtype.kind
    alike = kinds == "uu" or ("u" not in kinds and kinds in INTEGERS)  # -1 has the bits of 2^64 - 1
    if targets.form == INDICATOR or not alike:
        return int(np.count_nonzero(which_right(targets)))
    return select().count_equal(plain(t), plain(p))


def which_right(targets: Targets) -> Array:
    """Whether each row is predicted exactly."""
    t, p = targets.y_true, targets.y_pred
    if targets.form == INDICATOR:
        right: Array = _indicators.differences(t, p) == 0
        return right
    if t.dtype.kind == p.dtype.kind == "U" or t.dtype.kind + p.dtype.kind in INTEGERS:
        return np.equal(t, p)
    codes = encode(targets)
    t, p = codes.pair()
    return np.equal(t, p)


def confusion_matrix(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    labels: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    normalize: Literal["true", "pred", "all"] | None = None,
) -> Array:
    """Number of rows for each pair of true and predicted label.

    ``C[i, j] = sum(w[r] for r in rows if y_true[r] == labels[i] and y_pred[r] == labels[j])``,
    with w = 1 without weights.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        True labels: integers, booleans, strings or floats with integer values.
    y_pred : array-like of shape (n,)
        Predicted labels.
    labels : array-like of shape (k,), default=None
        The labels to count, in the order of the rows and columns of the matrix. By default all
        labels of `y_true` and `y_pred`, sorted.
    sample_weight : array-like of shape (n,), default=None
        Weight of each row.
    normalize : {"true", "pred", "all"}, default=None
        Divide by the sums of the rows (true labels), of the columns (predicted labels) or of the
        whole matrix. Nothing divided by nothing is 0.

    Returns
    -------
    C : ndarray of shape (k, k)
        int64; float64 if normalized or weighted by floats.

    Raises
    ------
    ValueError
        If lengths differ, there are no rows, targets are continuous, of different kinds or not
        one label per row, weights are not finite or all zero, or none of `labels` is in `y_true`.

    Warns
    -----
    UserWarning
        If the matrix has one cell.

    References
    ----------
    scikit-learn 1.9, ``sklearn.metrics.confusion_matrix``.

    Examples
    --------
    >>> from polyfuse.metrics import confusion_matrix
    >>> confusion_matrix([2, 0, 2, 2, 0, 1], [0, 0, 2, 2, 0, 2])
    array([[2, 0, 0],
           [0, 0, 1],
           [1, 0, 2]])
    """
    caller = "confusion_matrix"
    _parameters.check_arrays(caller, y_true, y_pred, sparse=False)
    _parameters.check_optional(caller, labels=labels, sample_weight=sample_weight)
    _parameters.check_choice(caller, "normalize", normalize, _NORMALIZE, none=True)
    y_true, y_pred = _labels.as_array(y_true, "y_true"), _labels.as_array(y_pred, "y_pred")
    for y in (y_true, y_pred):
        _parameters.check_dimensions(y)
    targets = _labels.read_targets(y_true, y_pred, sample_weight)
    if targets.form == INDICATOR:
        raise ValueError(f"{INDICATOR} is not supported")
    matrix = matrix_of(encode(targets, whole=labels is None), labels)
    if normalize is not None:
        with np.errstate(all="ignore"):
            axis = {"true": 1, "pred": 0, "all": None}[normalize]
            matrix = np.nan_to_num(matrix / matrix.sum(axis=axis, keepdims=True))
    if matrix.shape == (1, 1):
        warn_single_label()
    return matrix


def warn_single_label() -> None:
    warn(
        "A single label was found in 'y_true' and 'y_pred'. For the confusion matrix to have the "
        "correct shape, use the 'labels' parameter to pass all known labels."
    )


def matrix_of(codes: Codes, labels: ArrayLike | None) -> Array:
    """The weighted confusion matrix of all labels, or of some in the order given."""
    weight = codes.targets.sample_weight
    return codes.matrix(weight) if labels is None else label_matrix(codes, labels, weight)


def label_matrix(codes: Codes, labels: ArrayLike, weight: Array | None) -> Array:
    """The confusion matrix of some labels, in the order given."""
    wanted = np.asarray(labels)
    if wanted.size == 0:
        raise ValueError("'labels' should contain at least one label.")
    if len(np.intersect1d(codes.true_labels, wanted)) == 0:
        raise ValueError("At least one label specified must be in y_true")
    place = {label: i for i, label in enumerate(wanted.tolist())}
    to = np.array([place.get(label, -1) for label in codes.values.tolist()], np.int64)
    if len(to) > MATRIX:
        t, p = codes.pair()
        return count(to[t], to[p], weight, wanted.size)
    kept = (to >= 0).nonzero()[0]
    full = codes.matrix(weight)
    matrix = np.zeros((wanted.size, wanted.size), full.dtype)
    matrix[to[kept, None], to[kept]] = full[kept[:, None], kept]
    return matrix
