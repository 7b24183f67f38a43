"""Place 1, data: what happens to a batch before the network sees it."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np

from sknnreg.engine.scratch import Scratch
from sknnreg.engine.stack import Array, PerNetwork, per_network
from sknnreg.engine.streams import Streams


@dataclass(frozen=True)
class Augmentation(ABC):
    """A random map of a batch ``x (M, B, F)``, ``y (M, B, K)``; never writes to them."""

    @property
    @abstractmethod
    def active(self) -> np.ndarray[Any, Any]:
        """Which networks' batches it changes at all."""

    @abstractmethod
    def __call__(
        self, x: Array, y: Array, streams: Streams, scratch: Scratch
    ) -> tuple[Array, Array]:
        """The batch to train on."""


@dataclass(frozen=True)
class InputNoise(Augmentation):
    """X + s N(0, 1), drawn anew for each batch (Bishop, 1995)."""

    std: PerNetwork

    @property
    def active(self) -> np.ndarray[Any, Any]:
        """Off at s = 0."""
        return np.asarray(self.std) > 0

    def __call__(
        self, x: Array, y: Array, streams: Streams, scratch: Scratch
    ) -> tuple[Array, Array]:
        """Noise on x; y as it is."""
        noise = streams.normal("input_noise", scratch("input_noise", x.shape))
        noise *= per_network(self.std, x)
        noise += x
        return noise, y
