"""Place 4, objective: the losses, on raw network outputs with the link inside.

A batch's loss is the mean over its rows, weighted by the sample weights, of the sum over outputs:
sum_i s_i L(raw_i, y_i) / sum_i s_i.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from scipy import special

from sknnreg.engine.scratch import Scratch
from sknnreg.engine.stack import Array, PerNetwork, per_network


@dataclass(frozen=True)
class Loss(ABC):
    """L(raw, y) with ``raw`` and ``y`` ``(M, B, K)``."""

    @abstractmethod
    def rows_and_gradient(self, raw: Array, y: Array, scratch: Scratch) -> tuple[Array, Array]:
        """L per row ``(M, B, 1)`` or per output ``(M, B, K)``; dL/draw ``(M, B, K)``."""

    @abstractmethod
    def predict(self, raw: Array) -> Array:
        """The inverse link: what a raw output means."""

    def value_and_gradient(
        self, raw: Array, y: Array, weight: Array | None, scratch: Scratch
    ) -> tuple[Array, Array]:
        """The batch's loss ``(M,)`` and its gradient ``(M, B, K)``.

        ``weight (M, B, 1)`` sums to 1 over the batch; None weighs all rows alike.
        """
        rows, gradient = self.rows_and_gradient(raw, y, scratch)
        if rows.shape[-1] > 1:
            rows = np.add.reduce(rows, axis=-1, keepdims=True)
        if weight is None:
            n_rows = raw.shape[1]
            gradient *= 1.0 / n_rows
            mean = scratch.mean_weights(n_rows)
        else:
            gradient *= weight
            mean = weight.mT
        # A product sums in the same order for any number of networks, and is fast.
        return np.matmul(mean, rows)[:, 0, 0], gradient


@dataclass(frozen=True)
class SquaredError(Loss):
    """L = (raw - y)**2 / 2."""

    def rows_and_gradient(self, raw: Array, y: Array, scratch: Scratch) -> tuple[Array, Array]:
        """The gradient is the residual."""
        residual = np.subtract(raw, y, out=scratch("gradient", raw.shape))
        rows = np.square(residual, out=scratch("rows", raw.shape))
        rows *= 0.5
        return rows, residual

    def predict(self, raw: Array) -> Array:
        """The mean."""
        return raw


@dataclass(frozen=True)
class AbsoluteError(Loss):
    """L = abs(raw - y)."""

    def rows_and_gradient(self, raw: Array, y: Array, scratch: Scratch) -> tuple[Array, Array]:
        """The gradient is the residual's sign."""
        residual = np.subtract(raw, y, out=scratch("gradient", raw.shape))
        rows = np.abs(residual, out=scratch("rows", raw.shape))
        return rows, np.sign(residual, out=residual)

    def predict(self, raw: Array) -> Array:
        """The median."""
        return raw


@dataclass(frozen=True)
class Huber(Loss):
    """L = r**2 / 2 for abs(r) <= d, else d (abs(r) - d / 2), r = raw - y (Huber, 1964)."""

    delta: PerNetwork

    def rows_and_gradient(self, raw: Array, y: Array, scratch: Scratch) -> tuple[Array, Array]:
        """The gradient is the residual clipped to +-d; with it L = c (r - c / 2)."""
        delta = per_network(self.delta, raw)
        residual = np.subtract(raw, y, out=scratch("rows", raw.shape))
        clipped = np.clip(residual, -delta, delta, out=scratch("gradient", raw.shape))
        residual -= 0.5 * clipped
        residual *= clipped
        return residual, clipped

    def predict(self, raw: Array) -> Array:
        """Between mean and median."""
        return raw


@dataclass(frozen=True)
class Poisson(Loss):
    """Half the Poisson deviance, L = y log(y / mu) - y + mu, mu = exp(raw)."""

    def rows_and_gradient(self, raw: Array, y: Array, scratch: Scratch) -> tuple[Array, Array]:
        """The gradient is mu - y."""
        mu = np.exp(raw, out=scratch("gradient", raw.shape))
        rows = mu - y + special.xlogy(y, y) - y * raw
        mu -= y
        return rows, mu

    def predict(self, raw: Array) -> Array:
        """The mean count exp(raw)."""
        return np.exp(raw)


@dataclass(frozen=True)
class BinaryCrossEntropy(Loss):
    """L = log(1 + exp(raw)) - y raw for each output, y in [0, 1]."""

    def rows_and_gradient(self, raw: Array, y: Array, scratch: Scratch) -> tuple[Array, Array]:
        """The gradient is p - y, p the logistic of raw."""
        rows = np.logaddexp(0, raw, out=scratch("rows", raw.shape))
        gradient = scratch("gradient", raw.shape)
        rows -= np.multiply(y, raw, out=gradient)
        special.expit(raw, out=gradient)
        gradient -= y
        return rows, gradient

    def predict(self, raw: Array) -> Array:
        """The probability of each label."""
        probability: Array = special.expit(raw)
        return probability


@dataclass(frozen=True)
class CrossEntropy(Loss):
    """L = log sum_k exp(raw_k) - sum_k y_k raw_k, the y_k of a row adding up to 1."""

    def rows_and_gradient(self, raw: Array, y: Array, scratch: Scratch) -> tuple[Array, Array]:
        """The gradient is softmax(raw) - y."""
        shape = raw.shape
        top = np.maximum.reduce(raw, axis=-1, keepdims=True)
        shifted = np.subtract(raw, top, out=scratch("rows", shape))
        p = np.exp(shifted, out=scratch("gradient", shape))
        total = np.add.reduce(p, axis=-1, keepdims=True)
        p /= total
        p -= y
        rows = np.log(total, out=total)
        rows -= np.vecdot(shifted, y)[..., None]
        return rows, p

    def predict(self, raw: Array) -> Array:
        """The class probabilities."""
        probability: Array = special.softmax(raw, axis=-1)
        return probability
