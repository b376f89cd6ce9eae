"""Metrics by name or by function, as formulas of ``_matrix_scores`` where they are such."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from functools import partial
from numbers import Real
from typing import Any, NamedTuple

import numpy as np

from . import _matrix_scores
from ._agreement import balanced_accuracy_score, cohen_kappa_score, matthews_corrcoef
from ._arrays import kind_of
from ._classification import accuracy_score
from ._codes import Codes
from ._fscore import f1_score, precision_score, recall_score
from ._jaccard import jaccard_score
from ._labels import Array
from ._matrix_scores import Table
from ._scores import place_of_positive, places_of
from ._zero_one import hamming_loss, zero_one_loss

Formula = Callable[[Table], Array]

LABEL_SCORES = {
    "precision_score": "precision",
    "recall_score": "recall",
    "f1_score": "f-score",
    "fbeta_score": "f-score",
    "jaccard_score": "jaccard",
}
_AVERAGES = ("binary", "micro", "macro", "weighted")
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "accuracy": accuracy_score,
    "balanced_accuracy": balanced_accuracy_score,
    "matthews_corrcoef": matthews_corrcoef,
    "cohen_kappa": cohen_kappa_score,
    "zero_one_loss": zero_one_loss,
    "hamming_loss": hamming_loss,
    "precision": precision_score,
    "recall": recall_score,
    "f1": f1_score,
    "jaccard": jaccard_score,
}
_FUNCTIONS |= {
    f"{name}_{average}": partial(function, average=average)
    for name, function in _FUNCTIONS.items()
    if function.__name__ in LABEL_SCORES
    for average in _AVERAGES[1:]
}


class Metric(NamedTuple):
    """A metric: its name and its function.

    `formula` names the function of which ``_matrix_scores`` has the formula, with `options`; it is
    None if there is none.
    """

    name: str
    formula: str | None
    options: Mapping[str, Any]
    call: Callable[..., Any]

    def on(self, codes: Codes) -> Formula:
        """The formula for tables of these codes."""
        options = dict(self.options)
        if self.formula in LABEL_SCORES:
            return _label_score(codes, LABEL_SCORES[self.formula], **options)
        if self.formula in ("zero_one_loss", "hamming_loss"):
            return lambda table: 1.0 - _matrix_scores.accuracy(table)
        if self.formula == "cohen_kappa_score":
            options["undefined"] = options.pop("replace_undefined_by", math.nan)
            labels = options.pop("labels", None)
            if labels is not None:
                options["places"] = np.array(places_of(labels, codes), np.int64)
        formula: Any = {
            "accuracy_score": _matrix_scores.accuracy,
            "balanced_accuracy_score": _matrix_scores.balanced_accuracy,
            "matthews_corrcoef": _matrix_scores.matthews,
            "cohen_kappa_score": _matrix_scores.kappa,
        }[self.formula or ""]
        return partial(formula, **options)


def _label_score(
    codes: Codes, score: Any, *, average: str = "binary", labels: Any = None, pos_label: Any = 1,
    zero_division: Any = "warn", beta: float = 1.0,
) -> Formula:  # fmt: skip
    places: Array | None = None
    if average == "binary":
        place = place_of_positive(codes, pos_label)
        places = np.array([len(codes.values) if place is None else place])
    elif labels is not None:
        places = np.array(places_of(labels, codes), np.int64)
    zero = 0.0 if zero_division == "warn" else float(zero_division)
    return partial(
        _matrix_scores.average_score, score=score, average=average, beta=beta, zero=zero,
        places=places,
    )  # fmt: skip


def as_metric(metric: Any, caller: str) -> Metric:
    """What `metric`, a name or a function, stands for.

    Raises
    ------
    ValueError
        If it is a name that stands for none.
    TypeError
        If it is neither.
    """
    name = None
    if isinstance(metric, str):
        name = metric.removesuffix("_score")
        if name not in _FUNCTIONS:
            raise _unknown(metric, caller)
        metric = _FUNCTIONS[name]
    if not callable(metric):
        raise TypeError(
            f"The 'metric' parameter of {caller} must be a name or a function. "
            f"Got {kind_of(metric) if hasattr(metric, '__len__') else repr(metric)} instead."
        )
    function, options = metric, {}
    if isinstance(metric, partial) and not metric.args:
        function, options = metric.func, dict(metric.keywords)
    own = getattr(function, "__name__", type(function).__name__)
    home = str(getattr(function, "__module__", "")).split(".")
    known = home[0] == "polyfuse" or home[:2] == ["sklearn", "metrics"]
    if not (known and _is_formula(own, options)):
        return Metric(_title(own, options), None, {}, metric)
    return Metric(name or _title(own, options), own, options, metric)


def require_labels_for(metric: Any, y: Array, caller: str) -> None:
    """Raise ValueError if `metric` is named, and so one of labels, while `y` holds numbers."""
    named = isinstance(metric, str) and metric.removesuffix("_score") in _FUNCTIONS
    if named and y.dtype.kind == "f" and np.any(np.isfinite(y) & (y != np.rint(y))):
        raise ValueError(
            f"metric={metric!r} is of labels, and y holds numbers: give {caller} a function of "
            "numbers, such as metric=metrics.r2_score."
        )


def _unknown(name: str, caller: str) -> ValueError:
    near = get_close_matches(name, _FUNCTIONS, 1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return ValueError(
        f"The 'metric' parameter of {caller} must be a function, such as metrics.roc_auc_score or "
        f"metrics.r2_score, or a str among {{{', '.join(map(repr, _FUNCTIONS))}}}. Got {name!r} "
        f"instead.{hint}"
    )


def _is_formula(name: str, options: Mapping[str, Any]) -> bool:
    """Whether the function of these options is one of a table of counts, and one we have."""
    given = set(options)
    if name in LABEL_SCORES:
        beta, zero = options.get("beta", 1.0), options.get("zero_division", "warn")
        fine = options.get("average", "binary") in _AVERAGES
        fine &= (
            isinstance(beta, Real)
            and float(beta) >= 0
            and ("beta" in given) == (name == "fbeta_score")
        )
        no_nan = name == "jaccard_score"
        fine &= zero == "warn" or (
            isinstance(zero, Real) and (zero in (0, 1) or (zero != zero and not no_nan))
        )
        return fine and given <= {"average", "labels", "pos_label", "zero_division", "beta"}
    if name == "cohen_kappa_score":
        fine = options.get("weights") in (None, "linear", "quadratic")
        undefined = options.get("replace_undefined_by", math.nan)
        fine &= isinstance(undefined, Real)
        return fine and given <= {"labels", "weights", "replace_undefined_by"}
    if name == "balanced_accuracy_score":
        return given <= {"adjusted"} and options.get("adjusted", False) in (True, False)
    return name in ("accuracy_score", "matthews_corrcoef", "zero_one_loss", "hamming_loss") and (
        not options
    )


def _title(name: str, options: Mapping[str, Any]) -> str:
    said = ", ".join(f"{key}={value!r}" for key, value in options.items())
    return f"{name}({said})" if said else name


def takes_weights(function: Callable[..., Any]) -> bool:
    """Whether the function has a parameter sample_weight; one by any keyword may be another's."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return True
    return any(p.name == "sample_weight" for p in parameters)
