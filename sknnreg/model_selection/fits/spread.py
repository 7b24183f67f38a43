"""How far the mean of k errors, or differences, may be from what it estimates."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from scipy import stats

from sknnreg.engine.arrays.stack import Array
from sknnreg.model_selection.fits.splitting import Split


@dataclass(frozen=True)
class Interval:
    """An estimate, its standard error, and the bounds around it."""

    estimate: float
    standard_error: float
    low: float
    high: float


def t_interval(values: Array, ratio: float, confidence_level: float) -> Interval:
    """mean +- t sqrt((1/k + ratio) s^2) of ``values (k,)``, s^2 and t with k - 1.

    ``ratio`` is 0 for independent values, n_test / n_train for those of splits of one sample
    (Nadeau and Bengio, 2003).
    """
    estimate, error = float(values.mean()), standard_error(values, ratio)
    half = float(stats.t.ppf((1 + confidence_level) / 2, len(values) - 1)) * error
    return Interval(estimate, error, estimate - half, estimate + half)


def standard_error(values: Array, ratio: float) -> float:
    """sqrt((1/k + ratio) s^2) of ``values (k,)``."""
    return float(np.sqrt((1 / len(values) + ratio) * values.var(ddof=1)))


def mean_ratio(splits: list[Split]) -> float:
    """n_test / n_train, of the average split."""
    return float(np.mean([len(test) / len(train) for train, test in splits]))


def checked_level(confidence_level: Any) -> float:
    """Between 0 and 1, or an error."""
    if not (isinstance(confidence_level, Real) and 0 < float(confidence_level) < 1):
        raise ValueError(
            f"confidence_level must be a number between 0 and 1, such as 0.95, "
            f"got {confidence_level!r}."
        )
    return float(confidence_level)


def checked_values(values: list[Any], what: str) -> Array:
    """As an array, if all of them are finite numbers."""
    array = np.asarray(values, dtype=float)
    if not np.isfinite(array).all():
        wrong = int(np.flatnonzero(~np.isfinite(array))[0])
        raise ValueError(
            f"{what} of split {wrong} is {array[wrong]}: there is no error to estimate. Look "
            "whether the scorer is defined on each test part (AUC needs both classes in it) and "
            "the estimator predicts finite numbers."
        )
    return array
