"""How implementations are imported."""

from __future__ import annotations

from typing import NoReturn

import pytest

from polyfuse import _kernels


@pytest.mark.parametrize("reason", [KeyboardInterrupt, OSError])
def test_an_interrupt_while_kernels_are_imported_does_not_choose_others(
    reason: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    def initialised(name: str) -> NoReturn:
        raise ImportError("initialization failed") from reason()

    monkeypatch.setattr(_kernels.importlib, "import_module", initialised)
    with pytest.raises(KeyboardInterrupt if reason is KeyboardInterrupt else ImportError):
        _kernels.load.__wrapped__("native")
