"""Sums of the errors of predicted numbers, with what they lack."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..contract import ERRORS

F64 = NDArray[np.float64]


def error_sums(
    y_true: NDArray, y_pred: NDArray, sample_weight: F64 | None, kind: str, out: F64
) -> None:
    if kind not in ERRORS:
        raise ValueError(f"kind must be one of {', '.join(ERRORS)}; got {kind!r}")
    t, p = y_true.astype(np.float64), y_pred.astype(np.float64)
    w = np.ones((len(t), 1)) if sample_weight is None else sample_weight[:, None]
    out[...] = 0.0
    with np.errstate(all="ignore"):
        out[:, 0] = total = _sum(np.broadcast_to(w, t.shape))
        if kind != "deviations":
            out[:, 1] = _sum(w * _term(kind, t, p))
        if kind == "sides":
            out[:, 2] = _sum(w * _positive(p - t))
        if kind == "absolute":
            out[0, 3] = np.fmax.reduce(np.abs(t - p), axis=0, initial=0.0)
        if kind == "deviations":
            out[:, 4], out[:, 5] = _centred(t - p, w, total)
        if kind in ("moments", "deviations"):
            out[:, 6], out[:, 7] = _centred(t, w, total)


def _term(kind: str, t: F64, p: F64) -> F64:
    match kind:
        case "absolute":
            return np.abs(t - p)
        case "sides":
            return _positive(t - p)
        case "percentage":
            return np.abs(t - p) / np.maximum(np.abs(t), np.finfo(np.float64).eps)
        case "logarithmic":
            return (np.log1p(t) - np.log1p(p)) ** 2
        case "poisson":
            term = 2 * (np.where(t == 0, 0.0, t * np.log(t / p)) - t + p)
            return np.where((t >= 0) & (p > 0), term, np.nan)
        case "gamma":
            return np.where((t > 0) & (p > 0), 2 * (np.log(p / t) + t / p - 1), np.nan)
    return (t - p) ** 2


def _positive(d: F64) -> F64:
    return np.where(d > 0, d, 0.0 * d)


def _centred(x: F64, w: F64, total: F64) -> tuple[F64, F64]:
    """The mean and the squares about it, each with what it lacks; zeros of no weight."""
    weight = np.where(total[0] == 0, np.nan, total[0])
    centre = np.where(total[0] == 0, 0.0, _sum(w * x)[0] / weight)
    d = x - centre
    rest = np.where(total[0] == 0, 0.0, _sum(w * d)[0] / weight)
    squares = _sum(w * (d * d))
    return _rounded(centre, rest), _rounded(squares[0], squares[1] - rest * rest * total[0])


def _sum(x: F64) -> F64:
    """Over rows, which are added in pairs, with what is lost on the way."""
    lost = np.zeros(x.shape[1])
    while len(x) > 1:
        if len(x) % 2:
            x = np.concatenate((x, np.zeros((1, x.shape[1]))))
        a, b = x[::2], x[1::2]
        x = a + b
        part = x - a
        lost += ((a - (x - part)) + (b - part)).sum(axis=0)
    return _rounded(x[0] if len(x) else np.zeros(x.shape[1]), lost)


def _rounded(value: F64, lost: F64) -> F64:
    total = np.where(np.isfinite(value), value + lost, value)
    return np.stack((total, np.where(np.isfinite(value), (value - total) + lost, 0.0)))
