"""Targets of the metrics: what they are.

`read_targets` validates y_true and y_pred with scikit-learn's rules and messages; what comes of it
is encoded by ``_codes``. Every classification metric starts with these two.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import _interchange
from ._categories import spelled_out
from ._indicators import Marks, read_sparse

Array = NDArray[Any]


def as_array(y: Any, name: str = "y") -> Array:
    """`y` as an array; ragged rows become an array of objects, which no metric accepts."""
    if type(y) is np.ndarray:
        return y
    if isinstance(y, np.matrix):
        raise TypeError(
            "np.matrix is not supported. Please convert to a numpy array with np.asarray. For "
            "more information see: "
            "https://numpy.org/doc/stable/reference/generated/numpy.matrix.html"
        )
    if np.ma.is_masked(y):
        raise ValueError("Masked values are not supported; drop those rows, or fill them in.")
    if hasattr(y, "tocsr"):
        marks: Any = read_sparse(y)
        return marks  # type: ignore[no-any-return]
    if isinstance(y, Sequence):
        return _listed(y)
    y = _interchange.opened(y, name)
    texts = spelled_out(y)
    if texts is not None:
        return texts
    if not hasattr(y, "__array__"):
        raise ValueError(f"Expected array-like (array or non-string sequence), got {y!r}")
    return _interchange.as_array(y, name)


def _listed(y: Sequence[Any]) -> Array:
    try:
        return np.asarray(y)
    except ValueError:
        return np.asarray(y, dtype=object)


def check_consistent_length(*arrays: Array | None) -> None:
    lengths = []
    for array in arrays:
        if array is None:
            continue
        if array.ndim == 0:
            raise TypeError(
                "Input should have at least 1 dimension i.e. satisfy `len(x.shape) > 0`, got "
                f"scalar `{array!r}` instead."
            )
        lengths.append(len(array))
    if len(set(lengths)) > 1:
        raise ValueError(f"Found input variables with inconsistent numbers of samples: {lengths!r}")


def check_real(array: Array) -> None:
    if array.dtype.kind == "c":
        raise ValueError(f"Complex data not supported\n{array}\n")


def check_finite(array: Array, name: str = "") -> None:
    """Raise if there is a NaN or an infinity. One pass over the values if there is none."""
    if array.dtype.kind != "f":
        return
    with np.errstate(all="ignore"):
        if np.isfinite(np.add.reduce(array, axis=None)):
            return
    name = name and name + " "
    if np.isnan(array).any():
        raise ValueError(f"Input {name}contains NaN.")
    if np.isinf(array).any():
        raise ValueError(f"Input {name}contains infinity or a value too large for {array.dtype!r}.")


def is_plain(array: Array) -> bool:
    return array.flags.c_contiguous and array.flags.aligned


def check_sample_weight(weight: Array, n_rows: int) -> Array:
    """`weight` as a contiguous vector of real, finite numbers that are not all zero."""
    check_real(weight)
    if weight.dtype.kind not in "biuf":
        weight = weight.astype(np.float64)
    check_finite(weight, "sample_weight")
    if weight.ndim != 1:
        raise ValueError(
            f"Sample weights must be 1D array or scalar, got {weight.ndim}D array. Expected "
            f"either a scalar value or a 1D array of length {n_rows}."
        )
    if not (weight[:16].any() or weight.any()):  # `any` looks at all of them
        raise ValueError("Sample weights must contain at least one non-zero number.")
    return weight if is_plain(weight) else weight.copy()


# -- what the targets are ------------------------------------------------------------------------

# Forms of targets. SINGLE is one label per row, which scikit-learn calls "binary" up to two
# labels and "multiclass" beyond.
SINGLE, INDICATOR = "single", "multilabel-indicator"


class Targets(NamedTuple):
    """Validated targets: one label per row, or the 0/1 columns of several.

    Floats have become the integers they stand for; `dtypes` are those of the arrays given.
    """

    form: str
    y_true: Array
    y_pred: Array
    dtypes: tuple[np.dtype[Any], np.dtype[Any]]
    sample_weight: Array | None


def read_targets(y_true: Any, y_pred: Any, sample_weight: Any = None) -> Targets:
    """Validate targets and weights, with the errors of scikit-learn's ``_check_targets``."""
    t, p = as_array(y_true, "y_true"), as_array(y_pred, "y_pred")
    weight = None if sample_weight is None else as_array(sample_weight, "sample_weight")
    dtypes = (t.dtype, p.dtype)
    plain = t.ndim == p.ndim == 1 and t.dtype.kind in "biu" and p.dtype.kind in "biu" and len(t)
    if plain and weight is None and t.shape == p.shape:
        return Targets(SINGLE, t, p, dtypes, None)
    check_consistent_length(t, p, weight)
    if plain:
        form = form_pred = SINGLE
        values_true, values_pred = t, p
    else:
        form, values_true = form_of(t, "y_true")
        form_pred, values_pred = form_of(p, "y_pred")
    if len(t) == 0:
        raise ValueError(
            "Found empty input array (e.g., `y_true` or `y_pred`) while a minimum of 1 sample "
            "is required."
        )
    if weight is not None:
        weight = check_sample_weight(weight, len(t))
    if form != form_pred:
        raise ValueError(
            f"Classification metrics can't handle a mix of {_name(form, t)} and "
            f"{_name(form_pred, p)} targets"
        )
    if form not in (SINGLE, INDICATOR):
        raise ValueError(f"{form} is not supported")
    if form == SINGLE and (isinstance(t, Marks) or isinstance(p, Marks)):
        raise TypeError("Sparse input is only supported when targets are of multilabel type")
    if form == INDICATOR and t.shape != p.shape:
        raise ValueError("Multi-label binary indicator input with different numbers of labels")
    return Targets(form, values_true, values_pred, dtypes, weight)


