"""Rows drawn again and again, as counts: a `Sample` of distinct rows, and its resamples.

Rows that are equal in all that a metric sees of them are exchangeable. To draw n rows with
replacement is therefore to draw how often each distinct row comes, and that is multinomial with
n trials and the frequencies of the sample. For labels, there are few distinct rows, however many
rows there are.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import _labels
from ._codes import Codes, encode, tally, union
from ._labels import INDICATOR, Array
from ._matrix_scores import Table
from ._named_metrics import Metric, takes_weights

Counts = NDArray[np.int64]
Score = Callable[..., Array]
"""Called as score(true, pred, weights) with weights (r, m) of m distinct rows: r scores.

With ``quiet=True`` what the metric warns of is not heard, as of a resample.
"""

# Numbers of resampled counts that are held at a time.
_HELD = 1 << 20
_BLOCK = 1 << 16


class Sample(NamedTuple):
    """Distinct rows: their true value, their predictions, how often they come, what each weighs."""

    true: Array
    preds: tuple[Array, ...]
    counts: Counts
    weight: Array | None
    codes: Codes | None = None

    @property
    def n_rows(self) -> int:
        return int(self.counts.sum())

    @property
    def labelled(self) -> bool:
        """Whether each row has one label, and each prediction."""
        return self.codes is not None

    def weigh(self, counts: Array) -> Array:
        return counts if self.weight is None else counts * self.weight

    def differ(self) -> NDArray[np.bool_]:
        """Which of the distinct rows have two predictions that differ."""
        a, b = self.preds
        apart: NDArray[np.bool_] = np.not_equal(a, b).reshape(len(a), -1)
        return np.asarray(apart.any(axis=1))


def as_generator(seed: Any) -> Any:
    """`seed` if it is a generator of numpy.random, else what ``_random`` makes of it."""
    from ._random import as_random_state  # numpy.random, which metrics alone do without

    return seed if isinstance(seed, np.random.Generator) else as_random_state(seed)


# -- the sample ----------------------------------------------------------------------------------


def read_sample(
    metric: Metric, y_true: Any, preds: Mapping[str, Any], sample_weight: Any
) -> tuple[Sample, Score]:
    """The distinct rows, and how their resamples are scored.

    A metric that is a formula sees codes of labels; any other the values as they were given.
    """
    try:
        sample = coded_sample(y_true, preds, sample_weight)
    except (ValueError, TypeError):
        if metric.formula is not None:
            raise
        sample = None
    if sample is not None and metric.formula is not None:
        return sample, formula_score(metric, sample)
    sample = (
        _rows(y_true, list(preds.values()), sample_weight) if sample is None else _decoded(sample)
    )
    return sample, _called(metric, sample)


def formula_score(metric: Metric, sample: Sample) -> Score:
    assert sample.codes is not None
    formula, size = metric.on(sample.codes), len(sample.codes.values)

    def scores(true: Array, pred: Array, weights: Array, *, quiet: bool = False) -> Array:
        return formula(Table(true, pred, weights, size))

    return scores


def coded_sample(y_true: Any, preds: Mapping[str, Any], sample_weight: Any) -> Sample | None:
    """Distinct rows of labels, as codes; None if there are several labels in a row."""
    targets = [_read(name, y_true, pred, sample_weight) for name, pred in preds.items()]
    if any(t.form == INDICATOR for t in targets):
        return None
    each, weight = [encode(t, whole=True) for t in targets], targets[0].sample_weight
    first, n = each[0], len(targets[0].y_true)
    if weight is None and len(preds) == 1 and len(first.values) ** 2 <= max(_HELD, 4 * n):
        matrix = first.matrix(None)
        true, pred = matrix.nonzero()
        return Sample(true, (pred,), matrix[true, pred], None, first)
    values = first.values
    for codes in each[1:]:
        values = union(values, codes.values)
    columns = [_placed(first, 0, values), *(_placed(codes, 1, values) for codes in each)]
    sizes = [len(values)] * len(columns)
    weights = None
    if weight is not None:
        weights, places = np.unique(weight, return_inverse=True)
        columns, sizes = [*columns, places], [*sizes, len(weights)]
    columns, counts = distinct(columns, sizes)
    weights = None if weights is None else weights[columns.pop()]
    tallies = tally(columns[0], columns[1], None, len(values), 0)
    codes = Codes(targets[0], columns[0], columns[1], 0, len(values), tallies, values)
    return Sample(columns[0], tuple(columns[1:]), counts, weights, codes)


def _read(name: str, y_true: Any, pred: Any, sample_weight: Any) -> _labels.Targets:
    """Targets, of which errors call the prediction by the name of the argument."""
    try:
        return _labels.read_targets(y_true, pred, sample_weight)
    except ValueError as error:
        if name == "y_pred" or type(error) is not ValueError:
            raise
        said = str(error).replace("y_pred", name)
        raise ValueError(said if name in said else f"{name}: {said}") from error


def _placed(codes: Codes, which: int, values: Array) -> Counts:
    """True (0) or predicted (1) labels as places among `values`."""
    places = codes.pair()[which]
    if len(values) == len(codes.values):
        return places
    moved: Counts = np.searchsorted(values, codes.values)[places]
    return moved


def distinct(columns: Sequence[Array], sizes: Sequence[int]) -> tuple[list[Array], Counts]:
    """The distinct rows of columns of codes, in lexical order, and how often each occurs."""
    n, size = len(columns[0]), math.prod(sizes)
    if size > np.iinfo(np.int64).max:
        # The first columns by the place of their rows among the distinct ones.
        pairs, places = np.unique(np.stack(columns[:-1]), axis=1, return_inverse=True)
        rest = [places.reshape(-1), columns[-1]]
        (firsts, last), counts = distinct(rest, [pairs.shape[1], sizes[-1]])
        return [*pairs[:, firsts], last], counts
    if size <= max(_BLOCK, n):
        step = _BLOCK if size <= _BLOCK else max(n, 1)
        total = np.zeros(size, np.int64)
        for start in range(0, n, step):
            part = [column[start : start + step] for column in columns]
            total += np.bincount(_joined(part, sizes), minlength=size)
        cells = total.nonzero()[0]
        counts = total[cells]
    else:
        cells, counts = np.unique(_joined(columns, sizes), return_counts=True)
    return [np.ascontiguousarray(codes) for codes in np.unravel_index(cells, sizes)], counts


def _joined(columns: Sequence[Array], sizes: Sequence[int]) -> Array:
    joined = columns[0]
    for column, size in zip(columns[1:], sizes[1:], strict=True):
        joined = joined * size + column
    return joined


def _decoded(sample: Sample) -> Sample:
    assert sample.codes is not None
    values, dtypes = sample.codes.values, sample.codes.targets.dtypes
    true = cast(values[sample.true], dtypes[0])
    preds = tuple(cast(values[pred], dtypes[1]) for pred in sample.preds)
    return sample._replace(true=true, preds=preds)


def cast(values: Array, dtype: np.dtype[Any]) -> Array:
    """`values` in the type they were given in, if it holds them."""
    if dtype.kind in "US":
        return values
    given = values.astype(dtype)
    return given if (given == values).all() else values


def _rows(y_true: Any, preds: Sequence[Any], sample_weight: Any) -> Sample:
    """Every row as a distinct one."""
    true, *others = (
        _labels.as_array(y, name)
        for y, name in zip((y_true, *preds), ("y_true", *["y_pred"] * len(preds)), strict=True)
    )
    if not all(isinstance(y, np.ndarray) for y in (true, *others)):
        raise TypeError("Sparse targets are not supported; use .toarray() to convert them.")
    weight = None if sample_weight is None else _labels.as_array(sample_weight, "sample_weight")
    _labels.check_consistent_length(true, *others, weight)
    if len(true) == 0:
        raise ValueError("Found empty input array while a minimum of 1 sample is required.")
    weight = None if weight is None else _labels.check_sample_weight(weight, len(true))
    return Sample(true, tuple(others), np.ones(len(true), np.int64), weight)


# -- its resamples -------------------------------------------------------------------------------


def _called(metric: Metric, sample: Sample) -> Score:
    """Scores by calls of the metric, on the distinct rows that occur."""
    function = metric.call
    weighs = takes_weights(function)
    if not weighs and sample.weight is not None:
        raise TypeError(f"metric {metric.name} takes no sample_weight.")

    def score(true: Array, pred: Array, weight: Array) -> float:
        rows = weight.nonzero()[0]
        if weighs:
            value = function(true[rows], pred[rows], sample_weight=weight[rows])
        else:
            rows = np.repeat(rows, weight[rows])
            value = function(true[rows], pred[rows])
        if np.ndim(value) != 0 or value is None or isinstance(value, str):
            raise TypeError(f"metric must return one number; {metric.name} returned {value!r}.")
        return float(value)

    def scores(true: Array, pred: Array, weights: Array, *, quiet: bool = False) -> Array:
        with _QUIET if quiet else nullcontext():
            return np.array([score(true, pred, weight) for weight in weights], np.float64)

    return scores


def resamples(sample: Sample, n_resamples: int, rng: Any) -> Iterator[Counts]:
    """Counts (r, m) of resampled rows, some resamples at a time."""
    n, m = sample.n_rows, len(sample.counts)
    step = max(1, _HELD // m)
    for start in range(0, n_resamples, step):
        size = min(step, n_resamples - start)
        if m == n:
            draw = rng.integers if isinstance(rng, np.random.Generator) else rng.randint
            yield np.stack([np.bincount(draw(0, n, n), minlength=n) for _ in range(size)])
        else:
            yield rng.multinomial(n, sample.counts / n, size=size)


class Swapped(NamedTuple):
    """Rows of which one prediction, and the other, is a's or b's."""

    true: Array
    one: Array
    other: Array


def swaps(sample: Sample, n_resamples: int, rng: Any) -> Iterator[tuple[Swapped, Array]]:
    """The rows with a and b swapped in each with probability 1/2, some resamples at a time.

    How many of the equal rows are swapped is binomial. What comes of it is the rows as they are
    and, after them, the rows that differ once more with a and b swapped; and weights (r, m) of
    all of these.
    """
    a, b = sample.preds
    (rows,) = sample.differ().nonzero()
    pairs = Swapped(
        np.concatenate((sample.true, sample.true[rows])),
        np.concatenate((a, b[rows])),
        np.concatenate((b, a[rows])),
    )
    step = max(1, _HELD // len(pairs.true))
    for start in range(0, n_resamples, step):
        size = min(step, n_resamples - start)
        moved = rng.binomial(sample.counts[rows], 0.5, size=(size, len(rows)))
        kept = np.repeat(sample.counts[None], size, axis=0)
        kept[:, rows] -= moved
        weight = sample.weight
        if weight is not None:
            kept, moved = kept * weight, moved * weight[rows]
        yield pairs, np.concatenate((kept, moved), axis=1)


def without_each(sample: Sample) -> Iterator[Counts]:
    """Counts (r, m) without one row: of each distinct row in turn, some at a time."""
    m = len(sample.counts)
    step = max(1, _HELD // m)
    for start in range(0, m, step):
        places = np.arange(start, min(start + step, m))
        counts = np.repeat(sample.counts[None], len(places), axis=0)
        counts[np.arange(len(places)), places] -= 1
        yield counts


class _Quiet:
    """No warnings, from the first thread that enters to the last that leaves.

    ``catch_warnings`` keeps what the process had, so threads that enter one after the other and
    leave in that order would leave the process without warnings.
    """

    def __init__(self) -> None:
        self._lock, self._inside = Lock(), 0
        self._filters = warnings.catch_warnings()

    def __enter__(self) -> None:
        with self._lock:
            if self._inside == 0:
                self._filters = warnings.catch_warnings()
                self._filters.__enter__()
                warnings.simplefilter("ignore")
            self._inside += 1

    def __exit__(self, *raised: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                self._filters.__exit__(None, None, None)


_QUIET = _Quiet()
