"""The report of a model: what it says is true, whatever is given, and the page is whole."""

from __future__ import annotations

import re

import numpy as np
import pytest
from pages import evaluation, headline

import polyfuse as pf
from polyfuse import _html, _report_scores, metrics
from polyfuse._report_scores import macro_auc

pytest.importorskip("matplotlib")

HALVES = slice(100), slice(100, 200)


def problem(rng, n=200, n_classes=2, helps=0.8, names=("image", "text")):
    y = np.arange(n) % n_classes
    centres = rng.normal(size=(len(names), n_classes, 4))
    blocks = {
        name: helps * centre[y] + rng.normal(size=(n, 4))
        for name, centre in zip(names, centres, strict=True)
    }
    return blocks, y


# -- is it true ----------------------------------------------------------------------------------


def test_fusion_helps(rng, written):
    blocks, y = problem(rng, n=400, n_classes=4, helps=0.7)
    page = written(pf.FusionClassifier(), blocks, y, class_names=["ape", "bee", "cat", "dog"])
    assert headline(page).startswith("Fusion helps: image + text (concatenate, early) gets ")
    found = evaluation(pf.FusionClassifier(), blocks, y)
    right = {name: held.predicted == y for name, held in found.alone.items()}
    fused, best = found.fused.predicted == y, right[found.best_alone]
    assert f"{100 * fused.mean():.1f} % right" in headline(page)
    gained, lost = int((fused & ~best).sum()), int((~fused & best).sum())
    assert f"{gained} are right only by fusion and {lost} only by" in page.text
    assert f"it fixes {gained} rows and breaks {lost}" in page.text
    none = int((fused & ~right["image"] & ~right["text"]).sum())
    assert f"{gained} of 400 rows are right by fusion and wrong by" in page.text
    assert f"{none} of them wrong by every modality alone" in page.text
    assert "additive by construction" in page.text


def test_noise_does_not_help(rng, written):
    y = rng.integers(0, 2, 200)
    blocks = {name: rng.normal(size=(200, 3)) for name in ("image", "text")}
    page = written(pf.FusionClassifier(), blocks, y)
    assert not headline(page).startswith("Fusion helps")
    assert "no better than that by more than chance explains" in page.text


def test_a_modality_of_noise_hurts(rng, written):
    blocks, y = problem(rng, n=300)
    noise = {"image": blocks["image"], "noise": rng.normal(size=(300, 250))}
    page = written(pf.FusionClassifier(), noise, y)
    assert headline(page).startswith("Fusion hurts: image + noise ")


@pytest.mark.parametrize(
    "params", [{}, {"level": "late"}, {"level": "hybrid"}, {"fusion": "vote", "level": "late"}]
)
def test_scores_are_those_of_rows_that_were_held_out(rng, params):
    blocks, y = problem(rng, n=90, n_classes=3)
    groups = np.arange(90) // 10
    model = pf.FusionClassifier(**params)
    found = evaluation(model, blocks, y, groups=groups, cv=3)
    assert found.n_folds == 3
    assert not hasattr(model, "coef_")
    for group in range(9):
        out = groups == group
        # The other groups of the fold are those that are scored by the same model.
        for fold in [f for f in folds(groups, 3) if out[f].any()]:
            train = np.delete(np.arange(90), fold)
            fitted = pf.FusionClassifier(**params).fit(
                {name: x[train] for name, x in blocks.items()}, y[train], groups=groups[train]
            )
            new = {name: x[fold] for name, x in blocks.items()}
            np.testing.assert_allclose(found.fused.proba[fold], fitted.predict_proba(new))
            own = pf.FusionClassifier().fit({"text": blocks["text"][train]}, y[train])
            np.testing.assert_allclose(
                found.alone["text"].proba[fold], own.predict_proba({"text": new["text"]})
            )
    assert found.disagreement == (found.scores.predict() != found.fused.predicted).mean()
    assert found.disagreement <= 0.05


def folds(groups, n):
    from polyfuse._held_out import fold_rows

    return fold_rows(len(groups), n, None, groups)


