"""Fusion as a step of a pipeline: what is fitted on some rows fuses others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._arrays import (
    BlocksLike,
    as_blocks,
    as_matrix,
    in_order_of_fit,
    one_of,
    require_fitted,
    require_width,
    result_dtype,
)
from ._estimator import Transformer
from ._fusion_rows import VSTACK, Weights, as_operator, describe, fit_scaler, fused_dtype, in_order
from ._fusion_write import write_fused
from ._kernels.contract import CONCATENATE, Block, Rows
from ._missing import as_policy, require_some_rows, rows_there
from ._projection import Projection, fit_project, make_projections, project


class Fusion(Transformer):
    """Fuse feature blocks with scalers and projections that are fitted once.

    Parameters
    ----------
    op : str, default="concatenate"
        Any operator of :func:`polyfuse.fusion.fuse` but "vstack".
    weights : dict or list, one entry per block, or ndarray, optional
        A number per block, or shape (n_features,) for weights per column.
    scaler : {"standard", "minmax"}, dict of these by block, or None, default=None
        How each block is scaled, by statistics of the rows fitted on.
    p : float, optional
        Exponent of "power_mean".
    missing : {"raise", "skip", "zero"} or float, optional
        What to do about a block of which a row is all NaN, as for :func:`polyfuse.fusion.fuse`.
    all_missing : {"raise", "nan"}, default="raise"
        What to do about a row in which every block is missing.
    projection : {"pca", "random"}, transformer, or dict of these by block, optional
        Bring (scaled) blocks to one width; a transformer is copied, never fitted itself.
    n_components : int, optional
        Columns that "pca" and "random" make.
    columns : dict of str to slice or list of int, optional
        The blocks as column ranges of one matrix, which `fit` and `transform` then take: so that
        this can stand in a scikit-learn Pipeline. Slices are views; lists copy their columns.

    Attributes
    ----------
    modalities_ : list of str
        Names of the blocks, in order.
    scalers_, projections_ : dict of str to fitted transformer or None
    n_features_in_ : int
        Columns of all blocks together, or of the matrix.
    n_features_out_ : int

    Examples
    --------
    >>> from polyfuse.fusion import Fusion
    >>> X = [[1.0, 2.0, 3.0, 5.0], [0.0, 4.0, 2.0, 8.0]]
    >>> fusion = Fusion("mean", columns={"image": slice(0, 2), "text": slice(2, 4)}).fit(X)
    >>> fusion.transform(X)
    array([[2. , 3.5],
           [1. , 6. ]])
    """

    modalities_: list[str]
    scalers_: dict[str, Any]
    projections_: dict[str, Any]
    n_features_in_: int
    n_features_out_: int

    def __init__(
        self,
        op: str = CONCATENATE,
        *,
        weights: Weights = None,
        scaler: str | Mapping[str, str | None] | None = None,
        p: float | None = None,
        missing: float | str | None = None,
        all_missing: str = "raise",
        projection: Projection = None,
        n_components: int | None = None,
        columns: Mapping[str, slice | Sequence[int]] | None = None,
    ) -> None:
        self.op = op
        self.weights = weights
        self.scaler = scaler
        self.p = p
        self.missing = missing
        self.all_missing = all_missing
        self.projection = projection
        self.n_components = n_components
        self.columns = columns

    def fit(self, X: BlocksLike, y: Any = None) -> Self:
        """Fit scalers and projections to blocks, or to the columns of a matrix.

        Parameters
        ----------
        X : dict or list of array-like, each of shape (n_samples, n_features_i)
            With `columns`, an array-like of shape (n_samples, n_features).
        y : ignored

        Raises
        ------
        ImportError
            If scikit-learn is needed and not installed.
        TypeError, ValueError
            If the blocks do not fit each other or a parameter, or a parameter is not as described;
            the estimator is then left as it was.
        """
        if self.op == VSTACK:
            raise ValueError("op='vstack' changes the number of rows, which a transformer cannot.")
        one_of(self.all_missing, "all_missing", ("raise", "nan"))
        n_features, names, arrays = self._split(X)
        scaler = self.scaler
        each = in_order(scaler, names, "scaler") if isinstance(scaler, Mapping) else None
        kinds = [scaler] * len(names) if each is None else each
        looked_for = as_policy(self.missing, None, self.op) is not None
        scalers = [
            None if kind is None else _fitted(kind, name, array, looked_for)
            for kind, name, array in zip(kinds, names, arrays, strict=True)
        ]
        projections = [None] * len(names)
        blocks = _blocks(arrays, scalers)
        if self.projection is not None or self.n_components is not None:
            projections = make_projections(names, self.projection, self.n_components)
            blocks = fit_project(names, blocks, projections)
        rows = self._rows(names, blocks, arrays)
        self.modalities_ = names
        self.scalers_ = dict(zip(names, scalers, strict=True))
        self.projections_ = dict(zip(names, projections, strict=True))
        self.n_features_in_, self.n_features_out_ = n_features, rows.width
        self._widths = [array.shape[1] for array in arrays]
        self._fused_widths = [block.values.shape[1] for block in blocks]
        return self

    def transform(self, X: BlocksLike, *, out: NDArray | None = None) -> NDArray:
        """Return the blocks of `X` fused.

        Parameters
        ----------
        X : as for `fit`
        out : ndarray of shape (n_samples, n_features_out_), optional
            Where to write.

        Returns
        -------
        ndarray of shape (n_samples, n_features_out_)
            Of the dtype that :func:`polyfuse.fusion.fuse` gives.

        Raises
        ------
        NotFittedError
            Before `fit`.
        TypeError, ValueError
            If a block is not one of `fit`, has another width or is missing where it may not be.
        """
        require_fitted(self, "modalities_")
        _, names, arrays = self._split(X, fitted=True)
        blocks = _blocks(arrays, self.scalers_.values())
        blocks = project(names, blocks, list(self.projections_.values()), self._fused_widths)
        rows = self._rows(names, blocks, arrays)
        policy = as_policy(self.missing, None, rows.op)
        maps = [*self.scalers_.values(), *self.projections_.values()]
        plain = all(each is None for each in maps) and self.all_missing == "raise"
        dtype = fused_dtype(arrays, rows.op, policy, plain)
        return write_fused(names, rows, policy, self.all_missing, out, dtype)

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray:
        """Return names of the output's columns.

        Parameters
        ----------
        input_features : array-like of str, optional
            Names of the columns of the matrix that `columns` cuts; they are used where columns are
            put side by side as they are.

        Returns
        -------
        ndarray of str objects
            "image__0" and so on of a concatenation, "mean0" and so on of a fold.
        """
        require_fitted(self, "modalities_")
        if self.op != CONCATENATE:
            names = [f"{self.op}{i}" for i in range(self.n_features_out_)]
            return np.array(names, dtype=object)
        given = None if input_features is None else np.asarray(input_features, dtype=object)
        if given is not None and given.shape != (self.n_features_in_,):
            raise ValueError(
                f"input_features must have {self.n_features_in_} names; got shape {given.shape}."
            )
        named = []
        for name, width in zip(self.modalities_, self._fused_widths, strict=True):
            own: Any = range(width)
            if given is not None and self.columns is not None and not self.projections_[name]:
                own = given[self.columns[name]]
            named += [f"{name}__{column}" for column in own]
        return np.array(named, dtype=object)

    def _rows(self, names: list[str], blocks: list[Block], given: list[NDArray]) -> Rows:
        operator = as_operator(self.op, self.p)
        policy = as_policy(self.missing, None, operator[0])
        arrays, affines, masks = (list(part) for part in zip(*blocks, strict=True))
        rows = describe(names, arrays, operator, self.weights, affines, masks, policy)
        return rows._replace(dtype=result_dtype(given))

    def _split(self, X: Any, fitted: bool = False) -> tuple[int, list[str], list[NDArray]]:
        """Number of columns in all, and names and matrices of the blocks in the order of `fit`."""
        if self.columns is None:
            names, arrays = as_blocks(X)
            if fitted:
                arrays = in_order_of_fit(
                    "Fusion", names, arrays, self.modalities_, self._widths
                )  # fmt: skip
                names = self.modalities_
            return sum(array.shape[1] for array in arrays), names, arrays
        matrix = as_matrix(X)
        if fitted:
            require_width(self, matrix.shape[1])
        parts = {name: _columns(matrix, name, part) for name, part in self.columns.items()}
        return matrix.shape[1], *as_blocks(parts, "columns")


def _fitted(kind: str, name: str, array: NDArray, looked_for: bool) -> Any:
    """A new scaler; it needs a row that is there, if rows that are not are looked for."""
    if looked_for:
        require_some_rows(name, rows_there(Block(array)), "scaler")
    return fit_scaler(kind, array)


def _blocks(arrays: list[NDArray], scalers: Any) -> list[Block]:
    affines = (None if scaler is None else scaler.as_affine() for scaler in scalers)
    return list(map(Block, arrays, affines))


def _columns(matrix: NDArray, name: str, part: Any) -> NDArray:
    width = matrix.shape[1]
    if isinstance(part, slice):
        edges = [edge for edge in (part.start, part.stop) if edge is not None]
        if any(not -width <= edge <= width for edge in edges):
            raise ValueError(f"columns[{name!r}] must lie within {width} columns; got {part}.")
        return matrix[:, part]
    try:
        chosen: NDArray = matrix[:, np.asarray(part)]
    except IndexError as error:
        raise ValueError(f"columns[{name!r}] must be columns of {width}: {error}.") from error
    return chosen
