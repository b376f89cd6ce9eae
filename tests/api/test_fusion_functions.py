"""Functions of the operators as they describe themselves, and messages about what they take."""

from __future__ import annotations

import doctest
import inspect
from typing import Any

import numpy as np
import pytest

from polyfuse import fusion
from polyfuse._kernels.fusion_ops import OPERATORS

A = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
WIDE = np.ones((3, 4))
NAMES = [name for name in (*OPERATORS, "hadamard") if name != "power_mean"]


@pytest.mark.parametrize("name", NAMES)
def test_functions_describe_themselves(name: str) -> None:
    function, op = getattr(fusion, name), OPERATORS.get(name, OPERATORS["product"])
    parameters = inspect.signature(function).parameters
    assert ("weights" in parameters) == op.weighted
    if op.weighted:
        must = parameters["weights"].default is inspect.Parameter.empty
        assert must == (op.weighs == "must")
    for word in (
        op.summary,
        op.formula,
        "Parameters\n",
        "Returns\n",
        "Raises\n",
        f"fusion.{name}(",
    ):
        assert word in function.__doc__
    assert max(map(len, function.__doc__.splitlines())) <= 100
    (examples,) = doctest.DocTestFinder().find(function, name, module=False)
    assert doctest.DocTestRunner(verbose=False).run(examples).failed == 0
    assert len(examples.examples) == 2


@pytest.mark.parametrize(
    ("op", "advice"),
    [
        ("mean", "use op='weighted_mean'"), ("sum", "use op='weighted_sum'"),
        ("vote", "use op='weighted_vote'"), ("median", "use one of 'weighted_sum', "),
        ("concatenate", "use one of 'weighted_sum', "),
    ],
)  # fmt: skip
def test_operators_that_do_not_weigh_name_those_that_do(op: str, advice: str) -> None:
    with pytest.raises(ValueError, match=f"does not weigh its blocks; {advice}"):
        fusion.fuse([A, A], op, weights=[1, 2])
    if op == "mean":
        with pytest.raises(ValueError, match=advice):
            fusion.mean([A, A], weights=[1, 2])


@pytest.mark.parametrize("block", [None, "ab", {"x": 1}, {1.0, 2.0}])
@pytest.mark.parametrize("op", ["mean", "concatenate", "vstack"])
def test_a_block_that_is_no_array(block: Any, op: str) -> None:
    kind = type(block).__name__
    with pytest.raises(TypeError, match=rf"blocks\[1\] must be an array of numbers; got {kind}"):
        fusion.fuse([A, block], op)
    with pytest.raises(TypeError, match=rf"blocks\['b'\] must be an array of numbers; got {kind}"):
        fusion.fuse({"a": A, "b": block}, op)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: fusion.fuse([A, [1.0, 2.0]], "mean"), ValueError, r"blocks\[1\] must be 2-D"),
        (lambda: fusion.weighted_sum([A, A], {"a": 1, "b": 2}), ValueError,
         r"weights must have the keys \[0, 1\]; got \['a', 'b'\]"),
        (lambda: fusion.vstack([A, WIDE]), ValueError, r"got 0: 2, 1: 4\.$"),
        (lambda: fusion.mean([A, WIDE]), ValueError, r"got 0: 2, 1: 4\. Fusion.projection"),
        (lambda: fusion.fuse([A, A], ["mean"]), ValueError, r"must be one of .* \['mean'\]"),  # type: ignore[arg-type]
        (lambda: fusion.weighted_mean([A, A], [None, 1]), ValueError,
         r"weights\[0\] must be a number; got None"),
        (lambda: fusion.bilinear(A, A, None), TypeError, "weight must be an array .* got NoneType"),  # type: ignore[arg-type]
        (lambda: fusion.low_rank([A, A], 4), TypeError,  # type: ignore[arg-type]
         r"factors must be a list or dict of matrices of shape \(n_features_i, rank\).* got int"),
        (lambda: fusion.low_rank([A, A], [None, A]), TypeError, r"factors\[0\] must be an array"),  # type: ignore[list-item]
        (lambda: fusion.mean([A, A], present=3), TypeError, "present must be a list or dict of"),  # type: ignore[arg-type]
        (lambda: fusion.mean([A, A], present=np.ones((3, 2), bool)), ValueError,
         r"one entry per block, 2; got shape \(3, 2\), a column per block: pass present\.T"),
        (lambda: fusion.weighted_mean([A, A], np.ones((3, 2))), ValueError,
         r"got shape \(3, 2\), a column per block: pass weights\.T\[:, :, None\]"),
    ],
)  # fmt: skip
def test_messages(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_the_advice_about_gates_and_masks_works(rng: np.random.Generator) -> None:
    pd = pytest.importorskip("pandas")
    gate, there = rng.dirichlet([1.0, 1.0], 3), np.array([[1, 1], [0, 1], [1, 0]], bool)
    fused = fusion.weighted_mean([A, -A], gate.T[:, :, None])
    np.testing.assert_allclose(fused, gate[:, :1] * A - gate[:, 1:] * A, rtol=1e-12)
    want = fusion.mean(
        {"a": A, "b": -A}, present=dict(zip("ab", there.T, strict=True)), missing=0.0
    )
    masks = pd.DataFrame(there, columns=["a", "b"])
    got = fusion.mean({"a": A, "b": -A}, present=masks, missing=0.0)
    np.testing.assert_array_equal(got, want)
