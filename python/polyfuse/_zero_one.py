"""How many labels are wrong: zero-one loss and Hamming loss; see ``polyfuse.metrics``."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from . import _indicators, _labels, _parameters
from ._classification import accuracy_of, count_right, which_right
from ._labels import INDICATOR


def zero_one_loss(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    normalize: bool = True,
    sample_weight: ArrayLike | None = None,
) -> float:
    """Fraction, or number, of rows whose label is not predicted exactly.

    ``1 - accuracy``, or the number (or weight) of rows less that of the right ones. Of several
    labels per row, all must be right.

    Parameters
    ----------
    y_true, y_pred, sample_weight
        See :func:`accuracy_score`.
    normalize : bool, default=True
        Return the fraction of rows; else their number, or weight.

    Returns
    -------
    loss : float
        Between 0 and 1 if `normalize`; 0 is best.

    Raises
    ------
    ValueError, ZeroDivisionError
        As :func:`accuracy_score`.

    References
    ----------
    scikit-learn 1.9, ``sklearn.metrics.zero_one_loss``.

    Examples
    --------
    >>> from polyfuse.metrics import zero_one_loss
    >>> zero_one_loss([0, 1, 2, 3], [0, 2, 1, 3])
    0.5
    >>> zero_one_loss(["cat", "dog", "dog"], ["cat", "cat", "dog"], normalize=False)
    1.0
    """
    right = accuracy_of("zero_one_loss", y_true, y_pred, normalize, sample_weight)
    if normalize:
        return 1 - right
    if sample_weight is None:
        return float(len(_labels.as_array(y_true, "y_true")) - right)
    loss: float = np.sum(_labels.as_array(sample_weight, "sample_weight")) - right
    return loss


def hamming_loss(
    y_true: ArrayLike, y_pred: ArrayLike, *, sample_weight: ArrayLike | None = None
) -> float:
    """Fraction of labels that are wrong.

    ``sum(w[i] * (y_true[i] != y_pred[i])) / sum(w)``, with w = 1 without weights. In indicator
    matrices every entry counts: the number of wrong ones, weighted by row, over their number times
    the mean weight.

    Parameters
    ----------
    y_true, y_pred, sample_weight
        See :func:`accuracy_score`.

    Returns
    -------
    loss : float
        Between 0 and 1; 0 is best.

    Raises
    ------
    ValueError, ZeroDivisionError
        As :func:`accuracy_score`.

    References
    ----------
    G. Tsoumakas and I. Katakis, *Multi-label classification: an overview*, International Journal
    of Data Warehousing & Mining 3(3), 2007; scikit-learn 1.9, ``sklearn.metrics.hamming_loss``.

    Examples
    --------
    >>> from polyfuse.metrics import hamming_loss
    >>> hamming_loss([1, 2, 3, 4], [2, 2, 3, 4])
    0.25
    >>> hamming_loss([[0, 1], [1, 1]], [[0, 0], [0, 0]])
    0.75
    """
    caller = "hamming_loss"
    _parameters.check_arrays(caller, y_true, y_pred, sparse=True)
    _parameters.check_optional(caller, sample_weight=sample_weight)
    targets = _labels.read_targets(y_true, y_pred, sample_weight)
    weight, n_rows = targets.sample_weight, len(targets.y_true)
    if targets.form != INDICATOR:
        if weight is None:
            return (n_rows - count_right(targets)) / n_rows
        return float(np.average(~which_right(targets), weights=weight))
    wrong = _indicators.differences(targets.y_true, targets.y_pred)
    entries: int = n_rows * targets.y_true.shape[1]
    if weight is None:
        return int(wrong.sum()) / entries
    # A NumPy scalar, as in scikit-learn: weights that add up to zero are no error here.
    loss: float = float(np.dot(wrong, weight)) / (entries * np.average(weight))
    return loss
