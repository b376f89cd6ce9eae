"""Reports: the page is whole, safe, readable aloud, and never half-written."""

from __future__ import annotations

import os
import re

import numpy as np
import pytest
from pages import Page

from polyfuse import reporting
from polyfuse._comparison import compare

EVIL = "<script>alert('x')</script> & \"$1\" -->"


def problem(n=240, n_classes=3, widths=(4, 3), helps=1.2, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.arange(n) % n_classes)
    centres = [rng.normal(size=(n_classes, width)) for width in widths]
    blocks = {
        name: helps * centre[y] + rng.normal(size=(n, centre.shape[1]))
        for name, centre in zip("ab", centres, strict=True)
    }
    return blocks, y


@pytest.fixture(scope="module")
def comparison():
    return compare(*problem(n=400, helps=0.7))


@pytest.fixture(scope="module")
def source(comparison, tmp_path_factory):
    pytest.importorskip("matplotlib")
    path = tmp_path_factory.mktemp("report") / "report.html"
    n = comparison.n_train + len(comparison.y_test)
    pictures = np.random.default_rng(0).integers(0, 256, (n, 8, 8, 3), dtype=np.uint8)
    reporting.write_report(
        path,
        comparison,
        title=EVIL,
        pictures=pictures,
        captions=[f"row {i} {EVIL}" for i in range(n)],
    )
    assert [p.name for p in path.parent.iterdir()] == ["report.html"]
    return path.read_text(encoding="utf-8")


# -- the page ------------------------------------------------------------------------------------


def test_the_page_is_self_contained(source):
    page = Page(source)
    assert len(source) < 2_000_000
    assert not re.search(r"(?i)https?:|//[a-z]|@import|javascript:", source)
    assert not {"script", "link", "iframe", "object", "embed", "base"} & {t for t, _ in page.tags}
    for tag, attrs in page.tags:
        for name in ("src", "href"):
            if name in attrs:
                assert attrs[name].startswith(("data:image/png;base64,", "#")), (tag, attrs)
        assert not any(name.startswith("on") for name in attrs)
    assert not re.search(r"url\((?!#)", source)
    policy = next(a for a in page.all("meta") if a.get("http-equiv") == "Content-Security-Policy")
    assert policy["content"].startswith("default-src 'none'")


def test_the_page_is_accessible(source):
    page = Page(source)
    assert page.all("html") == [{"lang": "en"}]
    assert len(page.all("main")) == len(page.all("h1")) == len(page.all("title")) == 1
    assert len(page.all("h2")) >= 6
    assert not page.all("h3")
    images = [attrs for _, attrs in page.tags if attrs.get("role") == "img"] + page.all("img")
    assert len(page.all("svg")) == 4
    assert len(images) >= 6
    for attrs in images:
        assert len(attrs.get("alt") or attrs.get("aria-label")) > 4
    assert len(page.all("caption")) == len(page.all("table")) == 3
    assert all(attrs["scope"] in ("row", "col") for attrs in page.all("th"))
    assert len(page.all("figcaption")) == len(page.all("figure")) == 4
    assert any(attrs.get("name") == "viewport" for attrs in page.all("meta"))
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    used = re.findall(r"(?:url\(|href=\")#([^)\"]+)", source)
    assert set(used) <= set(ids)


def test_both_themes_define_every_colour_in_use(source):
    page = Page(source)
    light, dark = re.findall(r":root \{([^}]*)\}", page.style)
    assert "prefers-color-scheme: dark" in page.style
    defined = [set(re.findall(r"--([a-z-]+):", theme)) for theme in (light, dark)]
    assert defined[0] == defined[1] >= set(re.findall(r"var\(--([a-z-]+)\)", source))


def test_plots_carry_the_page_colours_and_fonts(source):
    for svg in re.findall(r"<svg.*?</svg>", source, re.DOTALL):
        assert not re.search(r"(?:fill|stroke): #", svg)
        assert "DejaVu" not in svg
        assert "<text" in svg


def test_what_users_write_is_escaped(source):
    page = Page(source)
    assert "<script" not in source
    assert EVIL in page.text
    assert any(EVIL in attrs["alt"] for attrs in page.all("img"))


