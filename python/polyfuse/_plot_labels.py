"""Names and numbers, written next to what they belong to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._plot_style import PAGE

_LINE, _LETTER = 1.35, 0.62  # height of a line, width of a letter, of the size of the font


class End(NamedTuple):
    """The last point of a curve, and what to write next to it."""

    name: str
    x: float
    y: float
    colour: str


def name_ends(ax: Any, ends: Sequence[End]) -> None:
    """Write each name to the right of the plot, at the height of its end or as near as fits."""
    heights = _in_axes(ax, [(end.x, end.y) for end in ends])[:, 1].tolist()
    for end, height in zip(ends, spread(heights, line_height(ax)), strict=True):
        ax.annotate(
            end.name, (end.x, end.y), xytext=(1.03, height), textcoords="axes fraction",
            va="center", color=end.colour, fontweight="bold", annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": end.colour, "alpha": 0.5, "shrinkA": 2},
        )  # fmt: skip


class Key(NamedTuple):
    """A line, what to write next to a piece of it, and how good it is: 0 comes first."""

    line: Any
    text: str
    loss: float


def key_beside(ax: Any, keys: Sequence[Key]) -> None:
    """Name lines that end in one place: a piece of each beside the plot, the best on top."""
    keys = sorted(keys, key=lambda key: key.loss)
    legend = ax.legend(
        [key.line for key in keys], [str(i) for i in range(len(keys))], loc="upper left",
        bbox_to_anchor=(1.0, 1.02), frameon=False, handlelength=3.0, labelcolor="linecolor",
        prop={"weight": "bold"},
    )  # fmt: skip
    for text, key in zip(legend.get_texts(), keys, strict=True):
        text.set_text(key.text)  # matplotlib 3.8 leaves out what is given with a leading _


def values_beside(
    ax: Any,
    heights: Sequence[float],
    texts: Sequence[str],
    colours: str | Sequence[str],
    *,
    size: float | None = None,
) -> None:
    """Write a number to the right of each row; one colour, or one per row."""
    each = [colours] * len(texts) if isinstance(colours, str) else colours
    for y, text, colour in zip(heights, texts, each, strict=True):
        ax.annotate(
            text, (1.02, y), xycoords=("axes fraction", "data"), va="center", color=colour,
            fontweight="bold", fontsize=size, annotation_clip=False,
        )  # fmt: skip


def name_groups(
    ax: Any, names: Sequence[str], points: NDArray[np.float64], colours: Sequence[str]
) -> None:
    """Write each name at its point of the data, moved up or down where names would overlap."""
    places = _in_axes(ax, points)
    width, _ = size_in_points(ax)
    half = [0.5 * _LETTER * font_size() * (len(name) + 1) / width for name in names]
    places[:, 0] = np.clip(places[:, 0], half, 1.0 - np.minimum(half, 0.5))
    heights = _apart(places, np.array(half), line_height(ax))
    for name, x, y, colour in zip(names, places[:, 0], heights, colours, strict=True):
        ax.annotate(
            name, (x, y), xycoords="axes fraction", ha="center", va="center",
            color=colour, fontweight="bold", zorder=5,
            bbox={"boxstyle": "round,pad=0.15", "facecolor": PAGE, "edgecolor": "none",
                  "alpha": 0.85},
        )  # fmt: skip


def _in_axes(ax: Any, points: ArrayLike) -> NDArray[np.float64]:
    """Points of the data as fractions of the Axes, at the limits and the size they will have."""
    ax.autoscale_view()  # matplotlib puts off this, and the layout, until it draws
    layout = ax.figure.get_layout_engine()
    if layout is not None:
        layout.execute(ax.figure.canvas.figure)
    to_axes = ax.transData + ax.transAxes.inverted()
    return np.asarray(to_axes.transform(points))


def spread(heights: Sequence[float], gap: float) -> list[float]:
    """The nearest heights that are `gap` apart, in the order given."""
    order = np.argsort(heights, kind="stable")
    placed = np.array(heights)[order]
    for _ in range(100):
        short = gap - np.diff(placed)
        if (short <= 1e-6).all():
            break
        for i in np.flatnonzero(short > 0):
            placed[i] -= short[i] / 2
            placed[i + 1] += short[i] / 2
    out = np.empty(len(placed))
    out[order] = placed
    return out.tolist()


def _apart(places: NDArray[np.float64], half: NDArray[np.float64], gap: float) -> NDArray:
    """For one place after the other, the nearest height that is free over its width."""
    x, wanted = places.T
    meets = np.abs(x[:, None] - x) < half[:, None] + half
    steps = gap * np.array([0.0, *(sign * k / 4 for k in range(1, 60) for sign in (1, -1))])
    heights = np.full(len(x), np.inf)
    for i in np.argsort(meets.sum(axis=0), kind="stable"):  # who has room should not have to move
        free = wanted[i] + steps
        free = free[(steps == 0) | ((free > 0.03) & (free < 0.97))]
        clear = (np.abs(free[:, None] - heights[meets[i]]) >= gap).all(axis=1)
        heights[i] = free[clear.argmax()]
    return heights


def font_size() -> float:
    """Size of text in points."""
    from matplotlib import rcParams

    return float(rcParams["font.size"])


def line_height(ax: Any) -> float:
    """Height of a line of text, as a fraction of that of the Axes."""
    return _LINE * font_size() / size_in_points(ax)[1]


def size_in_points(ax: Any) -> tuple[float, float]:
    """Width and height of the Axes in points, as they are now."""
    scale = 72.0 / ax.figure.dpi
    return float(ax.bbox.width * scale), float(ax.bbox.height * scale)
