"""Dropout by multiplicative Gaussian noise, at a given rate or at rates that are learned."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy

from sknnreg.engine.arrays.matrix import Slot, Views
from sknnreg.engine.arrays.stack import Array, PerNetwork, per_network
from sknnreg.engine.arrays.streams import Streams
from sknnreg.engine.places.signal.base import Backward, Forward, Layer, Site, pass_through

# Molchanov et al. (2017), equation 14: the divergence, approximated.
K1, K2, K3 = 0.63576, 1.87320, 1.48695
# Beyond these a unit is as good as always or never there, and its gradient as good as 0.
LOG_ALPHA_BOUND = 8.0


@dataclass(frozen=True)
class GaussianDropout(Layer):
    """y = x (1 + sqrt(p / (1 - p)) e), e ~ N(0, 1) per row and unit (Srivastava et al., 2014).

    Mean and variance are those of dropout at rate p.
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
        name = self.name
        y, factor = site.empty(self.n_units), site.empty(self.n_units)
        draws = factor.reshape(site.n_networks, -1)
        rate = np.asarray(self.rate, dtype=np.float64)
        spread = per_network(np.atleast_1d(np.sqrt(rate / (1 - rate))), factor)

        def forward(x: Array) -> Array:
            site.draws().normal(name, draws)
            np.multiply(factor, spread, out=factor)
            np.add(factor, 1, out=factor)
            return np.multiply(x, factor, out=y)

        def backward(grad_y: Array) -> Array:
            return np.multiply(grad_y, factor, out=grad_y)

        return forward, backward

    def affine(self, p: Views) -> tuple[Array, Array] | None:
        """Nothing happens at inference."""
        shape = (1, 1, self.n_units)
        return np.ones(shape), np.zeros(shape)


@dataclass(frozen=True)
class VariationalDropout(Layer):
    """y = x (1 + sqrt(alpha) e), e ~ N(0, 1), with a learned alpha = p / (1 - p) per unit.

    While training, the objective gains KL(alpha) / n for each unit and n training rows (Kingma et
    al., 2015), by the approximation -KL = k1 s(k2 + k3 log alpha) - log(1 + 1/alpha) / 2 - k1, s
    the logistic function (Molchanov et al., 2017). ``rate`` is where p starts.
    """

    name: str
    n_units: int
    rate: PerNetwork
    n_rows: int

    @property
    def slots(self) -> tuple[Slot, ...]:
        """log alpha."""
        return (Slot("log_alpha", (1, self.n_units), "other"),)

    def initialize(self, p: Views, streams: Streams) -> None:
        """All units alike."""
        rate = np.clip(np.asarray(self.rate, dtype=np.float64), 1e-3, 1 - 1e-3)
        p.log_alpha[...] = per_network(np.atleast_1d(np.log(rate / (1 - rate))), p.log_alpha)

    def bind(self, site: Site) -> tuple[Forward, Backward]:
        if site.streams is None:
            return self._bind_inference(site)
        name, p, g, product = self.name, site.p, site.g, site.product
        y, noise, scaled = (site.empty(self.n_units) for _ in range(3))
        draws, ones = noise.reshape(site.n_networks, -1), site.ones()
        spread = np.empty(p.log_alpha.shape, site.dtype)
        seen = y

        def forward(x: Array) -> Array:
            nonlocal seen
            seen = x
            site.draws().normal(name, draws)
            np.exp(0.5 * bounded(p.log_alpha), out=spread)
            np.multiply(noise, spread, out=noise)
            np.multiply(x, noise, out=scaled)
            return np.add(x, scaled, out=y)

        def backward(grad_y: Array) -> Array:
            np.multiply(scaled, grad_y, out=scaled)
            product(ones, scaled, g.log_alpha)
            g.log_alpha *= 0.5
            g.log_alpha += self._cost_gradient(p.log_alpha)
            g.log_alpha *= np.abs(p.log_alpha) < LOG_ALPHA_BOUND
            np.add(noise, 1, out=noise)
            return np.multiply(grad_y, noise, out=grad_y)

        return forward, backward

    def _bind_inference(self, site: Site) -> tuple[Forward, Backward]:
        g = site.g

        def backward(grad_y: Array) -> Array:
            g.log_alpha[...] = 0
            return grad_y

        return pass_through, backward

    def rates(self, p: Views) -> Array:
        """p = alpha / (1 + alpha) of each unit, ``(M, 1, F)``."""
        rates: Array = scipy.special.expit(bounded(p.log_alpha).astype(np.float64))
        return rates

    def cost(self, p: Views) -> Array:
        log_alpha = bounded(p.log_alpha).astype(np.float64)
        gain = K1 * scipy.special.expit(K2 + K3 * log_alpha) - 0.5 * np.logaddexp(0, -log_alpha)
        total: Array = np.add.reduce(K1 - gain, axis=(-2, -1)) / self.n_rows
        return np.atleast_1d(total)

    def _cost_gradient(self, log_alpha: Array) -> Array:
        log_alpha = bounded(log_alpha)
        s = scipy.special.expit(K2 + K3 * log_alpha)
        slope: Array = -(K1 * K3) * s * (1 - s) - 0.5 * scipy.special.expit(-log_alpha)
        return slope / self.n_rows

    def affine(self, p: Views) -> tuple[Array, Array] | None:
        """Nothing happens at inference."""
        shape = (1, 1, self.n_units)
        return np.ones(shape), np.zeros(shape)


def bounded(log_alpha: Array) -> Array:
    """log alpha within its bounds."""
    return np.clip(log_alpha, -LOG_ALPHA_BOUND, LOG_ALPHA_BOUND)
