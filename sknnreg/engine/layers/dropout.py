"""Dropout: units left out at random while training."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sknnreg.engine.layers.base import Backward, Forward, Layer, Site, pass_through
from sknnreg.engine.matrix import Views
from sknnreg.engine.stack import Array, PerNetwork, broadcastable, per_network
from sknnreg.engine.streams import LEVELS, keep_levels


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

    @property
    def _keep(self) -> np.ndarray[Any, Any]:
        return keep_levels(np.atleast_1d(np.asarray(self.rate, dtype=np.float64))) / LEVELS

    def bind(self, site: Site) -> tuple[Forward, Backward]:
        """``(M, B, F) -> (M, B, F)``."""
        if site.streams is None:
            return (pass_through, pass_through) if self.inverted else self._bind_shrinking(site)
        name = self.name
        y, mask = site.empty(self.n_units), site.empty(self.n_units)
        kept = site.empty(self.n_units, np.bool_)
        n_draws = site.n_rows * self.n_units
        words = np.empty((site.n_networks, -(-n_draws // 4)), np.uint64)
        draws = words.view(np.uint16)[:, :n_draws].reshape(y.shape)
        # The last level kept, not the first dropped: 2**16 itself would not fit 16 bits.
        levels = keep_levels(np.atleast_1d(np.asarray(self.rate)))
        last = broadcastable((levels - 1).astype(np.uint16), 3)
        size = per_network(1.0 / self._keep if self.inverted else np.ones(1), mask)

        def forward(x: Array) -> Array:
            site.draws().bits(name, words)
            np.less_equal(draws, last, out=kept)
            np.multiply(kept, size, out=mask)
            return np.multiply(x, mask, out=y)

        def backward(grad_y: Array) -> Array:
            return np.multiply(grad_y, mask, out=grad_y)

        return forward, backward

    def _bind_shrinking(self, site: Site) -> tuple[Forward, Backward]:
        y = site.empty(self.n_units)
        keep = per_network(self._keep, y)
        return lambda x: np.multiply(x, keep, out=y), lambda grad: np.multiply(grad, keep, out=grad)

    def affine(self, p: Views) -> tuple[Array, Array] | None:
        """Scale 1, or 1 - p where the survivors were not scaled up; no shift."""
        scale = np.ones(1) if self.inverted else self._keep
        shape = (len(scale), 1, self.n_units)
        return np.broadcast_to(scale.reshape(-1, 1, 1), shape), np.zeros(shape)
