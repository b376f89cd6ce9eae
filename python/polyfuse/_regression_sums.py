"""Metrics of predicted numbers that come in parts; see ``polyfuse.metrics``."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from . import _labels
from ._compensated import add_twofold
from ._kernels.views import (
    ERROR,
    ERROR_SQUARES,
    GREATEST,
    SUM,
    SURPLUS,
    TARGET,
    TARGET_SQUARES,
    WEIGHT,
)
from ._labels import Array
from ._regression_targets import (
    AVERAGES,
    Pair,
    average_outputs,
    check_multioutput,
    output_weights,
    read,
    shares_explained,
    warn_of_too_few,
)

# Rows of what is kept: sums that add up, then means, each with the squares about it.
_WEIGHT, _SQUARED, _ABSOLUTE, _SHORT, _SURPLUS, _PERCENTAGE, _GREATEST = range(7)
_ERROR, _TARGET = 7, 9
_ADDED = slice(_WEIGHT, _GREATEST)
# Numbers that are summed in several ways before the next are looked at: they stay in the cache.
PIECE = 1 << 20


class RegressionSummary(NamedTuple):
    """What :class:`RegressionSums` knows: numbers, or arrays of shape (n_outputs,).

    Attributes
    ----------
    mean_squared_error, root_mean_squared_error, mean_absolute_error, r2_score, \
explained_variance_score, mean_absolute_percentage_error
        As the functions of these names.
    max_error
        The greatest absolute error of any row, whatever its weight; of all outputs if they are
        averaged.
    mean_error
        The mean of ``y_true - y_pred``.
    mean_shortfall, mean_surplus
        The means of ``max(y_true - y_pred, 0)`` and ``max(y_pred - y_true, 0)``. The mean pinball
        loss is ``alpha * mean_shortfall + (1 - alpha) * mean_surplus``.
    """

    mean_squared_error: float | Array
    root_mean_squared_error: float | Array
    mean_absolute_error: float | Array
    max_error: float | Array
    r2_score: float | Array
    explained_variance_score: float | Array
    mean_absolute_percentage_error: float | Array
    mean_error: float | Array
    mean_shortfall: float | Array
    mean_surplus: float | Array


class RegressionSums:
    """Metrics of predicted numbers, whose rows come a part at a time.

    What streams and clusters use: each part of the data updates sums of its own, or the same ones,
    and sums merge. However the rows are cut, and in whatever order the parts come, the metrics are
    the same to the last place or two: sums are pairs of floats, a value and what it lacks, and
    squares about a mean are merged with that mean, so that data far from zero lose nothing.

    Memory is 22 numbers for each output.

    See Also
    --------
    mean_squared_error, r2_score : The same of arrays.

    References
    ----------
    T. F. Chan, G. H. Golub and R. J. LeVeque, "Algorithms for computing the sample variance", The
    American Statistician 37, 1983.

    Examples
    --------
    >>> from polyfuse.metrics import RegressionSums
    >>> monday = RegressionSums().update([1.0, 2.0], [1.0, 3.0])
    >>> tuesday = RegressionSums().update([3.0, 4.0], [3.0, 4.0])
    >>> week = monday + tuesday
    >>> week
    RegressionSums(4 rows, 1 output)
    >>> week.result().mean_squared_error
    0.25
    >>> week.result().r2_score
    0.8
    """

    __hash__ = None  # type: ignore[assignment]

    def __init__(self) -> None:
        self.n_rows = 0
        self.weighted = False
        # Values and what they lack, of shape (2, 11, n_outputs).
        self._sums: Array | None = None

    def update(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> RegressionSums:
        """Add some rows.

        Parameters
        ----------
        y_true, y_pred : array-like of shape (n,) or (n, n_outputs)
            True and predicted values; n may be 0.
        sample_weight : array-like of shape (n,), default=None
            Weight of each row, not negative; all may be 0.

        Returns
        -------
        self : RegressionSums

        Raises
        ------
        ValueError
            If shapes differ, also from those of earlier rows, values or weights are not finite, or
            a weight is negative. The sums are then as they were.
        """
        t, p = _labels.as_array(y_true, "y_true"), _labels.as_array(y_pred, "y_pred")
        weight = None if sample_weight is None else _labels.as_array(sample_weight, "sample_weight")
        _labels.check_consistent_length(t, p, weight)
        if len(t) == 0:
            return self
        nothing = weight is not None and weight.ndim == 1 and not weight.any()
        pair = read(y_true, y_pred, None if nothing else sample_weight)
        if nothing:
            pair = pair._replace(weight=np.zeros(len(t)))
        if pair.weight is not None and (pair.weight < 0).any():
            raise ValueError("sample_weight must not be negative")
        self._check_outputs(pair.y_true.shape[1])
        sums, step = self._sums, max(1, PIECE // pair.y_true.shape[1])
        for start in range(0, len(t), step):
            sums = _merged(sums, _sums_of(pair.rows(slice(start, start + step))))
        self._sums = sums
        self.n_rows += len(t)
        self.weighted |= weight is not None
        return self

    def merge(self, other: RegressionSums) -> RegressionSums:
        """Add what `other` has summed; it stays as it is.

        Parameters
        ----------
        other : RegressionSums

        Returns
        -------
        self : RegressionSums

        Raises
        ------
        TypeError
            If it is no RegressionSums.
        ValueError
            If it has another number of outputs.
        """
        if not isinstance(other, RegressionSums):
            raise TypeError(f"other must be a RegressionSums; got {type(other).__name__}.")
        if other._sums is not None:
            self._check_outputs(other._sums.shape[2])
            self._sums = _merged(self._sums, other._sums)
        self.n_rows += other.n_rows
        self.weighted |= other.weighted
        return self

    def __add__(self, other: object) -> RegressionSums:
        if not isinstance(other, RegressionSums):
            return NotImplemented
        return RegressionSums().merge(self).merge(other)

    def __radd__(self, other: object) -> RegressionSums:
        """So that ``sum`` of several works, which starts with 0."""
        return RegressionSums() + self if other == 0 else NotImplemented

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RegressionSums):
            return NotImplemented
        same = (self.n_rows, self.weighted) == (other.n_rows, other.weighted)
        if self._sums is None or other._sums is None:
            return same and self._sums is other._sums
        return same and np.array_equal(self._sums[0], other._sums[0])

    def __repr__(self) -> str:
        weighted = "weighted " if self.weighted else ""
        n_outputs = 0 if self._sums is None else self._sums.shape[2]
        plural = "" if n_outputs == 1 else "s"
        return f"RegressionSums({self.n_rows:,} {weighted}rows, {n_outputs:,} output{plural})"

    def result(
        self,
        multioutput: Literal["raw_values", "uniform_average"] | ArrayLike = "uniform_average",
        *,
        force_finite: bool = True,
    ) -> RegressionSummary:
        """The metrics of all rows so far. Later updates leave it as it is.

        Parameters
        ----------
        multioutput : {"raw_values", "uniform_average"} or array-like of shape (n_outputs,), \
