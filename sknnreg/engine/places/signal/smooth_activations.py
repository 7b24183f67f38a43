"""The smooth activation functions whose value and derivative share most of their work."""

from dataclasses import dataclass

import numpy as np
import scipy

from sknnreg.engine.arrays.stack import Array
from sknnreg.engine.places.signal.activation import Activation

INVERSE_ROOT_2PI = 0.3989422804014327


@dataclass(frozen=True)
class GELU(Activation):
    """f(x) = x Phi(x), Phi the normal distribution function (Hendrycks and Gimpel, 2016)."""

    def value(self, x: Array, out: Array) -> Array:
        """x Phi(x)."""
        return np.multiply(x, _normal_distribution(x), out=out)

    def derivative(self, x: Array, y: Array, out: Array) -> Array:
        """Phi(x) + x phi(x)."""
        return self.value_and_derivative(x, np.empty_like(x), out)[1]

    def value_and_derivative(self, x: Array, y: Array, slope: Array) -> tuple[Array, Array]:
        """With Phi(x) in common."""
        distribution = _normal_distribution(x)
        np.multiply(x, -0.5, out=slope)
        slope *= x
        np.exp(slope, out=slope)
        slope *= x
        slope *= INVERSE_ROOT_2PI
        slope += distribution
        return np.multiply(x, distribution, out=y), slope


@dataclass(frozen=True)
class SiLU(Activation):
    """f(x) = x / (1 + exp(-x)) (Elfwing et al., 2018)."""

    def value(self, x: Array, out: Array) -> Array:
        """x times its logistic."""
        return np.multiply(x, _logistic(x), out=out)

    def derivative(self, x: Array, y: Array, out: Array) -> Array:
        """s + y (1 - s), s the logistic of x."""
        return self.value_and_derivative(x, np.empty_like(x), out)[1]

    def value_and_derivative(self, x: Array, y: Array, slope: Array) -> tuple[Array, Array]:
        """With the logistic in common."""
        s = _logistic(x)
        np.multiply(x, s, out=y)
        np.subtract(1, s, out=slope)
        slope *= y
        slope += s
        return y, slope


@dataclass(frozen=True)
class Mish(Activation):
    """f(x) = x tanh(softplus(x)) (Misra, 2019).

    With w = exp(x) and n = w (w + 2) it is x n / (n + 2).
    """

    def value(self, x: Array, out: Array) -> Array:
        """x tanh(softplus(x))."""
        _, n = _mish_terms(x)
        np.divide(n, n + 2, out=n)
        return np.multiply(x, n, out=out)

    def derivative(self, x: Array, y: Array, out: Array) -> Array:
        """t + x s (1 - t**2), t = tanh(softplus(x)), s the logistic of x."""
        return self.value_and_derivative(x, np.empty_like(x), out)[1]

    def value_and_derivative(self, x: Array, y: Array, slope: Array) -> tuple[Array, Array]:
        """The latter is t + 4 x w (w + 1) / (n + 2)**2."""
        w, n = _mish_terms(x)
        below = n + 2
        t = np.divide(n, below, out=n)
        np.add(w, 1, out=slope)
        slope *= w
        slope /= below
        slope /= below
        slope *= 4
        slope *= x
        slope += t
        return np.multiply(x, t, out=y), slope


@dataclass(frozen=True)
class Softplus(Activation):
    """f(x) = log(1 + exp(x))."""

    def value(self, x: Array, out: Array) -> Array:
        """max(x, 0) + log(1 + exp(-|x|))."""
        tail = np.abs(x)
        np.negative(tail, out=tail)
        np.exp(tail, out=tail)
        np.log1p(tail, out=tail)
        np.maximum(x, 0, out=out)
        out += tail
        return out

    def derivative(self, x: Array, y: Array, out: Array) -> Array:
        """The logistic of x, which is 1 - exp(-y)."""
        np.negative(y, out=out)
        np.expm1(out, out=out)
        return np.negative(out, out=out)


# In single precision Phi(x) = 1 / (1 + exp(x P(x**2))), P with these coefficients, the highest
# power first: by least squares, reweighted until the largest error of x Phi(x) was least, 7e-8.
# NumPy has neither Phi nor erf, and SciPy's, exact in double precision, take ten times as long.
LOGIT_OF_PHI = (
    -3.6112328e-09,
    2.66892819e-07,
    -7.93821892e-06,
    1.10480317e-04,
    6.625998798e-05,
    -0.072668567030,
    -1.595768432230,
)
# exp of it squared is finite in single precision, and tanh(softplus(x)) is 1 beyond it.
MISH_IS_IDENTITY = 20.0


def _normal_distribution(x: Array) -> Array:
    """Phi(x)."""
    if x.dtype != np.float32:
        distribution: Array = scipy.special.ndtr(x)
        return distribution
    with np.errstate(over="ignore"):
        square = np.square(x)
        logit = np.full_like(x, LOGIT_OF_PHI[0])
        for coefficient in LOGIT_OF_PHI[1:]:
            logit *= square
            logit += coefficient
        logit *= x
        return _one_over_one_plus_exp(logit)


def _logistic(x: Array) -> Array:
    """1 / (1 + exp(-x))."""
    with np.errstate(over="ignore"):
        return _one_over_one_plus_exp(np.negative(x))


def _one_over_one_plus_exp(x: Array) -> Array:
    """In place."""
    np.exp(x, out=x)
    x += 1
    return np.divide(1, x, out=x)


def _mish_terms(x: Array) -> tuple[Array, Array]:
    """w = exp(x), n = w (w + 2)."""
    w = np.minimum(x, MISH_IS_IDENTITY)
    np.exp(w, out=w)
    n = w + 2
    n *= w
    return w, n
