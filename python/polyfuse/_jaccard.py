"""The Jaccard index; see ``polyfuse.metrics``."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from . import _parameters
from ._averages import array, mean, metric_of, warn_undefined
from ._fscore import Average
from ._labels import Array
from ._scores import Request, check_request, check_zero_division, read_sums


def jaccard_score(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    labels: ArrayLike | None = None,
    pos_label: float | str | None = 1,
    average: Average | None = "binary",
    sample_weight: ArrayLike | None = None,
    zero_division: float | Literal["warn"] = "warn",
) -> float | Array:
    """Jaccard index: of the rows that have a label or are predicted to, the fraction with both.

    ``TP / (TP + FP + FN)`` with the true positives TP, false positives FP and false negatives FN
    of the label: the size of the intersection over that of the union.

    Parameters
    ----------
    y_true, y_pred, labels, pos_label, average, sample_weight
        See :func:`precision_score`.
    zero_division : {"warn", 0.0, 1.0}, default="warn"
        The score of a label that no row has and that is never predicted. ``"warn"`` is 0.0 with a
        warning.

    Returns
    -------
    jaccard : float, or ndarray of shape (n_labels,) if `average` is None
        Between 0 and 1; 1 is best.

    Raises
    ------
    ValueError
        As :func:`precision_score`.
    ZeroDivisionError
        If scores are averaged by weights that add up to zero.

    Warns
    -----
    UndefinedMetricWarning
        If `zero_division` is ``"warn"`` and a label occurs neither in `y_true` nor in `y_pred`.

    References
    ----------
    P. Jaccard, *The distribution of the flora in the alpine zone*, New Phytologist 11, 1912;
    scikit-learn 1.9, ``sklearn.metrics.jaccard_score``.

    Examples
    --------
    >>> from polyfuse.metrics import jaccard_score
    >>> jaccard_score([0, 1, 1, 0], [0, 1, 1, 1])
    0.6666666666666666
    >>> jaccard_score(["a", "b", "b"], ["a", "a", "b"], average=None)
    array([0.5, 0.5])
    """
    caller = "jaccard_score"
    _parameters.check_arrays(caller, y_true, y_pred, sparse=True)
    request = Request(
        caller, labels, pos_label, average, sample_weight, zero_division, ("jaccard",)
    )
    check_request(request)
    check_zero_division(caller, zero_division, "{0, 1}")
    sums, weight = read_sums(y_true, y_pred, request)
    score, undefined = metric_of("jaccard", sums, 1.0, zero_division)
    if undefined and zero_division == "warn":
        warn_undefined("jaccard", average, len(score))
    if average is None:
        return array(score)
    if average == "weighted" and array(sums.true).any():
        return float(np.average(array(score), weights=array(sums.true)))
    if average == "samples" and weight is not None:
        return float(np.average(array(score), weights=weight))
    return mean(score, None)
