"""What modalities do, each finding a number or a reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from . import inspection
from ._modality_scores import ModalityScores
from ._parameters import is_sparse
from ._plot_style import evenly
from ._report_evaluation import Evaluation, r2

_MOST_COALITIONS, _MOST_CLASSES_OF_PID, _CLASSES_WITH_INTERVALS = 12, 12, 3
_MOST_SILENCED, _MOST_ROWS_OF_CKA, _FEWEST_ROWS = 6, 2_000, 10
_N_PERMUTATIONS, _N_RESAMPLES = 10, 1000


@dataclass(eq=False)
class Findings:
    """Results of :mod:`polyfuse.inspection`; those that are None are explained in `left_out`.

    Attributes
    ----------
    contributions, shapley, perceptual, emap, dropped, curve, pid
        As the functions return them.
    cka : ndarray of shape (n, n) and the names of the n modalities, or None
    complete : ndarray of int
        Rows in which every modality that was given is there, evenly chosen.
    left_out : list of str
    """

    contributions: inspection.Contributions | None = None
    shapley: inspection.ModalityShapley | None = None
    perceptual: inspection.PerceptualScore | None = None
    emap: inspection.EMAP | None = None
    dropped: inspection.DropModality | None = None
    curve: inspection.RobustnessCurve | None = None
    cka: tuple[NDArray[np.float64], tuple[str, ...]] | None = None
    pid: inspection.PID | None = None
    complete: NDArray[np.intp] = field(default_factory=lambda: np.empty(0, np.intp))
    left_out: list[str] = field(default_factory=list)


def findings(evaluation: Evaluation, seed: int) -> Findings:
    found = Findings()
    if evaluation.scores is None:
        found.left_out.append(
            f"Shares, Shapley values, perceptual scores, EMAP and what is lost without a modality: "
            f"{evaluation.label} folds features before it learns, so that one model sees all "
            "modalities mixed and has no parts to silence or to exchange."
        )
    else:
        _of_parts(found, evaluation, evaluation.scores, seed)
    _of_blocks(found, evaluation)
    _of_information(found, evaluation, seed)
    return found


def _of_parts(found: Findings, evaluation: Evaluation, scores: ModalityScores, seed: int) -> None:
    y, metric = evaluation.y, evaluation.metric
    if evaluation.class_names:
        found.dropped = inspection.drop_modality(scores, None, y)
        found.perceptual = inspection.perceptual_score(
            scores, None, y, n_permutations=_N_PERMUTATIONS, random_state=seed
        )
    else:
        without = {n: r2(y, scores.silenced([n]).predict()) for n in scores.names}
        found.dropped = inspection.DropModality(r2(y, scores.predict()), without)
        found.left_out.append("Perceptual scores: they are of accuracy, and numbers have none.")
    without = found.dropped.without
    missed = sorted(without, key=lambda name: without[name])[:_MOST_SILENCED]
    found.curve = inspection.robustness_curve(
        scores, None, y, metric=metric, random_state=seed,
        modalities=[name for name in scores.names if name in missed],
    )  # fmt: skip
    try:
        found.contributions = inspection.modality_contributions(scores)
    except ValueError as error:  # no sum
        found.left_out.append(f"Shares of the decision: {error}")
    if len(scores) > _MOST_COALITIONS:
        found.left_out.append(
            f"Shapley values and EMAP: {len(scores)} modalities have too many subsets, more than "
            f"2^{_MOST_COALITIONS}."
        )
        return
    found.shapley = inspection.modality_shapley(scores, None, y, metric=metric)
    try:
        found.emap = inspection.emap(
            scores, None, y, metric=metric, n_resamples=_N_RESAMPLES, random_state=seed
        )
    except ValueError as error:  # weights of what is there that add up to zero
        found.left_out.append(f"EMAP: {error}")


def _of_blocks(found: Findings, evaluation: Evaluation) -> None:
    """What features alone tell: how alike modalities are, of the rows that all have."""
    dense = {name: x for name, x in evaluation.blocks.items() if not is_sparse(x)}
    if len(dense) < 2:
        found.left_out.append("Likeness and planes of modalities: fewer than two blocks are dense.")
        return
    there = np.ones(len(evaluation.y), bool)
    for name, mask in zip(evaluation.modalities, evaluation.masks, strict=True):
        if name in dense and mask is not None:
            there &= mask
    for x in dense.values():
        there &= ~_nothing(np.asarray(x))
    rows = np.flatnonzero(there)
    if len(rows) < _FEWEST_ROWS:
        found.left_out.append(
            f"Likeness and planes of modalities: only {len(rows)} rows have all of them."
        )
        return
    found.complete = rows[evenly(len(rows), _MOST_ROWS_OF_CKA)]
    matrix = inspection.linear_cka(
        {name: np.asarray(x)[found.complete] for name, x in dense.items()}, debiased=True
    )
    if np.isfinite(matrix).all():
        found.cka = np.clip(matrix, -1.0, 1.0), tuple(dense)
    else:
        found.left_out.append("Likeness of modalities: one is constant, or noise alone.")


def _nothing(x: NDArray) -> NDArray[np.bool_]:
    """Rows that are all NaN."""
    if x.dtype.kind != "f":
        return np.zeros(len(x), bool)
    nothing: NDArray[np.bool_] = np.isnan(x).all(axis=1)
    return nothing


def _of_information(found: Findings, evaluation: Evaluation, seed: int) -> None:
    n_classes, alone = len(evaluation.class_names), evaluation.alone
    if len(alone) < 2:
        return
    if not evaluation.class_names:
        found.left_out.append("Partial information decomposition: numbers would have to be binned.")
        return
    if n_classes > _MOST_CLASSES_OF_PID:
        found.left_out.append(
            f"Partial information decomposition: {n_classes} classes are more than "
            f"{_MOST_CLASSES_OF_PID}, which would take long."
        )
        return
    best = sorted(alone, key=lambda name: -evaluation.score(alone[name]))[:2]
    found.pid = inspection.pid(
        {name: alone[name].predicted for name in evaluation.modalities if name in best},
        evaluation.y,
        n_resamples=_N_RESAMPLES // 10 if n_classes <= _CLASSES_WITH_INTERVALS else 0,
        random_state=seed,
    )
