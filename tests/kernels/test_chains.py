"""Chains do not know of each other, nor of the calls that their steps are cut into."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from polyfuse._kernels import available, load
from polyfuse._kernels.contract import Kernels

from .case import Call
from .cases.chains import KINDS, MIXED, problem
from .test_properties import examples
from .tolerances import EXACT

SOFTMAX: dict[str, Any] = {
    "loss": ["multinomial"], "penalty": ["elasticnet"], "schedule": ["invscaling"],
    "positive": range(4), "average": [5], "objective": [1], "m": 4,
}  # fmt: skip
MANY: dict[str, Any] = {**MIXED, "m": 11, "begun": True}
ALIKE: dict[str, Any] = {"loss": ["hinge", "log_loss"], "penalty": ["l2"], "m": 9}
RESETS: dict[str, Any] = {**ALIKE, "alpha": [30.0], "step": 20.0, "average": (1, 0)}
PARTS: dict[str, Any] = {**MANY, "n_parts": 3}
each_kind = pytest.mark.parametrize("kind", ["plain", "side-by-side", "mean", "csr", "csr-beside"])
each_dtype = pytest.mark.parametrize("dtype", [np.dtype("float32"), np.dtype("float64")], ids=str)


def drawn(dtype: np.dtype, spec: dict[str, Any]) -> Call:
    return problem(np.random.default_rng(5), dtype, weighted=True, **spec)


def same(got: Sequence[NDArray], want: Sequence[NDArray], dtype: np.dtype) -> None:
    for a, b in zip(got, want, strict=True):
        EXACT.check(a, b, dtype)


def one_of(call: Call, c: int) -> Call:
    """Chain `c` of a call by itself."""
    rows, order, targets, weight, *written, exact = call.arguments
    alone = tuple(out[c : c + 1].copy() for out in written)
    order = order if len(order) == 1 else order[c : c + 1]
    return Call((rows, order, targets, weight, *alone, exact), alone)


@each_kind
@each_dtype
@pytest.mark.parametrize(
    ("exact", "spec"),
    [
        (True, MANY), (True, {**MANY, "order": "own"}), (True, RESETS), (False, MANY),
        (False, ALIKE), (False, RESETS), (False, SOFTMAX), (True, PARTS),
        (True, {**RESETS, "n_parts": 2}), (False, PARTS), (False, {**SOFTMAX, "n_parts": 3}),
    ],
    ids=[
        "exact", "own-orders", "resets", "fast", "alike", "fast-resets", "softmax", "parts",
        "parts-resets", "fast-parts", "softmax-parts",
    ],
)  # fmt: skip
def test_cuts_do_not_show(
    implementation: Kernels, kind: str, dtype: np.dtype, exact: bool, spec: dict[str, Any]
) -> None:
    call = drawn(dtype, {"kind": KINDS[kind], "exact": exact, **spec})

    def pieces(rows: Any, order: NDArray, *rest: Any) -> None:
        ends = [0, 0, 1, 18, 19, order.shape[1]]
        for start, stop in pairwise(ends):
            implementation.chains(rows, order[:, start:stop], *rest)

    same(call.run(pieces), call.run(implementation.chains), dtype)


@each_kind
@each_dtype
@pytest.mark.parametrize(
    ("exact", "spec"),
    [
        (True, MANY), (True, {**MANY, "order": "own"}), (True, RESETS), (False, MANY),
        (False, ALIKE), (False, RESETS), (True, {**PARTS, "order": "own"}), (False, PARTS),
    ],
    ids=[
        "exact", "own-orders", "resets", "fast", "alike", "fast-resets", "parts", "fast-parts",
    ],
)  # fmt: skip
def test_a_chain_of_many_is_the_chain_alone(
    implementation: Kernels, kind: str, dtype: np.dtype, exact: bool, spec: dict[str, Any]
) -> None:
    call = drawn(dtype, {"kind": KINDS[kind], "exact": exact, **spec})
    singles = [one_of(call, c) for c in range(spec["m"])]
    together = call.run(implementation.chains)
    for c, single in enumerate(singles):
        alone = single.run(implementation.chains)
        same(alone, [out[c : c + 1] for out in together], dtype)


@each_dtype
@pytest.mark.parametrize("spec", [MANY, PARTS], ids=["whole", "parts"])
def test_settling_twice_is_settling_once(
    implementation: Kernels, dtype: np.dtype, spec: dict[str, Any]
) -> None:
    call = drawn(dtype, {"exact": True, **spec})
    implementation.chains(*call.arguments)
    chains, coef, average, _, parts = call.outputs
    implementation.settle_chains(chains, coef, average, parts)
    once = [out.copy() for out in call.outputs]
    assert ((parts if len(parts) else chains)["scale"] == 1.0).all()
    implementation.settle_chains(chains, coef, average, parts)
    same(call.outputs, once, dtype)


@each_kind
@each_dtype
@pytest.mark.parametrize(
    ("exact", "spec"),
    [(True, MIXED), (True, RESETS), (False, MIXED), (False, RESETS), (False, SOFTMAX)],
    ids=["exact", "resets", "fast", "fast-resets", "softmax"],
)
def test_one_part_of_all_columns_is_no_part(
    implementation: Kernels, kind: str, dtype: np.dtype, exact: bool, spec: dict[str, Any]
) -> None:
    """But for what is kept of them: and where fast chains are swept, for the sign of zeros."""
    spec = {"m": 11, **spec, "kind": KINDS[kind], "exact": exact}
    whole = drawn(dtype, spec).run(implementation.chains)
    cut = drawn(dtype, {**spec, "n_parts": 1, "even": True}).run(implementation.chains)
    same(cut[1:4], whole[1:4], dtype)
    for name in ("intercept", "average_intercept", "eta", "t", "loss_sum", "objective_sum"):
        same([cut[0][name]], [whole[0][name]], dtype)
    for name in ("scale", "u", "average_a", "average_b", "sq_norm", "l1_norm"):
        same([cut[4][name][:, 0]], [whole[0][name]], dtype)


@pytest.mark.skipif("native" not in available(), reason="polyfuse._core is not built")
@pytest.mark.parametrize(("kind", "widths"), [
    ("plain", [19, 0]), ("plain", [21, -1]), ("plain", [2**62, 2**62]), ("csr-two", [6, 31]),
])  # fmt: skip
def test_parts_that_are_not_of_the_rows(kind: str, widths: list[int]) -> None:
    call = drawn(np.dtype("f8"), {"exact": True, "kind": KINDS[kind], "m": 2, "n_parts": 2})
    call.outputs[-1]["width"] = widths
    with pytest.raises(ValueError, match="parts"):
        load("native").chains(*call.arguments)


@examples
@given(n=st.integers(0, 300), seed=st.integers(0, 2**31 - 1))
def test_a_shuffle_is_a_permutation(implementation: Kernels, n: int, seed: int) -> None:
    start = np.random.default_rng(seed).integers(-1000, 1000, n)
    order = start.copy()
    implementation.shuffle(seed, order)
    np.testing.assert_array_equal(np.sort(order), np.sort(start))
    again = start.copy()
    implementation.shuffle(seed, again)
    np.testing.assert_array_equal(again, order)
    places = np.arange(n)
    implementation.shuffle(seed, places)
    np.testing.assert_array_equal(start[places], order)
