"""Partial information decomposition of two modalities; see ``polyfuse.inspection``."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._arrays import as_matrix, require_finite, require_number, require_rows
from ._blocks import named_blocks
from ._bootstrap import check_options
from ._interchange import as_array
from ._linear import likeliest
from ._modality_scores import ModalityScores
from ._pid_solver import LARGEST, least_information
from ._resampling import as_generator
from ._result_text import intervals, table

_Array = NDArray[np.float64]
_Codes = NDArray[np.intp]


@dataclass(frozen=True, eq=False, repr=False)
class PID:
    """What two modalities tell of y, in bits: both alike, each alone, and only together.

    Attributes
    ----------
    modalities : tuple of two str
    redundancy : float
        What either of them tells.
    unique : tuple of two float
        What only the first, and only the second, tells.
    synergy : float
        What only both together tell.
    information : tuple of two float
        I(X1; Y) and I(X2; Y): the redundancy and what is unique to each.
    total : float
        I(X1, X2; Y), the sum of all four.
    low, high : tuple of four float, or None
        Confidence intervals of the redundancy, what is unique to each, and the synergy; None
        where nothing was resampled.
    n_rows : int
    """

    modalities: tuple[str, str]
    redundancy: float
    unique: tuple[float, float]
    synergy: float
    information: tuple[float, float]
    total: float
    low: tuple[float, ...] | None
    high: tuple[float, ...] | None
    n_rows: int

    def __repr__(self) -> str:
        names = ["redundancy", *(f"unique to {name}" for name in self.modalities), "synergy"]
        values = (self.redundancy, *self.unique, self.synergy)
        title = f"PID: {self.total:.3f} bits in all, from {self.n_rows} rows"
        return table(title, names, intervals(values, self.low, self.high))


def pid(
    blocks: Mapping[str, ArrayLike] | Sequence[ArrayLike],
    y: ArrayLike,
    *,
    bins: int = 20,
    n_resamples: int = 0,
    confidence_level: float = 0.95,
    random_state: Any = None,
) -> PID:
    """Partial information decomposition: is what modalities tell the same, or is each needed?

    Over all q with q(x1, y) = p(x1, y) and q(x2, y) = p(x2, y), p being the frequencies of the
    rows, the redundancy is max I_q(X1; X2; Y), the unique information of the first modality
    min I_q(X1; Y | X2), and the synergy I_p(X1, X2; Y) - min I_q(X1, X2; Y). One minimum gives all
    of them. It is found to 1e-9 by a barrier method on the dual problem, which has (k1 + k2)
    n_classes variables for k1 and k2 values.

    Frequencies of few rows tell more than there is to know. The interval, of the basic bootstrap,
    takes that off, and may lie below the estimate.

    Parameters
    ----------
    blocks : dict or list of two array-like, or ModalityScores of two modalities
        Labels of shape (n_samples,), each of which is a value; features of shape (n_samples,
        n_features), of which k-means makes `bins` values, which takes scikit-learn; scores of
        classes, of which the value is the class each modality predicts. Rows in which a modality
        is missing, by its mask or all NaN, have one value of their own.
    y : array-like of shape (n_samples,)
        Labels.
    bins : int, default=20
        Clusters of a block of features.
    n_resamples : int, default=0
        Of the bootstrap, each of which takes as long as the estimate.
    confidence_level : float, default=0.95
    random_state : int, RandomState, Generator or None, default=None
        Of k-means and the bootstrap.

    Returns
    -------
    PID

    Raises
    ------
    TypeError, ValueError
        If the blocks are not two of as many rows as `y`, or have so many values that (k1 + k2)
        n_classes is more than 2,048.
    ImportError
        If features are given and there is no scikit-learn.

    References
    ----------
    N. Bertschinger, J. Rauh, E. Olbrich, J. Jost and N. Ay, "Quantifying Unique Information",
    Entropy 16(4), 2014. For modalities: P. P. Liang et al., "Quantifying & Modeling Multimodal
    Interactions: An Information Decomposition Framework", NeurIPS 2023. The dual: A. Makkeh,
    D. O. Theis and R. Vicente, "BROJA-2PID", Entropy 20(4), 2018.

    Examples
    --------
    >>> from polyfuse.inspection import pid
    >>> image, text = [0, 0, 1, 1], [0, 1, 0, 1]
    >>> round(pid({"image": image, "text": text}, [0, 1, 1, 0]).synergy, 6)  # XOR
    1.0
    >>> found = pid({"image": image, "text": text}, [0, 0, 0, 1])  # AND
    >>> round(found.redundancy, 3), round(found.synergy, 3)
    (0.311, 0.5)
    """
    require_number(bins, "bins", least=1, integer=True)
    require_number(n_resamples, "n_resamples", least=0, integer=True)
    check_options("pid", 1, confidence_level)
    rng = as_generator(random_state)
    names, codes = _read(blocks, bins, rng)
    labels = np.unique(_as_labels(y, "y"), return_inverse=True)[1]
    require_rows(len(codes[0]), labels)
    if len(labels) == 0:
        raise ValueError("blocks must have at least one row; got none.")
    shape = codes[0].max() + 1, codes[1].max() + 1, labels.max() + 1
    if (shape[0] + shape[1]) * shape[2] > LARGEST:
        raise ValueError(
            f"blocks have too many values, {shape[0]} and {shape[1]}, for {shape[2]} classes of y: "
            f"their sum times these must be at most {LARGEST}. Numbers are binned if they are 2-D."
        )
    cells = np.ravel_multi_index((*codes, labels), shape)
    counts = np.bincount(cells, minlength=math.prod(shape)).reshape(shape)
    (first, second), total, found = _decompose(counts)
    low = high = None
    if n_resamples:
        low, high = _interval(counts, found, n_resamples, confidence_level, rng)
    return PID(
        (names[0], names[1]), found[0], (found[1], found[2]), found[3], (first, second), total,
        low, high, len(labels),
    )  # fmt: skip


# -- the decomposition ---------------------------------------------------------------------------


def _decompose(counts: NDArray) -> tuple[tuple[float, float], float, tuple[float, ...]]:
    """I(X1; Y) and I(X2; Y), I(X1, X2; Y), and the four parts, in bits."""
    p = counts[counts.any(axis=(1, 2))][:, counts.any(axis=(0, 2))][..., counts.any(axis=(0, 1))]
    p = p / p.sum()
    first, second = _information(p.sum(axis=1)), _information(p.sum(axis=0))
    total = _information(p.reshape(-1, p.shape[2]))
    least = least_information(p) / math.log(2.0)
    # Within what rounding may not leave, so that no part is negative.
    least = min(max(least, first, second), max(total, first, second), first + second)
    return (first, second), total, (
        first + second - least, least - second, least - first, max(total - least, 0.0),
    )  # fmt: skip


def _information(p: _Array) -> float:
    """Mutual information of a table of two variables, in bits."""
    return max(_entropy(p.sum(axis=0)) + _entropy(p.sum(axis=1)) - _entropy(p), 0.0)


def _entropy(p: _Array) -> float:
    some = p[p > 0.0]
    return -float(some @ np.log2(some))


def _interval(
    counts: NDArray, found: tuple[float, ...], n_resamples: int, level: float, rng: Any
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Of the basic bootstrap: quantiles reflected at the estimate, and nothing below zero."""
    n = int(counts.sum())
    drawn = [
        _decompose(rng.multinomial(n, counts.ravel() / n).reshape(counts.shape))[2]
        for _ in range(n_resamples)
    ]
    most, least = np.quantile(drawn, [0.5 + level / 2.0, 0.5 - level / 2.0], axis=0)
    ends = np.maximum(2.0 * np.array(found) - [most, least], 0.0)
    return tuple(ends[0].tolist()), tuple(ends[1].tolist())


