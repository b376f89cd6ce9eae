"""Estimators, fitted to collections."""

from __future__ import annotations

from copy import copy
from typing import Any, TypeVar

import numpy as np

from .._arrays import kind_of
from .._collections import LAZY
from .._estimator import take_fitted
from .._fusion_estimator import Fusion
from .._fusion_model import FusionModel
from .._gradient_base import GradientDescent
from .._inputs import as_samples
from .._scaler import Scaler
from .._sgd_classifier import SGDClassifier
from .._sgd_regressor import SGDRegressor
from ._graph import dask
from ._map import lazily
from ._partitions import Partitions, as_dask_array, cut_alike, of_package, partitions_of
from ._score import score
from ._states import fit_block_scalers, fit_scaler

Model = TypeVar("Model")


def call(model: Any, method: str, X: Any, *args: Any, **kwargs: Any) -> Any:
    """What a method of an estimator gives for collections.

    Raises
    ------
    TypeError
        If it takes arrays alone.
    """
    if method == "fit":
        return fit(model, X, *args, **kwargs)
    if method in LAZY:
        return lazily(model, method, X, *args, **kwargs)
    if method == "score":
        return _score(model, X, *args, **kwargs)
    raise TypeError(
        f"{method} of {type(model).__name__} takes arrays, and no Dask collections: pass what "
        "X.compute() returns, or call fit with all rows."
    )


def fit(model: Model, X: Any, y: Any = None, sample_weight: Any = None, **options: Any) -> Model:
    """Fit an estimator to collections; what its `fit` does when it is given some.

    Parameters
    ----------
    model : scaler, Fusion, FusionClassifier, FusionRegressor, or linear model of polyfuse
    X : Dask Array or DataFrame, list of Delayed, or dict or list of such
        A list of Delayed holds the partitions of a matrix, any other list is blocks. Others are
        rechunked to the rows of the first.
    y, sample_weight : Dask Array or Series, list of Delayed, or array-like, of shape (n,)
        A number for each row, which comes to the client: small beside `X`.
    **options
        ``callback=`` of models that are trained, called after each step or round; ``rounds=``, an
        int, of SGDClassifier and SGDRegressor.

    Returns
    -------
    model : the estimator itself, fitted

    Raises
    ------
    TypeError
        If such a model cannot be fitted to collections.
    ValueError
        As its `fit`; the model is then left as it was.

    Notes
    -----
    * Scalers are those of memory, in bits. Quantiles of RobustScaler are found column by column:
      a column of all rows has to fit in the memory of a worker.
    * FusionClassifier, FusionRegressor, GDClassifier and GDRegressor take the gradient of all rows
      in each step, added up over partitions in a fixed order: to rounding what they are in memory.
    * SGDClassifier and SGDRegressor learn by rounds of local SGD: in each, every share of the rows
      learns an epoch from the model that is common to all, and models are averaged, weighted by
      rows (Stich, "Local SGD Converges Fast and Communicates Little", ICLR 2019). Shares are dealt
      out at random, which copies the rows once, so that it does not matter how they are cut; with
      ``shuffle=False`` the partitions are the shares. There are 30 rounds, up to 300 of less than
      8,739 rows, or `max_iter` if that is less, or `rounds`. Steps are chosen by the rows, and fall
      from round to round: `learning_rate`, `eta0`, `power_t`, `tol` and `n_iter_no_change` are not
      looked at.

    Examples
    --------
    >>> import dask.array as da
    >>> import polyfuse as pf
    >>> X = da.from_array([[0.0], [1.0], [2.0], [3.0]], chunks=(2, 1))
    >>> pf.dask.fit(pf.preprocessing.StandardScaler(), X).mean_
    array([1.5])
    """
    take_fitted(model, _fitted(model, X, y, sample_weight, **options))
    return model


def _fitted(model: Any, X: Any, y: Any, sample_weight: Any, **options: Any) -> Any:
    """A fitted copy of a model."""
    parts = partitions_of(X)
    if isinstance(model, Scaler):
        _require_no(options)
        return fit_scaler(model, _one(model, parts), _cut(parts, sample_weight))
    if isinstance(model, Fusion):
        _require_no(options)
        return _fit_fusion(model, parts)
    callback = options.pop("callback", None)
    is_sgd = isinstance(model, SGDClassifier | SGDRegressor)
    rounds = options.pop("rounds", None) if is_sgd else None
    _require_no(options)
    if parts.n_rows == 0:
        as_samples(np.empty((0, sum(parts.widths))), type(model).__name__)  # which raises
    if isinstance(model, FusionModel):
        from ._fusion_training import fit_fusion_model

        return fit_fusion_model(model, parts, y, sample_weight, callback)
    if isinstance(model, GradientDescent):
        from ._training import fit_descent

        return fit_descent(model, parts, y, sample_weight, callback)
    if is_sgd:
        from ._rounds import fit_rounds

        return fit_rounds(model, parts, y, sample_weight, callback, rounds)
    raise TypeError(
        "model must be a scaler, a Fusion, a FusionClassifier or FusionRegressor, or a linear "
        f"model to be fitted to Dask collections; got {kind_of(model)}. Pass arrays, as "
        "X.compute() returns them."
    )


def _require_no(options: dict[str, Any]) -> None:
    for name, value in options.items():
        if value is not None:
            raise TypeError(f"{name} must be None to fit to Dask collections; got {value!r:.60}.")


def _one(model: Any, parts: Partitions) -> Partitions:
    if not parts.whole:
        raise TypeError(
            f"X must be one matrix to fit a {type(model).__name__} to; got {len(parts.names)} "
            "blocks: fit a scaler per block, or use Fusion(scaler=)."
        )
    return parts


def _cut(parts: Partitions, given: Any) -> Any:
    """Weights, cut as the rows are; one number stands for all of them."""
    if given is None:
        return None
    if isinstance(given, int | float):
        return dask("array").full(parts.n_rows, float(given), chunks=(parts.lengths,))
    array = as_dask_array(given, "sample_weight", parts.lengths)[0]
    return cut_alike([parts.arrays[0], array], ["X", "sample_weight"])[1]


def _fit_fusion(model: Fusion, parts: Partitions) -> Fusion:
    if model.projection not in (None, "random"):
        raise ValueError(
            "projection must be None or 'random' for Dask collections, others learn from all rows; "
            f"got {model.projection!r}."
        )
    if model.columns is not None or parts.whole:
        raise ValueError(
            "X must be a dict or list of Dask collections for Fusion, cut already; "
            f"got columns={model.columns!r} and one matrix."
        )
    own = copy(model)
    own.scaler = None
    of_package(own, "fit")(own, parts.blank())
    scalers = fit_block_scalers(parts, model.scaler)
    own.scaler, own.scalers_ = model.scaler, dict(zip(parts.names, scalers, strict=True))
    return own


def _score(model: Any, X: Any, y: Any, sample_weight: Any = None) -> float:
    """Accuracy, or R², as of arrays."""
    classifies = model._estimator_type == "classifier"
    metric = "accuracy_score" if classifies else "r2_score"
    return float(score(metric, y, model.predict(X), sample_weight))
