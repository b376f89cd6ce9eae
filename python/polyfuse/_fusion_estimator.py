"""Fusion as a step of a pipeline: what is fitted on some rows fuses others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._arrays import as_matrix, one_of, require_fitted, require_width, result_dtype
from ._blocks import (
    BlocksLike,
    absent_blocks,
    as_matrices,
    in_order_of_fit,
    is_matrix,
    named_blocks,
)
from ._columns import Part, as_parts
from ._estimator import Transformer
from ._feature_names import check_block_names, check_names, keep_names, names_of
from ._fusion_rows import VSTACK, Weights, as_operator, describe, fused_dtype
from ._fusion_scalers import Scalers, affine_of, fit_scalers
from ._fusion_write import write_fused
from ._inputs import as_samples
from ._kernels.contract import CONCATENATE, Block, Rows
from ._missing import Present, as_policy, as_present
from ._projection import Projection, fit_project, make_projections, project


class _Given(NamedTuple):
    """Blocks in the order of fit, what their columns are called, and what holds their index."""

    names: list[str]
    arrays: list[NDArray]
    masks: list[NDArray[np.bool_] | None]
    features: dict[str, NDArray | None]
    frame: Any


class Fusion(Transformer):
    """Fuse feature blocks with scalers and projections that are fitted once.

    Parameters
    ----------
    op : str, default="concatenate"
        Any operator of :func:`polyfuse.fusion.fuse` but "vstack".
    weights : dict or list, one entry per block, or ndarray, optional
        A number per block, or shape (n_features,) for weights per column.
    scaler : {"standard", "minmax", "maxabs", "robust"}, scaler, or dict of these, default=None
        How each block is scaled, by statistics of the rows fitted on; None leaves it as it is. A
        scaler of :mod:`polyfuse.preprocessing` is copied, never fitted itself.
    p : float, optional
        Exponent of "power_mean".
    missing : {"raise", "skip", "zero"} or float, optional
        What to do about a block of which a row is all NaN, as for :func:`polyfuse.fusion.fuse`.
        With "skip", "zero" or a number, `transform` also does without a whole block of those
        fitted: None, or left out of a dict.
    all_missing : {"raise", "nan"}, default="raise"
        What to do about a row in which every block is missing.
    projection : {"pca", "random"}, transformer, or dict of these by block, optional
        Bring (scaled) blocks to one width; a transformer is copied, never fitted itself.
    n_components : int, optional
        Columns that "pca" and "random" make.
    columns : dict or list of slices, lists of int or lists of str, optional
        The blocks as columns of one matrix, which `fit` and `transform` then take: so that this
        can stand in a scikit-learn Pipeline. Names are those of a data frame. Slices are views;
        lists copy their columns. Without it, "concatenate" takes one matrix for one block, "X".

    Attributes
    ----------
    modalities_ : list of str
        Names of the blocks, in order.
    scalers_, projections_ : dict of str to fitted transformer or None
    n_features_in_ : int
        Columns of all blocks together, or of the matrix.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Where `X` is one matrix, a data frame whose columns are named by strings.
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
        scaler: Scalers = None,
        p: float | None = None,
        missing: float | str | None = None,
        all_missing: str = "raise",
        projection: Projection = None,
        n_components: int | None = None,
        columns: Mapping[str, Any] | Sequence[Any] | None = None,
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

    def fit(self, X: BlocksLike, y: Any = None, *, present: Present = None) -> Self:
        """Fit scalers and projections to blocks, or to the columns of a matrix.

        Parameters
        ----------
        X : dict, list or Blocks of array-like, each of shape (n_samples, n_features_i)
            Or one array-like of shape (n_samples, n_features), as always with `columns`.
        y : ignored
        present : dict or list of bool arrays of shape (n_samples,), optional
            Where blocks are there, as for :func:`polyfuse.fusion.fuse`.

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
        parts, width, own = None, 0, None
        if self.columns is not None or is_matrix(X):
            matrix = as_samples(X, type(self).__name__)
            width, own = matrix.shape[1], names_of(X)
            parts = as_parts(self._columns(matrix), width, own)
            given = _cut(X, matrix, parts, present)
        else:
            given = _listed(X, present)
        names = given.names
        looked_for = as_policy(self.missing, present, self.op) is not None
        scalers = fit_scalers(names, given.arrays, self.scaler, given.masks, looked_for)
        projections = [None] * len(names)
        blocks = _blocks(given, scalers)
        if self.projection is not None or self.n_components is not None:
            projections = make_projections(names, self.projection, self.n_components)
            blocks = fit_project(names, blocks, projections)
        rows = self._rows(names, blocks, given, present)
        self._widths = [array.shape[1] for array in given.arrays]
        self._fused_widths = [block.values.shape[1] for block in blocks]
        self._names, self._parts, self._features = names, parts, given.features
        self.modalities_ = list(map(str, names))
        self.scalers_ = dict(zip(self.modalities_, scalers, strict=True))
        self.projections_ = dict(zip(self.modalities_, projections, strict=True))
        self.n_features_in_ = sum(self._widths) if parts is None else width
        self.n_features_out_ = rows.width
        keep_names(self, own)
        return self

    def fit_transform(  # type: ignore[override]
        self, X: Any, y: Any = None, *, present: Present = None
    ) -> Any:
        """Fit to `X`, then return it fused; parameters as for `fit`."""
        return self.fit(X, y, present=present).transform(X, present=present)

    def transform(
        self, X: BlocksLike, *, out: NDArray | None = None, present: Present = None
    ) -> Any:
        """Return the blocks of `X` fused.

        Parameters
        ----------
        X : as for `fit`
        out : ndarray of shape (n_samples, n_features_out_), optional
            Where to write.
        present : dict or list of bool arrays of shape (n_samples,), optional
            Where blocks are there; `missing` is "raise" if that is not set.

        Returns
        -------
        ndarray of shape (n_samples, n_features_out_)
            Of the dtype that :func:`polyfuse.fusion.fuse` gives; or, by `set_output`, a data frame.

        Raises
        ------
        NotFittedError
            Before `fit`.
        TypeError, ValueError
            If a block is not one of `fit`, has another width or is missing where it may not be.
        """
        require_fitted(self, "modalities_")
        given = self._given(X, present)
        names = given.names
        blocks = _blocks(given, self.scalers_.values())
        blocks = project(names, blocks, list(self.projections_.values()), self._fused_widths)
        rows = self._rows(names, blocks, given, present)
        policy = as_policy(self.missing, present, rows.op)
        maps = [*self.scalers_.values(), *self.projections_.values()]
        plain = all(each is None for each in maps) and self.all_missing == "raise"
        dtype = fused_dtype(given.arrays, rows.op, policy, plain)
        fused = write_fused(names, rows, policy, self.all_missing, out, dtype)
        return self._delivered(given.frame, fused)

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray:
        """Return names of the output's columns.

        Parameters
        ----------
        input_features : array-like of str, optional
            Names of the columns of the matrix that `columns` cuts, those of fit by default; they
            are used where columns are put side by side as they are.

        Returns
        -------
        ndarray of str objects
            "image__0" and so on of a concatenation, "mean0" and so on of a fold.
        """
        require_fitted(self, "modalities_")
        if self.op != CONCATENATE:
            names = [f"{self.op}{i}" for i in range(self.n_features_out_)]
            return np.array(names, dtype=object)
        own = self._names_in(input_features)
        named = []
        for name, width in zip(self.modalities_, self._fused_widths, strict=True):
            columns = range(width) if own[name] is None or self.projections_[name] else own[name]
            named += [f"{name}__{column}" for column in columns]  # type: ignore[union-attr]
        return np.array(named, dtype=object)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self.projection is None
        return tags

    def _names_in(self, input_features: Any) -> Mapping[str, NDArray | None]:
        """What the columns of each block are called, if anything."""
        if input_features is None:
            return self._features
        given, fitted = (
            np.asarray(input_features, dtype=object),
            self.__dict__.get("feature_names_in_"),
        )
        if given.shape != (self.n_features_in_,):
            raise ValueError(
                f"input_features must have {self.n_features_in_} names; got shape {given.shape}."
            )
        if fitted is not None and (given != fitted).any():
            raise ValueError("input_features is not equal to feature_names_in_")
        if self._parts is None:
            return self._features
        return {name: given[part] for name, part in self._parts.items()}

    def _rows(self, names: list[str], blocks: list[Block], given: _Given, present: Present) -> Rows:
        operator = as_operator(self.op, self.p)
        policy = as_policy(self.missing, present, operator[0])
        arrays, affines, masks = (list(part) for part in zip(*blocks, strict=True))
        rows = describe(names, arrays, operator, self.weights, affines, masks, policy)
        return rows._replace(dtype=result_dtype(given.arrays))

    def _columns(self, matrix: NDArray) -> Any:
        if self.columns is not None:
            return self.columns
        if self.op != CONCATENATE:  # of one block that changes nothing: something was forgotten
            raise ValueError(
                f"X must be a dict or list of blocks; got one matrix of shape {matrix.shape}. To "
                "cut it into blocks, say which columns they are: columns={'a': slice(0, 3), ...}."
            )
        return {"X": slice(None)}

    def _given(self, X: Any, present: Present) -> _Given:
        """The blocks of `X`, those of fit."""
        if self._parts is None:
            given = self._in_order(X, present)
            check_block_names(self, self._features, given.features)
            return given
        check_names(self, X)
        matrix = as_samples(X, type(self).__name__, numeric=True)
        require_width(self, matrix.shape[1])
        return _cut(X, matrix, self._parts, present)

    def _in_order(self, X: Any, present: Present) -> _Given:
        """The blocks of `X` in the order of fit; rows that are missing for one not given."""
        if is_matrix(X):
            raise ValueError("X is one matrix, but Fusion was fitted on a list or dict of blocks.")
        names, values = named_blocks(X)
        absent = absent_blocks(names, values, self._names)
        if absent and (self.missing is None or self.missing == "raise"):
            raise ValueError(
                f"blocks[{absent[0]!r}] is not given: give a block of NaN, or set missing= to "
                "'skip', 'zero' or a number that stands for its values."
            )
        features = {name: names_of(x) for name, x in zip(names, values, strict=True)}
        if absent:
            names, values = self._filled(names, values, absent)
        names, arrays = as_matrices(names, values)
        masks = dict(zip(names, as_present(present, names, len(arrays[0])), strict=True))
        for name in absent:
            masks[name] = np.zeros(len(arrays[0]), bool)
            features.pop(name, None)
        names, arrays = in_order_of_fit("Fusion", names, arrays, self._names, self._widths)
        return _Given(names, arrays, [masks[name] for name in names], features, _frame(values))

    def _filled(
        self, names: list[str], values: list[Any], absent: list[str]
    ) -> tuple[list[str], list[Any]]:
        """The blocks, with zeros for those that are not given, of a dtype that changes nothing."""
        by_name = {name: x for name, x in zip(names, values, strict=True) if x is not None}
        if not by_name:
            raise ValueError(f"blocks must hold at least one of {self._names}; all are None.")
        name, x = next(iter(by_name.items()))
        by_name[name] = first = as_matrix(x, f"blocks[{name!r}]")
        for name, width in zip(self._names, self._widths, strict=True):
            if name in absent:
                by_name[name] = np.broadcast_to(np.zeros((), first.dtype), (len(first), width))
        return list(by_name), list(by_name.values())


def _frame(values: list[Any]) -> Any:
    """The first data frame among the blocks, whose index the result gets."""
    return next((x for x in values if hasattr(x, "iloc")), None)


def _listed(X: Any, present: Present) -> _Given:
    """Blocks, as they are given."""
    names, values = named_blocks(X)
    arrays = as_matrices(names, values)[1]
    features = {str(name): names_of(x) for name, x in zip(names, values, strict=True)}
    masks = as_present(present, names, len(arrays[0]))
    return _Given(names, arrays, masks, features, _frame(values))


def _cut(X: Any, matrix: NDArray, parts: Mapping[str, Part], present: Present) -> _Given:
    """Blocks that are columns of a matrix."""
    names, own = list(parts), names_of(X)
    arrays = as_matrices(names, [matrix[:, part] for part in parts.values()], "columns")[1]
    features = {str(name): None if own is None else own[part] for name, part in parts.items()}
    return _Given(names, arrays, as_present(present, names, len(matrix)), features, X)


def _blocks(given: _Given, scalers: Iterable[Any]) -> list[Block]:
    return list(map(Block, given.arrays, map(affine_of, scalers), given.masks))
