"""Plots of what inspection finds: shares, Shapley values, robustness."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest

import polyfuse as pf
from polyfuse import inspection, plotting
from polyfuse.inspection import Contributions

pytest.importorskip("matplotlib")

from matplotlib import pyplot
from plots import lines, texts

SHARES = Contributions(("image", "text"), np.array([[1.0, 3.0], [2.0, 2.0]]), np.array([0.4, 0.6]))


@dataclass(frozen=True)
class WithIntervals(Contributions):
    low: object = None
    high: object = None


def shapley_of(**changes):
    fields = {
        "modalities": ("image", "text", "noise"), "values": [0.2, 0.5, -0.1],
        "low": [0.1, 0.4, -0.2], "high": [0.3, 0.6, 0.0], "empty": 0.1, "total": 0.7,
    }  # fmt: skip
    return SimpleNamespace(**{**fields, **changes})


def robustness_of(**changes):
    fields = {
        "levels": [0.0, 0.5, 1.0], "names": ("image", "text"),
        "scores": [[0.9, 0.9], [0.8, 0.6], [0.7, 0.2]], "low": None, "high": None,
        "x_label": "share of $rows without the modality",
    }  # fmt: skip
    return SimpleNamespace(**{**fields, **changes})


def test_contributions(ax):
    plotting.contributions(SHARES, ax)
    assert [t.get_text() for t in ax.get_yticklabels()] == ["text", "image"]
    assert [bar.get_width() for bar in ax.patches] == pytest.approx([60.0, 40.0])
    assert {"60 %", "40 %"} <= set(texts(ax))


@pytest.mark.parametrize("low", [None, np.array([0.3, 0.5])])
def test_contributions_with_intervals(ax, low):
    high = None if low is None else low + 0.2
    result = WithIntervals(SHARES.modalities, SHARES.per_row, SHARES.share, low, high)
    plotting.contributions(result, ax)
    drawn = [segment[:, 0].tolist() for segment in ax.collections[0].get_segments()]
    if low is None:  # of the rows' shares, 75 and 50 % of text
        np.testing.assert_allclose(drawn, [[52.5, 72.5], [27.5, 47.5]])
    else:
        np.testing.assert_allclose(drawn, [[50.0, 70.0], [30.0, 50.0]])
        assert any("interval" in text for text in texts(ax))


def test_a_beeswarm_has_a_point_per_row(ax, rng):
    per_row = rng.random((50, 3))
    share = per_row.mean(axis=0) / per_row.mean(axis=0).sum()
    plotting.contributions(Contributions(("a", "b", "c"), per_row, share), ax, kind="beeswarm")
    order = np.argsort(-share)
    swarms = [c.get_offsets() for c in ax.collections if len(c.get_offsets()) == 50]
    for i, (points, m) in enumerate(zip(swarms, order, strict=True)):
        np.testing.assert_allclose(points[:, 0], 100 * per_row[:, m] / per_row.sum(axis=1))
        assert (np.abs(points[:, 1] - i) < 0.5).all()
        assert len(np.unique(points.round(9), axis=0)) == 50
    assert not any("evenly chosen" in text for text in texts(ax))


def test_a_beeswarm_of_many_rows_says_how_many_it_shows(ax, rng):
    result = Contributions(("a", "b"), rng.random((5000, 2)), np.array([0.5, 0.5]))
    plotting.contributions(result, ax, kind="beeswarm")
    assert max(len(c.get_offsets()) for c in ax.collections) == 2000
    assert any("2,000 of 5,000 rows, evenly chosen" in text for text in texts(ax))


def test_contributions_say_no():
    with pytest.raises(ValueError, match="kind must be one of 'bar', 'beeswarm'; got 'pie'"):
        plotting.contributions(SHARES, kind="pie")
    bad = Contributions(SHARES.modalities, SHARES.per_row, np.array([np.nan, 1.0]))
    with pytest.raises(ValueError, match="result.share must be finite; got nan"):
        plotting.contributions(bad)
    bad = Contributions(SHARES.modalities, SHARES.per_row * np.inf, SHARES.share)
    with pytest.raises(ValueError, match="result.per_row must be finite"):
        plotting.contributions(bad)


def test_shapley_goes_from_none_to_all(ax):
    plotting.shapley(shapley_of(), ax)
    names = [t.get_text() for t in ax.get_yticklabels()]
    assert names == ["none", "text", "image", "noise", "all modalities"]
    ends = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in ax.patches]
    np.testing.assert_allclose(ends, [(0.1, 0.6), (0.6, 0.8), (0.8, 0.7)])
    assert {"0.100", "+0.500", "+0.200", "−0.100", "0.700"} <= set(texts(ax))  # noqa: RUF001
    intervals = ax.collections[-1].get_segments()
    np.testing.assert_allclose([s[:, 0] for s in intervals], [[0.5, 0.7], [0.7, 0.9], [0.6, 0.8]])
    low, high = ax.get_xlim()
    assert low < 0.1
    assert high > 0.9


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"values": [0.1, 0.2]}, "result.values must have 3 values; got 2"),
        ({"values": [0.1, 0.2, np.nan]}, "result.values must be finite; got nan"),
        ({"total": np.inf}, "result.total must be finite; got inf"),
        ({"low": [0.1]}, "result.low must have 3 values; got 1"),
    ],
)
def test_shapley_says_no(changes, message):
    with pytest.raises(ValueError, match=message):
        plotting.shapley(shapley_of(**changes))


def test_robustness_curve(ax):
    plotting.robustness_curve(robustness_of(), ax)
    first, second = lines(ax)
    np.testing.assert_array_equal(first.get_xdata(), [0.0, 0.5, 1.0])
    np.testing.assert_array_equal(second.get_ydata(), [0.9, 0.6, 0.2])
    assert first.get_marker() != second.get_marker()
    assert first.get_linestyle() != second.get_linestyle()
    assert {"image", "text", "share of $rows without the modality"} <= set(texts(ax))
    assert not ax.collections


def test_names_stand_at_the_ends_of_their_lines():
    ax = plotting.robustness_curve(robustness_of())
    ax.figure.canvas.draw()
    for text in ax.texts:
        assert text.xyann[1] == pytest.approx(
            ax.transAxes.inverted().transform(ax.transData.transform(text.xy))[1], abs=0.02
        )
    pyplot.close("all")


def test_robustness_curve_with_bands(ax):
    scores = np.array(robustness_of().scores)
    plotting.robustness_curve(robustness_of(low=scores - 0.1, high=scores + 0.1), ax)
    assert len(ax.collections) == 2
    box = ax.collections[1].get_datalim(ax.transData)
    np.testing.assert_allclose([box.y0, box.y1], [0.1, 1.0])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"levels": [0.0]}, r"result.scores must have shape \(1, 2\); got \(3, 2\)"),
        ({"scores": np.full((3, 2), np.nan)}, "result.scores must be finite; got nan"),
        ({"names": ()}, "at least one level and one curve"),
        ({"low": [[0.0]], "high": [[1.0]]}, r"result.low must have shape \(3, 2\); got \(1, 1\)"),
    ],
)
def test_robustness_curve_says_no(changes, message):
    with pytest.raises(ValueError, match=message):
        plotting.robustness_curve(robustness_of(**changes))


def test_what_inspection_returns_is_drawn(rng):
    y = np.repeat(["a", "b", "c"], 20)
    blocks = {m: rng.normal(size=(60, 3)) + (np.arange(60) // 20)[:, None] for m in ("x", "z")}
    blocks["x"][::7] = np.nan
    scores = pf.FusionClassifier(level="late").fit(blocks, y).modality_scores(blocks)
    curve = inspection.robustness_curve(scores, y=y, random_state=0)
    ax = plotting.robustness_curve(curve)
    assert {"share of rows without the modality", "accuracy, with interval"} <= set(texts(ax))
    noisy = dataclasses.replace(curve, kind="noise")
    assert "noise" in plotting.robustness_curve(noisy).get_xlabel()
    plotting.shapley(inspection.modality_shapley(scores, y=y))
    plotting.contributions(inspection.mm_shap(pf.FusionClassifier().fit(blocks, y), blocks))
    plotting.cross_correlation(inspection.cross_correlation(blocks)["x", "z"])
    pyplot.close("all")


@pytest.mark.parametrize("name", ["contributions", "shapley", "robustness_curve"])
def test_another_result_is_refused(name):
    with pytest.raises(TypeError, match=r"what polyfuse.inspection.\w+ returns; got .*no '"):
        getattr(plotting, name)(pf.FusionClassifier())
