"""Fusion models as graphs of ONNX: early, late, and what lies between."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._fusion_model import FusionModel
from ._fusion_parameters import EARLY, WEIGHTED
from ._kernels.contract import CONCATENATE
from ._modality_scores import RANKED, VOTES
from ._onnx_blocks import Source, filled, fuse, missing, nowhere, precision, ranks, scaled
from ._onnx_graph import BOOL, FLOAT64, INT64, Graph, Value
from ._onnx_outputs import (
    give_classes,
    give_column,
    linear,
    normalised,
    probabilities,
)

_K = 60.0  # of reciprocal rank fusion
Masks = Sequence[Value | None]


def add_fusion_model(graph: Graph, model: FusionModel, sources: Sequence[Source]) -> None:
    """What a fitted fusion model says of blocks."""
    masks = [missing(graph, source) for source in sources]
    classes = getattr(model, "classes_", None)
    if model._level == "early":
        scores = _early(graph, model, sources, masks)
    elif model._level == "late":
        scores = _late(graph, model, sources, masks)
    else:
        scores = _added(graph, model, sources, masks)
    if classes is None:
        give_column(graph, "prediction", scores)
        return
    width = 1 if len(classes) == 2 and model._level != "late" else len(classes)
    give_classes(graph, classes, scores, width, _probabilities(graph, model, scores, width))


def _early(graph: Graph, model: FusionModel, sources: Sequence[Source], masks: Masks) -> Value:
    """Scores of features fused."""
    dtype = precision(sources)
    staged = [scaled(graph, source, dtype) for source in sources]
    rows = fuse(graph, model._fusion, staged, masks, model.weights_)
    coefs = list(model.coef_.values())
    if model._fusion == CONCATENATE:
        return linear(graph, rows, np.concatenate(coefs, axis=1), model.intercept_)
    scores, empty = linear(graph, rows, coefs[0], model.intercept_), nowhere(graph, masks)
    return _instead(graph, scores, empty, model.intercept_)


def _added(graph: Graph, model: FusionModel, sources: Sequence[Source], masks: Masks) -> Value:
    """Scores of modalities that add up, with an intercept; of a hybrid, shares of both kinds."""
    hybrid, each = model._level == "hybrid", []
    for m, coef in enumerate(model.coef_.values()):
        rows = _rows(graph, sources[m], masks[m])
        own = linear(graph, rows, coef, 0.0)
        if hybrid:
            shares, together = model._shares(), model._together.coefs[m]
            early = linear(graph, rows, together, 0.0)
            own = graph.op(
                "Add",
                _times(graph, graph.cast(own, FLOAT64), shares[m]),
                _times(graph, graph.cast(early, FLOAT64), shares[-1]),
            )
        each.append(own)
    each = _alike(graph, each)
    intercept = model.intercept_
    if hybrid:
        members = [*model.coef_, EARLY]
        intercept = sum(
            share * intercept[name] for share, name in zip(model._shares(), members, strict=True)
        )
    none: Masks = [None] * len(each)
    total = fuse(graph, "sum", each, none, np.ones(len(each)))
    return graph.op("Add", total, graph.constant(intercept, total.dtype))


def _late(graph: Graph, model: FusionModel, sources: Sequence[Source], masks: Masks) -> Value:
    """What becomes of what each modality says."""
    rule, parts = model._fusion, []
    for m, (name, coef) in enumerate(model.coef_.items()):
        own = linear(graph, _rows(graph, sources[m], masks[m]), coef, model.intercept_[name])
        parts.append(_response(graph, model, name, own, len(coef)))
    weights = model.weights_ if rule in WEIGHTED else np.ones(len(parts))
    heard = [m for m in range(len(parts)) if weights[m] != 0.0]
    if not heard:
        raise ValueError(f"weights_ must not all be zero for ONNX; got {weights.tolist()}.")
    parts, heard_masks = _alike(graph, [parts[m] for m in heard]), [masks[m] for m in heard]
    own_weights = weights[heard]
    if rule in RANKED:
        parts = [_points(graph, rule, x, len(model.prior_)) for x in parts]
        rule = "weighted_sum"
    elif rule in VOTES:
        parts = [_vote(graph, x, len(model.prior_)) for x in parts]
        rule = "sum" if rule == "vote" else "weighted_sum"
    scores = fuse(graph, rule, parts, heard_masks, own_weights)
    return _instead(graph, scores, nowhere(graph, heard_masks), model.prior_)


def _response(graph: Graph, model: Any, name: str, own: Value, width: int) -> Value:
    """What is fused of the scores of a modality: see ``_late.responses``."""
    if not hasattr(model, "classes_"):
        return own
    if width == 1:
        half = _times(graph, own, 0.5)
        own = graph.op("Concat", graph.op("Neg", half), half, axis=1)
    if model._response == "rank":
        return ranks(graph, own)
    cooled = graph.op("Div", own, graph.constant(model.temperatures_[name], own.dtype))
    if model._response == "score":
        return cooled
    likely = probabilities(graph, cooled, len(model.classes_))
    return graph.op("Max", likely, graph.constant(np.finfo(own.dtype).tiny, own.dtype))


def _points(graph: Graph, rule: str, x: Value, width: int) -> Value:
    """What a rank is worth."""
    ranked = ranks(graph, x)
    if rule == "borda":
        return graph.op("Sub", ranked, graph.constant(1.0, FLOAT64))
    places = graph.op("Sub", graph.constant(_K + width + 1.0, FLOAT64), ranked)
    return graph.op("Reciprocal", places)


def _vote(graph: Graph, x: Value, width: int) -> Value:
    """One for the likeliest class, else zero."""
    chosen = graph.op("ArgMax", x, dtype=INT64, axis=1, keepdims=1)
    every = graph.constant(np.arange(width, dtype=np.int64))
    return graph.cast(graph.op("Equal", chosen, every, dtype=BOOL), x.dtype)


def _probabilities(graph: Graph, model: Any, scores: Value, width: int) -> Value:
    counted = model._fusion in (*VOTES, *RANKED)
    if model._level != "late" or (model._response == "score" and not counted):
        return probabilities(graph, scores, width)
    return normalised(graph, scores, graph.constant(model.prior_[None], scores.dtype))


def _rows(graph: Graph, source: Source, mask: Value | None) -> Value:
    """A block scaled on its own, with zeros where it is missing."""
    return filled(graph, scaled(graph, source, precision([source])), mask, 0.0)


def _alike(graph: Graph, values: Sequence[Value]) -> list[Value]:
    """Values in the widest of their precisions."""
    if not values:
        return []
    dtype = np.result_type(*(value.dtype for value in values))
    return [graph.cast(value, dtype) for value in values]


def _times(graph: Graph, x: Value, factor: float) -> Value:
    return graph.op("Mul", x, graph.constant(factor, x.dtype))


def _instead(graph: Graph, x: Value, where: Value | None, row: NDArray) -> Value:
    """Rows with another in place of those of a mask."""
    if where is None:
        return x
    return graph.op("Where", where, graph.constant(row, x.dtype), x, dtype=x.dtype)
