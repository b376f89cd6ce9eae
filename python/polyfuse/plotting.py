"""Plots of a comparison, each one Axes: readable from the back row, safe for colour-blind eyes.

matplotlib is imported by the functions, not by the module. No meaning hangs on colour alone.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._statistics import wilson_interval
from .inspection import Contributions

__all__ = ["compare_fusions", "confusion_matrix", "contributions", "loss_curve"]

# Blue, vermillion, green: after M. Okabe and K. Ito, "Color Universal Design" (2008), darkened
# until 4.5 times as dark as the page. `polyfuse.reporting` swaps them for a reader's dark page.
INK, MUTED, GRID = "#1c2128", "#57606b", "#d3d8df"
BLUE, VERMILLION, GREEN, PURPLE = "#0a63a8", "#b84a00", "#00745a", "#8a3c78"
HEAT, ON_HEAT, OFF_HEAT = "#0b4a8b", "#fffffe", "#000001"

_COLOURS, _DASHES = (BLUE, VERMILLION, GREEN, PURPLE), ("-", "--", "-.", ":")
_LONGEST = 28


def confusion_matrix(matrix: ArrayLike, labels: Sequence[Any], ax: Any = None) -> Any:
    """Draw how often each true class (row) is predicted as each class (column).

    The number is the count; the stronger the colour, the larger the share of the row.

    Parameters
    ----------
    matrix : array-like of shape (n_classes, n_classes)
        Counts, as :func:`polyfuse.metrics.confusion_matrix` gives them.
    labels : sequence of shape (n_classes,)
        Name of each class.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If `matrix` is not square, is negative or not finite, or `labels` has another length.

    Examples
    --------
    >>> from polyfuse import plotting
    >>> ax = plotting.confusion_matrix([[8, 2], [1, 9]], ["cat", "dog"])  # doctest: +SKIP
    """
    counts = np.asarray(matrix)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or counts.size == 0:
        raise ValueError(f"matrix must be square; got shape {counts.shape}.")
    if not np.isfinite(counts).all() or (counts < 0).any():
        raise ValueError("matrix must hold finite counts, none of them negative.")
    if len(labels) != len(counts):
        raise ValueError(f"labels must have {len(counts)} entries; got {len(labels)}.")
    n = len(counts)
    ax = _axes(ax, (2.6 + 0.52 * n, 2.0 + 0.46 * n))
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    _draw_cells(ax, share)
    if n <= 30:
        for i, j in np.argwhere(counts):
            # From here on white is easier to read on the cell than black.
            colour = ON_HEAT if share[i, j] > 0.75 else OFF_HEAT
            ax.text(j, i, f"{counts[i, j]:g}", ha="center", va="center", color=colour)
    names = [_plain(label) for label in labels]
    ax.set(xlim=(-0.5, n - 0.5), ylim=(n - 0.5, -0.5), aspect="equal")
    slant = {"rotation": 40, "ha": "right", "rotation_mode": "anchor"}
    ax.set_xticks(range(n), names, **(slant if max(map(len, names)) > 3 else {}))
    ax.set_yticks(range(n), names)
    ax.set_xlabel("predicted class")
    ax.set_ylabel("true class")
    _tidy(ax)
    return ax


def _draw_cells(ax: Any, share: NDArray) -> None:
    from matplotlib.collections import PatchCollection
    from matplotlib.colors import to_rgb
    from matplotlib.patches import Rectangle

    cells = [Rectangle((j - 0.5, i - 0.5), 1, 1) for i, j in np.ndindex(share.shape)]
    colours = [(*to_rgb(HEAT), alpha) for alpha in share.ravel().clip(0, 1)]
    edge = GRID if len(share) <= 30 else "none"
    ax.add_collection(PatchCollection(cells, facecolors=colours, edgecolors=edge, linewidths=0.6))


def loss_curve(curves: Mapping[str, Sequence[float]] | Sequence[float], ax: Any = None) -> Any:
    """Draw the loss after each iteration, one line per model.

    Parameters
    ----------
    curves : dict of str to sequence of float, or one sequence of float
        Such as `loss_curve_` of a :class:`polyfuse.FusionClassifier`; each with a value at least.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If there is no curve, or one has no value.

    Examples
    --------
    >>> from polyfuse import plotting
    >>> ax = plotting.loss_curve({"image": [2.0, 1.2, 0.9], "text": [2.0, 0.8]})  # doctest: +SKIP
    """
    named = curves if isinstance(curves, Mapping) else {"": curves}
    if not named or any(len(losses) == 0 for losses in named.values()):
        raise ValueError("curves must hold at least one curve, each with a value; got none.")
    ax = _axes(ax, (6.4, 3.8))
    ends = []
    for i, (name, losses) in enumerate(named.items()):
        colour, dash = _COLOURS[i % 4], _DASHES[(i + i // 4) % 4]
        x = np.arange(1, len(losses) + 1)
        ax.plot(x, losses, color=colour, linestyle=dash, linewidth=2.2)
        ax.plot(x[-1], losses[-1], "o", color=colour, markersize=5)
        ends.append(_End(_plain(name), x[-1], float(losses[-1]), colour))
    lowest = min(end.y for end in ends)
    if lowest > 0.0:
        ax.set_yscale("log")
    ax.margins(x=0.02, y=0.08)
    ax.set_xlabel("iteration")
    ax.set_ylabel("training loss")
    _tidy(ax, grid="y")
    _plain_ticks(ax)
    if named is curves:
        _name_ends(ax, ends)
    return ax


class _End(NamedTuple):
    """The last point of a curve, and what to write next to it."""

    name: str
    x: float
    y: float
    colour: str


def _plain_ticks(ax: Any) -> None:
    """Numbers as people write them, on a few round values, also on a logarithmic axis."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

    ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    if ax.get_yscale() == "log":
        low, high = ax.get_ylim()
        few = (1.0, 2.0, 5.0) if high < 300 * low else (1.0,)
        ax.yaxis.set_major_locator(LogLocator(10, few))
        ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        ax.yaxis.set_minor_formatter(NullFormatter())


