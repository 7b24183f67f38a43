"""Layers in order, over one matrix."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np

from sknnreg.engine.layers import Backward, Forward, Layer, Phase, Site
from sknnreg.engine.matrix import Layout
from sknnreg.engine.stack import Array
from sknnreg.engine.streams import Streams


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


class Pass:
    """All layers bound for one batch size and phase."""

    def __init__(self, forwards: Sequence[Forward], backwards: Sequence[Backward]) -> None:
        self._forwards = forwards
        self._backwards = backwards

    def forward(self, x: Array) -> Array:
        """``x (M, B, F)`` -> raw outputs ``(M, B, K)``, in a buffer that the next pass reuses."""
        for forward in self._forwards:
            x = forward(x)
        return x

    def backward(self, gradient: Array) -> Array:
        """Fill the gradients of the latest forward's loss; the gradient by the input if bound."""
        for backward in self._backwards:
            gradient = backward(gradient)
        return gradient


class BoundNetwork:
    """A network over one matrix of values and one of gradients."""

    def __init__(self, network: Network, values: Array, grads: Array) -> None:
        self.network = network
        self.values = values
        self.grads = grads
        self._parameters = network.layout.views(values)
        self._gradients = network.layout.views(grads)
        self._passes: dict[tuple[int, int], tuple[Phase | None, Pass]] = {}

    def bind(self, n_rows: int, phase: Phase | None, need_input: bool = False) -> Pass:
        """The pass for batches of this size; ``need_input``: backward down to the input."""
        network = self.network
        learning = [i for i, layer in enumerate(network.layers) if layer.slots]
        first = 0 if need_input or not learning else learning[0]
        forwards, backwards = [], []
        for index, layer in enumerate(network.layers):
            site = Site(
                self._parameters[index],
                self._gradients[index],
                len(self.values),
                n_rows,
                self.values.dtype,
                phase,
                need_input or index > first,
            )
            forward, backward = layer.bind(site)
            forwards.append(forward)
            if index >= first:
                backwards.append(backward)
        return Pass(forwards, backwards[::-1])

    def bound(self, n_rows: int, phase: Phase | None) -> Pass:
        """The same pass each time for the same batch size and phase object."""
        key = (n_rows, id(phase))
        if key not in self._passes:
            self._passes[key] = (phase, self.bind(n_rows, phase))
        return self._passes[key][1]

    def infer(self, x: Array) -> Array:
        """Raw outputs as after training; draws nothing."""
        return self.bound(x.shape[1], None).forward(x)

    def weights(self) -> Sequence[Array]:
        """Each weight matrix ``(M, fan_in, fan_out)``, as views."""
        layout = self.network.layout
        return [
            getattr(self._parameters[column.layer], column.slot.name)
            for column in layout.named("weight")
        ]
