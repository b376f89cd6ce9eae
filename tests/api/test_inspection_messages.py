"""What inspection says to those who give it something else."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import polyfuse as pf
from polyfuse import inspection
from polyfuse.inspection import ModalityScores


@pytest.fixture
def three(rng):
    y = np.repeat(["a", "b", "c"], 30)
    shift = np.repeat([0.0, 1.0, 2.0], 30)[:, None]
    blocks = {name: rng.normal(size=(90, 2)) + shift for name in ("x", "z", "w")}
    return blocks, y


def test_labels_by_position_beside_scores(three):
    blocks, y = three
    scores = pf.FusionClassifier().fit(blocks, y).modality_scores(blocks)
    with pytest.raises(TypeError, match=r"give labels by name, as y=y"):
        inspection.modality_shapley(scores, y)


def test_scores_of_some_modalities(three):
    blocks, y = three
    blocks["x"][::9] = np.nan
    model = pf.FusionClassifier("weighted_mean", level="late", weights=[1.0, 2.0, 3.0])
    scores = model.fit(blocks, y).modality_scores(blocks)
    some = scores.select(["w", "x"])
    assert (some.names, some.weights.tolist()) == (("w", "x"), [3.0, 1.0])
    np.testing.assert_array_equal(some.fused(), scores.fused(["w", "x"]))
    assert inspection.pid(some, y).modalities == ("w", "x")
    with pytest.raises(ValueError, match=r"got 3: \['x', 'z', 'w'\]. blocks.select\(names\)"):
        inspection.pid(scores, y)
    with pytest.raises(KeyError, match="no modality 'q'"):
        scores.select(["q"])
    with pytest.raises(ValueError, match="one modality or more"):
        scores.select(["x", "x"])


def test_metrics_of_labels_for_numbers(rng):
    scores = ModalityScores({name: rng.normal(size=(20, 1)) for name in ("a", "b")})
    y = rng.normal(size=20)
    for function in (inspection.modality_shapley, inspection.robustness_curve, inspection.emap):
        with pytest.raises(ValueError, match=rf"give {function.__name__} a function of numbers"):
            function(scores, y=y)
        function(scores, y=y, metric=pf.metrics.r2_score)
    inspection.modality_shapley(scores, y=y, metric="r2_score")
    with pytest.raises(TypeError, match="drop_modality needs scores of classes"):
        inspection.drop_modality(scores, y=y)


def test_columns_that_lose_their_names_are_our_doing(three):
    pandas = pytest.importorskip("pandas")
    blocks, y = three
    frames = {name: pandas.DataFrame(x, columns=["p", "q"]) for name, x in blocks.items()}
    model = pf.FusionClassifier().fit(frames, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        inspection.robustness_curve(model, frames, y, noise=[0.0, 1.0], random_state=0)


def test_a_row_that_is_nan_in_part(three):
    blocks, y = three
    blocks["x"][:5] = np.nan
    blocks["x"][7, 1] = np.nan
    with pytest.raises(ValueError, match=r"blocks\['x'\] contains NaN \(first in row 7, column 1"):
        pf.FusionClassifier(level="late").fit(blocks, y)
    with pytest.raises(ValueError, match="all NaN is missing; fill other gaps first"):
        pf.FusionClassifier().fit(blocks, y)


def test_labels_that_are_none_or_words(three):
    blocks, y = three
    with pytest.raises(ValueError, match="y must have a label for every row; got None"):
        pf.FusionClassifier().fit(blocks, [None, *y[1:]])
    with pytest.raises(ValueError, match=r"y must be numeric: .* FusionClassifier takes labels"):
        pf.FusionRegressor().fit(blocks, y)


def test_scoring_by_its_short_name(three):
    blocks, y = three
    search = pf.search_fusion(pf.FusionClassifier(), blocks, y, cv=3, scoring="accuracy")
    assert search.best_score == pf.search_fusion(pf.FusionClassifier(), blocks, y, cv=3).best_score
