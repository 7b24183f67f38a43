"""What may come in as X and weights, and what to say of all else."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import _check_sample_weight, validate_data

Floats = NDArray[np.floating[Any]]
# Rows are transformed in blocks of about so many numbers of output, which a core's cache holds.
BLOCK_NUMBERS = 1 << 16
# The smallest step between numbers of float64, 5e-324, is 5e-9 of it.
SMALLEST_VARIANCE = 1e-315


def check_columns(transformer: Any, X: Any, *, reset: bool) -> Floats:
    """A dense array of float32 or float64; NaN may be in it, infinity may not."""
    _refuse_dates(X)
    try:
        # Infinity is looked for below, where its column can be named.
        checked: Floats = validate_data(
            transformer, X, reset=reset, dtype=[np.float64, np.float32], ensure_all_finite=False
        )
    except ValueError as error:
        if "could not convert string" in str(error):
            raise ValueError(
                f"X must hold numbers: {error}. Encode categories first, by OrdinalEncoder, "
                "OneHotEncoder or TargetEncoder in a ColumnTransformer."
            ) from error
        raise
    infinite = np.isinf(checked).any(axis=0)
    if infinite.any():
        raise ValueError(
            f"Input X contains infinity or a value too large for {checked.dtype} in column "
            f"{column_name(transformer, int(infinite.argmax()))!r}. Replace it by a number, or by "
            "NaN, which stands for a missing value."
        )
    return checked


def check_weights(sample_weight: Any, X: Floats) -> Floats | None:
    """Weights ``(n,)`` of at most 1, in proportion to those given; None stands for equal ones."""
    if sample_weight is None:
        return None
    weights: Floats = _check_sample_weight(
        sample_weight, X, dtype=np.float64, ensure_non_negative=True
    )
    # By a power of two: ratios keep their bits, and no sum of weights overflows.
    return np.ldexp(weights, -int(np.frexp(weights.max())[1]))


def check_spread(transformer: Any, low: Floats, high: Floats) -> None:
    """Raise where a column's largest number is infinitely far from its smallest."""
    with np.errstate(over="ignore"):
        endless = np.isinf(high - low)
    if endless.any():
        raise ValueError(
            f"Column {column_name(transformer, int(endless.argmax()))!r} of X spans more than the "
            "largest float64, about 1.8e308. Divide it by some power of ten first."
        )


def check_proportions(variances: Floats) -> None:
    """Raise where one, in units of the largest column, is too small to have eight digits."""
    if len(variances) and variances.min() < SMALLEST_VARIANCE:
        raise ValueError(
            "Columns of X that vary have variances so far apart that float64 cannot hold both: by "
            "a factor of more than 1e300. Put StandardScaler before the whitener, or divide "
            "columns by powers of ten."
        )


def column_name(transformer: Any, index: int) -> Any:
    """How errors call a column: by its name, where it has one."""
    names = getattr(transformer, "feature_names_in_", None)
    return index if names is None else names[index]


def row_blocks(n_rows: int, width: int) -> list[slice]:
    """Slices that take all rows in turn, each a block of so many columns."""
    step = max(1, BLOCK_NUMBERS // max(1, width))
    return [slice(start, min(start + step, n_rows)) for start in range(0, n_rows, step)]


def _refuse_dates(X: Any) -> None:
    """Raise for dates and durations: NumPy would take them for numbers."""
    for each in [*getattr(X, "dtypes", ()), getattr(X, "dtype", "")]:
        if str(each).lower().startswith(("date", "time", "duration")):
            raise ValueError(
                f"X must hold numbers, got {each}. Pass what should count of dates and durations, "
                "such as days since some day, the month or the hour."
            )
