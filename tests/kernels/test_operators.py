"""The lists of operators, losses and dtypes are the same in every layer."""

from __future__ import annotations

import numpy as np
import pytest

from polyfuse._kernels import available, load
from polyfuse._kernels.contract import (
    CHAIN,
    CHAIN_LOSSES,
    ERRORS,
    INPUT_DTYPES,
    LOSSES,
    PART,
    Kernels,
)
from polyfuse._kernels.fusion_ops import OPERATORS, Fold, Gather

needs_core = pytest.mark.skipif("native" not in available(), reason="polyfuse._core is not built")
CONTRACT = [name for name in vars(Kernels) if not name.startswith("_")]


@needs_core
def test_core_has_the_same_lists() -> None:
    core = load("native")
    assert tuple(core.fusion_operators()) == tuple(OPERATORS)  # type: ignore[attr-defined]
    assert tuple(core.losses()) == LOSSES  # type: ignore[attr-defined]
    assert tuple(core.errors()) == ERRORS  # type: ignore[attr-defined]
    assert tuple(core.chain_losses()) == CHAIN_LOSSES  # type: ignore[attr-defined]
    assert tuple(core.chain_fields()) == CHAIN.names  # type: ignore[attr-defined]
    assert tuple(core.part_fields()) == PART.names  # type: ignore[attr-defined]
    assert tuple(core.input_dtypes()) == tuple(d.name for d in INPUT_DTYPES)  # type: ignore[attr-defined]


@pytest.mark.parametrize("backend", available())
def test_every_kernel_is_there(backend: str) -> None:
    assert len(CONTRACT) >= 8
    assert [name for name in CONTRACT if not callable(getattr(load(backend), name, None))] == []
    assert load(backend).name == backend  # type: ignore[attr-defined]


FOLDS = {name: op for name, op in OPERATORS.items() if isinstance(op, Fold)}
GATHERS = {name: op for name, op in OPERATORS.items() if isinstance(op, Gather)}


@pytest.mark.parametrize("op", FOLDS.values(), ids=FOLDS)
def test_formulas_work_on_scalars_and_on_arrays(op: Fold) -> None:
    x, w, p = np.array([3.0, 1.5, 0.25]), np.array([0.5, 2.0, 1.0]), 2.5
    total = w.sum() if op.weighted else 3.0
    acc = op.lift(x[0], w[0], p)
    for i in (1, 2):
        acc = op.combine(acc, op.lift(x[i], w[i], p))
    columns = np.repeat(x[:, None], 4, axis=1)
    accs = op.lift(columns[0], w[0], p)
    for i in (1, 2):
        accs = op.combine(accs, op.lift(columns[i], w[i], p))
    np.testing.assert_allclose(op.finish(accs, total, p), [op.finish(acc, total, p)] * 4, 1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("op", GATHERS.values(), ids=GATHERS)
def test_gathered_values_keep_their_precision(op: Gather, dtype: type) -> None:
    x = np.array([3.0, 1.5, 3.0, 2.0], dtype)[:, None, None] * np.ones((4, 5, 2), dtype)
    for shape in ((4, 1, 1), (4, 5, 1), (4, 1, 2)):
        fused = op.gather(x, np.ones(shape, dtype))
        assert (fused.shape, fused.dtype) == ((5, 2), np.dtype(dtype))


def test_only_weighted_operators_look_at_weights() -> None:
    assert {op.weighs for op in OPERATORS.values()} == {"never", "must", "may"}
    weighted = [name for name, op in FOLDS.items() if op.lift(2.0, 2.0, 2.0) != 2.0]
    assert weighted == [name for name, op in FOLDS.items() if op.weighted]
    x, w = np.array([1.0, 1.0, 2.0]).reshape(3, 1, 1), np.array([1.0, 1.0, 9.0]).reshape(3, 1, 1)
    weighted = [name for name, op in GATHERS.items() if op.gather(x, w) != 1.0]
    assert weighted == [name for name, op in GATHERS.items() if op.weighted]
