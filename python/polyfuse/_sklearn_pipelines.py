"""Models of scaled blocks as pipelines of scikit-learn: what ``to_sklearn`` makes of them.

Where what is predicted is linear in the scaled features, side by side, scikit-learn can say it: a
ColumnTransformer of the fitted scalers, then a linear model with these coefficients.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._arrays import require_fitted

PIPELINES = ("FusionClassifier", "FusionRegressor", "GDClassifier", "GDRegressor")
_EARLY = "early"  # what the model of all modalities is called among those of a hybrid
_PARAMETERS = ("class_weight", "fit_intercept", "max_iter", "tol")


class _Linear(NamedTuple):
    """Coefficients of all features, side by side, (k, n_features), and intercepts, (k,)."""

    coef: NDArray
    intercept: NDArray


def pipeline_of(model: Any) -> Any:
    """A fitted Pipeline, or the linear model alone where nothing is scaled.

    Raises
    ------
    NotFittedError
        Before `fit`.
    ValueError
        If what is predicted is not linear in scaled features.
    """
    require_fitted(model, "coef_")
    linear = _fused(model) if isinstance(model.coef_, dict) else _plain(model)
    last = _linear_model(model, linear)
    names = getattr(model, "modalities_", ["X"])
    known = getattr(model, "scalers_", {})
    scalers = [known.get(name) for name in names]
    if len(names) == 1 and scalers[0] is None:
        return last
    from sklearn.pipeline import Pipeline  # type: ignore[import-untyped,unused-ignore]

    return Pipeline([("scale", _columns(names, scalers, model._widths)), ("model", last)])


def _plain(model: Any) -> _Linear:
    return _Linear(np.atleast_2d(model.coef_), np.atleast_1d(model.intercept_))


def _fused(model: Any) -> _Linear:
    """A fusion model as one of all features."""
    level, fusion = model._level, model._fusion
    if level == "late" or (level == "early" and fusion != "concatenate"):
        what = "models of single modalities" if level == "late" else "features"
        raise ValueError(
            f"level={level!r} with fusion={fusion!r} fuses {what} as no estimator of scikit-learn "
            "does; to_onnx says it, or fit with level='early' and fusion='concatenate'."
        )
    coefs, intercept = list(model.coef_.values()), model.intercept_
    if level == "hybrid":
        shares, together = model._shares(), model._together.coefs
        members = [*model.coef_, _EARLY]
        coefs = [
            share * own + shares[-1] * early
            for share, own, early in zip(shares, coefs, together, strict=False)
        ]
        each = [share * intercept[name] for share, name in zip(shares, members, strict=True)]
        intercept = np.sum(each, axis=0)
    return _Linear(np.concatenate(coefs, axis=1), intercept)


def _linear_model(model: Any, linear: _Linear) -> Any:
    """LogisticRegression or Ridge, as if it had been fitted."""
    from sklearn.linear_model import (  # type: ignore[import-untyped,unused-ignore]
        LogisticRegression,
        Ridge,
    )

    classes = getattr(model, "classes_", None)
    # What GD* call alpha goes with a mean of losses, of rows that nobody has counted.
    known = (*_PARAMETERS, "C", "alpha") if isinstance(model.coef_, dict) else _PARAMETERS
    params = deepcopy({k: x for k, x in model.get_params(deep=False).items() if k in known})
    made = Ridge(**params) if classes is None else LogisticRegression(**params)
    made.n_features_in_ = linear.coef.shape[1]
    if classes is None:
        made.coef_, made.intercept_ = linear.coef[0].copy(), float(linear.intercept[0])
        made.n_iter_, made.solver_ = None, "auto"
    else:
        made.classes_, made.n_iter_ = classes.copy(), np.array([model.n_iter_], np.int32)
        made.coef_, made.intercept_ = linear.coef.copy(), np.array(linear.intercept)
    return made


def _columns(names: list[str], scalers: list[Any], widths: list[int]) -> Any:
    """The fitted scalers, each on its columns of the blocks side by side."""
    from sklearn.compose import ColumnTransformer  # type: ignore[import-untyped,unused-ignore]

    ends = np.cumsum(widths).tolist()
    plain = [_scaler(name, own) for name, own in zip(names, scalers, strict=True)]
    parts = [
        (str(name), own, slice(end - width, end))
        for name, own, end, width in zip(names, plain, ends, widths, strict=True)
    ]
    made = ColumnTransformer(parts)
    # It has to have been fitted to something; then it gets the scalers that were fitted to rows.
    made.fit(np.zeros((2, ends[-1])))
    made.transformers_ = [
        (name, fitted if isinstance(own, str) else own, columns)
        for (name, own, columns), (_, fitted, _) in zip(parts, made.transformers_, strict=True)
    ]
    return made


def _scaler(name: str, scaler: Any) -> Any:
    if scaler is None:
        return "passthrough"
    if not hasattr(scaler, "to_sklearn"):
        raise ValueError(
            f"scalers_[{name!r}] is {scaler!r}, and scikit-learn has no {type(scaler).__name__}: "
            "scale that block before it is given to fit."
        )
    return scaler.to_sklearn()
