"""What the SGD estimators take as y: checks, classes and their weights, in scikit-learn's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _labels
from ._arrays import as_doubles
from .exceptions import DataConversionWarning, shared, warn

Codes = NDArray[np.int64]


def as_targets(y: Any, caller: str) -> NDArray:
    """Return `y` as a 1-D array without NaN or infinity.

    Raises
    ------
    TypeError, ValueError
        If it is none, or complex, or sparse.

    Warns
    -----
    DataConversionWarning
        If it is one column of a matrix.
    """
    if y is None:
        raise ValueError(
            f"This {caller} estimator requires y to be passed, but the target y is None."
        )
    if hasattr(y, "tocsr"):
        raise TypeError(
            "Sparse data was passed for y, but dense data is required. Use '.toarray()' to convert "
            "to a dense numpy array."
        )
    array = np.asarray(y) if np.isscalar(y) else _labels.as_array(y)
    if array.ndim == 2 and array.shape[1] == 1:
        warn(
            "A column-vector y was passed when a 1d array was expected. Please change the shape "
            "of y to (n_samples, ), for example using ravel().",
            shared(DataConversionWarning),
        )
        array = array.ravel()
    if array.ndim != 1:
        raise ValueError(f"y should be a 1d array, got an array of shape {array.shape} instead.")
    _labels.check_finite(array, "y")
    if array.dtype.kind == "O" and any(value != value for value in array):
        raise ValueError("Input y contains NaN.")
    _labels.check_real(array)
    return array


def as_numbers(y: Any, caller: str) -> NDArray[np.float64]:
    """Return `y` as a vector of float64 that kernels take; raises as `as_targets`."""
    return as_doubles(as_targets(y, caller))


def require_consistent(n_rows: int, y: NDArray) -> None:
    if len(y) != n_rows:
        raise ValueError(
            f"Found input variables with inconsistent numbers of samples: {[n_rows, len(y)]}"
        )


def labels_of(values: Any) -> NDArray:
    """Sorted labels, each once.

    Raises
    ------
    ValueError
        If they are not labels but numbers between integers, or several per row.
    """
    array = _labels.as_array(values, "classes")
    form, _ = _labels.form_of(array, "")
    if form != _labels.SINGLE:
        raise ValueError(f"Unknown label type: {(array,)!r}")
    return np.asarray(sorted(set(array.ravel())))


def classes_of_call(estimator: Any, classes: Any) -> NDArray:
    """The classes of a call of partial_fit: given, or those of the calls before.

    Raises
    ------
    ValueError
        If there are neither, or both, and they are not the same.
    """
    fitted: NDArray | None = getattr(estimator, "classes_", None)
    if classes is None:
        if fitted is None:
            raise ValueError("classes must be passed on the first call to partial_fit.")
        return fitted
    given = labels_of(classes)
    if fitted is not None and not np.array_equal(fitted, given):
        raise ValueError(
            f"`classes={classes!r}` is not the same as on last call to partial_fit, was: {fitted!r}"
        )
    return given if fitted is None else fitted


def encode(y: NDArray, classes: NDArray) -> Codes:
    """Each row's place among the classes.

    Raises
    ------
    ValueError
        If a label is not one of them.
    """
    unknown = ValueError("classes should include all valid labels that can be in y")
    if y.dtype == classes.dtype and y.dtype.kind in "biuf":  # sorting y would cost half of a fit
        codes = np.searchsorted(classes, y)
        if not np.array_equal(np.take(classes, codes, mode="clip"), y):
            raise unknown
        return codes
    present, inverse = np.unique(y, return_inverse=True)
    if set(present) - set(classes):
        raise unknown
    places: Codes = np.searchsorted(classes, present)
    return places[inverse]


def class_weights(class_weight: Any, classes: NDArray, codes: Codes) -> NDArray[np.float64]:
    """The weight of each class: 1, as given, or n / (n_classes * its number) for "balanced".

    The heuristic of King and Zeng, "Logistic regression in rare events data" (2001).

    Raises
    ------
    ValueError
        If a class has no row, with "balanced", or some classes given do not exist.
    """
    if class_weight is None or len(class_weight) == 0:
        return np.ones(len(classes))
    if isinstance(class_weight, str):
        counts = np.bincount(codes, minlength=len(classes)).astype(np.float64)
        if not counts.all():
            raise ValueError("classes should have valid labels that are in y")
        balanced: NDArray[np.float64] = counts.sum() / (len(classes) * counts)
        return balanced
    return _given_weights(class_weight, classes)


def _given_weights(class_weight: Mapping[Any, float], classes: NDArray) -> NDArray[np.float64]:
    weights, missing = np.ones(len(classes)), []
    for i, label in enumerate(classes):
        try:
            key: Any = int(label)
        except ValueError:
            key = str(label)
        if key in class_weight:
            weights[i] = class_weight[key]
        else:
            missing.append(key)
    if missing and len(classes) - len(missing) != len(class_weight):
        raise ValueError(f"The classes, {missing}, are not in class_weight")
    return weights
