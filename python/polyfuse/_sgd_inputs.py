"""What the SGD estimators take as X: a matrix, a sparse one, a data frame, or blocks of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._arrays import as_matrix, require_width
from ._blocks import Container, Position, named_blocks
from ._feature_names import check_block_names, check_names, names_of
from ._fusion_scalers import (
    Scalers,
    affine_of,
    fit_scaler,
    is_fitted,
    new_scaler,
    scaler_entries,
)
from ._inputs import (
    as_samples,
    as_sparse_samples,
    require_dense,
    require_finite_values,
    without_sparse_columns,
)
from ._interchange import dimensions
from ._kernels.contract import CONCATENATE, Affine, Block, Csr, Rows
from ._parameters import is_sparse

# Values are looked at this many at a time, so that no mask is as large as the data.
_PIECE = 1 << 20


class Seen(NamedTuple):
    """The rows of one X, and what an estimator remembers of it."""

    rows: Rows
    names: NDArray | None  # of columns, where X is a data frame
    features: dict[str, NDArray | None]  # the same of each block, where X is several
    modalities: list[str] | None  # names of blocks, where X is several
    widths: list[int]
    scalers: list[Any]


class _Given(NamedTuple):
    """X, checked: its blocks, and what they and their columns are called, as in `Seen`."""

    modalities: list[str] | None  # of a list: positions
    values: list[Any]
    features: dict[str, NDArray | None]


def is_blocks(X: Any) -> bool:
    """Whether X is a dict or container of blocks, or a list of what has two dimensions."""
    if is_sparse(X):
        return False  # a DOK matrix is a dict
    if isinstance(X, Mapping | Container):
        return True
    if not isinstance(X, list | tuple) or len(X) == 0:
        return False
    return all(dimensions(block) == 2 for block in X)


def see(estimator: Any, X: Any, scaler: Scalers, *, warm: bool = False, fit: bool = True) -> Seen:
    """Describe X for a fit that starts anew, fitting scalers that are not fitted.

    Or leave that, without `fit`, to whoever knows on which rows: they do not scale yet.

    Where coefficients are kept (`warm`), blocks are those of the last fit, in that order.

    Raises
    ------
    TypeError, ValueError
        If X is not numeric, not finite, or the scalers do not fit it.
    """
    names = None if is_blocks(X) else names_of(X)
    given = _read(estimator, X)
    if warm and given.modalities is not None and hasattr(estimator, "modalities_"):
        given = _as_fitted(estimator, given)
    modalities = None if given.modalities is None else list(map(str, given.modalities))
    values = given.values
    scalers = _scalers(modalities, values, scaler, fit)
    affines = [
        scaler_map(s, v, m) if s is None or is_fitted(s) else None
        for s, v, m in zip(scalers, values, modalities or ["X"], strict=True)
    ]
    rows = _rows(values, affines, model_dtype(values, affines))
    return Seen(rows, names, given.features, modalities, [v.shape[1] for v in values], scalers)


def see_again(
    estimator: Any, X: Any, dtype: np.dtype | None = None, *, scoring: bool = False
) -> Rows:
    """Describe X as `see` did, for an estimator that remembers; in a precision, if it is given.

    For `scoring`, nobody looks yet whether X is finite: that shows in the scores.

    Raises
    ------
    TypeError, ValueError
        If X is not as it was in fit, or not finite.
    """
    fitted = getattr(estimator, "modalities_", None)
    if (fitted is not None) != is_blocks(X):
        name = type(estimator).__name__
        was, got = ("", "one matrix") if fitted is not None else ("not ", "blocks")
        raise ValueError(f"X is {got}, but {name} was {was}fitted on a list or dict of blocks.")
    if fitted is None and (type(X) is not np.ndarray or hasattr(estimator, "feature_names_in_")):
        check_names(estimator, X)
    given = _read(estimator, X, scoring=scoring)
    if given.modalities is None:
        require_width(estimator, given.values[0].shape[1])
    else:
        given = _as_fitted(estimator, given)
    values, scalers = given.values, estimator._scalers
    affines = [scaler_map(s, v, "X") for s, v in zip(scalers, values, strict=True)]
    return _rows(values, affines, dtype or model_dtype(values, affines))


def remember(estimator: Any, seen: Seen) -> None:
    """Set what `see_again` goes by."""
    estimator.n_features_in_ = sum(seen.widths)
    estimator._scalers, estimator._widths = seen.scalers, seen.widths
    estimator._features = seen.features
    _set_or_delete(estimator, "feature_names_in_", seen.names)
    _set_or_delete(estimator, "modalities_", seen.modalities)
    scaled = any(scaler is not None for scaler in seen.scalers)
    named = dict(zip(seen.modalities or ["X"], seen.scalers, strict=True))
    _set_or_delete(estimator, "scalers_", named if scaled else None)


def _set_or_delete(estimator: Any, name: str, value: Any) -> None:
    if value is not None:
        setattr(estimator, name, value)
    elif hasattr(estimator, name):
        delattr(estimator, name)


def require_finite_rows(estimator: Any, rows: Rows, modalities: list[str] | None) -> None:
    """Raise ValueError if a block has a value that is not finite."""
    for i, block in enumerate(rows.blocks):
        name = "X" if modalities is None else f"X[{modalities[i]!r}]"
        _require_finite(block.values, name, type(estimator).__name__)


# -- blocks --------------------------------------------------------------------------------------


def _read(estimator: Any, X: Any, *, scoring: bool = False) -> _Given:
    caller = type(estimator).__name__
    if not is_blocks(X):
        X = without_sparse_columns(X, widen=not scoring)
        # Text is converted where scikit-learn does: in fit.
        matrix = (
            as_csr(X, estimator, "X") if is_sparse(X) else as_samples(X, caller, numeric=scoring)
        )
        if not scoring:
            _require_finite(matrix, "X", caller)
        return _Given(None, [matrix], {})
    names, blocks = named_blocks(X, "X")
    values = []
    for name, block in zip(names, blocks, strict=True):
        x = without_sparse_columns(block, widen=not scoring)
        shown = f"X[{str(name)!r}]"
        matrix = as_csr(x, estimator, shown) if is_sparse(x) else as_matrix(x, shown, min_rows=1)
        if not scoring:
            _require_finite(matrix, shown, caller)
        values.append(matrix)
    if len({v.shape[0] for v in values}) > 1:
        counts = ", ".join(f"{k}: {v.shape[0]}" for k, v in zip(names, values, strict=True))
        raise ValueError(f"X must have blocks of the same number of rows; got {counts}.")
    features = dict(zip(map(str, names), map(names_of, blocks), strict=True))
    return _Given(names, values, features)


def as_csr(x: Any, estimator: Any, name: str) -> Csr:
    """A sparse matrix as the kernels take it, without a copy where it is CSR already."""
    if hasattr(estimator, "_for_sparse"):
        require_dense(x, name, estimator._for_sparse)
    for part in ("indices", "indptr", "row", "col"):
        indices = getattr(x, part, None)
        if isinstance(indices, np.ndarray) and indices.dtype != np.int32:
            raise ValueError(
                f"Only sparse matrices with 32-bit integer indices are accepted. Got "
                f"{indices.dtype} indices. Please do report a minimal reproducer on scikit-learn "
                "issue tracker so that support for your use-case can be studied by maintainers. "
                "See: https://scikit-learn.org/dev/developers/minimal_reproducer.html"
            )
    x = as_sparse_samples(
        x, type(estimator).__name__, ("csr",), copy=False, allow_nan=True, name=name
    )
    data = x.data if x.dtype.char in "fd" else x.data.astype(np.float64)
    indices, indptr = np.ascontiguousarray(x.indices), x.indptr.astype(np.int64)
    (n, width), stored = x.shape, min(len(data), len(indices))
    sound = len(indptr) == n + 1 and indptr[0] == 0 and indptr[-1] <= stored
    if not sound or (np.diff(indptr) < 0).any() or not _within(indices[: indptr[-1]], width):
        raise ValueError(f"{name} is not a sound CSR matrix: its indices do not fit its shape.")
    return Csr(np.ascontiguousarray(data), indices, indptr, width)


def _within(indices: NDArray, width: int) -> bool:
    return len(indices) == 0 or bool(indices.min() >= 0 and indices.max() < width)


def _require_finite(values: Any, name: str, caller: str) -> None:
    array = values.data if isinstance(values, Csr) else values
    if array.dtype.kind != "f":
        return
    step = max(1, _PIECE // max(1, array[:1].size))
    for start in range(0, len(array), step):
        part = array[start : start + step]
        with np.errstate(over="ignore", invalid="ignore"):
            fine = array.dtype != np.float16 and np.isfinite(np.add.reduce(part, axis=None))
        if not fine and not np.isfinite(part).all():
            of = values if isinstance(values, Csr) else None
            require_finite_values(array, name, caller, of=of)


def _as_fitted(estimator: Any, given: _Given) -> _Given:
    """The blocks of fit, in that order."""
    names, fitted = given.modalities or [], estimator.modalities_
    if set(names) != set(fitted):
        got = f"a list of {len(names)}" if isinstance(names[0], Position) else names
        raise ValueError(f"X must have the blocks of fit, {fitted}; got {got}.")
    values = [given.values[names.index(name)] for name in fitted]
    for name, value, width in zip(fitted, values, estimator._widths, strict=True):
        if value.shape[1] != width:
            raise ValueError(
                f"X[{name!r}] has {value.shape[1]} features, but {type(estimator).__name__} is "
                f"expecting {width} features as input."
            )
    check_block_names(estimator, estimator._features, given.features, "X")
    return given._replace(modalities=fitted, values=values)


def model_dtype(values: list[Any], affines: list[Affine | None]) -> np.dtype:
    """The precision of a model: that of what scikit-learn's scalers and hstack would give."""
    dtypes = [
        np.dtype(np.float64) if affine is not None and v.dtype.kind != "f" else v.dtype
        for v, affine in zip(values, affines, strict=True)
    ]
    single = np.dtype(np.float32)
    return single if np.result_type(*dtypes) == single else np.dtype(np.float64)


