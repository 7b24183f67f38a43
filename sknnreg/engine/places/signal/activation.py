"""What activation functions have in common: elementwise, y = f(x), without parameters.

A member gives its value and, for the backward, its derivative in terms of x and y.
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sknnreg.engine.arrays.stack import Array
from sknnreg.engine.places.signal.base import Backward, Forward, Layer, Site
from sknnreg.engine.places.signal.initializers import GLOROT, Initializer


@dataclass(frozen=True)
class Activation(Layer):
    """An elementwise function without parameters."""

    # Where the weights in front start, so that variances stay level from layer to layer.
    initializer: ClassVar[Initializer] = GLOROT

    @abstractmethod
    def value(self, x: Array, out: Array) -> Array:
        """f(x), written to ``out``, which may be ``x`` itself."""

    @abstractmethod
    def derivative(self, x: Array, y: Array, out: Array) -> Array:
        """f'(x), given y = f(x), written to ``out``."""

    def value_and_derivative(self, x: Array, y: Array, slope: Array) -> tuple[Array, Array]:
        """Both, written to ``y`` and ``slope``; members that save by it share what they can."""
        self.value(x, y)
        return y, self.derivative(x, y, slope)

    def bind(self, site: Site) -> tuple[Forward, Backward]:
        """``(M, B, F) -> (M, B, F)``."""
        y = slope = seen = np.empty(0)
        trains = site.phase is not None

        def forward(x: Array) -> Array:
            nonlocal y, slope, seen
            if y.shape != x.shape:
                y, slope = np.empty_like(x), np.empty_like(x)
            seen = x
            return self.value_and_derivative(x, y, slope)[0] if trains else self.value(x, y)

        def backward(grad_y: Array) -> Array:
            if not trains:
                self.derivative(seen, y, slope)
            return np.multiply(grad_y, slope, out=grad_y)

        return forward, backward
