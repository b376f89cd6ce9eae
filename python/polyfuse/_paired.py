"""Two predictions of the same rows compared; see ``polyfuse.metrics``."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from . import _parameters
from ._bootstrap import check_options, defined, interval, interval_text
from ._labels import Array
from ._named_metrics import as_metric
from ._resampling import Sample, Score, as_generator, read_sample, resamples, swaps
from ._statistics import mcnemar, paired_interval
from .exceptions import UndefinedMetricWarning, shared, warn

Test = Literal["permutation", "bootstrap", "mcnemar", "mcnemar-midp"]
_METHODS = ("permutation", "bootstrap", "mcnemar", "mcnemar-midp")
# Scores within this fraction of each other differ by rounding.
_ROUNDING = 1e-12


@dataclass(frozen=True, eq=False, repr=False)
class PairedComparison:
    """Whether two predictions of the same rows differ by more than chance.

    Attributes
    ----------
    metric : str
    difference : float
        The metric of a less that of b: where a is better, positive for a score, negative for a
        loss.
    low, high : float
        Confidence interval of the difference.
    p_value : float
        Two-sided: how likely chance is to make a difference as large if there is none.
    estimate_a, estimate_b : float
    n_rows : int
    n_differ : int
        Rows of which a and b differ.
    only_a, only_b : int or None
        Rows that only a, or only b, gets right; None where targets are no labels.
    standard_error : float
        Of the difference; NaN for McNemar's tests.
    confidence_level : float
    method : {"permutation", "bootstrap", "mcnemar", "mcnemar-midp"}
    """

    metric: str
    difference: float
    low: float
    high: float
    p_value: float
    estimate_a: float
    estimate_b: float
    n_rows: int
    n_differ: int
    only_a: int | None
    only_b: int | None
    standard_error: float
    confidence_level: float
    method: Test

    def __repr__(self) -> str:
        text = interval_text(
            self.difference, self.low, self.high, self.standard_error, self.confidence_level, "+"
        )
        return f"{text}, p = {self.p_value:.2g}"


def compare(
    y_true: ArrayLike,
    pred_a: ArrayLike,
    pred_b: ArrayLike,
    metric: str | Callable[..., float] = "accuracy",
    *,
    method: Test = "permutation",
    n_resamples: int = 1000,
    confidence_level: float = 0.95,
    sample_weight: ArrayLike | None = None,
    random_state: Any = None,
) -> PairedComparison:
    """Whether one prediction is better than another by more than chance: a paired test.

    The rows are counted once, by their true label and both predictions. Rows of one such cell are
    exchangeable: which of them a permutation swaps is a binomial of each cell, and which the
    bootstrap draws a multinomial over cells, both exact, whatever the number of rows.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        True labels, or whatever `metric` takes.
    pred_a, pred_b : array-like of shape (n,)
        The predictions; scores, probabilities or numbers if `metric` takes these.
    metric : str or callable, default="accuracy"
        As for :func:`bootstrap`.
    method : {"permutation", "bootstrap", "mcnemar", "mcnemar-midp"}, default="permutation"
        ``"permutation"``: of each row, a and b are swapped with probability 1/2, which changes
        nothing if they are equally good. ``"bootstrap"``: how often the differences of resampled
        rows are as far from the difference as that is from 0. ``"mcnemar"``, ``"mcnemar-midp"``:
        exact, or mid-p, binomial test of the rows that only one of them gets right; for accuracy
        alone, without weights; nothing is drawn.
    n_resamples : int, default=1000
        The p-value is at least ``1 / (n_resamples + 1)``.
    confidence_level : float, default=0.95
        Of the interval, between 0 and 1.
    sample_weight : array-like of shape (n,), default=None
        Weight of each row, which stays with it.
    random_state : int, RandomState, Generator or None, default=None
        What to draw from.

    Returns
    -------
    result : PairedComparison
        Its repr is such as ``+0.021 [+0.008, +0.035], 95 %, p = 0.002``. The interval is that of
        the paired bootstrap (percentile), or of Agresti and Min with McNemar's tests.

    Raises
    ------
    ValueError
        As :func:`bootstrap`; if McNemar's test is asked for another metric than accuracy, or
        with weights.
    TypeError
        As :func:`bootstrap`.

    Warns
    -----
    UndefinedMetricWarning
        If the metric is NaN in some resamples, which are left out; if it is NaN for a or b, whose
        p-value is NaN.

    References
    ----------
    Permutations: P. Good, *Permutation, Parametric and Bootstrap Tests of Hypotheses*, 2005,
    chapter 3. The bootstrap, and p-values that count the data among the resamples: A. C. Davison
    and D. V. Hinkley, *Bootstrap Methods and their Application*, 1997, chapter 4; B. V. North,
    D. Curtis and P. C. Sham, American Journal of Human Genetics 71 (2002), 439-441. Binomial
    tests: Q. McNemar, Psychometrika 12 (1947), 153-157; M. W. Fagerland, S. Lydersen and
    P. Laake, BMC Medical Research Methodology 13 (2013), 91. Their interval: A. Agresti and
    Y. Min, Statistics in Medicine 24 (2005), 729-740.

    Examples
    --------
    >>> from polyfuse.metrics import compare
    >>> y_true = [0, 1] * 50
    >>> fused, alone = [0, 1] * 45 + [1, 0] * 5, [0, 1] * 40 + [1, 0] * 10
    >>> result = compare(y_true, fused, alone, "accuracy", random_state=0)
    >>> result.n_differ, result.p_value < 0.01
    (10, True)
    >>> compare(y_true, fused, alone, "accuracy", method="mcnemar")
    +0.100 [+0.037, +0.159], 95 %, p = 0.002
    """
    check_options("compare", n_resamples, confidence_level)
    _parameters.check_choice("compare", "method", method, _METHODS)
    known, rng = as_metric(metric, "compare"), as_generator(random_state)
    binomial = method.startswith("mcnemar")
    if binomial and (known.formula != "accuracy_score" or sample_weight is not None):
        raise ValueError(
            f"method={method!r} is for accuracy without weights; got metric {known.name!r}"
            f"{'' if sample_weight is None else ' and sample_weight'}."
        )
    preds = {"pred_a": pred_a, "pred_b": pred_b}
    sample, score = read_sample(known, y_true, preds, sample_weight)
    facts = _facts(sample, score)
    if binomial:
        if facts["only_a"] is None:
            raise ValueError(f"method={method!r} is for one label per row.")
        found: dict[str, Any] = _binomial(facts, confidence_level, method == "mcnemar-midp")
    else:
        found = _resampled(sample, score, facts, n_resamples, confidence_level, method, rng)
    return PairedComparison(
        metric=known.name, confidence_level=float(confidence_level), method=method, **facts, **found
    )


def _facts(sample: Sample, score: Score) -> dict[str, Any]:
    """What there is to say without drawing anything."""
    (a, b), counts = sample.preds, sample.counts
    ones = sample.weigh(counts)[None]
    first, second = (float(score(sample.true, pred, ones)[0]) for pred in (a, b))
    only_a = only_b = None
    if sample.labelled:
        right_a, right_b = a == sample.true, b == sample.true
        only_a, only_b = (
            int(counts[only].sum()) for only in (right_a & ~right_b, right_b & ~right_a)
        )
    return {
        "difference": first - second,
        "estimate_a": first,
        "estimate_b": second,
        "n_rows": sample.n_rows,
        "n_differ": int(counts[sample.differ()].sum()),
        "only_a": only_a,
        "only_b": only_b,
    }


def _binomial(facts: dict[str, Any], level: float, mid_p: bool) -> dict[str, float]:
    gained, lost = facts["only_a"], facts["only_b"]
    low, high = paired_interval(gained, lost, facts["n_rows"], level)
    return {
        "p_value": mcnemar(gained, lost, mid_p=mid_p),
        "low": low, "high": high, "standard_error": float("nan"),
    }  # fmt: skip


def _resampled(
    sample: Sample, score: Score, facts: dict[str, Any], n_resamples: int, level: float,
    method: Test, rng: Any,
) -> dict[str, float]:  # fmt: skip
    (a, b), difference = sample.preds, facts["difference"]
    true, n_differ, of = sample.true, facts["n_differ"], partial(score, quiet=True)

    def drawn() -> Array:
        parts = []
        for counts in resamples(sample, n_resamples, rng):
            weights = sample.weigh(counts)
            parts.append(of(true, a, weights) - of(true, b, weights))
        return np.concatenate(parts)

    def swapped() -> Array:
        return np.concatenate(
            [
                of(pairs.true, pairs.one, weights) - of(pairs.true, pairs.other, weights)
                for pairs, weights in swaps(sample, n_resamples, rng)
            ]
        )

    differences = defined(drawn())
    low, high = interval(differences, difference, level, "percentile", _no_jackknife)
    if math.isnan(difference):
        warn("The difference is undefined, and so is the p-value.", shared(UndefinedMetricWarning))
        p_value = math.nan
    elif n_differ == 0:
        p_value = 1.0
    else:
        chance = defined(swapped()) if method == "permutation" else differences - difference
        rounding = _ROUNDING * max(abs(facts["estimate_a"]), abs(facts["estimate_b"]))
        extreme = np.count_nonzero(np.abs(chance) >= abs(difference) - rounding)
        p_value = float((1 + extreme) / (1 + len(chance)))
    error = float(np.std(differences, ddof=1)) if len(differences) > 1 else float("nan")
    return {"p_value": p_value, "low": low, "high": high, "standard_error": error}


def _no_jackknife() -> tuple[Array, Array]:
    raise AssertionError("percentiles need none")
