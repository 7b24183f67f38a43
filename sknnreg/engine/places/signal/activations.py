"""The activation functions by name; those that share more than a line are beside this file."""

from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

import numpy as np

from sknnreg.engine.arrays.stack import Array
from sknnreg.engine.places.signal.activation import Activation
from sknnreg.engine.places.signal.base import Backward, Forward, Site, pass_through
from sknnreg.engine.places.signal.initializers import (
    GlorotUniform,
    Initializer,
    LecunNormal,
)
from sknnreg.engine.places.signal.smooth_activations import GELU, Mish, SiLU, Softplus

# Klambauer et al. (2017): the fixed point of mean 0 and variance 1.
SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805
LEAK = 0.01


@dataclass(frozen=True)
class Identity(Activation):
    """f(x) = x."""

    def value(self, x: Array, out: Array) -> Array:
        """x itself."""
        if out is not x:
            np.copyto(out, x)
        return out

    def derivative(self, x: Array, y: Array, out: Array) -> Array:
        """1."""
        out.fill(1)
        return out

    def bind(self, site: Site) -> tuple[Forward, Backward]:
        return pass_through, pass_through


@dataclass(frozen=True)
class ReLU(Activation):
    """f(x) = max(0, x)."""

    def value(self, x: Array, out: Array) -> Array:
        """max(0, x)."""
        return np.maximum(x, 0, out=out)

    def derivative(self, x: Array, y: Array, out: Array) -> Array:
        """1 where x > 0."""
        np.copyto(out, x > 0)
        return out

    def bind(self, site: Site) -> tuple[Forward, Backward]:
        """``(M, B, F) -> (M, B, F)``; a mask serves both ways and is faster than maximum."""
        y = mask = positive = np.empty(0)
        zero = np.zeros((), site.dtype)

        def forward(x: Array) -> Array:
            nonlocal y, mask, positive
            if y.shape != x.shape:
                y, mask, positive = np.empty_like(x), np.empty_like(x), np.empty(x.shape, np.bool_)
            np.greater(x, zero, positive)
            # Multiplying by bytes would cast them twice.
            mask[...] = positive
            return np.multiply(x, mask, y)

        def backward(grad_y: Array) -> Array:
            return np.multiply(grad_y, mask, grad_y)

        return forward, backward


@dataclass(frozen=True)
class LeakyReLU(Activation):
    """f(x) = x for x > 0, else 0.01 x (Maas et al., 2013)."""

    def value(self, x: Array, out: Array) -> Array:
        """max(x, 0.01 x)."""
        return np.maximum(x, LEAK * x, out=out)

    def derivative(self, x: Array, y: Array, out: Array) -> Array:
        """1 or 0.01."""
        out[...] = np.where(x > 0, 1.0, LEAK)
        return out


@dataclass(frozen=True)
class Logistic(Activation):
    """f(x) = 1 / (1 + exp(-x))."""

    initializer: ClassVar[Initializer] = GlorotUniform(2.0)

    def value(self, x: Array, out: Array) -> Array:
        """(1 + tanh(x / 2)) / 2: the same function, vectorized in NumPy."""
        np.multiply(x, 0.5, out=out)
        np.tanh(out, out=out)
        out *= 0.5
        out += 0.5
        return out

    def derivative(self, x: Array, y: Array, out: Array) -> Array:
        """y (1 - y)."""
        np.subtract(1, y, out=out)
        out *= y
        return out


@dataclass(frozen=True)
class Tanh(Activation):
    """f(x) = tanh(x)."""

    def value(self, x: Array, out: Array) -> Array:
        """tanh(x)."""
        return np.tanh(x, out=out)

    def derivative(self, x: Array, y: Array, out: Array) -> Array:
        """1 - y**2."""
        np.square(y, out=out)
        return np.subtract(1, out, out=out)


@dataclass(frozen=True)
class ELU(Activation):
    """f(x) = x for x > 0, else exp(x) - 1 (Clevert et al., 2016)."""

    def value(self, x: Array, out: Array) -> Array:
        """max(x, 0) + expm1(min(x, 0))."""
        return np.add(np.maximum(x, 0), np.expm1(np.minimum(x, 0)), out=out)

    def derivative(self, x: Array, y: Array, out: Array) -> Array:
        """1 + min(y, 0)."""
        np.minimum(y, 0, out=out)
        out += 1
        return out


@dataclass(frozen=True)
class SELU(Activation):
    """f(x) = 1.0507 (x for x > 0, else 1.6733 (exp(x) - 1)) (Klambauer et al., 2017)."""

    initializer: ClassVar[Initializer] = LecunNormal()

    def value(self, x: Array, out: Array) -> Array:
        """The scaled ELU."""
        np.add(np.maximum(x, 0), SELU_ALPHA * np.expm1(np.minimum(x, 0)), out=out)
        out *= SELU_SCALE
        return out

    def derivative(self, x: Array, y: Array, out: Array) -> Array:
        """scale where y > 0, else y + scale alpha."""
        out[...] = np.where(y > 0, SELU_SCALE, y + SELU_SCALE * SELU_ALPHA)
        return out


# By the names that hyperparameters have for them; the type tells editors these names.
ActivationName: TypeAlias = Literal[
    "identity",
    "logistic",
    "tanh",
    "relu",
    "leaky_relu",
    "elu",
    "selu",
    "gelu",
    "silu",
    "mish",
    "softplus",
]
ACTIVATIONS: dict[ActivationName, Activation] = {
    "identity": Identity(),
    "logistic": Logistic(),
    "tanh": Tanh(),
    "relu": ReLU(),
    "leaky_relu": LeakyReLU(),
    "elu": ELU(),
    "selu": SELU(),
    "gelu": GELU(),
    "silu": SiLU(),
    "mish": Mish(),
    "softplus": Softplus(),
}
