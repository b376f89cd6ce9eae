"""What stands for a scaler of a block: names, scalers fitted or not, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler as SkScaler

import polyfuse as pf
from polyfuse import fusion
from polyfuse.exceptions import NotFittedError
from polyfuse.fusion import Fusion
from polyfuse.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    RobustScaler,
    StandardScaler,
)

A, D = np.array([[1.0, 2.0], [3.0, 5.0], [4.0, 9.0]]), np.array([[0.0, 1.0], [2.0, 2.0], [7.0, 0]])
Y = [0, 1, 1]


def test_names_and_scalers_side_by_side() -> None:
    fitted = RobustScaler().fit(D)
    want = np.hstack([MinMaxScaler().fit_transform(A), fitted.transform(D)])
    for scalers in (["minmax", fitted], {"b": fitted, "a": "minmax"}):
        blocks = {"a": A, "b": D} if isinstance(scalers, dict) else [A, D]
        np.testing.assert_array_equal(fusion.concatenate(blocks, scalers=scalers), want)
    here = fusion.concatenate([A, D], scalers=["maxabs", None])
    np.testing.assert_array_equal(here, np.hstack([MaxAbsScaler().fit_transform(A), D]))


@pytest.mark.parametrize(
    "scaler", [RobustScaler(quantile_range=(5.0, 95.0)), MinMaxScaler((-1, 1))]
)
def test_a_scaler_is_copied_for_each_block(scaler: Any) -> None:
    want = np.hstack([type(scaler)(**scaler.get_params()).fit_transform(x) for x in (A, D)])
    np.testing.assert_array_equal(fusion.concatenate([A, D], scalers=scaler), want)
    np.testing.assert_array_equal(Fusion(scaler=scaler).fit_transform([A, D]), want)
    mixed = Fusion(scaler={"a": scaler, "b": "standard"}).fit({"a": A, "b": D})
    assert repr(mixed.scalers_["a"]) == repr(scaler)
    assert isinstance(mixed.scalers_["b"], StandardScaler)
    model = pf.FusionClassifier(scaler=[scaler, None]).fit([A, D], Y)
    assert repr(model.scalers_["0"]) == repr(scaler)
    assert model.scalers_["1"] is None
    assert not hasattr(scaler, "n_features_in_"), "what was given is not fitted"


@pytest.mark.parametrize("kind", [MinMaxScaler, MaxAbsScaler])
def test_a_scaler_that_clips_is_refused(kind: Any) -> None:
    clips = kind(clip=True)
    message = r"clips \(clip=True\), which fusion cannot do in the same pass; use clip=False or tra"
    with pytest.raises(ValueError, match=rf"scaler {message}"):
        Fusion(scaler=clips).fit([A, D])
    with pytest.raises(ValueError, match=rf"scaler {message}"):
        pf.FusionClassifier(scaler=clips).fit([A, D], Y)
    with pytest.raises(ValueError, match=rf"scalers\['a'\] {message}"):
        fusion.concatenate({"a": A}, scalers=[clips.fit(A)])
    with pytest.raises(ValueError, match=rf"scalers\[1\] {message}"):
        fusion.low_rank([A, D], [np.eye(2)] * 2, scalers=[None, clips])
    with pytest.raises(
        ValueError, match=rf"{kind.__name__} clips \(clip=True\), which is no affine"
    ):
        clips.as_affine()
    own = kind().fit(A)
    np.testing.assert_array_equal(fusion.concatenate([A], scalers=[own]), own.transform(A))


@pytest.mark.parametrize(
    ("scalers", "error", "message"),
    [
        (StandardScaler().fit(A), TypeError, "one fitted scaler per block, in a list or dict; got"
         " a single StandardScaler"),
        (3, TypeError, "scalers must be a list or dict of scalers or their names.* got int"),
        ([3, None], TypeError, r"scalers\['a'\] must be a scaler of columns .* got int"),
        (StandardScaler, TypeError, r"got the class StandardScaler: write StandardScaler\(\)"),
        ([None, StandardScaler], TypeError, r"scalers\['b'\] .* got the class StandardScaler: wri"),
        ([Normalizer(), None], TypeError, r"scalers\['a'\] must be a scaler of col.* Normalizer"),
        (SkScaler(), TypeError, r"got sklearn\.preprocessing\._data\.StandardScaler"),
        ([StandardScaler(), None], NotFittedError, r"scalers\['a'\], a StandardScaler, is not fit"),
        ("Standard", ValueError, "scalers must be one of 'standard', .*; got 'Standard'"),
        ({"a": "Standard", "b": None}, ValueError, r"scalers\['a'\] must be one of"),
        (["standard"], ValueError, "scalers must have one entry per block, 2; got 1"),
    ],
)  # fmt: skip
def test_messages(scalers: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        fusion.concatenate({"a": A, "b": D}, scalers=scalers)


@pytest.mark.parametrize(
    "fit",
    [
        lambda s: Fusion(scaler=s).fit([A, D]),
        lambda s: pf.FusionClassifier(scaler=s).fit([A, D], Y),
    ],
)
def test_messages_of_estimators(fit: Callable[[Any], Any]) -> None:
    with pytest.raises(ValueError, match="scaler must be one of 'standard', .*; got 'Standard'"):
        fit("Standard")
    with pytest.raises(
        TypeError, match=r"scaler\[1\] must be a scaler of columns .* got sklearn\."
    ):
        fit([None, SkScaler()])


def test_a_block_that_cannot_be_scaled_is_named() -> None:
    with pytest.raises(ValueError, match=r"blocks\['b'\] cannot be scaled: Input X contains infin"):
        fusion.mean({"a": A, "b": np.where(D == 0, np.inf, D)}, scalers="standard")
