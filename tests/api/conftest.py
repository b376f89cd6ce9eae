"""Fixtures of the public functions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pages import Page

import polyfuse as pf
from polyfuse import _html, _report_findings, _report_scores


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


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Writes a report and returns its page; few resamples, and plots if they are asked for."""
    pytest.importorskip("matplotlib")
    monkeypatch.setattr(_report_findings, "_N_RESAMPLES", 20)
    monkeypatch.setattr(_report_scores, "FEW_RESAMPLES", 5)

    def write(model, blocks, y, plots=False, **options):
        if not plots:
            monkeypatch.setattr(_html, "_svg", lambda *_: "")
        path = tmp_path / "report.html"
        assert pf.report(model, blocks, y, path, **options) == path
        assert [each.name for each in tmp_path.iterdir()] == ["report.html"]
        return Page(path.read_text(encoding="utf-8"))

    return write
