"""The lists of operators, losses and dtypes are the same in every layer."""

from __future__ import annotations

import numpy as np
import pytest

from polyfuse._kernels import available, load
from polyfuse._kernels.contract import INPUT_DTYPES, LOSSES, Kernels
from polyfuse._kernels.fusion_ops import OPERATORS, Operator

needs_core = pytest.mark.skipif("native" not in available(), reason="polyfuse._core is not built")
CONTRACT = [name for name in vars(Kernels) if not name.startswith("_")]


@needs_core
def test_core_has_the_same_lists() -> None:
    core = load("native")
    assert tuple(core.fusion_operators()) == tuple(OPERATORS)  # type: ignore[attr-defined]
    assert tuple(core.losses()) == LOSSES  # type: ignore[attr-defined]
    assert tuple(core.input_dtypes()) == tuple(d.name for d in INPUT_DTYPES)  # type: ignore[attr-defined]


@pytest.mark.parametrize("backend", available())
def test_every_kernel_is_there(backend: str) -> None:
    assert len(CONTRACT) >= 8
    assert [name for name in CONTRACT if not callable(getattr(load(backend), name, None))] == []
    assert load(backend).name == backend  # type: ignore[attr-defined]


@pytest.mark.parametrize("op", OPERATORS.values(), ids=OPERATORS)
def test_formulas_work_on_scalars_and_on_arrays(op: Operator) -> None:
    x, w = np.array([3.0, -1.5, 0.25]), np.array([0.5, 2.0, 1.0])
    total = w.sum() if op.weighted else 3.0
    acc = op.lift(x[0], w[0])
    for i in (1, 2):
        acc = op.combine(acc, op.lift(x[i], w[i]))
    columns = np.repeat(x[:, None], 4, axis=1)
    accs = op.lift(columns[0], w[0])
    for i in (1, 2):
        accs = op.combine(accs, op.lift(columns[i], w[i]))
    assert op.finish(accs, total).tolist() == [op.finish(acc, total)] * 4


def test_only_weighted_operators_look_at_weights() -> None:
    weighted = [name for name, op in OPERATORS.items() if op.lift(1.0, 2.0) != 1.0]
    assert weighted == [name for name, op in OPERATORS.items() if op.weighted]
