"""Scores of linear models, what they say of classes, and classes as targets to learn."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _kernels
from ._arrays import require_finite, require_rows
from ._interchange import as_array
from ._kernels.contract import Rows


def scores(
    rows: Rows, coef: NDArray, intercept: NDArray, index: NDArray[np.int64] | None = None
) -> NDArray:
    """Linear scores of fused rows, all or those of an index, shape (n_samples, n_outputs)."""
    out = np.empty((rows.n_rows if index is None else len(index), len(coef)), rows.dtype)
    coef = np.ascontiguousarray(coef, np.float64)
    _kernels.select().linear_scores(rows, coef, np.asarray(intercept, np.float64), out, index)
    return out


def probabilities(scores: NDArray) -> NDArray:
    """Class probabilities: softmax of the scores, or the logistic function of a single one."""
    if scores.shape[1] == 1:
        positive = 1.0 / (1.0 + np.exp(-np.abs(scores[:, 0])))
        positive = np.where(scores[:, 0] >= 0, positive, 1.0 - positive)
        return np.column_stack([1.0 - positive, positive]).astype(scores.dtype, copy=False)
    return softmax(scores)


def softmax(scores: NDArray) -> NDArray:
    """exp(s) of each row, divided by its sum."""
    odds: NDArray = np.exp(scores - scores.max(axis=1, keepdims=True))
    odds /= odds.sum(axis=1, keepdims=True)
    return odds


def losses(scores: NDArray, targets: NDArray, loss: str) -> NDArray[np.float64]:
    """The loss of each row as the kernels define it, for targets of shape (n_samples, 1)."""
    return residuals(scores, targets, loss)[0]


def residuals(
    scores: NDArray, targets: NDArray, loss: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The loss of each row as the kernels define it, and its derivatives by the scores."""
    wide = scores.astype(np.float64, copy=False)
    if loss == "squared_error":
        gap: NDArray[np.float64] = wide - targets
        return 0.5 * (gap**2).sum(axis=1), gap
    if loss == "log_loss":
        odds = np.exp(-np.abs(wide))
        positive = np.where(wide > 0.0, 1.0, odds) / (1.0 + odds)
        logistic: NDArray[np.float64] = np.logaddexp(0.0, np.where(targets > 0.0, -wide, wide))
        return logistic.sum(axis=1), positive - targets
    codes = targets.astype(np.int64)
    shifted = wide - wide.max(axis=1, keepdims=True)
    slopes = np.exp(shifted)
    total = slopes.sum(axis=1, keepdims=True)
    own = np.log(total[:, 0]) - np.take_along_axis(shifted, codes, axis=1)[:, 0]
    slopes /= total
    slopes[np.arange(len(wide)), codes[:, 0]] -= 1.0
    return own, slopes


def likeliest(scores: NDArray) -> NDArray[np.intp]:
    """Code of the class with the highest score; a single score is that of the second class."""
    single = scores.shape[1] == 1
    codes: NDArray[np.intp] = (scores[:, 0] > 0).astype(np.intp) if single else scores.argmax(1)
    return codes


def encode_classes(y: ArrayLike, n_rows: int) -> tuple[NDArray, NDArray[np.int64]]:
    """Sorted class labels, and each row's code among them.

    Raises
    ------
    ValueError
        If `y` is not 1-D, of another length, has a NaN, or has fewer than two classes.
    """
    labels = as_array(y, "y")
    if labels.ndim != 1:
        raise ValueError(f"y should be a 1d array, got an array of shape {labels.shape} instead.")
    require_rows(n_rows, labels)
    if labels.dtype.kind == "f":
        require_finite({"Input y": labels.reshape(-1, 1)})
        if (labels != np.floor(labels)).any():
            raise ValueError(
                "Unknown label type: continuous. Maybe you are trying to fit a classifier, "
                "which expects discrete classes on a regression target with continuous values."
            )
    classes, codes = np.unique(labels, return_inverse=True)
    if len(classes) < 2:
        raise ValueError(
            "This solver needs samples of at least 2 classes in the data, but the data contains "
            f"only one class: {classes[0]!r}"
        )
    return classes, codes


def class_targets(codes: NDArray[np.int64], n_classes: int) -> tuple[NDArray, str, int]:
    """Targets, loss and number of outputs of a classifier: two classes share one score."""
    targets = codes.astype(np.float64).reshape(-1, 1)
    return (targets, "log_loss", 1) if n_classes == 2 else (targets, "multinomial", n_classes)