def _name_ends(ax: Any, ends: list[_End]) -> None:
    """Write each name to the right of the plot, at the height of its end or as near as fits."""
    to_axes = ax.transData + ax.transAxes.inverted()
    heights = [to_axes.transform((end.x, end.y))[1] for end in ends]
    for end, height in zip(ends, _spread(heights, 0.085), strict=True):
        ax.annotate(
            end.name, (end.x, end.y), xytext=(1.03, height), textcoords="axes fraction",
            va="center", color=end.colour, fontweight="bold", annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": end.colour, "alpha": 0.5, "shrinkA": 2},
        )  # fmt: skip


def _spread(heights: list[float], gap: float) -> list[float]:
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


def compare_fusions(
    scores: Mapping[str, float],
    baselines: Mapping[str, float],
    ax: Any = None,
    *,
    n_rows: int | None = None,
) -> Any:
    """Draw the accuracy of each fusion rule next to that of each modality alone.

    Best on top. The dashed line is the best modality alone: only what lies to its right was
    worth fusing. The bars are 95 % intervals (Wilson) of each accuracy by itself.

    Parameters
    ----------
    scores : dict of str to float
        Accuracy of each rule, between 0 and 1.
    baselines : dict of str to float
        Accuracy of each modality alone.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.
    n_rows : int, optional
        Number of rows scored; without it no intervals are drawn.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If there are no scores or baselines, or one is not between 0 and 1.

    Examples
    --------
    >>> from polyfuse import plotting
    >>> ax = plotting.compare_fusions(
    ...     {"concatenate": 0.83, "mean": 0.77}, {"image": 0.58, "text": 0.75}, n_rows=418
    ... )  # doctest: +SKIP
    """
    for what, accuracies in (("scores", scores), ("baselines", baselines)):
        if not accuracies:
            raise ValueError(f"{what} must not be empty.")
        for name, accuracy in accuracies.items():
            if not 0.0 <= accuracy <= 1.0:
                raise ValueError(f"{what}[{name!r}] must be between 0 and 1; got {accuracy!r}.")
    ax = _axes(ax, (6.4, 1.5 + 0.36 * (len(scores) + len(baselines))))
    best = max(baselines, key=lambda name: baselines[name])
    ax.axvline(100 * baselines[best], color=VERMILLION, linestyle="--", linewidth=1.4, zorder=1)
    ax.annotate(
        _plain(best), (100 * baselines[best], 1.01), xycoords=("data", "axes fraction"),
        ha="center", va="bottom", color=VERMILLION,
    )  # fmt: skip
    ticks = _draw_accuracies(ax, scores, 0.0, n_rows, BLUE, "o")
    ticks |= _draw_accuracies(ax, baselines, len(scores) + 0.6, n_rows, VERMILLION, "s")
    ax.set_yticks(list(ticks), list(ticks.values()))
    ax.set_ylim(max(ticks) + 0.7, -0.7)
    ax.set_xlabel("accuracy on rows held out, %" + (", with 95 % interval" if n_rows else ""))
    _tidy(ax, grid="x")
    return ax


