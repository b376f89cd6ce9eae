"""Plots of matrices: correlations as cells, rows as points of a plane."""

from __future__ import annotations

import numpy as np
import pytest

from polyfuse import plotting
from polyfuse._plot_labels import spread
from polyfuse._plot_projection import _leading
from polyfuse.inspection import cross_correlation

pytest.importorskip("matplotlib")

from matplotlib import pyplot
from matplotlib.figure import Figure
from plots import texts


@pytest.fixture
def correlations(rng):
    return rng.uniform(-1, 1, (5, 3)).round(2)


def test_few_correlations_are_written(ax, correlations):
    plotting.cross_correlation(correlations, ax, names=("image", "text"))
    shown = texts(ax)
    for value in correlations.ravel():
        assert f"{value:.2f}".replace("-", "\N{MINUS SIGN}") in shown
    assert {"image", "text"} <= set(shown)
    squares, discs = ax.collections
    assert len(squares.get_paths()) == (correlations > 0).sum()
    assert len(discs.get_paths()) == (correlations < 0).sum()
    assert len(squares.get_paths()[0].vertices) < len(discs.get_paths()[0].vertices)
    np.testing.assert_allclose(
        squares.get_facecolor()[:, 3],
        0.6 * correlations[correlations > 0] / np.abs(correlations).max(),
    )


def test_of_a_big_matrix_the_strongest_are_shown(ax, rng):
    matrix = rng.uniform(-0.1, 0.1, (60, 80))
    matrix[[7, 40], [3, 70]] = 0.9, -0.8
    plotting.cross_correlation(
        matrix, ax, most=2, names={"image": [f"i{k}" for k in range(60)], "text": None}
    )
    shown = texts(ax)
    assert {"i7", "i40", "3", "70", "0.90", "\N{MINUS SIGN}0.80"} <= set(shown)
    assert "image, 2 of 60 rows, those with the largest values" in shown
    assert "text, 2 of 80 columns, those with the largest values" in shown


def test_a_matrix_without_numbers_says_what_its_forms_are(ax, rng):
    plotting.cross_correlation(rng.uniform(-0.5, 0.5, (60, 80)), ax)
    assert any("square: +, disc: \N{MINUS SIGN}, full colour: 0.5" in text for text in texts(ax))
    assert sum(len(c.get_paths()) for c in ax.collections) == 1600


def test_names_of_a_symmetric_matrix(ax):
    alike = np.array([[1.0, 0.4], [0.4, 1.0]])
    plotting.cross_correlation(alike, ax, names=["image", "text"])
    for labels in (ax.get_xticklabels(), ax.get_yticklabels()):
        assert [t.get_text() for t in labels] == ["image", "text"]
    assert ax.get_xlabel() == ax.get_ylabel() == ""


@pytest.mark.parametrize(
    ("matrix", "options", "message"),
    [
        ([[0.5, np.nan]], {}, "matrix contains NaN"),
        ([[0.5, -1.5]], {}, "matrix must hold values between -1 and 1; got -1.5"),
        ([0.5], {}, "matrix must be 2-D"),
        ([[0.5, 0.1]], {"most": 0}, "most must be an integer of at least 1; got 0"),
        ([[0.5, 0.1]], {"names": ["a"]}, "names must be two.*; got 1"),
        ([[0.5, 0.1]], {"names": {"a": None, "b": ["x"]}}, r"names\['b'\] must have 2 .*; got 1"),
    ],
)
def test_cross_correlation_says_no(matrix, options, message):
    with pytest.raises(ValueError, match=message):
        plotting.cross_correlation(matrix, **options)


def points(ax):
    return [np.asarray(c.get_offsets()) for c in ax.collections if len(c.get_offsets())]


@pytest.mark.parametrize("shape", [(40, 6), (12, 50), (300, 40), (1, 3), (5, 1), (2, 2)])
def test_the_plane_is_that_of_the_singular_vectors(rng, shape):
    x = rng.normal(size=shape) * 0.7 ** np.arange(shape[1])
    x -= x.mean(axis=0)
    places, axes_of = _leading(x)
    assert places.shape == (shape[0], 2)
    exact = np.zeros(2)
    sizes = np.linalg.svd(x, compute_uv=False)[:2]
    exact[: len(sizes)] = sizes
    np.testing.assert_allclose(np.linalg.norm(places, axis=0), exact, rtol=1e-6, atol=1e-9)
    if shape[1] > 1:
        np.testing.assert_allclose(x @ axes_of, places, atol=1e-5)


def test_projection_of_classes(ax, rng):
    y = np.repeat(["cat", "dog"], 20)
    x = rng.normal(size=(40, 5))
    x[:20, 2] += 20.0
    plotting.projection(x, y, ax)
    cats, dogs = points(ax)
    assert len(cats) == len(dogs) == 20
    assert cats[:, 0].min() > dogs[:, 0].max()  # the sign is that of the largest loading
    shown = texts(ax)
    assert {"● cat", "■ dog"} <= set(shown)
    assert any(t.startswith("component 1, 9") and t.endswith(" % of the variance") for t in shown)


