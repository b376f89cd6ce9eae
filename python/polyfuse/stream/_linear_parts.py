"""What each block adds to the scores of a linear model that was trained on several."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._chain_scores import scores_of
from .._modality_scores import ModalityScores


def linear_parts(model: Any, blocks: Any) -> ModalityScores:
    """Parts that add up, with the intercept, to the scores of an SGD model.

    Parameters
    ----------
    model : fitted SGDClassifier, SGDRegressor or Perceptron
    blocks : dict or list of blocks
        As for its `predict`; a matrix is one block, "X".

    Raises
    ------
    ValueError
        If the blocks are not those of the model.
    """
    rows = model._rows(blocks)
    coef = model.coef_.toarray() if hasattr(model.coef_, "toarray") else model.coef_
    coef = np.atleast_2d(coef)
    if rows.dtype == np.float32 and coef.dtype != np.float32:
        rows = rows._replace(dtype=np.dtype(np.float64))
    ends = np.cumsum(model._widths)[:-1]
    zero = np.zeros(len(coef))
    names = getattr(model, "modalities_", None) or ["X"]
    alone = rows._replace(weights=rows.weights[:1])
    parts = {
        name: scores_of(alone._replace(blocks=(block,)), np.ascontiguousarray(own), zero, None)
        for name, block, own in zip(names, rows.blocks, np.split(coef, ends, axis=1), strict=True)
    }
    classes = getattr(model, "classes_", None)
    return ModalityScores(parts, intercept=model.intercept_, classes=classes)
