"""The targets as numbers of mean 0 and standard deviation 1, or a word on what is wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from sknnreg.engine.arrays.stack import Array

_CLASSES = (
    "{name} stratifies a continuous target, but y holds {what}, which are classes: use "
    "sklearn.model_selection.StratifiedKFold or StratifiedShuffleSplit."
)


def standardized(y: Any, name: str) -> Array:
    """z = (y - mean) / standard deviation by output, ``(n, q)``; ``name`` is the splitter's.

    A constant output is 0.
    """
    numbers = _as_numbers(y, name)
    # Neither squares nor sums of very large numbers may overflow.
    largest = np.abs(numbers).max(axis=0)
    numbers = numbers / np.where(largest > 0, largest, 1.0)
    varies = np.ptp(numbers, axis=0) > 0
    deviation = np.where(varies, numbers.std(axis=0), 1.0)
    z: Array = np.where(varies, (numbers - numbers.mean(axis=0)) / deviation, 0.0)
    return z


def _as_numbers(y: Any, name: str) -> Array:
    """``(n, q)``, finite."""
    if y is None:
        raise ValueError(f"{name} needs y, whose values it shares out evenly, but y is None.")
    if sparse.issparse(y):
        raise TypeError(f"{name} needs y as a dense array, got a sparse matrix: use y.toarray().")
    given = np.asarray(y)
    _refuse_classes(given, name)
    try:
        numbers = given.astype(np.float64)
    except (TypeError, ValueError):
        raise ValueError(
            f"{name} needs a y of real numbers, got an array of dtype {given.dtype} with something "
            "else among them."
        ) from None
    if numbers.ndim not in (1, 2) or numbers.size == 0:
        raise ValueError(
            f"{name} needs a y of shape (n_samples,) or (n_samples, n_outputs) with at least one "
            f"row and one output, got shape {numbers.shape}."
        )
    if not np.isfinite(numbers).all():
        raise ValueError(
            f"{name} needs a finite y, but y has NaN or infinite values: leave these rows out."
        )
    return numbers.reshape(len(numbers), -1)


def _refuse_classes(given: Any, name: str) -> None:
    if given.dtype.kind in "US" or _any_is(given, str | bytes):
        raise ValueError(_CLASSES.format(name=name, what="texts"))
    if given.dtype.kind == "b" or _any_is(given, bool | np.bool_):
        raise ValueError(_CLASSES.format(name=name, what="truth values"))
    if given.dtype.kind not in "iufO":
        raise ValueError(f"{name} needs a y of real numbers, got dtype {given.dtype}.")


def _any_is(given: Any, kind: Any) -> bool:
    return given.dtype == object and any(isinstance(each, kind) for each in given.flat)
