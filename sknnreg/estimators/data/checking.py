"""What ``fit`` is given, checked: rows to learn from and rows to validate on."""

from __future__ import annotations

from typing import Any

from sklearn.utils import check_array, check_consistent_length
from sklearn.utils.validation import validate_data

from sknnreg.estimators.data.inputs import (
    check_groups,
    check_mapped,
    check_weights,
    check_X,
    x_checks,
)
from sknnreg.estimators.data.preparation import Labelled


def check_training_rows(
    estimator: Any, X: Any, y: Any, sample_weight: Any, groups: Any = None, *, reset: bool
) -> Labelled:
    """Rows to learn from; ``reset`` is false where the number of columns must be as it was."""
    if y is None:
        raise ValueError(
            f"{type(estimator).__name__} requires y to be passed, but the target y is None."
        )
    checks = {**estimator._y_checks, **x_checks(X)}
    X, y = validate_data(estimator, X, y, reset=reset, multi_output=True, **checks)
    check_mapped(X, "X")
    return Labelled(X, y, check_weights(sample_weight, X), check_groups(groups, X))


def check_validation_rows(estimator: Any, X: Any, y: Any, weight: Any) -> Labelled | None:
    """Rows to validate on; None if none are given."""
    if X is None and y is None and weight is None:
        return None
    if X is None or y is None:
        missing = "X_val" if X is None else "y_val"
        raise ValueError(f"{missing} is missing: pass X_val and y_val together, or neither.")
    X = check_X(estimator, X, reset=False, name="X_val")
    numeric = estimator._y_checks.get("y_numeric", False)
    y = check_array(
        y,
        accept_sparse="csr",
        ensure_2d=False,
        dtype="numeric" if numeric else None,
        input_name="y_val",
    )
    check_consistent_length(X, y)
    return Labelled(X, y, check_weights(weight, X, "sample_weight_val"))
