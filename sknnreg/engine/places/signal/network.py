"""The network: layers in order, over one matrix."""

from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np

from sknnreg.engine.arrays.matrix import Layout
from sknnreg.engine.arrays.stack import Array
from sknnreg.engine.arrays.streams import Streams
from sknnreg.engine.places.signal.base import Layer


@dataclass(frozen=True)
class Network:
    """The layers of M networks of equal structure."""

    layers: tuple[Layer, ...]

    @cached_property
    def layout(self) -> Layout:
        """Where the layers' arrays stand in the matrix."""
        return Layout([layer.slots for layer in self.layers])

    @property
    def largest_weight(self) -> int:
        """Numbers in the largest weight matrix of a network."""
        return max(prod(column.slot.shape) for column in self.layout.named("weight"))

    def initialize(self, streams: Streams, dtype: np.dtype[np.floating]) -> Array:
        """A starting matrix ``(M, P)``."""
        values = np.zeros((len(streams.seeds), self.layout.n_columns), dtype)
        for layer, p in zip(self.layers, self.layout.views(values), strict=True):
            layer.initialize(p, streams)
        return values
