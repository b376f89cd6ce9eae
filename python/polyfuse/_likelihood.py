"""Likelihood ratios of a binary test; see ``polyfuse.metrics``."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from . import _labels, _parameters
from ._classification import matrix_of, warn_single_label
from ._codes import encode
from ._labels import INDICATOR, Array
from .exceptions import UndefinedMetricWarning, shared, warn


def class_likelihood_ratios(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    labels: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    replace_undefined_by: float | dict[str, float] = np.nan,
) -> tuple[float, float]:
    """Positive and negative likelihood ratios of a binary classification.

    ``LR+ = sensitivity / (1 - specificity)``: how many times likelier a positive prediction is of
    a positive row than of a negative one; ``LR- = (1 - sensitivity) / specificity``, the same of a
    negative prediction. With sensitivity TP / (TP + FN) and specificity TN / (TN + FP). They do not
    depend on how frequent positive rows are.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        True labels, two at most: integers, booleans, strings or floats with integer values.
    y_pred : array-like of shape (n,)
        Predicted labels.
    labels : array-like of shape (2,), default=None
        The negative label, then the positive one. By default all labels, sorted.
    sample_weight : array-like of shape (n,), default=None
        Weight of each row.
    replace_undefined_by : 1.0, nan or dict, default=nan
        The ratios where they are divided by 0: 1.0 is the worst for both, and a dict gives
        ``{"LR+": at least 1 or nan, "LR-": 0 to 1 or nan}``.

    Returns
    -------
    ratios : (float, float)
        LR+, 1 or more of a classifier that is better than chance, and LR-, 0 to 1.

    Raises
    ------
    ValueError
        If lengths differ, there are no rows, there are more than two labels, targets are
        continuous or of different kinds, weights are not finite or all zero, or
        `replace_undefined_by` is out of range.

    Warns
    -----
    UndefinedMetricWarning
        If no row is positive, or a ratio is divided by 0.

    References
    ----------
    scikit-learn 1.9, ``sklearn.metrics.class_likelihood_ratios``.

    Examples
    --------
    >>> from polyfuse.metrics import class_likelihood_ratios
    >>> class_likelihood_ratios([0, 1, 0, 1, 0], [1, 1, 0, 0, 0])
    (1.5, 0.75)
    """
    caller = "class_likelihood_ratios"
    _parameters.check_arrays(caller, y_true, y_pred, sparse=True)
    _parameters.check_optional(caller, labels=labels, sample_weight=sample_weight)
    _check_replacement(caller, replace_undefined_by)
    targets = _labels.read_targets(y_true, y_pred, sample_weight)
    codes = None if targets.form == INDICATOR else encode(targets)
    if codes is None or len(codes.values) > 2:
        raise ValueError(
            "class_likelihood_ratios only supports binary classification problems, got targets of "
            f"type: {INDICATOR if codes is None else 'multiclass'}"
        )
    for_positive, for_negative = _replacements(replace_undefined_by)
    matrix = matrix_of(codes, labels)
    if matrix.size == 1:
        warn_single_label()
    ratios = _ratios(matrix, for_positive, for_negative)
    return float(ratios[0]), float(ratios[1])


def _ratios(matrix: Array, for_positive: float, for_negative: float) -> tuple[float, float]:
    """LR+ and LR- of a confusion matrix, with what to say where they are undefined."""
    # As floats: products of counts need not fit in integers.
    tn, fp, fn, tp = matrix.astype(np.float64).ravel()
    positive, negative = tp + fn, tn + fp
    if positive == 0:
        _warn(
            "No samples of the positive class are present in `y_true`. "
            "`positive_likelihood_ratio` and `negative_likelihood_ratio` are both set to "
            "`np.nan`. Use the `replace_undefined_by` param to control this behavior. To suppress "
            "this warning or turn it into an error, see Python's `warnings` module and "
            "`warnings.catch_warnings()`."
        )
    if fp == 0:
        ill = "`positive_likelihood_ratio` is ill-defined and "
        none = (
            "No samples were predicted for the positive class and `positive_likelihood_ratio` is "
        )
        # The sentence of scikit-learn ends here, too.
        _warn(f"{ill if tp else none}set to `np.nan`. Use the `replace_undefined_by` param to ")
    else:
        for_positive = tp * negative / (fp * positive)
    if tn == 0:
        _warn(
            "`negative_likelihood_ratio` is ill-defined and set to `np.nan`. Use the "
            "`replace_undefined_by` param to control this behavior. To suppress this warning or "
            "turn it into an error, see Python's `warnings` module and "
            "`warnings.catch_warnings()`."
        )
    else:
        for_negative = fn * negative / (tn * positive)
    return for_positive, for_negative


def _warn(message: str) -> None:
    warn(message, shared(UndefinedMetricWarning))


def _check_replacement(caller: str, value: Any) -> None:
    if isinstance(value, dict) or (isinstance(value, Real) and (value == 1 or math.isnan(value))):
        return
    expected = "a float among {1.0, nan} or an instance of 'dict'"
    raise _parameters.invalid_parameter("replace_undefined_by", caller, expected, value)


def _replacements(value: Any) -> tuple[float, float]:
    """LR+ and LR- where they are undefined."""
    if not isinstance(value, dict):
        return value, value
    positive: Any = value.get("LR+")
    negative: Any = value.get("LR-")
    numbers = isinstance(positive, Real) and isinstance(negative, Real)
    # NaN is neither below nor above a bound.
    if not numbers or float(positive) < 1 or float(negative) < 0 or float(negative) > 1:
        raise ValueError(
            "The dictionary passed as `replace_undefined_by` needs to be in the form "
            "`{'LR+': `value_1`, 'LR-': `value_2`}` where the value for `LR+` ranges from `1.0` "
            "to `np.inf` or is `np.nan` and the value for `LR-` ranges from `0.0` to `1.0` or is "
            f"`np.nan`; got `{value}`."
        )
    return float(positive), float(negative)
