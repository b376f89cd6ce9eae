"""Blocks as callers give them: their names and order, and what else is given for each of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._arrays import as_matrix, is_accepted, kind_of
from ._interchange import dimensions
from ._parameters import is_sparse


class Container:
    """Named blocks that are no Mapping, because their length is their number of rows."""

    __slots__ = ("_names", "_values")

    _names: tuple[str, ...]
    _values: tuple[Any, ...]


BlocksLike = Mapping[str, ArrayLike] | Sequence[ArrayLike] | NDArray | Container


class Position(str):
    """The name of a block of a list: that of a dict in all but messages, where it is a number."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


@cache
def positions(n: int) -> tuple[str, ...]:
    """Names of the blocks of a list: "0", "1", ..."""
    return tuple(Position(i) for i in range(n))


def is_matrix(x: Any) -> bool:
    """Whether `x` is one matrix, or would be one, rather than a list or dict of them."""
    if isinstance(x, Mapping | Container):
        return is_sparse(x)  # DOK matrices are dicts
    if not is_listed(x):
        return getattr(x, "ndim", 2) != 3
    if len(x) == 0 or x[0] is None:
        return False
    shown = dimensions(x[0])
    return (np.ndim(x[0]) if shown is None else shown) < 2


def named_blocks(blocks: BlocksLike, name: str = "blocks") -> tuple[list[str], list[Any]]:
    """Names and values of blocks as they are given, whatever the values are.

    Raises
    ------
    TypeError
        If `blocks` is no mapping, no sequence and no container.
    ValueError
        If there are none, or two have one name.
    """
    if isinstance(blocks, Container):
        return list(blocks._names), list(blocks._values)
    if isinstance(blocks, Mapping) and not is_sparse(blocks):  # DOK matrices are dicts
        names, values = [str(key) for key in blocks], list(blocks.values())
        if len(set(names)) != len(names):
            raise ValueError(f"{name} must have different names; got {names}.")
    else:
        _require_sequence(blocks, name)
        names, values = list(positions(len(blocks))), list(blocks)
    if not names:
        raise ValueError(f"{name} must hold at least one block; got none.")
    return names, values


def as_blocks(blocks: BlocksLike, name: str = "blocks") -> tuple[list[str], list[NDArray]]:
    """Return names and matrices of blocks given as a mapping, or as a sequence of matrices.

    Blocks of a sequence are named by their position.

    Raises
    ------
    TypeError
        If `blocks` is neither, or a block is nothing like an array.
    ValueError
        If there are none, one is not a numeric matrix, or their numbers of rows differ.
    """
    return as_matrices(*named_blocks(blocks, name), name)


def as_matrices(
    names: list[str], values: Iterable[Any], name: str = "blocks"
) -> tuple[list[str], list[NDArray]]:
    """Return names and, checked as by :func:`as_blocks`, matrices of blocks."""
    arrays = [
        x if is_accepted(x) else as_matrix(x, f"{name}[{key!r}]")
        for key, x in zip(names, values, strict=True)
    ]
    require_same_rows(names, arrays, name)
    return names, arrays


def require_same_rows(names: list[str], values: Sequence[Any], name: str = "blocks") -> None:
    """Raise ValueError unless all values are as long as the first."""
    n_rows = values[0].shape[0]
    for x in values:
        if x.shape[0] != n_rows:
            counts = ", ".join(f"{k}: {v.shape[0]}" for k, v in zip(names, values, strict=True))
            raise ValueError(f"{name} must have the same number of rows; got {counts}.")


def _require_sequence(blocks: Any, name: str) -> None:
    if isinstance(blocks, np.ndarray):
        if blocks.ndim != 3:
            raise ValueError(
                f"{name} must be a list or dict of 2-D arrays; got one array of shape "
                f"{blocks.shape}. Write [X] for a single block."
            )
    elif not is_listed(blocks):
        raise TypeError(f"{name} must be a list or dict of 2-D arrays; got {kind_of(blocks)}.")


def is_listed(x: Any) -> TypeGuard[Sequence[Any]]:
    """Whether `x` is a list, or like one, and no text."""
    return isinstance(x, Sequence) and not isinstance(x, str | bytes)


def in_order_of_fit(
    caller: str, names: list[str], arrays: list[NDArray], fitted: list[str], widths: list[int]
) -> tuple[list[str], list[NDArray]]:
    """The blocks that an estimator was fitted on, in that order.

    Raises
    ------
    ValueError
        If others are given, or one has another width.
    """
    if names != fitted:
        if set(names) != set(fitted):
            raise ValueError(f"blocks must be those of fit, {fitted}; got {names}.")
        arrays = [arrays[names.index(name)] for name in fitted]
        names = fitted
    for name, array, width in zip(names, arrays, widths, strict=True):
        if array.shape[1] != width:
            raise ValueError(
                f"blocks[{name!r}] has {array.shape[1]} features, but {caller} is expecting "
                f"{width} features as input."
            )
    return names, arrays


def absent_blocks(names: list[str], values: list[Any], fitted: list[str]) -> list[str]:
    """Which blocks of fit are None, or left out of a dict that holds others of them."""
    absent = {name for name, x in zip(names, values, strict=True) if x is None}
    if set(names) < set(fitted) and not isinstance(names[0], Position):
        absent |= set(fitted) - set(names)
    return [name for name in fitted if name in absent]


def in_order(mapping: Mapping[str, Any], names: list[str], name: str) -> list[Any]:
    """The values of a mapping by block, in the order of the blocks."""
    by_name = {str(key): value for key, value in mapping.items()}
    if set(by_name) != set(names):
        odd = [f"{key!r} is missing" for key in names if key not in by_name]
        odd += [f"{key!r} is not one of them" for key in by_name if key not in names]
        raise ValueError(
            f"{name} must have the keys {names}; got {list(mapping)}: {', '.join(odd)}."
        )
    return [by_name[key] for key in names]


def per_block(given: Any, names: list[str], name: str, what: str) -> list[Any]:
    """One entry per block, in their order, of an argument given as a mapping or a sequence.

    Raises
    ------
    TypeError
        If it is neither; `what` says what the entries should be.
    ValueError
        If there is not one per block.
    """
    if isinstance(given, Mapping):
        return in_order(given, names, name)
    listed = is_listed(given) or (isinstance(given, np.ndarray) and given.ndim > 0)
    if not listed:
        raise TypeError(
            f"{name} must be a list or dict of {what}, one per block; got {kind_of(given)}."
        )
    if len(given) != len(names):
        raise ValueError(f"{name} must have one entry per block, {len(names)}; got {len(given)}.")
    return list(given)
