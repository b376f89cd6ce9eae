"""What a graph of ONNX makes of scores: labels, probabilities, numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._onnx_graph import BOOL, INT64, Graph, Value, along

_ONE = np.array([1], np.int64)


def linear(graph: Graph, x: Value, coef: NDArray, intercept: Any) -> Value:
    """X Wᵀ + b, shape (n, k)."""
    weights = np.atleast_2d(np.asarray(coef, x.dtype))
    bias = np.broadcast_to(np.asarray(intercept, x.dtype), len(weights))
    return graph.op("Gemm", x, graph.constant(weights), graph.constant(bias), transB=1)


def probabilities(graph: Graph, scores: Value, width: int) -> Value:
    """Those of classes that have a score each, or of two classes that share one."""
    if width > 1:
        return graph.op("Softmax", scores, axis=1)
    return both(graph, logistic(graph, scores))


def logistic(graph: Graph, x: Value) -> Value:
    """1 / (1 + exp(-x)), of terms that do not overflow.

    Not by Sigmoid, which onnxruntime makes 0 where x < -18 and the sum of several probabilities
    would be nothing.
    """
    one, zero = graph.constant(1.0, x.dtype), graph.constant(0.0, x.dtype)
    odds = graph.op("Exp", graph.op("Neg", graph.op("Abs", x)))
    negative = graph.op("Less", x, zero, dtype=BOOL)
    above = graph.op("Where", negative, odds, one, dtype=x.dtype)
    return graph.op("Div", above, graph.op("Add", one, odds))


def both(graph: Graph, second: Value) -> Value:
    """Probabilities of two classes, of that of the second."""
    first = graph.op("Sub", graph.constant(1.0, second.dtype), second)
    return graph.op("Concat", first, second, axis=1)


def normalised(graph: Graph, shares: Value, instead: Value) -> Value:
    """Shares divided by their sum; rows whose sum is not positive are other shares."""
    zero = graph.constant(0.0, shares.dtype)
    some = graph.op("Greater", along(graph, "ReduceSum", shares), zero, dtype=BOOL)
    own = graph.op("Where", some, shares, instead, dtype=shares.dtype)
    return graph.op("Div", own, along(graph, "ReduceSum", own))


def likeliest(graph: Graph, scores: Value, width: int) -> Value:
    """The code of the class with the highest score, (n,); of one score, the sign says it."""
    if width > 1:
        return graph.op("ArgMax", scores, dtype=INT64, axis=1, keepdims=0)
    above = graph.op("Greater", scores, graph.constant(0.0, scores.dtype), dtype=BOOL)
    return graph.op("Squeeze", graph.cast(above, INT64), graph.constant(_ONE))


def labels(graph: Graph, codes: Value, classes: NDArray) -> Value:
    """The label of each code.

    Raises
    ------
    ValueError
        If labels are neither numbers nor texts.
    """
    if classes.dtype.kind == "O":
        kinds = {type(label) for label in classes.tolist()}
        if kinds != {str}:
            names = ", ".join(sorted(kind.__name__ for kind in kinds))
            raise ValueError(f"classes_ must be numbers or texts for ONNX; got {names}.")
    elif classes.dtype.kind in "iu" and int(classes.max()) < 2**63:
        classes = classes.astype(np.int64)
    elif classes.dtype.kind not in "bfU":
        raise ValueError(f"classes_ must be numbers or texts for ONNX; got dtype {classes.dtype}.")
    table = graph.constant(classes)
    return graph.op("Gather", table, codes)


def give(graph: Graph, name: str, x: Value, width: int) -> None:
    """Give values of shape (n, width)."""
    graph.output(name, x, ("n", width))


def give_column(graph: Graph, name: str, x: Value) -> None:
    """Give values of shape (n, 1) as (n,)."""
    graph.output(name, graph.op("Squeeze", x, graph.constant(_ONE)), ("n",))


def give_classes(
    graph: Graph, classes: NDArray, decisive: Value, width: int, probabilities: Value | None
) -> None:
    """Give labels, and probabilities or else the scores that decide."""
    graph.output("label", labels(graph, likeliest(graph, decisive, width), classes), ("n",))
    if probabilities is not None:
        give(graph, "probabilities", probabilities, len(classes))
    elif width == 1:
        give_column(graph, "scores", decisive)
    else:
        give(graph, "scores", decisive, width)
