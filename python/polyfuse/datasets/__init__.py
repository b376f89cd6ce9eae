"""Small multimodal data sets that ship with the library."""

from ._emoji import MultimodalData, load_emoji

__all__ = ["MultimodalData", "load_emoji"]
