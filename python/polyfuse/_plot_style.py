"""What all plots look like: colours, dashes, markers, Axes without junk, text as it is.

matplotlib is imported by the functions, not by the module.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Blue, vermillion, green: after M. Okabe and K. Ito, "Color Universal Design" (2008), darkened
# until 4.5 times as dark as the page. `polyfuse.reporting` swaps them for a reader's dark page.
INK, MUTED, GRID, PAGE = "#1c2128", "#57606b", "#d3d8df", "#ffffff"
BLUE, VERMILLION, GREEN, PURPLE = "#0a63a8", "#b84a00", "#00745a", "#8a3c78"
HEAT, ON_HEAT, OFF_HEAT = "#0b4a8b", "#fffffe", "#000001"

COLOURS, DASHES = (BLUE, VERMILLION, GREEN, PURPLE), ("-", "--", "-.", ":")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "p")
_LONGEST = 28


def colour_of(i: int) -> str:
    """The colour of the i-th of some curves or classes."""
    return COLOURS[i % 4]


def dash_of(i: int) -> str:
    """Its dash: the first sixteen have no colour and dash in common."""
    return DASHES[(i + i // 4) % 4]


def marker_of(i: int) -> str:
    """Its marker."""
    return MARKERS[i % len(MARKERS)]


def on_axes(ax: Any, size: tuple[float, float]) -> Any:
    """The Axes given, or those of a new figure."""
    require_matplotlib()
    if ax is not None:
        return ax
    from matplotlib import pyplot

    return pyplot.subplots(figsize=size, layout="constrained")[1]


def row_of_axes(n: int) -> NDArray[Any]:
    """The Axes of a new figure, side by side, four in a row at most."""
    require_matplotlib()
    from matplotlib import pyplot

    wide = min(n, 4)
    tall = -(-n // wide)
    grid = pyplot.subplots(
        tall, wide, figsize=(3.9 * wide, 3.6 * tall), layout="constrained", squeeze=False
    )[1].ravel()
    for ax in grid[n:]:
        ax.remove()
    return np.asarray(grid[:n])


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


def tidy(ax: Any, grid: str = "") -> None:
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


def plain_ticks(ax: Any, *, integer: bool = False) -> None:
    """Numbers as people write them, on a few round values, also on a logarithmic axis."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

    ax.xaxis.set_major_locator(MaxNLocator(6, integer=integer))
    if ax.get_yscale() == "log":
        low, high = ax.get_ylim()
        few = (1.0, 2.0, 5.0) if high < 300 * low else (1.0,)
        ax.yaxis.set_major_locator(LogLocator(10, few))
        ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        ax.yaxis.set_minor_formatter(NullFormatter())


def unit_square(ax: Any) -> None:
    """Both axes from 0 to 1."""
    ax.set(xlim=(-0.015, 1.015), ylim=(-0.015, 1.015))
    ticks = [0, 0.25, 0.5, 0.75, 1]
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    tidy(ax, grid="both")


def plain(label: Any) -> str:
    """A name that matplotlib takes as it is, not as a formula, and that leaves room for a plot."""
    text = " ".join(str(label).split())
    if len(text) > _LONGEST:  # names that are long tend to differ at their ends
        text = f"{text[: _LONGEST // 2]}…{text[1 - _LONGEST // 2 :]}"
    return literal(text)


def literal(text: Any) -> str:
    """Text of any length that is not taken as a formula."""
    return str(text).replace("$", r"\$")


def with_minus(number: str) -> str:
    """A number with a minus sign as long as its plus."""
    return number.replace("-", "\N{MINUS SIGN}")


def evenly(n: int, most: int) -> NDArray[np.intp]:
    """At most so many of n places, evenly chosen."""
    return np.linspace(0, n - 1, min(n, most)).astype(np.intp)


def chosen(shown: int, n: int) -> str:
    """What a label says of the rows that are shown: nothing if they are all."""
    return "" if shown == n else f" ({shown:,} of {n:,} rows, evenly chosen)"
