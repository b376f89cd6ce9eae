"""Plots: what they draw, on the axes given, from labels of any kind, without pyplot's help."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from polyfuse import plotting
from polyfuse._statistics import wilson_interval
from polyfuse.inspection import Contributions

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")

from matplotlib import pyplot  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

NASTY = ["$x_", "a$b$c", "_hidden", "<b>", "x" * 200, "two\nlines"]

SHARES = Contributions(("image", "text"), np.array([[1.0, 3.0], [2.0, 2.0]]), np.array([0.4, 0.6]))

PLOTS = {
    "confusion_matrix": lambda ax=None: plotting.confusion_matrix(np.eye(6, dtype=int), NASTY, ax),
    "loss_curve": lambda ax=None: plotting.loss_curve({n: [3.0, 1.0, 0.5] for n in NASTY}, ax),
    "compare_fusions": lambda ax=None: plotting.compare_fusions(
        dict.fromkeys(NASTY, 0.7), {"image": 0.5, "$": 0.6}, ax, n_rows=100
    ),
    "contributions": lambda ax=None: plotting.contributions(
        Contributions(tuple(NASTY), np.ones((4, 6)), np.full(6, 1 / 6)), ax
    ),
}


@pytest.fixture
def ax():
    return Figure().subplots()


@pytest.fixture(autouse=True)
def no_figures_left():
    yield
    pyplot.close("all")


def texts(ax):
    ax.figure.canvas.draw()
    found = [t.get_text() for t in ax.findobj(matplotlib.text.Text) if t.get_visible()]
    return [text.replace(r"\$", "$") for text in found if text]


@pytest.mark.parametrize("draw", PLOTS.values(), ids=list(PLOTS))
def test_draws_any_label_on_the_axes_given(draw, ax):
    assert draw(ax) is ax
    shown = texts(ax)
    for label in ("$x_", "a$b$c", "_hidden", "<b>", "two lines"):
        assert label in shown
    assert any(text.startswith("xxx") and len(text) < 40 for text in shown)
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


def test_contributions(ax):
    plotting.contributions(SHARES, ax)
    assert [t.get_text() for t in ax.get_yticklabels()] == ["text", "image"]
    assert [bar.get_width() for bar in ax.patches] == pytest.approx([60.0, 40.0])
    assert {"60 %", "40 %"} <= set(texts(ax))


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
        heat, page = (np.array(matplotlib.colors.to_rgb(colours[k])) for k in ("heat", "page"))
        for share in np.linspace(0, 1, 101):
            cell = matplotlib.colors.to_hex(share * heat + (1 - share) * page)
            ink = colours["on-heat" if share > 0.75 else "off-heat"]
            assert contrast(ink, cell) >= 4.4, (theme, share)


def test_without_matplotlib_the_way_to_get_it_is_told():
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "from polyfuse import plotting\n"
        "plotting.loss_curve([1.0])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "ImportError: plots need matplotlib" in done.stderr
    assert "pip install matplotlib" in done.stderr


def test_importing_the_module_does_not_import_matplotlib():
    code = "import sys, polyfuse.plotting, polyfuse.reporting; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
