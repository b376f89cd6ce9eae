"""Fusion rules beside single modalities, a row for each; see ``polyfuse.plotting``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ._plot_labels import font_size, size_in_points, values_beside
from ._plot_style import BLUE, GRID, VERMILLION, on_axes, plain, tidy
from ._statistics import wilson_interval

_FEW = 12  # rows that the eye follows from a name to its dot without help
Intervals = Mapping[str, tuple[float, float]]


def compare_fusions(
    scores: Mapping[str, float],
    baselines: Mapping[str, float],
    ax: Any = None,
    *,
    n_rows: int | None = None,
    intervals: Intervals | None = None,
) -> Any:
    """Draw the accuracy of each fusion rule next to that of each modality alone.

    Best on top. The dashed line is the best modality alone: only what lies to its right was
    worth fusing. The bars are intervals of each accuracy by itself: those given, else 95 %
    intervals (Wilson) of so many rows.

    Parameters
    ----------
    scores : dict of str to float
        Accuracy of each rule, between 0 and 1.
    baselines : dict of str to float
        Accuracy of each modality alone.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.
    n_rows : int, optional
        Number of rows scored, for Wilson's intervals.
    intervals : dict of str to (float, float), optional
        Lower and upper end for some or all of the names in `scores` and `baselines`, such as of
        repeated splits or of nested cross-validation.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If there are no scores or baselines, one is not between 0 and 1, or an interval is of
        something else or has no two ends in ascending order.

    Examples
    --------
    >>> from polyfuse import plotting
    >>> ax = plotting.compare_fusions(
    ...     {"concatenate": 0.83, "mean": 0.77}, {"image": 0.58, "text": 0.75}, n_rows=418
    ... )  # doctest: +SKIP
    >>> ax = plotting.compare_fusions(
    ...     {"concatenate": 0.83}, {"text": 0.75}, intervals={"concatenate": (0.80, 0.85)}
    ... )  # doctest: +SKIP
    """
    for what, accuracies in (("scores", scores), ("baselines", baselines)):
        if not accuracies:
            raise ValueError(f"{what} must not be empty.")
        for name, accuracy in accuracies.items():
            if not 0.0 <= accuracy <= 1.0:
                raise ValueError(f"{what}[{name!r}] must be between 0 and 1; got {accuracy!r}.")
    given = _checked({} if intervals is None else intervals, {*scores, *baselines})
    n = len(scores) + len(baselines)
    ax = on_axes(ax, (6.4, 1.5 + 0.36 * min(n, _FEW) + 0.24 * max(n - _FEW, 0)))
    best = max(baselines, key=lambda name: baselines[name])
    ax.axvline(100 * baselines[best], color=VERMILLION, linestyle="--", linewidth=1.4, zorder=1)
    ax.annotate(
        plain(best), (100 * baselines[best], 1.01), xycoords=("data", "axes fraction"),
        ha="center", va="bottom", color=VERMILLION,
    )  # fmt: skip
    ax.set_ylim(n + 0.3, -0.7)
    ticks = _draw_accuracies(ax, scores, 0.0, n_rows, given, BLUE, "o")
    ticks |= _draw_accuracies(ax, baselines, len(scores) + 0.6, n_rows, given, VERMILLION, "s")
    ax.set_yticks(list(ticks), list(ticks.values()), fontsize=_size(ax))
    note = ", with interval" if given else ", with 95 % interval" if n_rows else ""
    ax.set_xlabel("accuracy on rows held out, %" + note)
    tidy(ax, grid="x")
    if n > _FEW:
        ax.hlines(list(ticks), 0, 1, GRID, linewidth=0.6, transform=ax.get_yaxis_transform())
    return ax


def _checked(intervals: Intervals, names: set[str]) -> Intervals:
    for name, interval in intervals.items():
        if name not in names:
            raise ValueError(f"intervals must be of scores or baselines; got {name!r}.")
        ends = np.asarray(interval, np.float64)
        if ends.shape != (2,) or not np.isfinite(ends).all() or ends[0] > ends[1]:
            raise ValueError(
                f"intervals[{name!r}] must be two numbers in ascending order; got {interval!r}."
            )
    return intervals


def _draw_accuracies(
    ax: Any, accuracies: Mapping[str, float], top: float, n_rows: int | None, given: Intervals,
    colour: str, marker: str,
) -> dict[float, str]:  # fmt: skip
    """Draw one row per model, best first; returns the heights and names."""
    names = sorted(accuracies, key=lambda name: -accuracies[name])
    heights = [top + i for i in range(len(names))]
    for name, y in zip(names, heights, strict=True):
        accuracy, interval = accuracies[name], given.get(name)
        if interval is None and n_rows:
            interval = wilson_interval(accuracy * n_rows, n_rows)
        if interval is not None:
            low, high = interval
            ax.plot([100 * low, 100 * high], [y, y], color=colour, linewidth=2.6, alpha=0.55)
        ax.plot(100 * accuracy, y, marker, color=colour, markersize=min(8, 0.8 * _size(ax)))
    texts = [f"{100 * accuracies[name]:.1f}" for name in names]
    values_beside(ax, heights, texts, colour, size=_size(ax))
    return dict(zip(heights, map(plain, names), strict=True))


def _size(ax: Any) -> float:
    """Size of text that fits the rows."""
    low, high = ax.get_ylim()
    row = size_in_points(ax)[1] / abs(float(high) - float(low))
    return min(font_size(), max(6.0, 0.85 * row))
