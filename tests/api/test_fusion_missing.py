"""Blocks that are missing in some rows: every policy against plain NumPy, and every message."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from polyfuse import fusion

pytestmark = [
    pytest.mark.usefixtures("backend"),
    pytest.mark.filterwarnings("ignore::RuntimeWarning"),  # of NumPy's functions for NaNs
]

SKIPPING: dict[str, Any] = {
    "sum": lambda x, w: np.nansum(x, axis=0),
    "mean": lambda x, w: np.nanmean(x, axis=0),
    "weighted_sum": lambda x, w: np.nansum(x * w, axis=0),
    "weighted_mean": lambda x, w: np.nansum(x * w, axis=0) / np.nansum(w + 0 * x, axis=0),
    "maximum": lambda x, w: np.nanmax(x, axis=0),
    "minimum": lambda x, w: np.nanmin(x, axis=0),
    "product": lambda x, w: np.nanprod(x, axis=0),
    "median": lambda x, w: np.nanmedian(x, axis=0),
    "geometric_mean": lambda x, w: np.exp(np.nansum(w * np.log(x), 0) / np.nansum(w + 0 * x, 0)),
}


def draw(rng: np.random.Generator, dtype: str) -> tuple[list[NDArray], NDArray, NDArray]:
    """Blocks with rows of NaN, the same without, and what is missing, shape (k, n)."""
    k, n, d = rng.integers(1, 6), rng.integers(1, 30), rng.integers(1, 7)
    whole = np.abs(rng.normal(size=(k, n, d))).astype(dtype) + np.array(0.125, dtype)
    gone = rng.random((k, n)) < rng.choice([0.0, 0.2, 0.7])
    return [np.where(m[:, None], np.nan, x) for m, x in zip(gone, whole, strict=True)], whole, gone


@pytest.mark.parametrize("op", SKIPPING)
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_skip(op: str, dtype: str) -> None:
    rng = np.random.default_rng(11)
    for _ in range(40):
        with_nan, whole, gone = draw(rng, dtype)
        k, n, d = whole.shape
        w = rng.uniform(0.25, 2.0, [(k, 1, 1), (k, n, 1), (k, 1, d)][rng.integers(3)])
        options: dict[str, Any] = {"missing": "skip", "all_missing": "nan"}
        if "weighted" in op or op == "geometric_mean":
            options["weights"] = w
        blocks = [x.astype(dtype) for x in with_nan]
        want = SKIPPING[op](np.array(with_nan, np.float64), w)
        want[gone.all(axis=0)] = np.nan
        fused = fusion.fuse(blocks, op, **options)
        tolerance = 1e-5 if dtype == "f4" else 1e-12
        np.testing.assert_allclose(fused, want, rtol=tolerance, atol=tolerance)
        present = [None if not m.any() else ~m for m in gone]
        np.testing.assert_array_equal(
            fusion.fuse(list(whole), op, present=present, **options), fused
        )


@pytest.mark.parametrize("op", ["sum", "median", "concatenate"])
def test_numbers_that_stand_for_rows(op: str) -> None:
    rng = np.random.default_rng(12)
    for _ in range(60):
        with_nan, whole, gone = draw(rng, "f8")
        number = rng.choice([0.0, -1.5])
        filled = np.where(gone[:, :, None], number, whole)
        want = fusion.fuse(list(filled), op)
        want[gone.all(axis=0)] = np.nan
        missing = "zero" if number == 0.0 else number
        fused = fusion.fuse(with_nan, op, missing=missing, all_missing="nan")
        np.testing.assert_array_equal(fused, want)


def test_votes_of_those_there() -> None:
    labels = [np.array([[3], [1], [2]]), np.array([[1], [0], [2]]), np.array([[3], [0], [1]])]
    present = {"b": [True, False, True], "c": [False, False, True]}
    blocks = dict(zip("abc", labels, strict=True))
    voted = fusion.vote(blocks, present=present, missing="skip")
    assert voted.dtype == labels[0].dtype
    assert voted.tolist() == [[1], [1], [2]]
    everywhere = {**present, "a": np.array([True, False, True])}
    with pytest.raises(ValueError, match="all blocks are missing in row 1: drop the row"):
        fusion.vote(blocks, present=everywhere, missing="skip")
    voted = fusion.vote(blocks, present=everywhere, missing="skip", all_missing="nan")
    np.testing.assert_array_equal(voted, [[1.0], [np.nan], [2.0]])


def test_masks_of_integers_and_unscaled_rows(rng: np.random.Generator) -> None:
    """Rows that are not there may hold anything: scalers fitted here do not see them."""
    from polyfuse.preprocessing import StandardScaler

    counts, there = rng.integers(0, 200, (30, 3)).astype("u1"), rng.random(30) < 0.6
    counts[~there] = 255
    other = rng.normal(size=(30, 3))
    fused = fusion.sum([counts, other], scalers="standard", present=[there, None], missing=0.5)
    scaled = np.full((30, 3), 0.5)
    scaled[there] = StandardScaler().fit_transform(counts[there])
    np.testing.assert_allclose(fused, scaled + StandardScaler().fit_transform(other), atol=1e-13)


def test_a_nan_is_a_value_by_default() -> None:
    a, b = np.full((2, 3), np.nan), np.ones((2, 3))
    assert np.isnan(fusion.mean([a, b])).all()
    a[0, 0] = 1.0  # a row with some NaNs is not missing
    np.testing.assert_array_equal(fusion.mean([a, b], missing="skip")[0], [1.0, np.nan, np.nan])
    assert fusion.mean([a, b], missing="skip")[1].tolist() == [1.0] * 3


@pytest.mark.parametrize("op", ["mean", "concatenate", "median", "vote"])
@pytest.mark.parametrize("n", [10, 9000, 20_000])
def test_nothing_is_written_before_an_error(op: str, n: int, rng: np.random.Generator) -> None:
    a, b = rng.normal(size=(n, 2)), rng.normal(size=(n, 2))
    blocks = {"image": a, "text": b}
    present = {"text": np.ones(n, bool)}
    present["text"][n - 3] = False
    out = np.full((n, 4 if op == "concatenate" else 2), 7.0)
    with pytest.raises(
        ValueError, match=rf"'text'\] is missing in row {n - 3} \(present says so\)"
    ):
        fusion.fuse(blocks, op, out=out, present=present)
    a[n - 3] = np.nan
    with pytest.raises(ValueError, match=f"all blocks are missing in row {n - 3}"):
        fusion.fuse(blocks, op, out=out, present=present, missing="zero")
    with pytest.raises(ValueError, match=rf"'image'\] is missing in row {n - 3} \(all its values"):
        fusion.fuse(blocks, op, out=out, missing="raise")
    assert (out == 7.0).all()
    with pytest.raises(ValueError, match=f"all blocks are missing in row {n - 3}"):
        fusion.fuse(blocks, op, present=present, missing=0.0)
    fused = fusion.fuse(blocks, op, out=out, present=present, missing=0.0, all_missing="nan")
    assert np.flatnonzero(np.isnan(fused).any(axis=1)).tolist() == [n - 3]


def test_in_place_after_an_error_is_untouched(rng: np.random.Generator) -> None:
    a, b = rng.normal(size=(2, 9000, 3))
    a[8999] = b[8999] = np.nan
    kept = a.copy()
    with pytest.raises(ValueError, match="row 8999"):
        fusion.maximum([a, b], out=a, missing="skip")
    np.testing.assert_array_equal(a, kept)
    fusion.maximum([a, b], out=a, missing="skip", all_missing="nan")
    np.testing.assert_array_equal(a, np.maximum(kept, b))


A = [[1.0, 2.0], [3.0, 4.0]]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"missing": "drop"}, "missing must be one of 'raise', 'skip', 'zero'; got 'drop'"),
        ({"missing": float("nan")}, "missing must be a finite number; got nan"),
        ({"missing": True}, "missing must be a finite number; got True"),
        ({"missing": "skip", "op": "concatenate"}, "missing='skip' does not go with"),
        ({"missing": "skip", "all_missing": "zero"}, "all_missing must be one of 'raise', 'nan'"),
        ({"present": {"c": [True, True]}}, r"present must have keys among \['a', 'b'\]"),
        ({"present": [[True, True]]}, "present must have one entry per block, 2; got 1"),
        ({"present": {"b": [1, 0]}}, r"present\['b'\] must be boolean; got dtype int64"),
        ({"present": {"b": [True]}}, r"present\['b'\] must have shape \(2,\).* got \(1,\)"),
        (
            {"present": {"b": [True, False]}},
            r"blocks\['b'\] is missing in row 1 .* pass missing='s",
        ),
        ({"present": {"b": [True, True]}, "op": "vstack"}, "do not go with op='vstack'"),
    ],
)
def test_messages(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fusion.fuse({"a": A, "b": A}, **{"op": "mean", **options})


@pytest.mark.parametrize(
    ("dtype", "missing", "expected"),
    [
        ("u1", -1, "f8"), ("u1", 300, "f8"), ("u1", 255, "u1"), ("u1", 0.5, "f8"),
        ("i1", -128, "i1"), ("i1", 128, "f8"), ("?", 7, "f8"), ("?", 1, "?"), ("?", "zero", "?"),
        ("i8", 2.0**63, "f8"), ("i8", -(2.0**63), "i8"), ("u8", 2.0**63, "u8"),
    ],
)  # fmt: skip
def test_votes_are_integers_that_their_dtype_has(dtype: str, missing: Any, expected: str) -> None:
    """A number that stands for votes and does not fit among them was wrapped: -1 became 255."""
    labels, present = np.ones((2, 1), dtype), {"a": [True, False], "b": [True, True]}
    for weights, op in ((None, "vote"), ([3, 1], "weighted_vote")):
        blocks = {"a": labels, "b": np.zeros_like(labels)}
        voted = fusion.fuse(blocks, op, weights, present=present, missing=missing)
        assert voted.dtype == np.dtype(expected)
        number = 0 if missing == "zero" else missing
        alone = min(number, 0) if op == "vote" else number
        assert voted.ravel().tolist() == [0 if op == "vote" else 1, alone]
        columns = {"a": slice(0, 1), "b": slice(1, 2)}
        fitted = fusion.Fusion(op, weights=weights, missing=missing, columns=columns)
        assert fitted.fit_transform(np.hstack(list(blocks.values()))).dtype == np.dtype(expected)


def test_a_batch_without_one_modality(rng: np.random.Generator) -> None:
    """What is nowhere to be seen is skipped, whatever scales and projects it where it is."""
    pytest.importorskip("sklearn")
    a, b = rng.normal(size=(20, 3)), rng.normal(size=(20, 5))
    gone = np.full((4, 5), np.nan)
    for scaler in (None, "standard"):
        options: dict[str, Any] = {"scaler": scaler, "projection": "pca", "n_components": 2}
        fitted = fusion.Fusion("mean", missing="skip", **options).fit([a, b])
        alone = fusion.Fusion("mean", **options).fit([a])
        np.testing.assert_allclose(fitted.transform([a[:4], gone]), alone.transform([a[:4]]))
        with pytest.raises(ValueError, match="all blocks are missing in row 0"):
            fitted.transform([gone[:, :3], gone])
        assert fitted.transform([a[:0], b[:0]]).shape == (0, 2)
        joined = fusion.Fusion(missing="zero", **options).fit([a, b])
        assert (joined.transform([a[:4], gone])[:, 2:] == 0.0).all()
    present: Any = [[False] * 20, None]
    np.testing.assert_array_equal(
        fusion.mean([a, b[:, :3]], scalers="standard", present=present, missing="skip"),
        fusion.mean([b[:, :3]], scalers="standard"),
    )
    assert fusion.mean([a[:0], b[:0, :3]], scalers="minmax", missing="skip").shape == (0, 3)
    with pytest.raises(ValueError, match="scalers must be one of"):
        fusion.mean([a, a], scalers="stand", present=present, missing="skip")


def test_nothing_is_fitted_to_nothing(rng: np.random.Generator) -> None:
    pytest.importorskip("sklearn")
    a, gone = rng.normal(size=(20, 3)), np.full((20, 3), np.nan)
    message = r"^blocks\[1\] is missing in every row: there is nothing to fit its {} to\.$"
    pca: dict[str, Any] = {"projection": "pca", "n_components": 2, "missing": "skip"}
    with pytest.raises(ValueError, match=message.format("projection")):
        fusion.fuse([a, gone], "mean", **pca)
    with pytest.raises(ValueError, match=message.format("projection")):
        fusion.Fusion("mean", **pca).fit([a, gone])
    with pytest.raises(ValueError, match=message.format("scaler")):
        fusion.Fusion("mean", scaler="standard", missing="skip").fit([a, gone])
    with pytest.raises(ValueError, match=r"blocks\[0\] has no rows: there is nothing to fit"):
        fusion.mean([a[:0]], projection="pca", n_components=2)


@pytest.mark.parametrize(
    ("op", "options"),
    [("weighted_mean", {}), ("geometric_mean", {}), ("power_mean", {"p": 2.0})],
)
def test_weights_of_those_present_may_not_add_up_to_zero(op: str, options: Any) -> None:
    a, b = np.full((4, 2), 2.0), np.full((4, 2), 8.0)
    b[2] = np.nan
    for weights in ([0, 1], [[[0.0]] * 4, [[1.0]] * 4], np.array([[[0.0]], [[1.0]]])):
        with pytest.raises(ValueError, match="weights of the blocks present .* zero in row 2"):
            fusion.fuse([a, b], op, weights, missing="skip", **options)
        fused = fusion.fuse([a, b], op, weights, missing="skip", all_missing="nan", **options)
        np.testing.assert_allclose(fused, [[8.0, 8.0]] * 2 + [[np.nan] * 2] + [[8.0, 8.0]])
    by_column = [np.array([0.0, 1.0]), np.array([1.0, 1.0])]
    out = a.copy()
    with pytest.raises(ValueError, match="add up to zero in row 2"):
        fusion.fuse([out, b], op, by_column, missing="skip", out=out, **options)
    np.testing.assert_array_equal(out, a)
    fusion.fuse([out, b], op, by_column, missing="skip", out=out, all_missing="nan", **options)
    np.testing.assert_allclose(out[2], [np.nan, 2.0])
    np.testing.assert_array_equal(np.isnan(out[[0, 1, 3]]), False)


def test_weights_that_cancel_among_those_present() -> None:
    a, b, c = np.full((9000, 1), 1.0), np.full((9000, 1), 3.0), np.full((9000, 1), 5.0)
    present = [None, None, np.arange(9000) != 8500]
    options: Any = {"missing": "skip", "present": present}
    with pytest.raises(ValueError, match="add up to zero in row 8500"):
        fusion.weighted_mean([a, b, c], [1, -1, 1], **options)
    fused = fusion.weighted_mean([a, b, c], [1, -1, 1], all_missing="nan", **options)
    assert np.flatnonzero(np.isnan(fused[:, 0])).tolist() == [8500]
    assert fusion.weighted_sum([a, b, c], [1, -1, 1], **options)[8500, 0] == -2.0
