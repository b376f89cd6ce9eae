"""Targets that probabilities are held against, as the numbers of columns.

The order of the checks and their words are scikit-learn's: LabelBinarizer's for targets of several
classes, those of its binary metrics for one probability a row.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from . import _labels
from ._codes import encode
from ._labels import INDICATOR, SINGLE, Array, Targets
from .exceptions import warn

_UNDECLARED = "y_true contains values {} not belonging to the passed labels {}."


class Coded(NamedTuple):
    """The class of each row, less `low` the column of its probability; all classes, sorted."""

    y: Array
    low: int
    classes: Array


# -- of all classes ------------------------------------------------------------------------------


class Declared(NamedTuple):
    """Labels that are given beside the targets: all classes, and what they stand in for."""

    labels: Any
    classes: Array
    form: str
    unordered: str | None

    def warn(self) -> None:
        """Warn if the labels are not in the order of the columns."""
        if self.unordered:
            warn(self.unordered)


def declare(labels: Any) -> Declared | None:
    if labels is None:
        return None
    given = _labels.as_array(labels, "labels")
    form, values = discrete(labels, given, "y")
    if len(given) == 0:
        raise ValueError(f"y has 0 samples: {labels!r}")
    classes = np.arange(values.shape[1]) if form == INDICATOR else np.unique(given)
    unordered = None
    if not np.all(classes == labels):
        unordered = (
            f"Labels passed were {labels}. But this function assumes labels are ordered "
            f"lexicographically. Pass the ordered labels={classes.tolist()} and ensure that the "
            "columns of y_prob correspond to this ordering."
        )
    return Declared(labels, classes, form, unordered)


def code(y_true: Any, y: Array, declared: Declared | None) -> Coded:
    if declared is not None:
        return _among(y_true, y, declared.labels, declared.classes, declared.form)
    form, values = discrete(y_true, y, "y")
    if form == INDICATOR:
        return Coded(values, 0, np.arange(values.shape[1]))
    coded = encode_labels(values, y.dtype)
    if len(coded.classes) == 1:
        raise ValueError(
            f"y_true contains only one label ({coded.classes[0]}). Please provide the list of "
            "all expected class labels explicitly through the labels argument."
        )
    return coded


def discrete(given: Any, y: Array, name: str) -> tuple[str, Array]:
    """The form of targets and their values, as LabelBinarizer takes them."""
    form, values = _labels.form_of(y, name)
    if form.endswith("multioutput"):
        raise ValueError("Multioutput target data is not supported with label binarization")
    if form not in (SINGLE, INDICATOR):
        raise ValueError(f"Unknown label type: {(given,)!r}")
    return form, values


def encode_labels(values: Array, dtype: np.dtype[Any]) -> Coded:
    """Codes of labels of any kind, without a copy where they are a range of integers."""
    codes = encode(Targets(SINGLE, values, values, (dtype, dtype), None))
    found = codes.values
    if found.dtype.kind in "biu" and int(found[-1]) < 2**63:
        if int(found[-1]) - int(found[0]) + 1 == len(found):
            return Coded(values, int(found[0]), codes.labels)
        if len(found) == 2:
            return Coded(np.equal(values, found[1]), 0, codes.labels)
    return Coded(codes.pair()[0], 0, codes.labels)


def _among(y_true: Any, y: Array, labels: Any, classes: Array, form_fitted: str) -> Coded:
    """Codes of targets among given classes, all of which they must be."""
    form, values = None, y
    failed: Exception | None = None
    try:
        form, values = _labels.form_of(y, "")
    except (TypeError, ValueError) as error:
        failed = error
    if form != SINGLE:
        if not np.all(np.isin(y_true, labels)):
            raise ValueError(_UNDECLARED.format(set(y_true) - set(labels), labels))
        _check_several(classes)
        if failed is not None:
            raise failed
        return _indicators(y, values, form, classes, form_fitted)
    words = {array.dtype.kind in "OUT" for array in (values, classes)}
    own = encode_labels(values, y.dtype)
    place = np.searchsorted(classes, own.classes) if len(words) == 1 else None
    if place is None or not (classes[np.minimum(place, len(classes) - 1)] == own.classes).all():
        raise ValueError(_UNDECLARED.format(set(y_true) - set(labels), labels))
    _check_several(classes)
    first = int(place[0])
    if int(place[-1]) - first + 1 == len(place):
        return Coded(own.y, own.low - first, classes)
    return Coded(place[np.subtract(own.y, own.low, dtype=np.int64)], 0, classes)


def _check_several(classes: Array) -> None:
    if len(classes) == 1:
        raise ValueError(f"The labels array needs to contain at least two labels, got {classes}.")


def _indicators(
    y: Array, values: Array, form: str | None, classes: Array, form_fitted: str
) -> Coded:
    """Targets that are not one label a row, where labels are given."""
    if form == INDICATOR and form_fitted != INDICATOR:
        raise ValueError("The object was not fitted with multilabel input.")
    if form is not None and form.endswith("multioutput"):
        raise ValueError("Multioutput target data is not supported with label binarization")
    if form != INDICATOR:
        raise ValueError("The type of target data is not known")
    if y.shape[1] != len(classes):
        found = np.arange(y.shape[1])
        raise ValueError(f"classes {classes} mismatch with the labels {found} found in the data")
    return Coded(values, 0, classes)


# -- one probability a row -----------------------------------------------------------------------


def check_no_nan(y: Array) -> None:
    _labels.check_finite(y)
    if y.dtype.kind == "O" and any(isinstance(x, float) and math.isnan(x) for x in y):
        raise ValueError("Input contains NaN")


def two_values(y: Array) -> Array:
    """The labels of y, of which there may be two."""
    form, values = _labels.form_of(y, "y_true")
    found = encode_labels(values, y.dtype).classes if form == SINGLE else np.arange(2)
    if form == SINGLE and len(found) <= 2:
        return found
    name = "multiclass" if form == SINGLE else form
    raise ValueError(
        f"The type of the target inferred from y_true is {name} but should be binary according to "
        "the shape of y_prob."
    )


def positive_of(values: Array, pos_label: Any) -> Any:
    if pos_label is not None:
        return pos_label
    if values.dtype.kind in "OUT":
        listed = ", ".join(map(repr, values.tolist()))
        raise ValueError(
            f"y_true takes value in {{{listed}}} and pos_label is not specified: either make "
            "y_true take value in {0, 1} or {-1, 1} or pass pos_label explicitly."
        )
    usual = ({0, 1}, {-1, 1}, {0}, {-1}, {1})
    return 1 if set(values.tolist()) in usual else values[-1]
