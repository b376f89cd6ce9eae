"""What fusion models take: blocks, some missing in some rows, or one matrix, a block named "X"."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._arrays import as_matrix, require_finite, require_width
from ._blocks import (
    absent_blocks,
    as_matrices,
    in_order_of_fit,
    is_matrix,
    named_blocks,
    require_same_rows,
)
from ._feature_names import check_block_names, check_names, keep_names, names_of
from ._fusion_scalers import fit_scalers, scaler_entries
from ._inputs import as_samples
from ._kernels.contract import Block, Csr
from ._missing import Masks, Present, as_present, rows_there
from ._parameters import is_sparse
from ._sgd_inputs import as_csr, fit_block, scaler_map


class Given(NamedTuple):
    """Blocks, where they are there, and what their columns are called."""

    names: list[str]
    values: list[Any]  # matrices, or Csr
    masks: Masks  # None where a block is there in all rows
    features: dict[str, NDArray | None]
    whole: bool  # one matrix

    @property
    def n_rows(self) -> int:
        return int(self.values[0].shape[0])

    @property
    def sparse(self) -> bool:
        return any(isinstance(x, Csr) for x in self.values)

    def described(self, scalers: list[Any]) -> tuple[Block, ...]:
        """The blocks as they are scaled."""
        each = zip(self.names, self.values, scalers, self.masks, strict=True)
        return tuple(Block(x, scaler_map(own, x, name), mask) for name, x, own, mask in each)


def read(estimator: Any, X: Any, present: Present) -> Given:
    """Blocks, checked.

    Raises
    ------
    TypeError, ValueError
        If they are no numeric matrices of the same number of rows, or a mask does not fit.
    """
    caller = type(estimator).__name__
    if is_matrix(X):
        values = [_one_matrix(X, estimator, caller)]
        names, features = ["X"], {"X": names_of(X)}
    else:
        names, given = named_blocks(X)
        values = _matrices(names, given, estimator)
        features = dict(zip(map(str, names), map(names_of, given), strict=True))
    if values[0].shape[0] == 0:
        raise ValueError(f"Found blocks with 0 sample(s), while {caller} needs at least 1.")
    masks = as_present(present, names, values[0].shape[0])
    return Given(names, values, _there(values, masks), features, is_matrix(X))


def remember(estimator: Any, given: Given) -> None:
    """Set what `read_again` goes by."""
    estimator._names, estimator._whole = given.names, given.whole
    estimator._widths = [x.shape[1] for x in given.values]
    estimator._feature_names = given.features
    estimator.modalities_ = list(map(str, given.names))
    estimator.n_features_in_ = sum(estimator._widths)
    keep_names(estimator, given.features["X"] if given.whole else None)


def read_again(estimator: Any, X: Any, present: Present) -> Given:
    """Blocks in the order of fit; those that are None, or left out of a dict, are missing.

    Raises
    ------
    TypeError, ValueError
        If they are not those of fit, or nothing that `read` would take.
    """
    caller, fitted = type(estimator).__name__, estimator._names
    if is_matrix(X) != estimator._whole:
        was, got = ("not ", "blocks") if estimator._whole else ("", "one matrix")
        raise ValueError(f"X is {got}, but {caller} was {was}fitted on a list or dict of blocks.")
    if estimator._whole:
        check_names(estimator, X)
        matrix = _one_matrix(X, estimator, caller, numeric=True)
        require_width(estimator, matrix.shape[1])
        masks = as_present(present, fitted, matrix.shape[0])
        return Given(fitted, [matrix], _there([matrix], masks), {}, True)
    names, values = named_blocks(X)
    absent = absent_blocks(names, values, fitted)
    features = dict(zip(names, map(names_of, values), strict=True))
    if absent:
        names, values = _filled(estimator, names, values, absent)
    values = _matrices(names, values, estimator)
    masks = as_present(present, names, values[0].shape[0])
    by_name = dict(zip(names, masks, strict=True))
    names, values = in_order_of_fit(caller, names, values, fitted, estimator._widths)
    for name in absent:
        by_name[name] = np.zeros(values[0].shape[0], bool)
        features.pop(name, None)
    check_block_names(estimator, estimator._feature_names, features)
    return Given(names, values, _there(values, [by_name[name] for name in names]), features, False)


_HOW_TO_BE_MISSING = "A row of a block that is all NaN is missing; fill other gaps first."


def require_finite_blocks(blocks: tuple[Block, ...], names: list[str]) -> None:
    """Raise ValueError naming the first block with a value that is not finite where it is there.

    Scores and losses tell that there is one, so that clean data are not read a second time.
    """
    for name, block in zip(names, blocks, strict=True):
        x = block.values
        if isinstance(x, Csr):
            require_finite({f"blocks[{name!r}]": x.data.reshape(-1, 1)})
        else:
            rows = x if block.present is None else np.where(block.present[:, None], x, 0)
            try:
                require_finite({f"blocks[{name!r}]": rows})
            except ValueError as error:
                if "NaN" in str(error):
                    raise ValueError(f"{error} {_HOW_TO_BE_MISSING}") from None
                raise


def fit_block_scalers(given: Given, scaler: Any) -> list[Any]:
    """New scalers, fitted on the rows that are there; those of sparse blocks move no zeros.

    Raises
    ------
    TypeError, ValueError
        If `scaler` is none, or a block cannot be scaled.
    """
    entries = scaler_entries(given.names, scaler, "scaler")
    dense = [i for i, x in enumerate(given.values) if not isinstance(x, Csr)]
    fitted: list[Any] = [None] * len(entries)
    found = fit_scalers(
        [given.names[i] for i in dense], [given.values[i] for i in dense],
        [entries[i] for i in dense], [given.masks[i] for i in dense],
    ) if dense else []  # fmt: skip
    for i, own in zip(dense, found, strict=True):
        fitted[i] = own
    for i, own in enumerate(entries):
        if own is not None and i not in dense:
            x = _rows_there(given.values[i], given.masks[i])
            fitted[i] = fit_block(given.names[i], x, _keeping_zeros(own))
    return fitted


def _rows_there(x: Csr, mask: NDArray[np.bool_] | None) -> Csr:
    if mask is None:
        return x
    lengths = np.diff(x.indptr)
    kept = np.repeat(mask, lengths)
    indptr = np.concatenate(([0], np.cumsum(lengths[mask])))
    start, stop = x.indptr[0], x.indptr[-1]
    return Csr(x.data[start:stop][kept], x.indices[start:stop][kept], indptr, x.width)


def _keeping_zeros(scaler: Any) -> Any:
    """A scaler by name, as it is for sparse blocks: StandardScaler(with_mean=False)."""
    if scaler != "standard":
        return scaler
    from .preprocessing import StandardScaler

    return StandardScaler(with_mean=False)


def _one_matrix(X: Any, estimator: Any, caller: str, numeric: bool = False) -> Any:
    return as_csr(X, estimator, "X") if is_sparse(X) else as_samples(X, caller, numeric=numeric)


def _matrices(names: list[str], values: list[Any], estimator: Any) -> list[Any]:
    if not any(map(is_sparse, values)):
        return as_matrices(names, values)[1]
    read = [
        as_csr(x, estimator, f"blocks[{name!r}]")
        if is_sparse(x)
        else as_matrix(x, f"blocks[{name!r}]")
        for name, x in zip(names, values, strict=True)
    ]
    require_same_rows(names, read)
    return read


def _filled(
    estimator: Any, names: list[str], values: list[Any], absent: list[str]
) -> tuple[list[str], list[Any]]:
    """The blocks, with zeros that take no memory for those that are not given."""
    by_name = {name: x for name, x in zip(names, values, strict=True) if x is not None}
    if not by_name:
        raise ValueError(f"blocks must hold at least one of {estimator._names}; all are None.")
    first = next(iter(by_name))
    if not hasattr(by_name[first], "shape"):
        by_name[first] = as_matrix(by_name[first], f"blocks[{first!r}]")
    n_rows = by_name[first].shape[0]
    for name, width in zip(estimator._names, estimator._widths, strict=True):
        if name in absent:
            by_name[name] = np.broadcast_to(np.zeros((), np.float32), (n_rows, width))
    return list(by_name), list(by_name.values())


def _there(values: list[Any], masks: Masks) -> Masks:
    """Masks of the rows that are there: not masked, nor all NaN."""
    found: Masks = []
    for x, mask in zip(values, masks, strict=True):
        if isinstance(x, np.ndarray) and x.dtype.kind == "f" and len(x):
            mask = rows_there(Block(x, None, mask))
        found.append(None if mask is None or mask.all() else mask)
    return found
