"""The emoji data set: a picture and a bag of words per emoji, eight Unicode groups as classes."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import NDArray

_DESCRIPTION = """\
Emoji: 1392 emoji, two feature blocks, 8 classes (the Unicode emoji groups).

Blocks
  image  (1392, 240) float32   gradients, colour histogram, mean colours of the 32x32 picture
  text   (1392, 784) uint8     bag of words (0/1) of the English name and keywords

86 rows have no word in the vocabulary: their text row is all zeros. Left out of the set: flags,
family, skin-tone and gendered variants, and emoji without an English annotation.
The vocabulary was chosen over all rows, without the labels.

Sources
  Pictures: Noto Emoji, Google, https://github.com/googlefonts/noto-emoji (version 2.042).
  Names and keywords: Unicode CLDR 41, English annotations.
  Groups: Unicode Emoji 15.0 (UTS #51), emoji-test.txt.
All are modified: scaled, reduced to 32 colours a picture, turned into features.

Licence
  Pictures: SIL Open Font License 1.1 (font files) and Apache License 2.0 (the rest).
  Names, keywords and groups: Unicode-DFS-2016.
  Full notices: LICENSE-emoji.md, next to the data file.
"""


@dataclass(frozen=True, eq=False, repr=False)
class MultimodalData:
    """A labelled data set whose rows are described by several feature blocks.

    Two instances compare by identity; the arrays belong to the caller and may be changed.

    Attributes
    ----------
    blocks : dict of str to ndarray of shape (n_rows, n_columns)
        The feature blocks, by modality.
    y : ndarray of shape (n_rows,), int64
        Class codes: positions in `target_names`.
    target_names : tuple of str
        Name of each class.
    names : tuple of str
        English name of each row.
    characters : tuple of str
        The emoji of each row, as text (one or more code points).
    keywords : tuple of str
        English keywords of each row, separated by ``" | "``.
    pictures : ndarray of shape (n_rows, height, width, 3), uint8
        RGB pictures, for display.
    description : str
        What the data are, where they come from, and their licence.

    Examples
    --------
    >>> from polyfuse.datasets import load_emoji
    >>> load_emoji()
    MultimodalData(image=(1392, 240) float32, text=(1392, 784) uint8, classes=8)
    """

    blocks: dict[str, NDArray[Any]]
    y: NDArray[np.int64]
    target_names: tuple[str, ...]
    names: tuple[str, ...]
    characters: tuple[str, ...]
    keywords: tuple[str, ...]
    pictures: NDArray[np.uint8]
    description: str

    def __repr__(self) -> str:
        blocks = (f"{name}={block.shape} {block.dtype}" for name, block in self.blocks.items())
        return f"{type(self).__name__}({', '.join(blocks)}, classes={len(self.target_names)})"


@overload
def load_emoji(*, return_blocks_y: Literal[False] = False) -> MultimodalData: ...
@overload
def load_emoji(
    *, return_blocks_y: Literal[True]
) -> tuple[dict[str, NDArray[Any]], NDArray[np.int64]]: ...
@overload
def load_emoji(
    *, return_blocks_y: bool
) -> MultimodalData | tuple[dict[str, NDArray[Any]], NDArray[np.int64]]: ...


def load_emoji(
    *, return_blocks_y: bool = False
) -> MultimodalData | tuple[dict[str, NDArray[Any]], NDArray[np.int64]]:
    """Load the emoji data set: 1392 rows, an image and a text block, 8 classes.

    The task is to tell the Unicode group of an emoji ("Food & Drink", "Symbols", ...) from its
    picture and its English name and keywords. Each block alone does worse than the two together.
    The file ships with the library; every call reads it afresh.

    Parameters
    ----------
    return_blocks_y : bool, default=False
        Return only ``(blocks, y)``.

    Returns
    -------
    data : MultimodalData
        With ``blocks = {"image": (1392, 240) float32, "text": (1392, 784) uint8}``, ``y`` (1392,)
        int64, and ``pictures`` (1392, 32, 32, 3) uint8.
    (blocks, y) : tuple of dict and ndarray
        Only if `return_blocks_y` is true.

    Notes
    -----
    Columns of ``blocks["image"]``, computed from the 32x32 RGB picture on white, all within
    [0, 1] and without a unit:

    * 0-127: histogram of gradients; 4x4 cells of 8x8 pixels, row by row, each with 8 orientations
      over half a turn, weighted by magnitude and scaled to length 1 (0 where a cell is blank);
    * 128-191: colour histogram; the square root of the fraction of pixels in each of 4x4x4 bins,
      column ``128 + 16 * (R // 64) + 4 * (G // 64) + B // 64``;
    * 192-239: mean colour; for the same 4x4 cells, the mean of R, G and B divided by 255.

    They are stored in steps of 1/65535, and were computed before the pictures were reduced to 32
    colours each, so recomputing them from ``pictures`` gives other values.

    Columns of ``blocks["text"]`` are words, in alphabetical order; 1 means that the name or the
    keywords hold the word. A word is a run of the letters a to z in the lower-cased text. Kept are
    those of at least two emoji, without a, and, in, of, on, the, with. 86 rows are all zeros.

    References
    ----------
    .. [1] Google Fonts, Noto Emoji 2.042, https://github.com/googlefonts/noto-emoji
    .. [2] Unicode CLDR 41, English annotations, https://cldr.unicode.org
    .. [3] Unicode Emoji 15.0 (UTS #51), https://www.unicode.org/reports/tr51/

    Examples
    --------
    >>> from polyfuse.datasets import load_emoji
    >>> data = load_emoji()
    >>> data.names[0], data.target_names[data.y[0]]
    ('grinning face', 'Smileys & Emotion')
    >>> blocks, y = load_emoji(return_blocks_y=True)
    >>> {name: block.shape for name, block in blocks.items()}
    {'image': (1392, 240), 'text': (1392, 784)}
    """
    path = resources.files(__package__).joinpath("data", "emoji.npz")
    with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
        blocks = {"image": stored["image"] / np.float32(65535), "text": stored["text"]}
        y = stored["y"].astype(np.int64)
        if return_blocks_y:
            return blocks, y
        return MultimodalData(
            blocks=blocks,
            y=y,
            target_names=_lines(stored["target_names"]),
            names=_lines(stored["names"]),
            characters=_lines(stored["characters"]),
            keywords=_lines(stored["keywords"]),
            pictures=_pictures(stored["palettes"], stored["pixels"]),
            description=_DESCRIPTION,
        )


def _lines(utf8: NDArray[np.uint8]) -> tuple[str, ...]:
    return tuple(utf8.tobytes().decode("utf-8").split("\n"))


def _pictures(palettes: NDArray[np.uint8], pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Look up ``(n, 32, 32)`` pixel codes, each in its own picture's ``(n, 32, 3)`` palette."""
    rows = np.arange(len(pixels))[:, None, None]
    return palettes[rows, pixels]
