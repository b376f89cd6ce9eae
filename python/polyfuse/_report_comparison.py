"""Sections of the report of a comparison: each modality alone, and every way of fusing them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from . import __version__
from . import _html as html
from . import _report_parts as parts
from ._comparison import Comparison
from ._report_cards import Rows, Said

_MOST_GAINED, _MOST_LOST = 24, 8


def sections(
    comparison: Comparison, title: str, pictures: NDArray[np.uint8] | None,
    captions: Sequence[str] | None,
) -> tuple[str, ...]:  # fmt: skip
    best = comparison.best_fused
    confusion = parts.confusion(comparison.confusion(best), comparison.class_names, best.label)
    return (
        parts.headline(title, *comparison.headline()),
        html.columns(_scores(comparison), _rules(comparison)),
        html.columns(confusion, _shares(comparison)),
        _gallery(comparison, pictures, captions),
        html.columns(_losses(comparison), parts.method(_notes(comparison))),
    )


def _scores(comparison: Comparison) -> str:
    models = (*comparison.fused, *comparison.alone)
    rows = [
        (model.label, *(f"{score:.3f}" for score in model.scores), f"{model.seconds:.2f} s")
        for model in models
    ]
    weights = ", ".join(f"{name} {weight:.2f}" for name, weight in comparison.weights.items())
    return html.section(
        "Scores",
        html.table(
            f"On the {len(comparison.y_test)} rows held out; precision, recall and F1 are means "
            "over the classes. The best fusion is in bold.",
            ("model", "accuracy", "precision", "recall", "F1", "fit time"),
            rows, models.index(comparison.best_fused),
        ),
        html.note(
            "Fit time is that of the model were it the only one: a late fusion counts the fits of "
            "all modalities, and those of the folds that find temperatures and weights "
            f"({weights})."
        ),
    )  # fmt: skip


def _rules(comparison: Comparison) -> str:
    fused, alone = (
        {model.label: model.accuracy for model in models}
        for models in (comparison.fused, comparison.alone)
    )
    note = (
        "Bars may overlap although one model is truly better: the test in the headline compares "
        "them row by row."
    )
    return html.section(
        "Is it worth it, and which rule?",
        parts.rules(fused, alone, len(comparison.y_test), note),
    )


def _shares(comparison: Comparison) -> str:
    of = "the concatenation"
    return html.section(
        "What does each modality contribute?",
        parts.shares(comparison.contributions, of, "the table shows what is lost without it."),
        parts.dropped(comparison.dropped, of),
    )


def _losses(comparison: Comparison) -> str:
    best = sorted(comparison.alone, key=lambda model: -model.accuracy)[: parts.MOST_CURVES - 1]
    labels = [model.label for model in comparison.alone if model in best]
    labels.append(comparison.fused[0].label)
    return parts.losses({label: comparison.loss_curves[label] for label in labels})


def _gallery(
    comparison: Comparison, pictures: NDArray[np.uint8] | None, captions: Sequence[str] | None
) -> str:
    if pictures is None:
        return ""
    fused, best = comparison.best_fused, comparison.best_alone
    said = (Said("fused", fused.predicted), *(Said(m.name, m.predicted) for m in comparison.alone))
    rows = Rows(
        comparison.y_test, comparison.class_names, said, comparison.test_rows, pictures, captions
    )
    right = fused.predicted == comparison.y_test
    each = [model.predicted == comparison.y_test for model in comparison.alone]
    lost = ~right & (best.predicted == comparison.y_test)
    of = f"of the {len(right)} rows held out are right by"
    gained = np.flatnonzero(right & ~np.any(each, axis=0))
    return rows.section(
        "Only fusion gets these right", gained, f"{of} fusion and by no modality alone",
        _MOST_GAINED,
    ) + rows.section(
        "And these it breaks", np.flatnonzero(lost), f"{of} {best.label} and wrong by fusion",
        _MOST_LOST,
    )  # fmt: skip


def _notes(comparison: Comparison) -> tuple[str, ...]:
    return (
        f"{comparison.n_train} rows to learn from, {len(comparison.y_test)} held out to test, the "
        f"same fraction of each class (seed {comparison.random_state}). It is one split: another "
        "seed moves every number.",
        "Each block is scaled by the means and deviations of its training rows. Models are "
        "logistic regressions with an L2 penalty, at their defaults: nothing was tuned.",
        "Early fusion learns one model from all features; late fusion combines the class "
        "probabilities of one model per modality.",
        "Test of the difference: exact McNemar test (Psychometrika 12, 1947; Dietterich, Neural "
        "Computation 10, 1998), its p-value multiplied by the number of rules (Bonferroni). Its "
        "interval: Agresti and Min (Statistics in Medicine 24, 2005), widened likewise. Intervals "
        "of accuracies: Wilson (JASA 22, 1927).",
        "Contribution: a modality's part of the score minus its mean, the exact interventional "
        "Shapley value of an additive model (Strumbelj and Kononenko, KAIS 41, 2014).",
        f"Written by polyfuse {__version__}.",
    )
