"""What is printed of the results of inspection: short, and what they found."""

from __future__ import annotations

import numpy as np
import pytest

import polyfuse as pf
from polyfuse import inspection


@pytest.fixture
def scores(rng):
    y = np.repeat([0, 1, 2], 40)
    blocks = {name: rng.normal(size=(120, 3)) + y[:, None] for name in ("image", "text")}
    model = pf.FusionClassifier().fit(blocks, y)
    return model, blocks, y, model.modality_scores(blocks)


def test_a_line_for_each_modality(scores):
    model, blocks, y, parts = scores
    values = inspection.modality_shapley(parts, y=y)
    title, image, text = repr(values).splitlines()
    assert title == f"ModalityShapley: {values.empty:.3f} of no modality, {values.total:.3f} of all"
    low, high = values.low[0], values.high[0]
    assert image == f"  image  {values.values[0]:+.3f} [{low:+.3f}, {high:+.3f}]"
    assert text.startswith("  text   ")
    for found in (
        inspection.modality_contributions(parts),
        inspection.mm_shap(model, blocks),
        inspection.perceptual_score(parts, y=y, random_state=0),
    ):
        title, image, text = repr(found).splitlines()
        assert title.startswith(type(found).__name__)
        assert (image[:9], text[:9]) == ("  image  ", "  text   ")
        assert "[" in image
    assert "[" not in repr(inspection.modality_shapley(parts, y=y, metric="f1_macro"))


def test_other_results(scores):
    _, blocks, y, parts = scores
    curve = inspection.robustness_curve(parts, y=y, missing=np.linspace(0, 1, 30), random_state=0)
    title, levels, *curves = repr(curve).splitlines()
    assert title == "RobustnessCurve: accuracy by share of rows without the modality"
    assert len(levels.split()) == 10
    assert [line.split()[0] for line in curves] == ["image", "text", "all"]
    assert repr(inspection.emap(parts)).startswith("EMAP(120 rows of image, text; additive by")
    assert "accuracy of the model" in repr(inspection.emap(parts, y=y, random_state=0))
    pid = repr(inspection.pid({"a": y, "b": y[::-1]}, y)).splitlines()
    assert [line.split("  ")[1] for line in pid[1:]] == [
        "redundancy", "unique to a", "unique to b", "synergy",
    ]  # fmt: skip
    assert "; 120 rows)" in repr(inspection.modality_gap(*blocks.values()))
    every, few = (
        inspection.cross_correlation(blocks, most=most)["image", "text"] for most in (None, 4)
    )
    assert repr(every).startswith("CrossCorrelation(120 rows, 3 x 3 features; |r| at most ")
    assert "4 strongest" in repr(few)


def test_a_search(scores):
    _, blocks, y, _ = scores
    search = pf.search_fusion(pf.FusionClassifier(), blocks, y, cv=3)
    best = search.table[0]
    assert repr(search).startswith(f"FusionSearch(30 ways; best: {best.label} {best.mean:.3f}; ")
    assert repr(best) == f"Candidate({best.label!r}, {best.mean:.4f} ± {best.std:.4f})"