def test_a_modality_alone_has_the_parameters_of_the_model(rng):
    blocks, y = problem(rng, n=60)
    model = pf.FusionClassifier(scaler={"image": "minmax", "text": None}, C=0.1, level="late")
    found = evaluation(model, blocks, y, groups=np.arange(60) // 2, cv=3)
    (fold, *_) = folds(np.arange(60) // 2, 3)
    train = np.delete(np.arange(60), fold)
    own = pf.FusionClassifier(scaler="minmax", C=0.1).fit([blocks["image"][train]], y[train])
    want = own.predict_proba([blocks["image"][fold]])
    np.testing.assert_allclose(found.alone["image"].proba[fold], want)


def test_parts_of_folds_add_up_to_what_their_models_say(rng):
    blocks, y = problem(rng, n=120, n_classes=3)
    found = evaluation(pf.FusionClassifier(), blocks, y)
    scores = found.scores.fused()
    odds = np.exp(scores - scores.max(axis=1, keepdims=True))
    np.testing.assert_allclose(odds / odds.sum(axis=1, keepdims=True), found.fused.proba)
    assert found.disagreement == 0.0


def test_a_fitted_model_is_scored_on_the_rows_given(rng, written):
    blocks, y = problem(rng)
    labels = np.array(["no", "yes"])[y]
    seen, new = ({name: x[half] for name, x in blocks.items()} for half in HALVES)
    model = pf.FusionClassifier(level="late").fit(seen, labels[HALVES[0]])
    found = evaluation(model, new, labels[HALVES[1]])
    np.testing.assert_allclose(found.fused.proba, model.predict_proba(new))
    assert found.class_names == ("no", "yes")
    assert found.own_models
    page = written(model, new, labels[HALVES[1]])
    assert f"{100 * model.score(new, labels[HALVES[1]]):.1f} % right" in headline(page)
    assert "which must be rows that it was not fitted on" in page.text
    early = pf.FusionClassifier().fit(seen, labels[HALVES[0]])
    found = evaluation(early, new, labels[HALVES[1]])
    assert "A part of a model is not a model of its own" in _report_scores.headline(found, "")


def test_scores_with_their_names(rng, written):
    blocks, y = problem(rng, n_classes=3)
    found = evaluation(pf.FusionClassifier(), blocks, y)
    page = written(pf.FusionClassifier(), blocks, y)
    for held in (found.fused, *found.alone.values()):
        for value in (
            metrics.accuracy_score(y, held.predicted),
            metrics.balanced_accuracy_score(y, held.predicted),
            metrics.f1_score(y, held.predicted, average="macro"),
            metrics.log_loss(y, held.proba),
            metrics.roc_auc_score(y, held.proba, multi_class="ovr"),
        ):
            assert f"{value:.3f} [" in page.text


def test_the_area_over_the_classes_that_occur(rng):
    y = rng.integers(0, 3, 60)
    proba = rng.dirichlet(np.ones(3), 60)
    want = metrics.roc_auc_score(y, proba, multi_class="ovr")
    np.testing.assert_allclose(macro_auc(y, proba), want)
    weight = rng.integers(0, 3, 60)
    drawn = np.repeat(np.arange(60), weight)
    np.testing.assert_allclose(macro_auc(y, proba, weight), macro_auc(y[drawn], proba[drawn]))
    gone = y != 1
    each = [metrics.roc_auc_score(y[gone] == k, proba[gone, k]) for k in (0, 2)]
    np.testing.assert_allclose(macro_auc(y[gone], proba[gone]), np.mean(each))
    assert np.isnan(macro_auc(y[y == 1], proba[y == 1]))


# -- whatever is given ---------------------------------------------------------------------------


def test_what_is_missing(rng, written):
    blocks, y = problem(rng, n=150, names=("image", "text", "sound"))
    blocks["image"][rng.random(150) < 0.3] = np.nan
    there = rng.random(150) < 0.8
    page = written(pf.FusionClassifier(), blocks, y, present={"text": there})
    assert "in which a modality is missing" in page.text
    found = evaluation(pf.FusionClassifier(), blocks, y, present={"text": there})
    assert list(found.masks[1]) == list(there)
    assert list(found.masks[0]) == list(~np.isnan(blocks["image"][:, 0]))
    assert "without sound" in page.text
    assert ", missing" in page.text


def test_a_block_that_is_not_there_at_all(rng, written):
    blocks, y = problem(rng, names=("image", "text", "sound"))
    model = pf.FusionClassifier(level="late").fit(blocks, y)
    page = written(model, {**blocks, "sound": None}, y)
    assert "sound alone" in page.text


def test_an_early_fold_has_no_parts(rng, written):
    blocks, y = problem(rng)
    page = written(pf.FusionClassifier("sum"), blocks, y)
    assert "Not computed: Shares, Shapley values" in page.text
    assert "What is lost without a modality?" not in page.text
    assert "Which rows does fusion fix?" in page.text
    fitted = pf.FusionClassifier("sum").fit(blocks, y)
    page = written(fitted, blocks, y)
    assert "no modality alone to compare" in headline(page)
    assert "Which rows does fusion fix?" not in page.text


def test_tables_of_rows(rng, written):
    blocks, y = problem(rng, n=300, helps=0.4)
    names = [f"<patient {i}>" for i in range(300)]
    page = written(pf.FusionClassifier(), blocks, y, row_names=names)
    found = evaluation(pf.FusionClassifier(), blocks, y)
    fused, best = found.fused.predicted == y, found.alone[found.best_alone].predicted == y
    shown = {int(row) for row in re.findall(r"<patient (\d+)>", page.text)}
    assert shown <= set(np.flatnonzero(fused != best))
    assert 0 < len(shown) <= 40
    row = min(shown)
    sure = found.fused.proba[row, found.fused.predicted[row]]
    assert f"{found.fused.predicted[row]} {sure:.2f}" in page.text


def test_sparse_and_listed_blocks(rng, written):
    sparse = pytest.importorskip("scipy.sparse")
    blocks, y = problem(rng)
    listed = [sparse.csr_array(np.maximum(blocks["image"], 0.0)), blocks["text"]]
    page = written(pf.FusionClassifier(), listed, y)
    assert headline(page).count("0 + 1")
    assert "fewer than two blocks are dense" in page.text


def test_many_modalities(rng, written):
    blocks, y = problem(rng, n=60, names=[f"m{i}" for i in range(14)])
    blocks["m3"][:10] = np.nan
    page = written(pf.FusionClassifier(), blocks, y, cv=2)
    assert "Not computed: Shapley values and EMAP: 14 modalities" in page.text
    assert "The 6 modalities that are missed most." in page.text
    assert headline(page).count("14 modalities")


# -- the page ------------------------------------------------------------------------------------


def test_the_page_is_whole_with_many_modalities_and_classes(rng, written):
    names = [f"<b>modality & {i}" for i in range(6)]
    blocks, y = problem(rng, n=240, n_classes=20, names=names)
    classes = np.array([f"class <{i}> $x$" for i in range(20)])
    pictures = rng.integers(0, 256, (240, 8, 8, 3), dtype=np.uint8)
    captions = [f"picture <{i}>" for i in range(240)]
    steps = []
    page = written(
        pf.FusionClassifier(level="late", calibrate=False), blocks, classes[y], plots=True, cv=2,
        pictures=pictures, captions=captions, title="<i>", progress=lambda *s: steps.append(s),
    )  # fmt: skip
    assert steps == [(step, 14) for step in range(1, 15)]
    assert len(page.source) < 3_000_000
    text = re.sub(r"data:image/png;base64,[^\"]*", "", page.source)
    assert not re.search(r"(?i)https?:|//[a-z]|@import|javascript:", text)
    assert not {"script", "link", "iframe", "b", "i"} & {tag for tag, _ in page.tags}
    assert page.all("html") == [{"lang": "en"}]
    headings = [tag for tag, _ in page.tags if re.fullmatch(r"h\d", tag)]
    assert headings[0] == "h1"
    assert set(headings[1:]) == {"h2"}
    images = [attrs for _, attrs in page.tags if attrs.get("role") == "img"] + page.all("img")
    assert len(images) > 12
    assert all(len(attrs.get("alt") or attrs.get("aria-label")) > 4 for attrs in images)
    assert len(page.all("caption")) == len(page.all("table")) >= 5
    assert all(attrs["scope"] in ("row", "col") for attrs in page.all("th"))
    assert len(page.all("figcaption")) == len(page.all("figure")) > 12
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    for text in ("<b>modality & 0", "class <3> $x$", "<i>"):
        assert text in page.text


def test_pictures_are_no_larger_than_they_are_seen(rng):
    rgb = rng.integers(0, 256, (200, 123, 3), dtype=np.uint8)
    small = _html._shrunk(rgb)
    assert small.shape == (67, 41, 3)
    assert small.dtype == np.uint8
    want = rgb[3:6, 6:9].reshape(9, 3).mean(axis=0)
    np.testing.assert_allclose(small[1, 2], want, atol=1.01)
    np.testing.assert_allclose(small[66, 40], rgb[198:, 120:].reshape(-1, 3).mean(0), atol=1.01)
    assert _html._shrunk(rgb[:80, :80]).tobytes() == rgb[:80, :80].tobytes()
    assert len(_html.picture(rgb, "noise")) < 20_000


# -- what is wrong -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"model": 3}, TypeError, "model must be a FusionClassifier or FusionRegressor; got int"),
        ({"model": pf.FusionRegressor(), "y": [2] * 20}, ValueError, "different numbers"),
        (
            {"model": pf.FusionRegressor(), "class_names": ["a", "b"]},
            ValueError,
            "class_names must be None for a FusionRegressor",
        ),
        ({"blocks": np.zeros((20, 2))}, ValueError, "got one matrix"),
        ({"blocks": {"a": np.zeros((20, 2))}}, ValueError, "at least two modalities"),
        ({"y": [0] * 20}, ValueError, "at least 2 classes"),
        ({"y": [0] * 19 + [1]}, ValueError, "every class in two folds"),
        ({"y": [0, 1] * 9}, ValueError, "20"),
        ({"cv": 1}, ValueError, "cv must be"),
        ({"groups": np.arange(19)}, ValueError, "groups"),
        ({"groups": [0, 1] * 10}, ValueError, "every class in two folds"),
        ({"class_names": ["a"]}, ValueError, "class_names must have 2 entries; got 1"),
        ({"row_names": ["a"]}, ValueError, "row_names must have one entry per row of y; got 1"),
        ({"pictures": np.zeros((20, 2, 2, 3), np.uint8)}, ValueError, "captions must be given"),
        ({"random_state": -1}, ValueError, "random_state"),
        ({"path": "/nowhere/report.html"}, OSError, "there is no folder"),
    ],
)
def test_errors_say_what_is_wrong(rng, tmp_path, change, error, message):
    good = {
        "model": pf.FusionClassifier(), "y": [0, 1] * 10, "path": tmp_path / "report.html",
        "blocks": {name: rng.normal(size=(20, 2)) for name in "ab"},
    }  # fmt: skip
    with pytest.raises(error, match=message):
        pf.report(**{**good, **change})
    assert not list(tmp_path.iterdir())


def test_errors_of_fitted_models(rng, tmp_path):
    blocks, y = problem(rng, n=40)
    model, path = pf.FusionClassifier().fit(blocks, y), tmp_path / "report.html"
    with pytest.raises(ValueError, match="classes that the model knows; got 7"):
        pf.report(model, blocks, np.where(y == 0, 7, y), path)
    with pytest.raises(ValueError, match="at least two classes"):
        pf.report(model, blocks, np.zeros(40, int), path)
    with pytest.raises(ValueError, match="groups must be None"):
        pf.report(model, blocks, y, path, groups=y)
    assert not list(tmp_path.iterdir())


def test_without_matplotlib(rng, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    blocks, y = problem(rng)
    with pytest.raises(ImportError, match=r"pip install 'polyfuse\[plot\]'"):
        pf.report(pf.FusionClassifier(), blocks, y, tmp_path / "report.html")
