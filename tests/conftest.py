"""Fixtures of the whole suite."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

import polyfuse as pf
from polyfuse import _kernels


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20240601)


@pytest.fixture(params=_kernels.available())
def backend(request: pytest.FixtureRequest) -> Iterator[str]:
    """Runs a test once on every implementation of the kernels."""
    with pf.use(request.param):
        yield request.param
