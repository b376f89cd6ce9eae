"""Sections that reports share, from numbers alone: of a comparison, and of one model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

from . import _html as html
from . import plotting
from ._missing import Masks
from .inspection import Contributions, DropModality

_MOST_CLASSES, _MOST_BARS = 25, 20
MOST_CURVES = 6


NOT_ALONE = (
    "A part of a model is not a model of its own: one that learns from that modality alone may do "
    "better. Report the unfitted model to compare with that."
)


def of_all_rows(masks: Masks) -> str:
    """What the caption of a table of scores has to say where modalities are missing."""
    if all(mask is None for mask in masks):
        return ""
    return (
        " All rows count, those too in which a modality is missing, where it alone has nothing to "
        "go by."
    )


def headline(title: str, first: str, evidence: str) -> str:
    return (
        f'<header>\n<p class="kicker">{escape(title)}</p>\n<h1>{escape(first)}</h1>\n'
        f'<p class="lead">{escape(evidence)}</p>\n</header>\n'
    )


def rules(fused: Mapping[str, float], alone: Mapping[str, float], n_rows: int, note: str) -> str:
    """Accuracies of fusions beside those of single modalities."""
    listed = ", ".join(f"{name} {100 * value:.1f} %" for name, value in {**fused, **alone}.items())
    return html.figure(
        "rules", (5.2, 1.5 + 0.34 * (len(fused) + len(alone))),
        lambda ax: plotting.compare_fusions(fused, alone, ax, n_rows=n_rows),
        f"Accuracy of each model: {listed}.",
        "Dots are accuracies, bars their 95 % Wilson intervals, the dashed line the best "
        f"modality alone. {note}",
    )  # fmt: skip


def confusion(matrix: NDArray[np.int64], names: tuple[str, ...], label: str) -> str:
    """A confusion matrix as a plot and as a table, of the classes with the most errors."""
    which = ""
    if len(names) > _MOST_CLASSES:
        wrong = matrix.sum(axis=0) + matrix.sum(axis=1) - 2 * matrix.diagonal()
        shown = np.sort(np.argsort(-wrong, kind="stable")[:_MOST_CLASSES])
        which = f" Shown are the {_MOST_CLASSES} of {len(names)} classes with the most errors."
        matrix, names = matrix[np.ix_(shown, shown)], tuple(names[i] for i in shown)
    n = len(names)
    rows = [(name, *map(str, row)) for name, row in zip(names, matrix.tolist(), strict=True)]
    table = html.table(
        "Number of rows, by true class (down) and predicted class (across).", ("", *names), rows
    )
    return html.section(
        "What is confused with what?",
        html.figure(
            "confusion", (max(4.0, 2.2 + 0.5 * n), 1.8 + 0.45 * n),
            lambda ax: plotting.confusion_matrix(matrix, names, ax),
            f"Confusion matrix of {label}; its numbers are in the table below.",
            f"Rows held out, by true and predicted class, for {label}; a stronger colour is a "
            f"larger share of the true class.{which}",
        ),
        f"<details>\n<summary>The same as a table</summary>\n{table}</details>\n",
        wide=n > 12,
    )  # fmt: skip


def most_heard(result: Contributions) -> tuple[Contributions, str]:
    """The modalities with the largest shares, if there are too many to draw; and all in words."""
    top = np.argsort(-result.share, kind="stable")[:_MOST_BARS]
    modalities = tuple(result.modalities[i] for i in top)
    low, high = (None if end is None else end[top] for end in (result.low, result.high))
    shown = Contributions(modalities, result.per_row[:, top], result.share[top], low, high)
    listed = ", ".join(
        f"{name} {100 * share:.0f} %" for name, share in zip(modalities, shown.share, strict=True)
    )
    return shown, listed


def shares(result: Contributions, of: str, note: str) -> str:
    """How strongly a model listens to each modality, as bars."""
    shown, listed = most_heard(result)
    return html.figure(
        "shares", (5.2, 1.1 + 0.5 * len(shown.modalities)),
        lambda ax: plotting.contributions(shown, ax),
        f"Share of each modality in the decision of {of}: {listed}.",
        f"How strongly {of} listens to each modality: mean size of its exact Shapley value over "
        f"the rows held out. What is listened to is not always right: {note}",
    )  # fmt: skip


def dropped(result: DropModality, of: str, measure: str = "accuracy") -> str:
    """What is lost without each modality, as a table."""
    changes = [
        (f"without {name}", f"{value:.3f}", _change(value - result.accuracy, measure))
        for name, value in result.without.items()
    ]
    return html.table(
        f"{of[:1].upper()}{of[1:]} when one modality says the same of every row (nothing is "
        "trained again).",
        ("", measure, "change"),
        [("all modalities", f"{result.accuracy:.3f}", ""), *changes],
    )


def _change(difference: float, measure: str) -> str:
    points = measure == "accuracy"
    return f"{100 * difference:+.1f} points" if points else f"{difference:+.3f}"


def losses(curves: Mapping[str, Sequence[float]], note: str = "") -> str:
    """Training losses; nothing where every model was at its minimum from the start."""
    curves = {label: curve for label, curve in curves.items() if len(curve)}
    if not curves:
        return ""
    listed = "; ".join(
        f"{label}: {curve[0]:.3g} to {curve[-1]:.3g} in {len(curve)} iterations"
        for label, curve in curves.items()
    )
    return html.section(
        "How did training go?",
        html.figure(
            "losses", (5.2, 3.5), lambda ax: plotting.loss_curve(curves, ax),
            f"Training loss by iteration. {listed}.",
            "Mean objective over the training rows after each iteration of the solver. A lower "
            f"end is a closer fit to the training rows, not a better model.{note}",
        ),
    )  # fmt: skip


def method(notes: Sequence[str]) -> str:
    items = "".join(f"<li>{escape(text)}</li>\n" for text in notes)
    return html.section("How was this measured?", f'<ul class="notes">\n{items}</ul>\n')
