"""Plots: what they draw, on the axes given, from labels of any kind, without pyplot's help."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from polyfuse import plotting
from polyfuse._statistics import wilson_interval
from polyfuse.inspection import Contributions

matplotlib = pytest.importorskip("matplotlib")

from matplotlib import pyplot  # noqa: E402
from plots import NASTY, lines, texts  # noqa: E402

SIX = {name: np.linspace(0.1, 0.9, 6) for name in NASTY}
ROWS = np.arange(36.0).reshape(18, 2) % 7

PLOTS = {
    "confusion_matrix": lambda ax=None: plotting.confusion_matrix(np.eye(6, dtype=int), NASTY, ax),
    "loss_curve": lambda ax=None: plotting.loss_curve({n: [3.0, 1.0, 0.5] for n in NASTY}, ax),
    "compare_fusions": lambda ax=None: plotting.compare_fusions(
        dict.fromkeys(NASTY, 0.7), {"image": 0.5, "$": 0.6}, ax, n_rows=100
    ),
    "contributions": lambda ax=None: plotting.contributions(
        Contributions(tuple(NASTY), np.ones((4, 6)), np.full(6, 1 / 6)), ax
    ),
    "beeswarm": lambda ax=None: plotting.contributions(
        Contributions(tuple(NASTY), np.ones((4, 6)), np.full(6, 1 / 6)), ax, kind="beeswarm"
    ),
    "shapley": lambda ax=None: plotting.shapley(
        SimpleNamespace(
            modalities=NASTY, values=np.full(6, 0.1), low=None, high=None, empty=0.1, total=0.7
        ),
        ax,
    ),
    "robustness_curve": lambda ax=None: plotting.robustness_curve(
        SimpleNamespace(
            levels=[0, 1], names=NASTY, scores=np.ones((2, 6)), low=None, high=None, x_label="$"
        ),
        ax,
    ),
    "roc_curve": lambda ax=None: plotting.roc_curve([0, 1, 0, 1, 0, 1], SIX, ax),
    "precision_recall_curve": lambda ax=None: plotting.precision_recall_curve(
        [0, 1, 0, 1, 0, 1], SIX, ax
    ),
    "calibration": lambda ax=None: plotting.calibration([0, 1, 0, 1, 0, 1], SIX, ax),
    "cross_correlation": lambda ax=None: plotting.cross_correlation(np.eye(6), ax, names=NASTY),
    "projection": lambda ax=None: plotting.projection(ROWS, NASTY * 3, ax),
}


@pytest.fixture(autouse=True)
def no_figures_left():
    yield
    pyplot.close("all")


@pytest.mark.parametrize("draw", PLOTS.values(), ids=list(PLOTS))
def test_draws_any_label_on_the_axes_given(draw, ax):
    assert draw(ax) is ax
    shown = texts(ax)
    for label in ("$x_", "a$b$c", "_hidden", "<b>", "two lines"):
        assert any(label in text for text in shown)
    assert any("xxx" in text and len(text) < 45 for text in shown)
    assert not any("xxx" in text and len(text) > 45 for text in shown)
    assert not pyplot.get_fignums()


@pytest.mark.parametrize("draw", PLOTS.values(), ids=list(PLOTS))
def test_makes_a_figure_by_default(draw):
    ax = draw()
    assert pyplot.get_fignums() == [ax.figure.number]
    ax.figure.canvas.draw()


def test_confusion_matrix_shows_counts(ax):
    plotting.confusion_matrix([[5, 2], [0, 9]], ["cat", "dog"], ax)
    shown = texts(ax)
    assert {"5", "2", "9", "cat", "dog", "true class", "predicted class"} <= set(shown)
    assert "0" not in shown  # nothing is what an empty cell says
    cells = ax.collections[0].get_facecolor()
    np.testing.assert_allclose(cells[:, 3], [5 / 7, 2 / 7, 0, 1])


@pytest.mark.parametrize("n", [1, 40])
def test_confusion_matrix_of_any_size(ax, n):
    plotting.confusion_matrix(np.zeros((n, n)), [str(i) for i in range(n)], ax)
    ax.figure.canvas.draw()


@pytest.mark.parametrize(
    ("matrix", "labels", "message"),
    [
        ([[1, 2, 3], [4, 5, 6]], ["a", "b"], "square; got shape \\(2, 3\\)"),
        ([[1, 2], [3, 4]], ["a"], "labels must have 2 entries; got 1"),
        ([[1, -2], [3, 4]], ["a", "b"], "negative"),
        ([[1, np.nan], [3, 4]], ["a", "b"], "finite"),
    ],
)
def test_confusion_matrix_says_no(matrix, labels, message):
    with pytest.raises(ValueError, match=message):
        plotting.confusion_matrix(matrix, labels)


def test_loss_curve(ax):
    plotting.loss_curve({"image": [3.0, 1.0], "text": [3.0, 1.0, 0.5]}, ax)
    lines = [line for line in ax.lines if len(line.get_xdata()) > 1]
    assert [line.get_xdata().tolist() for line in lines] == [[1, 2], [1, 2, 3]]
    assert list(lines[1].get_ydata()) == [3.0, 1.0, 0.5]
    assert len({(line.get_color(), line.get_linestyle()) for line in lines}) == 2
    assert {"image", "text", "iteration"} <= set(texts(ax))


def test_one_loss_curve_needs_no_name(ax):
    plotting.loss_curve([1.0, 0.0], ax)  # a loss of zero has no logarithm
    assert ax.get_yscale() == "linear"
    ax.figure.canvas.draw()


def test_validation_is_dashed_in_the_colour_of_its_model(ax):
    curves = {"image": [3.0, 1.0, 0.5], "text": [3.0, 2.0, 1.0]}
    plotting.loss_curve(curves, ax, validation={"text": [3.5, 2.5, 2.0]})
    image, text, held_out = lines(ax)
    assert image.get_linestyle() == text.get_linestyle() == "-"
    assert held_out.get_linestyle() == "--"
    assert held_out.get_color() == text.get_color() != image.get_color()
    np.testing.assert_array_equal(held_out.get_ydata(), [3.5, 2.5, 2.0])
    assert {"image", "text", "text, validation"} <= set(texts(ax))


def test_one_curve_and_its_validation(ax):
    plotting.loss_curve([3.0, 1.0, 0.5], ax, validation=[3.0, 2.0, 1.0])
    assert {"training", "validation"} <= set(texts(ax))


@pytest.mark.parametrize(
    ("curves", "validation", "message"),
    [
        ({"a": [1.0, np.nan]}, None, "curves\\['a'\\] must be finite; got nan"),
        ([1.0], [np.inf], "validation must be finite; got inf"),
        ({"a": [1.0]}, {"b": [1.0]}, "validation must name curves, \\['a'\\]; got 'b'"),
        ({"a": [1.0]}, {}, "validation must hold at least one curve"),
    ],
)
def test_loss_curve_refuses(curves, validation, message):
    with pytest.raises(ValueError, match=message):
        plotting.loss_curve(curves, validation=validation)


@pytest.mark.parametrize("curves", [{}, {"a": []}, []])
def test_loss_curve_says_no(curves):
    with pytest.raises(ValueError, match="at least one curve, each with a value"):
        plotting.loss_curve(curves)


def test_sixteen_curves_look_different(ax):
    plotting.loss_curve({str(i): [1.0, 0.5] for i in range(16)}, ax)
    lines = [line for line in ax.lines if len(line.get_xdata()) > 1]
    assert len({(line.get_color(), line.get_linestyle()) for line in lines}) == 16


def test_compare_fusions(ax):
    plotting.compare_fusions({"mean": 0.7, "sum": 0.8}, {"text": 0.6, "image": 0.75}, ax, n_rows=50)
    names = [t.get_text() for t in ax.get_yticklabels()]
    assert names == ["sum", "mean", "image", "text"]
    assert {"80.0", "70.0", "75.0", "60.0"} <= set(texts(ax))
    bars = [line.get_xdata() for line in ax.lines if len(line.get_ydata()) == 2][1:]
    np.testing.assert_allclose(bars[0], 100 * np.array(wilson_interval(40, 50)))
    reference = ax.lines[0].get_xdata()
    assert reference[0] == pytest.approx(75.0)


def test_compare_fusions_says_no():
    with pytest.raises(ValueError, match="scores must not be empty"):
        plotting.compare_fusions({}, {"a": 0.5})
    with pytest.raises(ValueError, match="baselines\\['a'\\] must be between 0 and 1; got 50"):
        plotting.compare_fusions({"mean": 0.5}, {"a": 50})


def test_compare_fusions_with_intervals(ax):
    plotting.compare_fusions(
        {"mean": 0.7, "sum": 0.8}, {"text": 0.6}, ax, n_rows=50, intervals={"sum": (0.77, 0.82)}
    )
    bars = [line.get_xdata() for line in ax.lines if len(line.get_ydata()) == 2][1:]
    np.testing.assert_allclose(bars[0], [77.0, 82.0])
    np.testing.assert_allclose(bars[1], 100 * np.array(wilson_interval(35, 50)))


def test_many_rules_stay_apart():
    ax = plotting.compare_fusions({str(i): i / 40 for i in range(30)}, {"text": 0.6})
    ax.figure.canvas.draw()
    boxes = sorted((t.get_window_extent() for t in ax.get_yticklabels()), key=lambda box: box.y0)
    assert all(low.y1 <= high.y0 + 1 for low, high in itertools.pairwise(boxes))


@pytest.mark.parametrize(
    ("intervals", "message"),
    [
        ({"max": (0.1, 0.2)}, "intervals must be of scores or baselines; got 'max'"),
        ({"mean": (0.9, 0.2)}, "intervals\\['mean'\\] .* ascending order; got \\(0.9, 0.2\\)"),
        ({"mean": (np.nan, 0.2)}, "intervals\\['mean'\\] must be two numbers"),
        ({"mean": (0.1,)}, "intervals\\['mean'\\] must be two numbers"),
    ],
)
def test_compare_fusions_refuses_intervals(intervals, message):
    with pytest.raises(ValueError, match=message):
        plotting.compare_fusions({"mean": 0.7}, {"text": 0.6}, intervals=intervals)


def luminance(colour: str) -> float:
    """Relative luminance (W3C, Web Content Accessibility Guidelines 2.2)."""
    rgb = np.array(matplotlib.colors.to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(a: str, b: str) -> float:
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_colours_can_be_read_on_either_page():
    from polyfuse._html import THEME

    for theme in (1, 2):
        colours = {entry[0]: entry[theme] for entry in THEME}
        for page in ("page", "card"):
            for ink in ("ink", "muted", "blue", "vermillion", "green", "purple"):
                assert contrast(colours[ink], colours[page]) >= 4.5, (theme, ink, page)
        heat, fall, page = (
            np.array(matplotlib.colors.to_rgb(colours[k])) for k in ("heat", "vermillion", "page")
        )
        for share in np.linspace(0, 1, 101):
            cell = matplotlib.colors.to_hex(share * heat + (1 - share) * page)
            ink = colours["on-heat" if share > 0.75 else "off-heat"]
            assert contrast(ink, cell) >= 4.4, (theme, share)
        for share, colour in itertools.product(np.linspace(0, 0.6, 13), (heat, fall)):
            cell = matplotlib.colors.to_hex(share * colour + (1 - share) * page)
            assert contrast(colours["off-heat"], cell) >= 4.4, (theme, share)


@pytest.mark.parametrize("draw", PLOTS.values(), ids=list(PLOTS))
def test_a_dark_page_knows_all_colours(draw):
    from polyfuse._html import THEME

    svg = plotting.render_svg(draw, (6, 4), "plot")
    assert set(re.findall(r": (#[0-9a-f]{6})", svg)) <= {entry[1] for entry in THEME}


def test_every_plot_is_tested_with_any_label():
    assert set(plotting.__all__) == set(PLOTS) - {"beeswarm"} | {"projections"}


def test_without_matplotlib_the_way_to_get_it_is_told():
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "from polyfuse import plotting\n"
        "plotting.loss_curve([1.0])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "ImportError: plots need matplotlib" in done.stderr
    assert "pip install 'polyfuse[plot]'" in done.stderr


def test_importing_the_module_does_not_import_matplotlib():
    code = "import sys, polyfuse.plotting, polyfuse.reporting; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
