"""How much each modality does, in shares and in Shapley values; see ``polyfuse.plotting``."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._arrays import as_vector, one_of, require_fields
from ._plot_labels import values_beside
from ._plot_style import (
    BLUE,
    INK,
    MUTED,
    VERMILLION,
    chosen,
    evenly,
    on_axes,
    plain,
    plain_ticks,
    tidy,
    with_minus,
)
from .inspection import Contributions

_MOST_POINTS = 2_000


def contributions(result: Contributions, ax: Any = None, *, kind: str = "bar") -> Any:
    """Draw each modality's share of the decision, largest on top.

    The bar, or the upright line of a beeswarm, is the share over all rows. The line on a bar is
    the interval of the share, if the result has one, else it covers the shares of the middle 80 %
    of rows. A beeswarm has a point for each row, at most 2,000 rows evenly chosen.

    Parameters
    ----------
    result : Contributions or MMShap
        Of :func:`polyfuse.inspection.modality_contributions` or
        :func:`~polyfuse.inspection.mm_shap`; intervals are drawn if it has fields `low` and
        `high` of shape (n_modalities,) that are not None.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.
    kind : {"bar", "beeswarm"}, default="bar"
        What to draw.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    TypeError
        If `result` is no such result.
    ValueError
        If `kind` is none of these, or the result holds a number that is not finite.

    Examples
    --------
    >>> from polyfuse import inspection, plotting
    >>> result = inspection.modality_contributions(model, blocks)  # doctest: +SKIP
    >>> ax = plotting.contributions(result, kind="beeswarm")  # doctest: +SKIP
    """
    one_of(kind, "kind", ("bar", "beeswarm"))
    require_fields(result, "modalities per_row share", "modality_contributions")
    share = 100 * as_vector(result.share, "result.share", len(result.modalities))
    if not np.isfinite(result.per_row).all():
        raise ValueError("result.per_row must be finite; got NaN or infinity.")
    order = np.argsort(-share, kind="stable")
    total = result.per_row.sum(axis=1, keepdims=True)
    rows = (100 * result.per_row / np.where(total > 0, total, 1))[:, order]
    interval = _interval_of(result, order)
    bar = kind == "bar"
    ax = on_axes(ax, (6.4, 1.2 + (0.55 if bar else 0.85) * len(order)))
    draw = _draw_bars if bar else _draw_swarms
    ax.set_xlabel(draw(ax, share[order], rows, interval))
    places = np.arange(len(order))
    values_beside(ax, places.tolist(), [f"{x:.0f} %" for x in share[order]], INK)
    ax.set_yticks(places, [plain(result.modalities[m]) for m in order])
    ax.set(xlim=(0, 100) if bar else (-1, rows.max() + 1), ylim=(len(order) - 0.5, -0.5))
    tidy(ax, grid="x")
    return ax


def _interval_of(result: Any, order: NDArray[np.intp]) -> NDArray[np.float64] | None:
    """Lower and upper ends of what a result says of modalities, in an order, if it has them."""
    low, high = (getattr(result, name, None) for name in ("low", "high"))
    if low is None or high is None:
        return None
    ends = (("result.low", low), ("result.high", high))
    return np.array([as_vector(end, name, len(order))[order] for name, end in ends])


def _draw_bars(ax: Any, share: NDArray, rows: NDArray, interval: NDArray | None) -> str:
    """Draw them; returns what the axis shows."""
    y = np.arange(len(share))
    low, high = np.quantile(rows, [0.1, 0.9], axis=0) if interval is None else 100 * interval
    ax.barh(y, share, color=BLUE, alpha=0.6, height=0.62)
    ax.hlines(y, low, high, color=INK, linewidth=2.2)
    line = "middle 80 % of rows" if interval is None else "its interval"
    return f"share of the decision, %; line: {line}"


def _draw_swarms(ax: Any, share: NDArray, rows: NDArray, interval: NDArray | None) -> str:
    """Draw them; returns what the axis shows."""
    few = rows[evenly(len(rows), _MOST_POINTS)]
    area = min(16.0, max(5.0, 6_000 / len(few)))
    for i, (x, mean) in enumerate(zip(few.T, share, strict=True)):
        ax.scatter(x, i + _offsets(x), area, color=BLUE, alpha=0.5, linewidths=0)
        ax.vlines(mean, i - 0.44, i + 0.44, color=INK, linewidth=2.2)
        if interval is not None:
            ax.hlines(i, *100 * interval[:, i], color=INK, linewidth=2.2)
    return (
        f"share of each row's decision, %{chosen(len(few), len(rows))}\nline: share over all rows"
    )


def _offsets(x: NDArray[np.float64], n_bins: int = 150) -> NDArray[np.float64]:
    """How far to move each point from its line, so that as many as lie together stand apart."""
    place = np.minimum((x * (n_bins / 100)).astype(int), n_bins - 1)
    order = np.argsort(place, kind="stable")
    count = np.bincount(place, minlength=n_bins)
    rank = np.empty(len(x))
    rank[order] = np.arange(len(x)) - np.repeat(np.cumsum(count) - count, count)
    # 0, 1, -1, 2, -2 ... steps, of which the fullest bin fills the row.
    steps = np.ceil(rank / 2) * np.where(rank % 2 == 1, 1, -1)
    return np.asarray(steps * min(0.08, 0.8 / max(count.max(), 1)))


def shapley(result: Any, ax: Any = None) -> Any:
    """Draw what each modality adds to a score, from none of them to all.

    Each bar begins where the one above it ends, largest effect on top; the line on a bar is the
    interval of its end.

    Parameters
    ----------
    result : ModalityShapley
        Of :func:`polyfuse.inspection.modality_shapley`, or any object with the fields
        `modalities`, their names; `values` of shape (n_modalities,), the Shapley value of each in
        units of the score; `low` and `high` of that shape, or None; `empty` and `total`, the score
        without any modality and with all.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    TypeError
        If `result` has not these fields.
    ValueError
        If a field has not the shape it should have, or holds a number that is not finite.

    References
    ----------
    L. S. Shapley, "A value for n-person games", Contributions to the Theory of Games II (1953):
    the values add up to the difference between `total` and `empty`.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> from polyfuse import plotting
    >>> result = SimpleNamespace(
    ...     modalities=("image", "text"), values=[0.2, 0.5], low=None, high=None, empty=0.1,
    ...     total=0.8,
    ... )
    >>> ax = plotting.shapley(result)  # doctest: +SKIP
    """
    require_fields(result, "modalities values empty total", "modality_shapley")
    n = len(result.modalities)
    values = as_vector(result.values, "result.values", n)
    empty, total = (as_vector([getattr(result, k)], f"result.{k}")[0] for k in ("empty", "total"))
    order = np.argsort(-np.abs(values), kind="stable")
    interval = _interval_of(result, order)
    ends = empty + np.cumsum(values[order])
    starts = np.concatenate([[empty], ends[:-1]])
    ax = on_axes(ax, (6.4, 1.2 + 0.5 * (n + 2)))
    y = np.arange(1, n + 1)
    colours = [BLUE if value >= 0 else VERMILLION for value in values[order]]
    ax.barh(y, values[order], left=starts, color=colours, alpha=0.6, height=0.62)
    ax.vlines(np.r_[starts, ends[-1:]], np.arange(n + 1), np.arange(1, n + 2), MUTED, linewidth=1)
    ax.plot([empty, total], [0, n + 1], "D", color=INK, markersize=8)
    if interval is not None:
        ax.hlines(y, *(starts + interval), color=INK, linewidth=2.2)
    steps = [f"{value:+.3f}" for value in values[order]]
    texts = [with_minus(text) for text in (f"{empty:.3f}", *steps, f"{total:.3f}")]
    values_beside(ax, range(n + 2), texts, [INK, *colours, INK])
    names = ["none", *(plain(result.modalities[m]) for m in order), "all modalities"]
    ax.set_yticks(range(n + 2), names)
    ax.use_sticky_edges = False
    ax.margins(x=0.04)
    ax.set_ylim(n + 1.6, -0.6)
    ax.set_xlabel(
        "score; each bar: what the modality adds" + ", with interval" * (interval is not None)
    )
    tidy(ax, grid="x")
    plain_ticks(ax)
    return ax
