"""What must hold of an instance whose attributes a file gives.

It is made without ``__init__`` or ``fit``, so what the code takes for granted is checked here: what
goes to kernels, shapes that have to fit each other, and what numbers of rows are computed from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ._chains import Raw
from ._descent import Trace
from ._estimator import Classifier, Estimator, Regressor
from ._fusion_parameters import EARLY
from ._gradient_base import Progress
from ._kernels.contract import CHAIN, PART
from ._moments import Moments, Part, _Tree, leaf_rows
from ._robust import _Wanted
from ._scaler import AffineMap
from ._sketch import QuantileSketch
from .exceptions import ModelFileError

_COLUMNS = (
    "mean_", "var_", "scale_", "min_", "data_min_", "data_max_", "data_range_", "max_abs_",
    "center_", "feature_names_in_",
)  # fmt: skip
_MOST_COLUMNS = 2**40


def require_sound(made: Any) -> None:
    """Raise ModelFileError unless an instance is one that the library could have made."""
    check = _estimator if isinstance(made, Estimator) else _CHECKS.get(type(made))
    try:
        if check is not None:
            check(made)
    except ModelFileError:
        raise
    except Exception as error:  # what is checked may be anything
        raise ModelFileError(f"attributes of a {type(made).__name__} are unsound") from error


def _require(holds: bool | np.bool_, made: Any, what: str) -> None:
    if not holds:
        raise ModelFileError(f"{what} of a {type(made).__name__} is unsound")


def _is(x: Any, shape: tuple[int | None, ...], kinds: str = "f") -> bool:
    """Whether it is an array of a shape, None standing for any length, of such a kind of dtype."""
    return (
        isinstance(x, np.ndarray)
        and x.dtype.kind in kinds
        and len(x.shape) == len(shape)
        and all(n is None or n == own for n, own in zip(shape, x.shape, strict=True))
    )


def _count(x: Any, least: int = 1) -> bool:
    return type(x) is int and least <= x < _MOST_COLUMNS


def _named(made: Any, names: Iterable[str]) -> None:
    lacking = [name for name in names if name not in vars(made)]
    if lacking:
        raise ModelFileError(f"a {type(made).__name__} lacks {lacking[0]!r}")


# -- statistics ----------------------------------------------------------------------------------


def _part(made: Part) -> None:
    width = len(made.n) if _is(made.n, (None,)) else -1
    fits = all(_is(x, (width,)) and x.dtype == np.float64 for x in made)
    _require(fits, made, "the shape")


def _tree(made: _Tree) -> None:
    _require(_count(made.height, 0) and made.height < 63, made, "the height")
    _require(type(made.part) is Part, made, "the part")


def _moments(made: Moments) -> None:
    _named(made, vars(Moments(1)))
    width = made.width
    _require(_count(width) and made._leaf == leaf_rows(width), made, "the width")
    trees = made._trees
    sound = isinstance(trees, tuple) and all(type(tree) is _Tree for tree in trees)
    _require(sound, made, "a tree")
    heights = [tree.height for tree in trees]
    _require(heights == sorted(set(heights), reverse=True), made, "a tree")
    parts = [*(tree.part for tree in trees), *([made._before] if made._before is not None else [])]
    _require(all(type(part) is Part and len(part.n) == width for part in parts), made, "a part")
    waiting, weight = made._waiting, made._waiting_weight
    n = 0
    if waiting is not None:
        _require(_is(waiting, (None, width), "biuf"), made, "a row")
        n = len(waiting)
        _require(0 < n < made._leaf, made, "the number of rows")
    _require(weight is None or (n > 0 and _is(weight, (n,))), made, "a weight")


def _sketch(made: QuantileSketch) -> None:
    _named(made, vars(QuantileSketch(1, size=1)))
    n, s = made.n_features, made.size
    _require(_count(n) and _count(s), made, "the size")
    for name in ("_least", "_greatest"):
        _require(_is(getattr(made, name), (n,)), made, name)
    for name in ("_count", "_over", "_under", "_fill"):
        own = getattr(made, name)
        _require(_is(own, (n,), "i") and (own >= 0).all(), made, name)
    _require(_is(made._waiting, (n, 4 * s)) and (made._fill < 2 * s).all(), made, "_fill")
    levels = made._runs, made._held, made._odd
    _require(all(isinstance(level, list) for level in levels), made, "a level")
    n_levels = len(made._runs)
    _require(
        n_levels < 63 and [len(level) for level in levels] == [n_levels, n_levels, n_levels + 1],
        made, "the number of levels",
    )  # fmt: skip
    _require(all(_is(run, (n, s)) for run in made._runs), made, "a level")
    _require(all(_is(own, (n,), "b") for own in (*made._held, *made._odd)), made, "a level")


# -- ways of learning ----------------------------------------------------------------------------


def _raw(made: Raw) -> None:
    _require(_is(made.record, (), "V") and made.record.dtype == CHAIN, made, "the record")
    _require(_is(made.coef, (None,)), made, "coef")
    for name in ("average", "met"):
        own = getattr(made, name)
        fits = own is None or (_is(own, made.coef.shape) and own.dtype == made.coef.dtype)
        _require(fits, made, name)
    parts = made.parts
    _require(parts is None or (_is(parts, (None,), "V") and parts.dtype == PART), made, "parts")
    widths = [] if parts is None else parts["width"].tolist()
    fits = all(0 <= width <= len(made.coef) for width in widths)
    _require(not widths or (fits and sum(widths) == len(made.coef)), made, "a width")


def _trace(made: Trace) -> None:
    _named(made, vars(Trace()))
    _require(isinstance(made.losses, list) and isinstance(made.held_out, list), made, "a loss")


_CHECKS: dict[type, Callable[[Any], None]] = {
    Part: _part, _Tree: _tree, Moments: _moments, QuantileSketch: _sketch, Raw: _raw, Trace: _trace,
}  # fmt: skip


# -- estimators ----------------------------------------------------------------------------------


def _estimator(made: Any) -> None:
    _named(made, made._parameter_names())
    state = vars(made)
    if "n_features_in_" in state:
        _scaler_or_columns(made, state, state["n_features_in_"])
    if "modalities_" in state:
        _blocks(made, state)
    classes = state.get("classes_")
    if classes is not None:
        _require(_is(classes, (None,), "biufUSO") and len(classes) > 0, made, "classes_")
    coef = state.get("coef_")
    if isinstance(coef, dict):
        _fused(made, state, coef)
    elif coef is not None:
        _linear(made, state, coef)


def _scaler_or_columns(made: Any, state: dict[str, Any], width: Any) -> None:
    _require(_count(width, 0), made, "n_features_in_")
    for name in _COLUMNS:
        own = state.get(name)
        _require(own is None or _is(own, (width,), "biufO"), made, name)
    if isinstance(made, AffineMap) and "_sketch" not in state:
        for own in made._parameters():
            _require(own is None or _is(own, (width,)), made, "the map")
    if "_sketch" in state:
        sound = type(state["_sketch"]) is QuantileSketch and state["_sketch"].n_features == width
        sound = sound and type(state["_wanted"]) is _Wanted
        _require(sound and isinstance(state["_dtype"], np.dtype), made, "the summary")


def _blocks(made: Any, state: dict[str, Any]) -> None:
    """Blocks have names, widths and scalers, one each."""
    names = state["modalities_"]
    sound = isinstance(names, list) and len(names) > 0 and all(isinstance(x, str) for x in names)
    _require(sound and len(names) == len(set(names)), made, "modalities_")
    if hasattr(made, "encoders"):
        _require(list(state["encoders_"]) == names, made, "encoders_")
        return
    widths, scalers = state["_widths"], state.get("scalers_", dict.fromkeys(names))
    sound = isinstance(widths, list) and len(widths) == len(names) and all(map(_count, widths))
    _require(sound, made, "_widths")
    _require(isinstance(scalers, dict) and list(scalers) == names, made, "scalers_")
    _scalers(made, list(scalers.values()), widths)


def _scalers(made: Any, scalers: Any, widths: list[int]) -> None:
    for scaler, width in zip(scalers, widths, strict=True):
        maps = scaler is None or isinstance(scaler, AffineMap)
        _require(maps and (scaler is None or scaler.n_features_in_ == width), made, "a scaler")


def _linear(made: Any, state: dict[str, Any], coef: Any) -> None:
    """A model of one matrix, or of blocks side by side."""
    k = _outputs(made, state, coef, state["n_features_in_"])
    if "_widths" in state or not isinstance(made, Regressor):
        widths = state["_widths"]
        _require(sum(widths) == state["n_features_in_"], made, "_widths")
        _scalers(made, state["_scalers"], widths)
    bias = state["offset_"] if "offset_" in state else state["intercept_"]
    _require(isinstance(bias, float) or _is(bias, (k,)), made, "intercept_")
    if "_progress" in state:
        progress, width = state["_progress"], state["n_features_in_"]
        moved = progress.moved
        fits = moved is None or moved.shape == (0, 0) or _is(moved, (k, width + 1))
        _require(type(progress) is Progress and fits, made, "_progress")
    for name in ("_standard_coef", "_average_coef"):
        own = state.get(name)
        _require(own is None or (_is(own, np.shape(own)) and own.size == coef.size), made, name)
    for name in ("_standard_intercept", "_average_intercept"):
        own = state.get(name)
        _require(own is None or _is(own, (k,)), made, name)


def _fused(made: Any, state: dict[str, Any], coef: dict[str, Any]) -> None:
    """A fusion model: coefficients of each modality, and what is made of their scores."""
    names, hybrid = state["modalities_"], state["_level"] == "hybrid"
    _require(list(coef) == names and isinstance(state["_fusion"], str), made, "coef_")
    widths = state["_widths"]
    k = {_outputs(made, state, coef[name], n) for name, n in zip(names, widths, strict=True)}
    members = [*names, EARLY] if hybrid else names
    bias = state["intercept_"]
    each = [bias[name] for name in members] if isinstance(bias, dict) else [bias]
    _require(all(_is(own, (*k,)) for own in each), made, "intercept_")
    _require(isinstance(bias, dict) == (state["_level"] in ("late", "hybrid")), made, "intercept_")
    _require(_is(state["weights_"], (len(members),)), made, "weights_")
    _require(_is(state["prior_"], (None,)), made, "prior_")
    if hybrid:
        together = state["_together"].coefs
        fits = [_is(own, coef[name].shape) for own, name in zip(together, names, strict=True)]
        _require(all(fits), made, "_together")
    if "temperatures_" in state:
        temperatures = state["temperatures_"]
        fits = [type(own) is float and own > 0.0 for own in temperatures.values()]
        _require(list(temperatures) == members and all(fits), made, "temperatures_")


def _outputs(made: Any, state: dict[str, Any], coef: Any, width: int) -> int:
    """How many outputs there are: one for each class, or one for two classes."""
    _require(_is(coef, (width,)) or _is(coef, (None, width)), made, "coef_")
    k = len(np.atleast_2d(coef))
    if isinstance(made, Classifier):
        classes = len(state["classes_"])
        _require(classes > 1 and k == (classes if classes > 2 else 1), made, "classes_")
    return k
