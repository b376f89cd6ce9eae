"""A patch that is taken back after each test, and a report that starts empty."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from polyfuse.sklearn import clear_report, patch_sklearn, unpatch_sklearn


@pytest.fixture
def patched() -> Iterator[None]:
    clear_report()
    patch_sklearn()
    yield
    unpatch_sklearn()


@pytest.fixture
def unpatched() -> Iterator[None]:
    """For tests that patch by themselves."""
    clear_report()
    unpatch_sklearn()
    yield
    unpatch_sklearn()