default="uniform_average"
            Metrics of each output, their mean, or their mean with these weights.
        force_finite : bool, default=True
            As for :func:`r2_score`.

        Returns
        -------
        summary : RegressionSummary

        Raises
        ------
        ValueError
            If there are no rows yet, or `multioutput` does not go with the outputs.
        ZeroDivisionError
            If weights add up to zero.

        Warns
        -----
        UndefinedMetricWarning
            If there are fewer than two rows: R² is NaN.
        """
        check_multioutput("result", multioutput, AVERAGES)
        if self._sums is None:
            raise ValueError("There are no rows yet; call update(y_true, y_pred) first.")
        sums: Array = self._sums[0]
        if sums[_WEIGHT, 0] == 0.0:
            raise ZeroDivisionError("Weights sum to zero, can't be normalized")
        raw = isinstance(multioutput, str) and multioutput == "raw_values"
        custom = not isinstance(multioutput, str)
        over = output_weights(multioutput, sums.shape[1]) if custom else None

        def averaged(values: Array) -> float | Array:
            return average_outputs(values.copy(), over, raw=raw)

        means = sums / sums[_WEIGHT]
        explained = (
            shares_explained(of, sums[_TARGET + 1], force_finite=force_finite)
            for of in (sums[_SQUARED], sums[_ERROR + 1])
        )
        r2, variance = map(averaged, explained)
        if self.n_rows < 2:
            warn_of_too_few("R^2")
            r2 = float("nan")
        return RegressionSummary(
            averaged(means[_SQUARED]),
            averaged(np.sqrt(means[_SQUARED])),
            averaged(means[_ABSOLUTE]),
            sums[_GREATEST].copy() if raw else float(sums[_GREATEST].max()),
            r2,
            variance,
            averaged(means[_PERCENTAGE]),
            averaged(sums[_ERROR]),
            averaged(means[_SHORT]),
            averaged(means[_SURPLUS]),
        )

    def _check_outputs(self, n_outputs: int) -> None:
        if self._sums is not None and self._sums.shape[2] != n_outputs:
            raise ValueError(
                f"Rows must have {self._sums.shape[2]} output(s), as those before; got {n_outputs}."
            )


def _sums_of(pair: Pair) -> Array:
    sums = np.zeros((2, 11, pair.y_true.shape[1]))
    told = pair.twofold_sums("deviations")
    sums[:, _WEIGHT] = told[:, WEIGHT]
    sums[:, [_ERROR, _ERROR + 1]] = told[:, [ERROR, ERROR_SQUARES]]
    sums[:, [_TARGET, _TARGET + 1]] = told[:, [TARGET, TARGET_SQUARES]]
    told = pair.twofold_sums("absolute")
    sums[:, [_ABSOLUTE, _GREATEST]] = told[:, [SUM, GREATEST]]
    sums[:, [_SHORT, _SURPLUS]] = pair.twofold_sums("sides")[:, [SUM, SURPLUS]]
    sums[:, _SQUARED] = pair.twofold_sums("squared")[:, SUM]
    sums[:, _PERCENTAGE] = pair.twofold_sums("percentage")[:, SUM]
    return sums


def _merged(old: Array | None, new: Array) -> Array:
    if old is None:
        return new
    if not new[0, _WEIGHT].any() or not old[0, _WEIGHT].any():
        merged = (old if old[0, _WEIGHT].any() else new).copy()
    else:
        merged = np.empty_like(old)
        merged[:, _ADDED] = _plus(old[:, _ADDED], new[:, _ADDED])
        before, weight = old[0, _WEIGHT], new[0, _WEIGHT]
        with np.errstate(all="ignore"):
            share = weight / merged[0, _WEIGHT]
            for mean in (_ERROR, _TARGET):
                square = mean + 1
                d = (new[0, mean] - old[0, mean]) + (new[1, mean] - old[1, mean])
                merged[:, mean] = _plus(old[:, mean], _single(d * share))
                squares = _plus(old[:, square], new[:, square])
                merged[:, square] = _plus(squares, _single(d * d * (before * share)))
    merged[:, _GREATEST] = _single(np.maximum(old[0, _GREATEST], new[0, _GREATEST]))
    return merged


def _single(x: Array) -> Array:
    return np.stack((x, np.zeros_like(x)))


def _plus(a: Array, b: Array) -> Array:
    """a + b, each a double and what it lacks."""
    return np.stack(add_twofold(a[0], a[1], b[0], b[1]))
