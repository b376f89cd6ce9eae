"""Labels as codes, and how often they meet: what classification metrics are made of.

`encode` turns labels of any kind into integers that the kernels count; the methods of `Codes` are
the counts. Targets are read once or twice: for integers from a small range once.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._kernels import select
from ._labels import Array, Targets, is_plain

# A matrix of counts of this width (32 KB) stays in the first-level cache.
NARROW = 64
# Above this width the sums of labels cost less than a matrix of counts, which is only built where
# it is the result.
MATRIX = 256
# Below this many rows a look at the extremes costs less than counting into a matrix of NARROW.
FEW = 4096
_MOST = np.iinfo(np.int64).max
# Kinds of two arrays of integers.
INTEGERS = frozenset(a + b for a in "biu" for b in "biu")
# Words of few labels are looked up in a table that stays in the cache; more labels in larger ones.
TABLES = (1 << 10, 1 << 16, 1 << 22)


class Codes(NamedTuple):
    """One label per row as an integer; less `low` it is a code in 0..size-1.

    `tallies` are the (3, size) sums of codes: rightly predicted, predicted, true. `values` are all
    the labels of y_true and y_pred, sorted; their codes are `used`, or every code if that is None.
    `counts`, if known, is the (size, size) matrix of counts.
    """

    targets: Targets
    y_true: Array
    y_pred: Array
    low: int
    size: int
    tallies: NDArray[np.int64]
    values: Array
    used: Array | None = None
    counts: NDArray[np.int64] | None = None

    @property
    def labels(self) -> Array:
        """The labels, sorted, in the type scikit-learn reports them in."""
        true, pred = self.targets.dtypes
        if self.values.dtype.kind not in "biu":
            return self.values
        if true == pred or len(self.true_labels) == len(self.values):
            return self.values.astype(true)
        return self.values.astype(np.result_type(true, pred))

    @property
    def true_labels(self) -> Array:
        """The labels of y_true alone, sorted."""
        true = self.sums(None)[2]
        labels: Array = self.values[true != 0]
        return labels

    def matrix(self, weight: Array | None) -> Array:
        """Number, or weight, of rows for each pair of labels, in the order of the labels."""
        if weight is None and self.counts is not None:
            matrix: Array = self.counts
        elif self.used is not None and self.size > 2 * MATRIX:
            return count(*self.pair(), weight, len(self.values))
        else:
            matrix = count(self.y_true, self.y_pred, weight, self.size, self.low)
        return matrix if self.used is None else matrix[self.used[:, None], self.used]

    def sums(self, weight: Array | None) -> Array:
        """The (3, k) number, or weight, of rows of each label, as `tallies` has it of codes."""
        found: Array = self.tallies
        if weight is not None:
            found = tally(self.y_true, self.y_pred, weight, self.size, self.low)
        return found if self.used is None else found[:, self.used]

    def pair(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """True and predicted labels as places among `values`."""
        used = self.used
        first = 0 if used is None else int(used[0])
        t, p = (_less(y, self.low + first) for y in (self.y_true, self.y_pred))
        if used is None or used[-1] - first < len(used):
            return t, p
        place = np.zeros(self.size, np.int64)
        place[used - first] = np.arange(len(used))
        return place[t], place[p]


def _less(y: Array, low: int) -> NDArray[np.int64]:
    """`y` less the lowest of it, as int64."""
    if low == 0:
        return y.astype(np.int64, copy=False)
    less: NDArray[np.int64] = np.subtract(y, np.int64(low), dtype=np.int64, casting="unsafe")
    return less


def count(y_true: Array, y_pred: Array, weight: Array | None, size: int, low: int = 0) -> Array:
    """The (size, size) matrix of the number, or weight, of rows for each pair of codes.

    Rows with a code outside 0..size-1 are passed over. Integer weights are added as integers.
    """
    if weight is not None and weight.dtype.kind != "f":
        numbers = weight.astype(np.float64)
        if np.abs(numbers).sum() < 2.0**53:  # no sum of them is rounded
            exact: Array = count(y_true, y_pred, numbers, size, low).astype(np.int64)
            return exact
        t, p = _less(y_true, low), _less(y_pred, low)
        inside = (t >= 0) & (t < size) & (p >= 0) & (p < size)
        matrix = np.zeros((size, size), np.int64)
        np.add.at(matrix, (t[inside], p[inside]), weight[inside].astype(np.int64))
        return matrix
    matrix = np.empty((size, size), np.int64 if weight is None else np.float64)
    weight = None if weight is None else weight.astype(np.float64, copy=False)
    select().confusion(y_true, y_pred, low, weight, matrix)
    return matrix


def tally(y_true: Array, y_pred: Array, weight: Array | None, size: int, low: int) -> Array:
    """The (3, size) sums of codes: rightly predicted, predicted, true."""
    out = np.empty((3, size), np.int64 if weight is None else np.float64)
    weight = None if weight is None else weight.astype(np.float64, copy=False)
    select().label_sums(y_true, y_pred, low, weight, out)
    return out


# -- how -----------------------------------------------------------------------------------------


def encode(targets: Targets, *, whole: bool = False) -> Codes:
    """Codes of targets with one label per row; `whole`, the matrix of their counts is wanted."""
    t, p = targets.y_true, targets.y_pred
    kinds = t.dtype.kind + p.dtype.kind
    if kinds in INTEGERS:
        return _encode_integers(targets, whole)
    if kinds in ("UU", "MM", "mm"):
        return _encode_words(targets, t, p)
    return _encode_objects(targets)


def plain(y: Array) -> Array:
    """`y`, or a copy, as the kernels take labels."""
    return y if is_plain(y) and y.dtype.isnative else y.astype(y.dtype.newbyteorder("="))


def _encode_integers(targets: Targets, whole: bool) -> Codes:
    t, p = plain(targets.y_true), plain(targets.y_pred)
    n_rows = len(t)
    if n_rows > FEW and all(0 <= y[i] < NARROW for y in (t, p) for i in (0, -1)):
        # Most label sets are small and start near 0: count at once, and see if that was all.
        counts = count(t, p, None, NARROW)
        if np.add.reduce(counts, axis=None) == n_rows:
            return _of_counts(targets, t, p, counts, 0)
    kernels = select()
    (low, high), (low_pred, high_pred) = kernels.label_range(t), kernels.label_range(p)
    low, high = (low if low < low_pred else low_pred), (high if high > high_pred else high_pred)
    span = high - low + 1
    if high > _MOST:
        return _encode_objects(targets)
    if span > max(2 * n_rows, NARROW):
        return _encode_words(targets, t.astype(np.int64), p.astype(np.int64))
    if n_rows > FEW and (span <= NARROW or (whole and span * span < n_rows)):
        return _of_counts(targets, t, p, count(t, p, None, span, low), low)
    return _of_tallies(targets, t, p, tally(t, p, None, span, low), low)


def _of_counts(targets: Targets, t: Array, p: Array, counts: Array, low: int) -> Codes:
    margins = [np.add.reduce(counts, axis=axis) for axis in (0, 1)]
    return _of_tallies(targets, t, p, np.stack((counts.diagonal(), *margins)), low, counts)


def _of_tallies(
    targets: Targets, t: Array, p: Array, tallies: Array, low: int, counts: Array | None = None
) -> Codes:
    size = tallies.shape[1]
    if np.count_nonzero(tallies[1:]) == 2 * size:  # usual, and cheaper to see than which are used
        return Codes(targets, t, p, low, size, tallies, np.arange(low, low + size), None, counts)
    used = (tallies[1] + tallies[2]).nonzero()[0]
    gaps = used if len(used) < size else None
    return Codes(targets, t, p, low, size, tallies, used + low, gaps, counts)


def _encode_words(targets: Targets, t: Array, p: Array) -> Codes:
    """Codes of labels of fixed width, by their bits."""
    alike = p is t  # both are the targets of a metric that has scores for predictions
    t, found_true = codes_of_words(t)
    p, found_pred = (t, found_true) if alike else codes_of_words(p)
    values = np.unique(np.concatenate((found_true, found_pred)))
    t, p = np.searchsorted(values, found_true)[t], np.searchsorted(values, found_pred)[p]
    return Codes(targets, t, p, 0, len(values), tally(t, p, None, len(values), 0), values)


def codes_of_words(y: Array) -> tuple[NDArray[np.int64], Array]:
    """Codes of labels, and the label of each code."""
    y = plain(y if y.dtype.itemsize else y.astype("U1"))
    words = y.view(np.uint32).reshape(len(y), -1)
    codes = np.empty(len(y), np.int64)
    for limit in TABLES:
        firsts = np.empty(min(limit, len(y)), np.int64)
        n = select().encode_words(words, codes, firsts)
        if n >= 0:
            return codes, y[firsts[:n]]
    values, codes = np.unique(y, return_inverse=True)
    return codes, values


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
    labels: list[Any] = sorted(seen)
    code = {label: i for i, label in enumerate(labels)}
    codes_true, codes_pred = (
        np.fromiter(map(code.__getitem__, y), np.int64, len(y)) for y in (t, p)
    )
    tallies = tally(codes_true, codes_pred, None, len(labels), 0)
    values = np.asarray(labels) if isinstance(labels[0], str) else _integers(labels)
    return Codes(targets, codes_true, codes_pred, 0, len(labels), tallies, values)


def union(values: Array, others: Array) -> Array:
    """Two sorted arrays of labels as one.

    Raises
    ------
    ValueError
        If one is of strings and the other of numbers.
    """
    if len(values) == 0 or len(others) == 0 or np.array_equal(values, others):
        return values if len(values) else others
    kinds = ["O" if y.dtype.kind in "iu" else y.dtype.kind for y in (values, others)]
    if kinds[0] != kinds[1]:
        raise ValueError(
            f"Mix of label input types (string and number); Got {values} and {others}."
        )
    if values.dtype.kind == others.dtype.kind != "O":
        return np.union1d(values, others)
    labels: list[Any] = sorted({*values.tolist(), *others.tolist()})
    return _integers(labels)


def _integers(labels: list[Any]) -> Array:
    """Integers of any size as an array of the type `Codes` has them in."""
    inside = labels[0] >= -_MOST - 1 and labels[-1] <= _MOST
    return np.asarray(labels, np.int64 if inside else np.uint64 if labels[0] >= 0 else np.object_)
