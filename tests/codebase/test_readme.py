"""The README and the guides: their code runs, the table of what exists is true."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import polyfuse as pf

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()


def test_the_screen_of_code(capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(code, "README.md", "exec"), names)
    assert names["accuracy"] > 0.8
    assert names["late"].score(names["new"], names["y"][names["test"]]) > 0.7
    assert names["matrix"].sum() == names["test"].sum()
    np.testing.assert_allclose(names["share"].sum(), 1.0)
    assert capsys.readouterr().out.startswith(f"polyfuse {pf.__version__}")


def test_the_guide_to_linear_models() -> None:
    text = (ROOT / "docs" / "linear_model.md").read_text()
    names: dict[str, Any] = {}
    for code in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(compile(code, "linear_model.md", "exec"), names)
    held = names["new"], names["y"][~names["train"]]
    for name in ("scaled", "mixed", "paced", "softmax", "best", "stream", "gd"):
        least = 0.5 if name == "stream" else 0.7  # of rows that come class by class, each once
        assert names[name].score(*held) > least, name
    np.testing.assert_allclose(names["probabilities"].sum(axis=1), 1.0)
    assert len(names["told"]) == 5


@pytest.mark.parametrize("module", ["preprocessing", "fusion", "linear_model"])
def test_the_table_lists_what_a_module_offers(module: str) -> None:
    (row,) = re.findall(rf"^\| `{module}` \| (.*) \|$", README, re.MULTILINE)
    listed = set(re.findall(r"`(\w+)`", row))
    offered = {name for name in getattr(pf, module).__all__ if name.islower() or name[0].isupper()}
    assert listed == offered - {"OPS"}
