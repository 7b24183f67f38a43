"""Place 1, data: what happens to a batch before the network sees it."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import DTypeLike

from sknnreg.engine.stack import Array, PerNetwork, per_network
from sknnreg.engine.streams import Streams

# augment(x, y, streams) -> the batch to train on; never writes to x or y.
Augment: TypeAlias = Callable[[Array, Array, Streams], tuple[Array, Array]]


@dataclass(frozen=True)
class Augmentation(ABC):
    """A random map of a batch ``x (M, B, F)``, ``y (M, B, K)``."""

    @property
    @abstractmethod
    def active(self) -> np.ndarray[Any, Any]:
        """Which networks' batches it changes at all."""

    @abstractmethod
    def bind(self, shape: tuple[int, ...], dtype: DTypeLike) -> Augment:
        """The function over batches ``x`` of this shape; buffers are made here, once."""


@dataclass(frozen=True)
class InputNoise(Augmentation):
    """X + s N(0, 1), drawn anew for each batch (Bishop, 1995)."""

    std: PerNetwork

    @property
    def active(self) -> np.ndarray[Any, Any]:
        """Off at s = 0."""
        return np.asarray(self.std) > 0

    def bind(self, shape: tuple[int, ...], dtype: DTypeLike) -> Augment:
        """Noise on x; y as it is."""
        noise = np.empty(shape, dtype)
        std = per_network(self.std, noise)

        def augment(x: Array, y: Array, streams: Streams) -> tuple[Array, Array]:
            streams.normal("input_noise", noise)
            np.multiply(noise, std, out=noise)
            return np.add(noise, x, out=noise), y

        return augment


def bind_augmentations(
    members: Sequence[Augmentation], shape: tuple[int, ...], dtype: DTypeLike
) -> Augment:
    """All members in turn."""
    bound = [member.bind(shape, dtype) for member in members]

    def augment(x: Array, y: Array, streams: Streams) -> tuple[Array, Array]:
        for each in bound:
            x, y = each(x, y, streams)
        return x, y

    return augment
