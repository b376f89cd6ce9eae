"""Normalisation along any axes, against plain NumPy and SciPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import softmax as scipy_softmax
from scipy.stats import rankdata
from sklearn.preprocessing import MinMaxScaler, StandardScaler, normalize

from polyfuse import _batches, _kernels, _runs
from polyfuse._batches import l2, minmax, rank, softmax, standardize

pytestmark = pytest.mark.usefixtures("backend")

FUNCTIONS: dict[str, Callable[..., NDArray]] = {
    "standardize": standardize, "minmax": minmax, "l2": l2, "rank": rank, "softmax": softmax,
}  # fmt: skip
AXES = {
    (7,): [0, -1, (0,)],
    (9, 5): [0, 1, -1, (0, 1), (1, 0)],
    (3, 6, 4): [0, 1, 2, (0, 1), (1, 2), (0, 2), (-1, -3), (0, 1, 2)],
    (2, 5, 1, 3): [0, 1, 2, 3, (0, 2, 3), (1, 2), (0, 3)],
    (2, 3, 2, 4, 3): [1, 2, (1, 3), (0, 4), (2, 3), (0, 2, 4)],
}
CASES = [(shape, axis) for shape, axes in AXES.items() for axis in axes]
ONE_AXIS = [(shape, axis) for shape, axis in CASES if np.size(axis) == 1]
LAYOUTS = ("C", "F", "turned", "strided", "cut", "reversed", "read-only", "broadcast")


def lay_out(x: NDArray, layout: str) -> NDArray:
    """A copy of the values in another layout."""
    x = np.array(x, order="F" if layout == "F" else "C")
    if layout == "turned":  # the first axis lies last
        return np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 0, -1)), -1, 0)
    if layout in ("strided", "cut"):
        step = 2 if layout == "strided" else 1
        big = np.zeros([step * n + 3 for n in x.shape], x.dtype)
        view = big[tuple(slice(1, step * n + 1, step) for n in x.shape)]
        view[...] = x
        return view
    if layout == "reversed":
        flip = (slice(None, None, -1),) * x.ndim
        return np.ascontiguousarray(x[flip])[flip]
    if layout == "broadcast":
        return np.broadcast_to(x[:1], x.shape)
    x.flags.writeable = layout != "read-only"
    return x


def one_run(name: str, x: NDArray) -> NDArray:
    """What becomes of one run of float64."""
    if name == "rank":
        return rankdata(x, nan_policy="omit")
    if name == "softmax":
        return scipy_softmax(x)
    if name == "l2":
        return x / (np.linalg.norm(x) or 1.0)
    if name == "minmax":
        return (x - np.nanmin(x)) / ((np.nanmax(x) - np.nanmin(x)) or 1.0)
    return (x - np.nanmean(x)) / (np.nanstd(x) if np.nanstd(x) > 1e-14 else 1.0)


def expected(name: str, x: NDArray, axis: Any, groups: NDArray | None = None) -> NDArray:
    axes = [a % x.ndim for a in (axis if isinstance(axis, tuple) else (axis,))]
    order = [*(a for a in range(x.ndim) if a not in axes), *axes]
    out = np.empty(x.shape)
    turned, target = x.transpose(order).astype(np.float64), out.transpose(order)
    labels = np.zeros(x.shape[axes[0]], int) if groups is None else groups
    for index in np.ndindex(turned.shape[: x.ndim - len(axes)]):
        run = target[index]
        if len(axes) > 1:
            run[...] = one_run(name, turned[index].reshape(-1)).reshape(run.shape)
            continue
        for label in np.unique(labels):
            run[labels == label] = one_run(name, turned[index][labels == label])
    return out


def assert_close(got: NDArray, want: NDArray) -> None:
    eps = np.finfo(got.dtype).eps
    np.testing.assert_allclose(got, want, rtol=64 * eps, atol=256 * eps)


@pytest.fixture(params=["as it comes", "large"])
def size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a test again with the limits from which on arrays are large set low."""
    if request.param == "large":
        monkeypatch.setattr(_batches, "_TALL", 1)
        monkeypatch.setattr(_runs, "_GATHERED", 7)


# -- axes and layouts ----------------------------------------------------------------------------


