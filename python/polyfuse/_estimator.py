"""What every estimator shares: parameters, repr, and what scikit-learn asks of a class."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from copy import deepcopy
from functools import cache
from os import PathLike
from typing import Any, Self, TypeVar

from ._alignment import aligned
from ._available import available_if
from ._collections import take_collections
from ._feature_names import contained, output_kind, require_output
from ._interchange import opened
from ._representation import Represented
from ._routing import RequestSetter, routing_of
from ._sklearn_twins import has_twin, twin_of

_T = TypeVar("_T")


def unfitted(estimator: Any) -> Any:
    """A new estimator, ours or scikit-learn's, with the same parameters; else a copy."""
    if hasattr(estimator, "__sklearn_clone__"):  # it knows better what may be copied
        return estimator.__sklearn_clone__()
    if hasattr(estimator, "get_params"):
        return type(estimator)(**deepcopy(estimator.get_params(deep=False)))
    return deepcopy(estimator)


def nameless(cls: type[_T]) -> type[_T]:
    """Leave a base class that users do not know out of errors about calls of its methods."""
    for name, method in vars(cls).items():
        if inspect.isfunction(method):
            method.__qualname__ = inspect.unwrap(method).__qualname__ = name
    return cls


@cache
def _names_of(init: Callable[..., Any]) -> tuple[str, ...]:
    """Names of parameters, sorted; to look at a signature takes longer than to learn a row."""
    return tuple(sorted(name for name in inspect.signature(init).parameters if name != "self"))


