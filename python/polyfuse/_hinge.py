"""Hinge loss; see ``polyfuse.metrics``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from . import _labels, _parameters
from ._labels import SINGLE, Array
from ._probability_targets import discrete, encode_labels

# Rows are worked on in pieces of this many values: the copies stay in the cache.
_PIECE = 1 << 15


def hinge_loss(
    y_true: ArrayLike,
    pred_decision: ArrayLike,
    *,
    labels: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
) -> float:
    """Mean hinge loss: how far margins fall short of 1.

    ``sum(w[i] * max(0, 1 - margin[i])) / sum(w)``, with w = 1 without weights. With two labels
    the margin is the decision, negated for the lesser label; with more it is the decision for the
    true label less the greatest of the others (Crammer and Singer).

    Parameters
    ----------
    y_true : array-like of shape (n,)
        True labels: integers, booleans, strings or floats with integer values.
    pred_decision : array-like of shape (n,) or (n, n_classes)
        What ``decision_function`` returns, columns in the sorted order of the labels.
    labels : array-like of shape (n_classes,), default=None
        All labels that there are. By default those of `y_true`.
    sample_weight : array-like of shape (n,), default=None
        Weight of each row.

    Returns
    -------
    loss : float
        In the unit of the decisions; 0 is best.

    Raises
    ------
    ValueError
        If lengths differ, there are no rows, decisions are not finite or not as many as there are
        labels, or `y_true` has labels that are not among `labels`.
    ZeroDivisionError
        If the weights add up to zero.

    References
    ----------
    K. Crammer and Y. Singer, Journal of Machine Learning Research 2, 2001; scikit-learn 1.9,
    ``sklearn.metrics.hinge_loss``.

    Examples
    --------
    >>> from polyfuse.metrics import hinge_loss
    >>> hinge_loss([-1, 1, 1], [-2.0, 2.5, 0.25])
    0.25
    >>> hinge_loss([0, 2], [[1.0, 0.0, -1.0], [0.0, 1.0, 1.5]])
    Traceback (most recent call last):
    ...
    ValueError: y should be a 1d array, got an array of shape (2, 3) instead.
    >>> hinge_loss([0, 2], [[1.0, 0.0, -1.0], [0.0, 1.0, 1.5]], labels=[0, 1, 2])
    0.25
    """
    caller = "hinge_loss"
    _parameters.check_array_likes(caller, y_true=y_true, pred_decision=pred_decision)
    _parameters.check_optional(caller, labels=labels, sample_weight=sample_weight)
    weight = None if sample_weight is None else _labels.as_array(sample_weight, "sample_weight")
    p, y = _labels.as_array(pred_decision, "pred_decision"), _labels.as_array(y_true, "y_true")
    _labels.check_consistent_length(y, p, weight)
    p = _decisions(pred_decision, p)
    y = _parameters.as_column(y_true, "y_true")
    classes = np.unique(y if labels is None else _labels.as_array(labels, "labels"))
    losses = _of_several(y, p, classes, labels) if len(classes) > 2 else _of_two(y, p)
    total, start = 0.0, 0
    for piece in losses:
        np.clip(piece, 0, None, out=piece)
        stop = start + len(piece)
        rows = None if weight is None else weight[start:stop]
        total += float(piece.sum(dtype=np.float64) if rows is None else np.dot(piece, rows))
        start = stop
    whole = float(start) if weight is None else float(weight.sum(dtype=np.float64))
    if whole == 0.0:
        raise ZeroDivisionError("Weights sum to zero, can't be normalized")
    return total / whole


def _decisions(given: Any, p: Array) -> Array:
    """`given`, and the array of it, as finite real numbers of one or two dimensions."""
    _labels.check_real(p)
    if getattr(getattr(given, "dtype", None), "kind", "") == "O":
        p = p.astype(np.float64)
    _parameters.check_no_text(p)
    _parameters.check_dimensions(p)
    _labels.check_finite(p)
    _parameters.check_filled(p)
    return p


def _slices(p: Array) -> Iterator[slice]:
    step = max(1, _PIECE // (p.size // len(p)))
    for start in range(0, len(p), step):
        yield slice(start, start + step)


def _of_two(y: Array, p: Array) -> Iterator[Array]:
    """1 - margin, a piece of the rows at a time; the greater label is the positive one."""
    p = _parameters.as_column(p)
    form, values = discrete(y, y, "y")
    found = encode_labels(values, y.dtype).classes if form == SINGLE else np.unique(y)
    # LabelBinarizer's first column: of the greater of two labels, but of the least of three.
    positive = found[1] if len(found) == 2 else found[0]
    for piece in _slices(p):
        sign = np.where(y[piece] == positive, 1, -1) if len(found) > 1 else -np.ones(1, int)
        yield np.subtract(1, sign * p[piece])


def _of_several(y: Array, p: Array, classes: Array, labels: Any) -> Iterator[Array]:
    """1 - margin, a piece of the rows at a time; the margin is over the next best class."""
    shape = (len(y), len(classes))
    if p.ndim <= 1:
        raise ValueError(
            "The shape of pred_decision cannot be 1d arraywith a multiclass target. pred_decision "
            f"shape must be (n_samples, n_classes), that is {shape}. Got: {p.shape}"
        )
    if len(classes) != p.shape[1]:
        if labels is None:
            raise ValueError("Please include all labels in y_true or pass labels as third argument")
        raise ValueError(
            "The shape of pred_decision is not consistent with the number of classes. With a "
            "multiclass target, pred_decision shape must be (n_samples, n_classes), that is "
            f"{shape}. Got: {p.shape}"
        )
    codes = _places(y, classes)
    for piece in _slices(p):
        d, own = p[piece].copy(), codes[piece, None]
        margin = np.take_along_axis(d, own, axis=1)[:, 0]
        # The least of all takes the place of the true class, to be the greatest of none.
        np.put_along_axis(d, own, d.min(axis=1, keepdims=True), axis=1)
        margin -= d.max(axis=1)
        yield np.subtract(1, margin)


def _places(y: Array, classes: Array) -> Array:
    if classes.dtype.kind in "biuf" and y.dtype.kind in "biuf":
        y = y.astype(classes.dtype, copy=False)
    place = np.searchsorted(classes, y) if y.dtype.kind != "O" else None
    if place is not None:
        known = classes[np.minimum(place, len(classes) - 1)] == y
        if known.all():
            return place
        if y.dtype.kind in "biuf":
            raise ValueError(f"y contains previously unseen labels: {list(np.unique(y[~known]))}")
    table = {label: code for code, label in enumerate(classes.tolist())}
    try:
        return np.fromiter((table[label] for label in y), np.int64, len(y))
    except KeyError as error:
        raise ValueError(f"y contains previously unseen labels: {error}") from error
