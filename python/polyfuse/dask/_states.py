"""Scalers of collections: what each partition tells, merged to what all rows together tell."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._extrema import column_range
from .._fusion_scalers import Scalers, is_fitted, new_scaler, scaler_entries
from .._inputs import as_samples, as_weights, float_dtype, require_finite_values
from .._moment_segments import is_sound, moment_leaves, moments_of
from .._robust import Brackets
from .._segments import Rows, Segment, joined_all, segment
from ..preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler
from ._graph import compute, merged, task
from ._partitions import Partitions, delayed_parts, of_package

_COLUMN_BYTES = 1 << 27  # of the columns whose quantiles one task looks up


def fit_scaler(scaler: Any, parts: Partitions, sample_weight: Any = None) -> Any:
    """A copy of a scaler, fitted to all rows of a matrix: equal, in bits, to one fitted in memory.

    Raises
    ------
    TypeError, ValueError
        As `fit` in memory.
    """
    own = copy(scaler)
    if sample_weight is not None and not isinstance(own, StandardScaler):
        raise TypeError(f"{type(own).__name__}.fit takes no sample_weight.")
    array = parts.arrays[0]
    learn = of_package(own, "fit")
    learn(own, parts.blank())  # parameters, width and names
    if array.shape[0] == 0:
        return learn(own, np.empty((0, array.shape[1])))  # which raises
    if isinstance(own, StandardScaler):
        _fit_moments(own, array, sample_weight)
    elif isinstance(own, MinMaxScaler | MaxAbsScaler):
        caller = type(own).__name__
        parts_of = zip(_starts(array), delayed_parts(array), strict=True)
        ranges = [task(_range_of, caller, start, part) for start, part in parts_of]
        (found,) = compute([merged(ranges, _range_merged)])
        low, high, n = found
        own._take(low, high, n, anew=True)
    elif isinstance(own, RobustScaler):
        _fit_quantiles(own, array)
    return own


def fit_block_scalers(parts: Partitions, scaler: Scalers) -> list[Any]:
    """A scaler for each block, or None; as it is given if it is fitted."""
    fitted = []
    entries = scaler_entries(parts.names, scaler, "scaler")
    for b, own in enumerate(entries):
        if own is not None and not is_fitted(own):
            one = Partitions(["X"], [parts.arrays[b]], [parts.frames[b]], True)
            try:
                own = fit_scaler(new_scaler(own), one)
            except ValueError as error:
                what = "X" if parts.whole else f"blocks[{parts.names[b]!r}]"
                raise ValueError(f"{what} cannot be scaled: {error}") from error
        fitted.append(own)
    return fitted


def _starts(array: Any) -> list[int]:
    """The number of the first row of each partition."""
    starts: list[int] = np.cumsum([0, *array.chunks[0][:-1]]).tolist()
    return starts


@contextmanager
def counted_from(start: int) -> Iterator[None]:
    """Errors about a row of a partition say where the partition begins."""
    try:
        yield
    except ValueError as error:
        raise ValueError(
            f"{error} Rows are counted from {start}." if start else str(error)
        ) from None


# -- moments -------------------------------------------------------------------------------------


def _fit_moments(own: StandardScaler, array: Any, sample_weight: Any) -> None:
    caller, width = type(own).__name__, array.shape[1]
    starts = _starts(array)
    weights: list[Any] = [None] * len(starts)
    if sample_weight is not None:
        weights = delayed_parts(sample_weight)
    states = [
        task(_moments_of, caller, start, part, weight)
        for start, part, weight in zip(starts, delayed_parts(array), weights, strict=True)
    ]
    (whole,) = compute([merged(states, partial(joined_all, moment_leaves(width)))])
    moments = moments_of(whole, width)
    result = moments.result()
    if sample_weight is not None and not result.n.any() and not _any_weight(sample_weight):
        raise ValueError("Sample weights must contain at least one non-zero number.")
    own._set_moments(moments, result, sample_weight is not None)


def _any_weight(sample_weight: Any) -> bool:
    (found,) = compute([sample_weight.any()])
    return bool(found)


def _moments_of(caller: str, start: int, part: NDArray, weight: NDArray | None) -> Segment:
    rows: Rows = (_samples(part, caller),)
    if weight is not None:
        rows = (*rows, _weights(weight, len(part), caller))
    own = segment(moment_leaves(part.shape[1]), rows, start)
    idle = () if weight is None or part.dtype.kind != "f" else rows[0][rows[1] == 0.0]
    if not is_sound(own) or np.isinf(idle).any():
        with counted_from(start):
            require_finite_values(rows[0], "X", caller, allow_nan=True)
    return own


def _samples(part: NDArray, caller: str) -> NDArray:
    return as_samples(part, caller) if len(part) else part


def _weights(weight: NDArray, n_rows: int, caller: str) -> NDArray[np.float64]:
    if n_rows == 0:
        return np.empty(0)
    own = as_weights(weight, n_rows, caller, allow_zeros=True)
    assert own is not None
    return own


# -- ranges --------------------------------------------------------------------------------------


def _range_of(caller: str, start: int, part: NDArray) -> tuple[NDArray, NDArray, int]:
    if len(part) == 0:
        nothing = np.full(part.shape[1], np.nan, float_dtype(part))
        return nothing, nothing, 0
    with counted_from(start):
        return *column_range(as_samples(part, caller), caller), len(part)


def _range_merged(*ranges: tuple[NDArray, NDArray, int]) -> tuple[NDArray, NDArray, int]:
    lows, highs, counts = zip(*ranges, strict=True)
    return np.fmin.reduce(lows), np.fmax.reduce(highs), sum(counts)


# -- quantiles -----------------------------------------------------------------------------------


def _fit_quantiles(own: RobustScaler, array: Any) -> None:
    """Exact ones, of some columns at a time, which come together for that."""
    caller, wanted = type(own).__name__, own._parameters_now()
    n_rows, width = array.shape
    columns = max(1, min(width, _COLUMN_BYTES // (n_rows * array.dtype.itemsize)))
    tall = array.rechunk({0: -1, 1: columns})
    found = compute(
        [task(_quantiles_of, caller, wanted.fractions(), part) for part in delayed_parts(tall)]
    )
    center, low, high = (np.concatenate(each) for each in zip(*found, strict=True))
    own._set(wanted, center, low, high, 0.0)


def _quantiles_of(
    caller: str, fractions: list[float], columns: NDArray
) -> tuple[NDArray, NDArray, NDArray]:
    x = as_samples(columns, caller)
    column_range(x, caller)
    brackets = Brackets(x, fractions)
    return brackets.median(0), brackets.quantile(1), brackets.quantile(2)
