"""Fitted estimators as graphs of ONNX: scaled, fused, and what is learned of them, all in one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ._arrays import require_fitted
from ._estimator import Estimator
from ._fusion_estimator import Fusion
from ._fusion_model import FusionModel
from ._fusion_rows import as_operator, block_weights
from ._fusion_scalers import affine_of
from ._gradient_base import GradientDescent
from ._kernels.contract import CONCATENATE
from ._least_squares import LinearRegression
from ._missing import as_policy
from ._normalizer import Normalizer, least_norm
from ._one_class import SGDOneClassSVM
from ._onnx_blocks import (
    Source,
    dtypes_of,
    filled,
    fuse,
    mapped,
    missing,
    nowhere,
    precision,
    scaled,
)
from ._onnx_fusion import add_fusion_model
from ._onnx_graph import BOOL, FLOAT64, INT64, Graph, Value, along
from ._onnx_outputs import (
    both,
    give,
    give_classes,
    give_column,
    linear,
    logistic,
    normalised,
    probabilities,
)
from ._scaler import AffineMap
from ._sgd_base import SGD
from ._sgd_inputs import model_dtype
from ._sgd_sweep import SGDSweep


def to_onnx(model: Estimator, dtypes: Any) -> Any:
    """The graph of a fitted estimator, as onnx.ModelProto; see ``Estimator.to_onnx``."""
    from . import __version__

    add = next((add for kind, add in _KINDS if isinstance(model, kind)), None)
    name = type(model).__name__
    if add is None:
        raise ValueError(f"{name} is nothing that a graph of ONNX says.")
    require_fitted(model, "best_estimator_" if isinstance(model, SGDSweep) else "n_features_in_")
    graph = Graph()
    add(graph, model, dtypes)
    return graph.model(name, __version__)


def _sources(
    graph: Graph, names: Sequence[str], widths: Sequence[int], scalers: Sequence[Any], dtypes: Any,
    default: np.dtype,
) -> list[Source]:  # fmt: skip
    """An input for each block."""
    each = dtypes_of(names, dtypes, default)
    return [
        Source(name, graph.input(name, dtype, width), width, scaler)
        for name, width, scaler, dtype in zip(names, widths, scalers, each, strict=True)
    ]


def _one_source(graph: Graph, model: Any, dtypes: Any, default: np.dtype) -> Source:
    return _sources(graph, ["X"], [model.n_features_in_], [None], dtypes, default)[0]


# -- linear models -------------------------------------------------------------------------------


def _rows(graph: Graph, model: Any, dtypes: Any) -> Value:
    """The rows that a linear model multiplies by its coefficients."""
    names, default = getattr(model, "modalities_", ["X"]), model.coef_.dtype
    sources = _sources(graph, names, model._widths, model._scalers, dtypes, default)
    affines = [affine_of(source.scaler) for source in sources]
    dtype = model_dtype([source.empty for source in sources], affines)
    if isinstance(model, SGD) and model.coef_.dtype != np.float32:
        dtype = FLOAT64
    staged = [scaled(graph, source, dtype) for source in sources]
    return fuse(graph, CONCATENATE, staged, [None] * len(staged), np.ones(len(staged)))


def _add_linear(graph: Graph, model: Any, dtypes: Any) -> None:
    if hasattr(model.coef_, "toarray"):
        raise ValueError("coef_ is sparse: bring it back to an array with densify().")
    rows = _rows(graph, model, dtypes)
    if isinstance(model, SGDOneClassSVM):
        _add_one_class(graph, model, rows)
        return
    scores = linear(graph, rows, model.coef_, model.intercept_)
    if model._estimator_type != "classifier":
        give_column(graph, "prediction", scores)
        return
    width = len(np.atleast_2d(model.coef_))
    likely = _probabilities(graph, model, scores, width)
    give_classes(graph, model.classes_, scores, width, likely)


def _probabilities(graph: Graph, model: Any, scores: Value, width: int) -> Value | None:
    """Those of ``predict_proba``, if there is one."""
    if not hasattr(model, "predict_proba"):
        return None
    loss = getattr(model, "loss", "multinomial")
    if loss == "multinomial" or (loss == "log_loss" and width == 1):
        return probabilities(graph, scores, width)
    if loss == "log_loss":
        each = logistic(graph, scores)
    else:
        one, half = graph.constant(1.0, scores.dtype), graph.constant(0.5, scores.dtype)
        minus = graph.constant(-1.0, scores.dtype)
        clipped = graph.op("Clip", scores, minus, one)
        each = graph.op("Mul", graph.op("Add", clipped, one), half)
    if width == 1:
        return both(graph, each)
    return normalised(graph, each, graph.constant(np.ones((1, width)), scores.dtype))


def _add_one_class(graph: Graph, model: Any, rows: Value) -> None:
    scores = linear(graph, rows, model.coef_, -model.offset_)
    below = graph.op("Less", scores, graph.constant(0.0, scores.dtype), dtype=BOOL)
    unusual, usual = graph.constant(-1, INT64), graph.constant(1, INT64)
    give_column(graph, "label", graph.op("Where", below, unusual, usual, dtype=INT64))
    give_column(graph, "scores", scores)


def _add_least_squares(graph: Graph, model: Any, dtypes: Any) -> None:
    source = _one_source(graph, model, dtypes, model.coef_.dtype)
    found = linear(graph, scaled(graph, source, precision([source])), model.coef_, model.intercept_)
    if model.coef_.ndim == 1:
        give_column(graph, "prediction", found)
    else:
        give(graph, "prediction", found, len(model.coef_))


def _add_sweep(graph: Graph, model: Any, dtypes: Any) -> None:
    _add_linear(graph, model.best_estimator_, dtypes)


# -- scalers -------------------------------------------------------------------------------------


def _floats(graph: Graph, model: Any, dtypes: Any) -> Value:
    """Rows as a scaler takes them: integers become float64."""
    rows = _one_source(graph, model, dtypes, FLOAT64).rows
    return rows if rows.dtype.kind == "f" else graph.cast(rows, FLOAT64)


def _add_scaler(graph: Graph, model: Any, dtypes: Any) -> None:
    x = _floats(graph, model, dtypes)
    found = mapped(graph, x, model._affine())
    if getattr(model, "clip", False):
        low, high = getattr(model, "feature_range", (-1, 1))
        edges = (graph.constant(edge, x.dtype) for edge in (low, high))
        found = graph.op("Clip", found, *edges)
    give(graph, "transformed", found, model.n_features_in_)


def _add_normalizer(graph: Graph, model: Any, dtypes: Any) -> None:
    x = _floats(graph, model, dtypes)
    wide = graph.op("Abs", graph.cast(x, FLOAT64))
    if model.norm == "l2":
        norm = graph.op("Sqrt", along(graph, "ReduceSum", graph.op("Mul", wide, wide)))
    else:
        norm = along(graph, "ReduceMax" if model.norm == "max" else "ReduceSum", wide)
    norm = graph.cast(norm, x.dtype)
    small = graph.op("Less", norm, graph.constant(least_norm(x.dtype), x.dtype), dtype=BOOL)
    divisor = filled(graph, norm, small, 1.0)
    give(graph, "transformed", graph.op("Div", x, divisor), model.n_features_in_)


# -- fusion --------------------------------------------------------------------------------------


def _add_fusion_model(graph: Graph, model: Any, dtypes: Any) -> None:
    each = [model.coef_[name].dtype for name in model.modalities_]
    chosen = each if dtypes is None else dtypes
    sources = _sources(
        graph, model.modalities_, model._widths, list(model.scalers_.values()), chosen, each[0]
    )
    add_fusion_model(graph, model, sources)


def _add_fusion(graph: Graph, model: Any, dtypes: Any) -> None:
    projected = [name for name, own in model.projections_.items() if own is not None]
    if projected:
        raise ValueError(
            f"projection of {projected[0]!r} is scikit-learn's, which is nothing that a graph of "
            "ONNX says here: convert it by its own means."
        )
    op, p = as_operator(model.op, model.p)
    policy = as_policy(model.missing, None, op)
    if policy == "raise":
        raise ValueError(
            "missing='raise' is nothing that a graph of ONNX does: set missing to None, 'skip', "
            "'zero' or a number."
        )
    sources = _fused_sources(graph, model, dtypes)
    parts = [scaled(graph, source, precision(sources)) for source in sources]
    masks = [None if policy is None else missing(graph, source) for source in sources]
    empty, there = nowhere(graph, masks), masks
    if isinstance(policy, float):
        parts = [filled(graph, x, mask, policy) for x, mask in zip(parts, masks, strict=True)]
        there = [None] * len(parts)
    shape = None if op == CONCATENATE else (1, model.n_features_out_)
    weights = block_weights(model._names, op, model.weights, shape)
    found = fuse(graph, op, parts, there, weights, p)
    give(graph, "transformed", filled(graph, found, empty, np.nan), model.n_features_out_)


def _fused_sources(graph: Graph, model: Any, dtypes: Any) -> list[Source]:
    """The blocks as they are given, or cut out of one matrix."""
    scalers = list(model.scalers_.values())
    if model._parts is None:
        return _sources(graph, model.modalities_, model._widths, scalers, dtypes, FLOAT64)
    whole, each = _one_source(graph, model, dtypes, FLOAT64).rows, []
    places = np.arange(model.n_features_in_)
    for name, part, scaler in zip(model.modalities_, model._parts.values(), scalers, strict=True):
        rows = graph.op("Gather", whole, graph.constant(places[part], INT64), axis=1)
        each.append(Source(name, rows, len(places[part]), scaler))
    return each


_KINDS: tuple[tuple[type, Callable[[Graph, Any, Any], None]], ...] = (
    (SGDSweep, _add_sweep),
    (SGD, _add_linear),
    (GradientDescent, _add_linear),
    (LinearRegression, _add_least_squares),
    (FusionModel, _add_fusion_model),
    (Fusion, _add_fusion),
    (AffineMap, _add_scaler),
    (Normalizer, _add_normalizer),
)
