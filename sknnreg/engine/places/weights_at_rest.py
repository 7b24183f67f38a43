"""Place 6, weights at rest: what holds for the weights after every step."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from sknnreg.engine.arrays.stack import Array, PerNetwork, per_network


@dataclass(frozen=True)
class Constraint(ABC):
    """A projection of a layer's weights ``(M, fan_in, fan_out)``, or of all of them ``(M, n)``."""

    # Whether it takes all weights together.
    joint: ClassVar[bool] = False

    @property
    @abstractmethod
    def active(self) -> np.ndarray[Any, Any]:
        """In which networks it binds at all."""

    @abstractmethod
    def project(self, weight: Array) -> None:
        """Project in place."""


@dataclass(frozen=True)
class Ball(Constraint, ABC):
    """||.||_2 <= r of the vectors along ``axis``."""

    radius: PerNetwork

    @property
    @abstractmethod
    def axis(self) -> int:
        """Along which a vector's numbers stand."""

    @property
    def active(self) -> np.ndarray[Any, Any]:
        """Off at an infinite radius."""
        return np.asarray(self.radius) < np.inf

    def project(self, weight: Array) -> None:
        """Scale the vectors that are too long onto the sphere."""
        square = np.square(weight, dtype=np.float64)
        norm = np.sqrt(np.add.reduce(square, axis=self.axis, keepdims=True))
        radius = per_network(self.radius, norm)
        # A hair inside the ball, wider than all rounding of the product and the sum, so that
        # nothing ever leaves it and projecting twice is projecting once.
        n_summed = weight.size // norm.size
        hair = 4 * np.finfo(weight.dtype).eps + n_summed * np.finfo(np.float64).eps
        shrink = radius * (1 - hair) / np.maximum(norm, radius)
        weight *= np.where(norm > radius, shrink, 1).astype(weight.dtype)


@dataclass(frozen=True)
class MaxNorm(Ball):
    """||w_j||_2 <= r for each unit's incoming weights w_j (Srebro et al., 2005)."""

    @property
    def axis(self) -> int:
        """A unit's weights are a column."""
        return -2


@dataclass(frozen=True)
class MaxWeightNorm(Ball):
    """||W||_2 <= r for all weights together: the hard constraint whose multiplier is an l2."""

    joint: ClassVar[bool] = True

    @property
    def axis(self) -> int:
        """All weights of a network are a row."""
        return -1
