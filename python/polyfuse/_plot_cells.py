"""Matrices as cells, a stronger colour for more; see ``polyfuse.plotting``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._arrays import as_matrix, require_finite, require_number
from ._plot_labels import font_size, size_in_points
from ._plot_style import (
    GRID,
    HEAT,
    OFF_HEAT,
    ON_HEAT,
    VERMILLION,
    evenly,
    on_axes,
    plain,
    tidy,
    with_minus,
)
from .inspection import CrossCorrelation

_MOST_NUMBERS, _SMALLEST = 12, 6.0
Names = Mapping[str, Sequence[Any] | None] | Sequence[Any]


def confusion_matrix(matrix: ArrayLike, labels: Sequence[Any], ax: Any = None) -> Any:
    """Draw how often each true class (row) is predicted as each class (column).

    The number is the count; the stronger the colour, the larger the share of the row.

    Parameters
    ----------
    matrix : array-like of shape (n_classes, n_classes)
        Counts, as :func:`polyfuse.metrics.confusion_matrix` gives them.
    labels : sequence of shape (n_classes,)
        Name of each class.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If `matrix` is not square, is negative or not finite, or `labels` has another length.

    Examples
    --------
    >>> from polyfuse import plotting
    >>> ax = plotting.confusion_matrix([[8, 2], [1, 9]], ["cat", "dog"])  # doctest: +SKIP
    """
    counts = np.asarray(matrix)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or counts.size == 0:
        raise ValueError(
            f"matrix must be square; got shape {counts.shape}. "
            "metrics.confusion_matrix(y_true, y_pred) makes one of labels."
        )
    if not np.isfinite(counts).all() or (counts < 0).any():
        raise ValueError("matrix must hold finite counts, none of them negative.")
    if len(labels) != len(counts):
        raise ValueError(f"labels must have {len(counts)} entries; got {len(labels)}.")
    n = len(counts)
    ax = on_axes(ax, (2.6 + 0.52 * n, 2.0 + 0.46 * n))
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    _draw_cells(ax, share)
    if n <= 30:
        for i, j in np.argwhere(counts):
            # From here on white is easier to read on the cell than black.
            colour = ON_HEAT if share[i, j] > 0.75 else OFF_HEAT
            ax.text(j, i, f"{counts[i, j]:g}", ha="center", va="center", color=colour)
    names = [plain(label) for label in labels]
    ax.set(xlim=(-0.5, n - 0.5), ylim=(n - 0.5, -0.5), aspect="equal")
    _name_columns(ax, range(n), names)
    ax.set_yticks(range(n), names)
    ax.set_xlabel("predicted class")
    ax.set_ylabel("true class")
    tidy(ax)
    return ax


def _name_columns(
    ax: Any, places: Any, names: Sequence[str], *, upright: bool = False, **text: Any
) -> None:
    slant = {"rotation": 40, "ha": "right", "rotation_mode": "anchor"}
    if upright:  # too near each other for slanted text
        text["rotation"] = 90
    elif max(map(len, names)) > 3:
        text |= slant
    ax.set_xticks(places, names, **text)


def _draw_cells(ax: Any, share: NDArray) -> None:
    from matplotlib.patches import Rectangle

    cells = [Rectangle((j - 0.5, i - 0.5), 1, 1) for i, j in np.ndindex(share.shape)]
    _add(ax, cells, HEAT, share.ravel().clip(0, 1), GRID if len(share) <= 30 else "none")


def _add(
    ax: Any, patches: Sequence[Any], colour: str, strengths: Sequence[float] | NDArray, edge: str
) -> None:
    from matplotlib.collections import PatchCollection
    from matplotlib.colors import to_rgb

    colours = [(*to_rgb(colour), strength) for strength in strengths]
    ax.add_collection(PatchCollection(patches, facecolors=colours, edgecolors=edge, linewidths=0.6))


def cross_correlation(
    matrix: ArrayLike, ax: Any = None, *, names: Names | None = None, most: int = 40
) -> Any:
    """Draw how the columns of one modality go with those of another, a cell for each pair.

    A stronger colour is a stronger correlation; squares are positive, discs negative. The values
    are written in the cells if there are few. Of a big matrix, the rows and the columns with the
    largest values are shown, in their order. It also shows how alike modalities are, from their
    matrix of linear CKA.

    Parameters
    ----------
    matrix : array-like of shape (d1, d2), or CrossCorrelation
        Correlations, each between -1 and 1; or what
        :func:`polyfuse.inspection.cross_correlation` says of two modalities, such as
        ``found["image", "text"]``, in which cells of constant features stay empty.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.
    names : dict, or sequence of str, optional
        A dict of two: the names of the modalities, and for each the names of its columns, or None
        to number them. A sequence of two: the names of the modalities. A sequence of d1 if the
        matrix is symmetric: the names of rows and columns alike.
    most : int, default=40
        Largest number of rows and of columns to show, at least 1.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If `matrix` is no matrix of numbers between -1 and 1, `names` do not go with it, or `most`
        is no positive integer.

    Examples
    --------
    >>> from polyfuse import plotting
    >>> correlations = [[0.9, -0.2, 0.0], [0.1, 0.7, -0.5]]
    >>> ax = plotting.cross_correlation(correlations, names=("image", "text"))  # doctest: +SKIP
    >>> ax = plotting.cross_correlation(
    ...     [[1.0, 0.4], [0.4, 1.0]], names=("image", "text")
    ... )  # doctest: +SKIP
    """
    values, defined = _correlations(matrix)
    if (np.abs(values) > 1 + 1e-6).any():
        odd = values.flat[np.abs(values).argmax()]
        raise ValueError(f"matrix must hold values between -1 and 1; got {odd:g}.")
    require_number(most, "most", least=1, integer=True)
    titles, labels = _names_of(values, names)
    kept = [_strongest(values, axis, most) for axis in (1, 0)]
    shown = values[np.ix_(*kept)]
    ax = on_axes(ax, _size_of(shown.shape))
    top = float(np.abs(shown).max()) or 1.0
    _draw_signed(ax, shown, top, defined[np.ix_(*kept)])
    _label_rows_and_columns(ax, labels, kept)
    key = "" if _has_numbers(shown) else f"square: +, disc: \N{MINUS SIGN}, full colour: {top:.2f}"
    ax.set_ylabel(_side(titles[0], len(kept[0]), values.shape[0], "rows"))
    across = _side(titles[1], len(kept[1]), values.shape[1], "columns")
    ax.set_xlabel("\n".join(line for line in (across, key) if line))
    tidy(ax)
    return ax


def _correlations(matrix: Any) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Numbers of a matrix or a result, 0 where there is none; and where there is one."""
    if isinstance(matrix, Mapping) and all(
        isinstance(x, CrossCorrelation) for x in matrix.values()
    ):
        raise TypeError(
            f"matrix must be that of two modalities: one of {list(matrix)}, by its key."
        )
    if not isinstance(matrix, CrossCorrelation):
        values = as_matrix(matrix, "matrix", min_rows=1).astype(np.float64)
        require_finite({"matrix": values})
        return values, np.ones(values.shape, bool)
    if matrix.matrix is None:
        raise ValueError("matrix has the strongest correlations alone: leave out `most` for all.")
    return np.nan_to_num(matrix.matrix), ~np.isnan(matrix.matrix)


