"""Raw items (paths, texts, sounds, pictures) as callers give them, and what encoders share."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from reprlib import Repr
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._arrays import kind_of, require_fitted
from ._estimator import Transformer
from ._interchange import column_names

Numbered = list[tuple[int, Any]]
"""Items with their places in X."""

_SHORT = Repr()
_SHORT.maxstring = _SHORT.maxother = 120


class Encoder(Transformer):
    """A row of numbers for each raw item.

    A subclass says what it makes of parameters (`_learn`, before anything is set), of items
    (`_encode`, after that), and what its columns are called (`_names`).
    """

    n_features_out_: int

    def fit(self, X: Any, y: Any = None) -> Self:
        """Fit to raw items.

        Parameters
        ----------
        X : sequence of items, column of a data frame, or array
            None, NaN or pandas.NA where an item is missing.
        y : ignored

        Raises
        ------
        ImportError
            If the library that encodes is not installed.
        TypeError, ValueError
            If a parameter or an item is not as described; the estimator is then left as it was.
        """
        for name, value in self._learn(as_items(X)).items():
            setattr(self, name, value)
        return self

    def fit_transform(self, X: Any, y: Any = None, **fit_params: Any) -> Any:
        """Fit to `X`, then return it encoded."""
        return self.fit(X, y, **fit_params).transform(X)

    def transform(self, X: Any) -> Any:
        """Return a row for each item.

        Parameters
        ----------
        X : as for `fit`

        Returns
        -------
        array of shape (n_items, n_features_out_)
            All NaN in the row of an item that is missing.

        Raises
        ------
        NotFittedError
            Before `fit`.
        TypeError, ValueError
            If an item cannot be encoded: the message says which, and why.
        """
        require_fitted(self, "n_features_out_")
        return self._delivered(X, self._encode(as_items(X)))

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray:
        """Return names of the columns of a row.

        Parameters
        ----------
        input_features : ignored

        Returns
        -------
        ndarray of str objects
        """
        require_fitted(self, "n_features_out_")
        return np.array(list(self._names()), dtype=object)

    def _learn(self, items: list[Any]) -> dict[str, Any]:
        """Attributes that fit sets."""
        raise NotImplementedError

    def _encode(self, items: list[Any]) -> Any:
        raise NotImplementedError

    def _names(self) -> Iterable[str]:
        raise NotImplementedError


def as_items(X: Any) -> list[Any]:
    """The items of a sequence, of a column of a data frame, or of an array by its first axis.

    Raises
    ------
    TypeError
        If it is a single item, or nothing of the kind.
    ValueError
        If it is a data frame of several columns.
    """
    single = isinstance(X, str | bytes | os.PathLike | Mapping)
    if single or not (hasattr(X, "__len__") and hasattr(X, "__getitem__")):
        hint = " Write [X] for a single item." if single and not isinstance(X, Mapping) else ""
        raise TypeError(f"X must be a sequence of items; got {kind_of(X)}.{hint}")
    columns = column_names(X)
    if columns is not None:
        if len(columns) != 1:
            raise ValueError(
                f"X must be one column of items; got a data frame of {len(columns)}. "
                "polyfuse.encoders.BlockEncoder takes several, with an encoder for each."
            )
        X = X[columns[0]]
    if isinstance(X, np.ndarray):
        if X.ndim == 2 and X.shape[1] == 1 and X.dtype.kind in "OUS":
            X = X[:, 0]
        return list(X) if X.ndim > 1 else X.tolist()
    for own in ("tolist", "to_list", "to_pylist"):
        if hasattr(X, own):
            return list(getattr(X, own)())
    return list(X)


def is_missing(item: Any) -> bool:
    """Whether it stands for an item that is not there: None, NaN, NaT or pandas.NA."""
    if item is None or (isinstance(item, float) and item != item):
        return True
    return type(item).__name__ in ("NAType", "NaTType")


def there(items: Sequence[Any]) -> Numbered:
    """The items that are not missing, with their places."""
    return [(i, item) for i, item in enumerate(items) if not is_missing(item)]


def described(i: int, item: Any) -> str:
    """An item, for a message: where it is, and its text, path or kind."""
    if isinstance(item, str | os.PathLike):
        what = _SHORT.repr(os.fspath(item))
    elif isinstance(item, bytes):
        what = f"{len(item)} bytes"
    else:
        what = kind_of(item)
        shape = getattr(item, "shape", None)
        what += f" of shape {shape}" if isinstance(shape, tuple) else ""
    return f"X[{i}] ({what})"


def source(item: Any) -> Any:
    """What a library can open: a path, or the bytes of a file; None if it is neither."""
    if isinstance(item, bytes):
        return io.BytesIO(item)
    return os.fspath(item) if isinstance(item, str | os.PathLike) else None


@contextmanager
def blaming(i: int, item: Any, what: str) -> Iterator[None]:
    """Raise ValueError naming the item for whatever a decoder makes of a damaged one."""
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise ValueError(
            f"{described(i, item)} cannot be read as {what}: {reason.rstrip('.')}."
        ) from error


def fill_rows(
    items: Sequence[Any],
    out: NDArray,
    encode: Callable[[Numbered], NDArray],
    batch_size: int,
) -> NDArray:
    """Write rows of some items at a time into `out`, and NaN for those that are missing.

    Raises
    ------
    ValueError
        If an item is missing and `out` cannot hold NaN.
    """
    for start in range(0, len(items), batch_size):
        part = items[start : start + batch_size]
        given = [(start + i, item) for i, item in there(part)]
        if len(given) < len(part):
            if out.dtype.kind != "f":
                gap = min({*range(start, start + len(part))} - {i for i, _ in given})
                raise ValueError(
                    f"X[{gap}] is missing, which a row of dtype {out.dtype} cannot tell; "
                    "dtype='float32' can."
                )
            out[start : start + len(part)] = np.nan
        if given:
            out[[i for i, _ in given]] = encode(given)
    return out
