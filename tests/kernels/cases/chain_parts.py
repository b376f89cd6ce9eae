"""Chains whose columns are cut into parts."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import product
from typing import Any

from polyfuse._kernels.contract import PENALTIES, SCHEDULES

from ..case import Case
from ..tolerances import EXACT
from .chains import FAST, KINDS, MIXED, RESET, both, problem


def parts_cases() -> Iterator[Case]:
    """Columns that move and are penalised each in their own way."""
    mixed: dict[str, Any] = {**MIXED, "m": 7, "weighted": True}
    for penalty, schedule in product(PENALTIES, SCHEDULES):
        spec: dict[str, Any] = {**mixed, "penalty": [penalty], "schedule": [schedule]}
        yield from both(f"parts-{penalty}-{schedule}", n_parts=3, **spec)
    for k, name in product((1, 2, 5), KINDS):
        spec = {**mixed, "kind": KINDS[name], "n_parts": k}
        yield from both(f"parts-{k}-{name}", **spec)
        make = partial(problem, exact=True, order="own", begun=True, **spec)
        yield Case(f"chains-parts-{k}-{name}-begun", "chains", make, EXACT)
    for alpha in (30.0, 3000.0):
        spec = {"penalty": ("l2", "elasticnet"), "average": (1, 0, 9), "objective": [1], "m": 6}
        spec = {**spec, "alpha": [alpha], "loss": ("hinge", "log_loss", "huber"), "step": 20.0}
        yield from both(f"parts-reset-{alpha:g}", RESET, n_parts=3, **spec)
    for name, penalty in product(("plain", "csr-beside"), PENALTIES):
        spec = {"loss": ["multinomial"], "penalty": [penalty], "m": 4, "positive": range(4)}
        spec.update(kind=KINDS[name], objective=[1], average=[9], weighted=True, exact=False)
        make = partial(problem, n_parts=3, **spec)
        yield Case(f"chains-parts-softmax-{penalty}-{name}", "chains", make, FAST)
