"""What accuracy is lost when a modality is permuted; see ``polyfuse.inspection``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _kernels
from ._arrays import one_of, require_number
from ._blocks import BlocksLike, named_blocks, require_same_rows
from ._feature_names import without_names
from ._held_scores import (
    as_labels,
    fold_start,
    kernel_decides,
    kernel_rows,
    nothing_said,
    require_level,
    require_truth,
    score_means,
)
from ._interchange import as_array
from ._modality_scores import ModalityScores, require_scores
from ._resampling import as_generator
from ._result_text import intervals, table

Counts = tuple[int, NDArray[np.int64]]

_FEW = 4096  # rows; so many orders are drawn in no time
# Permutations along one order, and how far they are apart: whole tiles of the kernel on any level.
_MOST, _STEP = 32, 16


@dataclass(frozen=True, eq=False, repr=False)
class PerceptualScore:
    """How much a model's accuracy rests on each modality.

    Attributes
    ----------
    modalities : tuple of str
        Names of the modalities.
    scores : ndarray of shape (n_modalities,), float64
        Accuracy lost when the rows of the modality are permuted, divided as `normalize` says.
    low, high : ndarray of shape (n_modalities,), float64
        Confidence intervals over permutations; NaN from a single one.
    accuracy : float
        Of rows as they are.
    permuted : ndarray of shape (n_modalities, n_permutations), float64
        Accuracy with the rows of a modality permuted.
    normalize : {"model", "majority", None}
    """

    modalities: tuple[str, ...]
    scores: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    accuracy: float
    permuted: NDArray[np.float64]
    normalize: str | None

    def __repr__(self) -> str:
        title = f"PerceptualScore: accuracy {self.accuracy:.3f}, normalize={self.normalize!r}"
        return table(title, self.modalities, intervals(self.scores, self.low, self.high, "+"))


def perceptual_score(
    model: Any,
    blocks: BlocksLike | None = None,
    y: ArrayLike | None = None,
    *,
    n_permutations: int = 10,
    random_state: Any = None,
    normalize: str | None = "model",
    confidence_level: float = 0.95,
) -> PerceptualScore:
    """Perceptual score of each modality: what a model loses when the modality is permuted.

    (Acc(f) - mean over permutations of Acc(f with the modality's rows permuted)) / Z. A permuted
    row takes along whether the modality is there. All modalities meet the same permutations. They
    are shifts by 16, 32, ... along an order of the rows that is drawn by Fisher and Yates' shuffle
    from a 32-bit generator (Marsaglia's xorshift) that `random_state` seeds: no row keeps its own,
    and each is read from memory once for 32 permutations. Of few rows, each permutation has an
    order of its own, and a shift by 1.

    Parameters
    ----------
    model : fitted FusionClassifier, ModalityScores, or any model of blocks with `predict`
        A model without `modality_scores` predicts anew for each modality and permutation.
    blocks : dict, list or Blocks of array-like, each of shape (n_samples, n_features_i)
        Rows to judge, n_samples at least 1 and below 2^31.
    y : array-like of shape (n_samples,)
        True labels.
    n_permutations : int, default=10
    random_state : int, RandomState, Generator or None, default=None
        What to draw from.
    normalize : {"model", "majority", None}, default="model"
        Z = Acc(f), what there is to lose; Z = 1 - the share of the most frequent label, what there
        is to win over guessing; or 1. NaN or infinite where Z is 0.
    confidence_level : float, default=0.95
        Of the intervals, between 0 and 1: normal, from the variance over permutations, so that
        they tell what drawing more of them could change, not what other rows could.

    Returns
    -------
    PerceptualScore

    Raises
    ------
    TypeError
        If `model` is none of that, `blocks` do not go with it, or `y` is missing.
    ValueError
        If scores are not finite, `y` has another length, or a parameter is not as described.

    References
    ----------
    I. Gat, I. Schwartz and A. Schwing, "Perceptual Score: What Data Modalities Does Your Model
    Perceive?", NeurIPS 2021, arXiv 2110.14375 (model and task normalisation). G. Marsaglia,
    "Xorshift RNGs", Journal of Statistical Software 8 (2003).

    Examples
    --------
    >>> import polyfuse as pf
    >>> blocks = {"image": [[0.0], [1.0], [2.0], [3.0]], "noise": [[1.0], [0.0], [0.0], [1.0]]}
    >>> y = ["cat", "cat", "dog", "dog"]
    >>> model = pf.FusionClassifier().fit(blocks, y)
    >>> score = pf.inspection.perceptual_score(model, blocks, y, random_state=0)
    >>> score.accuracy, score.scores[1]
    (1.0, np.float64(0.0))
    """
    one_of(normalize, "normalize", ("model", "majority", None))
    require_number(n_permutations, "n_permutations", least=1, integer=True)
    require_level(confidence_level)
    generator = as_generator(random_state)
    known = isinstance(model, ModalityScores) or hasattr(model, "modality_scores")
    if hasattr(model, "predict") and not known:
        names, labels, (right, counts) = _of_black_box(model, blocks, y, n_permutations, generator)
        return _summary(names, labels, right, counts, normalize, confidence_level)
    scores = require_scores(model, blocks)
    truth = require_truth(scores, y, "perceptual_score")
    shuffles = draw_shuffles(scores.shape[0], n_permutations, generator)
    right, counts = _of_scores(scores, truth, shuffles)
    return _summary(scores.names, truth.labels, right, counts, normalize, confidence_level)


def _summary(
    names: tuple[str, ...], labels: NDArray, right: int, counts: NDArray, normalize: str | None,
    confidence_level: float,
) -> PerceptualScore:  # fmt: skip
    n, repeats = len(labels), counts.shape[1]
    accuracy, permuted = right / n, counts / n
    if normalize == "majority":
        unit = 1.0 - float(np.unique(labels, return_counts=True)[1].max()) / n
    else:
        unit = accuracy if normalize == "model" else 1.0
    error = np.full(len(names), np.nan)
    if repeats > 1:
        error = counts.std(axis=1, ddof=1) / n / np.sqrt(repeats)
    half = NormalDist().inv_cdf(0.5 + confidence_level / 2) * error
    lost = (right * repeats - counts.sum(axis=1)) / (n * repeats)  # of integers: 0 is 0
    with np.errstate(divide="ignore", invalid="ignore"):
        found, low, high = np.array([lost, lost - half, lost + half]) / unit
    return PerceptualScore(names, found, low, high, accuracy, permuted, normalize)


class Shuffle(NamedTuple):
    """An order of all rows, and shifts along it: the permutations that it stands for."""

    order: NDArray[np.int32]
    shifts: NDArray[np.int64]

    def permutations(self) -> Iterator[NDArray[np.int32]]:
        """The row whose values each row gets, for each shift."""
        for shift in self.shifts:
            other = np.empty_like(self.order)
            other[self.order] = np.roll(self.order, -int(shift))
            yield other


def draw_shuffles(n: int, n_permutations: int, generator: Any) -> list[Shuffle]:
    """Permutations of n rows: shifts along one order of many rows, else orders of their own."""
    if n >= 1 << 31:
        raise ValueError(f"blocks must have fewer than 2^31 rows; got {n}.")
    if n > _FEW:
        n_orders, shifts = -(-n_permutations // _MOST), _STEP * np.arange(1, _MOST + 1)
    else:
        n_orders, shifts = n_permutations, np.ones(1, np.int64) % max(n, 1)
    draw = generator.integers if hasattr(generator, "integers") else generator.randint
    found = []
    for first, seed in enumerate(draw(1, 2**31 - 1, n_orders)):
        drawn = np.arange(n, dtype=np.int64)
        _kernels.select().shuffle(int(seed), drawn)
        left = n_permutations - first * len(shifts)
        found.append(Shuffle(drawn.astype(np.int32), shifts[:left]))
    return found


def _of_scores(scores: ModalityScores, truth: Any, shuffles: list[Shuffle]) -> Counts:
    rows = kernel_rows(scores)
    score_means(scores, rows._replace(op="weighted_sum"))
    if kernel_decides(scores, constant=all(mask is None for mask in scores.masks)):
        counts = []
        for order, shifts in shuffles:
            own = np.empty((len(scores), len(shifts)), np.int64)
            right = _kernels.select().permuted_counts(
                rows, truth.codes, truth.low, order, shifts, fold_start(scores),
                nothing_said(scores), own,
            )  # fmt: skip
            counts.append(own)
        return right, np.concatenate(counts, axis=1)
    orders = [order for shuffle in shuffles for order in shuffle.permutations()]
    found = np.empty((len(scores), len(orders)), np.int64)
    for b, (part, mask) in enumerate(zip(scores.parts, scores.masks, strict=True)):
        parts, masks = list(scores.parts), list(scores.masks)
        for r, order in enumerate(orders):
            parts[b], masks[b] = part[order], None if mask is None else mask[order]
            found[b, r] = np.count_nonzero(scores.replaced(parts, masks).predict() == truth.labels)
    return int(np.count_nonzero(scores.predict() == truth.labels)), found


def _of_black_box(
    model: Any, blocks: Any, y: Any, n_permutations: int, generator: Any
) -> tuple[tuple[str, ...], NDArray, Counts]:
    """Predictions with the rows of each block permuted, in the kind of container given."""
    if blocks is None:
        raise TypeError("blocks must be given with a model.")
    if y is None:
        raise TypeError("perceptual_score needs y, the true labels of the rows; got None.")
    names, values = named_blocks(blocks, "blocks")
    arrays = [as_array(x, f"blocks[{name!r}]") for name, x in zip(names, values, strict=True)]
    require_same_rows(names, arrays)
    labels = as_labels(y, len(arrays[0]))
    if len(labels) == 0:
        raise ValueError("blocks must have at least one row; got none.")
    counts = np.empty((len(arrays), n_permutations), np.int64)
    shuffles = draw_shuffles(len(labels), n_permutations, generator)
    orders = (order for shuffle in shuffles for order in shuffle.permutations())

    def right(mixed: list[NDArray]) -> int:
        keys = blocks if isinstance(blocks, Mapping) else names
        given = mixed if isinstance(blocks, Sequence) else dict(zip(keys, mixed, strict=True))
        with without_names():
            return int(np.count_nonzero(np.asarray(model.predict(given)) == labels))

    for r, order in enumerate(orders):
        for b, x in enumerate(arrays):
            counts[b, r] = right([*arrays[:b], x[order], *arrays[b + 1 :]])
    return tuple(map(str, names)), labels, (right(arrays), counts)
