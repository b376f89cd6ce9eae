"""MM-SHAP: shares of modalities in decisions, feature by feature; see ``polyfuse.inspection``."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._arrays import kind_of, one_of, require_finite, require_fitted
from ._blocks import BlocksLike, as_blocks, in_order_of_fit, is_matrix
from ._bootstrap import check_options
from ._fusion_scalers import affine_of
from ._kernels.contract import CONCATENATE
from ._missing import parts
from ._result_text import intervals, table

_Array = NDArray[np.float64]

_LINEAR = (CONCATENATE, "sum", "mean", "weighted_sum", "weighted_mean")
_LEVELS = ("early", "late", "cooperative")
_HELD = 1 << 21  # bytes of a tile


@dataclass(frozen=True, eq=False, repr=False)
class MMShap:
    """How much of each decision is due to each modality.

    Attributes
    ----------
    modalities : tuple of str
    per_row : ndarray of shape (n_samples, n_modalities), float64
        Shares of the rows, which add up to 1.
    share : ndarray of shape (n_modalities,), float64
        Their means.
    low, high : ndarray of shape (n_modalities,), float64
        The confidence interval of each mean; NaN from a single row.
    confidence_level : float
    """

    modalities: tuple[str, ...]
    per_row: _Array
    share: _Array
    low: _Array
    high: _Array
    confidence_level: float

    def __repr__(self) -> str:
        title = f"MMShap: mean shares of the decisions in {len(self.per_row)} rows"
        return table(title, self.modalities, intervals(self.share, self.low, self.high))


def mm_shap(
    model: Any, blocks: BlocksLike, *, target: str = "predicted", confidence_level: float = 0.95
) -> MMShap:
    """MM-SHAP of a linear fusion: the share of each modality in each decision, not its accuracy.

    Φ_m = Σ |φ_j| over the features j of modality m, and its share is Φ_m / Σ Φ (T-SHAP for text,
    V-SHAP for vision). φ_j = w_j (x_j - mean of x_j), w the coefficients of the class in question:
    the exact interventional Shapley values of a linear model, the rows given being the background.
    Features that cancel each other count here, unlike in :func:`modality_contributions`, which
    takes a modality for one player. The shares are equal in a row that nothing moves.

    The interval of a mean is the normal one, mean ± z s/√n, within [0, 1].

    Parameters
    ----------
    model : fitted FusionClassifier or FusionRegressor
        With fusion="concatenate", "sum", "mean", "weighted_sum" or "weighted_mean" of features, or
        of scores that models of single modalities say; not of their class probabilities.
    blocks : dict, list or Blocks of array-like, each of shape (n_samples, n_features_i)
        Rows to explain, n_samples at least 1. They are read twice, some at a time, and never
        copied as a whole. A modality that is missing in a row, all NaN, has no share there.
    target : {"predicted", "all"}, default="predicted"
        Of which class the scores are explained: the one the model predicts, or all of them, of
        which |φ_j| is then added up.
    confidence_level : float, default=0.95

    Returns
    -------
    MMShap

    Raises
    ------
    TypeError
        If `model` is no fusion of linear models.
    ValueError
        If its scores are not linear in the features, as class probabilities of level="late" are
        not; or the blocks are not those of the model, have no row, or are not finite.

    References
    ----------
    L. Parcalabescu and A. Frank, "MM-SHAP: A Performance-agnostic Metric for Measuring Multimodal
    Contributions in Vision and Language Models & Tasks", ACL 2023. Of linear models: S. Lundberg
    and S.-I. Lee, "A unified approach to interpreting model predictions", NeurIPS 2017.

    Examples
    --------
    >>> import polyfuse as pf
    >>> blocks = {"image": [[0.0], [1.0], [2.0], [3.0]], "noise": [[1.0], [0.0], [0.0], [1.0]]}
    >>> model = pf.FusionClassifier().fit(blocks, ["cat", "cat", "dog", "dog"])
    >>> pf.inspection.mm_shap(model, blocks).share.round(2)
    array([1., 0.])
    """
    one_of(target, "target", ("predicted", "all"))
    check_options("mm_shap", 1, confidence_level)
    scale = _scale_of(model)
    arrays = _read(model, blocks)
    n = len(arrays[0])
    if n == 0:
        raise ValueError("blocks must have at least one row; got none.")
    chosen = _chosen(model, blocks) if target == "predicted" else None
    sizes = np.empty((n, len(arrays)))
    for m, (name, x) in enumerate(zip(model.modalities_, arrays, strict=True)):
        coef = np.abs(model.coef_[name] * (scale[m] * _slopes(model.scalers_[name])))
        sizes[:, m] = _sizes(x, f"blocks[{name!r}]", coef, chosen)
    total = sizes.sum(axis=1, keepdims=True)
    equal = np.full_like(sizes, 1.0 / len(arrays))
    per_row = np.divide(sizes, total, out=equal, where=total > 0.0)
    share = per_row.mean(axis=0)
    z = NormalDist().inv_cdf(0.5 + confidence_level / 2.0)
    half = z * per_row.std(axis=0) / math.sqrt(n - 1) if n > 1 else np.full_like(share, np.nan)
    return MMShap(
        tuple(model.modalities_), per_row, share, np.maximum(share - half, 0.0),
        np.minimum(share + half, 1.0), float(confidence_level),
    )  # fmt: skip


def _scale_of(model: Any) -> _Array:
    """What stands before each modality's features in the sum that the model is."""
    if not hasattr(model, "modality_scores"):
        raise TypeError(
            f"model must be a fitted FusionClassifier or FusionRegressor; got {kind_of(model)}."
        )
    require_fitted(model, "coef_")
    level, fusion, cooled = model._level, model._fusion, np.ones(len(model.modalities_))
    if level == "late" and hasattr(model, "classes_"):
        if getattr(model, "_response", "probability") != "score":
            raise ValueError(
                "mm_shap needs scores that are linear in the features, which the class "
                "probabilities of level='late' are not; modality_contributions takes them."
            )
        cooled = np.array([model.temperatures_[name] for name in model.modalities_])
    one_of(level, "level", _LEVELS)
    one_of(fusion, "fusion", _LINEAR)
    if fusion == CONCATENATE:
        return cooled
    weights = np.asarray(model.weights_, np.float64) / cooled
    return weights / model.weights_.sum() if "mean" in fusion else weights


