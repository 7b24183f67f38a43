"""What all rooms take from scikit-learn, which ships no types, as static tools should see it.

At run time these are scikit-learn's own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from typing import Self, TypeAlias

    import numpy as np
    from numpy.typing import NDArray

    _Method = TypeVar("_Method", bound=Callable[..., Any])
    # Whether metadata are asked for, or under which name.
    _Request: TypeAlias = bool | str | None

    def available_if(check: Callable[[Any], bool]) -> Callable[[_Method], _Method]:
        """A method that is there only where ``check(estimator)`` is true."""

    def with_callbacks(method: _Method) -> _Method:
        """A ``fit`` that ends with the callbacks' teardown."""

    class CallbackSupportMixin:
        """An estimator that callbacks listen to."""

        def set_callbacks(self, *callbacks: Any) -> Self:
            """Set the callbacks, in place of those before."""

    class BaseEstimator:
        """An estimator: parameters by name, and requests for metadata."""

        n_features_in_: int
        feature_names_in_: NDArray[np.object_]

        def get_params(self, deep: bool = True) -> dict[str, Any]:
            """The parameters by name."""

        def set_params(self, **params: Any) -> Self:
            """Set parameters by name."""

        def get_metadata_routing(self) -> Any:
            """The requests as they stand."""

        def __sklearn_tags__(self) -> Any: ...

        def __getstate__(self) -> dict[str, Any]: ...

        def _validate_params(self) -> None: ...

        @classmethod
        def _get_param_names(cls) -> list[str]: ...

    class MetaEstimatorMixin:
        """An estimator around another one."""

    class TransformerMixin:
        """A transformer."""

        def fit_transform(self, X: Any, y: Any = None, **fit_params: Any) -> Any:
            """Fit to the rows, and transform them."""

        def set_output(self, *, transform: str | None = None) -> Self:
            """What kind of table ``transform`` returns."""

        def set_fit_request(self, *, sample_weight: _Request = ...) -> Self:
            """Which metadata ``fit`` asks a meta-estimator for."""

    class OneToOneFeatureMixin:
        """A transformer whose columns keep their names."""

        def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
            """The names of the columns of the output."""

    class _Supervised:
        """What classifiers and regressors ask meta-estimators for."""

        def set_fit_request(
            self,
            *,
            sample_weight: _Request = ...,
            X_val: _Request = ...,
            y_val: _Request = ...,
            sample_weight_val: _Request = ...,
            groups: _Request = ...,
        ) -> Self:
            """Which metadata ``fit`` asks a meta-estimator for."""

        def set_score_request(self, *, sample_weight: _Request = ...) -> Self:
            """Which metadata ``score`` asks a meta-estimator for."""

    class ClassifierMixin(_Supervised):
        """A classifier."""

        def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
            """The accuracy of the predictions."""

        def set_partial_fit_request(
            self,
            *,
            sample_weight: _Request = ...,
            classes: _Request = ...,
            X_val: _Request = ...,
            y_val: _Request = ...,
            sample_weight_val: _Request = ...,
            groups: _Request = ...,
        ) -> Self:
            """Which metadata ``partial_fit`` asks a meta-estimator for."""

    class RegressorMixin(_Supervised):
        """A regressor."""

        def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
            """The coefficient of determination of the predictions."""

        def set_partial_fit_request(
            self,
            *,
            sample_weight: _Request = ...,
            X_val: _Request = ...,
            y_val: _Request = ...,
            sample_weight_val: _Request = ...,
            groups: _Request = ...,
        ) -> Self:
            """Which metadata ``partial_fit`` asks a meta-estimator for."""

else:
    from sklearn.base import (
        BaseEstimator,
        ClassifierMixin,
        MetaEstimatorMixin,
        OneToOneFeatureMixin,
        RegressorMixin,
        TransformerMixin,
    )
    from sklearn.callback import CallbackSupportMixin, with_callbacks
    from sklearn.utils.metaestimators import available_if

__all__ = [
    "BaseEstimator",
    "CallbackSupportMixin",
    "ClassifierMixin",
    "MetaEstimatorMixin",
    "OneToOneFeatureMixin",
    "RegressorMixin",
    "TransformerMixin",
    "available_if",
    "with_callbacks",
]
