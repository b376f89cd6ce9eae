"""Intervals and tests for accuracies counted on the same rows."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95
_SUMMED = 1 << 20


def wilson_interval(
    n_right: float, n_rows: int, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """Wilson score interval of a proportion.

    (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n), p = n_right / n_rows, within [0, 1].

    References
    ----------
    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22
    (1927), 209-212.

    Examples
    --------
    >>> from polyfuse._statistics import wilson_interval
    >>> [round(x, 3) for x in wilson_interval(80, 100)]
    [0.711, 0.867]
    """
    z2 = NormalDist().inv_cdf(0.5 + confidence / 2.0) ** 2 / n_rows
    p = n_right / n_rows
    half = math.sqrt(z2 * (p * (1.0 - p) + z2 / 4.0))
    low, high = (p + z2 / 2.0 - half) / (1.0 + z2), (p + z2 / 2.0 + half) / (1.0 + z2)
    return max(0.0, low), min(1.0, high)


def mcnemar(gained: int, lost: int, *, mid_p: bool = False) -> float:
    """Two-sided McNemar test: P(a fair coin splits gained + lost at least as unevenly).

    With `mid_p`, splits just as uneven count half.

    References
    ----------
    Q. McNemar, Psychometrika 12 (1947), 153-157; T. Dietterich, "Approximate statistical tests
    for comparing supervised classification learning algorithms", Neural Computation 10 (1998);
    M. W. Fagerland, S. Lydersen and P. Laake, "The McNemar test for binary matched-pairs data:
    mid-p and asymptotic are better than exact conditional", BMC Medical Research Methodology 13
    (2013), 91.

    Examples
    --------
    >>> from polyfuse._statistics import mcnemar
    >>> round(mcnemar(9, 1), 6), round(mcnemar(9, 1, mid_p=True), 6)
    (0.021484, 0.011719)
    """
    n, few = gained + lost, min(gained, lost)
    splits = _chances_of_splits(n, few)
    exact = min(1.0, 2.0 * float(splits.sum()))
    return exact - float(splits[-1]) * (0.5 if gained == lost else 1.0) if mid_p else exact


def _chances_of_splits(n: int, few: int) -> NDArray[np.float64]:
    """Chances that a fair coin shows heads k times of n, for k up to `few`; none that is nothing.

    Beyond a million, the first is taken from the logarithm of the gamma function, which rounds to
    some 1e-6 of it for a billion.
    """
    if few <= _SUMMED:
        k = np.arange(1.0, few + 1.0)
        log_choose = np.concatenate([[0.0], np.cumsum(np.log((n - k + 1) / k))])
        return np.asarray(np.exp(log_choose - n * math.log(2.0)))
    last = math.lgamma(n + 1) - math.lgamma(few + 1) - math.lgamma(n - few + 1) - n * math.log(2.0)
    # Within 20 standard deviations of few are all that count.
    k = np.arange(float(few), float(max(0, few - 10 * math.isqrt(n))), -1.0)
    log_ratios = np.concatenate([[0.0], np.cumsum(np.log(k / (n - k + 1)))])
    return np.asarray(np.exp(last + log_ratios)[::-1])


def paired_interval(
    gained: int, lost: int, n_rows: int, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """Interval of the difference of two proportions of the same rows ("Wald+2").

    References
    ----------
    A. Agresti and Y. Min, "Simple improved confidence intervals for comparing matched
    proportions", Statistics in Medicine 24 (2005), 729-740.
    """
    z = NormalDist().inv_cdf(0.5 + confidence / 2.0)
    n, difference = n_rows + 2, gained - lost
    half = z * math.sqrt(gained + lost + 1.0 - difference**2 / n) / n
    return max(-1.0, difference / n - half), min(1.0, difference / n + half)


def student_quantile(degrees: int, confidence: float = CONFIDENCE) -> float:
    """The t that bounds a two-sided interval of Student's distribution.

    By bisection of its distribution function, integrated by the trapezoidal rule to some 1e-6.

    Examples
    --------
    >>> from polyfuse._statistics import student_quantile
    >>> round(student_quantile(4), 4)
    2.7764
    """
    grid = np.linspace(0.0, 1.0, 2001)
    log_scale = math.lgamma((degrees + 1) / 2) - math.lgamma(degrees / 2)
    scale = math.exp(log_scale) / math.sqrt(degrees * math.pi)
    low, high = 0.0, 1000.0
    for _ in range(60):
        t = 0.5 * (low + high)
        density = scale * (1.0 + (t * grid) ** 2 / degrees) ** (-(degrees + 1) / 2)
        within = 2.0 * t * float(((density[1:] + density[:-1]) / 2).sum() / 2000)
        low, high = (t, high) if within < confidence else (low, t)
    return low
