"""What a fitted model is worth on rows that are read in chunks."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._modality_scores import ModalityScores
from .._result_text import table
from .._sgd_base import SGD
from ..exceptions import UndefinedMetricWarning
from ..metrics import ConfusionCounts, RegressionSums
from ._ahead import Chunk
from ._checks import told_where
from ._dataset import Dataset, matrix_or_blocks, require_dataset
from ._jobs import Progress
from ._linear_parts import linear_parts
from ._write import method_of

_OF_CLASSES = (
    "accuracy", "balanced_accuracy", "precision_macro", "recall_macro", "f1_macro", "f1_weighted",
    "matthews_corrcoef",
)  # fmt: skip


class Evaluation(NamedTuple):
    """Scores of a model, and the counts or sums that they are made of.

    Attributes
    ----------
    n_rows : int
    scores : dict of str to float
        Of classes: "accuracy", "balanced_accuracy", "precision_macro", "recall_macro", "f1_macro",
        "f1_weighted", "matthews_corrcoef"; of numbers: "r2", "mean_squared_error",
        "root_mean_squared_error", "mean_absolute_error", "max_error".
    parts : ConfusionCounts or RegressionSums
        Which merge with those of other rows.
    """

    n_rows: int
    scores: dict[str, float]
    parts: ConfusionCounts | RegressionSums

    def __str__(self) -> str:
        cells = [f"{value:.6g}" for value in self.scores.values()]
        return table(f"{self.n_rows:,} rows", list(self.scores), cells)


def evaluate(model: Any, data: Dataset, *, progress: Progress | None = None) -> Evaluation:
    """Predict all rows, and hold that against the target.

    Parameters
    ----------
    model : fitted classifier or regressor
    data : Dataset with a target
    progress : callable(what, rows, n_rows), optional
        Called after every chunk.

    Returns
    -------
    Evaluation
        Scores of classes have the bits of the functions of :mod:`polyfuse.metrics` in memory;
        those of numbers are equal to the last place or two.

    Raises
    ------
    SourceError, ValueError
        If a source cannot be read, there is no target, or the model cannot predict the blocks.

    Examples
    --------
    >>> import numpy as np
    >>> import polyfuse as pf
    >>> X, y = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([0, 0, 1, 1])
    >>> model = pf.FusionClassifier().fit({"a": X}, y)
    >>> pf.stream.evaluate(model, pf.stream.Dataset({"a": X}, target=y)).scores["accuracy"]
    1.0
    """
    require_dataset(data)
    if not data.has_target:
        raise ValueError("data must have a target to be evaluated on: Dataset(blocks, target=...).")
    predict = method_of(model, "predict")
    classifies = _is_classifier(model)
    parts: Any = ConfusionCounts() if classifies else RegressionSums()

    def work(chunk: Chunk, buffer: int) -> tuple[Chunk, NDArray]:
        with told_where(chunk):
            return chunk, predict(matrix_or_blocks(data, chunk))

    for chunk, predicted in data.mapped(work):
        parts.update(chunk.y, predicted, chunk.weight)
        if progress is not None:
            progress("rows", chunk.stop, data.n_rows)
    scores = _of_classes(parts) if classifies else _of_numbers(parts)
    return Evaluation(len(data), scores, parts)


def _is_classifier(model: Any) -> bool:
    """Whether it says so, in the words of scikit-learn before or since version 1.6."""
    kind = getattr(model, "_estimator_type", None)
    if kind is None and hasattr(model, "__sklearn_tags__"):
        kind = model.__sklearn_tags__().estimator_type
    return bool(kind == "classifier")


def _of_classes(counts: ConfusionCounts) -> dict[str, float]:
    result = counts.result()
    with warnings.catch_warnings():  # a class that is never predicted has a precision of 0
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        return {name: float(result.score(name)) for name in _OF_CLASSES}


def _of_numbers(sums: RegressionSums) -> dict[str, float]:
    result = sums.result()
    return {
        "r2": float(result.r2_score),
        "mean_squared_error": float(result.mean_squared_error),
        "root_mean_squared_error": float(result.root_mean_squared_error),
        "mean_absolute_error": float(result.mean_absolute_error),
        "max_error": float(result.max_error),
    }


def modality_scores(
    model: Any, data: Dataset, *, progress: Progress | None = None
) -> ModalityScores:
    """Each modality's own scores of all rows, for :mod:`polyfuse.inspection`.

    They are small beside the blocks: a number per row, output and modality, which is what memory
    is taken for.

    Parameters
    ----------
    model : fitted FusionClassifier or FusionRegressor, or SGD model
    data : Dataset
    progress : callable(what, rows, n_rows), optional
        Called after every chunk.

    Returns
    -------
    ModalityScores
        Of the same bits as ``model.modality_scores(blocks)`` in memory. Those of an SGD model are
        parts that add up, with its intercept, to its scores.

    Raises
    ------
    SourceError, ValueError
        If a source cannot be read, or the model has no such scores.
    """
    require_dataset(data)
    judge = _judge(model)
    if judge is None:
        raise ValueError(f"model must have modality_scores; a {type(model).__name__} has none.")
    found: list[ModalityScores] = []

    def work(chunk: Chunk, buffer: int) -> ModalityScores:
        with told_where(chunk):
            return judge(matrix_or_blocks(data, chunk))

    rows = 0
    for scores in data.mapped(work):
        found.append(scores)
        rows += len(scores.parts[0])
        if progress is not None:
            progress("rows", rows, data.n_rows)
    return _joined(found)


def _judge(model: Any) -> Callable[[Any], ModalityScores] | None:
    """What tells the scores of modalities, if anything does."""
    if hasattr(model, "modality_scores"):
        own: Callable[[Any], ModalityScores] = model.modality_scores
        return own
    kind = getattr(model, "_estimator_type", None)
    if isinstance(model, SGD) and kind in ("classifier", "regressor"):
        return partial(linear_parts, model)
    return None


def _joined(found: list[ModalityScores]) -> ModalityScores:
    places = range(len(found[0]))
    parts = [np.concatenate([own.parts[m] for own in found]) for m in places]
    masks = [
        np.concatenate([_mask(own, m) for own in found])
        if any(own.masks[m] is not None for own in found)
        else None
        for m in places
    ]
    return found[0].replaced(parts, masks)


def _mask(own: ModalityScores, m: int) -> NDArray[np.bool_]:
    mask = own.masks[m]
    return np.ones(len(own.parts[m]), bool) if mask is None else mask
