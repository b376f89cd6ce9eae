"""A sample of the grid in ``sgd_grid.py``: scikit-learn's coefficients, to the bit."""

from __future__ import annotations

import pytest
from sgd_grid import configs, difference

import polyfuse as pf
from polyfuse import _kernels

SAMPLE = configs()[:250]


@pytest.mark.parametrize("part", range(10))
def test_coefficients_are_those_of_scikit_learn(part: int) -> None:
    for config in SAMPLE[part::10]:
        assert difference(config) is None, config


@pytest.mark.parametrize("backend", [name for name in _kernels.available() if name != "native"])
def test_on_the_other_kernels(backend: str) -> None:
    with pf.use(backend):
        for config in [c for c in SAMPLE if c.params["max_iter"] < 30][:12]:
            assert difference(config) is None, config
