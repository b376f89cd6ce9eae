"""What the functions of the operators say of themselves: signatures and docstrings."""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, signature
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._kernels.fusion_ops import Fold, Gather, Operator

_BLOCKS = ([[1.0, 4.0]], [[9.0, 4.0]], [[9.0, 2.0]])
_WEIGHTS = (2.0, 1.0, 1.0)

_DOC = """{summary}

    {formula}

Parameters
----------
blocks : dict, list or Blocks of array-like, each of shape (n_samples, n_features)
    Any real dtypes, mixed, and any strides.
{weights}scalers, out, missing, present, all_missing, projection, n_components
    As for :func:`polyfuse.fusion.fuse`.

Returns
-------
ndarray of shape (n_samples, n_features)
    float16 if all blocks are, else float32 or float64{whole}.

Raises
------
TypeError, ValueError
    If the blocks do not fit each other{or_weights}, or an argument is not as described; or if a
    block is missing where it may not be. The message names the block and the row.

Examples
--------
>>> from polyfuse import fusion
>>> fusion.{name}({call})
{result}
"""

_WEIGHTS_DOC = """weights : dict or list, one entry per block, or ndarray{optional}
    Finite{sign}.{default} Entry i is broadcast
    against block i: a number, shape (n_features,), or (n_samples, 1).
"""


def describe_function(function: Callable[..., Any], op: Operator, name: str) -> None:
    """Give the function of an operator its name, signature and docstring."""
    own = signature(function)
    parameters = dict(own.parameters)
    if op.weighs == "never":
        del parameters["weights"]
    elif op.weighs == "must":
        parameters["weights"] = parameters["weights"].replace(default=Parameter.empty)
    function.__signature__ = own.replace(parameters=list(parameters.values()))  # type: ignore[attr-defined]
    function.__name__ = function.__qualname__ = name
    function.__doc__ = _docstring(op, name)


def _docstring(op: Operator, name: str) -> str:
    must, votes = op.weighs == "must", "vote" in op.name
    weights = _WEIGHTS_DOC.format(
        optional="" if must else ", optional",
        sign=", not negative" if votes else ", their sum not zero" if op.divided else "",
        default="" if must else " Ones by default.",
    )
    call = ", ".join(map(str, _BLOCKS))
    return _DOC.format(
        summary=op.summary,
        formula=op.formula,
        name=name,
        weights=weights if op.weighted else "",
        or_weights=" or the weights" if op.weighted else "",
        whole="; integers for votes among integers" if votes else "",
        call=f"[{call}]" + (f", {list(_WEIGHTS)}" if must else ""),
        result=np.array_repr(_example(op), precision=8),
    )


def _example(op: Operator) -> NDArray:
    """What the formula makes of the blocks of the example."""
    x = np.array(_BLOCKS)
    w = np.array(_WEIGHTS if op.weighs == "must" else np.ones(len(x)))
    if isinstance(op, Gather):
        return op.gather(x, w.reshape(-1, 1, 1))
    assert isinstance(op, Fold)
    acc: Any = op.lift(x[0], w[0], 1.0)
    for own, weight in zip(x[1:], w[1:], strict=True):
        acc = op.combine(acc, op.lift(own, weight, 1.0))
    fused: NDArray = op.finish(acc, w.sum(), 1.0)
    return fused
