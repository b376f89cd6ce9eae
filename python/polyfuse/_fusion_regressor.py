"""Ridge regression on several modalities."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._arrays import as_doubles, require_finite, require_number, require_rows
from ._blocks import BlocksLike
from ._estimator import Regressor
from ._fusion_learning import Lesson
from ._fusion_model import FusionModel
from ._fusion_scalers import Scalers
from ._gradient_data import Task, unit_of
from ._late import convex_weights
from ._missing import Present
from ._sgd_targets import as_targets


class FusionRegressor(FusionModel, Regressor):
    """Ridge regression on several modalities: scaled, fused and learned in one pass.

    With ``level="early"`` the model is the one scikit-learn's StandardScaler + hstack +
    Ridge(alpha) would give: it minimises Σ (y - f)² + alpha · |w|², by L-BFGS. Modalities may be
    missing as for :class:`FusionClassifier`.

    Parameters
    ----------
    fusion : str, optional
        Early: "concatenate" (the default), or a fold of features of one width. Late:
        "weighted_mean" (the default), "mean", "sum", "weighted_sum", "median", "maximum" or
        "minimum" of what the models of the modalities predict.
    level : {"early", "late", "cooperative", "hybrid"}, default="early"
        As for :class:`FusionClassifier`; "hybrid" is the weighted mean of late and early models.
    scaler : {"standard", "minmax", "maxabs", "robust"}, scaler, dict of these, default="standard"
        How each block is scaled, by statistics of the rows fitted on.
    weights : dict, array-like of shape (n_modalities,), "validation" or "learned", optional
        One weight per modality for fusions that weigh; "learned" by default. Late: "validation"
        takes R² (at least 0) of each modality on rows held out, "learned" the weights ≥ 0 that add
        up to 1 and minimise the squared error there (Breiman's stacking).
    rho : float or "validation", default="validation"
        How much "cooperative" wants modalities to agree: 0 is early fusion, 1 the mean of models
        of single modalities; "validation" chooses as :class:`FusionClassifier` does.
    alpha : float, default=1.0
        Strength of the L2 penalty.
    block_alpha, block_eta, balance, modality_dropout, cv, max_iter, random_state
        As for :class:`FusionClassifier`; `block_alpha` are factors of `alpha`.
    tol : float, default=1e-4
        The solver stops when no element of the gradient of the mean objective is larger, in units
        of the deviation of `y`.

    Attributes
    ----------
    modalities_, scalers_, n_iter_, n_features_in_, feature_names_in_
        As for :class:`FusionClassifier`.
    coef_ : dict of str to ndarray of shape (1, n_features_i)
    intercept_ : ndarray of shape (1,), or dict of it per modality for a late fusion
    weights_ : ndarray of shape (n_modalities,)
    prior_ : ndarray of shape (1,)
        The mean of `y`: what is predicted for a row without any modality by a late fusion.
    loss_curve_ : list of float, or dict of it per modality for a late fusion
        Mean objective, half the squared error, after each iteration.

    Examples
    --------
    >>> import polyfuse as pf
    >>> blocks = {"sensor": [[0.0], [1.0], [2.0], [3.0]], "noise": [[1.0], [0.0], [0.0], [1.0]]}
    >>> model = pf.FusionRegressor(alpha=1e-6).fit(blocks, [0.0, 2.0, 4.0, 6.0])
    >>> model.predict(blocks).round(2) + 0.0
    array([0., 2., 4., 6.])
    """

    _late_default = "mean"
    _late_rules = (
        "mean", "weighted_mean", "sum", "weighted_sum", "median", "maximum", "minimum",
    )  # fmt: skip

    def __init__(
        self,
        fusion: str | None = None,
        *,
        level: str = "early",
        scaler: Scalers = "standard",
        weights: Any = None,
        rho: float | str = "validation",
        alpha: float = 1.0,
        block_alpha: Any = None,
        block_eta: Any = None,
        balance: float = 0.0,
        modality_dropout: float | str = "auto",
        cv: Any = 5,
        max_iter: int = 200,
        tol: float = 1e-4,
        random_state: Any = 0,
    ) -> None:
        self.fusion = fusion
        self.level = level
        self.scaler = scaler
        self.weights = weights
        self.rho = rho
        self.alpha = alpha
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
        require_number(self.alpha, "alpha", least=0.0)
        return super()._check_parameters()

    def _rule(self) -> str:
        rule = super()._rule()
        return "weighted_mean" if rule == "mean" and self.fusion is None else rule

    @property
    def _weighing(self) -> Any:
        """The weights in use: learned by default, where the rule is the default too."""
        return "learned" if self.weights is None and self.fusion is None else self.weights

    def _holds_out(self) -> bool:
        return isinstance(self._weighing, str)

    def _task(self, y: Any, n_rows: int, given: Any) -> tuple[Task, dict[str, Any]]:
        try:
            target = np.asarray(as_targets(y, type(self).__name__), np.float64).reshape(-1, 1)
        except ValueError as error:
            if "could not convert" not in str(error):
                raise
            raise ValueError(
                f"y must be numeric: {error}; FusionClassifier takes labels."
            ) from None
        require_rows(n_rows, target)
        require_finite({"Input y": target})
        return Task(as_doubles(target), "squared_error", 1), {}

    def _penalty(self) -> float:
        return float(self.alpha)

    def _tolerance(self, task: Task) -> float:
        return self.tol * unit_of(task, None)

    def _prior(self, task: Task, weight: NDArray[np.float64] | None) -> NDArray[np.float64]:
        return np.average(task.targets, axis=0, weights=weight).reshape(1)

    def _pool(
        self, names: list[str], held_out: list[NDArray], lesson: Lesson, fusion: str,
        weight: NDArray[np.float64],
    ) -> dict[str, Any]:  # fmt: skip
        if not self._holds_out():
            return {"weights_": self._fixed_weights(names, fusion)}
        if not any(np.isfinite(own).any() for own in held_out):  # too few rows for folds
            return {"weights_": np.ones(len(names))}
        y = lesson.task.targets[:, 0]
        known = [np.isfinite(own[:, 0]) for own in held_out]
        if self._weighing == "learned":
            parts = [np.nan_to_num(own) for own in held_out]
            return {"weights_": convex_weights(parts, y, weight, known)}
        found = [
            max(0.0, _explained(own[rows, 0], y[rows], weight[rows]))
            for own, rows in zip(held_out, known, strict=True)
        ]
        return {"weights_": np.array(found) if any(found) else np.ones(len(found))}

    def _part(self, name: str, own: NDArray) -> NDArray:
        return own

    def _shares(self) -> NDArray[np.float64]:
        shares: NDArray[np.float64] = self.weights_ / self.weights_.sum()
        return shares

    # -- predict ---------------------------------------------------------------------------------

    def predict(self, blocks: BlocksLike, *, present: Present = None) -> NDArray:
        """Return predicted numbers, shape (n_samples,).

        A block that is None, or left out of a dict, is missing in all rows.
        """
        return self._scores(blocks, present)[:, 0]


def _explained(predicted: NDArray, y: NDArray[np.float64], weight: NDArray[np.float64]) -> float:
    """R² of predictions; 0 where there is nothing to explain."""
    if not weight.any():
        return 0.0
    spread = np.average((y - np.average(y, weights=weight)) ** 2, weights=weight)
    error = np.average((y - predicted) ** 2, weights=weight)
    return float(1.0 - error / spread) if spread > 0.0 else 0.0
