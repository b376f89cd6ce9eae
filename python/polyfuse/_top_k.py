"""Top-k accuracy; see ``polyfuse.metrics``."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from . import _labels, _parameters, _ranked
from ._labels import Array
from ._ranking_scores import check_classes, known_codes
from .exceptions import UndefinedMetricWarning, shared, warn

# Scores that are compared at once: they stay in the cache.
_PIECE = 1 << 16


def top_k_accuracy_score(
    y_true: ArrayLike,
    y_score: ArrayLike,
    *,
    k: int = 2,
    normalize: bool = True,
    sample_weight: ArrayLike | None = None,
    labels: ArrayLike | None = None,
) -> float:
    """Fraction, or number, of rows whose label is among the k with the greatest scores.

    Of labels with equal scores the last ones count as greater. Two labels with one score for each
    row: for k = 1 the second one is predicted above 0.5 if all scores are from 0 to 1, else above
    0.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        True labels.
    y_score : array-like of shape (n,) or (n, n_classes)
        A score for each class, in the order of `labels`; for two classes one of the second.
    k : int, default=2
        How many labels are looked at, at least 1.
    normalize : bool, default=True
        Return the fraction of rows; else their number, or weight.
    sample_weight : array-like of shape (n,), default=None
        Weight of each row.
    labels : array-like of shape (n_classes,), default=None
        The classes, ascending; by default those of `y_true`.

    Returns
    -------
    score : float
        Between 0 and 1 if `normalize`.

    Raises
    ------
    ValueError
        If lengths differ, there are no rows, scores are not finite, or targets, scores and classes
        do not suit each other.
    ZeroDivisionError
        If `normalize` and the weights add up to zero.

    Warns
    -----
    UndefinedMetricWarning
        If `k` is the number of classes or more: the score is perfect then.

    References
    ----------
    scikit-learn 1.9, ``sklearn.metrics.top_k_accuracy_score``.

    Examples
    --------
    >>> from polyfuse.metrics import top_k_accuracy_score
    >>> scores = [[0.5, 0.2, 0.2], [0.3, 0.4, 0.2], [0.2, 0.4, 0.3], [0.7, 0.2, 0.1]]
    >>> top_k_accuracy_score([0, 1, 2, 2], scores, k=2)
    0.75
    """
    caller = "top_k_accuracy_score"
    _parameters.check_array_likes(caller, y_true=y_true, y_score=y_score)
    _parameters.check_integer(caller, "k", k, 1)
    _parameters.check_boolean(caller, "normalize", normalize)
    _parameters.check_optional(caller, sample_weight=sample_weight, labels=labels)
    codes, s, n_classes = _read(y_true, y_score, sample_weight, labels)
    if k >= n_classes:
        warn(
            f"'k' ({k}) greater than or equal to 'n_classes' ({n_classes}) will result in a "
            "perfect score and is therefore meaningless.",
            shared(UndefinedMetricWarning),
        )
    hits = _hits(codes, s, int(k))
    if normalize:
        weight = None if sample_weight is None else _labels.as_array(sample_weight, "sample_weight")
        return float(np.average(hits, weights=weight))
    if sample_weight is None:
        return float(np.count_nonzero(hits))
    return float(np.dot(hits, _labels.as_array(sample_weight, "sample_weight")))


def _read(
    y_true: ArrayLike, y_score: ArrayLike, sample_weight: Any, labels: Any
) -> tuple[Array, Array, int]:
    """The class of each row, the scores, and the number of classes."""
    given = _parameters.as_column(_parameters.check_matrix(y_true, "y_true", numeric=False))
    truth = _ranked.read_truth(given)
    several = truth.form == "multiclass"
    if not several and truth.form != "binary":
        raise ValueError(f"y type must be 'binary' or 'multiclass', got '{truth.form}' instead.")
    several = several or (labels is not None and len(labels) > 2)
    s = _parameters.check_matrix(y_score, "y_score", numeric=True)
    if several and s.ndim != 2:
        raise ValueError(
            "`y_score` needs to be of shape `(n_samples, n_classes)`, since `y_true` contains "
            f"multiple classes. Got `y_score.shape={s.shape}`."
        )
    if not several and s.ndim == 2 and s.shape[1] != 1:
        raise ValueError(
            f"`y_true` is binary while y_score is 2d with {s.shape[1]} classes. If `y_true` does "
            "not contain all the labels, `labels` must be provided."
        )
    s = s if several else _parameters.as_column(s)
    weight = None if sample_weight is None else _labels.as_array(sample_weight, "sample_weight")
    _labels.check_consistent_length(given, s, weight)
    n_scores = s.shape[1] if several else 2
    if labels is None:
        n_classes = len(truth.classes)
        if n_classes != n_scores:
            raise ValueError(
                f"Number of classes in 'y_true' ({n_classes}) not equal to the number of classes "
                f"in 'y_score' ({n_scores}).You can provide a list of all known classes by "
                "assigning it to the `labels` parameter."
            )
        return _ranked.codes_of(truth.values, truth.classes), s, n_classes
    classes = check_classes(labels, end=".")
    if len(classes) != n_scores:
        raise ValueError(
            f"Number of given labels ({len(classes)}) not equal to the number of classes in "
            f"'y_score' ({n_scores})."
        )
    return known_codes(truth, classes, end="."), s, len(classes)


def _hits(codes: Array, s: Array, k: int) -> Array:
    """Whether the label of each row is among the k greatest."""
    if s.ndim == 1:
        if k > 1:
            return np.ones(len(s), bool)
        threshold = 0.5 if s.min() >= 0 and s.max() <= 1 else 0
        return np.equal(s > threshold, codes)
    hits = np.empty(len(s), bool)
    n_classes = s.shape[1]
    # NumPy adds booleans up slowly along short rows. float32 is exact up to 2**24 classes.
    ones, columns = np.ones(n_classes, np.float32), np.arange(n_classes)
    step = max(1, _PIECE // n_classes)
    for start in range(0, len(s), step):
        piece, own = s[start : start + step], codes[start : start + step, None]
        score = np.take_along_axis(piece, own, axis=1)
        before = (piece > score).astype(np.float32) @ ones
        equal = piece == score
        if np.count_nonzero(equal) > len(piece):
            before += (equal & (columns > own)).astype(np.float32) @ ones
        hits[start : start + step] = before < k
    return hits
