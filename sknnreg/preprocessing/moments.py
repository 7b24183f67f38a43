"""Sums of products of columns, which rows can be added to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sknnreg.preprocessing.checking import Floats

# Of numbers that are all about as large: what a sum of as many terms can be off.
ROUNDING = 16 * float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Moments:
    """Of d = x - mean, with rows weighted: ``second`` sum d_j d_k, and what its own error needs.

    ``third`` is sum d_j² d_k, ``fourth`` sum d_j² d_k², all ``(p, p)``. Unlike sums over x itself
    they lose no digits to a large mean.
    """

    n: float
    mean: Floats
    largest: Floats
    second: Floats
    third: Floats
    fourth: Floats

    @classmethod
    def of(cls, X: Floats, weights: Floats | None) -> Moments:
        """Of rows ``(n, p)`` with weights ``(n,)``."""
        n = float(len(X) if weights is None else weights.sum())
        mean = np.average(X, axis=0, weights=weights)
        d = X - mean
        left = d if weights is None else d * weights[:, None]
        squares = left * d
        third, fourth = squares.T @ d, squares.T @ np.square(d)
        return cls(n, mean, np.abs(X).max(axis=0), left.T @ d, third, fourth)

    def about(self, center: Floats) -> Moments:
        """The same sums of d = x - ``center``."""
        n, a = self.n, self.mean - center
        variance, square = np.diag(self.second), np.square(a)
        second = self.second + n * np.outer(a, a)
        third = (
            self.third
            + np.outer(variance, a)
            + 2 * a[:, None] * self.second
            + n * np.outer(square, a)
        )
        fourth = (
            self.fourth
            + 2 * (self.third * a + self.third.T * a[:, None])
            + np.outer(variance, square)
            + np.outer(square, variance)
            + 4 * np.outer(a, a) * self.second
            + n * np.outer(square, square)
        )
        return Moments(n, center, self.largest, second, third, fourth)

    def __add__(self, other: Moments) -> Moments:
        n = self.n + other.n
        mean = self.mean + (other.n / n) * (other.mean - self.mean)
        a, b = self.about(mean), other.about(mean)
        return Moments(
            n,
            mean,
            np.maximum(self.largest, other.largest),
            a.second + b.second,
            a.third + b.third,
            a.fourth + b.fourth,
        )

    @property
    def covariance(self) -> Floats:
        """Sum d_j d_k / n."""
        return self.second / self.n

    @property
    def varies(self) -> NDArray[np.bool_]:
        """Which columns vary by more than rounding."""
        found: NDArray[np.bool_] = np.sqrt(np.diag(self.covariance)) > ROUNDING * self.largest
        return found

    def take(self, columns: NDArray[np.intp]) -> Moments:
        """Of these columns alone."""
        pairs = np.ix_(columns, columns)
        one = self.mean[columns], self.largest[columns]
        return Moments(self.n, *one, self.second[pairs], self.third[pairs], self.fourth[pairs])

    def in_units_of(self, scale: Floats) -> Moments:
        """Of x / ``scale``; what is too small for a float beside other columns is 0."""
        by = 1 / scale
        square = np.square(by)
        return Moments(
            self.n,
            self.mean * by,
            self.largest * by,
            self.second * by * by[:, None],
            self.third * by * square[:, None],
            self.fourth * square * square[:, None],
        )

    def ledoit_wolf(self) -> float:
        """The share by which to shrink towards a sphere (Ledoit and Wolf, 2004).

        b² / d² with d² = ||S - m I||² and b² = (sum of all fourth / n - ||S||²) / n, at most d².
        """
        covariance = self.covariance
        if not len(covariance):
            return 0.0
        norm, trace, p = np.square(covariance).sum(), np.trace(covariance), len(covariance)
        distance = norm - trace**2 / p
        error = (self.fourth.sum() / self.n - norm) / self.n
        return float(min(error, distance) / distance) if error > 0 and distance > 0 else 0.0
