"""A patch that is taken back after each test, and a report that starts empty."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from polyfuse.sklearn import clear_report, patch_sklearn, unpatch_sklearn


@pytest.fixture
def data(request: pytest.FixtureRequest) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(sum(map(ord, request.node.name)))
    X = rng.normal(size=(200, 5)) * [1.0, 3.0, 0.1, 10.0, 1.0] + 2.0
    return X, (X @ [1.0, -1.0, 2.0, 0.1, 0.0] > 1.0).astype(int)


@pytest.fixture
def unpatched() -> Iterator[None]:
    """For tests that patch by themselves."""
    clear_report()
    unpatch_sklearn()
    yield
    unpatch_sklearn()


@pytest.fixture
def patched(unpatched: None) -> None:
    patch_sklearn()
