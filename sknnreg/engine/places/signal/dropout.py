"""Dropout: units left out at random while training."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sknnreg.engine.arrays.matrix import Views
from sknnreg.engine.arrays.stack import Array, PerNetwork, broadcastable, per_network
from sknnreg.engine.arrays.streams import LEVELS, keep_levels
from sknnreg.engine.places.signal.base import Backward, Forward, Layer, Site, pass_through

# What SELU tends to far to the left: -scale alpha.
SELU_FLOOR = -1.7580993408473766


@dataclass(frozen=True)
class Dropout(Layer):
    """y = x R / (1 - p), R ~ Bernoulli(1 - p) per row and unit (Srivastava et al., 2014).

    With ``inverted`` false the survivors keep their size while training and inference multiplies
    by 1 - p instead. Probabilities are rounded to multiples of 2**-16.
    """

    name: str
    n_units: int
    rate: PerNetwork
    inverted: bool = True

    @property
    def active(self) -> bool | np.ndarray[Any, Any]:
        """Off at p = 0."""
        return np.asarray(self.rate) > 0

    def bind(self, site: Site) -> tuple[Forward, Backward]:
        if site.streams is None:
            return (pass_through, pass_through) if self.inverted else self._bind_shrinking(site)
        mask = Mask(self.name, self.n_units, self.rate, site)
        y, factor = site.empty(self.n_units), site.empty(self.n_units)
        keep = kept_share(self.rate)
        size = per_network(1.0 / keep if self.inverted else np.ones(1), factor)

        def forward(x: Array) -> Array:
            np.multiply(mask.draw(), size, out=factor)
            return np.multiply(x, factor, out=y)

        def backward(grad_y: Array) -> Array:
            return np.multiply(grad_y, factor, out=grad_y)

        return forward, backward

    def _bind_shrinking(self, site: Site) -> tuple[Forward, Backward]:
        y = site.empty(self.n_units)
        keep = per_network(kept_share(self.rate), y)
        return lambda x: np.multiply(x, keep, out=y), lambda grad: np.multiply(grad, keep, out=grad)

    def affine(self, p: Views) -> tuple[Array, Array] | None:
        """Scale 1, or 1 - p where the survivors were not scaled up; no shift."""
        scale = np.ones(1) if self.inverted else kept_share(self.rate)
        shape = (len(scale), 1, self.n_units)
        return np.broadcast_to(scale.reshape(-1, 1, 1), shape), np.zeros(shape)


@dataclass(frozen=True)
class AlphaDropout(Layer):
    """y = a (x R + s (1 - R)) + b, R ~ Bernoulli(1 - p) (Klambauer et al., 2017).

    Dropped units take s, where SELU saturates; with q = 1 - p, a = (q + s**2 q p)**-1/2 and
    b = -a p s keep a mean of 0 and a variance of 1.
    """

    name: str
    n_units: int
    rate: PerNetwork

    @property
    def active(self) -> bool | np.ndarray[Any, Any]:
        """Off at p = 0."""
        return np.asarray(self.rate) > 0

    def bind(self, site: Site) -> tuple[Forward, Backward]:
        if site.streams is None:
            return pass_through, pass_through
        mask = Mask(self.name, self.n_units, self.rate, site)
        y, factor, floor = (site.empty(self.n_units) for _ in range(3))
        q = kept_share(self.rate)
        a = (q + SELU_FLOOR**2 * q * (1 - q)) ** -0.5
        size, dropped = per_network(a, y), per_network(a * SELU_FLOOR, y)
        lowest = per_network(a * SELU_FLOOR - a * (1 - q) * SELU_FLOOR, y)

        def forward(x: Array) -> Array:
            # Arithmetic instead of a choice: masked copies take longer than all of this.
            factor[...] = mask.draw()
            np.multiply(factor, -dropped, out=floor)
            np.add(floor, lowest, out=floor)
            np.multiply(factor, size, out=factor)
            np.multiply(x, factor, out=y)
            return np.add(y, floor, out=y)

        def backward(grad_y: Array) -> Array:
            return np.multiply(grad_y, factor, out=grad_y)

        return forward, backward

    def affine(self, p: Views) -> tuple[Array, Array] | None:
        """Nothing happens at inference."""
        shape = (1, 1, self.n_units)
        return np.ones(shape), np.zeros(shape)


class Mask:
    """Which units of a batch survive, drawn anew each time."""

    def __init__(self, name: str, n_units: int, rate: PerNetwork, site: Site) -> None:
        self._name, self._site = name, site
        self.kept = site.empty(n_units, np.bool_)
        n_draws = site.n_rows * n_units
        self._words = np.empty((site.n_networks, -(-n_draws // 4)), np.uint64)
        draws = self._words.view(np.uint16)[:, :n_draws]
        self._draws = draws.reshape(self.kept.shape)
        # The last level kept, not the first dropped: 2**16 itself would not fit 16 bits.
        levels = keep_levels(np.atleast_1d(np.asarray(rate)))
        self._last = broadcastable((levels - 1).astype(np.uint16), 3)

    def draw(self) -> Array:
        """The survivors ``(M, B, F)``."""
        self._site.draws().bits(self._name, self._words)
        return np.less_equal(self._draws, self._last, out=self.kept)


def kept_share(rate: PerNetwork) -> np.ndarray[Any, Any]:
    """The probability ``(M,)`` of surviving, rounded to the levels of a mask."""
    return keep_levels(np.atleast_1d(np.asarray(rate, dtype=np.float64))) / LEVELS
