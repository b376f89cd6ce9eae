"""Scalers, data that they refuse, and errors held against scikit-learn's."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

SCALERS = ("StandardScaler", "MinMaxScaler", "MaxAbsScaler", "RobustScaler", "Normalizer")
SPARSE: dict[str, dict[str, Any]] = {
    "StandardScaler": {"with_mean": False},
    "MaxAbsScaler": {"clip": True},
    "RobustScaler": {"with_centering": False},
    "Normalizer": {},
}
X = np.random.default_rng(0).normal(3, 2, (40, 3))
FRAME = pd.DataFrame(X, columns=["a", "b", "c"], index=range(5, 45))


def raised(call: Any) -> Exception:
    with pytest.raises(Exception) as caught:  # noqa: PT011
        call()
    return caught.value


# Ours may say more, behind theirs: where the value is.
def assert_same_error(mine: Any, theirs: Any, *args: Any, **kwargs: Any) -> None:
    a, b = (raised(partial(call, *args, **kwargs)) for call in (mine, theirs))
    kinds = (ValueError, TypeError, NotImplementedError, ImportError)
    assert [isinstance(a, kind) for kind in kinds] == [isinstance(b, kind) for kind in kinds]
    expected = str(b)
    if "does not accept missing values" in expected:
        expected = expected.split(" For supervised learning")[0]
    if "a str among" in expected:  # a set, in any order
        a, expected = re.sub("{.*?}", "", str(a)), re.sub("{.*?}", "", expected)
    assert str(a).startswith(expected)


WRONG: dict[str, Any] = {
    "1-D": [1.0, 2.0],
    "1-D of integers": np.arange(3),
    "a number": 3.0,
    "3-D": np.ones((2, 2, 2)),
    "no rows": np.ones((0, 3)),
    "no columns": np.ones((3, 0)),
    "nothing": np.ones((0, 0)),
    "infinity": [[1.0], [np.inf]],
    "infinity in float32": np.array([[1.0], [-np.inf]], "f4"),
    "infinity in float16": np.array([[1.0], [-np.inf]], "f2"),
    "text": [["a"], ["b"]],
    "words": np.array(["a", "b"]),
    "bytes": np.array([[b"a"]]),
    "records": np.array([[(1, 2.0)]], dtype=[("a", "i4"), ("b", "f8")]),
    "complex": np.array([[1j]]),
    "uneven": [[1.0, 2.0], [3.0]],
    "a matrix": np.asmatrix(np.ones((2, 2))) if hasattr(np, "asmatrix") else None,
    "a dict in it": np.array([[{}]], dtype=object),
    "a series": pd.Series([1.0, 2.0]),
    "mixed names": pd.DataFrame([[1.0, 2.0]], columns=["a", 1]),
    "nothing sparse": sp.csr_array((0, 3)),
}
