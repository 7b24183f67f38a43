"""What is done to the whole gradient before an optimizer sees it."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sknnreg.engine.arrays.stack import Array, PerNetwork, per_network, power
from sknnreg.engine.arrays.streams import Streams
from sknnreg.engine.places.update.base import Coefficients, Steps, WholeTransform


@dataclass(frozen=True)
class GradientNoise(WholeTransform):
    """g + N(0, s**2 / (1 + t)**decay), t the updates so far (Neelakantan et al., 2015)."""

    std: PerNetwork
    decay: PerNetwork

    @property
    def active(self) -> bool | np.ndarray[Any, Any]:
        """Off at s = 0."""
        return np.asarray(self.std) > 0

    def coefficients(self, steps: Steps) -> Coefficients:
        """The standard deviation at each update."""
        return (np.asarray(self.std) * power(steps.number, -0.5 * np.asarray(self.decay)),)

    def update_whole(
        self, updates: Array, coefficients: Coefficients, streams: Streams, work: Array
    ) -> Array | None:
        """Noise on every trained column."""
        noise = streams.normal("gradient_noise", work)
        noise *= coefficients[0]
        updates += noise
        return None


@dataclass(frozen=True)
class ClipNorm(WholeTransform):
    """g min(1, c / ||g||_2), the norm over all columns (Pascanu et al., 2013)."""

    norm: PerNetwork

    @property
    def active(self) -> bool | np.ndarray[Any, Any]:
        """Off at an infinite norm."""
        return np.asarray(self.norm) < np.inf

    def update_whole(
        self, updates: Array, coefficients: Coefficients, streams: Streams, work: Array
    ) -> Array | None:
        """Rescale the gradients that are too long."""
        # In float64: squares of float32 numbers overflow long before the numbers do.
        square = np.square(updates, dtype=np.float64)
        length = np.sqrt(np.add.reduce(square, axis=1, keepdims=True))
        bound = per_network(self.norm, length)
        factor = np.where(length > bound, bound / np.maximum(length, bound), 1).astype(work.dtype)
        updates *= factor
        return factor
