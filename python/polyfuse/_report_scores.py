"""Sections of the report of a model: its headline, its scores, and how sure it is."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _html as html
from . import _report_parts as parts
from . import metrics, plotting
from ._modality_scores import ModalityScores
from ._plot_calibration import calibration_error
from ._plot_style import plain
from ._report_evaluation import Evaluation, Held
from ._statistics import wilson_interval
from ._verdict import Verdict, judge

_LATE = ("geometric_mean", "mean", "maximum", "minimum", "median", "vote", "borda")
FEW_RESAMPLES = 200  # where each takes a pass over the rows
_TINY = float(np.finfo(np.float64).eps)  # below which metrics.log_loss takes no probability


def verdict(evaluation: Evaluation) -> Verdict | None:
    """The model against the best single modality; None if there is none."""
    if not evaluation.alone:
        return None
    best = evaluation.alone[evaluation.best_alone]
    return judge(evaluation.y, evaluation.fused.predicted, best.predicted)


def headline(evaluation: Evaluation, title: str) -> str:
    found, accuracy = verdict(evaluation), evaluation.score(evaluation.fused)
    who = evaluation.called_fused
    guess, n = evaluation.guess, len(evaluation.y)
    said = (
        f"Always naming the commonest class, {evaluation.class_names[guess[0]]}, gets "
        f"{100 * (evaluation.y == guess).mean():.1f} % right"
    )
    against = judge(evaluation.y, evaluation.fused.predicted, guess)
    if not (against.beyond_noise and against.difference > 0):
        said += ", and the model is no better than that by more than chance explains"
    if found is None:
        first = f"{who} gets {100 * accuracy:.1f} % of {n} rows right; no modality alone to compare"
        return parts.headline(title, f"{first}.", f"{said}.")
    best = evaluation.called(evaluation.best_alone)
    evidence = f"{found.evidence(n, best)} {said}."
    if not evaluation.own_models:
        evidence += f" {parts.NOT_ALONE}"
    return parts.headline(title, f"{found.sentence(who, accuracy, best)}.", evidence)


def answers(evaluation: Evaluation) -> list[tuple[str, str]]:
    """How good and how sure it is, and what fusion changes."""
    accuracy = evaluation.score(evaluation.fused)
    low, high = wilson_interval(accuracy * len(evaluation.y), len(evaluation.y))
    pairs = [
        ("How good?", f"{100 * accuracy:.1f} % right, {100 * low:.1f} to {100 * high:.1f} % with "
         f"95 % confidence"),
        ("How sure?", _how_sure(evaluation.fused, accuracy)),
    ]  # fmt: skip
    found = verdict(evaluation)
    if found is not None:
        against = evaluation.called(evaluation.best_alone)
        change = f"Against {against}, it fixes {found.gained} rows and breaks {found.lost}"
        pairs.append(("What does fusion change?", change))
    return pairs


def _how_sure(held: Held, accuracy: float) -> str:
    """How sure it is on average, against how often it is right."""
    sure = float(held.proba.max(axis=1).mean())
    gap = 100 * (sure - accuracy)
    how = "about as sure as it is right"
    if abs(gap) >= 2.0:
        how = "surer than it should be" if gap > 0 else "less sure than it could be"
    return f"It claims {100 * sure:.1f} % and gets {100 * accuracy:.1f} %: {how}"


# -- scores --------------------------------------------------------------------------------------


def scores(evaluation: Evaluation, seed: int) -> str:
    models = {evaluation.label: evaluation.fused}
    models |= {evaluation.called(name): held for name, held in evaluation.alone.items()}
    rows = [(name, *_cells(evaluation.y, held, seed)) for name, held in models.items()]
    guess = f"{(evaluation.y == evaluation.guess).mean():.3f}"
    rows.append(("always the commonest class", guess, *[""] * 4))
    return html.section(
        "Scores",
        html.table(
            f"On {len(evaluation.y)} rows held out, with 95 % intervals (bootstrap). Balanced "
            f"accuracy, F1 and ROC AUC are means over the classes; a smaller log loss is better."
            f"{parts.of_all_rows(evaluation.masks)}",
            ("model", "accuracy", "balanced accuracy", "F1", "log loss", "ROC AUC"),
            rows, 0, wide=True,
        ),
        wide=True,
    )  # fmt: skip


def _cells(y: NDArray[np.int64], held: Held, seed: int) -> tuple[str, ...]:
    own = held.proba[np.arange(len(y)), y] / np.maximum(held.proba.sum(axis=1), _TINY)
    return (
        *(interval(name, y, held.predicted, seed, 1000)
          for name in ("accuracy", "balanced_accuracy", "f1_macro")),
        # The mean of losses known once is that of metrics.log_loss, which would take a pass each.
        interval(_mean, y, -np.log(np.maximum(own, _TINY)), seed, FEW_RESAMPLES),
        interval(macro_auc, y, held.proba, seed, FEW_RESAMPLES),
    )  # fmt: skip


def _mean(_: NDArray, losses: NDArray, sample_weight: NDArray | None = None) -> float:
    return float(np.average(losses, weights=sample_weight))


def interval(
    metric: str | Callable[..., float], y: NDArray[np.int64], said: NDArray, seed: int, n: int
) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # resamples that lose a class are left out
        found = metrics.bootstrap(metric, y, said, n_resamples=n, random_state=seed)
    return f"{found.estimate:.3f} [{found.low:.3f}, {found.high:.3f}]"


def macro_auc(y: NDArray, proba: NDArray, sample_weight: NDArray | None = None) -> float:
    """Area under the ROC curve, of two classes or the mean of one class against the rest.

    Means are over the classes that occur, in rows of weight; columns are those of class codes, or
    of the classes that occur.
    """
    if sample_weight is not None:
        there = sample_weight > 0
        y, proba, sample_weight = y[there], proba[there], sample_weight[there]
    codes = np.unique(y)
    if len(codes) < 2:
        return float("nan")
    return float(np.mean([
        metrics.roc_auc_score(y == code, own, sample_weight=sample_weight)
        for code, own in _against_rest(codes, proba)
    ]))  # fmt: skip


def _against_rest(codes: NDArray, proba: NDArray) -> Iterator[tuple[int, NDArray]]:
    """Class codes and columns of their scores; the second of two classes alone."""
    whole = proba.shape[1] > codes.max()
    for place, code in enumerate(codes.tolist()):
        if proba.shape[1] != 2 or place == 1:
            yield code, proba[:, code if whole else place]


def rules(evaluation: Evaluation) -> str:
    """Late rules from what models of single modalities say of rows that they did not see."""
    if not (evaluation.alone and evaluation.own_models):
        return ""
    codes = np.arange(len(evaluation.class_names))
    said = {name: held.proba for name, held in evaluation.alone.items()}
    masks = dict(zip(evaluation.modalities, evaluation.masks, strict=True))
    prior = np.bincount(evaluation.y, minlength=len(codes)) / len(evaluation.y)
    fused = {evaluation.label: evaluation.score(evaluation.fused)}
    for rule in _LATE:
        own = ModalityScores(said, rule=rule, classes=codes, present=masks, prior=prior)
        if f"{rule} (late)" in fused:
            continue  # the model's own, and that is calibrated
        fused[f"{rule} (late)"] = float((own.predict() == evaluation.y).mean())
    alone = {
        evaluation.called(name): evaluation.score(held) for name, held in evaluation.alone.items()
    }
    return html.section(
        "Which rule would do?",
        parts.rules(
            fused, alone, len(evaluation.y),
            "Late rules fuse the probabilities of the single models, uncalibrated. The best of "
            "many is a little too good to be true: search_fusion chooses without that.",
        ),
    )  # fmt: skip


# -- how sure ------------------------------------------------------------------------------------


def curves(evaluation: Evaluation, left_out: list[str]) -> tuple[str, str, str]:
    """ROC, precision and recall, and calibration."""
    best = sorted(evaluation.alone, key=lambda k: -evaluation.score(evaluation.alone[k]))
    shown = {evaluation.label: evaluation.fused.proba} | {
        evaluation.called(name): evaluation.alone[name].proba
        for name in evaluation.modalities
        if name in best[: parts.MOST_CURVES - 1]
    }
    seen = np.unique(evaluation.y)
    columns = {name: proba[:, seen] for name, proba in shown.items()}
    one = ""
    if len(evaluation.class_names) == 2:
        one = f" Positive is {evaluation.class_names[1]}."
    calibration = ""
    if len(seen) == len(evaluation.class_names):
        calibration = _calibration(evaluation, shown)
    else:
        left_out.append("Calibration: some classes of the model are not in y.")
    return (
        _ranking(
            "roc", plotting.roc_curve, "Is it ranked well?", "ROC curves", evaluation.y, columns,
            "The dotted line is what guesses reach; a larger area under a curve (AUC) is better."
            f"{one}",
        ),
        _ranking(
            "precision", plotting.precision_recall_curve, "How many are found, at what price?",
            "Precision-recall curves", evaluation.y, columns,
            "Precision: how many rows of those named are right. Recall: how many of those to be "
            f"found are found. A larger average precision (AP) is better.{one}",
        ),
        calibration,
    )  # fmt: skip


def _ranking(
    key: str, plot: Callable[..., Any], heading: str, what: str, y: NDArray, scores: dict[str, Any],
    caption: str,
) -> str:  # fmt: skip
    area: Callable[..., float] = macro_auc if key == "roc" else _macro_precision
    listed = ", ".join(f"{name} {area(y, x):.3f}" for name, x in scores.items())
    return html.section(
        heading,
        html.figure(
            key, (6.4, 3.9), lambda ax: plot(y, scores, ax),
            f"{what}; areas under them: {listed}.", caption,
        ),
    )  # fmt: skip


def _macro_precision(y: NDArray, proba: NDArray) -> float:
    pairs = _against_rest(np.unique(y), proba)
    return float(np.mean([metrics.average_precision_score(y == k, x) for k, x in pairs]))


def _calibration(evaluation: Evaluation, shown: dict[str, NDArray[np.float64]]) -> str:
    names = evaluation.class_names

    def draw(ax: Any) -> None:
        plotting.calibration(evaluation.y, shown, ax)
        if len(names) == 2:
            positive = plain(names[1])
            ax.set_xlabel(f"probability of {positive}\nmarker area: rows in the bin")
            ax.set_ylabel(f"fraction that is {positive}")

    errors = ", ".join(
        f"{name} {calibration_error(evaluation.y, x):.3f}" for name, x in shown.items()
    )
    return html.section(
        "Is it sure of the right things?",
        html.figure(
            "calibration", (6.4, 3.9), draw,
            f"Reliability diagram; expected calibration errors: {errors}.",
            "Below the dotted line a model is surer than it should be. ECE is the expected "
            "calibration error: how far probabilities and frequencies are apart on average.",
        ),
    )  # fmt: skip
