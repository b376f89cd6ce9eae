"""Comparisons: every model is the one a user would fit, and the headline tells the truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import polyfuse as pf
from polyfuse._comparison import LATE, compare, stratified_split
from polyfuse._statistics import mcnemar, paired_interval, wilson_interval


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


@pytest.mark.parametrize("n_classes", [2, 3])
def test_every_model_is_the_one_a_user_would_fit(n_classes):
    blocks, y = problem(n_classes=n_classes)
    result = compare(blocks, y)
    train = np.setdiff1d(np.arange(len(y)), result.test_rows)
    learn = {name: x[train] for name, x in blocks.items()}
    test = {name: x[result.test_rows] for name, x in blocks.items()}
    np.testing.assert_array_equal(result.y_test, y[result.test_rows])
    for scored in result.alone:
        model = pf.FusionClassifier().fit({scored.name: learn[scored.name]}, y[train])
        np.testing.assert_array_equal(
            scored.predicted, model.predict({scored.name: test[scored.name]})
        )
    early = pf.FusionClassifier().fit(learn, y[train])
    np.testing.assert_array_equal(result.fused[0].predicted, early.predict(test))
    assert result.fused[0].accuracy == early.score(test, y[result.test_rows])
    for scored in result.fused[1:]:
        weights = "validation" if "weighted" in scored.name else None
        model = pf.FusionClassifier(scored.name, level="late", weights=weights).fit(learn, y[train])
        np.testing.assert_array_equal(scored.predicted, model.predict(test))
        if weights:
            assert list(result.weights.values()) == model.weights_.tolist()
    assert [scored.name for scored in result.fused] == ["concatenate", *LATE]


def test_scores_are_those_of_scikit_learn(comparison):
    sk = pytest.importorskip("sklearn.metrics")
    for model in (*comparison.alone, *comparison.fused):
        expected = sk.precision_recall_fscore_support(
            comparison.y_test, model.predicted, average="macro", zero_division=0
        )[:3]
        assert model.scores[1:] == pytest.approx(expected)
        np.testing.assert_array_equal(
            comparison.confusion(model), sk.confusion_matrix(comparison.y_test, model.predicted)
        )


def test_times_count_what_a_rule_needs(comparison):
    seconds = {model.name: model.seconds for model in comparison.fused}
    alone = sum(model.seconds for model in comparison.alone)
    assert seconds["mean"] == seconds["maximum"] == pytest.approx(alone)


def test_progress_is_told():
    calls = []
    compare(*problem(60), progress=lambda *call: calls.append(call))
    steps = [call[:3] for call in calls if call[3] == 0]
    assert steps == [
        ("a alone", 1, 3), ("b alone", 2, 3), ("concatenate (early)", 3, 3)
    ]  # fmt: skip
    assert [call[3] for call in calls if call[1] == 1] == list(range(len([
        call for call in calls if call[1] == 1
    ])))  # fmt: skip


@pytest.mark.parametrize("test_size", [0.05, 0.3, 0.5, 0.95])
def test_the_split_is_stratified(test_size):
    codes = np.repeat([0, 1, 2], [2, 100, 37])
    names = ["a", "b", "c"]
    train, test = stratified_split(codes, test_size, 0, names)
    np.testing.assert_array_equal(np.sort(np.concatenate([train, test])), np.arange(139))
    for rows in (train, test):
        assert (np.diff(rows) > 0).all()
        assert set(codes[rows]) == {0, 1, 2}
    held_out = np.bincount(codes[test])
    np.testing.assert_allclose(held_out[1:], test_size * np.array([100, 37]), atol=1.0)
    again = stratified_split(codes, test_size, 0, names)[1]
    np.testing.assert_array_equal(test, again)
    assert not np.array_equal(test, stratified_split(codes, test_size, 1, names)[1])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"blocks": {"a": np.ones((4, 1))}}, "at least two modalities; got \\['a'\\]"),
        ({"blocks": {"a": np.ones((4, 1)), "b": np.full((4, 1), np.nan)}}, "blocks\\['b'\\].*NaN"),
        ({"y": [0, 0, 0, 1]}, "got '1' only once"),
        ({"y": [0, 0, 0, 0]}, "only one class"),
        ({"names": ["x"]}, "names must have 2 entries; got 1"),
        ({"test_size": 1.0}, "test_size must be between 0 and 1; got 1.0"),
    ],
)
def test_wrong_input(change, message):
    given = {"blocks": {"a": np.ones((4, 1)), "b": np.ones((4, 2))}, "y": [0, 0, 1, 1], **change}
    with pytest.raises(ValueError, match=message):
        compare(given.pop("blocks"), given.pop("y"), **given)


# -- what the headline says ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gained", "lost", "says"),
    [
        (40, 5, "Fusion helps"),
        (6, 4, "Fusion may help, but it may be luck"),
        (5, 5, "Fusion makes no difference"),
        (4, 6, "Fusion shows no gain"),
        (5, 40, "Fusion hurts"),
    ],
)
def test_the_headline_tells_the_truth(comparison, gained, lost, says):
    n = 200
    y = np.zeros(n, np.int64)
    fused, alone = np.zeros(n, np.int64), np.zeros(n, np.int64)
    alone[:gained] = 1
    fused[gained : gained + lost] = 1

    def scored(name, kind, predicted):
        return replace(
            comparison.alone[0], name=name, kind=kind, predicted=predicted,
            accuracy=float((predicted == y).mean()),
        )  # fmt: skip

    result = replace(
        comparison, y_test=y, fused=(scored("mean", "late", fused),),
        alone=(scored("a", "alone", alone),),
    )  # fmt: skip
    verdict = result.verdict()
    assert (verdict.gained, verdict.lost) == (gained, lost)
    first, evidence = result.headline()
    assert first.startswith(says + ":")
    assert (
        f"Of 200 rows held out, {gained} are right only by fusion and {lost} only by a" in evidence
    )
    assert ("more than chance" in evidence) == verdict.beyond_noise == (abs(gained - lost) > 5)
    assert (verdict.low > 0 or verdict.high < 0) == verdict.beyond_noise


def test_the_best_of_several_rules_must_be_better_than_luck(comparison):
    verdict = comparison.verdict()
    assert verdict.p_value == pytest.approx(min(1.0, 8 * mcnemar(verdict.gained, verdict.lost)))
    low, high = paired_interval(verdict.gained, verdict.lost, len(comparison.y_test))
    assert verdict.low < low < verdict.difference < high < verdict.high


def test_tests_and_intervals_are_those_of_scipy():
    stats = pytest.importorskip("scipy.stats")
    for gained, lost in ((0, 0), (9, 1), (53, 16), (3, 3), (400, 480), (2000, 0)):
        if gained + lost:
            expected = stats.binomtest(gained, gained + lost).pvalue
            assert mcnemar(gained, lost) == pytest.approx(expected, rel=1e-9, abs=1e-300)
        else:
            assert mcnemar(0, 0) == 1.0
    for right, n in ((0, 5), (5, 5), (347, 418)):
        expected = stats.binomtest(right, n).proportion_ci(method="wilson")
        assert wilson_interval(right, n) == pytest.approx((expected.low, expected.high))


def test_paired_interval_by_hand():
    # (40 - 5) / 202 ± 1.959964 √(46 - 35² / 202) / 202, Agresti and Min (2005)
    assert paired_interval(40, 5, 200) == pytest.approx((0.111951, 0.234584), abs=1e-6)