def _rows(values: list[Any], affines: list[Affine | None], dtype: np.dtype) -> Rows:
    blocks = tuple(map(Block, values, affines))
    return Rows(blocks, CONCATENATE, np.ones(len(blocks)), dtype)


# -- scalers -------------------------------------------------------------------------------------


def _scalers(
    modalities: list[str] | None, values: list[Any], scaler: Scalers, fit: bool
) -> list[Any]:
    """One scaler, or None, for each block: what is fitted already is taken as it is."""
    names = modalities or ["X"]
    each = scaler_entries(names, scaler, "scaler")
    if not fit:
        return [own if own is None or is_fitted(own) else new_scaler(own) for own in each]
    return [
        own if own is None or is_fitted(own) else fit_block(name, value, own, modalities is None)
        for name, value, own in zip(names, values, each, strict=True)
    ]


def unfitted_entries(names: list[str] | None, scaler: Scalers) -> list[bool]:
    """Which blocks have a scaler that is given by name or unfitted."""
    each = scaler_entries(names or ["X"], scaler, "scaler")
    return [own is not None and not is_fitted(own) for own in each]


def fit_block(name: str, values: Any, scaler: Any, alone: bool = False) -> Any:
    """A new scaler, fitted on a block; `alone`, that is all of X."""
    if not isinstance(values, Csr):
        return fit_scaler("X" if alone else f"X[{name!r}]", values, scaler)
    from importlib import import_module

    parts = values.data, values.indices, values.indptr
    sparse = import_module("scipy.sparse").csr_array(parts, shape=values.shape)
    try:
        return fit_scaler(name, sparse, scaler)
    except (TypeError, ValueError) as error:  # the values are numbers: it cannot be them
        what = "X" if alone else f"block {name!r}"
        raise ValueError(
            f"scaler: {what} is sparse; use 'maxabs', None or StandardScaler(with_mean=False) for "
            "it."
        ) from error


def scaler_map(scaler: Any, values: Any, name: str) -> Affine | None:
    """The map of a fitted scaler, for a block of some width."""
    affine = affine_of(scaler)
    if affine is None:
        return None
    if len(affine.offset) != values.shape[1]:
        raise ValueError(
            f"scaler of {name} was fitted on {len(affine.offset)} features, the block has "
            f"{values.shape[1]}."
        )
    if not isinstance(values, Csr):
        return affine
    if affine.offset.any():
        raise ValueError(
            f"scaler of {name} moves zeros, which a sparse block has not stored; take 'maxabs', or "
            "StandardScaler(with_mean=False)."
        )
    # As sparse matrices are scaled; -0.0 is what leaves every number as it is when added.
    factor = 1.0 / affine.factor if affine.divide else affine.factor
    return Affine(np.full(len(factor), -0.0), factor.astype(np.float64), divide=False)
