"""Whether probabilities are what they say; see ``polyfuse.plotting``."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._arrays import one_of, require_number
from ._plot_labels import Key, key_beside
from ._plot_scores import Scores, read_labels, read_scores
from ._plot_style import MUTED, colour_of, dash_of, marker_of, on_axes, plain, unit_square

_LARGEST = 260.0  # area of the marker of all rows, in square points


class _Bins(NamedTuple):
    """Of the bins that hold a row, and the expected calibration error over all of them."""

    confidence: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    share: NDArray[np.float64]
    error: float


def calibration(
    y_true: ArrayLike,
    proba: Scores,
    ax: Any = None,
    *,
    n_bins: int = 10,
    strategy: str = "uniform",
) -> Any:
    """Draw how often predictions are right against how sure they are, one line per model.

    The model with the smallest error is named first. Below the diagonal, a model is surer than it
    should be. Of two classes, the probability of the greater label is held against how often it is
    the true one; of more, the probability of the most likely label against how often that is. ECE
    is the expected calibration error, Σ_b n_b/n |accuracy_b - confidence_b| with the means of bin
    b; the area of a marker is its n_b/n.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        True labels, at least two.
    proba : array-like of shape (n_samples,) or (n_samples, n_classes), or dict of str to those
        Probabilities of one model, or of several by name; a column per label, in ascending order.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.
    n_bins : int, default=10
        Number of bins, at least 1.
    strategy : {"uniform", "quantile"}, default="uniform"
        Bins of equal width, or of as equally many rows as ties allow.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If there are no probabilities, some are not between 0 and 1 or have another shape, `y_true`
        has fewer than two labels, or another argument is not as described.

    References
    ----------
    M. P. Naeini, G. F. Cooper and M. Hauskrecht, "Obtaining well calibrated probabilities using
    Bayesian binning", AAAI 2015; C. Guo et al., "On calibration of modern neural networks", ICML
    2017.

    Examples
    --------
    >>> from polyfuse import plotting
    >>> y = ["cat", "cat", "dog", "dog"]
    >>> ax = plotting.calibration(y, [0.1, 0.4, 0.35, 0.8], n_bins=2)  # doctest: +SKIP
    """
    require_number(n_bins, "n_bins", least=1, integer=True)
    one_of(strategy, "strategy", ("uniform", "quantile"))
    y, classes = read_labels(y_true)
    named = read_scores(proba, "proba", len(y), len(classes), single=len(classes) == 2)
    for name, x in named.items():
        _require_probabilities(x, f"proba[{name!r}]" if name else "proba")
    ax = on_axes(ax, (6.4, 4.2))
    ax.plot([0, 1], [0, 1], color=MUTED, linestyle=":", linewidth=1.4)
    keys = []
    for i, (name, x) in enumerate(named.items()):
        confidence, right = _held_against(y, classes, x)
        bins = _binned(confidence, right, _edges(confidence, n_bins, strategy))
        label = f"{plain(name)}, " * bool(name) + f"ECE {bins.error:.3f}"
        keys.append(Key(_draw_bins(ax, bins, i), label, bins.error))
    unit_square(ax)
    two = len(classes) == 2
    what = f"probability of {plain(classes[1])}" if two else "confidence in the predicted class"
    ax.set_xlabel(f"{what}\nmarker area: rows in the bin")
    ax.set_ylabel(f"fraction that is {plain(classes[1])}" if two else "accuracy")
    key_beside(ax, keys)
    return ax


def calibration_error(y_true: NDArray, proba: NDArray, n_bins: int = 10) -> float:
    """The expected calibration error that :func:`calibration` names, for bins of equal width."""
    confidence, right = _held_against(y_true, np.unique(y_true), proba)
    return _binned(confidence, right, _edges(confidence, n_bins, "uniform")).error


def _require_probabilities(x: NDArray, name: str) -> None:
    outside = (x < -1e-6) | (x > 1 + 1e-6)  # a softmax in float32 may round up
    if outside.any():
        raise ValueError(f"{name} must be between 0 and 1; got {x[outside][0]}.")


def _held_against(
    y: NDArray[Any], classes: NDArray[Any], x: NDArray
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The probability of something for each row, and whether it is so."""
    if len(classes) == 2:
        return x[:, -1].astype(np.float64), y == classes[1]
    likeliest = x.argmax(axis=1)
    return x[np.arange(len(x)), likeliest].astype(np.float64), classes[likeliest] == y


def _edges(confidence: NDArray[np.float64], n_bins: int, strategy: str) -> NDArray[np.float64]:
    """The inner edges of the bins."""
    inner = np.arange(1, n_bins) / n_bins
    return np.quantile(confidence, inner) if strategy == "quantile" else inner


def _binned(
    confidence: NDArray[np.float64], right: NDArray[np.bool_], edges: NDArray[np.float64]
) -> _Bins:
    # A bin holds its upper edge, as in Guo et al.
    place = np.searchsorted(edges, confidence, side="left")
    n = np.bincount(place, minlength=len(edges) + 1)
    there = n > 0
    means = (
        np.bincount(place, weights=values, minlength=len(n))[there] / n[there]
        for values in (confidence, right)
    )
    said, accuracy = means
    share = n[there] / len(confidence)
    return _Bins(said, accuracy, share, float(share @ np.abs(accuracy - said)))


def _draw_bins(ax: Any, bins: _Bins, i: int) -> Any:
    """Draw the line and the markers; returns the line, with a marker for the key."""
    colour = colour_of(i)
    (line,) = ax.plot(
        bins.confidence, bins.accuracy, color=colour, linestyle=dash_of(i), linewidth=2.2,
        marker=marker_of(i), markevery=[], markersize=8,
    )  # fmt: skip
    area = np.maximum(_LARGEST * bins.share, 8.0)
    ax.scatter(
        bins.confidence,
        bins.accuracy,
        area,
        color=colour,
        marker=marker_of(i),
        zorder=3,
        clip_on=False,
    )
    return line