# -- values --------------------------------------------------------------------------------------


def _read(blocks: Any, bins: int, rng: Any) -> tuple[list[str], list[_Codes]]:
    """Names and codes of two modalities."""
    names, values = named_blocks(blocks)
    if len(names) != 2:
        raise ValueError(
            f"blocks must be two modalities; got {len(names)}: {names}. blocks.select(names) of "
            "Blocks or ModalityScores takes some."
        )
    arrays = [as_array(x, f"blocks[{name!r}]") for name, x in zip(names, values, strict=True)]
    require_rows(len(arrays[0]), arrays[1], f"blocks[{names[1]!r}]")
    scores = blocks if isinstance(blocks, ModalityScores) else None
    masks = [None, None] if scores is None else scores.masks
    codes = []
    for name, x, mask in zip(names, arrays, masks, strict=True):
        if scores is not None and scores.classes is not None:
            own = likeliest(x)
        elif x.ndim == 2:
            own, mask = _clusters(x, f"blocks[{name!r}]", mask, bins, rng)
        else:
            own = np.unique(_as_labels(x, f"blocks[{name!r}]"), return_inverse=True)[1]
        if mask is not None:
            own = np.where(mask, own, -1)
        codes.append(np.unique(own, return_inverse=True)[1])
    return list(map(str, names)), codes


def _as_labels(x: Any, name: str) -> NDArray:
    labels = as_array(x, name)
    if labels.ndim != 1:
        raise ValueError(f"{name} must be 1-D, a label per row; got shape {labels.shape}.")
    return labels


def _clusters(
    x: NDArray, name: str, mask: NDArray[np.bool_] | None, bins: int, rng: Any
) -> tuple[_Codes, NDArray[np.bool_]]:
    """Clusters of rows, anything where a row is missing; and where none is."""
    try:
        from sklearn.cluster import KMeans  # type: ignore[import-untyped,unused-ignore]
    except ImportError as error:
        raise ImportError(
            f"{name} has features, whose k-means needs scikit-learn: "
            "pip install 'polyfuse[sklearn]'."
        ) from error
    x = as_matrix(x, name)
    there = np.ones(len(x), bool) if mask is None else mask.copy()
    if x.dtype.kind == "f":
        there &= ~np.isnan(x).all(axis=1)
    some = x if there.all() else x[there]
    require_finite({name: some})
    codes = np.zeros(len(x), np.intp)
    if len(some):
        seed = int(rng.choice(2**31 - 1))
        codes[there] = KMeans(min(bins, len(some)), random_state=seed).fit_predict(some)
    return codes, there
