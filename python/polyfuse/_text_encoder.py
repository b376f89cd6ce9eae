"""Texts as rows of counts of words, through scikit-learn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ._arrays import one_of
from ._encoder import Encoder, described, is_missing, there

METHODS = ("hashing", "tfidf")


class TextEncoder(Encoder):
    """Texts as rows of weights of their words, by scikit-learn's vectorizers.

    Parameters
    ----------
    method : {"hashing", "tfidf"}, default="hashing"
        HashingVectorizer, which learns nothing, or TfidfVectorizer, which learns words and their
        weights from the texts it is fitted on.
    options : dict, optional
        Parameters of the vectorizer, such as ``{"ngram_range": (1, 2), "min_df": 2}``; its own
        defaults otherwise, but dtype float32.
    sparse_output : bool, default=True
        Return a CSR matrix: a missing text is then a row without words, as an empty text is.
        Otherwise an ndarray, in which it is a row of NaN; "hashing" makes 2**20 columns unless
        `options` say otherwise, far too many for that.

    Attributes
    ----------
    n_features_out_ : int
    vectorizer_ : HashingVectorizer or TfidfVectorizer

    Examples
    --------
    >>> from polyfuse.encoders import TextEncoder
    >>> encoder = TextEncoder("tfidf", sparse_output=False)
    >>> encoder.fit_transform(["red car", "red red", None]).round(2)
    array([[0.81, 0.58],
           [0.  , 1.  ],
           [ nan,  nan]], dtype=float32)
    >>> encoder.get_feature_names_out()
    array(['car', 'red'], dtype=object)
    """

    vectorizer_: Any
    _sparse: bool

    def __init__(
        self,
        method: str = "hashing",
        *,
        options: Mapping[str, Any] | None = None,
        sparse_output: bool = True,
    ) -> None:
        self.method = method
        self.options = options
        self.sparse_output = sparse_output

    def _learn(self, items: list[Any]) -> dict[str, Any]:
        one_of(self.method, "method", METHODS)
        one_of(self.sparse_output, "sparse_output", (True, False))
        vectorizer = self._vectorizer().fit(_texts([item for _, item in there(items)]))
        width = vectorizer.transform([""]).shape[1]
        return {
            "vectorizer_": vectorizer, "n_features_out_": width, "_sparse": self.sparse_output,
        }  # fmt: skip

    def _vectorizer(self) -> Any:
        try:
            from sklearn.feature_extraction.text import (  # type: ignore[import-untyped,unused-ignore]
                HashingVectorizer,
                TfidfVectorizer,
            )
        except ImportError as error:
            raise ImportError(
                "TextEncoder needs scikit-learn: pip install 'polyfuse[text]'."
            ) from error
        kind = HashingVectorizer if self.method == "hashing" else TfidfVectorizer
        try:
            return kind(**{"dtype": np.float32, **(self.options or {})})
        except TypeError as error:
            raise ValueError(
                f"options must be parameters of {kind.__name__}; got {self.options!r}: {error}."
            ) from error

    def _encode(self, items: list[Any]) -> Any:
        rows = self.vectorizer_.transform(_texts(items))
        if self._sparse:
            return rows
        dense = rows.toarray()
        dense[[is_missing(item) for item in items]] = np.nan
        return dense

    def _names(self) -> Iterable[str]:
        if hasattr(self.vectorizer_, "get_feature_names_out"):
            return list(self.vectorizer_.get_feature_names_out())
        return (f"hash{i}" for i in range(self.n_features_out_))


def _texts(items: list[Any]) -> list[str]:
    """Items that are texts; an empty one for one that is missing."""
    for i, item in there(items):
        if not isinstance(item, str):
            raise TypeError(f"{described(i, item)} must be a str.")
    return ["" if is_missing(item) else item for item in items]