def _read(model: Any, blocks: Any) -> list[NDArray]:
    """The blocks in the order of fit."""
    names, arrays = as_blocks({"X": blocks} if is_matrix(blocks) else blocks)
    fitted = list(model.modalities_)
    widths = [model.coef_[name].shape[1] for name in fitted]
    return in_order_of_fit(type(model).__name__, names, arrays, fitted, widths)[1]


def _slopes(scaler: Any) -> Any:
    """What each column is multiplied by when it is scaled."""
    affine = affine_of(scaler)
    if affine is None:
        return 1.0
    return 1.0 / affine.factor if affine.divide else affine.factor


def _chosen(model: Any, blocks: BlocksLike) -> NDArray[np.intp] | None:
    """The output of each row's predicted class; None if there is only one to choose from."""
    classes = getattr(model, "classes_", ())
    if len(classes) <= 2:
        return None
    codes: NDArray[np.intp] = np.searchsorted(classes, model.predict(blocks))
    return codes


def _sizes(x: NDArray, name: str, coef: _Array, chosen: NDArray[np.intp] | None) -> _Array:
    """Σ |w_j| |x_j - mean| of each row, of the output chosen or added up over all."""
    there = None
    with np.errstate(invalid="ignore"):  # of infinities, which are named below
        mean = x.mean(axis=0, dtype=np.float64)
    if not np.isfinite(mean).all():
        there = ~np.isnan(x).all(axis=1)
        require_finite({name: x[there]})
        mean = x[there].mean(axis=0, dtype=np.float64) if there.any() else np.zeros_like(mean)
    weights = coef.sum(axis=0) if chosen is None else coef.T
    out = np.empty(len(x))
    for part in parts(len(x), max(1, _HELD // (8 * x.shape[1]))):
        moved = x[part] - mean
        sizes = np.abs(moved, out=moved) @ weights
        if chosen is not None:
            sizes = sizes[np.arange(len(sizes)), chosen[part]]
        out[part] = sizes
    return out if there is None else np.where(there, out, 0.0)
