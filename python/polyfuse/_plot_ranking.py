"""Curves over all thresholds of scores; see ``polyfuse.plotting``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import metrics
from ._plot_labels import Key, key_beside
from ._plot_scores import Scores, read_labels, read_scores
from ._plot_style import MUTED, colour_of, dash_of, marker_of, on_axes, plain, unit_square

_GRID = np.linspace(0.0, 1.0, 1001)
Vector = NDArray[np.float64]
_Pairs = list[tuple[NDArray[np.bool_], NDArray]]


class _Curve(NamedTuple):
    """A curve, the area under it, and the place of the point that is marked."""

    name: str
    x: Vector
    y: Vector
    area: float
    at: int


def roc_curve(y_true: ArrayLike, y_score: Scores, ax: Any = None, *, pos_label: Any = None) -> Any:
    """Draw the receiver operating characteristic, one line per model, best named first.

    With more than two classes and no `pos_label`, the curve is the mean over the classes of those
    of one class against the rest, and the area under it the mean of theirs.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        True labels, at least two.
    y_score : array-like of shape (n_samples,) or (n_samples, n_classes), or dict of str to those
        Scores of one model, or of several by name: the greater, the more likely is the positive
        label, or the label of the column, labels in ascending order.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.
    pos_label : label, optional
        Draw this label against all others; the greater of two by default.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If there are no scores, some are not finite or have another shape, or `y_true` has fewer
        than two labels or not the `pos_label`.

    References
    ----------
    T. Fawcett, "An introduction to ROC analysis", Pattern Recognition Letters 27 (2006).

    Examples
    --------
    >>> from polyfuse import plotting
    >>> y = ["cat", "cat", "dog", "dog"]
    >>> ax = plotting.roc_curve(
    ...     y, {"image": [0.1, 0.4, 0.35, 0.8], "text": [0.1, 0.2, 0.7, 0.6]}
    ... )  # doctest: +SKIP
    """
    problem = _Problem(y_true, y_score, pos_label)
    curves = [_roc(name, list(problem.pairs(name))) for name in problem.scores]
    ax = on_axes(ax, (6.4, 4.2))
    ax.plot([0, 1], [0, 1], color=MUTED, linestyle=":", linewidth=1.4)
    _draw(ax, curves, "AUC")
    unit_square(ax)
    ax.set_xlabel("false positive rate" + problem.note)
    ax.set_ylabel("true positive rate")
    return ax


def precision_recall_curve(
    y_true: ArrayLike, y_score: Scores, ax: Any = None, *, pos_label: Any = None
) -> Any:
    """Draw precision against recall, one line per model, best named first.

    The dashed line is the base rate: the precision of guesses. With more than two classes and no
    `pos_label`, curve, average precision and base rate are means over the classes of those of one
    class against the rest.

    Parameters
    ----------
    y_true, y_score, ax, pos_label
        As in :func:`roc_curve`.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        As :func:`roc_curve`.

    References
    ----------
    J. Davis and M. Goadrich, "The relationship between precision-recall and ROC curves", ICML
    2006: between thresholds, precision steps and is not interpolated.

    Examples
    --------
    >>> from polyfuse import plotting
    >>> y = ["cat", "cat", "dog", "dog"]
    >>> ax = plotting.precision_recall_curve(y, [0.1, 0.4, 0.35, 0.8])  # doctest: +SKIP
    """
    problem = _Problem(y_true, y_score, pos_label)
    curves = [_precision_recall(name, list(problem.pairs(name))) for name in problem.scores]
    ax = on_axes(ax, (6.4, 4.2))
    ax.axhline(problem.base_rate, color=MUTED, linestyle="--", linewidth=1.4)
    ax.annotate(
        f"base rate {problem.base_rate:.2f}", (0.0, problem.base_rate), xytext=(0, 3),
        textcoords="offset points", color=MUTED,
    )  # fmt: skip
    _draw(ax, curves, "AP", "steps-pre")
    unit_square(ax)
    ax.set_xlabel("recall" + problem.note)
    ax.set_ylabel("precision")
    return ax


class _Problem:
    """Labels and scores as one problem of two classes, or as one per class."""

    def __init__(self, y_true: ArrayLike, y_score: Scores, pos_label: Any) -> None:
        self.y, classes = read_labels(y_true)
        places = np.arange(len(classes))
        if pos_label is not None:
            places = np.flatnonzero(classes == pos_label)
            if len(places) == 0:
                raise ValueError(
                    f"pos_label must be in y_true, {classes.tolist()}; got {pos_label!r}."
                )
        elif len(classes) == 2:
            places = places[1:]
        self.positives = classes[places]
        self.places = places
        self.scores = read_scores(
            y_score, "y_score", len(self.y), len(classes), single=len(places) == 1
        )

    @property
    def note(self) -> str:
        """What the label of an axis has to add."""
        n = len(self.places)
        return "" if n == 1 else f"\nmacro average over {n} classes, one-vs-rest"

    @property
    def base_rate(self) -> float:
        return float(np.isin(self.y, self.positives).mean() / len(self.places))

    def pairs(self, name: str) -> Iterator[tuple[NDArray[np.bool_], NDArray]]:
        """For each class, which rows are of it, and their scores."""
        scores = self.scores[name]
        for place, positive in zip(self.places, self.positives, strict=True):
            yield self.y == positive, scores[:, place if scores.shape[1] > 1 else 0]


def _roc(name: str, pairs: _Pairs) -> _Curve:
    area = float(np.mean([metrics.roc_auc_score(*pair) for pair in pairs]))
    rates = [metrics.roc_curve(*pair)[:2] for pair in pairs]
    if len(rates) == 1:
        x, y = rates[0]
    else:
        x = np.concatenate([[0.0], _GRID])  # up from no errors at all
        y = np.concatenate([[0.0], np.mean([np.interp(_GRID, *each) for each in rates], axis=0)])
    # Marked at the point that is farthest from guesses.
    return _Curve(name, x, y, area, int(np.argmax(y - x)))


def _precision_recall(name: str, pairs: _Pairs) -> _Curve:
    area = float(np.mean([metrics.average_precision_score(*pair) for pair in pairs]))
    steps = [_steps(*pair) for pair in pairs]
    if len(steps) == 1:
        x, y = steps[0]
    else:
        x = _GRID[1:]
        y = np.mean([p[np.searchsorted(r, x)] for r, p in steps], axis=0)
    x, y = np.concatenate([[0.0], x]), np.concatenate([y[:1], y])
    # Marked where precision and recall are nearest to each other.
    return _Curve(name, x, y, area, int(np.argmin(np.abs(y - x))))


def _steps(positive: NDArray[np.bool_], scores: NDArray) -> tuple[Vector, Vector]:
    """Each recall above zero that some threshold reaches, and the best precision there."""
    precision, recall, _ = metrics.precision_recall_curve(positive, scores)
    reached, first = np.unique(recall[::-1], return_index=True)
    return reached[1:], precision[::-1][first[1:]]


def _draw(ax: Any, curves: list[_Curve], area: str, drawstyle: str = "default") -> None:
    """Lines with a marker each, and their names and areas."""
    keys = []
    for i, curve in enumerate(curves):
        name = f"{plain(curve.name)}, " * bool(curve.name) + f"{area} {curve.area:.3f}"
        (line,) = ax.plot(
            curve.x, curve.y, color=colour_of(i), linestyle=dash_of(i), linewidth=2.2,
            drawstyle=drawstyle, marker=marker_of(i), markevery=[curve.at], markersize=8,
        )  # fmt: skip
        keys.append(Key(line, name, 1.0 - curve.area))
    key_beside(ax, keys)
