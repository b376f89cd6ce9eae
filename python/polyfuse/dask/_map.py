"""What estimators say of each partition by itself, when it is asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._estimator import Estimator
from .._feature_names import output_kind
from ._graph import dask, within_share
from ._partitions import Partitions, of_package, partitions_of, without_names

_OF_ARRAYS = ("out", "present")


def lazily(model: Estimator, method: str, X: Any, *args: Any, **kwargs: Any) -> Any:
    """A Dask Array of what a method gives for each partition.

    A row of zeros is asked for first: errors of the model, or of its blocks, are raised here.

    Raises
    ------
    TypeError, ValueError
        As the method, or if an argument is an array that is not cut as the collection is.
    """
    for name in _OF_ARRAYS:
        if kwargs.get(name) is not None:
            raise TypeError(f"{name} must be None for Dask collections; got {kwargs[name]!r:.60}.")
    if hasattr(model, "set_output") and output_kind(model) != "default":
        raise TypeError(
            "set_output must be 'default' for Dask collections, of which Dask Arrays are made; "
            f"got {output_kind(model)!r}."
        )
    parts = partitions_of(X, known=False)
    shown = of_package(model, method)(model, parts.blank(), *args, **kwargs)
    call = _Call(without_names(model), method, parts.names, parts.whole, args, kwargs, shown[:0])
    return blockwise(call, parts, shown)


def blockwise(call: Any, parts: Partitions, shown: NDArray) -> Any:
    """An array made of each partition; `shown` is what is made of one row."""
    index = "i" if shown.ndim == 1 else "ik"
    given = [x for b, array in enumerate(parts.arrays) for x in (array, f"i{chr(945 + b)}")]
    return dask("array").blockwise(
        call, index, *given, new_axes={} if shown.ndim == 1 else {"k": shown.shape[1]},
        concatenate=True, align_arrays=False, dtype=shown.dtype, token=f"polyfuse-{call.method}",
        meta=np.empty((0,) * shown.ndim, shown.dtype),
    )  # fmt: skip


class _Call:
    """A method of a fitted model, for the blocks of a partition."""

    def __init__(
        self, model: Any, method: str, names: list[str], whole: bool, args: Any, kwargs: Any,
        nothing: NDArray,
    ) -> None:  # fmt: skip
        self.model, self.method, self.names, self.whole = model, method, names, whole
        self.args, self.kwargs, self.nothing = args, kwargs, nothing

    def __call__(self, *blocks: NDArray) -> Any:
        if not any(len(block) for block in blocks):
            return self.nothing
        X = blocks[0] if self.whole else dict(zip(self.names, blocks, strict=True))
        return within_share(_called, self.model, self.method, X, *self.args, **self.kwargs)


def _called(model: Any, method: str, X: Any, *args: Any, **kwargs: Any) -> Any:
    return of_package(model, method)(model, X, *args, **kwargs)
