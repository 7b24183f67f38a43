"""Nested cross-validation: the error of a whole search, its choice included."""

from sknnreg.model_selection.nested.display import NestedCrossValidationDisplay
from sknnreg.model_selection.nested.result import NestedCrossValidationResult
from sknnreg.model_selection.nested.validation import nested_cross_validate

__all__ = [
    "NestedCrossValidationDisplay",
    "NestedCrossValidationResult",
    "nested_cross_validate",
]
