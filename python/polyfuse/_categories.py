"""Categorical columns of pandas, polars and Arrow: a code for each row, and what the codes say."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

# Longer texts would fill more memory with padding than the objects of Python take.
_LONGEST = 64


def spelled_out(y: Any) -> NDArray | None:
    """Texts in an array of fixed width, for a column that has their codes; else None.

    What is no text is left to NumPy, and so are columns with missing values.
    """
    coded = _coded(y)
    if coded is None:
        return None
    codes, values = coded
    if len(codes) == 0 or codes.min() < 0 or not all(isinstance(v, str) for v in values):
        return None
    if max(map(len, values)) > _LONGEST or any(v.endswith("\0") for v in values):
        return None
    texts: NDArray = np.array(values)[codes]
    return texts


def _coded(y: Any) -> tuple[NDArray, list[Any]] | None:
    kind = type(getattr(y, "dtype", getattr(y, "type", None))).__name__
    if kind == "CategoricalDtype":  # pandas
        own = getattr(y, "cat", y)
        return np.asarray(own.codes), list(own.categories)
    if kind in ("Categorical", "Enum"):  # polars
        if len(y) == 0 or y.null_count():
            return None
        used, codes = y.unique(), y.to_physical().to_numpy()
        places = used.to_physical().to_numpy()
        values: list[Any] = [""] * (int(places.max()) + 1)
        for place, value in zip(places.tolist(), used.to_list(), strict=True):
            values[place] = value
        return codes, values
    if kind == "DictionaryType":  # PyArrow
        if hasattr(y, "chunks"):
            y = y.unify_dictionaries().combine_chunks()
        if y.null_count or y.dictionary.null_count:
            return None
        return np.asarray(y.indices), y.dictionary.to_pylist()
    return None
