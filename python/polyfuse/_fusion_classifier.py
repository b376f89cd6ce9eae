"""Logistic regression on several modalities."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._arrays import as_sample_weight, one_of, require_number
from ._blocks import BlocksLike
from ._estimator import Classifier
from ._fusion_learning import Lesson
from ._fusion_model import FusionModel
from ._fusion_scalers import Scalers
from ._gradient_data import Task
from ._late import RESPONSES, learned_weights, responses, temperature_of
from ._linear import class_targets, encode_classes, likeliest, probabilities, softmax
from ._missing import Present
from ._modality_scores import RANKED, VOTES
from ._sgd_targets import as_targets, class_weights

# What these rules make of scores, which may be negative, is no number, or no order.
_OF_PROBABILITIES = ("product", "geometric_mean")


class FusionClassifier(FusionModel, Classifier):
    """Logistic regression on several modalities: scaled, fused and learned in one pass.

    With ``level="early"`` each gradient reads every block once, where it lies: rows are converted,
    scaled and fused in cache, a few at a time. The model is the one scikit-learn's
    StandardScaler + hstack + LogisticRegression would give: it minimises C · Σ loss + |W|² / 2, by
    L-BFGS on full-batch gradients.

    A modality is missing in a row where its block is all NaN there, or `present` says so; in an
    early fusion its scaled values are zero then, their mean, a late one fuses the others.

    Parameters
    ----------
    fusion : str, optional
        Early: "concatenate" (the default), or "sum", "mean", "weighted_sum", "weighted_mean",
        "maximum", "product", ... of features, for blocks of one width. Late: "geometric_mean" (the
        default), or any rule of :class:`polyfuse.inspection.ModalityScores`.
    level : {"early", "late", "cooperative", "hybrid"}, default="early"
        "early" fuses features and learns one model. "late" learns one model per modality, from the
        rows where it is there, and fuses what they say. "cooperative" learns one model whose
        modalities are made to agree, by `rho`. "hybrid" is the geometric mean of the late models
        and the early one.
    scaler : {"standard", "minmax", "maxabs", "robust"}, scaler, dict of these, default="standard"
        How each block is scaled, by statistics of the rows fitted on; None leaves it as it is. A
        scaler of :mod:`polyfuse.preprocessing` is copied, never fitted itself. Sparse blocks are
        not centred.
    weights : dict, array-like of shape (n_modalities,), "validation" or "learned", optional
        One weight per modality for fusions that weigh; for "hybrid" there is one more, "early".
        Late: "validation" takes the accuracy of each modality on rows held out, "learned" the
        weights that minimise the log-loss there.
    response : {"probability", "score", "rank"}, default="probability"
        What a late fusion fuses: class probabilities, log-odds, or ranks of the classes.
    calibrate : bool, default=True
        Divide each modality's log-odds by a temperature, that of the least log-loss on rows held
        out, before they are fused late.
    rho : float or "validation", default="validation"
        How much "cooperative" wants modalities to agree: 0 is the early fusion, 1 (of numbers
        predicted by least squares) the mean of models of single modalities. "validation" takes
        that of 0, 0.003, 0.03, 0.3 and 1 with the least loss on rows held out.
    C : float, default=1.0
        Inverse strength of the L2 penalty.
    class_weight : dict or "balanced", optional
        Weight of each class.
    block_alpha : dict or list, one entry per modality, optional
        Factors of the penalty, 1 / C, of each modality.
    block_eta : dict or list, one entry per modality, optional
        Factors of the steps of each modality. With it, or `balance`, the model is learned by
        `max_iter` steps of gradient descent, where steps matter.
    balance : float, default=0.0
        How much the steps of a modality are shortened that is more confident than the others, so
        that it does not starve them (OGM-GE, Peng et al., CVPR 2022).
    modality_dropout : float or "auto", default="auto"
        Early and cooperative models also learn from copies of the rows in which each modality is
        left out at this rate, but never all of a row; no copy is made. "auto" is the rate at which
        modalities are missing: none if all are there.
    cv : int, splitter of scikit-learn's, or iterable of (train, test), default=5
        Folds that are held out to learn temperatures, weights and `rho`: a number of them, whole
        `groups` if they are given; or the rows of each `test`, of which models learn that know all
        others.
    max_iter : int, default=200
        Most iterations of the solver.
    tol : float, default=1e-3
        The solver stops when no element of the gradient of the mean objective is larger. Of six
        real sets, accuracies on held-out rows differ by 0.005 at most from those at 1e-4, where
        LogisticRegression stops, after a third of the iterations.
    random_state : int, RandomState or None, default=0
        What `modality_dropout` draws from.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    modalities_ : list of str
        Names of the blocks, in order.
    scalers_ : dict of str to fitted scaler or None
    coef_ : dict of str to ndarray of shape (n_outputs, n_features_i)
        Coefficients of each modality, in units of its scaled features; n_outputs is 1 for two
        classes. With an early fusion other than "concatenate" all modalities share one.
    intercept_ : ndarray of shape (n_outputs,), or dict of it per modality for a late fusion
    temperatures_ : dict of str to float
        Of late fusions; ones if not calibrated.
    weights_ : ndarray of shape (n_modalities,)
        Weights in use; ones for fusions that do not weigh.
    rho_ : float
        That in use, for level="cooperative".
    prior_ : ndarray of shape (n_classes,)
        Frequencies of the classes: what is said of a row without any modality by a late fusion.
    loss_curve_ : list of float, or dict of it per modality for a late fusion
        Mean objective after each iteration.
    n_iter_ : int
        Iterations made (the most of any modality).
    n_features_in_ : int
        Columns of all blocks together.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Where fit was given one data frame whose columns are named by strings.

    References
    ----------
    Cooperative learning: D. Y. Ding, S. Li, B. Narasimhan and R. Tibshirani, "Cooperative learning
    for multiview analysis", PNAS 119 (2022).

    Examples
    --------
    >>> import polyfuse as pf
    >>> blocks = {"image": [[0.0], [1.0], [2.0], [3.0]], "text": [[1.0], [0.0], [0.0], [1.0]]}
    >>> model = pf.FusionClassifier().fit(blocks, ["cat", "cat", "dog", "dog"])
    >>> model.predict(blocks)
    array(['cat', 'cat', 'dog', 'dog'], dtype='<U3')
    >>> nan = float("nan")
    >>> model.predict({"image": [[3.0], [nan]], "text": [[nan], [0.5]]}).shape
    (2,)
    """

    classes_: NDArray
    temperatures_: dict[str, float]
    _response: str

    _late_default = "geometric_mean"

    def __init__(
        self,
        fusion: str | None = None,
        *,
        level: str = "early",
        scaler: Scalers = "standard",
        weights: Any = None,
        response: str = "probability",
        calibrate: bool = True,
        rho: float | str = "validation",
        C: float = 1.0,
        class_weight: Any = None,
        block_alpha: Any = None,
        block_eta: Any = None,
        balance: float = 0.0,
        modality_dropout: float | str = "auto",
        cv: Any = 5,
        max_iter: int = 200,
        tol: float = 1e-3,
        random_state: Any = 0,
    ) -> None:
        self.fusion = fusion
        self.level = level
        self.scaler = scaler
        self.weights = weights
        self.response = response
        self.calibrate = calibrate
        self.rho = rho
        self.C = C
        self.class_weight = class_weight
        self.block_alpha = block_alpha
        self.block_eta = block_eta
        self.balance = balance
        self.modality_dropout = modality_dropout
        self.cv = cv
        self.max_iter = max_iter
        self.tol = tol
        self.random_state = random_state

    # -- what FusionModel asks for ---------------------------------------------------------------

    def _check_parameters(self) -> str:
        fusion = super()._check_parameters()
        require_number(self.C, "C", above=0.0)
        if isinstance(self.class_weight, str):
            one_of(self.class_weight, "class_weight", ("balanced",))
        one_of(self.response, "response", RESPONSES)
        one_of(self.calibrate, "calibrate", (True, False))
        if self.level == "late" and not self._takes(fusion):
            raise ValueError(
                f"fusion={fusion!r} needs response='probability' or 'rank': scores may be negative."
            )
        return fusion

    def _takes(self, rule: str) -> bool:
        return super()._takes(rule) and (self.response != "score" or rule not in _OF_PROBABILITIES)

    def _task(self, y: Any, n_rows: int, given: Any) -> tuple[Task, dict[str, Any]]:
        labels = as_targets(y, type(self).__name__)
        if labels.dtype.kind == "O" and any(label is None for label in labels):
            raise ValueError("y must have a label for every row; got None.")
        classes, codes = encode_classes(labels, n_rows)
        targets, loss, n_outputs = class_targets(codes, len(classes))
        weight = None
        if self.class_weight is not None:
            own = class_weights(self.class_weight, classes, codes)
            sample_weight = as_sample_weight(given, n_rows)
            if isinstance(self.class_weight, str) and sample_weight is not None:
                totals = np.bincount(codes, sample_weight)  # as LogisticRegression since 1.9
                own = totals.sum() / (len(totals) * np.where(totals > 0.0, totals, np.inf))
            weight = own[codes]
        return Task(targets, loss, n_outputs, codes, weight), {"classes_": classes}

    def _penalty(self) -> float:
        return 1.0 / self.C

    def _prior(self, task: Task, weight: NDArray[np.float64] | None) -> NDArray[np.float64]:
        assert task.codes is not None
        counts = np.bincount(task.codes, weights=weight).astype(np.float64)
        prior: NDArray[np.float64] = counts / counts.sum()
        return prior

    def _holds_out(self) -> bool:
        return bool(self.calibrate) or isinstance(self.weights, str)

    def _pool(
        self, names: list[str], held_out: list[NDArray], lesson: Lesson, fusion: str,
        weight: NDArray[np.float64],
    ) -> dict[str, Any]:  # fmt: skip
        codes = lesson.task.codes
        assert codes is not None
        known = [np.isfinite(own).all(axis=1) for own in held_out]
        temperatures = [1.0] * len(names)
        if self.calibrate:
            temperatures = [
                temperature_of(own[rows], codes[rows], weight[rows])
                for own, rows in zip(held_out, known, strict=True)
            ]
        if not isinstance(self.weights, str):
            weights = self._fixed_weights(names, fusion)
        elif self.weights == "validation":
            weights = _accuracies(held_out, known, codes, weight)
        else:
            parts = [
                softmax(responses(np.where(rows[:, None], own, 0.0), t, "score"))
                for own, rows, t in zip(held_out, known, temperatures, strict=True)
            ]
            weights = learned_weights(parts, known, codes, weight, fusion)
        return {
            "weights_": weights,
            "temperatures_": dict(zip(names, temperatures, strict=True)),
            "_response": self.response,
        }

    def _fixed_weights(self, members: list[str], fusion: str) -> NDArray[np.float64]:
        weights = super()._fixed_weights(members, fusion)
        # Of these, negative weights make no probabilities; of log-odds they make others.
        likely = fusion in RANKED or self.response != "score"
        added = self.level == "late" and fusion != "geometric_mean" and likely
        if added and (weights < 0.0).any():
            raise ValueError(
                f"weights must not be negative for fusion={fusion!r} of response="
                f"{self.response!r}; got {weights.min():g}."
            )
        return weights

    def _part(self, name: str, own: NDArray) -> NDArray:
        return responses(own, self.temperatures_[name], self._response)

    def _shares(self) -> NDArray[np.float64]:
        temperatures = np.array(list(self.temperatures_.values()))
        shares: NDArray[np.float64] = self.weights_ / self.weights_.sum() / temperatures
        return shares

    # -- predict ---------------------------------------------------------------------------------

    def decision_function(self, blocks: BlocksLike, *, present: Present = None) -> NDArray:
        """Return scores, (n_samples, n_classes), or (n_samples,) for two classes.

        Those of a late fusion are what is fused; for two classes, how much more the second has.
        """
        out = self._scores(blocks, present)
        if len(self.classes_) > 2:
            return out
        return out[:, 0] if out.shape[1] == 1 else out[:, 1] - out[:, 0]

    def predict_proba(self, blocks: BlocksLike, *, present: Present = None) -> NDArray:
        """Return class probabilities, shape (n_samples, n_classes).

        For level="late" these are the fused scores divided by their sum; of response="score" their
        softmax, unless the rule counts votes or ranks.
        """
        out = self._scores(blocks, present)
        counted = self._fusion in (*VOTES, *RANKED)
        if self._level != "late" or (self._response == "score" and not counted):
            return probabilities(out)
        out[~(out.sum(axis=1) > 0)] = self.prior_  # as a product of tiny numbers, all zeros
        out /= out.sum(axis=1, keepdims=True)
        return out

    def predict(self, blocks: BlocksLike, *, present: Present = None) -> NDArray:
        """Return the likeliest class of each row, shape (n_samples,).

        A block that is None, or left out of a dict, is missing in all rows.
        """
        codes = likeliest(self._scores(blocks, present))
        labels: NDArray = self.classes_[codes]
        return labels


def _accuracies(
    held_out: list[NDArray], known: list[NDArray[np.bool_]], codes: NDArray[np.int64],
    weight: NDArray[np.float64],
) -> NDArray[np.float64]:  # fmt: skip
    """Of each member, on the rows held out in which it is there; ones if all are zero."""
    found = []
    for own, rows in zip(held_out, known, strict=True):
        w = weight[rows]
        right = likeliest(own[rows]) == codes[rows]
        found.append(float(np.average(right, weights=w)) if w.any() else 0.0)
    return np.array(found) if any(found) else np.ones(len(found))
