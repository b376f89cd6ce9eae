"""The implementations under test, each level of the C++ one by itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import pytest

from polyfuse import _kernels
from polyfuse._kernels.contract import Kernels


def _implementations() -> list[str]:
    names = []
    for name in _kernels.available():
        levels = _kernels.isa_levels() if name == "native" else ()
        names += [f"{name}-{level}" for level in levels] or [name]
    return names


IMPLEMENTATIONS = _implementations()


@pytest.fixture(params=IMPLEMENTATIONS)
def implementation(request: pytest.FixtureRequest) -> Iterator[Kernels]:
    """One implementation of the kernels."""
    name, _, level = cast(str, request.param).partition("-")
    if level:
        with _kernels.use_level(level):
            yield _kernels.load(name)
    else:
        yield _kernels.load(name)