def _name(form: str, y: Array) -> str:
    if form != SINGLE:
        return form
    if isinstance(y, Marks):
        return "binary"
    return "binary" if len(np.unique(y)) <= 2 else "multiclass"


def form_of(y: Array, name: str) -> tuple[str, Array]:
    """The form of one target (``type_of_target``), and its values with floats as integers."""
    if isinstance(y, Marks):
        form = y.form()
        if form.startswith("continuous"):
            check_finite(y.values, name)
        return form, y
    check_real(y)
    _check_first_row(y)
    if y.ndim > 2:
        return "unknown", y
    if 0 in y.shape:
        return (SINGLE if y.ndim == 1 else "unknown"), y
    if y.dtype.kind == "O" and not isinstance(y.flat[0], str):
        if any(type(value).__name__ == "NAType" for value in y.flat):  # pandas.NA
            raise ValueError(f"Input {name} contains NaN.")
        return "unknown", y
    several = y.ndim == 2 and y.shape[1] > 1
    if y.dtype.kind == "f":
        with np.errstate(invalid="ignore"):
            integers = y.astype(np.int64)
        if (integers != y).any():
            check_finite(y, name)
            return ("continuous-multioutput" if several else "continuous"), y
        y = integers
    if not several:
        return SINGLE, y.reshape(-1)
    if y.dtype.kind in "biu" and ((y == y.min()) | (y == y.max())).all():
        return INDICATOR, y
    return "multiclass-multioutput", y


def _check_first_row(y: Array) -> None:
    first = y[0] if len(y) else None
    if isinstance(first, bytes):
        raise TypeError(
            "Support for labels represented as bytes is not supported. Convert the labels to a "
            "string or integer format."
        )
    if isinstance(first, Sequence) and not isinstance(first, str):
        raise ValueError(
            "You appear to be using a legacy multi-label data representation. Sequence of "
            "sequences are no longer supported; use a binary array or sparse matrix instead - "
            "the MultiLabelBinarizer transformer can convert to this format."
        )