@nameless
class Estimator(Represented):
    """Base class with scikit-learn's conventions, and without scikit-learn.

    ``__init__`` only stores its arguments; attributes that ``fit`` sets end in ``_``.
    """

    _estimator_type: str | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        take_collections(cls)

    set_fit_request = RequestSetter("fit")
    set_partial_fit_request = RequestSetter("partial_fit")
    set_predict_request = RequestSetter("predict")
    set_predict_proba_request = RequestSetter("predict_proba")
    set_predict_log_proba_request = RequestSetter("predict_log_proba")
    set_decision_function_request = RequestSetter("decision_function")
    set_score_request = RequestSetter("score")
    set_transform_request = RequestSetter("transform")
    set_inverse_transform_request = RequestSetter("inverse_transform")

    @classmethod
    def _parameter_names(cls) -> list[str]:
        return list(_names_of(cls.__init__))

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters of this estimator, by name.

        Parameters
        ----------
        deep : bool, default=True
            Also those of parameters that are estimators, under names like ``estimator__alpha``.
        """
        params: dict[str, Any] = {}
        for name in self._parameter_names():
            value = getattr(self, name)
            if deep and hasattr(value, "get_params") and not isinstance(value, type):
                params.update((f"{name}__{key}", own) for key, own in value.get_params().items())
            params[name] = value
        return params

    def set_params(self, **params: Any) -> Self:
        """Set parameters of this estimator; ``estimator__alpha`` is one of its `estimator`.

        Raises
        ------
        ValueError
            If there is no parameter of that name.
        """
        known = self._parameter_names()
        nested: dict[str, dict[str, Any]] = {}
        for name, value in params.items():
            own, deeper, rest = name.partition("__")
            if own not in known:
                raise ValueError(
                    f"Invalid parameter {own!r} for estimator {self}. "
                    f"Valid parameters are: {known!r}."
                )
            if deeper:
                nested.setdefault(own, {})[rest] = value
            else:
                setattr(self, own, value)
        for own, values in nested.items():
            getattr(self, own).set_params(**values)
        return self

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(aligned(state))

    def __repr__(self) -> str:
        defaults = inspect.signature(type(self).__init__).parameters
        changed = ", ".join(
            f"{name}={value!r}"
            for name, value in self.get_params(deep=False).items()
            if repr(value) != repr(defaults[name].default)
        )
        return f"{type(self).__name__}({changed})"

    @available_if(has_twin)
    def to_sklearn(self) -> Any:
        """Return scikit-learn's estimator of this name, as it stands here, fitted or not.

        It shares nothing with this one: arrays are copied, and a pickle of it loads where polyfuse
        is not installed. Its answers are those of this one, and ``partial_fit`` goes on from here.
        `arithmetic` is left out.

        Of a fitted GD* or fusion model it is a Pipeline: a ColumnTransformer of the fitted scalers,
        which takes the blocks side by side, ``np.hstack``, with none missing, and a
        LogisticRegression or Ridge with these coefficients; without scalers, that alone.

        Returns
        -------
        estimator of scikit-learn

        Raises
        ------
        ImportError
            If scikit-learn is not installed.
        NotFittedError
            If a model that becomes a Pipeline is not fitted.
        ValueError
            If its class cannot say what this one does, as with loss="multinomial", a `scaler` or
            blocks of SGD*, or level="late" of a fusion model.

        Examples
        --------
        >>> from polyfuse.preprocessing import StandardScaler
        >>> plain = StandardScaler().fit([[1.0], [3.0]]).to_sklearn()
        >>> type(plain).__module__, plain.transform([[4.0]])
        ('sklearn.preprocessing._data', array([[2.]]))
        """
        return twin_of(self)

    def to_onnx(self, dtypes: Any = None) -> Any:
        """Return this fitted estimator as a graph of ONNX, which any runtime of it can run.

        One graph scales, fuses and predicts. It has an input of shape (n, n_features_i) for each
        modality, by its name (a list's are "0", "1", ...), or one called "X". A classifier returns
        "label", and "probabilities" or else "scores"; a regressor "prediction"; a transformer
        "transformed". Where a model takes rows in which a modality is missing, all NaN, the graph
        does; no input is checked otherwise.

        Parameters
        ----------
        dtypes : dtype, or dict or list with one for each modality, optional
            What the inputs are: float32, float64, bool or integers; by default the precision of
            the coefficients, or float64. Blocks are scaled in the precision they come in, so give
            the dtypes of the blocks of `predict` for answers that differ by rounding alone.

        Returns
        -------
        onnx.ModelProto
            Of operator set 13.

        Raises
        ------
        ImportError
            If onnx is not installed.
        NotFittedError
            Before `fit`.
        ValueError
            If a graph cannot say what this estimator does, as with a projection or encoders.

        Examples
        --------
        >>> from polyfuse.preprocessing import StandardScaler
        >>> made = StandardScaler().fit([[1.0], [3.0]]).to_onnx()
        >>> [node.op_type for node in made.graph.node]
        ['Sub', 'Div', 'Identity']
        """
        from ._onnx_models import to_onnx

        return to_onnx(self, dtypes)

    def save(self, path: str | PathLike[str]) -> None:
        """Write this estimator to a file that :func:`polyfuse.load` reads: data, never code.

        Parameters
        ----------
        path : str or path
            Such as ``"model.safetensors"``. There is a whole file in the end, or none.

        Raises
        ------
        OSError
            If it cannot be written.
        TypeError
            If the estimator holds what is no data, such as a function.
        """
        from .persistence import save

        save(self, path)

    def get_metadata_routing(self) -> Any:
        """Return what each method wants routed to it, as scikit-learn's MetadataRequest."""
        return routing_of(self)

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import (  # type: ignore[import-untyped,unused-ignore]
            ClassifierTags,
            InputTags,
            RegressorTags,
            Tags,
            TargetTags,
            TransformerTags,
        )

        kind = self._estimator_type
        return Tags(
            estimator_type=kind,
            target_tags=TargetTags(required=kind is not None),
            transformer_tags=TransformerTags() if hasattr(self, "transform") else None,
            classifier_tags=ClassifierTags() if kind == "classifier" else None,
            regressor_tags=RegressorTags() if kind == "regressor" else None,
            input_tags=InputTags(allow_nan=hasattr(self, "transform")),
        )


def take_fitted(model: Any, fitted: Any) -> None:
    """Give a model what a fitted copy of it has learned; its parameters stay as they are."""
    parameters = set(model.get_params(deep=False))
    for name in [name for name in vars(model) if name not in vars(fitted)]:
        delattr(model, name)
    for name, value in vars(fitted).items():
        if name not in parameters:
            setattr(model, name, value)


@nameless
class Transformer(Estimator):
    """An estimator with ``fit`` and ``transform``."""

    def set_output(self, *, transform: str | None = None) -> Self:
        """Choose what ``transform`` and ``fit_transform`` return.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, optional
            An array, or a data frame of one of these libraries; None leaves it as it is.

        Returns
        -------
        self
        """
        if transform is not None:
            self._sklearn_output_config = {"transform": require_output(transform)}
        return self

    def _delivered(self, X: Any, result: Any) -> Any:
        """The result in the container that is wanted, with the index of `X` if it has one."""
        kind = output_kind(self)
        return result if kind == "default" else contained(self, kind, X, result)

    def fit_transform(self, X: Any, y: Any = None, **fit_params: Any) -> Any:
        """Fit to `X`, then return it transformed."""
        X = opened(X, "X")  # it is read twice
        return self.fit(X, y, **fit_params).transform(X)  # type: ignore[attr-defined]


@nameless
class Classifier(Estimator):
    """An estimator whose ``predict`` returns class labels."""

    _estimator_type = "classifier"

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the accuracy of the predictions for `X` against `y`.

        Parameters
        ----------
        X
            As for `fit`.
        y : array-like of shape (n_samples,)
            True labels.
        sample_weight : array-like of shape (n_samples,), optional

        Returns
        -------
        float
        """
        from .metrics import accuracy_score

        predicted = self.predict(X)  # type: ignore[attr-defined]
        return float(accuracy_score(y, predicted, sample_weight=sample_weight))


@nameless
class Regressor(Estimator):
    """An estimator whose ``predict`` returns numbers."""

    _estimator_type = "regressor"

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return R² of the predictions for `X` against `y`; the mean over targets.

        Parameters
        ----------
        X
            As for `fit`.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            True values.
        sample_weight : array-like of shape (n_samples,), optional

        Returns
        -------
        float
        """
        from .metrics import r2_score

        predicted = self.predict(X)  # type: ignore[attr-defined]
        return float(r2_score(y, predicted, sample_weight=sample_weight))
