"""The report of a model: which sections, and in which order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from . import _html as html
from . import _report_modalities as modalities
from . import _report_numbers as numbers
from . import _report_parts as parts
from . import _report_scores as scores
from . import metrics
from ._report_evaluation import Evaluation
from ._report_findings import Findings, findings
from ._report_notes import notes


def sections(
    evaluation: Evaluation, title: str, pictures: NDArray[np.uint8] | None,
    captions: Sequence[str] | None, row_names: Sequence[str] | None, seed: int,
) -> list[str]:  # fmt: skip
    found = findings(evaluation, seed)
    first = _of_classes if evaluation.class_names else _of_numbers
    page = first(evaluation, found, title, seed)
    page += [
        modalities.work(found, evaluation.measure),
        modalities.missing(found, evaluation.measure),
        modalities.relations(evaluation, found),
    ]
    if evaluation.class_names:
        page.append(modalities.fixed_and_broken(evaluation, pictures, captions, row_names))
    page.append(parts.method(notes(evaluation, found, seed)))
    return page


def _of_classes(evaluation: Evaluation, found: Findings, title: str, seed: int) -> list[str]:
    roc, precision, calibration = scores.curves(evaluation, found.left_out)
    return [
        scores.headline(evaluation, title),
        _in_short(evaluation, found, scores.answers(evaluation)),
        scores.scores(evaluation, seed),
        html.columns(scores.rules(evaluation), _confusion(evaluation)),
        html.columns(roc, precision),
        html.columns(calibration, _losses(evaluation)),
    ]


def _of_numbers(evaluation: Evaluation, found: Findings, title: str, seed: int) -> list[str]:
    return [
        numbers.headline(evaluation, title, seed),
        _in_short(evaluation, found, numbers.answers(evaluation)),
        numbers.scores(evaluation, seed),
        html.columns(numbers.scatter(evaluation), _losses(evaluation)),
    ]


def _in_short(evaluation: Evaluation, found: Findings, first: list[tuple[str, str]]) -> str:
    rest = modalities.answers(found, evaluation.measure)
    return html.section("In short", html.answers([*first, *rest]))


def _confusion(evaluation: Evaluation) -> str:
    matrix = metrics.confusion_matrix(
        evaluation.y, evaluation.fused.predicted, labels=np.arange(len(evaluation.class_names))
    )
    return parts.confusion(matrix, evaluation.class_names, evaluation.label)


def _losses(evaluation: Evaluation) -> str:
    curves = dict(list(evaluation.loss_curves.items())[: parts.MOST_CURVES])
    return parts.losses(
        curves, " Of the models that the first fold was held out from." * (evaluation.n_folds > 0)
    )
