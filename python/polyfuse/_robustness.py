"""Robustness curves: metrics as modalities go missing, or noisy; see ``polyfuse.inspection``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._arrays import as_vector, kind_of, require_number, require_rows
from ._blocks import BlocksLike, as_blocks, is_matrix
from ._bootstrap import check_options
from ._feature_names import without_names
from ._interchange import as_array
from ._modality_scores import ModalityScores, require_scores
from ._named_metrics import as_metric, require_labels_for
from ._resampling import as_generator
from ._result_text import table

ALL = "all"
"""The curve of all modalities at once."""

MISSING = tuple(round(0.1 * i, 1) for i in range(10))


@dataclass(frozen=True, eq=False, repr=False)
class RobustnessCurve:
    """A metric as modalities go missing, or are disturbed.

    Attributes
    ----------
    kind : {"missing", "noise"}
    levels : ndarray of shape (n_levels,), float64
        Rates of rows without the modality, or noise in standard deviations of each feature.
    names : tuple of str
        Of the curves: modalities, and "all" for all of these at once, where there are several.
    scores : ndarray of shape (n_levels, n_curves), float64
        Means over the repeats.
    low, high : ndarray of shape (n_levels, n_curves), float64
        Quantiles over the repeats, between which `confidence_level` of them lie.
    repeats : ndarray of shape (n_repeats, n_levels, n_curves), float64
    metric : str
    confidence_level : float
    """

    kind: str
    levels: NDArray[np.float64]
    names: tuple[str, ...]
    scores: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    repeats: NDArray[np.float64]
    metric: str
    confidence_level: float

    @property
    def x_label(self) -> str:
        """What the levels are, as :func:`polyfuse.plotting.robustness_curve` writes it."""
        if self.kind == "missing":
            return "share of rows without the modality"
        return "noise, in standard deviations of each feature"

    def __repr__(self) -> str:
        n = len(self.levels)
        shown = np.linspace(0, n - 1, min(n, 10)).astype(int)  # of many levels, some
        title = f"RobustnessCurve: {self.metric} by {self.x_label}"
        cells = np.vstack([self.levels[None], self.scores.T])[:, shown]
        lines = ["  ".join(f"{x:.3f}" for x in row) for row in cells]
        return table(title, ("", *self.names), lines)


def robustness_curve(
    model: Any,
    blocks: BlocksLike | None = None,
    y: ArrayLike | None = None,
    *,
    missing: Sequence[float] | None = None,
    noise: Sequence[float] | None = None,
    modalities: Sequence[str] | None = None,
    metric: str | Callable[..., float] = "accuracy",
    n_repeats: int = 5,
    confidence_level: float = 0.95,
    random_state: Any = None,
) -> RobustnessCurve:
    """A metric as a function of how often modalities are missing, or of noise added to them.

    A modality that goes missing in a row is left out of the fusion there; of rule "sum", that of
    an early fusion, the mean of its part stands in its place, as :func:`drop_modality` has it. No
    row loses the last modality it has: the curve of all at once keeps one in each. Within a repeat,
    rows that are hit at one level are at all greater ones, and noise is the same but for its size.

    Nothing is trained again, and noise alone scores rows again.

    Parameters
    ----------
    model : fitted FusionClassifier, or ModalityScores
        For `missing`; for `noise` any fitted model whose `predict` takes blocks.
    blocks : dict, list or Blocks of array-like, each of shape (n_samples, n_features_i)
    y : array-like of shape (n_samples,)
        True labels, or numbers.
    missing : list of float, optional
        Rates between 0 and 1; 0, 0.1, ..., 0.9 if neither these nor `noise` are given.
    noise : list of float, optional
        Standard deviations of Gaussian noise, in those of each feature over the rows given.
    modalities : list of str, optional
        Which are to suffer; all by default.
    metric : str or callable, default="accuracy"
        As for :func:`polyfuse.metrics.bootstrap`; for numbers, such as ``metrics.r2_score``.
    n_repeats : int, default=5
    confidence_level : float, default=0.95
    random_state : int, RandomState, Generator or None, default=None
        What to draw from.

    Returns
    -------
    RobustnessCurve

    Raises
    ------
    TypeError
        If `model` is none of these, `blocks` do not go with it, or `y` is not given.
    ValueError
        If both levels are given, one is out of range, there is no such modality, `y` has another
        length, or the blocks are not those of the model.

    References
    ----------
    P. P. Liang et al., "MultiBench: Multiscale Benchmarks for Multimodal Representation Learning",
    NeurIPS 2021, Datasets and Benchmarks, section 3.3 (robustness).

    Examples
    --------
    >>> import polyfuse as pf
    >>> blocks = {"image": [[0.0], [1.0], [2.0], [3.0]], "noise": [[1.0], [0.0], [0.0], [1.0]]}
    >>> y = ["cat", "cat", "dog", "dog"]
    >>> model = pf.FusionClassifier().fit(blocks, y)
    >>> curve = pf.inspection.robustness_curve(model, blocks, y, missing=[0, 1], random_state=0)
    >>> curve.names
    ('image', 'noise', 'all')
    >>> curve.scores[:, :2]
    array([[1. , 1. ],
           [0.5, 1. ]])
    """
    check_options("robustness_curve", 1, confidence_level)
    require_number(n_repeats, "n_repeats", least=1, integer=True)
    known, rng = as_metric(metric, "robustness_curve"), as_generator(random_state)
    kind, levels = _as_levels(missing, noise)
    if y is None:
        raise TypeError("y must be given, the true labels; got None.")
    if kind == "missing":
        scores = require_scores(model, blocks)
        names, n_rows, draw = scores.names, scores.shape[0], partial(_without, scores)
    else:
        noisy = _Noisy(model, blocks)
        names, n_rows, draw = noisy.names, len(noisy.arrays[0]), partial(_with_noise, noisy)
    labels = as_array(y, "y")
    require_rows(n_rows, labels)
    require_labels_for(metric, labels, "robustness_curve")
    chosen = _as_chosen(modalities, names)
    curves = [[name] for name in chosen] + ([list(chosen)] if len(chosen) > 1 else [])
    repeats = np.array([
        [[float(known.call(labels, predicted)) for predicted in each]
         for each in draw(levels, curves, rng)]
        for _ in range(n_repeats)
    ])  # fmt: skip
    # What all repeats agree on is their mean, to the last bit.
    mean = np.clip(repeats.mean(axis=0), repeats.min(axis=0), repeats.max(axis=0))
    low, high = np.quantile(repeats, [0.5 - confidence_level / 2, 0.5 + confidence_level / 2], 0)
    return RobustnessCurve(
        kind, levels, chosen if len(chosen) == 1 else (*chosen, ALL), mean, low, high, repeats,
        known.name, float(confidence_level),
    )  # fmt: skip


def _as_levels(missing: Any, noise: Any) -> tuple[str, NDArray[np.float64]]:
    if missing is not None and noise is not None:
        raise ValueError("missing and noise must not both be given: they are two curves.")
    kind, given = ("missing", missing) if noise is None else ("noise", noise)
    levels = as_vector(MISSING if given is None else given, kind)
    most = 1.0 if kind == "missing" else np.inf
    wrong = (levels < 0.0) | (levels > most)
    if len(levels) == 0 or wrong.any():
        got = levels[wrong][0] if len(levels) else "none"
        range_ = "between 0 and 1" if kind == "missing" else "not negative"
        raise ValueError(f"{kind} must have levels that are {range_}; got {got}.")
    return kind, levels


def _as_chosen(modalities: Sequence[str] | None, names: tuple[str, ...]) -> tuple[str, ...]:
    if modalities is None:
        return names
    chosen = tuple(map(str, [modalities] if isinstance(modalities, str) else modalities))
    if not chosen or not set(chosen) <= set(names) or len(set(chosen)) < len(chosen):
        raise ValueError(f"modalities must be some of {list(names)}; got {modalities!r}.")
    return chosen


# -- modalities that are missing -----------------------------------------------------------------


def _without(
    scores: ModalityScores, levels: NDArray[np.float64], curves: list[list[str]], rng: Any
) -> Iterator[Iterator[NDArray]]:
    """Predictions of each level and curve; a modality is gone where its draw is below the level."""
    n = scores.shape[0]
    there = np.stack([np.ones(n, bool) if mask is None else mask for mask in scores.masks])
    draws = rng.uniform(size=there.shape)
    silent = scores.silenced(scores.names).parts
    for level in levels:
        yield (
            _left(scores, _kept(there, draws >= level, draws, names, scores), silent).predict()
            for names in curves
        )


def _kept(
    there: NDArray[np.bool_], spared: NDArray[np.bool_], draws: NDArray[np.float64],
    names: list[str], scores: ModalityScores,
) -> NDArray[np.bool_]:  # fmt: skip
    """Which modalities are left, the last to go where that would be none."""
    hit = np.isin(scores.names, names)[:, None]
    kept = there & (spared | ~hit)
    bare = there.any(axis=0) & ~kept.any(axis=0)
    last = np.where(there, draws, -1.0).argmax(axis=0)
    kept[last[bare], np.flatnonzero(bare)] = True
    return kept


def _left(
    scores: ModalityScores, kept: NDArray[np.bool_], silent: Sequence[NDArray]
) -> ModalityScores:
    if scores.rule != "sum":
        return scores.replaced(scores.parts, list(kept))
    parts = [
        x if own.all() else np.where(own[:, None], x, mean)
        for own, x, mean in zip(kept, scores.parts, silent, strict=True)
    ]
    return scores.replaced(parts, scores.masks)


# -- noise ---------------------------------------------------------------------------------------


class _Noisy:
    """Blocks to which noise is added, and the model that is asked again."""

    def __init__(self, model: Any, blocks: Any) -> None:
        if not hasattr(model, "predict") or isinstance(model, ModalityScores):
            raise TypeError(
                f"model must be a fitted model for noise, which is added to blocks; got "
                f"{kind_of(model)}."
            )
        if blocks is None:
            raise TypeError("blocks must be given with a model.")
        whole = is_matrix(blocks)
        names, arrays = as_blocks({"X": blocks} if whole else blocks)
        if len(arrays[0]) == 0:
            raise ValueError("blocks must have at least one row; got none.")
        self.model, self.names = model, tuple(map(str, names))
        self.whole, self.listed = whole, isinstance(blocks, list | tuple)
        self.arrays = [x if x.dtype.kind == "f" else x.astype(np.float64) for x in arrays]
        self.spreads = [_spread(x) for x in self.arrays]

    def predict(self, noise: dict[str, NDArray], level: float) -> NDArray:
        moved = [
            x + x.dtype.type(level) * noise[name] if name in noise else x
            for name, x in zip(self.names, self.arrays, strict=True)
        ]
        blocks: Any = dict(zip(self.names, moved, strict=True))
        if self.whole or self.listed:
            blocks = moved[0] if self.whole else moved
        with without_names():
            return np.asarray(self.model.predict(blocks))


def _spread(x: NDArray) -> NDArray[np.float64]:
    """Standard deviations of features, over the rows where the block is not missing, all NaN."""
    with np.errstate(invalid="ignore"):  # of infinities, which the model is to name
        spread = x.std(axis=0, dtype=np.float64)
    there = ~np.isnan(x).all(axis=1)
    if there.all():
        return np.asarray(spread)
    return np.asarray(x[there].std(axis=0, dtype=np.float64) if there.any() else 0.0 * spread)


def _with_noise(
    noisy: _Noisy, levels: NDArray[np.float64], curves: list[list[str]], rng: Any
) -> Iterator[Iterator[NDArray]]:
    """Predictions of each level and curve, with one draw of noise for all of them."""
    draws = {
        name: (rng.standard_normal(x.shape) * spread).astype(x.dtype)
        for name, x, spread in zip(noisy.names, noisy.arrays, noisy.spreads, strict=True)
    }
    for level in levels:
        yield (noisy.predict({name: draws[name] for name in names}, level) for names in curves)
