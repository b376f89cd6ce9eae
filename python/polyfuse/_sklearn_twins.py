"""scikit-learn's own estimators in place of ours: what ``to_sklearn`` returns.

They have the parameters and the fitted attributes of ours, copied, and nothing else: whoever loads
a pickle of them needs scikit-learn alone.
"""

from __future__ import annotations

import inspect
from copy import deepcopy
from typing import Any

from ._routing import move_requests
from ._sklearn_pipelines import PIPELINES, pipeline_of

_SGD = (
    "coef_", "intercept_", "n_iter_", "t_", "_standard_coef", "_standard_intercept",
    "_average_coef", "_average_intercept",
)  # fmt: skip
# Classes of scikit-learn's names, and what it keeps of a fit.
_FITTED = {
    "StandardScaler": ("mean_", "var_", "scale_", "n_samples_seen_"),
    "MinMaxScaler": (
        "min_", "scale_", "data_min_", "data_max_", "data_range_", "n_samples_seen_",
    ),
    "MaxAbsScaler": ("max_abs_", "scale_", "n_samples_seen_"),
    "RobustScaler": ("center_", "scale_"),
    "Normalizer": (),
    "SGDClassifier": (*_SGD, "classes_"),
    "SGDRegressor": _SGD,
    "SGDOneClassSVM": (*_SGD, "offset_"),
    "Perceptron": (*_SGD, "classes_"),
    "LinearRegression": ("coef_", "intercept_", "rank_", "singular_"),
}  # fmt: skip
_OF_ALL = ("n_features_in_", "feature_names_in_", "_sklearn_output_config")

# How results are computed, which does not show in them but in rounding.
_LEFT_OUT = {"arithmetic"}
_INSTEAD = {
    "scaler": "put a scaler before it in a Pipeline; scalers_ holds those fitted, and they have "
    "to_sklearn too",
    "block_eta": "fit with block_eta=None",
    "block_alpha": "fit with block_alpha=None",
}


def has_twin(estimator: Any) -> None:
    """Raise AttributeError unless scikit-learn can say what estimators of that name do."""
    if name_of(estimator) is None:
        raise AttributeError(f"scikit-learn has no {type(estimator).__name__}")


def name_of(estimator: Any) -> str | None:
    """The name that the class of an estimator, or a base of it, shares with one of scikit-learn."""
    own = (c for c in type(estimator).__mro__ if c.__module__.startswith("polyfuse."))
    return next((c.__name__ for c in own if c.__name__ in (*_FITTED, *PIPELINES)), None)


def twin_of(estimator: Any) -> Any:
    """Scikit-learn's estimator with parameters and fitted attributes of ours, copied.

    Raises
    ------
    ImportError
        If scikit-learn is not installed.
    ValueError
        If scikit-learn's class cannot say what ours does.
    """
    try:
        from sklearn import (  # type: ignore[import-untyped,unused-ignore]
            linear_model,
            preprocessing,
        )
    except ImportError as error:
        raise ImportError(
            "to_sklearn needs scikit-learn: pip install 'polyfuse[sklearn]'."
        ) from error
    name = name_of(estimator) or ""
    if name in PIPELINES:
        return pipeline_of(estimator)
    cls = getattr(preprocessing, name, None) or getattr(linear_model, name)
    _require_sayable(estimator, name)
    names = (*_FITTED[name], *_OF_ALL)
    fitted = {key: getattr(estimator, key) for key in names if hasattr(estimator, key)}
    # One copy, in which arrays that are one and the same stay so.
    params, fitted = deepcopy((_parameters(estimator, cls), fitted))
    twin = cls(**params)
    vars(twin).update(fitted)
    move_requests(estimator, twin)
    return twin


def _parameters(estimator: Any, cls: type) -> dict[str, Any]:
    """Those that a class of scikit-learn, maybe an older one, has too."""
    known, own = inspect.signature(cls).parameters, inspect.signature(type(estimator)).parameters
    params = {}
    for key, value in estimator.get_params(deep=False).items():
        if key in known:
            params[key] = value
        elif key not in _LEFT_OUT and repr(value) != repr(own[key].default):
            instead = _INSTEAD.get(key, f"set {key}={own[key].default!r}, or install a newer one")
            raise ValueError(
                f"{key}={value!r} is nothing that scikit-learn's {cls.__name__} knows: {instead}."
            )
    return params


def _require_sayable(estimator: Any, name: str) -> None:
    if getattr(estimator, "loss", None) == "multinomial":
        raise ValueError(
            f"loss='multinomial' is nothing that scikit-learn's {name} knows: fit with "
            "loss='log_loss', which is one model for each class."
        )
    if hasattr(estimator, "modalities_"):
        raise ValueError(
            f"X was the blocks {estimator.modalities_} in fit, and scikit-learn's {name} takes one "
            "matrix: fit on np.hstack of them."
        )
    if hasattr(estimator, "scalers_"):
        raise ValueError(
            f"scaler: {estimator.scalers_['X']!r} was fitted with the model, and scikit-learn's "
            f"{name} scales nothing: {_INSTEAD['scaler']}, or fit with scaler=None."
        )
