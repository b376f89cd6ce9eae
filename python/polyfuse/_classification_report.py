"""Every score of every label on one page; see ``polyfuse.metrics``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from . import _labels, _parameters
from ._averages import Column, Sums, add_up, columns, mean, metric_of, total, warn_undefined
from ._codes import Codes, encode
from ._labels import INDICATOR, Array, Targets
from ._scores import METRICS, check_zero_division, sums_of
from .exceptions import warn

_LONGEST = "weighted avg"
HEADERS = ("precision", "recall", "f1-score", "support")


def classification_report(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    labels: ArrayLike | None = None,
    target_names: Sequence[str] | None = None,
    sample_weight: ArrayLike | None = None,
    digits: int = 2,
    output_dict: bool = False,
    zero_division: float | Literal["warn"] = "warn",
) -> str | dict[str, Any]:
    """Precision, recall, F1 score and support of each label, and their averages.

    All of it is arithmetic on one count of the labels: the targets are read once.

    Parameters
    ----------
    y_true : array-like or sparse matrix of shape (n,) or (n, n_labels)
        True labels: integers, booleans, strings or floats with integer values; or an indicator
        matrix of 0 and 1.
    y_pred : array-like or sparse matrix of shape (n,) or (n, n_labels)
        Predicted labels.
    labels : array-like of shape (k,), default=None
        The labels to report, in this order; numbers of columns for indicator matrices. By default
        all labels, sorted.
    target_names : sequence of str of length k, default=None
        What to call the labels. By default they are shown as they are.
    sample_weight : array-like of shape (n,), default=None
        Weight of each row.
    digits : int, default=2
        Digits after the point in the text.
    output_dict : bool, default=False
        Return a dict instead of text.
    zero_division : {"warn", 0.0, 1.0, nan}, default="warn"
        The value of an undefined score. ``"warn"`` is 0.0 with a warning; nan keeps the label out
        of averages.

    Returns
    -------
    report : str or dict
        A line for each label; for ``accuracy``, or ``micro avg`` where some labels are left out or
        rows have several; for ``macro avg`` and ``weighted avg``; for ``samples avg``, over the
        rows of an indicator matrix. As a dict: for each of these names a dict of ``precision``,
        ``recall``, ``f1-score`` and ``support``, but for ``accuracy`` a float.

    Raises
    ------
    ValueError
        If lengths differ, there are no rows, targets are continuous or of different kinds, weights
        are not finite or all zero, or names are not as many as labels.

    Warns
    -----
    UndefinedMetricWarning
        If `zero_division` is ``"warn"`` and a score is undefined.
    UserWarning
        If names are not as many as `labels`.

    References
    ----------
    scikit-learn 1.9, ``sklearn.metrics.classification_report``.

    Examples
    --------
    >>> from polyfuse.metrics import classification_report
    >>> print(classification_report(["a", "b", "b", "c"], ["a", "a", "b", "c"]))
                  precision    recall  f1-score   support
    <BLANKLINE>
               a       0.50      1.00      0.67         1
               b       1.00      0.50      0.67         2
               c       1.00      1.00      1.00         1
    <BLANKLINE>
        accuracy                           0.75         4
       macro avg       0.83      0.83      0.78         4
    weighted avg       0.88      0.75      0.75         4
    <BLANKLINE>
    """
    caller = "classification_report"
    _parameters.check_arrays(caller, y_true, y_pred, sparse=True)
    _parameters.check_optional(
        caller, labels=labels, target_names=target_names, sample_weight=sample_weight
    )
    _parameters.check_integer(caller, "digits", digits, 0)
    _parameters.check_boolean(caller, "output_dict", output_dict)
    check_zero_division(caller, zero_division)
    targets = _labels.read_targets(y_true, y_pred, sample_weight)
    codes = None if targets.form == INDICATOR else encode(targets)
    names, whole = _names(targets, codes, labels, target_names)
    width = 0 if output_dict else max(max(len(name) for name in names), len(_LONGEST), digits)
    table = _table(targets, codes, labels, zero_division, whole)
    return _as_dict(names, table) if output_dict else _as_text(names, table, width, digits)


class _Table(NamedTuple):
    """The columns of the labels, and the lines of the averages: name and three scores."""

    columns: tuple[Column, ...]
    averages: list[tuple[str, list[float]]]
    support: float


def _names(
    targets: Targets, codes: Codes | None, labels: ArrayLike | None, names: Any
) -> tuple[Any, bool]:
    """What to call the labels, and if they are all labels there are, one for each row."""
    if labels is None:
        shown = _plain(codes.labels) if codes else range(targets.y_true.shape[1])
    else:
        shown = _plain(np.asarray(labels))
    whole = codes is not None and (labels is None or set(shown) >= set(_plain(codes.labels)))
    if names is None:
        return [str(label) for label in shown], whole
    if len(shown) != len(names):
        if labels is None:
            raise ValueError(
                f"Number of classes, {len(shown)}, does not match size of target_names, "
                f"{len(names)}. Try specifying the labels parameter"
            )
        warn(f"labels size, {len(shown)}, does not match size of target_names, {len(names)}")
    return names, whole


def _plain(labels: Array) -> list[Any]:
    # Narrow floats are written with the digits that they need, not those of float64.
    narrow = labels.dtype.kind == "f" and labels.dtype.itemsize < 8
    return list(labels) if narrow else labels.tolist()


def _table(
    targets: Targets,
    codes: Codes | None,
    labels: ArrayLike | None,
    zero_division: Any,
    whole: bool,
) -> _Table:
    weight = targets.sample_weight
    sums = columns(sums_of(targets, codes, labels, weight))
    scores = _scores(sums, zero_division, None)
    micro = _scores(total(sums), zero_division, "micro")
    averages = [("accuracy" if whole else "micro avg", [x[0] for x in micro[0]])]
    for average, weights in (("macro", None), ("weighted", sums.true)):
        _warn_again(scores[1], average, len(sums.true))
        averages.append((f"{average} avg", [mean(x, weights) for x in scores[0]]))
    if codes is None:
        rows = columns(sums_of(targets, codes, labels, weight, True))
        found, _ = _scores(rows, zero_division, "samples")
        averages.append(("samples avg", [mean(x, weight) for x in found]))
    return _Table((*scores[0], sums.true), averages, add_up(sums.true))


def _scores(sums: Sums, zero_division: Any, average: str | None) -> tuple[list[Column], list[str]]:
    """Precision, recall and F1, and which of them are to be warned about."""
    found, undefined = [], []
    for metric in METRICS:
        score, zero = metric_of(metric, sums, 1.0, zero_division)
        found.append(score)
        if zero and zero_division == "warn":
            undefined.append(metric)
            warn_undefined(metric, average, len(score))
    return found, undefined


def _warn_again(undefined: list[str], average: str, size: int) -> None:
    """scikit-learn divides anew for each average, and warns each time."""
    for metric in undefined:
        warn_undefined(metric, average, size)


# -- what is returned ----------------------------------------------------------------------------


def _as_dict(names: Any, table: _Table) -> dict[str, Any]:
    report: dict[str, Any] = {}
    for name, *values in zip(names, *table.columns, strict=False):
        report[name] = dict(zip(HEADERS, map(float, values), strict=True))
    for name, scores in table.averages:
        report[name] = dict(zip(HEADERS, (*scores, float(table.support)), strict=True))
    if "accuracy" in report:
        report["accuracy"] = report["accuracy"]["precision"]
    return report


def _as_text(names: Any, table: _Table, width: int, digits: int) -> str:
    number = f" %9.{digits}f"
    line = f"%{width}s " + 3 * number + " %9s\n"
    parts = [f"{'':>{width}s} " + "".join(f" {name:>9}" for name in HEADERS), "\n\n"]
    parts += [line % row for row in zip(names, *table.columns, strict=False)]
    parts.append("\n")
    for name, scores in table.averages:
        if name == "accuracy":
            row = f"%{width}s {'':20}" + number + " %9s\n"
            parts.append(row % (name, scores[2], table.support))
        else:
            parts.append(line % (name, *scores, table.support))
    return "".join(parts)
