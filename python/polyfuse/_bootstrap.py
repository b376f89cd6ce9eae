"""The bootstrap of a metric; see ``polyfuse.metrics``."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real
from statistics import NormalDist
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _parameters
from ._labels import Array
from ._named_metrics import as_metric
from ._resampling import (
    Sample,
    Score,
    as_generator,
    read_sample,
    resamples,
    without_each,
)
from .exceptions import UndefinedMetricWarning, shared, warn

Method = Literal["percentile", "basic", "bca"]
_METHODS = ("percentile", "basic", "bca")


@dataclass(frozen=True, eq=False, repr=False)
class Bootstrap:
    """A metric with its confidence interval.

    Attributes
    ----------
    metric : str
    estimate : float
        The metric of the rows as they are.
    low, high : float
        The ends of the interval.
    standard_error : float
        Standard deviation of the distribution.
    confidence_level : float
    method : {"percentile", "basic", "bca"}
    n_rows : int
    distribution : ndarray of shape (n_resamples,), float64
        The metric of each resample; NaN where it is not defined.
    """

    metric: str
    estimate: float
    low: float
    high: float
    standard_error: float
    confidence_level: float
    method: Method
    n_rows: int
    distribution: NDArray[np.float64]

    @property
    def n_resamples(self) -> int:
        return len(self.distribution)

    def __repr__(self) -> str:
        return interval_text(
            self.estimate, self.low, self.high, self.standard_error, self.confidence_level
        )


def interval_text(
    value: float, low: float, high: float, error: float, level: float, sign: str = ""
) -> str:
    """Such as 0.812 [0.801, 0.823], 95 %; with as many digits as the standard error is worth."""
    digits = 3
    if error > 0.0 and math.isfinite(error):
        digits = min(max(3, 1 - math.floor(math.log10(error))), 12)
    ends = ", ".join(f"{end:{sign}.{digits}f}" for end in (low, high))
    return f"{value:{sign}.{digits}f} [{ends}], {100 * level:g} %"


def bootstrap(
    metric: str | Callable[..., float],
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    n_resamples: int = 1000,
    confidence_level: float = 0.95,
    method: Method = "percentile",
    sample_weight: ArrayLike | None = None,
    random_state: Any = None,
) -> Bootstrap:
    """Confidence interval of a metric, by drawing the rows again with replacement.

    Of a function of the confusion matrix, no row is read again: to draw n rows with replacement
    makes the cells of the matrix multinomial with n trials and their own frequencies, which is
    exact. 1,000 resamples then cost the same for a thousand rows and for a billion.

    Parameters
    ----------
    metric : str or callable
        A name: ``"accuracy"``, ``"balanced_accuracy"``, ``"matthews_corrcoef"``,
        ``"cohen_kappa"``, ``"zero_one_loss"``, ``"hamming_loss"``, or ``"precision"``,
        ``"recall"``, ``"f1"``, ``"jaccard"``, alone for two labels, of which 1 is positive, or
        with ``"_micro"``, ``"_macro"`` or ``"_weighted"``. Or the function of these, polyfuse's or
        scikit-learn's, with ``functools.partial`` for its options. Any other function is called
        as ``metric(y_true, y_pred, sample_weight=...)`` once for each resample: with each pair of
        labels that occurs and its number of rows or, where targets are no labels, with the rows
        and how often each is drawn, which is slow. One that has no parameter `sample_weight` is
        called with the rows drawn.
    y_true : array-like of shape (n,)
        True labels, or whatever `metric` takes.
    y_pred : array-like of shape (n,)
        Predicted labels, or scores, probabilities or numbers if `metric` takes these.
    n_resamples : int, default=1000
    confidence_level : float, default=0.95
        Between 0 and 1.
    method : {"percentile", "basic", "bca"}, default="percentile"
        ``"percentile"``: quantiles of the distribution. ``"basic"``: the same, reflected at the
        estimate. ``"bca"``: quantiles corrected for bias and skewness, the latter by leaving out
        one row of each pair of labels in turn, m scores of m pairs.
    sample_weight : array-like of shape (n,), default=None
        Weight of each row. Rows are drawn with equal chances and keep their weight. The cost goes
        with the number of distinct pairs of labels and weight.
    random_state : int, RandomState, Generator or None, default=None
        What to draw from. The same seed gives the same interval, whatever the order of the rows
        where they are labels.

    Returns
    -------
    result : Bootstrap
        Its repr is such as ``0.812 [0.801, 0.823], 95 %``; attributes `estimate`, `low`, `high`,
        `standard_error`, `distribution` and what was asked for.

    Raises
    ------
    ValueError
        As the metric does; if `metric` is a name that stands for none; if a parameter is out of
        its range.
    TypeError
        If `metric` is no function, or returns no number.

    Warns
    -----
    UndefinedMetricWarning
        If the metric is NaN in some resamples. They are left out of the interval. If all resamples
        lie on one side of the estimate, of which ``"bca"`` makes no interval: it is NaN.
    UserWarning
        If the estimate lies outside its interval, of so many resamples that one or more lie beyond
        each end.

    Notes
    -----
    A label that a resample has lost has no part in its mean over labels, as it has none in that
    of the metric of these rows; with ``labels=`` it has. Weights of kappa are by the places of
    labels among those of all rows. Where many labels have few rows, resamples lose many of them,
    and means over labels are biased by that.

    Intervals of a thousand resamples are good to two digits or so: another seed moves their ends
    by about a tenth of the standard error.

    References
    ----------
    B. Efron and R. J. Tibshirani, *An Introduction to the Bootstrap*, 1993, chapters 6, 13, 14;
    A. C. Davison and D. V. Hinkley, *Bootstrap Methods and their Application*, 1997, chapter 5.

    Examples
    --------
    >>> from polyfuse.metrics import bootstrap
    >>> result = bootstrap("accuracy", [0, 1] * 50, [0, 1, 1, 1] * 25, random_state=0)
    >>> result.estimate, result.n_resamples
    (0.75, 1000)
    >>> result
    0.750 [0.660, 0.830], 95 %
    """
    check_options("bootstrap", n_resamples, confidence_level)
    _parameters.check_choice("bootstrap", "method", method, _METHODS)
    known, rng = as_metric(metric, "bootstrap"), as_generator(random_state)
    sample, score = read_sample(known, y_true, {"y_pred": y_pred}, sample_weight)
    return bootstrap_sample(known.name, sample, score, n_resamples, confidence_level, method, rng)


def check_options(caller: str, n_resamples: Any, confidence_level: Any) -> None:
    _parameters.check_integer(caller, "n_resamples", n_resamples, 1)
    if not (isinstance(confidence_level, Real) and 0.0 < float(confidence_level) < 1.0):
        expected = "a float in the range (0.0, 1.0)"
        raise _parameters.invalid_parameter("confidence_level", caller, expected, confidence_level)


def bootstrap_sample(
    name: str, sample: Sample, score: Score, n_resamples: int, level: float, method: Method,
    rng: Any,
) -> Bootstrap:  # fmt: skip
    (pred,) = sample.preds

    def scores(counts: Array, *, quiet: bool = True) -> Array:
        return score(sample.true, pred, sample.weigh(counts), quiet=quiet)

    estimate = float(scores(sample.counts[None], quiet=False)[0])
    distribution = np.concatenate([scores(c) for c in resamples(sample, n_resamples, rng)])
    known = defined(distribution)

    def left_out() -> tuple[Array, Array]:
        without = np.concatenate([scores(c) for c in without_each(sample)])
        return without, sample.counts

    low, high = interval(known, estimate, level, method, left_out)
    if len(known) * (1 - level) >= 2:  # fewer do not reach beyond the ends, biased or not
        _warn_of_bias(estimate, low, high)
    error = float(np.std(known, ddof=1)) if len(known) > 1 else math.nan
    return Bootstrap(
        name, estimate, low, high, error, float(level), method, sample.n_rows, distribution
    )


def _warn_of_bias(estimate: float, low: float, high: float) -> None:
    rounding = 1e-12 * abs(estimate)
    if estimate < low - rounding or estimate > high + rounding:
        warn(
            f"The estimate {estimate:.4g} lies outside its interval [{low:.4g}, {high:.4g}]: "
            "resamples are biased, as means over labels are where labels of few rows are lost."
        )


def defined(distribution: Array) -> Array:
    """What is not NaN, with a warning if that is not all."""
    known: Array = distribution[~np.isnan(distribution)]
    if len(known) < len(distribution):
        warn(
            f"The metric is undefined in {len(distribution) - len(known)} of {len(distribution)} "
            "resamples, which are left out.",
            shared(UndefinedMetricWarning),
        )
    return known


def interval(
    distribution: Array, estimate: float, level: float, method: Method,
    left_out: Callable[[], tuple[Array, Array]],
) -> tuple[float, float]:  # fmt: skip
    """The ends of the interval; those of BCa from `left_out`, jackknife scores and their number."""
    if len(distribution) == 0:
        return math.nan, math.nan
    ends = np.array([(1 - level) / 2, (1 + level) / 2])
    if method == "bca" and distribution.min() < distribution.max():
        ends = _bca_ends(ends, distribution, estimate, *left_out())
        if np.isnan(ends).any():
            return math.nan, math.nan
    low, high = np.quantile(distribution, ends).tolist()
    return (2 * estimate - high, 2 * estimate - low) if method == "basic" else (low, high)


def _bca_ends(
    ends: Array, distribution: Array, estimate: float, without: Array, number: Array
) -> Array:
    """Efron and Tibshirani (1993), equations 14.9, 14.14 and 14.15."""
    normal, n = NormalDist(), len(distribution)
    # Ties count half: a score of few rows has few values.
    below = np.count_nonzero(distribution < estimate) + np.count_nonzero(distribution <= estimate)
    if below in (0, 2 * n):
        warn(
            "All resamples lie on one side of the estimate: there is no interval by method='bca'.",
            shared(UndefinedMetricWarning),
        )
        return np.full(2, math.nan)
    share = min(max(below / (2 * n), 0.5 / n), 1 - 0.5 / n)
    bias = normal.inv_cdf(share)
    known = ~np.isnan(without)
    without, number = without[known], number[known]
    apart = np.average(without, weights=number) - without if len(without) else np.zeros(1)
    number = number if len(without) else np.ones(1)
    spread = (number * apart**2).sum()
    skew = (number * apart**3).sum() / (6 * spread**1.5) if spread > 0 else 0.0
    moved = [bias + normal.inv_cdf(end) for end in ends]
    return np.array([normal.cdf(bias + z / (1 - skew * z)) for z in moved])
