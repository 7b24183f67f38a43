"""Place 4, objective: what the weights themselves cost."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from sknnreg.engine.arrays.stack import Array, PerNetwork, per_network


@dataclass(frozen=True)
class Penalty(ABC):
    """A term of the objective in the weight columns ``(M, n)`` alone."""

    # Whether it acts after the step too, where it has no gradient.
    proximal: ClassVar[bool] = False

    strength: PerNetwork

    @property
    def active(self) -> bool | np.ndarray[Any, Any]:
        """Off at strength 0."""
        return np.asarray(self.strength) > 0

    @abstractmethod
    def value(self, weights: Array) -> Array:
        """The term ``(M,)`` in float64."""

    @abstractmethod
    def add_gradient(self, weights: Array, grads: Array, work: Array) -> None:
        """Add the term's gradient to ``grads``; any block of columns; ``work`` is scratch."""

    def shrink(self, weights: Array, step_size: Array, work: Array) -> None:
        """The term's proximal step, in place; ``step_size`` broadcasts against ``weights``."""
        return None

    def split(self, parts: Array) -> tuple[Array, Array] | None:
        """A proximal term as a smooth one: its value ``(M,)`` and gradient at ``parts (M, 2 n)``.

        They are u and v side by side, the weights are w = u - v with u, v >= 0. Least over all u
        and v of the same w, the value is the term at w. None where there is no such function.
        """
        return None


@dataclass(frozen=True)
class L2(Penalty):
    """(l2 / 2) ||W||_2^2 (Hoerl and Kennard, 1970; Krogh and Hertz, 1992)."""

    def value(self, weights: Array) -> Array:
        """Half the squared norm times the strength."""
        strength = np.asarray(self.strength)
        square = np.vecdot(weights, weights).astype(np.float64)
        # Where it is off, squares that overflow do not count.
        return np.where(strength > 0, 0.5 * strength * square, 0.0)

    def add_gradient(self, weights: Array, grads: Array, work: Array) -> None:
        """l2 W."""
        grads += np.multiply(weights, per_network(self.strength, weights), out=work)


@dataclass(frozen=True)
class L1(Penalty):
    """l1 ||W||_1 (Tibshirani, 1996).

    It has no gradient at 0, so it acts after the step by soft-thresholding, the proximal step of
    Daubechies et al. (2004): w <- sign(w) max(abs(w) - step size x l1, 0), and zeros are exact.
    The step size is what a lasting gradient is multiplied by, weight by weight under Adam (Yun et
    al., 2021), or else the optimizer would change the penalty's strength.
    """

    proximal: ClassVar[bool] = True

    def value(self, weights: Array) -> Array:
        """The sum of absolute values times the strength."""
        total: Array = np.asarray(self.strength) * np.abs(weights).sum(axis=1, dtype=np.float64)
        return total

    def add_gradient(self, weights: Array, grads: Array, work: Array) -> None:
        return None

    def shrink(self, weights: Array, step_size: Array, work: Array) -> None:
        """w minus its clipped self: exact zeros inside the threshold."""
        threshold = step_size * per_network(self.strength, weights)
        weights -= np.clip(weights, -threshold, threshold, out=work)

    def split(self, parts: Array) -> tuple[Array, Array] | None:
        """||w||_1 = sum(u + v) where not both are above 0."""
        strength = np.asarray(self.strength)
        value: Array = strength * parts.sum(axis=1, dtype=np.float64)
        return value, np.broadcast_to(per_network(strength, parts), parts.shape)
