"""What tests of plots share: labels that are hard to draw, and what is written on Axes."""

from __future__ import annotations

import matplotlib

matplotlib.use("Agg")

NASTY = ["$x_", "a$b$c", "_hidden", "<b>", "x" * 200, "two\nlines"]


def texts(ax):
    """All text of the figure, drawn."""
    ax.figure.canvas.draw()
    found = [t.get_text() for t in ax.findobj(matplotlib.text.Text) if t.get_visible()]
    return [text.replace(r"\$", "$") for text in found if text]


def lines(ax):
    """Lines of more than two points."""
    return [line for line in ax.lines if len(line.get_xdata()) > 2]