def _names_of(
    values: NDArray, names: Names | None
) -> tuple[tuple[str, str], list[list[str] | None]]:
    """What to write along rows and columns, and at each of them."""
    n_rows, n_columns = values.shape
    if names is None:
        return ("", ""), [None, None]
    alike = n_rows == n_columns == len(names) and np.allclose(values, values.T)
    if alike and not isinstance(names, Mapping):
        return ("", ""), [[plain(name) for name in names]] * 2
    if len(names) != 2:
        raise ValueError(
            f"names must be two, or {n_rows} if the matrix is symmetric; got {len(names)}."
        )
    first, second = map(plain, names)
    listed = list(names.values()) if isinstance(names, Mapping) else [None, None]
    for name, columns, n in zip(names, listed, values.shape, strict=True):
        if columns is not None and len(columns) != n:
            raise ValueError(f"names[{name!r}] must have {n} entries; got {len(columns)}.")
    return (first, second), [None if c is None else [plain(x) for x in c] for c in listed]


def _strongest(values: NDArray, axis: int, most: int) -> NDArray[np.intp]:
    """Places of the rows (axis 1) or columns with the largest values, in ascending order."""
    order = np.argsort(-np.abs(values).max(axis=axis), kind="stable")
    return np.sort(order[:most])


def _size_of(shape: tuple[int, ...]) -> tuple[float, float]:
    cell = 0.62 if max(shape) <= _MOST_NUMBERS else 0.17
    return max(3.4, 1.9 + cell * shape[1]), max(2.6, 1.5 + cell * shape[0])


def _draw_signed(
    ax: Any, shown: NDArray[np.float64], top: float, defined: NDArray[np.bool_]
) -> None:
    """Cells of a colour and a form for each sign, values in them if there are few."""
    from matplotlib.patches import Circle, Rectangle

    n_rows, n_columns = shown.shape
    numbers = _has_numbers(shown)
    # Black, or white on a dark page, can be read on cells of no more colour than that.
    strength = np.abs(shown) / top * (0.6 if numbers else 1.0)
    up, down = np.argwhere(shown > 0), np.argwhere(shown < 0)
    squares = [Rectangle((j - 0.47, i - 0.47), 0.94, 0.94) for i, j in up]
    discs = [Circle((j, i), 0.46) for i, j in down]
    _add(ax, squares, HEAT, strength[shown > 0], "none")
    _add(ax, discs, VERMILLION, strength[shown < 0], "none")
    ax.set(xlim=(-0.5, n_columns - 0.5), ylim=(n_rows - 0.5, -0.5), aspect="equal")
    if numbers:
        for i, j in np.argwhere(defined):
            ax.text(
                j, i, with_minus(f"{shown[i, j]:.2f}"), ha="center", va="center", color=OFF_HEAT
            )


def _has_numbers(shown: NDArray) -> bool:
    return bool(max(shown.shape) <= _MOST_NUMBERS)


def _label_rows_and_columns(
    ax: Any, labels: Sequence[list[str] | None], kept: Sequence[NDArray[np.intp]]
) -> None:
    """Names of all rows and columns if they can be read; else the numbers of some."""
    width, height = size_in_points(ax)
    size = 0.9 * min(width / len(kept[1]), height / len(kept[0]))
    for axis, names, places in zip("yx", labels, kept, strict=True):
        all_of_them = size >= _SMALLEST if names is not None else len(places) <= _MOST_NUMBERS
        ticks = evenly(len(places), len(places) if all_of_them else 8)
        texts = [names[k] if names is not None else str(k) for k in places[ticks]]
        font = min(font_size(), max(size, _SMALLEST))
        if axis == "x":
            _name_columns(ax, ticks, texts, upright=all_of_them and size < 20, fontsize=font)
        else:
            ax.set_yticks(ticks, texts, fontsize=font)


def _side(title: str, shown: int, n: int, what: str) -> str:
    """What to write along a side: the modality, and how much of it is shown."""
    if shown == n:
        return title
    return f"{title}, " * bool(title) + f"{shown} of {n} {what}, those with the largest values"
