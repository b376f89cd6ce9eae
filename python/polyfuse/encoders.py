"""Raw items to blocks: pictures, texts and sounds, and what any pretrained model makes of them.

Every encoder is a transformer with scikit-learn's conventions that gives one row of numbers for
each item: a path, the bytes of a file, a text, an array. A missing item, None, gives a row of NaN,
which :mod:`polyfuse.fusion` reads as "this modality is missing in this row". Libraries that decode
are imported when they are first used: ``pip install 'polyfuse[image,text,audio]'``.
"""

from __future__ import annotations

from ._audio_encoder import AudioEncoder
from ._block_encoder import BlockEncoder
from ._callable_encoder import CallableEncoder
from ._image_encoder import ImageEncoder
from ._text_encoder import TextEncoder

__all__ = ["AudioEncoder", "BlockEncoder", "CallableEncoder", "ImageEncoder", "TextEncoder"]
