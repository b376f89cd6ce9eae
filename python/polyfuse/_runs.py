"""Walk over an array so that each run along its reduced axes is seen by a kernel, where it lies.

The axes are put in the order in which they lie in memory, and neighbours that are treated alike
are joined where the strides allow it. What is left is one of three matrices: runs that are rows,
runs that are columns, or blocks of rows whose columns are runs, each one call of a kernel. Where
more axes are left, the shortest is walked over. All of these are views of the caller's memory; only
runs that are scattered over several axes are gathered, a few megabytes at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import _kernels
from ._arrays import one_block
from ._kernels.contract import Affine, Block
from ._moments import Part, is_constant, leaf_rows, variance

_GATHERED = 1 << 20  # elements that are copied at a time


class Task(NamedTuple):
    """What to do with each run.

    `order` and `starts` are those of ``normalize_groups``; None for a run that is one group. A
    `tall` task takes the statistics of all columns of a matrix at once, on several threads.
    """

    kind: str
    order: NDArray[np.int64] | None = None
    starts: NDArray[np.int64] | None = None
    tall: bool = False


def normalize_runs(x: NDArray, out: NDArray, reduced: Sequence[bool], task: Task) -> None:
    """Normalise the runs of `x` along the reduced axes into `out`, which may be `x`."""
    x, out, reduced = _joined(x, out, reduced)
    if sum(reduced) > 1:
        _gather(x, out, reduced, task)
    elif x.ndim < 3:
        _normalize_matrix(x, out, reduced, task)
    elif reduced == [False, True, False] and _are_blocks(x, out, task):
        outer, run, inner = x.shape
        starts = np.arange(outer + 1, dtype=np.int64) * run
        flat = outer * run, inner
        kernel = _kernels.select().normalize_groups
        kernel(x.reshape(flat), None, starts, task.kind, out.reshape(flat))
    else:
        lengths = {n: axis for axis, n in enumerate(x.shape) if not reduced[axis]}
        shortest = lengths[min(lengths)]
        rest = [*reduced[:shortest], *reduced[shortest + 1 :]]
        for part in range(x.shape[shortest]):
            at: Any = (*[slice(None)] * shortest, part)
            normalize_runs(x[at], out[at], rest, task)


def _joined(
    x: NDArray, out: NDArray, reduced: Sequence[bool]
) -> tuple[NDArray, NDArray, list[bool]]:
    """Views with the axes in the order of the strides of `x`, and as few as there can be."""
    long = [axis for axis in range(x.ndim) if x.shape[axis] > 1]
    order = sorted(long, key=lambda axis: -abs(x.strides[axis]))
    order += [axis for axis in range(x.ndim) if axis not in long]
    x, out = x.transpose(order), out.transpose(order)
    shape: list[int] = []
    roles: list[bool] = []
    for axis in range(len(long)):
        role = reduced[order[axis]]
        if roles and roles[-1] == role and _follow(x, out, axis):
            shape[-1] *= x.shape[axis]
        else:
            shape.append(x.shape[axis])
            roles.append(role)
    if True not in roles:
        shape.append(1)
        roles.append(True)
    return x.reshape(shape), out.reshape(shape), roles


def _follow(x: NDArray, out: NDArray, axis: int) -> bool:
    """Whether this axis and the one before it are one axis, to who knows the strides alone."""
    return all(a.strides[axis - 1] == a.strides[axis] * a.shape[axis] for a in (x, out))


def _are_blocks(x: NDArray, out: NDArray, task: Task) -> bool:
    return task.starts is None and not task.tall and _follow(x, out, 1)


def _normalize_matrix(x: NDArray, out: NDArray, reduced: Sequence[bool], task: Task) -> None:
    if x.ndim == 1:
        x, out = x[None], out[None]
    rows = reduced[-1]
    kernels = _kernels.select()
    if rows and task.starts is None and not task.tall:
        kernels.normalize_rows(x, task.kind, out)
        return
    if rows:
        x, out = x.T, out.T
    if task.tall:
        block = Block(x, _column_map(x, task.kind, out.dtype))
        kernels.fuse(one_block(block, out.dtype), out)
    else:
        starts = np.array([0, len(x)]) if task.starts is None else task.starts
        kernels.normalize_groups(x, task.order, starts, task.kind, out)


def _column_map(x: NDArray, kind: str, dtype: np.dtype) -> Affine:
    """The map of each column that its kernel would apply; its statistics take several threads."""
    if kind == "standard":
        part = Part(*np.empty((3, x.shape[1])))
        _kernels.select().column_moments(x, None, leaf_rows(x.shape[1]), *part)
        var = variance(part)
        scale = np.where(is_constant(part, var), 1.0, np.sqrt(var))
        return Affine(part.mean, scale, divide=True)
    low, high = np.empty(x.shape[1]), np.empty(x.shape[1])
    _kernels.select().column_extrema(x, low, high)
    nothing = low > high
    least = np.where(nothing, 0.0, low).astype(dtype)
    with np.errstate(invalid="ignore", over="ignore"):
        span = np.where(nothing, 0.0, high).astype(dtype) - least
    factor = np.where(span < 10 * np.finfo(dtype).eps, 1.0, span.astype(np.float64))
    return Affine(least.astype(np.float64), factor, divide=True)


def _gather(x: NDArray, out: NDArray, reduced: Sequence[bool], task: Task) -> None:
    """Copy runs that are scattered over several axes together, normalise them, put them back."""
    kept = sorted((a for a, role in enumerate(reduced) if not role), key=lambda a: -x.shape[a])
    order = [*kept, *(axis for axis, role in enumerate(reduced) if role)]
    x, out = x.transpose(order), out.transpose(order)
    for part in _parts(x, len(kept)):
        copy = np.array(x[part], out.dtype, order="C")
        runs = copy.reshape(prod(copy.shape[: len(kept)]), -1)
        _normalize_matrix(runs, runs, [False, True], task)
        out[part] = copy


def _parts(x: NDArray, n_kept: int) -> Iterator[Any]:
    """Parts of the first axis, if that is kept, of about `_GATHERED` elements."""
    if n_kept == 0:
        yield ...
        return
    step = max(1, _GATHERED * len(x) // x.size)
    for start in range(0, len(x), step):
        yield slice(start, start + step)
