"""Features of pictures of one size that linear models can use."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

import numpy as np
from numpy.typing import NDArray

GRID = 4
ORIENTATIONS = 9
CHANNELS = {"RGB": ("red", "green", "blue"), "L": ("grey",)}
_LEVELS = {1: 16, 3: 4}  # of a channel, in the histogram of colours


def histograms(pictures: NDArray[np.uint8]) -> NDArray:
    """Histograms of oriented gradients and of colours, and mean colours of cells.

    Parameters
    ----------
    pictures : ndarray of shape (n, height, width, n_channels), uint8
        Sides are multiples of `GRID`.

    Returns
    -------
    ndarray of shape (n, n_features), float32
        Square roots of what histograms count, each as a share of its picture.
    """
    values = pictures / np.float32(255)
    parts = [np.sqrt(_gradients(values)), np.sqrt(_colours(pictures)), _mean_colours(values)]
    return np.concatenate([part.reshape(len(pictures), -1) for part in parts], axis=1)


def histogram_names(mode: str) -> list[str]:
    """What the columns of `histograms` are called."""
    channels = CHANNELS[mode]
    cells = [f"{row}_{column}" for row in range(GRID) for column in range(GRID)]
    degrees = [180 * k // ORIENTATIONS for k in range(ORIENTATIONS)]
    levels = product(range(_LEVELS[len(channels)]), repeat=len(channels))
    return [
        *(f"edges_{cell}_{angle}deg" for cell in cells for angle in degrees),
        *("_".join([*channels, *map(str, level)]) for level in levels),
        *(f"{channel}_{cell}" for cell in cells for channel in channels),
    ]


def pixel_names(mode: str, size: tuple[int, int]) -> Iterable[str]:
    """What the columns of pixels are called: channel, row, column."""
    width, height = size
    places = product(range(height), range(width), CHANNELS[mode])
    return (f"{channel}_{row}_{column}" for row, column, channel in places)


def _gradients(values: NDArray) -> NDArray:
    """Share of each cell and orientation in the gradients: N. Dalal and B. Triggs, CVPR 2005.

    Of a pixel, the channel with the steepest gradient counts; it is split between the two nearest
    of the orientations. A picture is normalised as a whole, not by blocks of cells.
    """
    padded = np.pad(values, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    down = padded[:, 2:, 1:-1] - padded[:, :-2, 1:-1]
    right = padded[:, 1:-1, 2:] - padded[:, 1:-1, :-2]
    size = np.hypot(down, right)
    steepest = size.argmax(axis=-1, keepdims=True)
    down, right, size = (
        np.take_along_axis(x, steepest, axis=-1)[..., 0] for x in (down, right, size)
    )
    turn = np.arctan2(down, right) / np.float32(np.pi) * ORIENTATIONS
    below = np.floor(turn)
    share = turn - below
    n, height, width = size.shape
    row = np.arange(height)[:, None] * GRID // height
    cell = row * GRID + np.arange(width) * GRID // width
    start = (np.arange(n)[:, None, None] * GRID**2 + cell) * ORIENTATIONS
    first = below.astype(np.intp) % ORIENTATIONS
    second = (first + 1) % ORIENTATIONS
    counts = np.zeros(n * GRID**2 * ORIENTATIONS)
    for k, weight in ((first, size * (1 - share)), (second, size * share)):
        counts += np.bincount((start + k).ravel(), weight.ravel(), len(counts))
    counts = counts.reshape(n, -1)
    total = counts.sum(axis=1, keepdims=True)
    shares: NDArray = (counts / np.where(total > 0, total, 1)).astype(np.float32)
    return shares


def _colours(pictures: NDArray[np.uint8]) -> NDArray:
    """Share of each colour, channels taken together: M. Swain and D. Ballard, IJCV 7 (1991)."""
    n, height, width, n_channels = pictures.shape
    levels = _LEVELS[n_channels]
    code = np.arange(n)[:, None, None]
    for c in range(n_channels):
        code = code * levels + pictures[..., c] // (256 // levels)
    counts = np.bincount(code.ravel(), minlength=n * levels**n_channels)
    shares: NDArray = (counts.reshape(n, -1) / (height * width)).astype(np.float32)
    return shares


def _mean_colours(values: NDArray) -> NDArray:
    """Means over the cells of a grid, shape (n, GRID, GRID, n_channels)."""
    n, height, width, n_channels = values.shape
    cells = values.reshape(n, GRID, height // GRID, GRID, width // GRID, n_channels)
    means: NDArray = cells.mean(axis=(2, 4))
    return means
