"""Place 4, objective: the losses, on raw network outputs with the link inside.

A batch's loss is the mean over its B rows of the sum over outputs, each row multiplied by its
sample weight in units of the mean over all training rows: sum_i s_i L(raw_i, y_i) / (B mean s).
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

import numpy as np
import scipy
from numpy.typing import DTypeLike

from sknnreg.engine.arrays.stack import Array, PerNetwork, per_network, product_of
from sknnreg.engine.places.objective.links import Exp, Identity, Link, Logistic, Softmax

# rows_and_gradient(raw, y): L per row (..., B, 1) or per output (..., B, K), and dL/draw.
RowsAndGradient: TypeAlias = Callable[[Array, Array], tuple[Array, Array]]
# value_and_gradient(raw, y, weight): the batch's loss (..., 1, 1) and its gradient (..., B, K).
ValueAndGradient: TypeAlias = Callable[[Array, Array, Array | None], tuple[Array, Array]]


@dataclass(frozen=True)
class Loss(ABC):
    """L(raw, y) with ``raw`` and ``y`` ``(M, B, K)``, or ``(B, K)`` for a single network."""

    # As MLPClassifier and MLPRegressor call it.
    name: ClassVar[str]
    # What a raw output stands for.
    link: ClassVar[Link]

    @abstractmethod
    def bind_rows(self, shape: tuple[int, ...], dtype: DTypeLike) -> RowsAndGradient:
        """The loss of each row over buffers of this shape, made here, once."""

    def bind(self, shape: tuple[int, ...], dtype: DTypeLike) -> ValueAndGradient:
        """The loss of batches; ``weight (..., B, 1)`` is s_i / (B mean s), None for all alike."""
        rows_and_gradient = self.bind_rows(shape, dtype)
        n_rows, several = shape[-2], shape[-1] > 1
        product = product_of(len(shape))
        share = np.asarray(1.0 / n_rows, dtype)
        uniform, value = np.full((1, n_rows), share), np.empty((*shape[:-2], 1, 1), dtype)

        def value_and_gradient(raw: Array, y: Array, weight: Array | None) -> tuple[Array, Array]:
            rows, gradient = rows_and_gradient(raw, y)
            if several and rows.shape[-1] > 1:
                rows = np.add.reduce(rows, axis=-1, keepdims=True)
            # A product sums in the same order for any number of networks, and is fast.
            if weight is None:
                return product(uniform, rows, value), np.multiply(gradient, share, gradient)
            return product(weight.mT, rows, value), np.multiply(gradient, weight, gradient)

        return value_and_gradient

    def value_and_gradient(
        self, raw: Array, y: Array, weight: Array | None = None
    ) -> tuple[Array, Array]:
        """The loss ``(M,)`` and its gradient ``(M, B, K)`` of one batch."""
        value, gradient = self.bind(raw.shape, raw.dtype)(raw, y, weight)
        return value[..., 0, 0], gradient


@dataclass(frozen=True)
class SquaredError(Loss):
    """L = (raw - y)**2 / 2."""

    name: ClassVar[str] = "squared_error"
    link: ClassVar[Link] = Identity()

    def bind_rows(self, shape: tuple[int, ...], dtype: DTypeLike) -> RowsAndGradient:
        """The gradient is the residual."""
        residual, rows = np.empty(shape, dtype), np.empty(shape, dtype)
        half = np.asarray(0.5, dtype)

        def rows_and_gradient(raw: Array, y: Array) -> tuple[Array, Array]:
            np.subtract(raw, y, residual)
            np.square(residual, rows)
            return np.multiply(rows, half, rows), residual

        return rows_and_gradient


@dataclass(frozen=True)
class AbsoluteError(Loss):
    """L = abs(raw - y)."""

    name: ClassVar[str] = "absolute_error"
    link: ClassVar[Link] = Identity()

    def bind_rows(self, shape: tuple[int, ...], dtype: DTypeLike) -> RowsAndGradient:
        """The gradient is the residual's sign."""
        residual, rows = np.empty(shape, dtype), np.empty(shape, dtype)

        def rows_and_gradient(raw: Array, y: Array) -> tuple[Array, Array]:
            np.subtract(raw, y, residual)
            np.abs(residual, rows)
            return rows, np.sign(residual, residual)

        return rows_and_gradient


