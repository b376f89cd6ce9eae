"""The common core of precision, recall, F-score and Jaccard index: from targets to scores."""

from __future__ import annotations

import math
from collections.abc import Collection
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from . import _indicators, _labels, _parameters
from ._averages import Sums, array, columns, mean, metric_of, total, warn_undefined
from ._codes import Codes, encode
from ._labels import INDICATOR, Array, Targets
from .exceptions import warn

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


def check_zero_division(caller: str, value: Any, known: str = "{0.0, 1.0}, numpy.nan") -> None:
    """NaN is refused where it is not `known`."""
    if isinstance(value, str):
        if value == "warn":
            return
    elif isinstance(value, Real) and (
        value in (0.0, 1.0) or (math.isnan(value) and "nan" in known)
    ):
        return
    expected = f"a float among {known} or a str among {{'warn'}}"
    raise _parameters.invalid_parameter("zero_division", caller, expected, value)


def check_request(request: Request) -> None:
    """Check all but zero_division."""
    caller = request.caller
    if not (isinstance(request.beta, (float, Real)) and request.beta >= 0):
        expected = "a float in the range [0.0, inf]"
        raise _parameters.invalid_parameter("beta", caller, expected, request.beta)
    if request.labels is not None:
        _parameters.check_optional(caller, labels=request.labels)
    _parameters.check_pos_label(caller, request.pos_label)
    _parameters.check_choice(caller, "average", request.average, _AVERAGES, none=True)
    if not isinstance(request.warn_for, (list, tuple, set)):
        expected = "an instance of 'list', an instance of 'tuple' or an instance of 'set'"
        raise _parameters.invalid_parameter("warn_for", caller, expected, request.warn_for)
    if request.sample_weight is not None:
        _parameters.check_optional(caller, sample_weight=request.sample_weight)


def scores(y_true: Any, y_pred: Any, request: Request) -> list[Any]:
    """The requested metrics, then the support."""
    _parameters.check_arrays(request.caller, y_true, y_pred, sparse=True)
    check_request(request)
    check_zero_division(request.caller, request.zero_division)
    sums, weight = read_sums(y_true, y_pred, request)
    average, zero_division, beta = request.average, request.zero_division, request.beta
    weights = sums.true if average == "weighted" else weight if average == "samples" else None
    found: list[Any] = []
    for metric in request.metrics:
        score, undefined = metric_of(metric, sums, beta, zero_division)
        if undefined and zero_division == "warn" and metric in request.warn_for:
            warn_undefined(metric, average, len(score), beta)
        found.append(array(score) if average is None else mean(score, weights))
    return [*found, array(sums.true) if average is None else None]


def read_sums(y_true: Any, y_pred: Any, request: Request) -> tuple[Sums, Array | None]:
    """The sums of each label, or of each row if the average is over samples; and the weights.

    Of the positive label alone, or of all labels together, as the average demands.
    """
    labels, pos_label, average = request.labels, request.pos_label, request.average
    targets = _labels.read_targets(y_true, y_pred)
    codes = None if targets.form == INDICATOR else encode(targets)
    place = None
    if average == "binary":
        labels, place = [pos_label], place_of_positive(codes, pos_label)
    elif not (pos_label is None or pos_label == 1):
        warn(
            f"Note that pos_label (set to {pos_label!r}) is ignored when average != 'binary' "
            f"(got {average!r}). You may use labels=[pos_label] to specify a single positive "
            "class."
        )
    weight = None
    if request.sample_weight is not None:
        weight = _labels.as_array(request.sample_weight, "sample_weight")
        _labels.check_consistent_length(targets.y_true, targets.y_pred, weight)
        weight = _labels.check_sample_weight(weight, len(targets.y_true))
    if place is not None and codes is not None:
        return columns(_single_sums(codes, weight)[:, place : place + 1]), weight
    sums = columns(sums_of(targets, codes, labels, weight, average == "samples"))
    return total(sums) if average == "micro" else sums, weight


def sums_of(
    targets: Targets,
    codes: Codes | None,
    labels: ArrayLike | None,
    weight: Array | None,
    samplewise: bool = False,
) -> Array:
    """The (3, k) sums of some labels, in the order given; `codes` is None for indicators."""
    if codes is None:
        t, p = targets.y_true, targets.y_pred
        return np.stack(_indicators.label_sums(t, p, labels, weight, samplewise))
    if samplewise:
        raise ValueError(
            "Samplewise metrics are not available outside of multilabel classification."
        )
    sums = _single_sums(codes, weight)
    if labels is None:
        return sums
    nothing = np.zeros((3, 1), sums.dtype)
    found: Array = np.concatenate((sums, nothing), axis=1)[:, places_of(labels, codes)]
    return found


def _single_sums(codes: Codes, weight: Array | None) -> Array:
    sums = codes.sums(weight)
    # Where nothing is right, scikit-learn's sums start from a vector of floats.
    return sums * 1.0 if weight is None and not np.count_nonzero(sums[0]) else sums


def place_of_positive(codes: Codes | None, pos_label: Any) -> int | None:
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


def places_of(labels: ArrayLike, codes: Codes) -> list[int]:
    """Where each of `labels` stands among all labels; the number of all labels if it does not.

    Compared in the common type of both, as scikit-learn does: ``"1"`` finds the integer 1. But
    integers are never rounded to find one.
    """
    wanted = np.asarray(labels)
    if wanted.dtype.kind in "biu" and codes.values.dtype.kind in "biu":
        place = {label: i for i, label in enumerate(codes.values.tolist())}
        return [place.get(label, len(place)) for label in wanted.ravel().tolist()]
    both = np.concatenate((wanted, codes.labels)).tolist()
    place = {label: i for i, label in enumerate(both[wanted.size :])}
    return [place.get(label, len(place)) for label in both[: wanted.size]]
