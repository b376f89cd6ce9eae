"""Rows as points of a plane; see ``polyfuse.plotting``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._arrays import as_matrix, require_finite, require_rows
from ._blocks import BlocksLike, as_blocks, is_matrix
from ._labels import as_array, check_finite
from ._plot_labels import name_groups
from ._plot_style import (
    INK,
    MUTED,
    chosen,
    colour_of,
    evenly,
    on_axes,
    plain,
    row_of_axes,
    tidy,
)

_MOST_ROWS = 5_000
# Markers of the largest classes, hollow where colours come again, and what a name begins with.
_FORMS = (
    ("o", "●"), ("s", "■"), ("^", "▲"), ("D", "◆"),
    ("s", "□"), ("^", "△"), ("D", "◇"), ("o", "○"),
)  # fmt: skip
Method = str | Callable[[NDArray], ArrayLike]


class _Picture(NamedTuple):
    """Places of rows in the plane, what to write along its sides, and classes of the rows."""

    places: NDArray[np.float64]
    sides: tuple[str, str]
    labels: NDArray[Any] | None


def projection(
    X: Any, y: ArrayLike | None = None, ax: Any = None, *, method: Method = "pca"
) -> Any:
    """Draw the rows of a modality as points of a plane, coloured and marked by class.

    The plane is that of the two first principal components of the columns, centred but not scaled:
    the right singular vectors of the largest singular values, each with its largest entry positive,
    to the precision of a picture. Names stand at the medians of the classes. At most 5,000 rows
    are read, evenly chosen; those in which a modality is missing, all NaN, are left out.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features), or dict or list of array-like
        The modality. Several blocks are put side by side, each divided by the root of the sum of
        its columns' variances, so that a wide block does not drown a narrow one.
    y : array-like of shape (n_samples,), optional
        Class of each row. The eight largest classes have colours and markers; others are grey.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.
    method : "pca" or callable, default="pca"
        A function that takes a matrix and returns places of shape (n_rows, 2) draws another plane.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    TypeError
        If `method` is neither.
    ValueError
        If a row is NaN in part or infinite, `y` has another length, or there is no row.

    References
    ----------
    I. T. Jolliffe, "Principal Component Analysis", 2nd edition (2002), chapters 1-3.

    Examples
    --------
    >>> from polyfuse import plotting
    >>> X = [[0.0, 1.0], [1.0, 3.0], [2.0, 2.0], [3.0, 5.0]]
    >>> ax = plotting.projection(X, ["cat", "cat", "dog", "dog"])  # doctest: +SKIP
    """
    parts = {"X": as_matrix(X, "X")} if is_matrix(X) else _named(X, "X")
    picture = _picture(parts, y, method)
    ax = on_axes(ax, (5.6, 4.6))
    _draw(ax, picture)
    return ax


def projections(
    blocks: BlocksLike,
    y: ArrayLike | None = None,
    fused: ArrayLike | None = None,
    axes: Sequence[Any] | None = None,
    *,
    method: Method = "pca",
) -> NDArray[Any]:
    """Draw each modality by :func:`projection`, and all of them together, side by side.

    Parameters
    ----------
    blocks : dict, list or Blocks of array-like, each of shape (n_samples, n_features_i)
        The modalities.
    y : array-like of shape (n_samples,), optional
        Class of each row.
    fused : array-like of shape (n_samples, n_features), optional
        What the last plot shows; by default the blocks put side by side as `projection` does.
    axes : sequence of matplotlib Axes, optional
        Where to draw, one more than there are modalities; a new figure by default.
    method : "pca" or callable, default="pca"
        As in `projection`.

    Returns
    -------
    ndarray of matplotlib Axes, of shape (n_modalities + 1,)

    Raises
    ------
    ImportError, TypeError, ValueError
        As `projection`; or if there are too few `axes`, or `fused` has other rows.

    Examples
    --------
    >>> from polyfuse import plotting
    >>> blocks = {"image": [[0.0], [1.0], [3.0]], "text": [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]}
    >>> left, middle, right = plotting.projections(blocks, [0, 0, 1])  # doctest: +SKIP
    """
    parts = _named(blocks, "blocks")
    shown = [{name: x} for name, x in parts.items()]
    shown.append(parts if fused is None else {"fused": as_matrix(fused, "fused")})
    require_rows(len(next(iter(parts.values()))), next(iter(shown[-1].values())), "fused")
    pictures = [_picture(each, y, method) for each in shown]
    drawn = row_of_axes(len(shown)) if axes is None else np.array(axes, object).ravel()
    if len(drawn) != len(shown):
        raise ValueError(f"axes must be {len(shown)}; got {len(drawn)}.")
    titles = [*map(plain, as_blocks(blocks)[0]), "fused"]
    for ax, title, picture in zip(drawn, titles, pictures, strict=True):
        _draw(ax, picture)
        ax.set_title(title, color=INK)
    return drawn


def _named(blocks: BlocksLike, argument: str) -> dict[str, NDArray]:
    """Matrices by what messages call them."""
    names, arrays = as_blocks(blocks, argument)
    return {f"{argument}[{name!r}]": x for name, x in zip(names, arrays, strict=True)}


def _picture(parts: dict[str, NDArray], y: ArrayLike | None, method: Method) -> _Picture:
    """Where some rows of blocks side by side lie, and of which class they are."""
    n_rows = len(next(iter(parts.values())))
    labels, rows = _labels_of(y, n_rows), evenly(n_rows, _MOST_ROWS)
    note = chosen(len(rows), n_rows)
    few = {name: x[rows].astype(np.float64) for name, x in parts.items()}
    there = ~np.any([np.isnan(x).all(axis=1) for x in few.values()], axis=0)
    if not there.any():
        raise ValueError(f"{', '.join(parts)} must have at least one row; got none.")
    if not there.all():
        note += f"\n{np.count_nonzero(~there):,} rows without a modality left out"
        rows, few = rows[there], {name: x[there] for name, x in few.items()}
    require_finite(few)
    places, sides = _plane(_side_by_side(few), method)
    return _Picture(places, (sides[0] + note, sides[1]), None if labels is None else labels[rows])


def _labels_of(y: ArrayLike | None, n_rows: int) -> NDArray[Any] | None:
    if y is None:
        return None
    labels = as_array(y, "y")
    if labels.ndim != 1:
        raise ValueError(f"y must be 1-D; got shape {labels.shape}.")
    require_rows(n_rows, labels)
    check_finite(labels, "y")
    return labels


def _side_by_side(parts: dict[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    """One block as it is; several, each of which varies as much as the others, side by side."""
    if len(parts) == 1:
        return next(iter(parts.values()))
    scaled = []
    for x in parts.values():
        spread = np.sqrt(x.var(axis=0).sum())
        scaled.append((x - x.mean(axis=0)) / (spread if spread > 0 else 1.0))
    return np.hstack(scaled)


def _plane(x: NDArray[np.float64], method: Method) -> tuple[NDArray[np.float64], tuple[str, str]]:
    """Places of the rows, and what to write along the sides."""
    if callable(method):
        places = np.asarray(method(x), np.float64)
        if places.shape != (len(x), 2):
            raise ValueError(f"method must return shape {(len(x), 2)}; got {places.shape}.")
        require_finite({"what method returns": places})
        return places, ("", "")
    if method != "pca":
        raise TypeError(f"method must be 'pca' or callable; got {method!r}.")
    x = x - x.mean(axis=0)
    total = float(np.square(x).sum())
    places, axes_of = _leading(x)
    # The sign of a component is anybody's choice: its largest entry is positive.
    largest = np.abs(axes_of).argmax(axis=0)
    places *= np.where(axes_of[largest, [0, 1]] < 0, -1.0, 1.0)
    shares = np.square(places).sum(axis=0) / (total if total > 0 else 1.0)
    first, second = (f"component {k + 1}, {_percent(share)}" for k, share in enumerate(shares))
    return places, (first, second)


def _percent(share: float) -> str:
    rounded = f"{100 * share:.0f}" if share >= 0.01 or share == 0 else "under 1"
    return f"{rounded} % of the variance"


def _leading(x: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Places on the two first right singular vectors, and these as columns.

    Iteration of a subspace (Halko, Martinsson and Tropp, SIAM Review 53, 2011, algorithm 4.4):
    all singular vectors of 5,000 rows of 2,048 columns take many times as long. Two runs begin
    alike.
    """
    if x.shape[1] == 1:
        x = np.hstack([x, np.zeros_like(x)])
    width = min(16, *x.shape)
    basis = np.random.default_rng(0).standard_normal((x.shape[1], max(width, 2)))
    sizes = np.zeros(2)
    for _ in range(30):
        basis, triangle = np.linalg.qr(x.T @ (x @ basis))
        before, sizes = sizes, np.abs(np.diag(triangle)[:2])
        if np.allclose(sizes, before, rtol=1e-4, atol=0.0):
            break
    left, lengths, right = np.linalg.svd(x @ basis, full_matrices=False)
    if len(lengths) == 1:  # one row has no extent
        return np.zeros((1, 2)), np.eye(x.shape[1], 2)
    return left[:, :2] * lengths[:2], (basis @ right.T)[:, :2]