@dataclass(frozen=True)
class Huber(Loss):
    """L = r**2 / 2 for abs(r) <= d, else d (abs(r) - d / 2), r = raw - y (Huber, 1964)."""

    name: ClassVar[str] = "huber"
    link: ClassVar[Link] = Identity()

    delta: PerNetwork

    def bind_rows(self, shape: tuple[int, ...], dtype: DTypeLike) -> RowsAndGradient:
        """The gradient is the residual clipped to +-d; with it L = c (r - c / 2)."""
        rows, clipped = np.empty(shape, dtype), np.empty(shape, dtype)
        delta = per_network(self.delta, rows)

        def rows_and_gradient(raw: Array, y: Array) -> tuple[Array, Array]:
            np.subtract(raw, y, rows)
            np.clip(rows, -delta, delta, out=clipped)
            np.subtract(rows, 0.5 * clipped, rows)
            return np.multiply(rows, clipped, rows), clipped

        return rows_and_gradient


@dataclass(frozen=True)
class Poisson(Loss):
    """Half the Poisson deviance, L = y log(y / mu) - y + mu, mu = exp(raw)."""

    name: ClassVar[str] = "poisson"
    link: ClassVar[Link] = Exp()

    def bind_rows(self, shape: tuple[int, ...], dtype: DTypeLike) -> RowsAndGradient:
        """The gradient is mu - y."""
        gradient = np.empty(shape, dtype)

        def rows_and_gradient(raw: Array, y: Array) -> tuple[Array, Array]:
            np.exp(raw, gradient)
            rows = gradient - y + scipy.special.xlogy(y, y) - y * raw
            return rows, np.subtract(gradient, y, gradient)

        return rows_and_gradient


@dataclass(frozen=True)
class BinaryCrossEntropy(Loss):
    """L = log(1 + exp(raw)) - y raw for each output, y in [0, 1]."""

    name: ClassVar[str] = "binary_log_loss"
    link: ClassVar[Link] = Logistic()

    def bind_rows(self, shape: tuple[int, ...], dtype: DTypeLike) -> RowsAndGradient:
        """The gradient is p - y, p the logistic of raw."""
        rows, gradient = np.empty(shape, dtype), np.empty(shape, dtype)
        zero = np.zeros((), dtype)

        def rows_and_gradient(raw: Array, y: Array) -> tuple[Array, Array]:
            np.logaddexp(zero, raw, rows)
            np.subtract(rows, np.multiply(y, raw, gradient), rows)
            scipy.special.expit(raw, gradient)
            return rows, np.subtract(gradient, y, gradient)

        return rows_and_gradient


@dataclass(frozen=True)
class CrossEntropy(Loss):
    """L = log sum_k exp(raw_k) - sum_k y_k raw_k, the y_k of a row adding up to 1."""

    name: ClassVar[str] = "log_loss"
    link: ClassVar[Link] = Softmax()

    def bind_rows(self, shape: tuple[int, ...], dtype: DTypeLike) -> RowsAndGradient:
        """The gradient is softmax(raw) - y."""
        shifted, p = np.empty(shape, dtype), np.empty(shape, dtype)
        column = (*shape[:-1], 1)
        top, total = np.empty(column, dtype), np.empty(column, dtype)
        target = np.empty(shape[:-1], dtype)
        ones = np.ones((shape[-1], 1), dtype)
        product, largest = product_of(len(shape)), _largest_of(shape)

        def rows_and_gradient(raw: Array, y: Array) -> tuple[Array, Array]:
            largest(raw, top)
            np.subtract(raw, top, shifted)
            np.exp(shifted, p)
            product(p, ones, total)
            np.divide(p, total, p)
            np.subtract(p, y, p)
            np.log(total, total)
            np.vecdot(shifted, y, target)
            return np.subtract(total, target[..., None], total), p

        return rows_and_gradient


def _largest_of(shape: tuple[int, ...]) -> Callable[[Array, Array], None]:
    """``largest(raw, out)``, the largest of each row ``(..., K)`` in ``out (..., 1)``."""
    n_rows, n_columns = math.prod(shape[:-1]), shape[-1]

    def by_row(raw: Array, out: Array) -> None:
        np.maximum.reduce(raw, axis=-1, keepdims=True, out=out)

    def by_column(raw: Array, out: Array) -> None:
        np.maximum(raw[..., :1], raw[..., 1:2], out=out)
        for k in range(2, n_columns):
            np.maximum(out, raw[..., k : k + 1], out=out)

    # NumPy reduces short rows at some 25 ns each and goes through a column in 1 us and a little.
    return by_column if 1 < n_columns < n_rows // 40 else by_row
