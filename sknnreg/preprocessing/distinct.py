"""The distinct values of a column, what each weighs, and the column's quantiles, center and scale.

All there is to know of a column without its target: rows written twice and weights of two are one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
# Shares of the weight that are equal but for rounding.
SAME_SHARE = 1e-12
# A column that varies by less, in spacings of float64 at its largest number, is constant.
ROUNDING_SPACINGS = 16


@dataclass(frozen=True)
class Distinct:
    """Values ``(D,)`` in ascending order, and their masses ``(D,)``."""

    values: Floats
    masses: Floats

    @classmethod
    def of(cls, column: Floats, weights: Floats | None) -> Distinct:
        """Of a column ``(n,)``, NaN left out."""
        known = ~np.isnan(column)
        numbers = column[known].astype(np.float64)
        if weights is None:
            values, counts = np.unique(numbers, return_counts=True)
            return cls(values, counts.astype(np.float64))
        values, places = np.unique(numbers, return_inverse=True)
        masses = np.bincount(places, weights[known], len(values))
        return cls(values, masses.astype(np.float64, copy=False))

    @property
    def low(self) -> float:
        """The smallest value; 0 where there is none."""
        return float(self.values[0]) if len(self.values) else 0.0

    @property
    def high(self) -> float:
        """The largest value; 0 where there is none."""
        return float(self.values[-1]) if len(self.values) else 0.0

    @property
    def is_constant(self) -> bool:
        """Whether the values differ by rounding alone, or are none."""
        return not _is_more_than_rounding(self, self.high / 2 - self.low / 2)

    def quantiles(self, shares: Floats) -> Floats:
        """The values below which such shares of the mass are, ascending from 0 to 1.

        Between two values, where exactly that share is below, their mean: as of rows written out,
        by NumPy's method "averaged_inverted_cdf".
        """
        below = np.cumsum(self.masses)
        targets, rounding = shares * below[-1], SAME_SHARE * below[-1]
        last = len(self.values) - 1
        lower = np.searchsorted(below, targets - rounding).clip(max=last)
        upper = np.searchsorted(below, targets + rounding, side="right").clip(max=last)
        found: Floats = 0.5 * self.values[lower] + 0.5 * self.values[upper]
        return found

    def center_and_scale(self) -> tuple[float, float]:
        """The median, and the interquartile range, or half the range, or 0: the first beyond 0."""
        if not len(self.values):
            return 0.0, 0.0
        lower, median, upper = self.quantiles(np.array([0.25, 0.5, 0.75]))
        with np.errstate(over="ignore"):
            scales = [float(upper - lower), self.high / 2 - self.low / 2, 0.0]
        return float(median), next(
            (each for each in scales if _is_more_than_rounding(self, each)), 0.0
        )


def _is_more_than_rounding(distinct: Distinct, scale: float) -> bool:
    largest = max(abs(distinct.low), abs(distinct.high))
    return scale > ROUNDING_SPACINGS * float(np.spacing(largest))
