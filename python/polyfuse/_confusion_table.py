"""Counts of pairs of labels, to be scored; see ``polyfuse.metrics.ConfusionCounts``."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ._bootstrap import Bootstrap, Method, bootstrap_sample, check_options
from ._classification import label_matrix
from ._codes import Codes, tally
from ._labels import SINGLE, Array, Targets
from ._named_metrics import LABEL_SCORES, Metric, as_metric
from ._resampling import Sample, as_generator, cast, formula_score


class ConfusionTable:
    """What a ConfusionCounts has counted: a data set in brief.

    A row of it is a pair of labels, and its weight the number of rows of the data that have them.
    Any metric of labels that takes weights is therefore that of the data.

    Attributes
    ----------
    y_true, y_pred : ndarray of shape (m,)
        The pairs that occur.
    counts : ndarray of shape (m,), int64 or float64
        Number, or weight, of the rows of each.
    n_rows : int or None
        Number of rows; None if they are weighted.
    """

    def __init__(
        self, values: Array, dtypes: tuple[np.dtype[Any], np.dtype[Any]], matrix: Array,
        labels: ArrayLike | None, n_rows: int | None,
    ) -> None:  # fmt: skip
        there = matrix != 0
        true, pred = map(np.ascontiguousarray, there.nonzero())
        silent = ~(there.any(axis=0) | there.any(axis=1))
        if silent.any():  # a label whose rows weigh nothing is a label
            (alone,) = silent.nonzero()
            true, pred = np.append(true, alone), np.append(pred, alone)
        self.y_true = cast(values[true], dtypes[0])
        self.y_pred = cast(values[pred], dtypes[1])
        self.counts = matrix[true, pred]
        self.n_rows = n_rows
        self._wanted = labels
        targets = Targets(SINGLE, self.y_true, self.y_pred, dtypes, None)
        tallies = tally(true, pred, None, len(values), 0)
        self._codes = Codes(targets, true, pred, 0, len(values), tallies, values)

    def __repr__(self) -> str:
        k = len(self._codes.values)
        return f"ConfusionTable({len(self.counts):,} pairs of {k:,} labels)"

    @property
    def labels(self) -> Array:
        """The labels of the rows and columns of the matrix."""
        return self._codes.labels if self._wanted is None else np.asarray(self._wanted)

    @property
    def matrix(self) -> Array:
        """The confusion matrix, as `confusion_matrix` of all rows."""
        if self._wanted is None:
            return self._codes.matrix(self.counts)
        return label_matrix(self._codes, self._wanted, self.counts)

    def score(self, metric: str | Callable[..., Any], **options: Any) -> Any:
        """A metric of the rows counted.

        Parameters
        ----------
        metric : str or callable
            A name, as :func:`bootstrap` takes it, or any function of `y_true`, `y_pred` and
            `sample_weight`: those of ``polyfuse.metrics`` and ``sklearn.metrics`` for labels.
        **options
            For a function, its other arguments. If it takes ``labels``, these are by default
            those of the ConfusionCounts.

        Returns
        -------
        score : float for a name, or what the function returns
            Where functions return a number of rows, it is a float, as of weights.

        Raises
        ------
        ValueError
            As the function does; if `metric` is a name that stands for none.
        TypeError
            If `metric` is neither; if there are options for a name.

        Examples
        --------
        >>> from polyfuse.metrics import ConfusionCounts, f1_score
        >>> table = ConfusionCounts().update([0, 1, 2, 2], [0, 1, 1, 2]).result()
        >>> round(table.score("f1_macro"), 3)
        0.778
        >>> table.score(f1_score, average=None).round(3)
        array([1.   , 0.667, 0.667])
        """
        if isinstance(metric, str):
            if options:
                raise TypeError(f"options are for functions; got {options} for {metric!r}.")
            metric = as_metric(metric, "score").call
        if self._wanted is not None and "labels" in _parameters_of(metric):
            options = {"labels": self._wanted, **options}
        return metric(self.y_true, self.y_pred, sample_weight=self.counts, **options)

    def bootstrap(
        self,
        metric: str | Callable[..., float],
        *,
        n_resamples: int = 1000,
        confidence_level: float = 0.95,
        method: Method = "percentile",
        random_state: Any = None,
    ) -> Bootstrap:
        """Confidence interval of a metric, as :func:`bootstrap` gives it of all rows.

        Parameters
        ----------
        metric : str or callable
            A name, or a function that is one of the confusion matrix.
        n_resamples, confidence_level, method, random_state
            See :func:`bootstrap`.

        Returns
        -------
        result : Bootstrap

        Raises
        ------
        ValueError
            As :func:`bootstrap`; if the rows are weighted, as what is to be drawn is not known
            then; if `metric` is no function of the confusion matrix.
        """
        check_options("bootstrap", n_resamples, confidence_level)
        if self.n_rows is None:
            raise ValueError("Weighted counts do not tell how many rows there are to draw.")
        known = self._metric(metric, "bootstrap")
        if known.formula is None:
            raise ValueError(f"{known.name} is not known as a function of the confusion matrix.")
        sample, rng = self._sample(), as_generator(random_state)
        score = formula_score(known, sample)
        return bootstrap_sample(
            known.name, sample, score, n_resamples, confidence_level, method, rng
        )

    def _sample(self) -> Sample:
        true, pred = self._codes.pair()
        return Sample(true, (pred,), self.counts, None, self._codes)

    def _metric(self, metric: Any, caller: str) -> Metric:
        known = as_metric(metric, caller)
        averages = known.options.get("average", "binary") != "binary"
        takes = known.formula == "cohen_kappa_score" or (known.formula in LABEL_SCORES and averages)
        if self._wanted is not None and takes:
            return known._replace(options={"labels": self._wanted, **known.options})
        return known


def _parameters_of(function: Callable[..., Any]) -> set[str]:
    inner = function.func if isinstance(function, partial) else function
    try:
        return set(inspect.signature(inner).parameters)
    except (TypeError, ValueError):
        return set()