def test_names_of_classes_and_modalities_are_escaped(tmp_path):
    pytest.importorskip("matplotlib")
    blocks, y = problem(60)
    labels = np.array([EVIL, "二 😀", "</svg><b>"])[y]
    result = compare({EVIL: blocks["a"], "$b$": blocks["b"]}, labels)
    reporting.write_report(tmp_path / "report.html", result)
    source = (tmp_path / "report.html").read_text(encoding="utf-8")
    page = Page(source)
    assert not {"script", "b"} & {tag for tag, _ in page.tags}
    for text in (EVIL, "二 😀", "</svg><b>", f"{EVIL} alone", "$b$ alone"):
        assert text in page.text
    for key in ("rules", "shares", "confusion", "losses"):
        assert f'id="{key}-figure_1"' in source


def test_numbers_and_headline_are_on_the_page(comparison, source):
    text = Page(source).text
    for model in (*comparison.alone, *comparison.fused):
        assert f"{model.label}{model.accuracy:.3f}{model.precision:.3f}" in text.replace("\n", "")
    for sentence in comparison.headline():
        assert sentence in text


def test_no_pictures_no_gallery(comparison, tmp_path):
    pytest.importorskip("matplotlib")
    reporting.write_report(tmp_path / "report.html", comparison)
    page = Page((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert not page.all("img")
    assert "Only fusion" not in page.text


def test_gallery_shows_what_it_says(comparison, source):
    right = [m.predicted == comparison.y_test for m in comparison.alone]
    fused = comparison.best_fused.predicted == comparison.y_test
    gained = comparison.test_rows[fused & ~np.any(right, axis=0)]
    best = right[comparison.alone.index(comparison.best_alone)]
    lost = comparison.test_rows[~fused & best]
    shown = [int(a["alt"].split()[1]) for a in Page(source).all("img")]
    assert len(gained) > 0
    assert len(lost) > 0
    assert set(shown) <= {*gained, *lost}
    assert set(gained) <= set(shown) or len(shown) >= 24
    assert (
        f"{len(gained)} of the {len(fused)} rows held out are right by fusion and by no" in source
    )


def test_many_classes_and_modalities_stay_small_and_readable(tmp_path):
    pytest.importorskip("matplotlib")
    rng = np.random.default_rng(0)
    y = np.arange(360) % 60
    blocks = {f"modality {i}": rng.normal(size=(360, 2)) + y[:, None] for i in range(24)}
    result = compare(blocks, [f"class number {i}" for i in y])
    assert "24 modalities" in result.headline()[0]
    reporting.write_report(tmp_path / "report.html", result)
    source = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert len(source) < 2_000_000
    assert "25 of 60 classes with the most errors" in Page(source).text


# -- writing -------------------------------------------------------------------------------------


def test_a_failed_report_leaves_what_was_there(comparison, tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    path = tmp_path / "report.html"
    path.write_text("the old one")

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="No space left"):
        reporting.write_report(path, comparison)
    assert path.read_text() == "the old one"
    assert list(tmp_path.iterdir()) == [path]


def test_a_report_replaces_files_only(comparison, tmp_path):
    pytest.importorskip("matplotlib")
    for target, message in (
        (tmp_path, "is not a regular file"),
        (os.devnull, "is not a regular file"),
        (tmp_path / "none" / "report.html", "there is no folder"),
        ("/proc/report.html", "cannot write to"),
    ):
        with pytest.raises(OSError, match=message):
            reporting.write_report(target, comparison)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("pictures", "captions", "message"),
    [
        (np.zeros((240, 8, 8, 3), np.uint8), None, "captions must be given"),
        (np.zeros((240, 8, 8), np.uint8), ["x"] * 240, "RGB, uint8"),
        (np.zeros((240, 8, 8, 3)), ["x"] * 240, "RGB, uint8"),
    ],
)
def test_wrong_pictures(comparison, tmp_path, pictures, captions, message):
    pytest.importorskip("matplotlib")
    with pytest.raises(ValueError, match=message):
        reporting.write_report(
            tmp_path / "r.html", comparison, pictures=pictures, captions=captions
        )
    assert not list(tmp_path.iterdir())