@pytest.mark.usefixtures("size")
@pytest.mark.parametrize(("shape", "axis"), CASES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_axes_and_layouts(
    name: str, shape: tuple[int, ...], axis: Any, rng: np.random.Generator
) -> None:
    x = rng.standard_normal(shape) + 1.0
    for layout in LAYOUTS:
        view = lay_out(x, layout)
        got = FUNCTIONS[name](view, axis=axis)
        want = expected(name, view, axis)
        assert_close(got, want)
        for out_layout in ("C", "F", "strided", "reversed"):
            out = lay_out(np.full(shape, -7.0), out_layout)
            assert FUNCTIONS[name](view, axis=axis, out=out) is out
            assert_close(out, want)
        if view.flags.writeable:
            assert FUNCTIONS[name](view, axis=axis, out=view) is view
            assert_close(view, want)


@pytest.mark.usefixtures("size")
@pytest.mark.parametrize(("shape", "axis"), ONE_AXIS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_groups(name: str, shape: tuple[int, ...], axis: Any, rng: np.random.Generator) -> None:
    length = shape[axis if isinstance(axis, int) else axis[0]]
    labels = rng.integers(0, 3, length)
    x = rng.standard_normal(shape) + 1.0
    for groups in (labels, np.sort(labels), np.arange(length)[::-1], np.zeros(length, bool)):
        want = expected(name, x, axis, groups)
        for layout in LAYOUTS[:-1]:
            view = lay_out(x, layout)
            assert_close(FUNCTIONS[name](view, axis=axis, groups=groups), want)
            if view.flags.writeable:
                assert_close(FUNCTIONS[name](view, axis=axis, groups=groups, out=view), want)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_default_axes(name: str, rng: np.random.Generator) -> None:
    x = rng.standard_normal((6, 5, 4))
    axis = 0 if name in ("standardize", "minmax") else -1
    assert_close(FUNCTIONS[name](x), expected(name, x, axis))


def test_no_copy_where_the_strides_allow_it(
    monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator
) -> None:
    seen: list[NDArray] = []

    class Spy:
        def __getattr__(self, name: str) -> Callable[..., Any]:
            def kernel(*arguments: Any) -> None:
                x = arguments[0].blocks[0].values if name == "fuse" else arguments[0]
                seen.append(x)
                if name in ("column_moments", "column_extrema"):
                    for output in arguments[-2:]:
                        output[:] = 1.0

            return kernel

    monkeypatch.setattr(_kernels, "select", Spy)
    big = rng.standard_normal((6, 8, 10))
    calls: list[tuple[NDArray, Any, int]] = [
        (big, 1, 1), (big, -1, 1), (big, (1, 2), 1), (big, 0, 2), (big.T, 1, 1), (big.T, 0, 2),
        (big[::2], 1, 3), (big[:, ::2], -1, 1), (big[:, 1:], -1, 6), (big[:, 1:, 1:3], 1, 2),
        (big[:2, 1:], 1, 2), (big.transpose(1, 0, 2), (0, 2), 1), (big[:, :, None], 1, 1),
    ]  # fmt: skip
    for x, axis, n_calls in calls:
        seen.clear()
        minmax(x, axis=axis, out=x)
        assert len(seen) == n_calls
        assert all(part.base is not None and np.shares_memory(part, x) for part in seen)
        assert sum(part.size for part in seen) == x.size * (2 if axis == 0 else 1)


# -- what users compare with ---------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_item_is_standardised_as_scikit_learn_would(
    dtype: type, rng: np.random.Generator
) -> None:
    stack = (rng.standard_normal((4, 50, 6)) * [1, 10, 100, 1e-3, 1, 1] + 5).astype(dtype)
    stack[1, :, 2] = 0.1  # constant
    stack[2, ::3, 4] = np.nan
    eps = np.finfo(dtype).eps
    for function, scaler in ((standardize, StandardScaler), (minmax, MinMaxScaler)):
        got = function(stack, axis=1)
        assert got.dtype == dtype
        for item, x in zip(got, stack, strict=True):
            want = scaler().fit_transform(x)
            np.testing.assert_allclose(item, want, rtol=64 * eps, atol=1e5 * eps)


def test_groups_are_standardised_as_scikit_learn_would(rng: np.random.Generator) -> None:
    x = rng.standard_normal((60, 4)) * 3 + 2
    speakers = np.array(["ada", "bo", "cy"])[rng.integers(0, 3, 60)]
    got = standardize(x, groups=speakers)
    for speaker in np.unique(speakers):
        rows = speakers == speaker
        assert_close(got[rows], StandardScaler().fit_transform(x[rows]))


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int16])
def test_columns_of_a_matrix_are_our_scalers_in_bits(
    dtype: type, order: Any, rng: np.random.Generator
) -> None:
    from polyfuse.preprocessing import StandardScaler

    x = np.array(rng.standard_normal((3000, 7)) * 50 + 5, dtype, order=order)
    want = StandardScaler().fit(x).transform(x)
    np.testing.assert_array_equal(standardize(x), want)
    np.testing.assert_array_equal(
        standardize(x.reshape(30, 100, 7), axis=(0, 1)), want.reshape(30, 100, 7)
    )


