"""What counts as a collection of Dask, and what functions take as they do of arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import polyfuse as pf
from polyfuse import metrics
from polyfuse._collections import is_collection
from polyfuse.fusion import Fusion

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")

RNG = np.random.default_rng(0)
A, B = RNG.normal(size=(2, 50, 3))
SCORES = A[:, 0]


@pytest.fixture(autouse=True)
def synchronous() -> Any:
    with dask.config.set(scheduler="synchronous"):
        yield


def delayed(x: np.ndarray, k: int) -> list[Any]:
    return [dask.delayed(np.array)(part) for part in np.array_split(x, k)]


def test_blocks_may_be_lists_of_delayed() -> None:
    expected = Fusion("mean", scaler="standard").fit([A, B]).transform([A, B])
    given = [delayed(A, 3), delayed(B, 2)]
    fused = Fusion("mean", scaler="standard").fit(given).transform(given)
    np.testing.assert_array_equal(fused.compute(), expected)
    assert is_collection([da.zeros(3), da.zeros(3)])
    assert is_collection(delayed(A, 2))
    assert is_collection([A, da.zeros(3)])
    assert not any(map(is_collection, ([], [[]], [A, B], [[1.0], [2.0]], "text", {"a": A})))


@pytest.mark.parametrize("named", [False, True], ids=["list", "dict"])
def test_an_array_among_collections_is_cut_as_they_are(named: bool) -> None:
    given: Any = [A, da.from_array(B, chunks=(9, 2))]
    arrays: Any = [A, B]
    if named:
        given, arrays = ({"a": x[0], "b": x[1]} for x in (given, arrays))
    expected = Fusion("concatenate", scaler="standard").fit(arrays).transform(arrays)
    fused = Fusion("concatenate", scaler="standard").fit(given).transform(given)
    assert fused.chunks[0] == da.from_array(B, chunks=(9, 2)).chunks[0]
    np.testing.assert_array_equal(fused.compute(), expected)


def test_data_frames_of_2024_are_of_dask_too() -> None:
    frame = type("DataFrame", (), {"__module__": "dask_expr._collection"})
    assert is_collection(frame())


@pytest.mark.parametrize("labels", [(0, 1), (-1, 1), (0, 2), (1, 2), ("no", "yes")])
def test_the_greater_of_two_labels_is_positive(labels: tuple[Any, Any]) -> None:
    y = np.array(labels)[(SCORES + B[:, 0] > 0).astype(int)]
    found = pf.dask.score("roc_auc_score", da.from_array(y, chunks=7), da.from_array(SCORES))
    assert found == metrics.roc_auc_score(y, SCORES)
    turned = pf.dask.score(
        "roc_auc_score", da.from_array(y, chunks=7), da.from_array(SCORES), pos_label=labels[0]
    )
    assert turned == pytest.approx(1.0 - found)


def test_one_label_alone_and_more_than_two() -> None:
    scores = da.from_array(SCORES, chunks=20)
    with pytest.warns(UserWarning, match="Only one class"):
        assert np.isnan(pf.dask.score("roc_auc_score", da.zeros(50, int, chunks=9), scores))
    with pytest.raises(ValueError, match="y_true must have two labels .*; got \\[0 1 2\\]"):
        pf.dask.score("roc_auc_score", da.arange(50, chunks=9) % 3, scores)


def test_arrays_of_the_other_byte_order() -> None:
    y = (A[:, 0] > 0).astype(int)
    turned = A.astype(A.dtype.newbyteorder())
    expected = pf.FusionClassifier(level="late", max_iter=5).fit({"a": A, "b": B}, y)
    blocks = {"a": da.from_array(turned, chunks=(20, 3)), "b": turned - A + B}
    model = pf.FusionClassifier(level="late", max_iter=5).fit(blocks, y)
    for name, coef in expected.coef_.items():
        np.testing.assert_allclose(model.coef_[name], coef, rtol=1e-6)
    assert model.predict(blocks).compute().tolist() == expected.predict({"a": A, "b": B}).tolist()
