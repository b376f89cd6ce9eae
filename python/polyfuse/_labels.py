"""Targets of the classification metrics: what they are, and their labels as codes.

`read_targets` validates y_true and y_pred with scikit-learn's rules and messages, `encode` turns
labels into codes that the kernels count. Every classification metric starts with these two.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._kernels import select

Array = NDArray[Any]

# A matrix of counts of this width (32 KB) stays in the first-level cache.
NARROW = 64
# Above this width three histograms cost less than a matrix of counts (2 MB), which is only built
# where it is the result.
MATRIX = 512
# Below this many rows a look at the extremes costs less than counting into a matrix of NARROW.
FEW = 4096


def as_array(y: Any) -> Array:
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
    if not (isinstance(y, Sequence) or hasattr(y, "__array__")):
        raise ValueError(f"Expected array-like (array or non-string sequence), got {y!r}")
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
    if not weight.any():
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
    t, p = as_array(y_true), as_array(y_pred)
    weight = None if sample_weight is None else as_array(sample_weight)
    dtypes = (t.dtype, p.dtype)
    check_consistent_length(t, p, weight)
    plain = t.ndim == p.ndim == 1 and t.dtype.kind in "biu" and p.dtype.kind in "biu" and len(t)
    if plain:
        form = form_pred = SINGLE
        values_true, values_pred = t, p
    else:
        form, values_true = _form(t, "y_true")
        form_pred, values_pred = _form(p, "y_pred")
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
    if form == INDICATOR and t.shape != p.shape:
        raise ValueError("Multi-label binary indicator input with different numbers of labels")
    return Targets(form, values_true, values_pred, dtypes, weight)


def _name(form: str, y: Array) -> str:
    if form != SINGLE:
        return form
    return "binary" if len(np.unique(y)) <= 2 else "multiclass"


def _form(y: Array, name: str) -> tuple[str, Array]:
    """The form of one target (``type_of_target``), and its values with floats as integers."""
    check_real(y)
    _check_first_row(y)
    if y.ndim > 2:
        return "unknown", y
    if 0 in y.shape:
        return (SINGLE if y.ndim == 1 else "unknown"), y
    if y.dtype.kind == "O" and not isinstance(y.flat[0], str):
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


# -- labels as codes -----------------------------------------------------------------------------


class Codes(NamedTuple):
    """One label per row as codes in 0..size-1.

    `values` are all the labels of y_true and y_pred, sorted; their codes are `used`, or every
    code if that is None. `counts`, if known, is the (size, size) matrix of counts.
    """

    targets: Targets
    y_true: NDArray[np.int64]
    y_pred: NDArray[np.int64]
    size: int
    values: Array
    used: Array | None = None
    counts: NDArray[np.int64] | None = None

    @property
    def labels(self) -> Array:
        """The labels, sorted, in the type scikit-learn reports them in."""
        true, pred = self.targets.dtypes
        if self.values.dtype.kind not in "biu":
            return self.values
        if true == pred or np.isin(self.values, self.targets.y_true).all():
            return self.values.astype(true)
        return self.values.astype(np.result_type(true, pred))

    @property
    def true_labels(self) -> Array:
        """The labels of y_true alone, sorted."""
        seen = np.zeros(self.size, np.bool_)
        seen[self.y_true] = True
        labels: Array = self.labels[seen if self.used is None else seen[self.used]]
        return labels

    def matrix(self, weight: Array | None) -> Array:
        """Number, or weight, of rows for each pair of labels, in the order of the labels."""
        matrix = self.counts
        if matrix is None or weight is not None:
            matrix = count(self.y_true, self.y_pred, weight, self.size)
        return matrix if self.used is None else matrix[self.used[:, None], self.used]

    def sums(self, weight: Array | None) -> tuple[Array, Array, Array]:
        """Number, or weight, of rows of each label: rightly predicted, predicted, true."""
        if weight is not None:
            weight = weight.astype(np.float64, copy=False)
        if self.size <= MATRIX:
            matrix = self.matrix(weight)
            return matrix.diagonal(), np.add.reduce(matrix, axis=0), np.add.reduce(matrix, axis=1)
        right = self.y_true == self.y_pred
        return (
            np.bincount(self.y_true[right], None if weight is None else weight[right], self.size),
            np.bincount(self.y_pred, weight, self.size),
            np.bincount(self.y_true, weight, self.size),
        )


def encode(targets: Targets) -> Codes:
    """Codes of targets with one label per row."""
    kinds = {targets.y_true.dtype.kind, targets.y_pred.dtype.kind}
    if kinds <= set("biu"):
        return _encode_integers(targets)
    if kinds == {"M"} or kinds == {"m"}:
        return _encode_sorted(targets, targets.y_true, targets.y_pred)
    return _encode_objects(targets)


def count(
    y_true: NDArray[np.int64], y_pred: NDArray[np.int64], weight: Array | None, size: int
) -> Array:
    """The (size, size) matrix of the number, or weight, of rows for each pair of codes.

    Rows with a code outside 0..size-1 are passed over. Integer weights are added as integers.
    """
    if weight is not None and weight.dtype.kind != "f":
        inside = (y_true >= 0) & (y_true < size) & (y_pred >= 0) & (y_pred < size)
        matrix = np.zeros((size, size), np.int64)
        np.add.at(matrix, (y_true[inside], y_pred[inside]), weight[inside].astype(np.int64))
        return matrix
    matrix = np.empty((size, size), np.int64 if weight is None else np.float64)
    weight = None if weight is None else weight.astype(np.float64, copy=False)
    select().confusion(y_true, y_pred, weight, matrix)
    return matrix


def _encode_integers(targets: Targets) -> Codes:
    t, p = targets.y_true, targets.y_pred
    n_rows = len(t)
    ready = all(y.dtype == np.int64 and is_plain(y) for y in (t, p))
    if ready and n_rows > FEW and all(0 <= y[i] < NARROW for y in (t, p) for i in (0, -1)):
        # Most label sets are small and start near 0: count at once, and see if that was all.
        counts = count(t, p, None, NARROW)
        if np.add.reduce(counts, axis=None) == n_rows:
            return _narrow(targets, t, p, counts, 0)
    low = min(int(np.minimum.reduce(t)), int(np.minimum.reduce(p)))
    high = max(int(np.maximum.reduce(t)), int(np.maximum.reduce(p)))
    span = high - low + 1
    if high > np.iinfo(np.int64).max:
        return _encode_objects(targets)
    if span > max(2 * n_rows, NARROW):
        return _encode_sorted(targets, t.astype(np.int64), p.astype(np.int64))
    if low or not ready:
        t, p = (np.subtract(y, np.int64(low), dtype=np.int64) for y in (t, p))
    if span <= NARROW:
        return _narrow(targets, t, p, count(t, p, None, span), low)
    seen = np.zeros(span, np.bool_)
    seen[t] = True
    seen[p] = True
    used = seen.nonzero()[0]
    if len(used) < span:
        rank = np.cumsum(seen) - 1
        t, p = rank[t], rank[p]
    return Codes(targets, t, p, len(used), used + low)


def _narrow(
    targets: Targets, t: NDArray[np.int64], p: NDArray[np.int64], counts: Array, low: int
) -> Codes:
    size = len(counts)
    used = (np.add.reduce(counts, axis=0) + np.add.reduce(counts, axis=1)).nonzero()[0]
    return Codes(targets, t, p, size, used + low, None if len(used) == size else used, counts)


def _encode_sorted(targets: Targets, t: Array, p: Array) -> Codes:
    values = np.unique(np.concatenate((np.unique(t), np.unique(p))))
    codes_true, codes_pred = np.searchsorted(values, t), np.searchsorted(values, p)
    return Codes(targets, codes_true, codes_pred, len(values), values)


def _encode_objects(targets: Targets) -> Codes:
    """Codes of strings, and of integers beyond int64, through a table of Python objects."""
    t, p = targets.y_true.tolist(), targets.y_pred.tolist()
    seen = set(t).union(p)
    if len({isinstance(label, str) for label in seen}) > 1:
        true, pred = (
            np.unique(y).astype(dtype, copy=False)
            for y, dtype in zip((targets.y_true, targets.y_pred), targets.dtypes, strict=True)
        )
        raise ValueError(f"Mix of label input types (string and number); Got {true} and {pred}.")
    labels = sorted(seen)
    code = {label: i for i, label in enumerate(labels)}
    codes_true, codes_pred = (
        np.fromiter(map(code.__getitem__, y), np.int64, len(y)) for y in (t, p)
    )
    exact = None if isinstance(labels[0], str) else np.uint64 if labels[0] >= 0 else np.object_
    return Codes(targets, codes_true, codes_pred, len(labels), np.asarray(labels, exact))
