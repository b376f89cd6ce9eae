"""A scaler for each block: given fitted, or fitted here, by its name or as a copy of one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._arrays import kind_of, one_of
from ._blocks import is_listed, per_block
from ._estimator import unfitted
from ._kernels.contract import Affine, Block
from ._missing import Masks, require_some_rows, rows_there
from .exceptions import NotFittedError, shared

Scaler = Any  # a scaler of polyfuse.preprocessing
Scalers = str | Scaler | Mapping[str, str | Scaler | None] | Sequence[str | Scaler | None] | None


def affines_of(
    names: list[str], arrays: list[NDArray], scalers: Scalers, masks: Masks | None = None
) -> list[Affine | None]:
    """The map of each block, by a scaler given, or fitted here on the rows that are there.

    Raises
    ------
    NotFittedError
        If a scaler that is given for one block is not fitted.
    TypeError, ValueError
        If a scaler is none, clips, or was fitted on another width; or a block cannot be scaled.
    """
    if scalers is None:
        return [None] * len(arrays)
    each = scaler_entries(names, scalers, "scalers")
    single = not isinstance(scalers, Mapping) and not is_listed(scalers)
    if single and is_fitted(scalers):
        raise TypeError(
            "scalers must have one fitted scaler per block, in a list or dict; got a single "
            f"{kind_of(scalers)}, which is fitted. Unfitted, it is copied and fitted to each block."
        )
    if not single:
        _require_fitted(names, each)
    rows = zip(each, arrays, masks or [None] * len(arrays), strict=True)
    each = [
        None if (single or isinstance(scaler, str)) and _nothing(x, mask) else scaler
        for scaler, x, mask in rows
    ]
    # None stands for those that are fitted, which are used as they are.
    new = [scaler if single or isinstance(scaler, str) else None for scaler in each]
    fitted = _fit(names, arrays, new, masks)
    affines = [affine_of(own or scaler) for own, scaler in zip(fitted, each, strict=True)]
    for name, affine, array in zip(names, affines, arrays, strict=True):
        if affine is not None and len(affine.offset) != array.shape[1]:
            raise ValueError(
                f"scalers[{name!r}] was fitted on {len(affine.offset)} features, the block has "
                f"{array.shape[1]}."
            )
    return affines


def fit_scalers(
    names: list[str],
    arrays: list[NDArray],
    scaler: Scalers,
    masks: Masks | None = None,
    looked_for: bool = False,
) -> list[Any]:
    """New scalers, None for a block without one, fitted on the rows that are there.

    Raises
    ------
    TypeError, ValueError
        If `scaler` is none, no name of one, or clips; or a block cannot be scaled, or is missing in
        every row although rows of NaN are `looked_for`.
    """
    each = scaler_entries(names, scaler, "scaler")
    if looked_for:
        for name, x, own, mask in zip(
            names, arrays, each, masks or [None] * len(names), strict=True
        ):
            if own is not None:
                require_some_rows(name, rows_there(Block(x, None, mask)), "scaler")
    return _fit(names, arrays, each, masks)


def affine_of(scaler: Any) -> Affine | None:
    """The map of a fitted scaler; None of none."""
    affine: Affine | None = None if scaler is None else scaler.as_affine()
    return affine


def scaler_entries(names: list[str], given: Any, argument: str) -> list[Any]:
    """One scaler, unfitted or fitted, name or None for each block; checked."""
    if given is None or isinstance(given, str | type) or hasattr(given, "fit"):
        _check(given, argument)
        return [given] * len(names)
    each = per_block(given, names, argument, "scalers or their names")
    for name, scaler in zip(names, each, strict=True):
        _check(scaler, f"{argument}[{name!r}]")
    return each


def _check(scaler: Any, label: str) -> None:
    from .preprocessing import SCALERS

    if scaler is None:
        return
    if isinstance(scaler, str):
        one_of(scaler, label, SCALERS)
        return
    maps_columns = hasattr(scaler, "as_affine")
    if isinstance(scaler, type) or not maps_columns:
        hint = f": write {scaler.__name__}()" if maps_columns else ""
        raise TypeError(
            f"{label} must be a scaler of columns from polyfuse.preprocessing, the name of one "
            f"({', '.join(map(repr, SCALERS))}), or None; got {kind_of(scaler)}{hint}."
        )
    if getattr(scaler, "clip", False):
        raise ValueError(
            f"{label} clips (clip=True), which fusion cannot do in the same pass; use clip=False "
            "or transform the block first."
        )


def _nothing(array: NDArray, mask: NDArray[np.bool_] | None) -> bool:
    """Whether no row is there, so that there is nothing to fit, and nothing to scale."""
    return len(array) == 0 or (mask is not None and not mask.any())


def is_fitted(scaler: Any) -> bool:
    """Whether a scaler has seen data."""
    return hasattr(scaler, "n_features_in_")


def _require_fitted(names: Iterable[str], scalers: Iterable[Any]) -> None:
    for name, scaler in zip(names, scalers, strict=True):
        if not (scaler is None or isinstance(scaler, str) or is_fitted(scaler)):
            raise shared(NotFittedError)(
                f"scalers[{name!r}], a {kind_of(scaler)}, is not fitted: fit it on that block, or "
                "give its name, such as 'standard', for one that is fitted here."
            )


def _fit(
    names: list[str], arrays: list[NDArray], scalers: list[Any], masks: Masks | None
) -> list[Any]:
    return [
        None if scaler is None else fit_scaler(f"blocks[{name!r}]", array, scaler, mask)
        for name, array, scaler, mask in zip(
            names, arrays, scalers, masks or [None] * len(names), strict=True
        )
    ]


def new_scaler(scaler: Any) -> Any:
    """An unfitted scaler, by name or a copy of one."""
    from .preprocessing import SCALERS

    return SCALERS[scaler]() if isinstance(scaler, str) else unfitted(scaler)


def fit_scaler(what: str, array: Any, scaler: Any, mask: NDArray[np.bool_] | None = None) -> Any:
    """A new scaler, by name or a copy of one, fitted on the rows of a block that are there."""
    own = new_scaler(scaler)
    there = array if mask is None or mask.all() else array[mask]
    try:
        return own.fit(there)
    except ValueError as error:
        raise ValueError(f"{what} cannot be scaled: {error}") from error
