"""Place 6, weights at rest: what holds for the weights after every step."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np

from sknnreg.engine.stack import Array, PerNetwork, per_network


@dataclass(frozen=True)
class Constraint(ABC):
    """A projection of one layer's weights ``(M, fan_in, fan_out)``."""

    @property
    @abstractmethod
    def active(self) -> np.ndarray[Any, Any]:
        """In which networks it binds at all."""

    @abstractmethod
    def project(self, weight: Array) -> None:
        """Project in place."""


@dataclass(frozen=True)
class MaxNorm(Constraint):
    """||w_j||_2 <= r for each unit's incoming weights w_j (Srebro et al., 2005)."""

    radius: PerNetwork

    @property
    def active(self) -> np.ndarray[Any, Any]:
        """Off at an infinite radius."""
        return np.asarray(self.radius) < np.inf

    def project(self, weight: Array) -> None:
        """Scale the columns that are too long onto the sphere."""
        square = np.square(weight, dtype=np.float64)
        norm = np.sqrt(np.add.reduce(square, axis=-2, keepdims=True))
        radius = per_network(self.radius, norm)
        # A hair inside the ball, wider than all rounding of the product and the sum, so that
        # nothing ever leaves it and projecting twice is projecting once.
        hair = 4 * np.finfo(weight.dtype).eps + weight.shape[-2] * np.finfo(np.float64).eps
        shrink = radius * (1 - hair) / np.maximum(norm, radius)
        weight *= np.where(norm > radius, shrink, 1).astype(weight.dtype)
