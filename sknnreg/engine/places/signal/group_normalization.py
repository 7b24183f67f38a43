"""Normalization within each row: over all units of a layer, or over groups of them."""

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np

from sknnreg.engine.arrays.matrix import Slot, Views
from sknnreg.engine.arrays.stack import Array, PerNetwork, per_network
from sknnreg.engine.arrays.streams import Streams
from sknnreg.engine.places.signal.base import Backward, Forward, Layer, Site


@dataclass(frozen=True)
class RowNormalization(Layer):
    """y = gamma (x - mean) / sqrt(var + eps) + beta, mean and variance over groups of units.

    They are the row's own, so that neither the batch nor training or inference makes a difference.
    """

    n_units: int
    epsilon: PerNetwork

    @property
    @abstractmethod
    def groups(self) -> int:
        """How many groups of neighbouring units there are."""

    @property
    def slots(self) -> tuple[Slot, ...]:
        """gamma, beta."""
        return tuple(Slot(name, (1, self.n_units), "other") for name in ("scale", "shift"))

    def initialize(self, p: Views, streams: Streams) -> None:
        """gamma = 1, beta = 0."""
        p.scale[...] = 1

    def bind(self, site: Site) -> tuple[Forward, Backward]:
        """``(M, B, F) -> (M, B, F)``; sums over groups are products, which BLAS is fast at."""
        p, g, product, ones = site.p, site.g, site.product, site.ones()
        y, centred, work = (site.empty(self.n_units) for _ in range(3))
        mean, inverse = site.empty(self.groups), site.empty(self.groups)
        # (F, G): each unit's share in the mean of its group; (G, F): a group's number for its units
        gather = np.kron(np.eye(self.groups), np.ones((self.n_units // self.groups, 1)))
        spread = np.ascontiguousarray(gather.T).astype(site.dtype)
        gather = (gather * (self.groups / self.n_units)).astype(site.dtype)
        epsilon = per_network(self.epsilon, y)

        def forward(x: Array) -> Array:
            product(x, gather, mean)
            np.subtract(x, product(mean, spread, work), out=centred)
            product(np.square(centred, out=work), gather, inverse)
            np.add(inverse, epsilon, out=inverse)
            np.divide(1.0, np.sqrt(inverse, out=inverse), out=inverse)
            np.multiply(centred, product(inverse, spread, work), out=centred)
            np.multiply(centred, p.scale, out=y)
            np.add(y, p.shift, out=y)
            return y

        def backward(grad_y: Array) -> Array:
            product(ones, np.multiply(grad_y, centred, out=work), g.scale)
            product(ones, grad_y, g.shift)
            np.multiply(grad_y, p.scale, out=grad_y)
            # mean and variance depend on every unit of the group
            product(np.multiply(grad_y, centred, out=work), gather, mean)
            np.multiply(centred, product(mean, spread, work), out=centred)
            product(grad_y, gather, mean)
            np.subtract(grad_y, product(mean, spread, work), out=grad_y)
            np.subtract(grad_y, centred, out=grad_y)
            return np.multiply(grad_y, product(inverse, spread, work), out=grad_y)

        return forward, backward


@dataclass(frozen=True)
class LayerNormalization(RowNormalization):
    """One group of all units (Ba et al., 2016)."""

    @property
    def groups(self) -> int:
        return 1


@dataclass(frozen=True)
class GroupNormalization(RowNormalization):
    """``n_groups`` groups of neighbouring units (Wu and He, 2018); it divides their number."""

    n_groups: int

    @property
    def groups(self) -> int:
        return self.n_groups
