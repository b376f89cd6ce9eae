"""Normalise along any axes of an array, each run or group of entries by its own statistics."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._arrays import as_numbers, as_out
from ._interchange import as_array
from ._runs import Task, normalize_runs

AxisLike = int | tuple[int, ...]

_TALL = 1 << 18  # elements of a matrix from which on one matrix is worth several threads


def standardize(
    X: ArrayLike,
    *,
    axis: AxisLike = 0,
    groups: ArrayLike | None = None,
    out: NDArray | None = None,
) -> NDArray:
    """Standardise along axes: x' = (x - μ) / σ.

    μ is the mean and σ the (population) standard deviation of the values along `axis`, one of each
    for every index of the other axes, and for every group. NaNs are passed over and kept. Where
    the values are constant to rounding, σ is taken as 1, by the rule of
    :class:`~polyfuse.preprocessing.StandardScaler`; where one is infinite, all become NaN.

    Parameters
    ----------
    X : array-like of any shape
        Any real dtype and any strides. Only where several axes are reduced and do not lie next to
        each other in memory are values copied, a few megabytes at a time.
    axis : int or tuple of ints, default=0
        The axes that statistics are taken over, together. The default treats the columns of a
        matrix as StandardScaler does; ``-1`` treats its rows; ``1`` the columns of each matrix of
        a stack of shape (batch, rows, columns).
    groups : array-like of shape (X.shape[axis],), optional
        A label (a speaker, a site, a subject) for each entry along `axis`, which is one axis then:
        entries of one label are treated apart from the others. Numbers, strings, or anything else
        that can be sorted.
    out : ndarray of the shape of X, optional
        Where to write; may be `X` itself.

    Returns
    -------
    ndarray of the shape of X
        float16, 32 or 64 as `X` is, otherwise float64. float16 is computed in float32 and rounded
        once.

    Raises
    ------
    ValueError
        If `axis` is not an axis of `X` or has no entries, `groups` does not fit it or has NaNs, or
        `out` does not fit.

    Examples
    --------
    >>> from polyfuse.preprocessing import standardize
    >>> standardize([[1.0, 10.0], [3.0, 30.0], [5.0, 0.0], [7.0, 2.0]], groups=list("aabb"))
    array([[-1., -1.],
           [ 1.,  1.],
           [-1., -1.],
           [ 1.,  1.]])
    """
    return _normalize(X, "standard", axis, groups, out)


def minmax(
    X: ArrayLike,
    *,
    axis: AxisLike = 0,
    groups: ArrayLike | None = None,
    out: NDArray | None = None,
) -> NDArray:
    """Map to the range from 0 to 1 along axes: x' = (x - min) / (max - min).

    The extrema are those of the values along `axis`, for every index of the other axes, and for
    every group. NaNs are passed over and kept. A range below 10 ε of the precision is taken as 1,
    as by :class:`~polyfuse.preprocessing.MinMaxScaler`, whose map k x + b rounds otherwise.

    Parameters
    ----------
    X, axis, groups, out
        As for :func:`standardize`.

    Returns
    -------
    ndarray of the shape of X
        float16, 32 or 64 as `X` is, otherwise float64.

    Raises
    ------
    ValueError
        As :func:`standardize`.

    Examples
    --------
    >>> from polyfuse.preprocessing import minmax
    >>> minmax([[1.0, 2.0, 5.0], [4.0, 4.0, 3.0]], axis=-1)
    array([[0.  , 0.25, 1.  ],
           [1.  , 1.  , 0.  ]])
    """
    return _normalize(X, "minmax", axis, groups, out)


def l2(
    X: ArrayLike,
    *,
    axis: AxisLike = -1,
    groups: ArrayLike | None = None,
    out: NDArray | None = None,
) -> NDArray:
    """Divide by the Euclidean norm along axes: x' = x / √(Σ x²).

    Zeros stay zeros; a NaN makes everything under its norm NaN.

    Parameters
    ----------
    X, groups, out
        As for :func:`standardize`.
    axis : int or tuple of ints, default=-1
        The axes a norm is taken over; the default treats rows, as
        :func:`~polyfuse.preprocessing.normalize` does.

    Returns
    -------
    ndarray of the shape of X
        float16, 32 or 64 as `X` is, otherwise float64. Squares are summed in float64.

    Raises
    ------
    ValueError
        As :func:`standardize`.

    Examples
    --------
    >>> from polyfuse.preprocessing import l2
    >>> l2([[3.0, 4.0], [0.0, 0.0]])
    array([[0.6, 0.8],
           [0. , 0. ]])
    """
    return _normalize(X, "l2", axis, groups, out)


def rank(
    X: ArrayLike,
    *,
    axis: AxisLike = -1,
    groups: ArrayLike | None = None,
    out: NDArray | None = None,
) -> NDArray:
    """Replace values by their ranks along axes, from 1 for the least on.

    Equal values share the mean of their ranks, as by ``scipy.stats.rankdata``. NaNs stay, and are
    not counted.

    Parameters
    ----------
    X, groups, out
        As for :func:`standardize`.
    axis : int or tuple of ints, default=-1
        The axes along which values are compared; the default is that of ``numpy.argsort``.

    Returns
    -------
    ndarray of the shape of X
        float16, 32 or 64 as `X` is, otherwise float64. Ranks are rounded to it: float16 holds all
        ranks up to 1024, float32 up to 2**23.

    Raises
    ------
    ValueError
        As :func:`standardize`.

    Examples
    --------
    >>> from polyfuse.preprocessing import rank
    >>> rank([[0.3, 0.1, 0.3, 0.9]])
    array([[2.5, 1. , 2.5, 4. ]])
    """
    return _normalize(X, "rank", axis, groups, out)


def softmax(
    X: ArrayLike,
    *,
    axis: AxisLike = -1,
    groups: ArrayLike | None = None,
    out: NDArray | None = None,
) -> NDArray:
    """Turn scores into shares that sum to 1 along axes: x' = exp(x) / Σ exp(x).

    Computed as exp(x - max) / Σ exp(x - max), which no score makes overflow. A NaN makes
    everything under its sum NaN, and so does an infinite maximum.

    Parameters
    ----------
    X, groups, out
        As for :func:`standardize`.
    axis : int or tuple of ints, default=-1
        The axes the sum is taken over; the default treats rows.

    Returns
    -------
    ndarray of the shape of X
        float16, 32 or 64 as `X` is, otherwise float64. Sums are float64.

    Raises
    ------
    ValueError
        As :func:`standardize`.

    Examples
    --------
    >>> from polyfuse.preprocessing import softmax
    >>> softmax([[0.0, 0.0], [1000.0, 0.0]])
    array([[0.5, 0.5],
           [1. , 0. ]])
    """
    return _normalize(X, "softmax", axis, groups, out)


def _normalize(
    X: ArrayLike, kind: str, axis: AxisLike, groups: ArrayLike | None, out: NDArray | None
) -> NDArray:
    x = as_numbers(X)
    axes = _axes_of(x, axis)
    dtype = x.dtype if x.dtype.kind == "f" else np.dtype(np.float64)
    order, starts = (None, None) if groups is None else _groups_of(groups, x, axes)
    shape: Any = x.shape
    target = np.empty_like(x, dtype) if out is None else as_out(out, shape, dtype, (x,))
    if x.size == 0:
        return target
    affine = kind in ("standard", "minmax") and dtype != np.float16 and starts is None
    task = Task(kind, order, starts, affine and _is_tall(x.shape, axes))
    normalize_runs(x, target, [axis in axes for axis in range(x.ndim)], task)
    return target


def _is_tall(shape: tuple[int, ...], axes: tuple[int, ...]) -> bool:
    """Whether X is one matrix whose columns are normalised, or a stack of large ones."""
    run, inner = prod(shape[axis] for axis in axes), prod(shape[axes[-1] + 1 :])
    return axes == tuple(range(len(axes))) or run * inner >= (_TALL if inner > 1 else 16 * _TALL)


def _axes_of(x: NDArray, axis: AxisLike) -> tuple[int, ...]:
    """The reduced axes, counted from 0, in ascending order."""
    if x.ndim == 0:
        raise ValueError(f"X must have at least one dimension; got a single number, {x!r}.")
    axes = axis if isinstance(axis, tuple) else (axis,)
    for each in axes:
        if not isinstance(each, int | np.integer) or isinstance(each, bool):
            raise ValueError(f"axis must be an integer or a tuple of integers; got {axis!r}.")
        if not -x.ndim <= each < x.ndim:
            raise ValueError(
                f"axis must be from {-x.ndim} to {x.ndim - 1} for an array of {x.ndim} "
                f"dimension(s); got {axis!r}."
            )
    found = tuple(sorted({int(each) % x.ndim for each in axes}))
    if not axes or len(found) != len(axes):
        raise ValueError(f"axis must name at least one axis, and each one once; got {axis!r}.")
    if any(x.shape[each] == 0 for each in found):
        raise ValueError(f"X has no entries along axis {axis!r}; its shape is {x.shape}.")
    return found


def _are_missing(labels: NDArray) -> Any:
    if labels.dtype.kind != "O":
        return labels != labels
    return [label is None or label != label for label in labels]


def _groups_of(
    groups: ArrayLike, x: NDArray, axes: tuple[int, ...]
) -> tuple[NDArray[np.int64] | None, NDArray[np.int64]]:
    """An order that puts entries of one group side by side, or None, and where groups start."""
    labels = as_array(groups, "groups")
    if len(axes) != 1:
        raise ValueError(f"groups needs a single axis; got axis={axes}.")
    if labels.shape != (x.shape[axes[0]],):
        raise ValueError(
            f"groups must have shape ({x.shape[axes[0]]},), a label per entry along axis "
            f"{axes[0]}; got {labels.shape}."
        )
    try:
        missing = np.flatnonzero(_are_missing(labels))
        if len(missing):
            where = f"got {labels[missing[0]]!r} at index {missing[0]}"
            raise ValueError(f"groups must not have missing labels; {where}.")
        _, codes, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    except TypeError as error:
        raise ValueError(f"groups must have labels that can be sorted: {error}.") from error
    starts = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])
    ascending = bool((codes[1:] >= codes[:-1]).all())
    return None if ascending else np.argsort(codes, kind="stable").astype(np.int64), starts
