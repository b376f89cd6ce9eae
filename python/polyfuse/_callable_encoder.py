"""Rows that any function gives, in batches, kept on disk."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from copy import deepcopy
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ._arrays import as_matrix, one_of, require_callable, require_number
from ._encoder import Encoder, Numbered, as_items, is_missing, there
from ._item_cache import ItemCache, ItemRows, key_of
from ._progress import Progress

_STEPS = 10  # lines of progress in a log


class CallableEncoder(Encoder):
    """What a function gives for items: embeddings of a pretrained model, above all.

    Parameters
    ----------
    function : callable
        Takes a list of items and returns their rows, array-like of shape (n_items, n_features): for
        example ``SentenceTransformer(...).encode``. It is shared, never copied.
    batch_size : int, default=32
        Most items it is given at once.
    cache : str or path, optional
        Folder where rows are kept. Items that were encoded before under `name`, in whatever order,
        by this or another process, are read from there; what an interrupted run has done counts.
        Files are plain .npy data; a damaged one is removed, and its items are encoded again.
    progress : bool, default=True
        Show how far it is, on stderr.
    name : str, optional
        Of the function, and its version; needed with a `cache`, which cannot tell by itself that
        the function has changed.

    Attributes
    ----------
    n_features_out_ : int

    Notes
    -----
    `fit` encodes one item, to know the width. A cache knows items by a hash of their content: of
    bytes and pathlib.Path by what is in the file, of arrays and images of Pillow by their values.
    A str is a text, and known by it alone, even if the function takes it for the name of a file:
    give files that may change as pathlib.Path.

    Rows keep their floating dtype; integers become the float type that holds them, as NumPy has it.

    Examples
    --------
    >>> from polyfuse.encoders import CallableEncoder
    >>> def lengths(texts):
    ...     return [[len(text), text.count(" ") + 1.0] for text in texts]
    >>> encoder = CallableEncoder(lengths, progress=False)
    >>> encoder.fit_transform(["red car", None, "blue"])
    array([[ 7.,  2.],
           [nan, nan],
           [ 4.,  1.]])
    """

    _dtype: np.dtype

    def __init__(
        self,
        function: Callable[[list[Any]], Any],
        *,
        batch_size: int = 32,
        cache: str | os.PathLike[str] | None = None,
        progress: bool = True,
        name: str | None = None,
    ) -> None:
        self.function = function
        self.batch_size = batch_size
        self.cache = cache
        self.progress = progress
        self.name = name

    def fit_transform(self, X: Any, y: Any = None, **fit_params: Any) -> Any:
        """Fit to `X`, then return it encoded: each item once."""
        rows = self._encoded(as_items(X), None)
        self.n_features_out_, self._dtype = rows.shape[1], rows.dtype
        return self._delivered(X, rows)

    def _learn(self, items: list[Any]) -> dict[str, Any]:
        first = next((i for i, item in enumerate(items) if not is_missing(item)), -1)
        rows = self._encoded(items[: first + 1], None)
        return {"n_features_out_": rows.shape[1], "_dtype": rows.dtype}

    def _encode(self, items: list[Any]) -> NDArray:
        return self._encoded(items, (self.n_features_out_, self._dtype))

    def _names(self) -> Iterable[str]:
        return (f"{self.name or 'callable'}_{i}" for i in range(self.n_features_out_))

    def __sklearn_clone__(self) -> Self:
        return type(self)(**self.get_params(deep=False))

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        # A bound method would take its model along.
        memo[id(self.function)] = self.function
        copied = memo[id(self)] = type(self).__new__(type(self))
        vars(copied).update(deepcopy(vars(self), memo))
        return copied

    # -- batches ---------------------------------------------------------------------------------

    def _encoded(self, items: list[Any], known: tuple[int, np.dtype] | None) -> NDArray:
        """Rows of all items, from the cache or from the function."""
        cache = self._opened()
        given = there(items)
        keys = [i if cache is None else key_of(i, item) for i, item in given]
        rows = ItemRows(keys, known)
        for found, values in () if cache is None else cache.batches():
            rows.put(found, values, f"the cache of name={self.name!r} has")
        first = dict(zip(reversed(keys), reversed(given), strict=True))  # of items that are alike
        batches = _batches(rows.missing(), self.batch_size)
        with Progress() if self.progress and len(batches) > 1 else nullcontext() as bar:
            for k, batch in enumerate(batches):
                if bar is not None:
                    n = len(batches) if bar.moving else min(len(batches), _STEPS)
                    bar(self.name or "encode", 1 + k * n // len(batches), n, 0)
                values = self._called([first[key] for key in batch])
                rows.put(batch, values, "function gives")
                if cache is not None:
                    cache.save(batch, values)
        values = rows.laid_out(keys)
        if len(given) == len(items):
            return values
        out = np.full((len(items), values.shape[1]), np.nan, values.dtype)
        out[[i for i, _ in given]] = values
        return out

    def _opened(self) -> ItemCache | None:
        """The cache, if there is one, of parameters that are as they should be."""
        if self.function is None:
            raise TypeError("function must be callable; got None.")
        require_callable(self.function, "function")
        require_number(self.batch_size, "batch_size", least=1, integer=True)
        one_of(self.progress, "progress", (True, False))
        if self.name is not None and not isinstance(self.name, str):
            raise TypeError(f"name must be a str; got {self.name!r}.")
        if self.cache is None:
            return None
        if not self.name:
            raise ValueError(
                "name must tell the function and its version, since cache is set; "
                f"got {self.name!r}."
            )
        return ItemCache(self.cache, self.name)

    def _called(self, batch: Numbered) -> NDArray:
        """What the function gives for some items, checked, as floats."""
        which = f"X[{batch[0][0]}]" + (f" ... X[{batch[-1][0]}]" if len(batch) > 1 else "")
        try:
            result = self.function([item for _, item in batch])
        except Exception as error:
            error.add_note(f"function was given {which}.")
            raise
        values = as_matrix(result, f"what function gives for {which}")
        if len(values) != len(batch):
            raise ValueError(
                f"function must give a row for each item; got {len(values)} for {which}, "
                f"{len(batch)} items."
            )
        if values.dtype.kind != "f":
            values = values.astype(np.result_type(values, np.float32))
        return values


def _batches(keys: list[Any], size: int) -> list[list[Any]]:
    return [keys[start : start + size] for start in range(0, len(keys), size)]
