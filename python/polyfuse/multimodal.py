"""Learn from several modalities at once, without stacking or copying their blocks."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import fusion as _fusion
from ._arrays import (
    as_sample_weight,
    one_block,
    one_of,
    require_finite,
    require_fitted,
    require_number,
    result_dtype,
)
from ._blocks import BlocksLike
from ._descent import Callback, Problem, Trace, lbfgs, mean_one
from ._estimator import Classifier
from ._fusion_rows import block_weights, require_one_width
from ._fusion_scalers import Scalers, affine_of, fit_scalers
from ._kernels.contract import CONCATENATE, Block, Rows
from ._kernels.fusion_ops import OPERATORS
from ._linear import class_targets, encode_classes, likeliest, probabilities, scores
from ._modality_scores import ModalityScores
from ._multimodal_inputs import read, read_again, remember
from ._sgd_targets import as_targets

__all__ = ["FusionClassifier", "ModalityScores"]

LEVELS = ("early", "late")
_OTHERS = ("geometric_mean", "power_mean", "vote", "weighted_vote")
FUSIONS = (CONCATENATE, *(op for op in OPERATORS if op not in _OTHERS))
# These may pass over an infinity, so that no score tells of it.
_SELECTING = ("maximum", "minimum", "median")


class _LinearModel(NamedTuple):
    """Coefficients of scores of shape (n_samples, n_outputs), and how they were found."""

    coef: NDArray
    intercept: NDArray
    trace: Trace


class FusionClassifier(Classifier):
    """Logistic regression on several modalities: scaled, fused and learned in one pass.

    Each gradient reads every block once, where it lies: rows are converted, scaled and fused in
    cache, a few at a time. The model is the one scikit-learn's StandardScaler + hstack +
    LogisticRegression would give: it minimises C · Σ loss + |W|² / 2, by L-BFGS on full-batch
    gradients.

    Parameters
    ----------
    fusion : str, default="concatenate"
        "concatenate", or "sum", "mean", "weighted_sum", "weighted_mean", "maximum", "product", ...
    level : {"early", "late"}, default="early"
        "early" fuses features and learns one model (all fusions but "concatenate" need blocks of
        one width). "late" learns one model per modality and fuses their class probabilities.
    scaler : {"standard", "minmax", "maxabs", "robust"}, scaler, dict of these, default="standard"
        How each block is scaled, by statistics of the rows fitted on; None leaves it as it is. A
        scaler of :mod:`polyfuse.preprocessing` is copied, never fitted itself.
    weights : dict, array-like of shape (n_modalities,), or "validation", optional
        One weight per modality for the weighted fusions. "validation", for level="late", takes
        the accuracy of each modality on every fifth row of each class, learned on the others.
    C : float, default=1.0
        Inverse strength of the L2 penalty.
    max_iter : int, default=200
        Most iterations of the solver.
    tol : float, default=1e-4
        The solver stops when no element of the gradient of the mean objective is larger.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    modalities_ : list of str
        Names of the blocks, in order.
    scalers_ : dict of str to fitted scaler or None
    coef_ : dict of str to ndarray of shape (n_outputs, n_features_i)
        Coefficients of each modality, in units of its scaled features; n_outputs is 1 for two
        classes. With an early fusion other than "concatenate" all modalities share one.
    intercept_ : ndarray of shape (n_outputs,), or dict of it per modality for level="late"
    weights_ : ndarray of shape (n_modalities,)
        Weights in use; ones for fusions that do not weigh.
    loss_curve_ : list of float, or dict of it per modality for level="late"
        Mean objective after each iteration.
    n_iter_ : int
        Iterations made (the most of any modality).
    n_features_in_ : int
        Columns of all blocks together.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Where fit was given one data frame whose columns are named by strings.

    Examples
    --------
    >>> import polyfuse as pf
    >>> blocks = {"image": [[0.0], [1.0], [2.0], [3.0]], "text": [[1.0], [0.0], [0.0], [1.0]]}
    >>> model = pf.FusionClassifier().fit(blocks, ["cat", "cat", "dog", "dog"])
    >>> model.predict(blocks)
    array(['cat', 'cat', 'dog', 'dog'], dtype='<U3')
    """

    classes_: NDArray
    modalities_: list[str]
    scalers_: dict[str, Any]
    coef_: dict[str, NDArray]
    intercept_: Any
    weights_: NDArray[np.float64]
    loss_curve_: Any
    n_iter_: int
    n_features_in_: int
    _names: list[str]
    _coef: NDArray
    _level: str
    _fusion: str

    def __init__(
        self,
        fusion: str = CONCATENATE,
        *,
        level: str = "early",
        scaler: Scalers = "standard",
        weights: Any = None,
        C: float = 1.0,
        max_iter: int = 200,
        tol: float = 1e-4,
    ) -> None:
        self.fusion = fusion
        self.level = level
        self.scaler = scaler
        self.weights = weights
        self.C = C
        self.max_iter = max_iter
        self.tol = tol

    # -- fit -------------------------------------------------------------------------------------

    def fit(
        self,
        blocks: BlocksLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        callback: Callback | None = None,
    ) -> Self:
        """Fit to blocks of rows and their class labels.

        Parameters
        ----------
        blocks : dict, list or Blocks of array-like, each of shape (n_samples, n_features_i)
            Or one of them, a block that is called "X".
        y : array-like of shape (n_samples,)
        sample_weight : array-like of shape (n_samples,), optional
        callback : callable(iteration, loss), optional
            Called after each iteration of the solver.

        Raises
        ------
        ValueError
            If a parameter, a block or `y` is not as described, or a value is not finite; the
            estimator is then left as it was.
        """
        self._check_parameters()
        given = read(blocks, type(self).__name__)
        names, arrays = given.names, given.arrays
        labels = as_targets(y, type(self).__name__)
        classes, codes = encode_classes(labels, len(arrays[0]))
        weight = as_sample_weight(sample_weight, len(codes))
        try:
            scalers = fit_scalers(names, arrays, self.scaler)
        except ValueError:
            _blame(names, tuple(map(Block, arrays)))
            raise
        described = tuple(map(Block, arrays, map(affine_of, scalers)))
        learn = self._fit_early if self.level == "early" else self._fit_late
        learned = learn(names, described, codes, len(classes), weight, callback)
        # What predict does is what was fitted, whatever set_params does in between.
        self._level, self._fusion = self.level, self.fusion
        self.classes_ = classes
        remember(self, given)
        self.scalers_ = dict(zip(self.modalities_, scalers, strict=True))
        for name, value in learned.items():
            if isinstance(value, dict):
                value = dict(zip(self.modalities_, value.values(), strict=True))
            setattr(self, name, value)
        return self

    def _check_parameters(self) -> None:
        one_of(self.fusion, "fusion", FUSIONS)
        one_of(self.level, "level", LEVELS)
        if self.level == "late" and self.fusion == CONCATENATE:
            raise ValueError(
                "fusion='concatenate' fuses features, so it needs level='early'; got level='late'."
            )
        if isinstance(self.weights, str):
            one_of(self.weights, "weights", ("validation",))
            if self.level == "early":
                raise ValueError("weights='validation' needs level='late'; got level='early'.")
        require_number(self.C, "C", above=0.0)
        require_number(self.tol, "tol", least=0.0)
        require_number(self.max_iter, "max_iter", least=1, integer=True)

    def _fit_early(
        self, names: list[str], blocks: tuple[Block, ...], codes: NDArray, n_classes: int,
        sample_weight: NDArray | None, callback: Callback | None,
    ) -> dict[str, Any]:  # fmt: skip
        rows = self._early_rows(names, blocks)
        if self.fusion in _SELECTING:
            _blame(names, blocks)
        model = self._solve(names, rows, codes, n_classes, sample_weight, callback)
        coef = {name: model.coef for name in names}
        if self.fusion == CONCATENATE:
            edges = np.cumsum([block.values.shape[1] for block in blocks])[:-1]
            coef = dict(zip(names, np.split(model.coef, edges, axis=1), strict=True))
        return {
            "weights_": rows.weights,
            "coef_": coef,
            "intercept_": model.intercept,
            "loss_curve_": model.trace.losses,
            "n_iter_": len(model.trace.losses),
            "_coef": model.coef,
        }

    def _early_rows(self, names: list[str], blocks: tuple[Block, ...]) -> Rows:
        arrays = [block.values for block in blocks]
        if self.fusion != CONCATENATE:
            require_one_width(names, arrays, self.fusion)
        weights = block_weights(names, self.fusion, self.weights)
        return Rows(blocks, self.fusion, weights, result_dtype(arrays))

    def _fit_late(
        self, names: list[str], blocks: tuple[Block, ...], codes: NDArray, n_classes: int,
        sample_weight: NDArray | None, callback: Callback | None,
    ) -> dict[str, Any]:  # fmt: skip
        weights = self.weights
        if isinstance(weights, str):
            weights = self._validate(names, blocks, codes, n_classes, sample_weight)
            weights = weights if any(weights) else [1.0] * len(names)
        weights = block_weights(names, self.fusion, weights)
        models = {
            name: self._solve([name], _single(block), codes, n_classes, sample_weight, callback)
            for name, block in zip(names, blocks, strict=True)
        }
        return {
            "weights_": weights,
            "coef_": {name: model.coef for name, model in models.items()},
            "intercept_": {name: model.intercept for name, model in models.items()},
            "loss_curve_": {name: model.trace.losses for name, model in models.items()},
            "n_iter_": max(len(model.trace.losses) for model in models.values()),
        }

    def _validate(
        self, names: list[str], blocks: tuple[Block, ...], codes: NDArray, n_classes: int,
        weight: NDArray | None,
    ) -> list[float]:  # fmt: skip
        """Accuracy of each modality on every fifth row of each class, learned on the others.

        Scaled by the statistics of all of them. Ones if no class has five rows.
        """
        held_out = _every_fifth(codes)
        if not held_out.any():
            return [1.0] * len(names)
        learned = ~held_out
        inner = None if weight is None else weight[learned]
        if inner is not None and not inner.any():
            return [1.0] * len(names)
        accuracy = []
        for name, block in zip(names, blocks, strict=True):
            # Rows by mask: a copy of one block at a time, the price of a subset.
            train = _single(block._replace(values=block.values[learned]))
            test = _single(block._replace(values=block.values[held_out]))
            model = self._solve([name], train, codes[learned], n_classes, inner, None)
            predicted = likeliest(scores(test, model.coef, model.intercept))
            outer = None if weight is None or not weight[held_out].any() else weight[held_out]
            accuracy.append(float(np.average(predicted == codes[held_out], weights=outer)))
        return accuracy

    def _solve(
        self, names: list[str], rows: Rows, codes: NDArray, n_classes: int,
        sample_weight: NDArray | None, callback: Callback | None,
    ) -> _LinearModel:  # fmt: skip
        targets, loss, n_outputs = class_targets(codes, n_classes)
        # C multiplies the sum of weighted losses, the problem is stated for their mean.
        total = rows.n_rows if sample_weight is None else float(sample_weight.sum())
        weight = mean_one(sample_weight)
        problem = Problem(rows, targets, loss, n_outputs, 1.0 / (self.C * total), weight)
        theta, trace = lbfgs(
            problem, problem.start(), max_iter=self.max_iter, tol=self.tol, callback=callback
        )
        if not trace.finite:
            _blame(names, rows.blocks)
            raise ValueError("The scores overflow: scale the blocks, as scaler='standard' does.")
        coef, intercept = problem.split(theta)
        return _LinearModel(coef.astype(rows.dtype), intercept.astype(rows.dtype), trace)

    # -- predict ---------------------------------------------------------------------------------

    def modality_scores(self, blocks: BlocksLike) -> ModalityScores:
        """Each modality's own part of the scores, by name, and how they are fused.

        For level="early" with "concatenate" they add up, with the intercept, to
        `decision_function`; for level="late" they are the class probabilities that are fused.
        """
        parts = self._parts(self._describe(blocks))
        late = self._level == "late"
        weighted = late and OPERATORS[self._fusion].weighted
        return ModalityScores(
            parts, rule=self._fusion if late else "sum",
            weights=self.weights_ if weighted else None,
            intercept=0.0 if late else self.intercept_, classes=self.classes_,
        )  # fmt: skip

    def _parts(self, described: tuple[Block, ...]) -> dict[str, NDArray]:
        if self._level == "early" and self._fusion != CONCATENATE:
            raise ValueError(
                f"modality_scores needs fusion='concatenate' or level='late'; "
                f"got fusion={self._fusion!r}, level='early': one model sees all modalities mixed."
            )
        parts, late = {}, self._level == "late"
        for name, block in zip(self._names, described, strict=True):
            intercept = self.intercept_[name] if late else np.zeros_like(self.intercept_)
            out = scores(_single(block), self.coef_[name], intercept)
            if not np.isfinite(out).all():
                _blame([name], (block,))
            parts[str(name)] = probabilities(out) if late else out
        return parts

    def _describe(self, blocks: BlocksLike) -> tuple[Block, ...]:
        require_fitted(self, "classes_")
        arrays = read_again(self, blocks)
        affines = map(affine_of, self.scalers_.values())
        return tuple(map(Block, arrays, affines))

    def _scores(self, blocks: BlocksLike) -> NDArray:
        """Linear scores of an early fusion, or the fused probabilities of a late one."""
        described = self._describe(blocks)
        if self._level == "early":
            rows = Rows(
                described, self._fusion, self.weights_,
                result_dtype([block.values for block in described]),
            )  # fmt: skip
            out = scores(rows, self._coef, self.intercept_)
        else:
            weighted = OPERATORS[self._fusion].weighted
            out = _fusion.fuse(
                list(self._parts(described).values()), self._fusion,
                weights=self.weights_ if weighted else None,
            )  # fmt: skip
        if not np.isfinite(out).all() or self._fusion in _SELECTING:
            _blame(self._names, described)
        return out

    def decision_function(self, blocks: BlocksLike) -> NDArray:
        """Return scores, (n_samples,) for two classes with level="early", else per class."""
        out = self._scores(blocks)
        return out[:, 0] if out.shape[1] == 1 else out

    def predict_proba(self, blocks: BlocksLike) -> NDArray:
        """Return class probabilities, shape (n_samples, n_classes).

        For level="late" these are the fused scores divided by their sum.
        """
        out = self._scores(blocks)
        if self._level == "early":
            return probabilities(out)
        total = out.sum(axis=1, keepdims=True)
        out /= np.where(total > 0, total, 1)
        return out

    def predict(self, blocks: BlocksLike) -> NDArray:
        """Return the likeliest class of each row, shape (n_samples,)."""
        codes = likeliest(self._scores(blocks))
        labels: NDArray = self.classes_[codes]
        return labels


def _blame(names: list[str], blocks: tuple[Block, ...]) -> None:
    """Raise ValueError naming the first block with a value that is not finite, if there is one.

    Scores and losses tell that there is one, so that clean data are not read a second time.
    """
    values = (block.values for block in blocks)
    require_finite({f"blocks[{name!r}]": x for name, x in zip(names, values, strict=True)})


def _single(block: Block) -> Rows:
    return one_block(block, result_dtype((block.values,)))


def _every_fifth(codes: NDArray) -> NDArray[np.bool_]:
    """Marks the 5th, 10th, ... row of each class: stratified, and the same on every run."""
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], codes[order])
    marked = np.zeros(len(codes), dtype=bool)
    marked[order] = (np.arange(len(codes)) - starts) % 5 == 4
    return marked
