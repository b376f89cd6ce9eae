"""Predicted numbers beside the true ones: validation, sums, and means over outputs.

scikit-learn looks whether values are finite before it sums them. Here what is not finite goes
through the sums, whose look saves a pass; an error that would have come later waits until the
values have been looked at.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from . import _labels, _parameters
from ._kernels import select
from ._kernels.views import INPUT_DTYPES, SUM, WEIGHT
from ._labels import Array
from .exceptions import UndefinedMetricWarning, shared, warn

AVERAGES = ("raw_values", "uniform_average")
VARIANCE_AVERAGES = (*AVERAGES, "variance_weighted")

_TAKEN = frozenset(INPUT_DTYPES)


class Pair(NamedTuple):
    """Validated shapes: both of shape (n, n_outputs), values unseen, in what the kernel takes.

    `dtype` is the floating type of a result, `over` the weights of the outputs or None, `raw`
    whether outputs are wanted one by one.
    """

    y_true: Array
    y_pred: Array
    weight: Array | None
    dtype: np.dtype[Any]
    over: Array | None = None
    raw: bool = False

    def rows(self, some: slice) -> Pair:
        weight = None if self.weight is None else self.weight[some]
        return self._replace(y_true=self.y_true[some], y_pred=self.y_pred[some], weight=weight)

    def check_finite(self) -> None:
        _labels.check_finite(self.y_true)
        _labels.check_finite(self.y_pred)

    def twofold_sums(self, kind: str) -> Array:
        """What the kernel tells of these; raises if values are not finite."""
        out = np.empty((2, 8, self.y_true.shape[1]))
        select().error_sums(self.y_true, self.y_pred, self.weight, kind, out)
        if not all(map(math.isfinite, out[0].ravel().tolist())):
            self.check_finite()
        return out

    def sums(self, kind: str) -> Array:
        sums: Array = self.twofold_sums(kind)[0]
        return sums

    def means(self, kind: str) -> Array:
        """The mean over rows of the term that the kind sums."""
        sums = self.sums(kind)
        check_weight(sums[WEIGHT])
        means: Array = sums[SUM] / sums[WEIGHT]
        return means

    def averaged(self, errors: Array) -> float | Array:
        """What becomes of the errors of the outputs."""
        return average_outputs(
            errors.astype(self.dtype, copy=False) if self.raw else errors, self.over, raw=self.raw
        )


def average_outputs(values: Array, over: Array | None, *, raw: bool) -> float | Array:
    """The values as they are, or their mean, with the weights `over`."""
    if raw:
        return values
    if len(values) == 1 and over is None:
        return float(values[0])
    return float(np.average(values, weights=over))


def check_weight(weight: Array) -> None:
    if weight[0] == 0.0:
        raise ZeroDivisionError("Weights sum to zero, can't be normalized")


def check_parameters(
    caller: str,
    y_true: Any,
    y_pred: Any,
    sample_weight: Any,
    multioutput: Any,
    names: tuple[str, ...] = AVERAGES,
    *,
    none: bool = False,
) -> None:
    check_arrays(caller, y_true, y_pred, sample_weight)
    check_multioutput(caller, multioutput, names, none=none)


def check_arrays(caller: str, y_true: Any, y_pred: Any, sample_weight: Any) -> None:
    _parameters.check_array_likes(caller, y_true=y_true, y_pred=y_pred)
    _parameters.check_optional(caller, sample_weight=sample_weight)


def check_multioutput(
    caller: str, given: Any, names: tuple[str, ...] = AVERAGES, *, none: bool = False
) -> None:
    if given in names if isinstance(given, str) else _parameters.is_array_like(given):
        return
    if none and given is None:
        return
    listed = ", ".join(map(repr, names))
    expected = (
        f"a str among {{{listed}}}{', an array-like or None' if none else ' or an array-like'}"
    )
    raise _parameters.invalid_parameter("multioutput", caller, expected, given)


def read(
    y_true: Any,
    y_pred: Any,
    sample_weight: Any = None,
    multioutput: Any = None,
    *,
    text: bool = True,
) -> Pair:
    """Both targets, weights and how outputs are averaged, with scikit-learn's errors.

    `text`: whether numbers may be given as such.
    """
    given = (y_true, y_pred, sample_weight)
    t, p = _labels.as_array(y_true, "y_true"), _labels.as_array(y_pred, "y_pred")
    weight = None if sample_weight is None else _labels.as_array(sample_weight, "sample_weight")
    dtype = _floating_type(*given)
    _labels.check_consistent_length(t, p, weight)
    seen: list[Array] = []
    try:
        seen.append(t := _numbers(y_true, t, text))
        seen.append(p := _numbers(y_pred, p, text))
        if weight is not None:
            weight = _labels.check_sample_weight(weight, len(t)).astype(np.float64, copy=False)
        if t.shape[1] != p.shape[1]:
            raise ValueError(
                f"y_true and y_pred have different number of output ({t.shape[1]}!={p.shape[1]})"
            )
        custom = multioutput is not None and not isinstance(multioutput, str)
        over = output_weights(multioutput, t.shape[1]) if custom else None
    except Exception:
        for y in seen:
            _labels.check_finite(y)
        raise
    raw = isinstance(multioutput, str) and multioutput == "raw_values"
    return Pair(as_taken(t), as_taken(p), weight, dtype, over, raw)


def read_single(
    caller: str, y_true: Any, y_pred: Any, sample_weight: Any = None, *, text: bool = True
) -> Pair:
    """The same of a metric that has no several outputs."""
    pair = read(y_true, y_pred, sample_weight, text=text)
    if pair.y_true.shape[1] > 1:
        pair.check_finite()
        raise ValueError(f"Multioutput not supported in {caller}")
    return pair


def too_few(pair: Pair, name: str) -> bool:
    """Whether a score of this name has fewer than two rows, of which this warns."""
    if len(pair.y_true) >= 2:
        return False
    pair.check_finite()
    warn_of_too_few(name)
    return True


def warn_of_too_few(name: str) -> None:
    message = f"{name} score is not well-defined with less than two samples."
    warn(message, shared(UndefinedMetricWarning))


def explained(
    pair: Pair, unexplained: Array, total: Array, *, force_finite: bool, by_total: bool = False
) -> float | Array:
    """What :func:`shares_explained` has, averaged over outputs.

    `by_total` averages with `total` as weights, unless it is zero everywhere.
    """
    scores = shares_explained(unexplained, total, force_finite=force_finite)
    if by_total and total.any():
        pair = pair._replace(over=total)
    return pair.averaged(scores)


def shares_explained(unexplained: Array, total: Array, *, force_finite: bool) -> Array:
    """One less the share of `total` that is unexplained.

    `force_finite`: where there is nothing to explain, 1 if that is met, else 0.
    """
    if force_finite:
        pairs = zip(unexplained.tolist(), total.tolist(), strict=True)
        return np.array([float(u == 0.0) if 0.0 in (u, of) else 1.0 - u / of for u, of in pairs])
    scores: Array = 1.0 - unexplained / total
    return scores


def squares_about_mean(
    pair: Pair, of: Callable[[], Array], weight: Array, mean: Array, squares: Array
) -> Array:
    """`squares`, unless the values of an output differ by roundings alone.

    The mean of a constant is a rounding away from it in scikit-learn, whose answer is made of that.
    """
    eps = 16 * float(np.finfo(pair.dtype).eps)
    known = zip(weight.tolist(), mean.tolist(), squares.tolist(), strict=True)
    if not any(square <= abs(w) * (eps * m) ** 2 and m for w, m, square in known):
        return squares
    x = of().astype(pair.dtype, copy=False)
    w = None if pair.weight is None else pair.weight.astype(pair.dtype)
    d = np.square(x - np.average(x, axis=0, weights=w))
    about = d.sum(axis=0) if w is None else (w[:, None] * d).sum(axis=0)
    return np.where(squares <= np.abs(weight) * np.square(eps * mean), about, squares)


def _floating_type(*given: Any) -> np.dtype[Any]:
    """The widest floating type among the arguments that have a type."""
    floats = []
    for y in given:
        if hasattr(y, "dtype"):
            dtype = y.dtype if type(y) is np.ndarray else np.asarray(y).dtype
            if dtype.kind == "f":
                floats.append(dtype)
    if not floats:
        return np.dtype(np.float64)
    alike = floats.count(floats[0]) == len(floats)
    return floats[0] if alike else np.result_type(*floats)


def _numbers(given: Any, y: Array, text: bool) -> Array:
    """`y`, the array of what was given, as real numbers of shape (n, n_outputs), at least 1."""
    if y.dtype.kind not in "biuf":
        if isinstance(given, np.ndarray) or not text:
            _labels.check_real(y)
        if not text:
            _parameters.check_no_text(y)
        y = np.asarray(given if isinstance(given, list | tuple) else y, np.float64)
    _parameters.check_dimensions(y)
    _parameters.check_filled(y)
    return y.reshape(len(y), -1)


def as_taken(y: Array) -> Array:
    return y if y.dtype in _TAKEN and y.flags.aligned else y.astype(np.float64)


def output_weights(multioutput: Any, n_outputs: int) -> Array:
    weights = np.asarray(multioutput)
    _labels.check_finite(weights)
    if n_outputs == 1:
        raise ValueError("Custom weights are useful only in multi-output cases.")
    if n_outputs != len(weights):
        raise ValueError(
            f"There must be equally many custom weights ({len(weights)}) as outputs ({n_outputs})."
        )
    return weights
