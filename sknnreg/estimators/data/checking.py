"""What ``fit`` is given, checked: rows to learn from and rows to validate on."""

from __future__ import annotations

from typing import Any

from sknnreg.estimators.data.inputs import check_weights, check_X
from sknnreg.estimators.data.labels import check_groups
from sknnreg.estimators.data.numbers import check_same_length
from sknnreg.estimators.data.preparation import Labelled


def check_training_rows(
    estimator: Any, X: Any, y: Any, sample_weight: Any, groups: Any = None, *, reset: bool
) -> Labelled:
    """Rows to learn from; ``reset`` is false where the number of columns must be as it was."""
    require_y(estimator, y)
    X = check_X(estimator, X, reset=reset)
    y = estimator._check_y(y, "y")
    check_same_length(X, y, "y")
    return Labelled(X, y, check_weights(sample_weight, X), check_groups(groups, X))


def require_y(estimator: Any, y: Any) -> None:
    """Raise where there are no targets."""
    if y is None:
        raise ValueError(
            f"{type(estimator).__name__} requires y to be passed, but the target y is None."
        )


def check_validation_rows(estimator: Any, X: Any, y: Any, weight: Any) -> Labelled | None:
    """Rows to validate on; None if none are given."""
    if X is None and y is None and weight is None:
        return None
    if X is None or y is None:
        missing = "X_val" if X is None else "y_val"
        raise ValueError(f"{missing} is missing: pass X_val and y_val together, or neither.")
    X = check_X(estimator, X, reset=False, name="X_val")
    y = estimator._check_y(y, "y_val")
    check_same_length(X, y, "y_val", "X_val")
    return Labelled(X, y, check_weights(weight, X, "sample_weight_val", "X_val"))
