"""ROC AUC and average precision of streams, in bounded memory; see ``polyfuse.metrics``."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _labels, _parameters, _ranked
from ._compensated import add_twofold, two_sum
from ._labels import Array
from ._score_bounds import areas, precisions
from .exceptions import UndefinedMetricWarning, shared, warn

# Rows that wait until they are counted together.
_PENDING = 1 << 16
# As many pieces become one if the first has few rows: an array costs 100 bytes beside its values.
_PIECES, _PIECE = 64, 1 << 12
_SIGN = np.uint64(1 << 63)
# Their scores, whether they are positive, and their weights.
Rows = tuple[Array, Array, Array | None]


class ScoreSummary(NamedTuple):
    """What :class:`ScoreHistogram` knows: two scores, and the intervals they are certain to be in.

    Attributes
    ----------
    auc, average_precision : float
        The scores, with the rows of a bin as ties; NaN where a class is missing.
    auc_low, auc_high, average_precision_low, average_precision_high : float
        Where those of the scores themselves are, rounding apart. Equal if `exact`.
    n_rows : int
        Number of rows that were counted.
    exact : bool
        Whether all scores were kept.
    """

    auc: float
    auc_low: float
    auc_high: float
    average_precision: float
    average_precision_low: float
    average_precision_high: float
    n_rows: int
    exact: bool


class ScoreHistogram:
    """ROC AUC and average precision of rows that come in pieces, in bounded memory.

    Up to `exact_rows` rows are kept, and the scores are exact. Beyond, rows are counted in bins of
    a fixed grid: scores that share the first `bits` bits as float64 (a sign, 11 bits of exponent,
    and the first ones of the mantissa). Any split of the same rows into updates and merges, in any
    order, ends in the same counts, and whether there is a grid depends on their number alone.
    Weights add up to the same sums to the last place or two.

    What a grid cannot tell is the order within a bin, so that the result is an interval. With p
    positive and q negative rows in a bin, tp and fp in those above it, P and Q in all::

        auc in  sum(q * tp) / PQ  +  [0, sum(p * q) / PQ]
        ap in   [sum(p - c * log((tp + p + c + h) / (tp + c + h))) / P,
                 sum(p * (tp + p) / (tp + p + fp)) / P]          c = fp + q

    where h is 1/2, or 0 with weights: the positive rows of a bin come all after its negative ones,
    or before them and tied. A bin in which all scores are equal is certain, and adds what its ties
    do. Scores spread evenly from 0 to 1 leave an interval for the AUC about ``2**(12 - bits) / 3``
    wide.

    Parameters
    ----------
    pos_label : int, float, bool or str, default=1
        The label of positive rows; all others are negative. It may be one that no row has yet, so
        that, unlike in :func:`roc_auc_score`, the greater of two labels is not positive by itself.
    exact_rows : int, default=1048576
        How many rows are kept: 9 bytes each, 17 with weights.
    bits : int, default=24
        Bits of a score that name its bin, from 12 to 32. There are bins for what occurred alone,
        32 bytes each, with weights 48: ``2**(bits - 12)`` at most for each power of two between
        the scores. Scores from 2**-20 to 1 take 3 MB.

    See Also
    --------
    roc_auc_score, average_precision_score : The same of arrays.

    Examples
    --------
    >>> from polyfuse.metrics import ScoreHistogram
    >>> histogram = ScoreHistogram().update([0, 0, 1], [0.1, 0.4, 0.35])
    >>> histogram.merge(ScoreHistogram().update([1], [0.8])).result().auc
    0.75
    >>> rough = ScoreHistogram(exact_rows=2, bits=12).update([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    >>> rough.result()[:3]
    (0.875, 0.75, 1.0)
    """

    __hash__ = None  # type: ignore[assignment]

    def __init__(
        self, *, pos_label: float | str = 1, exact_rows: int = 1 << 20, bits: int = 24
    ) -> None:
        caller = "ScoreHistogram"
        _parameters.check_pos_label(caller, pos_label, none=False)
        if pos_label != pos_label:
            raise _parameters.invalid_parameter("pos_label", caller, "a label, not NaN", pos_label)
        _parameters.check_integer(caller, "exact_rows", exact_rows, 0)
        _parameters.check_integer(caller, "bits", bits, 12, 32)
        self.pos_label = pos_label
        self.exact_rows = exact_rows
        self.bits = bits
        self.n_rows = 0
        self._weighted = False
        # Rows that are kept, or wait: their scores, whether they are positive, their weights.
        self._rows: list[Rows] = []
        self._n_kept = 0
        # Numbers of bins, ascending, and of each the only score in it, or NaN; and the negative
        # and the positive rows, or their weights, each as a double and what it lacks.
        self._bins: NDArray[np.int64] = np.empty(0, np.int64)
        self._only: NDArray[np.float64] = np.empty(0)
        self._counts: Array = np.empty((0, 2), np.int64)

    def update(
        self, y_true: ArrayLike, y_score: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> ScoreHistogram:
        """Count rows.

        Parameters
        ----------
        y_true : array-like of shape (n,)
            Labels; n may be 0.
        y_score : array-like of shape (n,)
            The greater, the more positive; kept as float64.
        sample_weight : array-like of shape (n,), default=None
            Weight of each row, not negative; rows of weight zero are not there, and all may be.

        Returns
        -------
        self : ScoreHistogram

        Raises
        ------
        ValueError
            If lengths differ, the targets are continuous, or strings where `pos_label` is a number,
            or numbers where it is a string, scores or weights are not finite, scores are text or
            not exactly float64 (as integers beyond ``2**53``), or a weight is negative. The counts
            are then as they were.
        """
        y, score = _labels.as_array(y_true, "y_true"), _labels.as_array(y_score, "y_score")
        weight = None if sample_weight is None else _labels.as_array(sample_weight, "sample_weight")
        _labels.check_consistent_length(y, score, weight)
        if len(y) == 0:
            return self
        _parameters.check_no_text(score)
        truth = _ranked.read_truth(y)
        _ranked.check_kind(truth, self.pos_label)
        nothing = weight is not None and weight.ndim == 1 and not weight.any()
        rows = _ranked.binary(
            *_ranked.mark(truth, _ranked.check_binary(truth, self.pos_label)),
            score,
            None if nothing else weight,
        )
        values = _ranked.as_float64(rows.score)
        if rows.weight is not None and (rows.weight < 0).any():
            raise ValueError("sample_weight must not be negative")
        weight = None if rows.weight is None else rows.weight.astype(np.float64)
        if not nothing:
            self._add(values, rows.labels == rows.positive, weight)
        return self

    def merge(self, other: ScoreHistogram) -> ScoreHistogram:
        """Count what another one has counted, which stays as it is.

        Parameters
        ----------
        other : ScoreHistogram
            One with the same parameters.

        Returns
        -------
        self : ScoreHistogram

        Raises
        ------
        TypeError
            If it is no ScoreHistogram.
        ValueError
            If parameters differ.
        """
        if not isinstance(other, ScoreHistogram):
            raise TypeError(f"other must be a ScoreHistogram; got {type(other).__name__}.")
        for name in self._parameters():
            own, theirs = getattr(self, name), getattr(other, name)
            if own != theirs:
                raise ValueError(f"{name} must be the same to merge; got {own!r} and {theirs!r}")
        n_counted = other.n_rows - other._n_kept
        if n_counted:
            self.n_rows += n_counted
            self._join(other._bins, other._only, other._counts)
        for score, positive, weight in list(other._rows):
            self._add(score, positive, weight)
        self._settle()
        return self

    def result(self) -> ScoreSummary:
        """The scores, and the intervals in which they are.

        Returns
        -------
        summary : ScoreSummary

        Warns
        -----
        UndefinedMetricWarning
            If all rows have one class.
        """
        exact = self.n_rows <= self.exact_rows
        if exact:
            negative, positive = self._exact_groups()
            ties = np.ones(len(negative), bool)
        else:
            self._fold()
            negative, positive = _total(self._counts)[::-1].T
            ties = ~np.isnan(self._only[::-1])
        if not (negative.any() and positive.any()):
            warn(
                "Only one class is present in y_true. ROC AUC score is not defined in that case.",
                shared(UndefinedMetricWarning),
            )
            return ScoreSummary(*(math.nan,) * 6, self.n_rows, exact)
        area = areas(negative, positive, ties, weighted=self._weighted)
        precision = precisions(negative, positive, ties, weighted=self._weighted)
        return ScoreSummary(*area, *precision, self.n_rows, exact)

    def __add__(self, other: object) -> ScoreHistogram:
        if not isinstance(other, ScoreHistogram):
            return NotImplemented
        return ScoreHistogram(**self._parameters()).merge(self).merge(other)

    def __radd__(self, other: object) -> ScoreHistogram:
        """So that ``sum`` of several works, which starts with 0."""
        return ScoreHistogram(**self._parameters()) + self if other == 0 else NotImplemented

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ScoreHistogram):
            return NotImplemented
        same = self._parameters() == other._parameters()
        same = same and (self.n_rows, self._weighted) == (other.n_rows, other._weighted)
        return same and all(
            np.array_equal(a, b, equal_nan=True)
            for a, b in zip(self._content(), other._content(), strict=True)
        )

    def __repr__(self) -> str:
        kept = "all kept" if self.n_rows <= self.exact_rows else f"{len(self._bins)} bins"
        return f"<ScoreHistogram of {self.n_rows} rows, {kept}>"

    def _parameters(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("pos_label", "exact_rows", "bits")}

    def _content(self) -> tuple[Array, ...]:
        """What was counted, whatever the order."""
        if self.n_rows > self.exact_rows:
            self._fold()
            return self._bins, self._only, _total(self._counts)
        score, positive, weight = _joined(self._rows)
        weight = _weights((score, positive, weight))
        order = np.lexsort((weight, positive, score))
        return score[order], positive[order], weight[order]

    # -- rows ------------------------------------------------------------------------------------

    def _add(self, score: Array, positive: Array, weight: Array | None) -> None:
        rows = self._rows
        rows.append((score, positive, weight))
        if len(rows) >= _PIECES and len(rows[-_PIECES][0]) < _PIECE:
            rows[-_PIECES:] = [_joined(rows[-_PIECES:])]
        self.n_rows += len(score)
        self._n_kept += len(score)
        self._weighted = self._weighted or weight is not None
        self._settle()

    def _settle(self) -> None:
        if self.n_rows > self.exact_rows and self._n_kept > min(_PENDING, self.exact_rows):
            self._fold()

    def _exact_groups(self) -> tuple[Array, Array]:
        """Negative and positive rows, or weights, of each distinct score, descending."""
        if not self._rows:
            return np.zeros(1), np.zeros(1)
        score, positive, weight = _joined(self._rows)
        if weight is not None:
            # The order of the rows is not to show in the sums.
            order = np.lexsort((weight, positive, score))
            score, positive, weight = score[order], positive[order], weight[order]
        curve = _ranked.Binary(positive, 1, score, weight).curve()
        return np.diff(curve.fps, prepend=0.0), np.diff(curve.tps, prepend=0.0)

    # -- bins ------------------------------------------------------------------------------------

    def _fold(self) -> None:
        """Count the rows that wait."""
        rows, self._rows, self._n_kept = self._rows, [], 0
        if not rows:
            return
        score, positive, weight = _joined(rows)
        bins, place = _distinct(_bins_of(score, self.bits))
        only = np.empty(len(bins))
        only[place] = score
        only[place[score != only[place]]] = np.nan
        cells, n_cells = 2 * place + positive, 2 * len(bins)
        counts: Array
        if self._weighted:
            weight = _weights((score, positive, weight))
            counts = _weigh(cells, weight, n_cells).reshape(-1, 2, 2)
        else:
            counts = np.bincount(cells, minlength=n_cells).reshape(-1, 2)
        self._join(bins, only, counts)

    def _join(self, bins: NDArray[np.int64], only: NDArray[np.float64], counts: Array) -> None:
        self._weighted = self._weighted or counts.ndim == 3
        own, counts = (_as_weights(x) if self._weighted else x for x in (self._counts, counts))
        merged, place = np.unique(np.concatenate((self._bins, bins)), return_inverse=True)
        before, now = place[: len(self._bins)], place[len(self._bins) :]
        total = np.zeros((len(merged), *counts.shape[1:]), counts.dtype)
        total[before] = own
        total[now] = _add_twofold(total[now], counts) if self._weighted else total[now] + counts
        single = np.empty(len(merged))
        single[now] = only
        single[before] = self._only
        single[now] = np.where(single[now] == only, only, np.nan)
        self._bins, self._only, self._counts = merged, single, total


def _weights(rows: Rows) -> Array:
    return np.ones(len(rows[0])) if rows[2] is None else rows[2]


def _joined(pieces: list[Rows]) -> Rows:
    if not pieces:
        return np.empty(0), np.empty(0, bool), None
    score, positive = (np.concatenate([piece[i] for piece in pieces]) for i in (0, 1))
    if all(piece[2] is None for piece in pieces):
        return score, positive, None
    return score, positive, np.concatenate([_weights(piece) for piece in pieces])


def _total(counts: Array) -> Array:
    return counts.sum(axis=2) if counts.ndim == 3 else counts


def _as_weights(counts: Array) -> Array:
    if counts.ndim == 3:
        return counts
    return np.stack((counts.astype(np.float64), np.zeros(counts.shape)), axis=-1)


def _bins_of(score: Array, bits: int) -> NDArray[np.int64]:
    """The first bits of keys that ascend as the scores do; both zeros have one."""
    key = (score + 0.0).view(np.uint64)
    key = np.where(key & _SIGN, ~key, key | _SIGN)
    return (key >> np.uint64(64 - bits)).astype(np.int64)


def _distinct(bins: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The distinct bins, ascending, and the place of each one among them."""
    low = int(bins.min())
    span = int(bins.max()) - low + 1
    if span > 4 * len(bins) + _PENDING:
        distinct, place = np.unique(bins, return_inverse=True)
        return distinct, place
    there = np.zeros(span, bool)
    there[bins - low] = True
    return there.nonzero()[0] + low, (np.cumsum(there) - 1)[bins - low]


def _weigh(cells: NDArray[np.int64], weight: Array, n_cells: int) -> Array:
    """Sums of weights, each as a double and what it lacks: no sum depends on the order of rows.

    Weights are cut at a bit that is the same for all. The sums of the first parts are exact, and
    errors of those of the second parts are far below the last place of a double.
    """
    unit = 2.0 ** max(math.frexp(float(weight.max()))[1] - 26, -1074)
    first = np.rint(weight / unit) * unit
    sums = [np.bincount(cells, part, n_cells) for part in (first, weight - first)]
    return np.stack(two_sum(sums[0], sums[1]), axis=-1)


def _add_twofold(a: Array, b: Array) -> Array:
    return np.stack(add_twofold(a[..., 0], a[..., 1], b[..., 0], b[..., 1]), axis=-1)
