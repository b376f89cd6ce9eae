"""What scalers say of things that are easily passed to them by mistake."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from polyfuse import preprocessing
from polyfuse.preprocessing import AffineScaler, MinMaxScaler, Normalizer, StandardScaler

SCALERS = ["MaxAbsScaler", "MinMaxScaler", "Normalizer", "RobustScaler", "StandardScaler"]
A, WIDE = np.ones((3, 2)), np.ones((3, 4))


@pytest.mark.parametrize("name", [*SCALERS, "AffineScaler"])
def test_several_blocks_are_not_one_matrix(name: str) -> None:
    advice = r"fit a scaler per block, or use Fusion\(scaler=\)"
    with pytest.raises(TypeError, match=f"X must be one matrix; got a dict: {advice}"):
        getattr(preprocessing, name)().fit({"img": A})
    with pytest.raises(ValueError, match=f"X must be one matrix; got a list of matrices: {advice}"):
        getattr(preprocessing, name)().fit([A, WIDE])


@pytest.mark.parametrize("scaler", [StandardScaler(), Normalizer()])
def test_copy_is_no_place_to_write_to(scaler: Any) -> None:
    scaler.fit(A)
    with pytest.raises(
        TypeError, match=r"copy must be True, False or None; got numpy\.ndarray\. Wh"
    ):
        scaler.transform(A, np.empty((3, 2)))
    np.testing.assert_array_equal(scaler.transform(A, True), scaler.transform(A, np.True_))


@pytest.mark.parametrize("name", SCALERS)
def test_errors_about_calls_name_no_private_class(name: str) -> None:
    scaler = getattr(preprocessing, name)().fit(A)
    for call in (lambda: scaler.transform(A, None, None), lambda: scaler.fit()):
        with pytest.raises(TypeError) as caught:
            call()
        assert not re.search(r"AffineMap|_Extrema|\bScaler", str(caught.value))


def test_no_group_is_none() -> None:
    for missing in (None, float("nan")):
        labels = np.array(["a", missing, "a"], object)
        with pytest.raises(ValueError, match="must not have missing labels; got .* at index 1"):
            preprocessing.standardize(A, groups=labels)
    with pytest.raises(ValueError, match="got None at index 0"):
        preprocessing.minmax(A[:2], groups=[None, "a"])


def test_a_scale_of_zero_has_no_inverse() -> None:
    scaler = AffineScaler(scale=[1.0, 0.0]).fit(A)
    with pytest.raises(ValueError, match="scale must not be 0 for inverse_transform.* column 1"):
        scaler.inverse_transform(A)
    assert MinMaxScaler().fit(A).inverse_transform(A).shape == A.shape
