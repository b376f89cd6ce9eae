"""Which classes a file may name; generators of NumPy, which are classes of their own kind."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from ._arrays import short
from .exceptions import ModelFileError

GENERATORS: dict[str, Any] = {
    "RandomState": np.random.RandomState,
    "Generator": np.random.Generator,
}
BIT_GENERATORS: dict[str, Any] = {
    "MT19937": np.random.MT19937,
    "PCG64": np.random.PCG64,
    "PCG64DXSM": np.random.PCG64DXSM,
    "Philox": np.random.Philox,
    "SFC64": np.random.SFC64,
}
# Where the next number is taken from in what was drawn: NumPy looks there without a check.
_POSITIONS = {"MT19937": ("state", "pos", 624), "Philox": (None, "buffer_pos", 4)}

# What scikit-learn sets on an estimator: objects of its own, and of whoever watches a fit.
LEFT_OUT = {"_metadata_request", "_skl_callbacks", "_parent_callback_ctx", "_callback_fit_ctx"}

_ENCODERS = {
    "CallableEncoder": ", whose function is code; save the model that learns from its rows",
    "TextEncoder": ", which holds a vectorizer of scikit-learn; save that by its own means",
}


@cache
def classes() -> dict[str, type]:
    """Classes by the names that they have in files; their instances are their attributes."""
    from . import _audio_encoder, _image_encoder, encoders, linear_model, multimodal, preprocessing
    from ._chains import Raw
    from ._descent import Trace
    from ._fusion_estimator import Fusion
    from ._fusion_learning import Linear
    from ._gradient_base import Progress
    from ._moments import Moments, Part, _Tree
    from ._robust import _Wanted
    from ._sketch import QuantileSketch

    found: dict[str, type] = {
        "AudioSettings": _audio_encoder._Settings,
        "ImageSettings": _image_encoder._Settings,
        "Tree": _Tree,
        "Wanted": _Wanted,
    }
    for kind in (Fusion, Linear, Moments, Part, Progress, QuantileSketch, Raw, Trace):
        found[kind.__name__] = kind
    for module, names in (
        (encoders, ("AudioEncoder", "BlockEncoder", "ImageEncoder")),
        (linear_model, _capitals(linear_model.__all__)),
        (multimodal, ("FusionClassifier", "FusionRegressor")),
        (preprocessing, _capitals(preprocessing.__all__)),
    ):
        found |= {name: getattr(module, name) for name in names}
    return found


@cache
def names_of_classes() -> dict[type, str]:
    """The name of each class in files."""
    return {kind: name for name, kind in classes().items()}


def _capitals(names: list[str]) -> list[str]:
    return [name for name in names if name[0].isupper()]


def generator_of(name: str, state: Any) -> Any:
    """A generator of NumPy that stands where another one stood.

    Raises
    ------
    ModelFileError
        If the state is none.
    """
    bits = state.get("bit_generator") if isinstance(state, dict) else None
    if name not in GENERATORS or not isinstance(bits, str) or bits not in BIT_GENERATORS:
        raise ModelFileError(f"nothing is known of a generator {short(name)} of {short(bits)}")
    try:
        _require_position(bits, state)
        own = BIT_GENERATORS[bits](0)
        if name == "Generator":
            own.state = state
            return GENERATORS[name](own)
        made = GENERATORS[name](own)
        made.set_state(state)
        return made
    except Exception as error:  # NumPy raises whatever it comes upon
        raise ModelFileError(f"a state of {bits} is none: {short(str(error))}") from None


def _require_position(bits: str, state: dict[str, Any]) -> None:
    if bits in _POSITIONS:
        inner, name, length = _POSITIONS[bits]
        position = (state if inner is None else state[inner])[name]
        if type(position) is not int or not 0 <= position <= length:
            raise ValueError(f"{name} must be from 0 to {length}")


def advice(value: Any) -> str:
    """What to do about a value that is not saved, for an error."""
    kind = type(value)
    if kind.__name__ in _ENCODERS:
        return _ENCODERS[kind.__name__]
    if callable(value) and not hasattr(value, "fit"):
        return ", and this is code"
    if hasattr(value, "tocsr"):
        return "; bring sparse coefficients back to an array with densify()"
    if hasattr(value, "split") and hasattr(value, "get_n_splits"):
        return "; set a number of folds, or list(cv.split(X, y)), in its place"
    if kind.__module__.startswith("sklearn."):
        return (
            "; take what polyfuse has of that name in its place, or save what scikit-learn has "
            "fitted by its own means"
        )
    return ""
