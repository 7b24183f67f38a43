"""What the augmentations take from scikit-learn, which ships no types, as static tools see it.

At run time this is scikit-learn's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self, TypeVar

    class BaseEstimator:
        """Parameters by name."""

        @classmethod
        def _get_param_names(cls) -> list[str]: ...

        def get_params(self, deep: bool = True) -> dict[str, Any]:
            """The parameters by name."""

        def set_params(self, **params: Any) -> Self:
            """Set parameters by name."""

        def __sklearn_tags__(self) -> Any: ...

        def __getstate__(self) -> dict[str, Any]: ...

        def _validate_params(self) -> None: ...

    Method = TypeVar("Method", bound=Callable[..., Any])

    def available_if(check: Callable[[Any], bool]) -> Callable[[Method], Method]:
        """A method that is there while the check says so."""

    class MetaEstimatorMixin:
        """An estimator around another one."""

else:
    from sklearn.base import BaseEstimator, MetaEstimatorMixin
    from sklearn.utils.metaestimators import available_if

__all__ = ["BaseEstimator", "MetaEstimatorMixin", "available_if"]
