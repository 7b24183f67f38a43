"""What a decision tree is to predict, from whatever y comes in."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_array


def check_target(y: Any) -> NDArray[Any]:
    """Any y ``(n,)`` or ``(n, outputs)`` without missing values."""
    checked: NDArray[Any] = check_array(y, ensure_2d=False, dtype=None, input_name="y")
    return checked[:, 0] if checked.ndim == 2 and checked.shape[1] == 1 else checked


def tree_target(y: NDArray[Any], target_type: str) -> NDArray[Any]:
    """Targets as float64 from 0 to 1, or labels as whole numbers; ``(n,)`` or ``(n, outputs)``.

    A tree takes an impurity below 2.2e-16 for none, so the targets' own units must not count.
    """
    if target_type == "auto":
        has_fractions = y.dtype.kind == "f" and (y != np.floor(y)).any()
        target_type = "regression" if has_fractions else "classification"
    if target_type == "classification":
        return _labels(y)
    try:
        numbers: NDArray[np.float64] = y.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f'With target_type="regression", y must hold numbers: {error}. Labels need '
            'target_type="classification".'
        ) from error
    numbers = _at_most_1(numbers)
    return _at_most_1(numbers - numbers.min(axis=0))


def _labels(y: NDArray[Any]) -> NDArray[np.intp]:
    """The place of each label among those of its output."""
    try:
        labels = [np.unique(each, return_inverse=True)[1] for each in np.atleast_2d(y.T)]
    except TypeError as error:
        raise ValueError(
            f"Labels in y must be of one kind, all text or all numbers: {error}. Leave out rows "
            "without a label."
        ) from error
    return np.column_stack(labels) if y.ndim == 2 else labels[0]


def _at_most_1(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Divided by a power of two, each output by its own: equal rows and exact sums stay so."""
    scaled: NDArray[np.float64] = np.ldexp(numbers, -np.frexp(np.abs(numbers).max(axis=0))[1])
    return scaled