def test_rows_of_norm_one_are_scikit_learns(rng: np.random.Generator) -> None:
    x = rng.standard_normal((20, 33))
    x[3] = 0.0
    assert_close(l2(x), normalize(x))


def test_the_least_is_0_and_the_greatest_1(rng: np.random.Generator) -> None:
    x = rng.standard_normal((200, 31)) * np.geomspace(1e-9, 1e9, 31)
    for axis in (0, 1):
        got = minmax(x, axis=axis)
        assert (got.min(axis=axis) == 0.0).all()
        assert (got.max(axis=axis) == 1.0).all()


# -- values and dtypes ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("axis", [0, 1])
def test_missing_values(name: str, axis: int, rng: np.random.Generator) -> None:
    x = rng.standard_normal((12, 12))
    x[rng.random(x.shape) < 0.1] = np.nan
    x[3] = np.nan
    x[:, 5] = np.nan
    got, hole = FUNCTIONS[name](x, axis=axis), np.isnan(x)
    if name in ("l2", "softmax"):
        hole = np.broadcast_to(hole.any(axis=axis, keepdims=True), x.shape)
    np.testing.assert_array_equal(np.isnan(got), hole)
    index = [i for i in range(12) if not np.take(hole, i, 1 - axis).all()]
    rest = np.take(x, index, 1 - axis)
    assert_close(np.take(got, index, 1 - axis), expected(name, rest, axis))


@pytest.mark.usefixtures("size")
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_infinities(axis: int) -> None:
    x = np.ones((3, 3, 3))
    x[1, 1, 1], x[0, 0, 0] = np.inf, 7.0
    touched = np.zeros(x.shape, bool)
    touched[tuple(slice(None) if a == axis else 1 for a in range(3))] = True
    np.testing.assert_array_equal(np.isnan(standardize(x, axis=axis)), touched)
    np.testing.assert_array_equal(np.isnan(softmax(x, axis=axis)), touched)
    assert not np.isnan(rank(x, axis=axis)).any()


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize(
    "source", ["bool", "int8", "uint8", "int64", "uint16", "float16", "float32", "float64"]
)
def test_dtypes(name: str, axis: int, source: str, rng: np.random.Generator) -> None:
    x = (rng.standard_normal((40, 6)) * 2 + 3).astype(source)
    got = FUNCTIONS[name](x, axis=axis)
    assert got.dtype == (x.dtype if x.dtype.kind == "f" else np.float64)
    want = expected(name, x, axis)
    if source == "float16":
        np.testing.assert_allclose(got, want, rtol=2**-11, atol=2**-20)
    else:
        assert_close(got, want)


def test_float16_is_rounded_once(rng: np.random.Generator) -> None:
    x = (rng.standard_normal((50, 40)) + 100).astype(np.float16)
    for axis in (0, 1):
        want = standardize(x.astype(np.float32), axis=axis).astype(np.float16)
        np.testing.assert_allclose(standardize(x, axis=axis), want, rtol=2**-10)
    assert (rank(np.arange(1024, dtype=np.float16)) == np.arange(1, 1025)).all()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_lists_and_odd_arrays(name: str) -> None:
    rows = [[3.0, 1.0, 2.0], [4.0, 4.0, 9.0]]
    want = expected(name, np.array(rows), 1)
    for x in (rows, np.array(rows, ">f8"), np.array(rows, object), np.array(rows, np.longdouble)):
        assert_close(FUNCTIONS[name](x, axis=1), want)


