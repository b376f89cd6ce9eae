"""Tables of raw items to blocks, an encoder for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._arrays import kind_of, require_fitted
from ._estimator import Estimator, unfitted
from ._interchange import column_names
from .blocks import Blocks

Columns = str | list[str]


class BlockEncoder(Estimator):
    """Columns of raw items to blocks: the first step of a pipeline that ends in a model of blocks.

    Parameters
    ----------
    encoders : dict of str to transformer
        By the name of their block: encoders of this module, or anything with ``fit`` and
        ``transform``. They are copied, never fitted themselves.
    columns : dict of str to str or list of str, optional
        The column that each block is made of; the one of its name where this says nothing. A list
        of columns is passed on as a table: ``{"person": ["age", "height"]}`` with a scaler.

    Attributes
    ----------
    encoders_ : dict of str to fitted transformer
    modalities_ : list of str
        Names of the blocks, in order.

    Notes
    -----
    Parameters of an encoder are ``image__size`` and so on, for ``set_params`` and grid searches.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> import polyfuse as pf
    >>> from polyfuse.encoders import BlockEncoder, ImageEncoder, TextEncoder
    >>> table = pd.DataFrame({
    ...     "image": [np.full((8, 8), shade, np.uint8) for shade in (0, 40, 200, 255)],
    ...     "text": ["dark night", "dark", "snow", "white snow"],
    ... })
    >>> encoder = BlockEncoder({
    ...     "image": ImageEncoder(size=(2, 2), mode="L"),
    ...     "text": TextEncoder("tfidf", sparse_output=False),
    ... })
    >>> encoder.fit_transform(table)
    Blocks(4 rows; image: ndarray of 4 float32; text: ndarray of 4 float32)

    scikit-learn splits the table by rows, and each fold fits its own encoders:

    >>> from sklearn.model_selection import cross_val_score
    >>> from sklearn.pipeline import make_pipeline
    >>> model = make_pipeline(encoder, pf.FusionClassifier())
    >>> cross_val_score(model, table, ["night", "night", "day", "day"], cv=2)
    array([1., 1.])
    """

    encoders_: dict[str, Any]
    modalities_: list[str]
    _columns: dict[str, Columns]

    def __init__(
        self, encoders: Mapping[str, Any], *, columns: Mapping[str, Columns] | None = None
    ) -> None:
        self.encoders = encoders
        self.columns = columns

    def fit(self, X: Any, y: Any = None) -> Self:
        """Fit each encoder to its column.

        Parameters
        ----------
        X : data frame (pandas, polars, Arrow), or dict of sequences of items
        y : array-like of shape (n_samples,), optional
            Passed on to the encoders.

        Raises
        ------
        TypeError, ValueError
            If a column is not there, or an encoder raises: a note then names the block. The
            estimator is left as it was.
        """
        columns, fitted = self._checked(), _unfitted(self.encoders)
        _each(columns, X, lambda name, items: fitted[name].fit(items, y))
        return self._keep(columns, fitted)

    def fit_transform(self, X: Any, y: Any = None) -> Blocks:
        """Fit each encoder to its column and return their blocks; parameters as for `fit`."""
        columns, fitted = self._checked(), _unfitted(self.encoders)
        blocks = _each(columns, X, lambda name, items: fitted[name].fit_transform(items, y))
        made = Blocks(blocks)
        self._keep(columns, fitted)
        return made

    def transform(self, X: Any) -> Blocks:
        """Return a block of each encoder.

        Parameters
        ----------
        X : as for `fit`

        Returns
        -------
        Blocks

        Raises
        ------
        NotFittedError
            Before `fit`.
        TypeError, ValueError
            As from `fit`.
        """
        require_fitted(self, "encoders_")
        encoders = self.encoders_
        return Blocks(_each(self._columns, X, lambda name, items: encoders[name].transform(items)))

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray:
        """Return names of the columns of all blocks, "image__red_0_0" and so on.

        Parameters
        ----------
        input_features : ignored

        Returns
        -------
        ndarray of str objects
        """
        require_fitted(self, "encoders_")
        names = [
            f"{name}__{column}"
            for name, encoder in self.encoders_.items()
            for column in encoder.get_feature_names_out()
        ]
        return np.array(names, dtype=object)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters of this estimator, and of its encoders, by name.

        Parameters
        ----------
        deep : bool, default=True
            Also those of encoders, under names like ``image__size``.
        """
        params = super().get_params(deep=False)
        if deep and isinstance(self.encoders, Mapping):
            for name, encoder in self.encoders.items():
                if hasattr(encoder, "get_params"):
                    own = encoder.get_params()
                    params.update((f"{name}__{key}", value) for key, value in own.items())
        return params

    def set_params(self, **params: Any) -> Self:
        """Set parameters of this estimator; ``image__size`` is one of the encoder of "image".

        Raises
        ------
        ValueError
            If there is no parameter of that name.
        """
        super().set_params(**{k: params.pop(k) for k in self._parameter_names() if k in params})
        for key, value in params.items():
            name, _, own = key.partition("__")
            if not own or name not in self.encoders:
                super().set_params(**{key: value})  # raises
            self.encoders[name].set_params(**{own: value})
        return self

    def _checked(self) -> dict[str, Columns]:
        """The column, or columns, of each block."""
        if not isinstance(self.encoders, Mapping) or not self.encoders:
            raise TypeError(
                f"encoders must be a dict of transformers, one at least; got {self.encoders!r}."
            )
        for name, encoder in self.encoders.items():
            if not (hasattr(encoder, "fit") and hasattr(encoder, "transform")):
                raise TypeError(
                    f"encoders[{name!r}] must have fit and transform; got {kind_of(encoder)}."
                )
        columns = self.columns or {}
        odd = [name for name in columns if name not in self.encoders]
        if odd:
            raise ValueError(
                f"columns must have names of encoders, {list(self.encoders)}; got {odd[0]!r}."
            )
        return {name: columns.get(name, name) for name in self.encoders}

    def _keep(self, columns: dict[str, Columns], fitted: dict[str, Any]) -> Self:
        self._columns, self.encoders_, self.modalities_ = columns, fitted, list(fitted)
        return self


def _unfitted(encoders: Mapping[str, Any]) -> dict[str, Any]:
    return {name: unfitted(encoder) for name, encoder in encoders.items()}


def _each(columns: dict[str, Columns], X: Any, do: Callable[[str, Any], Any]) -> dict[str, Any]:
    """What is done with the column of each block; errors say of which it was."""
    done = {}
    for name, column in columns.items():
        try:
            done[name] = do(name, _column(X, column))
        except Exception as error:
            error.add_note(f"That was block {name!r}.")
            raise
    return done


def _column(X: Any, column: Columns) -> Any:
    """One column of a table or dict, or a table of some.

    Raises
    ------
    TypeError
        If `X` has no columns by name.
    ValueError
        If there is no column of that name.
    """
    names = list(X) if isinstance(X, Mapping | Blocks) else column_names(X)
    if names is None:
        raise TypeError(f"X must be a data frame or a dict of columns; got {kind_of(X)}.")
    for name in [column] if isinstance(column, str) else column:
        if name not in [*names]:
            raise ValueError(f"X has no column {name!r}, it has {[*names]}.")
    if isinstance(column, str) or hasattr(X, "iloc"):
        return X[column]
    if not hasattr(X, "select"):
        raise TypeError(f"X must be a data frame to choose columns {column}; got {kind_of(X)}.")
    return X.select(column)
