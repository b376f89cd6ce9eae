"""The report of a model: which sections, and in which order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from . import _html as html
from . import _report_modalities as modalities
from . import _report_parts as parts
from . import _report_scores as scores
from . import metrics
from ._report_evaluation import Evaluation
from ._report_findings import findings
from ._report_notes import notes


def sections(
    evaluation: Evaluation, title: str, pictures: NDArray[np.uint8] | None,
    captions: Sequence[str] | None, row_names: Sequence[str] | None, seed: int,
) -> tuple[str, ...]:  # fmt: skip
    found = findings(evaluation, seed)
    roc, precision, calibration = scores.curves(evaluation, found.left_out)
    return (
        scores.headline(evaluation, title),
        scores.in_short(evaluation, found),
        scores.scores(evaluation, seed),
        html.columns(scores.rules(evaluation), _confusion(evaluation)),
        html.columns(roc, precision),
        html.columns(calibration, _losses(evaluation)),
        modalities.work(found),
        modalities.missing(found),
        modalities.relations(evaluation, found),
        modalities.fixed_and_broken(evaluation, pictures, captions, row_names),
        parts.method(notes(evaluation, found, seed)),
    )


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
