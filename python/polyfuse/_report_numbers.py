"""Sections of the report of a model of numbers: its headline, its scores, and its residuals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _html as html
from . import _report_parts as parts
from . import metrics, plotting
from ._plot_style import evenly, plain_ticks, tidy
from ._report_evaluation import Evaluation, r2
from ._report_scores import FEW_RESAMPLES, interval

_MOST_POINTS = 1_500
_mean_squared_error: Callable[..., Any] = metrics.mean_squared_error  # a number, of one output
_SCORES: tuple[tuple[str, Callable[..., Any]], ...] = (
    ("R²", r2),
    ("mean absolute error", metrics.mean_absolute_error),
    ("root mean squared error", metrics.root_mean_squared_error),
)


def headline(evaluation: Evaluation, title: str, seed: int) -> str:
    y, fused = evaluation.y, evaluation.fused.predicted
    own, who = evaluation.score(evaluation.fused), evaluation.called_fused
    worse = own <= 0.0
    guess = "The mean of all rows has R² 0" + ", and the model is no better" * worse
    if not evaluation.alone:
        first = f"{who} has R² {own:.3f} on {len(y)} rows; no modality alone to compare"
        return parts.headline(title, f"{first}.", f"{guess}.")
    best, called = evaluation.alone[evaluation.best_alone], evaluation.called(evaluation.best_alone)
    found = metrics.compare(
        y, fused, best.predicted, _mean_squared_error, method="permutation",
        random_state=seed,
    )  # fmt: skip
    gain, beyond = own - evaluation.score(best), found.p_value < 0.05
    if found.n_differ == 0:
        first = f"Fusion makes no difference: {who} has R² {own:.3f}, as {called} has"
    elif gain > 0:
        helps = "Fusion helps" if beyond else "Fusion may help, but it may be luck"
        first = f"{helps}: {who} has R² {own:.3f}, {gain:.3f} more than {called}"
    else:
        hurts = "Fusion hurts" if beyond else "Fusion shows no gain"
        first = f"{hurts}: {who} has R² {own:.3f}, {-gain:.3f} less than {called}"
    noise = "more than chance explains" if beyond else "within what chance explains"
    closer = float((np.abs(fused - y) < np.abs(best.predicted - y)).mean())
    evidence = (
        f"Of {len(y)} rows held out, fusion is closer than {called} in {100 * closer:.0f} %. The "
        f"difference of their mean squared errors, {found.difference:+.3g}, is {noise} (paired "
        f"permutation test, p = {found.p_value:.2g}; 95 % interval {found.low:+.3g} to "
        f"{found.high:+.3g}). {guess}."
    )
    if not evaluation.own_models:
        evidence += f" {parts.NOT_ALONE}"
    return parts.headline(title, f"{first}.", evidence)


def answers(evaluation: Evaluation) -> list[tuple[str, str]]:
    """How good it is, and how far off."""
    off = metrics.mean_absolute_error(evaluation.y, evaluation.fused.predicted)
    guess = metrics.mean_absolute_error(evaluation.y, evaluation.guess)
    score = evaluation.score(evaluation.fused)
    return [
        ("How good?", f"R² {score:.3f}: of the variance, {100 * max(score, 0.0):.0f} % explained"),
        ("How far off?", f"By {off:.3g} on average; the mean of all rows by {guess:.3g}"),
    ]


def scores(evaluation: Evaluation, seed: int) -> str:
    models = {evaluation.label: evaluation.fused.predicted}
    models |= {evaluation.called(name): own.predicted for name, own in evaluation.alone.items()}
    y = evaluation.y
    rows = [
        (name, *(interval(of, y, said, seed, FEW_RESAMPLES) for _, of in _SCORES))
        for name, said in models.items()
    ]
    guess = evaluation.guess
    rows.append(("always the mean", *(f"{float(of(y, guess)):.3f}" for _, of in _SCORES)))
    return html.section(
        "Scores",
        html.table(
            f"On {len(y)} rows held out, with 95 % intervals (bootstrap). A larger R² is better, "
            f"smaller errors are, in units of y.{parts.of_all_rows(evaluation.masks)}",
            ("model", *(name for name, _ in _SCORES)), rows, 0, wide=True,
        ),
        wide=True,
    )  # fmt: skip


def scatter(evaluation: Evaluation) -> str:
    rows = evenly(len(evaluation.y), _MOST_POINTS)
    y, said = evaluation.y[rows], evaluation.fused.predicted[rows]
    some = "" if len(rows) == len(evaluation.y) else f" {len(rows)} rows, evenly chosen."
    correlation = np.corrcoef(y, said)[0, 1] if said.std() > 0 else 0.0
    return html.section(
        "Is it close?",
        html.figure(
            "scatter", (5.2, 4.2), lambda ax: _draw(ax, y, said),
            f"Predicted against true values; their correlation is {correlation:.2f}.",
            f"A point is a row; on the dotted line it is predicted as it is.{some}",
        ),
    )  # fmt: skip


def _draw(ax: Any, y: NDArray[np.float64], said: NDArray[np.float64]) -> None:
    ends = [min(y.min(), said.min()), max(y.max(), said.max())]
    ax.plot(ends, ends, color=plotting.MUTED, linestyle=":", linewidth=1.4)
    ax.scatter(y, said, 14, color=plotting.BLUE, alpha=0.5, linewidths=0)
    ax.set_xlabel("true value")
    ax.set_ylabel("predicted value")
    tidy(ax, grid="both")
    plain_ticks(ax)
