"""Layers in order, over one matrix."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np

from sknnreg.engine.layers import Backward, Layer, Phase
from sknnreg.engine.matrix import Layout
from sknnreg.engine.scratch import Scratch
from sknnreg.engine.stack import Array
from sknnreg.engine.streams import Streams

# run_back(gradient by raw outputs, need_input) -> gradient by the input, where it is needed.
RunBack: TypeAlias = Callable[[Array, bool], Array]


@dataclass(frozen=True)
class Network:
    """The layers of M networks of equal structure."""

    layers: tuple[Layer, ...]

    @cached_property
    def layout(self) -> Layout:
        """Where the layers' arrays stand in the matrix."""
        return Layout([layer.slots for layer in self.layers])

    def initialize(self, streams: Streams, dtype: np.dtype[np.floating]) -> Array:
        """A starting matrix ``(M, P)``."""
        values = np.zeros((len(streams.seeds), self.layout.n_columns), dtype)
        for layer, p in zip(self.layers, self.layout.views(values), strict=True):
            layer.initialize(p, streams)
        return values


class BoundNetwork:
    """A network over one matrix of values and one of gradients, with its buffers."""

    def __init__(self, network: Network, values: Array, grads: Array) -> None:
        self.network = network
        self.values = values
        self.grads = grads
        self._parameters = network.layout.views(values)
        self._gradients = network.layout.views(grads)
        self._scratch = [Scratch(values.dtype) for _ in network.layers]
        learning = [i for i, layer in enumerate(network.layers) if layer.slots]
        self._first = learning[0] if learning else 0

    def forward(self, x: Array, phase: Phase | None) -> tuple[Array, RunBack]:
        """``x (M, B, F)`` -> raw outputs ``(M, B, K)`` and the way back."""
        tape: list[Backward] = []
        for layer, p, scratch in zip(
            self.network.layers, self._parameters, self._scratch, strict=True
        ):
            x, backward = layer.forward(p, x, phase, scratch)
            tape.append(backward)

        def run_back(gradient: Array, need_input: bool = False) -> Array:
            last = 0 if need_input else self._first
            for index in range(len(tape) - 1, last - 1, -1):
                gradient = tape[index](
                    gradient, self._gradients[index], need_input or index > self._first
                )
            return gradient

        return x, run_back

    def infer(self, x: Array) -> Array:
        """Raw outputs as after training; draws nothing."""
        return self.forward(x, None)[0]

    def weights(self) -> Sequence[Array]:
        """Each weight matrix ``(M, fan_in, fan_out)``, as views."""
        layout = self.network.layout
        return [
            getattr(self._parameters[column.layer], column.slot.name)
            for column in layout.named("weight")
        ]
