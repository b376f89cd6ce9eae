"""How implementations of the kernels are loaded."""

from __future__ import annotations

import importlib

import pytest

from polyfuse import _kernels


def failing(cause: BaseException | None, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(name: str) -> None:
        raise ImportError("initialization failed") from cause

    monkeypatch.setattr(importlib, "import_module", fail)


def test_an_interrupt_while_kernels_are_loaded_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a job that was to end would go on with slower kernels."""
    failing(KeyboardInterrupt(), monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        _kernels.load.__wrapped__("native")


@pytest.mark.parametrize("cause", [None, OSError("no such library")])
def test_what_cannot_be_loaded_is_named(
    cause: Exception | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(cause, monkeypatch)
    with pytest.raises(ImportError, match="the 'native' backend is not available here: init"):
        _kernels.load.__wrapped__("native")
