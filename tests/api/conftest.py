"""Fixtures of the public functions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import polyfuse as pf


@pytest.fixture(params=["default", "numpy"])
def best_and_last(request: pytest.FixtureRequest) -> Iterator[None]:
    """Runs a test on the kernels that are chosen, and on those that are always there."""
    if request.param == "default":
        yield
        return
    with pf.use(request.param):
        yield


@pytest.fixture
def ax() -> Any:
    """Axes of a figure that pyplot does not know."""
    pytest.importorskip("matplotlib")
    from matplotlib.figure import Figure

    return Figure().subplots()
