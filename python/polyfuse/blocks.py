"""One container of feature blocks, which scikit-learn takes as X."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from reprlib import repr as shortened
from typing import Any, NoReturn, Self, overload

import numpy as np
from numpy.typing import NDArray

from ._arrays import as_matrix, kind_of
from ._blocks import BlocksLike, Container, named_blocks, require_same_rows
from ._columns import as_listed, as_parts, by_block, cut
from ._feature_names import names_of
from ._interchange import dimensions
from ._parameters import is_sparse

__all__ = ["Blocks"]

Rows = slice | NDArray[np.intp]


class Blocks(Container):
    """Named blocks that describe the same rows: what scikit-learn splits, selects and copies as X.

    Blocks are held as they are given: arrays, memory maps, CSR matrices and data frames are neither
    copied nor stacked. As of a data frame, iteration and `in` go over the names, and the length is
    the number of rows.

    ``blocks["image"]`` is a block. ``blocks[rows]`` has all blocks in some rows: a slice (views,
    where the values have them), positions, or a bool per row. A single number is refused, since it
    could mean a row or a block.

    Model selection of scikit-learn passes X on and takes rows of it; some of its estimators look
    into X themselves (bagging, permutation importance), and refuse these.

    Parameters
    ----------
    blocks : dict or list of array-like, each of shape (n_samples, n_features_i), or Blocks
        None stands for a block that is not there, where an estimator can do without.

    Raises
    ------
    TypeError, ValueError
        If there are no blocks, two have one name, one is no matrix, or their rows are not as many.

    Examples
    --------
    >>> import numpy as np
    >>> import polyfuse as pf
    >>> blocks = pf.Blocks({"image": np.eye(4), "text": np.ones((4, 2), np.float32)})
    >>> blocks
    Blocks(4 rows; image: ndarray of 4 float64; text: ndarray of 2 float32)
    >>> blocks[[0, 2]].shape
    (2, 6)

    From here on as any X:

    >>> from sklearn.model_selection import cross_val_score
    >>> cross_val_score(pf.FusionClassifier(), blocks, [0, 1, 0, 1], cv=2).shape
    (2,)
    """

    __slots__ = ("_n_rows",)

    _n_rows: int

    ndim = 2

    def __init__(self, blocks: BlocksLike) -> None:
        if dimensions(blocks) == 2 and not isinstance(blocks, Container | Mapping):
            raise TypeError(
                f"blocks must be a dict or list of 2-D arrays; got {kind_of(blocks)}. Write [X] "
                "for a single block; Blocks.from_columns and Blocks.from_array cut X into several."
            )
        names, values = named_blocks(blocks)
        held = [
            None if x is None else _held(x, f"blocks[{name!r}]")
            for name, x in zip(names, values, strict=True)
        ]
        given = {name: x for name, x in zip(names, held, strict=True) if x is not None}
        if not given:
            raise ValueError(f"blocks must hold at least one of {names}; all are None.")
        require_same_rows(list(given), list(given.values()))
        self._names, self._values = tuple(names), tuple(held)
        self._n_rows = int(next(iter(given.values())).shape[0])

    # -- other ways to make one ------------------------------------------------------------------

    @classmethod
    def from_columns(cls, X: Any, columns: Mapping[str, Any] | Sequence[Any]) -> Self:
        """Blocks that are columns of a data frame.

        Parameters
        ----------
        X : data frame (pandas, polars, Arrow) or array-like of shape (n_samples, n_features)
        columns : dict or list of columns
            Of each block, named by its key or its place in the list: a list of names or positions,
            a bool per column, a slice of positions, a str that the names start with ("x1" takes
            "x10", too), or a callable that gives one of these for `X`, as for scikit-learn's
            ColumnTransformer. Other columns are left out.

        Raises
        ------
        TypeError, ValueError
            If there are no such columns, or one is in two blocks.

        Examples
        --------
        >>> import pandas as pd
        >>> import polyfuse as pf
        >>> X = pd.DataFrame([[1, 0.5, 7], [2, 0.25, 8]], columns=["age", "px0", "px1"])
        >>> pf.Blocks.from_columns(X, {"image": "px", "person": ["age"]})
        Blocks(2 rows; image: DataFrame of 2; person: DataFrame of 1)
        """
        X, own = _held(X, "X"), names_of(X)
        keys, parts = named_blocks(columns, "columns")
        chosen = {
            key: as_listed(part(X) if callable(part) else part, f"columns[{key!r}]", own)
            for key, part in zip(keys, parts, strict=True)
        }
        return cls(cut(X, as_parts(chosen, X.shape[1], own), own, "columns"))

    @classmethod
    def from_array(cls, X: Any, groups: Mapping[str, Any] | Iterable[Any]) -> Self:
        """Blocks that are groups of columns of one wide array.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
        groups : dict or list of slices or lists of positions, or array-like of shape (n_features,)
            The columns of each block, or the name of its block for each column. Evenly spaced
            columns of a dense array are a view; others are copied.

        Raises
        ------
        TypeError, ValueError
            If there are no such columns, or one is in two blocks.

        Examples
        --------
        >>> import numpy as np
        >>> import polyfuse as pf
        >>> X = np.arange(12.0).reshape(2, 6)
        >>> pf.Blocks.from_array(X, {"image": slice(0, 4), "text": [4, 5]})
        Blocks(2 rows; image: ndarray of 4 float64; text: ndarray of 2 float64)
        >>> pf.Blocks.from_array(X, ["image"] * 4 + ["text"] * 2)["text"].base is X.base
        True
        """
        X = _held(X, "X")
        width, own = X.shape[1], names_of(X)
        parts = as_parts(by_block(groups, width), width, own, "groups")
        return cls(cut(X, parts, own, "groups"))

    @classmethod
    def from_mudata(cls, mdata: Any) -> Self:
        """Blocks that are the `X` of the modalities of a MuData.

        Parameters
        ----------
        mdata : object with a mapping `mod`
            Of modalities with `X`, and `obs_names` where they have some.

        Raises
        ------
        TypeError, ValueError
            If it is nothing like that, a modality has no `X`, or they have not the same rows in the
            same order.

        Examples
        --------
        >>> from types import SimpleNamespace as Modality  # mudata.MuData has the same attributes
        >>> import numpy as np
        >>> import polyfuse as pf
        >>> rna = Modality(X=np.ones((2, 3)), obs_names=["c0", "c1"])
        >>> atac = Modality(X=np.zeros((2, 5)), obs_names=["c0", "c1"])
        >>> pf.Blocks.from_mudata(Modality(mod={"rna": rna, "atac": atac})).widths
        {'rna': 3, 'atac': 5}
        """
        modalities = getattr(mdata, "mod", None)
        if not isinstance(modalities, Mapping):
            raise TypeError(f"mdata must have a dict of modalities as mod; got {kind_of(mdata)}.")
        first: tuple[str, NDArray] | None = None
        for key, modality in modalities.items():
            name = f"mdata.mod[{key!r}]"
            if getattr(modality, "X", None) is None:
                raise ValueError(f"{name} must have an X; got {kind_of(modality)} without.")
            rows = getattr(modality, "obs_names", None)
            if rows is not None:
                found = name, np.asarray(rows, dtype=object)
                first = first or found
                _require_same_names(first, found)
        return cls({key: modality.X for key, modality in modalities.items()})

    # -- what is in it ---------------------------------------------------------------------------

    @property
    def names(self) -> list[str]:
        """Names of the blocks, in order; positions for those of a list."""
        return list(map(str, self._names))

    @property
    def widths(self) -> dict[str, int]:
        """Columns of each block, 0 where it is None."""
        return {name: 0 if x is None else int(x.shape[1]) for name, x in self.items()}

    @property
    def shape(self) -> tuple[int, int]:
        """Rows, and columns of all blocks together."""
        return self._n_rows, sum(self.widths.values())

    @property
    def n_modalities(self) -> int:
        """Number of blocks."""
        return len(self._names)

    def keys(self) -> list[str]:
        """Names of the blocks, so that ``dict(blocks)`` is one of them."""
        return self.names

    def values(self) -> list[Any]:
        """The blocks, as they were given."""
        return list(self._values)

    def items(self) -> list[tuple[str, Any]]:
        """Names and blocks."""
        return list(zip(self.names, self._values, strict=True))

    def __len__(self) -> int:
        return self._n_rows

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __repr__(self) -> str:
        parts = "".join(f"; {name}: {_described(x)}" for name, x in self.items())
        return f"Blocks({self._n_rows} rows{parts})"

    def __array__(self, dtype: Any = None, copy: Any = None) -> NoReturn:
        raise TypeError(
            "Blocks are not stacked into one array unasked. Put polyfuse.fusion.Fusion() before an "
            "estimator that takes one matrix, as in make_pipeline(Fusion(), LogisticRegression()), "
            "or call polyfuse.fusion.concatenate(blocks)."
        )

    # -- parts of it -----------------------------------------------------------------------------

    @overload
    def __getitem__(self, key: str) -> Any: ...

    @overload
    def __getitem__(self, key: slice | Sequence[int] | NDArray[Any] | tuple[Any, Any]) -> Self: ...

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, str):
            return self._values[self._place(key)]
        rows = _as_rows(key, self._n_rows)
        taken = object.__new__(type(self))
        taken._names = self._names
        taken._values = tuple(None if x is None else _take(x, rows) for x in self._values)
        whole = range(self._n_rows)
        taken._n_rows = len(whole[rows]) if isinstance(rows, slice) else len(rows)
        return taken

    def select(self, names: str | Sequence[str]) -> Self:
        """Blocks of some names, in that order.

        Raises
        ------
        KeyError
            If there is no block of a name.
        ValueError
            If a name is given twice, or none.
        """
        chosen = [names] if isinstance(names, str) else list(names)
        if len(set(chosen)) != len(chosen):
            raise ValueError(f"names must differ; got {chosen}.")
        return type(self)({str(name): self._values[self._place(name)] for name in chosen})

    def drop(self, names: str | Sequence[str]) -> Self:
        """All blocks but those of some names; raises as `select`."""
        left_out = set(map(self._place, [names] if isinstance(names, str) else names))
        return self.select([name for i, name in enumerate(self.names) if i not in left_out])

    def _place(self, name: str) -> int:
        if name not in self._names:
            raise KeyError(f"blocks has no {name!r}, it has {self.names}")
        return self._names.index(name)


def _held(x: Any, name: str) -> Any:
    """A value as it is kept: what is no matrix of which rows can be chosen is made one."""
    if isinstance(x, Container):
        raise TypeError(f"{name} must be one matrix; got {kind_of(x)}.")
    if is_sparse(x):
        return x if x.format in ("csr", "csc") else x.tocsr()
    shape = getattr(x, "shape", ())
    matrix = len(shape) == 2 and all(isinstance(n, int | np.integer) for n in shape)
    return x if matrix else as_matrix(x, name)


def _described(x: Any) -> str:
    if x is None:
        return "None"
    return " ".join([type(x).__name__, "of", str(x.shape[1]), str(getattr(x, "dtype", ""))]).strip()


# -- rows ----------------------------------------------------------------------------------------


def _as_rows(key: Any, n_rows: int) -> Rows:
    """Rows to take: a slice, or positions from 0."""
    if isinstance(key, tuple) and len(key) == 2 and _is_all(key[1]):
        key = key[0]  # scikit-learn writes X[rows, ...] to whatever has a shape
    if isinstance(key, slice):
        key.indices(n_rows)  # raises TypeError for what is no slice of numbers
        return key
    if isinstance(key, int | np.integer) and not isinstance(key, bool):
        raise TypeError(
            f"blocks[{key}] could be a row or a block: write blocks[[{key}]] for a row, "
            "blocks[name] for a block."
        )
    rows = None if isinstance(key, tuple) else np.asarray(key)
    if rows is None or rows.ndim != 1 or (rows.dtype.kind not in "iub" and rows.size):
        raise TypeError(
            "blocks are indexed by a name, or by rows: a slice, a list of positions, or a bool per "
            f"row; got {shortened(key)}. Blocks of several names are blocks.select(names)."
        )
    if rows.dtype == bool:
        if len(rows) != n_rows:
            raise IndexError(f"rows must have a bool per row, {n_rows}; got {len(rows)}.")
        return np.flatnonzero(rows)
    if rows.size and not -n_rows <= rows.min() <= rows.max() < n_rows:
        odd = rows[(rows < -n_rows) | (rows >= n_rows)][0]
        raise IndexError(f"rows must lie within {n_rows} rows; got {odd}.")
    places = rows.astype(np.intp, copy=False)
    return np.where(places < 0, places + n_rows, places)


def _is_all(columns: Any) -> bool:
    return columns is Ellipsis or (isinstance(columns, slice) and columns == slice(None))


def _take(x: Any, rows: Rows) -> Any:
    if hasattr(x, "iloc"):
        return x.iloc[rows]
    if not (hasattr(x, "slice") and hasattr(x, "take")):
        return x[rows]
    if not isinstance(rows, slice):  # brackets choose columns of Arrow tables
        return x.take(rows)
    start, stop, step = rows.indices(x.shape[0])
    every = range(start, stop, step)
    return x.slice(start, len(every)) if step == 1 else x.take(np.array(every, np.intp))


def _require_same_names(first: tuple[str, NDArray], other: tuple[str, NDArray]) -> None:
    (name, rows), (other_name, others) = first, other
    if len(rows) != len(others):
        raise ValueError(
            f"{other_name} must have the rows of {name}, {len(rows)}; got {len(others)}."
        )
    differs = np.flatnonzero(rows != others)
    if len(differs):
        i = differs[0]
        raise ValueError(
            f"{other_name} must have the rows of {name} in the same order; row {i} is "
            f"{others[i]!r}, not {rows[i]!r}."
        )