def test_nothing_to_do() -> None:
    assert standardize(np.empty((0, 4, 3)), axis=1).shape == (0, 4, 3)
    assert softmax(np.empty((0, 4), np.float32)).dtype == np.float32
    assert standardize([5.0]).tolist() == [0.0]
    assert minmax(np.full((1, 1, 1), 3.0), axis=(0, 2)).tolist() == [[[0.0]]]


LABELS: list[Any] = [
    ["b", "a", "b", "c"], [1.5, -2.0, 1.5, 9.0], np.array(["b", "a", "b", "c"], object),
    np.array(["2020", "2019", "2020", "2021"], "M8[Y]"), (True, False, True, True),
    [10**12, -1, 10**12, 3],
]  # fmt: skip


@pytest.mark.parametrize("labels", LABELS, ids=lambda labels: str(np.asarray(labels).dtype))
def test_any_label_that_can_be_sorted(labels: Any) -> None:
    x = np.array([[1.0], [2.0], [4.0], [8.0]])
    assert_close(minmax(x, groups=labels), expected("minmax", x, 0, np.asarray(labels)))


# -- errors --------------------------------------------------------------------------------------

X = np.arange(12.0).reshape(3, 4)
ERRORS: list[tuple[dict[str, Any], str]] = [
    ({"axis": 2}, r"axis must be from -2 to 1 for an array of 2 dimension\(s\); got 2"),
    ({"axis": (0, -3)}, r"axis must be from -2 to 1 .*; got \(0, -3\)"),
    ({"axis": (0, -2)}, r"each one once; got \(0, -2\)"),
    ({"axis": ()}, r"axis must name at least one axis"),
    ({"axis": 1.0}, r"axis must be an integer or a tuple of integers; got 1\.0"),
    ({"axis": None}, r"axis must be an integer or a tuple of integers; got None"),
    ({"axis": True}, r"axis must be an integer or a tuple of integers; got True"),
    ({"groups": [0, 1]}, r"groups must have shape \(3,\).*axis 0; got \(2,\)"),
    ({"axis": 1, "groups": [[0, 1, 2, 3]]}, r"groups must have shape \(4,\).*; got \(1, 4\)"),
    ({"axis": (0, 1), "groups": [0, 1, 2]}, r"groups needs a single axis; got axis=\(0, 1\)"),
    ({"groups": [0, np.nan, 1]}, r"groups must not have missing labels; got .*nan.* at index 1"),
    ({"groups": np.array(["2020", "NaT", "2021"], "M8[Y]")}, r"missing labels; got .* at index 1"),
    ({"groups": np.array(["a", None, "b"], object)}, r"missing labels; got None at index 1"),
    ({"groups": np.array(["a", 3, "b"], object)}, r"groups must have labels that can be sorted"),
    ({"out": np.empty((4, 3))}, r"out must have shape \(3, 4\) and dtype float64; got \(4, 3\)"),
    ({"out": np.empty((3, 4), np.float32)}, r"out must have .* dtype float64; got .* float32"),
    ({"out": X[:, ::-1]}, r"out must be an input itself or share no memory"),
    ({"out": np.broadcast_to(1.0, (3, 4))}, r"out must be writeable"),
]


@pytest.mark.parametrize(("arguments", "message"), ERRORS, ids=[m for _, m in ERRORS])
@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_errors(function: Callable[..., NDArray], arguments: Any, message: str) -> None:
    axis = {} if "axis" in arguments else {"axis": 0}
    with pytest.raises(ValueError, match=message):
        function(X, **axis, **arguments)


def test_errors_of_the_array() -> None:
    with pytest.raises(ValueError, match=r"X must have at least one dimension"):
        standardize(3.0)
    with pytest.raises(ValueError, match=r"X has no entries along axis 1; its shape is \(3, 0\)"):
        l2(np.empty((3, 0)), axis=1)
    with pytest.raises(ValueError, match="X must be an array of numbers: "):
        standardize([[1, 2], [3]])
    with pytest.raises(ValueError, match="X must be numeric"):
        rank(["a", "b"])
    with pytest.raises(ValueError, match="X must be real"):
        softmax([1j])
    with pytest.raises(TypeError, match="out must be a NumPy array; got list"):
        softmax([1.0], out=[1.0])  # type: ignore[arg-type]


def test_they_are_public() -> None:
    from polyfuse import preprocessing

    for name, function in FUNCTIONS.items():
        assert getattr(preprocessing, name) is function
        assert name in preprocessing.__all__
