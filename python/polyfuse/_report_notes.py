"""Notes at the end of the report of a model: how it was measured, by what, and what was not."""

from __future__ import annotations

import platform

import numpy as np

from . import __version__
from ._report_evaluation import Evaluation
from ._report_findings import Findings


def notes(evaluation: Evaluation, found: Findings, seed: int) -> tuple[str, ...]:
    return (
        _rows(evaluation),
        *_alone(evaluation),
        *_pooled(evaluation),
        _test(evaluation),
        "Intervals of scores: percentiles of the bootstrap over rows (Efron and Tibshirani, 1993); "
        "they do not tell how much another training set would change.",
        *_of_findings(found),
        *(f"Not computed: {reason}" for reason in found.left_out),
        f"Written by polyfuse {__version__}, NumPy {np.__version__}, Python "
        f"{platform.python_version()}; random seed {seed}.",
    )


def _rows(evaluation: Evaluation) -> str:
    n = len(evaluation.y)
    if evaluation.n_folds == 0:
        return (
            f"The model was fitted before. It is scored on the {n} rows given, which must be rows "
            "that it was not fitted on: nothing here can tell, and scores of training rows would "
            "be too good."
        )
    how = f"rows drawn {'from each class alike' if evaluation.class_names else 'at random'}"
    if evaluation.grouped:
        how = "whole groups held out"
    return (
        f"Cross-validation of {n} rows in {evaluation.n_folds} folds, {how}: each row is scored by "
        "a model that was fitted without its fold, scalers and all. Nothing was tuned."
        + " Where rows come in groups, of one person or one day, these numbers are too good unless "
        "groups are held out whole." * (not evaluation.grouped)
    )


def _test(evaluation: Evaluation) -> str:
    chosen = (
        " The best single modality is chosen on these rows, which is to its advantage. Rows are "
        "taken to be independent: where they come in groups, both are too sure."
    )
    if not evaluation.class_names:
        return (
            "Test of the difference: permutations of the two predictions of each row (Good, 2005); "
            f"interval: bootstrap.{chosen}"
        )
    return (
        "Test of the difference: exact McNemar test (Psychometrika 12, 1947; Dietterich, Neural "
        "Computation 10, 1998); interval: Agresti and Min (Statistics in Medicine 24, 2005)."
        f"{chosen}"
    )


def _alone(evaluation: Evaluation) -> tuple[str, ...]:
    if not evaluation.alone:
        return ("There is no single modality to compare with: the model has no parts.",)
    if evaluation.n_folds:
        return (
            f"A modality alone is a {'logistic' if evaluation.class_names else 'ridge'} regression "
            "on that block, fitted on the same folds with the penalty, class weights and scaler of "
            "the model.",
        )
    if evaluation.own_models:
        return ("A modality alone is the member of this late fusion that learned from it.",)
    return (
        "A modality alone is its part of this model's scores, with the intercept: what the model "
        "would say if the other modalities said what they say on average. It did not learn to do "
        "without them.",
    )


def _pooled(evaluation: Evaluation) -> tuple[str, ...]:
    if not evaluation.n_folds or evaluation.scores is None:
        return ()
    moved = f"no prediction moves by more than {evaluation.disagreement:.2f} deviations of y"
    if evaluation.class_names:
        moved = (
            f"{100 * evaluation.disagreement:.1f} % of the rows are given another class than by "
            "the models of the folds"
        )
    return (
        "What modalities do is read from the scores of all folds as if they were of one model, "
        f"with the means of its weights and intercepts; by that {moved}.",
    )


def _of_findings(found: Findings) -> tuple[str, ...]:
    texts = {
        "contributions": "Shares: mean size of the exact interventional Shapley value of an "
        "additive model (Strumbelj and Kononenko, KAIS 41, 2014).",
        "shapley": "Shapley values over all subsets of modalities (Shapley, 1953; "
        "SHAPE, Hu, Li and Zhou, IJCAI 2022).",
        "perceptual": "Perceptual score: Gat, Schwartz and Schwing (NeurIPS 2021); "
        "its interval tells what more permutations could change, not other rows.",
        "emap": "EMAP, the best additive approximation: Hessel and Lee (EMNLP 2020).",
        "curve": "Missing modalities: as in MultiBench (Liang et al., NeurIPS 2021).",
        "cka": "Linear CKA: Kornblith et al. (ICML 2019), debiased: Nguyen et al. (ICLR 2021).",
        "pid": "Partial information decomposition: Bertschinger et al. (Entropy 16, 2014); for "
        "modalities: Liang et al. (NeurIPS 2023).",
    }
    return tuple(text for name, text in texts.items() if getattr(found, name) is not None)