def _draw_accuracies(
    ax: Any, accuracies: Mapping[str, float], top: float, n_rows: int | None, colour: str,
    marker: str,
) -> dict[float, str]:  # fmt: skip
    """Draw one row per model, best first; returns the heights and names."""
    ticks = {}
    for i, name in enumerate(sorted(accuracies, key=lambda name: -accuracies[name])):
        accuracy, y = accuracies[name], top + i
        if n_rows:
            low, high = wilson_interval(accuracy * n_rows, n_rows)
            ax.plot([100 * low, 100 * high], [y, y], color=colour, linewidth=2.6, alpha=0.55)
        ax.plot(100 * accuracy, y, marker, color=colour, markersize=8)
        ax.annotate(
            f"{100 * accuracy:.1f}", (1.02, y), xycoords=("axes fraction", "data"), va="center",
            color=colour, fontweight="bold",
        )  # fmt: skip
        ticks[y] = _plain(name)
    return ticks


def contributions(result: Contributions, ax: Any = None) -> Any:
    """Draw each modality's share of the decision, largest on top.

    The bar is the share over all rows; the line covers the shares of the middle 80 % of rows.

    Parameters
    ----------
    result : Contributions
        Of :func:`polyfuse.inspection.modality_contributions`.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.

    Examples
    --------
    >>> from polyfuse import inspection, plotting
    >>> result = inspection.modality_contributions(model, blocks)  # doctest: +SKIP
    >>> ax = plotting.contributions(result)  # doctest: +SKIP
    """
    order = np.argsort(-result.share, kind="stable")
    ax = _axes(ax, (6.4, 1.2 + 0.55 * len(order)))
    total = result.per_row.sum(axis=1, keepdims=True)
    rows = result.per_row / np.where(total > 0, total, 1)
    low, high = np.quantile(rows[:, order], [0.1, 0.9], axis=0)
    y = np.arange(len(order))
    ax.barh(y, 100 * result.share[order], color=BLUE, alpha=0.6, height=0.62)
    ax.hlines(y, 100 * low, 100 * high, color=INK, linewidth=2.2)
    for i, m in enumerate(order):
        ax.annotate(
            f"{100 * result.share[m]:.0f} %", (1.02, i), xycoords=("axes fraction", "data"),
            va="center", color=INK, fontweight="bold",
        )  # fmt: skip
    ax.set_yticks(y, [_plain(result.modalities[m]) for m in order])
    ax.set(xlim=(0, 100), ylim=(len(order) - 0.5, -0.5))
    ax.set_xlabel("share of the decision, %; line: middle 80 % of rows")
    _tidy(ax, grid="x")
    return ax


def _axes(ax: Any, size: tuple[float, float]) -> Any:
    """The axes given, or those of a new figure."""
    require_matplotlib()
    if ax is not None:
        return ax
    from matplotlib import pyplot

    return pyplot.subplots(figsize=size, layout="constrained")[1]


def render_svg(draw: Callable[[Any], Any], size: tuple[float, float], salt: str) -> str:
    """The text of an SVG file; `draw` takes the Axes, `size` is in inches, text stays text."""
    import matplotlib
    from matplotlib.figure import Figure

    settings: Any = {"svg.fonttype": "none", "svg.hashsalt": salt, "font.size": 10}
    buffer = io.StringIO()
    with matplotlib.rc_context(settings), warnings.catch_warnings():
        # The reader's fonts draw the labels: what matplotlib's lack is no matter.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure = Figure(figsize=size, layout="constrained")
        draw(figure.subplots())
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(buffer, format="svg", transparent=True, metadata=nothing)
    return buffer.getvalue()


def require_matplotlib() -> None:
    """Raise ImportError, saying how to install it, unless matplotlib is there."""
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise ImportError(
            "plots need matplotlib, which is not installed: pip install matplotlib"
        ) from error


def _tidy(ax: Any, grid: str = "") -> None:
    """Leave out all lines that carry nothing."""
    for side, spine in ax.spines.items():
        spine.set_visible(side in ("left", "bottom") and bool(grid) and side[0] != "l")
        spine.set_color(MUTED)
    ax.tick_params(which="both", length=0, colors=INK)
    ax.xaxis.label.set_color(MUTED)
    ax.yaxis.label.set_color(MUTED)
    if grid:
        ax.grid(axis=grid, color=GRID, linewidth=0.8)
        ax.set_axisbelow(True)


def _plain(label: Any) -> str:
    """Text that matplotlib takes as it is, not as a formula, and that leaves room for a plot."""
    text = " ".join(str(label).split())
    if len(text) > _LONGEST:  # names that are long tend to differ at their ends
        text = f"{text[: _LONGEST // 2]}…{text[1 - _LONGEST // 2 :]}"
    return text.replace("$", r"\$")
