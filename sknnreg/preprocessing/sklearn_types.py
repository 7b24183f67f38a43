"""What the transformers take from scikit-learn, which ships no types, as static tools see it.

At run time these are scikit-learn's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import Self

    import numpy as np
    from numpy.typing import NDArray

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

        def set_fit_request(self, *, sample_weight: bool | str | None = ...) -> Self:
            """Which metadata ``fit`` asks a meta-estimator for."""

        def __sklearn_tags__(self) -> Any: ...

        def _validate_params(self) -> None: ...

    class TransformerMixin:
        """A transformer."""

        def fit_transform(self, X: Any, y: Any = None, **fit_params: Any) -> Any:
            """Fit to the rows, and transform them."""

        def set_output(self, *, transform: str | None = None) -> Self:
            """What kind of table ``transform`` returns."""

    class OneToOneFeatureMixin:
        """A transformer whose columns keep their names."""

        def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
            """The names of the columns of the output."""

else:
    from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin

__all__ = ["BaseEstimator", "OneToOneFeatureMixin", "TransformerMixin"]
