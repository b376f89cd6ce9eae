"""The common core of precision, recall and F-score: sums for each label, divided and averaged."""

from __future__ import annotations

import math
import warnings
from collections.abc import Collection
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from . import _labels, _parameters
from ._codes import Codes, encode
from ._labels import INDICATOR, Array, Targets
from ._matrix_scores import divide, mean
from .exceptions import UndefinedMetricWarning, shared

METRICS = ("precision", "recall", "f-score")

_AVERAGES = ("binary", "macro", "micro", "samples", "weighted")


class Request(NamedTuple):
    """What a caller of `scores` asks for. `metrics` are computed, in this order."""

    caller: str
    labels: Any
    pos_label: Any
    average: str | None
    sample_weight: Any
    zero_division: Any
    metrics: tuple[str, ...]
    beta: float = 1.0
    warn_for: Collection[str] = METRICS


def _check_request(request: Request) -> None:
    caller, average, zero_division = request.caller, request.average, request.zero_division
    if not (isinstance(request.beta, Real) and request.beta >= 0):
        expected = "a float in the range [0.0, inf]"
        raise _parameters.invalid_parameter("beta", caller, expected, request.beta)
    _parameters.check_optional(caller, labels=request.labels)
    if not (request.pos_label is None or isinstance(request.pos_label, (Real, str, np.bool_))):
        expected = f"an instance of 'float', an instance of 'str', {_parameters.BOOLEAN} or None"
        raise _parameters.invalid_parameter("pos_label", caller, expected, request.pos_label)
    if not (average is None or (isinstance(average, str) and average in _AVERAGES)):
        raise _parameters.invalid_parameter(
            "average", caller, _parameters.among(_AVERAGES), average
        )
    if not isinstance(request.warn_for, (list, tuple, set)):
        expected = "an instance of 'list', an instance of 'tuple' or an instance of 'set'"
        raise _parameters.invalid_parameter("warn_for", caller, expected, request.warn_for)
    _parameters.check_optional(caller, sample_weight=request.sample_weight)
    if isinstance(zero_division, Real):
        if zero_division in (0.0, 1.0) or math.isnan(zero_division):
            return
    elif isinstance(zero_division, str) and zero_division == "warn":
        return
    expected = "a float among {0.0, 1.0}, numpy.nan or a str among {'warn'}"
    raise _parameters.invalid_parameter("zero_division", caller, expected, zero_division)


def scores(y_true: Any, y_pred: Any, request: Request) -> list[Any]:
    """The requested metrics, then the support."""
    _parameters.check_arrays(request.caller, y_true, y_pred, sparse=True)
    _check_request(request)
    average, beta2 = request.average, request.beta**2
    tp, predicted, true, weight = _label_sums(y_true, y_pred, request)
    if average == "micro":
        tp, predicted, true = (x.sum(keepdims=True) for x in (tp, predicted, true))
    weights = {"weighted": true, "samples": weight}.get(average or "")
    warned = request.zero_division == "warn"
    zero = 0.0 if warned else float(request.zero_division)
    found: list[Any] = []
    for metric in request.metrics:
        if metric == "precision":
            numerator, denominator, missing = tp, predicted, "predicted"
        elif metric == "recall":
            numerator, denominator, missing = tp, true, "true"
        elif request.beta == 0 or math.isinf(request.beta):
            found.append(found[0 if request.beta == 0 else 1])
            continue
        else:
            numerator, denominator = (1 + beta2) * tp, beta2 * true + predicted
            missing = "true nor predicted"
        score = divide(numerator, denominator, zero)
        if warned and metric in request.warn_for and not denominator.all():
            _warn_undefined(metric, missing, average, len(score))
        found.append(score if average is None else float(mean(score, weights)))
    return [*found, true if average is None else None]


