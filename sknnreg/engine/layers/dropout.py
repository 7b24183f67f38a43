"""Dropout: units left out at random while training."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sknnreg.engine.layers.base import Backward, Layer, Phase, pass_back
from sknnreg.engine.matrix import Views
from sknnreg.engine.scratch import Scratch
from sknnreg.engine.stack import Array, PerNetwork, per_network
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

    def forward(
        self, p: Views, x: Array, phase: Phase | None, scratch: Scratch
    ) -> tuple[Array, Backward]:
        """``(M, B, F) -> (M, B, F)``."""
        if phase is None or phase.streams is None:
            return (x, pass_back) if self.inverted else self._shrink(x, scratch)
        m, rows, units = x.shape
        n_words = -(-rows * units // 4)
        words = phase.streams.bits(self.name, scratch("words", (m, n_words), np.uint64))
        draws = words.view(np.uint16)[:, : rows * units].reshape(x.shape)
        # The last level kept, not the first dropped: 2**16 itself would not fit 16 bits.
        last = (keep_levels(np.atleast_1d(np.asarray(self.rate))) - 1).astype(np.uint16)
        kept = np.less_equal(draws, last.reshape(-1, 1, 1), out=scratch("kept", x.shape, np.bool_))
        mask = scratch("mask", x.shape)
        if self.inverted:
            np.multiply(kept, per_network(1.0 / self._keep, mask), out=mask)
        else:
            np.copyto(mask, kept)

        def backward(grad_y: Array, g: Views, need_input: bool) -> Array:
            grad_y *= mask
            return grad_y

        return np.multiply(x, mask, out=scratch("y", x.shape)), backward

    def _shrink(self, x: Array, scratch: Scratch) -> tuple[Array, Backward]:
        keep = per_network(self._keep, x)

        def backward(grad_y: Array, g: Views, need_input: bool) -> Array:
            grad_y *= keep
            return grad_y

        return np.multiply(x, keep, out=scratch("y", x.shape)), backward

    def affine(self, p: Views) -> tuple[Array, Array] | None:
        """Scale 1, or 1 - p where the survivors were not scaled up; no shift."""
        scale = np.ones(1) if self.inverted else self._keep
        shape = (len(scale), 1, self.n_units)
        return np.broadcast_to(scale.reshape(-1, 1, 1), shape), np.zeros(shape)