def test_constant_features_and_other_results(ax):
    blocks = {"a": [[0.0, 1.0], [1.0, 1.0], [3.0, 1.0]], "b": [[1.0], [0.0], [2.0]]}
    found = cross_correlation(blocks)
    plotting.cross_correlation(found["a", "b"], ax, names=("a", "b"))
    assert len([text for text in ax.texts if text.get_text()]) == 1
    with pytest.raises(TypeError, match=r"one of \[\('a', 'b'\)\], by its key"):
        plotting.cross_correlation(found)
    with pytest.raises(ValueError, match="leave out `most`"):
        plotting.cross_correlation(cross_correlation(blocks, most=1)["a", "b"])


def test_rows_without_a_modality_are_left_out(ax, rng):
    x = rng.normal(size=(50, 3))
    x[::5] = np.nan
    plotting.projection(x, np.arange(50) % 2, ax)
    assert sum(len(c.get_offsets()) for c in ax.collections) == 40
    assert "10 rows without a modality left out" in ax.get_xlabel()
    both = plotting.projections({"x": x, "z": rng.normal(size=(50, 2))})
    assert [len(own.collections[0].get_offsets()) for own in both] == [40, 50, 40]
    pyplot.close("all")
    with pytest.raises(ValueError, match="at least one row"):
        plotting.projection(x[::5])


def test_projection_shows_eight_classes_and_the_rest(ax, rng):
    plotting.projection(rng.normal(size=(100, 4)), np.r_[np.arange(90) % 9, np.full(10, 9)], ax)
    others, *classes = points(ax)
    assert len(classes) == 8
    assert len(others) == 20
    forms = {
        (tuple(c.get_edgecolor()[0]), len(c.get_facecolor())) for c in ax.collections[1:]
    }  # hollow ones have no face
    assert len(forms) == 8
    assert any("grey: 2 smaller classes" in text for text in texts(ax))


def test_projection_of_many_rows_says_how_many_it_shows(ax, rng):
    plotting.projection(rng.normal(size=(6000, 2)), None, ax)
    assert len(points(ax)[0]) == 5000
    assert any("5,000 of 6,000 rows, evenly chosen" in text for text in texts(ax))


def test_another_plane(ax):
    plotting.projection([[1.0, 2.0], [3.0, 5.0]], None, ax, method=lambda x: 2 * x)
    np.testing.assert_array_equal(points(ax)[0], [[2.0, 4.0], [6.0, 10.0]])


def test_columns_that_do_not_vary(ax):
    plotting.projection(np.ones((5, 3)), list("aabbb"), ax)
    assert "component 1, 0 % of the variance" in texts(ax)


def test_blocks_weigh_alike_side_by_side(ax, rng):
    narrow, wide = rng.normal(size=(30, 1)), 100 * rng.normal(size=(30, 50))
    plotting.projection({"narrow": narrow, "wide": wide}, None, ax)
    # Half of the variance is the narrow block's, and one column has all of that.
    assert abs(np.corrcoef(points(ax)[0][:, 0], narrow[:, 0])[0, 1]) > 0.99


def test_projections(rng):
    blocks = {"image": rng.normal(size=(20, 3)), "te$xt": rng.normal(size=(20, 2))}
    drawn = plotting.projections(blocks, np.arange(20) % 2)
    assert [ax.get_title() for ax in drawn] == ["image", r"te\$xt", "fused"]
    assert len({ax.figure for ax in drawn}) == 1
    pyplot.close("all")


def test_projections_on_axes_given(rng):
    given = Figure().subplots(1, 3)
    blocks = [rng.normal(size=(20, 3)), rng.normal(size=(20, 2))]
    fused = np.column_stack([np.arange(20.0), np.zeros(20)])
    drawn = plotting.projections(blocks, None, fused, given)
    assert list(drawn) == list(given)
    np.testing.assert_allclose(points(given[2])[0][:, 0], np.arange(20) - 9.5)
    with pytest.raises(ValueError, match=r"blocks\[1\] contains infinity"):
        plotting.projections([blocks[0], blocks[1] * np.inf])
    with pytest.raises(ValueError, match="axes must be 3; got 2"):
        plotting.projections(blocks, axes=given[:2])
    with pytest.raises(ValueError, match="fused must have one entry per row; got 3 for 20 rows"):
        plotting.projections(blocks, fused=fused[:3])


@pytest.mark.parametrize(
    ("x", "y", "options", "error", "message"),
    [
        ([[np.nan, 1.0]], None, {}, ValueError, "X contains NaN"),
        ([[0.0, 1.0]], [1, 2], {}, ValueError, "y must have one entry per row; got 2 for 1 rows"),
        ([[0.0, 1.0]], [[1]], {}, ValueError, r"y must be 1-D; got shape \(1, 1\)"),
        ([[0.0, 1.0]], [np.nan], {}, ValueError, "y contains NaN"),
        (np.empty((0, 2)), None, {}, ValueError, "at least one row; got none"),
        ([[0.0, 1.0]], None, {"method": "tsne"}, TypeError, "'pca' or callable; got 'tsne'"),
        ([[0.0]], None, {"method": lambda x: x}, ValueError, r"\(1, 2\); got \(1, 1\)"),
    ],
)
def test_projection_says_no(x, y, options, error, message):
    with pytest.raises(error, match=message):
        plotting.projection(x, y, **options)


def test_names_keep_their_order_and_their_distance():
    placed = spread([0.5, 0.5, 0.1], 0.2)
    assert np.diff(sorted(placed)).min() >= 0.2 - 1e-6
    assert placed[2] == pytest.approx(0.1)