def _label_sums(
    y_true: Any, y_pred: Any, request: Request
) -> tuple[Array, Array, Array, Array | None]:
    """Number, or weight, of rows of each label: rightly predicted, predicted, true.

    Of each row instead of each label if the average is over samples. Also the weights, checked.
    """
    labels, pos_label, average = request.labels, request.pos_label, request.average
    targets = _labels.read_targets(y_true, y_pred)
    codes = None if targets.form == INDICATOR else encode(targets)
    place = None
    if average == "binary":
        labels, place = [pos_label], _positive(codes, pos_label)
    elif pos_label not in (None, 1):
        message = (
            f"Note that pos_label (set to {pos_label!r}) is ignored when average != 'binary' "
            f"(got {average!r}). You may use labels=[pos_label] to specify a single positive "
            "class."
        )
        warnings.warn(message, UserWarning, stacklevel=4)
    weight = None
    if request.sample_weight is not None:
        weight = _labels.as_array(request.sample_weight)
        _labels.check_consistent_length(targets.y_true, targets.y_pred, weight)
        weight = _labels.check_sample_weight(weight, len(targets.y_true))
    if codes is None:
        return *_indicator_sums(targets, labels, weight, average == "samples"), weight
    if average == "samples":
        raise ValueError(
            "Samplewise metrics are not available outside of multilabel classification."
        )
    tp, predicted, true = codes.sums(weight)
    if not tp.any():
        # Where nothing is right, scikit-learn's sums start from a vector of floats.
        tp, predicted, true = tp * 1.0, predicted * 1.0, true * 1.0
    if place is not None:
        found = slice(place, place + 1)
        tp, predicted, true = tp[found], predicted[found], true[found]
    elif labels is not None:
        places = _places(labels, codes)
        tp, predicted, true = (np.append(x, x.dtype.type(0))[places] for x in (tp, predicted, true))
    return tp, predicted, true, weight


def _positive(codes: Codes | None, pos_label: Any) -> int | None:
    """Where `pos_label` stands among the two labels; None if it does not and there is but one."""
    if codes is None or len(codes.values) > 2:
        form = INDICATOR if codes is None else "multiclass"
        others = [None, "micro", "macro", "weighted", "samples"][: 5 if codes is None else 4]
        raise ValueError(
            f"Target is {form} but average='binary'. Please choose another average setting, one "
            f"of {others!r}."
        )
    values: list[Any] = codes.values.tolist()
    if pos_label in values:
        return values.index(pos_label)
    if len(values) == 2 or pos_label is None:
        raise ValueError(
            f"pos_label={pos_label} is not a valid label. It should be one of {codes.labels}"
        )
    return None


def _places(labels: ArrayLike, codes: Codes) -> list[int]:
    """Where each of `labels` stands among all labels; the number of all labels if it does not.

    Compared in the common type of both, as scikit-learn does: ``"1"`` finds the integer 1.
    """
    wanted = np.asarray(labels)
    both = np.concatenate((wanted, codes.labels)).tolist()
    place = {label: i for i, label in enumerate(both[wanted.size :])}
    return [place.get(label, len(place)) for label in both[: wanted.size]]


def _indicator_sums(
    targets: Targets, labels: ArrayLike | None, weight: Array | None, samplewise: bool
) -> tuple[Array, Array, Array]:
    t, p = targets.y_true != 0, targets.y_pred != 0
    if labels is not None:
        columns, last = np.asarray(labels), t.shape[1] - 1
        problem = "All labels must be in [0, n labels) for multilabel targets. Got {:d} {} {:d}"
        if (columns > last).any():
            raise ValueError(problem.format(columns.max(), ">", last))
        if (columns < 0).any():
            raise ValueError(problem.format(columns.min(), "<", 0))
        t, p = t[:, columns], p[:, columns]
    sums = []
    for marks in (t & p, p, t):
        if weight is not None and not samplewise:
            sums.append(weight.astype(np.float64, copy=False) @ marks)
            continue
        number = np.count_nonzero(marks, axis=int(samplewise))
        sums.append(number if weight is None else number * weight)
    return sums[0], sums[1], sums[2]


def _warn_undefined(metric: str, missing: str, average: str | None, size: int) -> None:
    axis0, axis1 = ("label", "sample") if average == "samples" else ("sample", "label")
    place = "due to" if size == 1 else f"in {axis1}s with"
    message = (
        f"{metric.capitalize()} is ill-defined and being set to 0.0 {place} no {missing} "
        f"{axis0}s. Use `zero_division` parameter to control this behavior."
    )
    warnings.warn(message, shared(UndefinedMetricWarning), stacklevel=4)
