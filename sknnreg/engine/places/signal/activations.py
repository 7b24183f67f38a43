"""The activation functions, elementwise: y = f(x).

A member gives its value and, for the backward, its derivative in terms of x and y.
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

import numpy as np
import scipy

from sknnreg.engine.arrays.stack import Array
from sknnreg.engine.places.signal.base import Backward, Forward, Layer, Site, pass_through
from sknnreg.engine.places.signal.initializers import (
    GLOROT,
    GlorotUniform,
    Initializer,
    LecunNormal,
)

# Klambauer et al. (2017): the fixed point of mean 0 and variance 1.
SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805
LEAK = 0.01
INVERSE_ROOT_2PI = 0.3989422804014327


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

    def bind(self, site: Site) -> tuple[Forward, Backward]:
        """``(M, B, F) -> (M, B, F)``."""
        y = slope = seen = np.empty(0)

        def forward(x: Array) -> Array:
            nonlocal y, slope, seen
            if y.shape != x.shape:
                y, slope = np.empty_like(x), np.empty_like(x)
            seen = x
            return self.value(x, y)

        def backward(grad_y: Array) -> Array:
            return np.multiply(grad_y, self.derivative(seen, y, slope), out=grad_y)

        return forward, backward


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


@dataclass(frozen=True)
class GELU(Activation):
    """f(x) = x Phi(x), Phi the normal distribution function (Hendrycks and Gimpel, 2016)."""

    def value(self, x: Array, out: Array) -> Array:
        """x Phi(x)."""
        return np.multiply(x, scipy.special.ndtr(x), out=out)

    def derivative(self, x: Array, y: Array, out: Array) -> Array:
        """Phi(x) + x phi(x)."""
        out[...] = scipy.special.ndtr(x) + x * np.exp(-0.5 * x * x) * INVERSE_ROOT_2PI
        return out


@dataclass(frozen=True)
class SiLU(Activation):
    """f(x) = x / (1 + exp(-x)) (Elfwing et al., 2018)."""

    def value(self, x: Array, out: Array) -> Array:
        """x times its logistic."""
        return np.multiply(x, scipy.special.expit(x), out=out)

    def derivative(self, x: Array, y: Array, out: Array) -> Array:
        """s + y (1 - s), s the logistic of x."""
        s = scipy.special.expit(x)
        np.subtract(1, s, out=out)
        out *= y
        out += s
        return out


@dataclass(frozen=True)
class Mish(Activation):
    """f(x) = x tanh(softplus(x)) (Misra, 2019)."""

    def value(self, x: Array, out: Array) -> Array:
        """x tanh(softplus(x))."""
        return np.multiply(x, np.tanh(np.logaddexp(0, x)), out=out)

    def derivative(self, x: Array, y: Array, out: Array) -> Array:
        """t + x s (1 - t**2), t = tanh(softplus(x)), s the logistic of x."""
        t = np.tanh(np.logaddexp(0, x))
        out[...] = t + x * scipy.special.expit(x) * (1 - t * t)
        return out


@dataclass(frozen=True)
class Softplus(Activation):
    """f(x) = log(1 + exp(x))."""

    def value(self, x: Array, out: Array) -> Array:
        """log(exp(0) + exp(x))."""
        return np.logaddexp(0, x, out=out)

    def derivative(self, x: Array, y: Array, out: Array) -> Array:
        """The logistic of x."""
        return scipy.special.expit(x, out=out)


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
