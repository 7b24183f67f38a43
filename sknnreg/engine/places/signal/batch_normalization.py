"""Batch normalization, of mean and variance or of the mean alone."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sknnreg.engine.arrays.matrix import Slot, Views
from sknnreg.engine.arrays.stack import Array, PerNetwork, broadcastable, per_network
from sknnreg.engine.arrays.streams import Streams
from sknnreg.engine.places.signal.base import Backward, Forward, Layer, Phase, Site


@dataclass(frozen=True)
class BatchNormalization(Layer):
    """y = gamma (x - mean) / sqrt(var + eps) + beta per unit (Ioffe and Szegedy, 2015).

    Mean and variance are the batch's while training, weighted by the sample weights; inference
    takes running statistics m <- k m + (1 - k) batch, bias-corrected from the first batch on, the
    running variance times S / (S - 1), S the sum of the batch's weights or, if more, its rows.
    """

    n_units: int
    momentum: PerNetwork
    epsilon: PerNetwork

    @property
    def slots(self) -> tuple[Slot, ...]:
        """gamma, beta; running mean and variance, and the number of batches they have seen."""
        unit = (1, self.n_units)
        return (
            Slot("scale", unit, "other"),
            Slot("shift", unit, "other"),
            Slot("mean", unit, "buffer"),
            Slot("variance", unit, "buffer"),
            Slot("count", (1, 1), "buffer"),
        )

    def initialize(self, p: Views, streams: Streams) -> None:
        """gamma = 1, beta = 0; statistics of nothing seen yet: mean 0, variance 1."""
        p.scale[...] = 1
        p.variance[...] = 1

    def bind(self, site: Site) -> tuple[Forward, Backward]:
        if site.phase is None:
            return self._bind_inference(site)
        p, g, phase, n_rows = site.p, site.g, site.phase, site.n_rows
        product = site.product
        y, centred, work = (site.empty(self.n_units) for _ in range(3))
        mean, variance, inverse = (np.empty(p.mean.shape, site.dtype) for _ in range(3))
        ones, uniform = site.ones(), site.ones(1.0 / n_rows)
        epsilon = per_network(self.epsilon, y)

        def forward(x: Array) -> Array:
            mean_of = uniform if phase.weight is None else phase.weight.mT
            product(mean_of, x, mean)
            np.subtract(x, mean, out=centred)
            product(mean_of, np.square(centred, out=work), variance)
            if phase.tracks:
                self._update_running(p, mean, variance, phase, n_rows)
            np.add(variance, epsilon, out=inverse)
            np.divide(1.0, np.sqrt(inverse, out=inverse), out=inverse)
            np.multiply(centred, inverse * p.scale, out=y)
            np.add(y, p.shift, out=y)
            return y

        def backward(grad_y: Array) -> Array:
            product(ones, np.multiply(grad_y, centred, out=work), g.scale)
            g.scale *= inverse
            product(ones, grad_y, g.shift)
            # mean and variance depend on every row of the batch, by its weight
            share = 1.0 / n_rows if phase.weight is None else 1.0
            np.multiply(centred, inverse * g.scale * share, out=work)
            np.add(work, g.shift * share, out=work)
            if phase.weight is not None:
                np.multiply(work, phase.weight, out=work)
            np.subtract(grad_y, work, out=grad_y)
            np.multiply(grad_y, inverse * p.scale, out=grad_y)
            return grad_y

        return forward, backward

    def _bind_inference(self, site: Site) -> tuple[Forward, Backward]:
        p, g, product = site.p, site.g, site.product
        y, centred, work = (site.empty(self.n_units) for _ in range(3))
        ones, epsilon = site.ones(), per_network(self.epsilon, y)

        def forward(x: Array) -> Array:
            np.subtract(x, p.mean, out=centred)
            np.multiply(centred, p.scale / np.sqrt(p.variance + epsilon), out=y)
            np.add(y, p.shift, out=y)
            return y

        def backward(grad_y: Array) -> Array:
            inverse = 1.0 / np.sqrt(p.variance + epsilon)
            product(ones, np.multiply(grad_y, centred, out=work), g.scale)
            g.scale *= inverse
            product(ones, grad_y, g.shift)
            np.multiply(grad_y, inverse * p.scale, out=grad_y)
            return grad_y

        return forward, backward

    def _update_running(
        self, p: Views, mean: Array, variance: Array, phase: Phase, n_rows: int
    ) -> None:
        rate = newest_share(p, self.momentum, phase)
        p.mean += rate * (mean - p.mean)
        p.variance += rate * (variance * _unbiased(phase, n_rows, mean.dtype) - p.variance)

    def affine(self, p: Views) -> tuple[Array, Array] | None:
        """At inference one linear map per unit."""
        variance, mean = p.variance.astype(np.float64), p.mean.astype(np.float64)
        slope = p.scale / np.sqrt(variance + per_network(self.epsilon, variance))
        return slope, p.shift - mean * slope


@dataclass(frozen=True)
class MeanOnlyBatchNormalization(Layer):
    """y = x - mean + beta per unit (Salimans and Kingma, 2016); the mean as in batch normalization.

    Meant for weights that are normalized already.
    """

    n_units: int
    momentum: PerNetwork

    @property
    def slots(self) -> tuple[Slot, ...]:
        """beta; running mean, and the number of batches it has seen."""
        unit = (1, self.n_units)
        return (
            Slot("shift", unit, "other"),
            Slot("mean", unit, "buffer"),
            Slot("count", (1, 1), "buffer"),
        )

    def bind(self, site: Site) -> tuple[Forward, Backward]:
        p, g, phase, n_rows, product = site.p, site.g, site.phase, site.n_rows, site.product
        y, mean = site.empty(self.n_units), np.empty(p.mean.shape, site.dtype)
        ones, uniform = site.ones(), site.ones(1.0 / n_rows)

        def forward(x: Array) -> Array:
            if phase is None:
                np.add(x, p.shift - p.mean, out=y)
                return y
            product(uniform if phase.weight is None else phase.weight.mT, x, mean)
            if phase.tracks:
                p.mean += newest_share(p, self.momentum, phase) * (mean - p.mean)
            np.add(x, p.shift - mean, out=y)
            return y

        def backward(grad_y: Array) -> Array:
            product(ones, grad_y, g.shift)
            if phase is not None:
                # the mean depends on every row of the batch, by its weight
                share = 1.0 / n_rows if phase.weight is None else phase.weight
                np.subtract(grad_y, g.shift * share, out=grad_y)
            return grad_y

        return forward, backward

    def affine(self, p: Views) -> tuple[Array, Array] | None:
        """At inference a shift per unit."""
        shift = p.shift.astype(np.float64) - p.mean
        return np.ones(shift.shape), shift


def newest_share(p: Views, momentum: PerNetwork, phase: Phase) -> Array:
    """The newest batch's weight in a bias-corrected average, (1 - k) / (1 - k^t); counts it.

    A batch of mass u counts as u batches, (1 - k^u) / (1 - k^t), or else rare, heavy rows would
    count too little.
    """
    keep = broadcastable(np.asarray(momentum, dtype=np.float64), 3)
    newest: float | Array = 1.0
    left = keep
    if phase.mass is not None:
        # What weighs next to nothing still is the first to be seen: no 0 / 0.
        newest = np.maximum(phase.mass, 1e-6)
        left = keep**newest
    p.count += newest
    rate: Array = newest / p.count if phase.cumulative else (1 - left) / (1 - keep**p.count)
    return rate.astype(p.mean.dtype)


def _unbiased(phase: Phase, n_rows: int, dtype: np.dtype[Any]) -> Array:
    """S / (S - 1): weights count as repeated rows, but no row as less than one."""
    if phase.total is None:
        return np.asarray(n_rows / max(n_rows - 1, 1), dtype)
    total = np.maximum(phase.total, n_rows)
    return np.where(total > 1, total / np.maximum(total - 1, 1e-9), 1.0).astype(dtype)
