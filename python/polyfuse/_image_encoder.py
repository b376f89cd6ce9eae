"""Pictures as rows, through Pillow."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._arrays import one_of
from ._encoder import Encoder, Numbered, blaming, described, fill_rows, source
from ._image_features import CHANNELS, GRID, histogram_names, histograms, pixel_names

FEATURES = ("pixels", "histograms")
_SIZES = {"pixels": (16, 16), "histograms": (64, 64)}
_BATCH = 64


class _Settings(NamedTuple):
    """Parameters, checked."""

    size: tuple[int, int]
    mode: str
    features: str
    dtype: str


class ImageEncoder(Encoder):
    """Pictures as rows of pixels, or of simple features that a linear model can use.

    A picture is turned as its EXIF data say, laid on white where it is transparent, converted to
    `mode` and stretched to `size`: each pixel is the mean of what it covers. The same file gives
    the same row, with one release of Pillow.

    Parameters
    ----------
    size : (int, int), optional
        Width and height in pixels that a picture is brought to: (16, 16) by default, (64, 64) for
        "histograms", which takes multiples of 4.
    mode : {"RGB", "L"}, default="RGB"
        Colours, or shades of grey.
    features : {"pixels", "histograms"}, default="pixels"
        "pixels" are the values of each pixel, row after row. "histograms" are histograms of
        oriented gradients (4 x 4 cells of 9 orientations) and of colours (4 levels a channel, 16 of
        grey), as square roots of shares, and the mean colour of each cell: 256 columns, or 176.
    dtype : {"float32", "uint8"}, default="float32"
        float32 goes from 0 to 1. uint8, from 0 to 255, is for "pixels", a quarter as large, and
        cannot tell of a missing picture.

    Attributes
    ----------
    n_features_out_ : int

    References
    ----------
    N. Dalal and B. Triggs, "Histograms of oriented gradients for human detection", CVPR 2005;
    M. Swain and D. Ballard, "Color indexing", IJCV 7 (1991); square roots: R. Arandjelović and
    A. Zisserman, "Three things everyone should know to improve object retrieval", CVPR 2012.

    Notes
    -----
    `fit` looks at no picture. Items are paths, bytes of a file, Pillow's images, or uint8 arrays of
    shape (height, width), or with 1, 3 or 4 channels last; of these also one array for all.

    Examples
    --------
    >>> import numpy as np
    >>> from polyfuse.encoders import ImageEncoder
    >>> pictures = np.zeros((2, 20, 30, 3), np.uint8)
    >>> pictures[1, :, 15:] = 255
    >>> ImageEncoder(size=(2, 1), mode="L").fit_transform(pictures)
    array([[0., 0.],
           [0., 1.]], dtype=float32)
    """

    _settings: _Settings

    def __init__(
        self,
        size: tuple[int, int] | None = None,
        mode: str = "RGB",
        *,
        features: str = "pixels",
        dtype: str = "float32",
    ) -> None:
        self.size = size
        self.mode = mode
        self.features = features
        self.dtype = dtype

    def _learn(self, items: list[Any]) -> dict[str, Any]:
        settings = self._checked()
        _pillow()
        names = list(_names_of(settings))
        return {"_settings": settings, "n_features_out_": len(names)}

    def _checked(self) -> _Settings:
        one_of(self.mode, "mode", tuple(CHANNELS))
        one_of(self.features, "features", FEATURES)
        one_of(self.dtype, "dtype", ("float32", "uint8"))
        size = _SIZES[self.features] if self.size is None else self.size
        sides = size if isinstance(size, tuple | list) else ()
        step = GRID if self.features == "histograms" else 1
        fits = [type(side) is int and side > 0 and side % step == 0 for side in sides]
        if len(sides) != 2 or not all(fits):
            what = "positive integers" if step == 1 else f"positive multiples of {step}"
            raise ValueError(f"size must be width and height, two {what}; got {self.size!r}.")
        if self.features == "histograms" and self.dtype == "uint8":
            raise ValueError("dtype='uint8' is for features='pixels'; got features='histograms'.")
        return _Settings((sides[0], sides[1]), self.mode, self.features, self.dtype)

    def _encode(self, items: list[Any]) -> NDArray:
        out = np.empty((len(items), self.n_features_out_), self._settings.dtype)
        return fill_rows(items, out, self._rows, _BATCH)

    def _rows(self, items: Numbered) -> NDArray:
        size, mode, features, dtype = self._settings
        pixels = np.stack([_pixels(i, item, size, mode) for i, item in items])
        if features == "histograms":
            return histograms(pixels)
        flat = pixels.reshape(len(items), -1)
        return flat if dtype == "uint8" else flat / np.float32(255)

    def _names(self) -> Iterable[str]:
        return _names_of(self._settings)


def _names_of(settings: _Settings) -> Iterable[str]:
    if settings.features == "histograms":
        return histogram_names(settings.mode)
    return pixel_names(settings.mode, settings.size)


def _pillow() -> Any:
    try:
        from PIL import Image
    except ImportError as error:
        raise ImportError("ImageEncoder needs Pillow: pip install 'polyfuse[image]'.") from error
    return Image


def _pixels(i: int, item: Any, size: tuple[int, int], mode: str) -> NDArray[np.uint8]:
    """The pixels of one picture, shape (height, width, n_channels)."""
    Image = _pillow()
    if isinstance(item, np.ndarray):
        _require_picture(i, item)
        item = Image.fromarray(item[..., 0] if item.shape[2:] == (1,) else item)
    file = source(item)
    if file is None and not isinstance(item, Image.Image):
        raise TypeError(
            f"{described(i, item)} must be a path, bytes, an image of Pillow or a uint8 array."
        )
    with blaming(i, item, "a picture"):
        if file is None:
            image = _plain(item, mode)
        else:
            with Image.open(file) as opened:
                image = _plain(opened, mode)
        image = image.resize(size, Image.Resampling.BOX)
    return np.asarray(image).reshape(size[1], size[0], -1)


def _require_picture(i: int, item: NDArray) -> None:
    if item.dtype != np.uint8:
        raise TypeError(f"{described(i, item)} must be of dtype uint8; got {item.dtype}.")
    channels = item.shape[2] if item.ndim == 3 else 1
    if item.ndim not in (2, 3) or channels not in (1, 3, 4) or item.size == 0:
        raise ValueError(
            f"{described(i, item)} must be of shape (height, width), or with 1, 3 or 4 channels."
        )


def _plain(image: Any, mode: str) -> Any:
    """The picture upright, on white, in 8 bits a channel."""
    from PIL import Image, ImageOps

    image = ImageOps.exif_transpose(image)
    if image.mode in ("I", "F"):
        raise ValueError(f"values of mode {image.mode!r} have no known range")
    if image.mode.startswith("I;16"):  # convert() would cut off what is above 255
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, "white")
        white.alpha_composite(image.convert("RGBA"))
        image = white
    return image.convert(mode)
