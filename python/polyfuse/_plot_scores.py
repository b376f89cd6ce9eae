"""What the plots of scores read: labels, and the scores of one model or of several, by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._arrays import as_numbers, require_finite, require_rows
from ._labels import as_array, check_finite

Scores = ArrayLike | Mapping[str, ArrayLike]


def read_labels(y_true: ArrayLike) -> tuple[NDArray[Any], NDArray[Any]]:
    """The labels, and which there are, in ascending order.

    Raises
    ------
    ValueError
        If they are no vector, one is NaN, or there are fewer than two.
    """
    y = as_array(y_true, "y_true")
    if y.ndim != 1:
        raise ValueError(f"y_true must be 1-D; got shape {y.shape}.")
    check_finite(y, "y_true")
    classes = np.unique(y)
    if len(classes) < 2:
        raise ValueError(f"y_true must have at least two classes; got {classes.tolist()}.")
    return y, classes


def read_scores(
    scores: Scores, argument: str, n_rows: int, n_classes: int, *, single: bool
) -> dict[str, NDArray]:
    """Scores by name, of shape (n_rows, n_classes), or (n_rows, 1) if a `single` one will do.

    Raises
    ------
    ValueError
        If there are none, or some have another shape or are not finite.
    """
    named = scores if isinstance(scores, Mapping) else {"": scores}
    if not named:
        raise ValueError(f"{argument} must not be empty.")
    out = {}
    for key, given in named.items():
        name = f"{argument}[{key!r}]" if named is scores else argument
        x = as_numbers(given, name)
        x = x[:, None] if x.ndim == 1 else x
        if x.ndim != 2 or (x.shape[1] != n_classes and not (single and x.shape[1] == 1)):
            raise ValueError(
                f"{name} must have one column per class of y_true, {n_classes}; "
                f"got shape {np.shape(given)}."
            )
        require_rows(n_rows, x, name)
        require_finite({name: x})
        out[str(key)] = x
    return out
