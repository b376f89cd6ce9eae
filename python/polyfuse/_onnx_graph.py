"""A graph of ONNX, built a node at a time; each value knows what it is an array of."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

OPSET, IR_VERSION = 13, 8
"""The oldest that say all that is needed, so that old runtimes read it too."""

FLOAT64, INT64, BOOL = np.dtype(np.float64), np.dtype(np.int64), np.dtype(bool)


class Value(NamedTuple):
    """What a node makes, or takes: its name, and the dtype of its elements."""

    name: str
    dtype: np.dtype


class Graph:
    """Nodes in the order in which they are computed.

    Raises
    ------
    ImportError
        If the package onnx is not installed.
    """

    def __init__(self) -> None:
        try:
            import onnx
        except ImportError as error:
            raise ImportError("to_onnx needs onnx: pip install 'polyfuse[onnx]'.") from error
        self._onnx: Any = onnx
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []
        self._taken: set[str] = set()

    def input(self, name: str, dtype: np.dtype, width: int) -> Value:
        """Rows that the graph is given, shape (n, width)."""
        self._inputs.append(self._described(name, dtype, ("n", width)))
        self._taken.add(name)
        return Value(name, dtype)

    def constant(self, x: Any, dtype: np.dtype | None = None) -> Value:
        """Numbers, or texts, that are part of the graph."""
        array = np.asarray(x, dtype)
        name = self._fresh("constant")
        if array.dtype.kind in "OU":
            texts = [str(text).encode() for text in array.ravel()]
            kind = self._onnx.TensorProto.STRING
            tensor = self._onnx.helper.make_tensor(name, kind, array.shape, texts)
        else:
            tensor = self._onnx.numpy_helper.from_array(np.ascontiguousarray(array), name)
            tensor.dims[:] = array.shape  # of a scalar, which "contiguous" makes a vector
        self._constants.append(tensor)
        return Value(name, array.dtype)

    def op(
        self, kind: str, *values: Value, dtype: np.dtype | None = None, **attributes: Any
    ) -> Value:
        """The one output of a node, of the dtype of its first input unless another is given."""
        out = Value(self._fresh(kind.lower()), dtype or values[0].dtype)
        names = [value.name for value in values]
        self._nodes.append(self._onnx.helper.make_node(kind, names, [out.name], **attributes))
        return out

    def sorted(self, x: Value, k: int) -> Value:
        """Its last axis, of length k, in ascending order."""
        out, places = Value(self._fresh("sorted"), x.dtype), self._fresh("places")
        length = self.constant([k], INT64)
        self._nodes.append(
            self._onnx.helper.make_node(
                "TopK", [x.name, length.name], [out.name, places], axis=-1, largest=0, sorted=1
            )
        )
        return out

    def cast(self, x: Value, dtype: np.dtype) -> Value:
        """Its elements as those of another dtype."""
        return x if x.dtype == dtype else self.op("Cast", x, dtype=dtype, to=self._kind(dtype))

    def output(self, name: str, x: Value, shape: tuple[str | int, ...]) -> None:
        """Give a value to whoever runs the graph.

        Raises
        ------
        ValueError
            If an input has that name.
        """
        if name in self._taken:
            raise ValueError(
                f"{name!r} is what a modality is called, and what the graph returns: rename it."
            )
        self._nodes.append(self._onnx.helper.make_node("Identity", [x.name], [name]))
        self._outputs.append(self._described(name, x.dtype, shape))

    def model(self, name: str, version: str) -> Any:
        """The whole, as onnx.ModelProto, checked."""
        helper = self._onnx.helper
        graph = helper.make_graph(
            self._nodes, name, self._inputs, self._outputs, initializer=self._constants
        )
        made = helper.make_model(
            graph, producer_name="polyfuse", producer_version=version, ir_version=IR_VERSION,
            opset_imports=[helper.make_opsetid("", OPSET)],
        )  # fmt: skip
        self._onnx.checker.check_model(made)
        return made

    def _fresh(self, word: str) -> str:
        name = f"{word}_{len(self._taken)}"
        while name in self._taken:
            name += "_"
        self._taken.add(name)
        return name

    def _kind(self, dtype: np.dtype) -> int:
        if dtype.kind in "OU":
            return int(self._onnx.TensorProto.STRING)
        return int(self._onnx.helper.np_dtype_to_tensor_dtype(dtype))

    def _described(self, name: str, dtype: np.dtype, shape: tuple[str | int, ...]) -> Any:
        return self._onnx.helper.make_tensor_value_info(name, self._kind(dtype), shape)


def stacked(graph: Graph, values: list[Value]) -> Value:
    """Values of shape (n, d) along a last axis of their own, (n, d, k)."""
    axis = graph.constant([2], INT64)
    return graph.op("Concat", *(graph.op("Unsqueeze", x, axis) for x in values), axis=2)


def along(graph: Graph, kind: str, x: Value, axis: int = 1) -> Value:
    """A reduction along an axis, which stays as one of length 1."""
    if kind == "ReduceSum":
        return graph.op(kind, x, graph.constant([axis], INT64), keepdims=1)
    return graph.op(kind, x, axes=[axis], keepdims=1)


def folded(graph: Graph, kind: str, values: list[Value]) -> Value:
    """The values put together by a binary operator, from left to right."""
    total = values[0]
    for value in values[1:]:
        total = graph.op(kind, total, value)
    return total