def _draw(ax: Any, picture: _Picture) -> None:
    x, y = picture.places.T
    names, codes, others = _largest_classes(picture.labels, len(x))
    ax.scatter(x[codes < 0], y[codes < 0], 14, color=MUTED, alpha=0.35, linewidths=0)
    medians = []
    for i in range(len(names)):
        mine, colour, hollow = codes == i, colour_of(i), i >= 4
        ax.scatter(
            x[mine], y[mine], 20, facecolors="none" if hollow else colour, edgecolors=colour,
            marker=_FORMS[i][0], alpha=0.6, linewidths=0.9 if hollow else 0,
        )  # fmt: skip
        medians.append((np.median(x[mine]), np.median(y[mine])))
    across, up = picture.sides
    if others:
        across += f"\ngrey: {others} smaller class" + "es" * (others > 1)
    ax.margins(0.04)
    ax.set(xticks=[], yticks=[], xlabel=across, ylabel=up)
    tidy(ax)
    if names:
        marked = [f"{_FORMS[i][1]} {name}" for i, name in enumerate(names)]
        name_groups(ax, marked, np.array(medians), [colour_of(i) for i in range(len(names))])


def _largest_classes(
    labels: NDArray[Any] | None, n_rows: int
) -> tuple[list[str], NDArray[np.intp], int]:
    """Names of the largest classes, which of them each row is of or -1, and how many others."""
    if labels is None:
        return [], np.full(n_rows, -1), 0
    classes, found, counts = np.unique(labels, return_inverse=True, return_counts=True)
    largest = np.sort(np.argsort(-counts, kind="stable")[: len(_FORMS)])
    place = np.full(len(classes), -1)
    place[largest] = np.arange(len(largest))
    return [plain(classes[c]) for c in largest], place[found], len(classes) - len(largest)
