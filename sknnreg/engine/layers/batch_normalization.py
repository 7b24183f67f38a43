"""Batch normalization."""

from dataclasses import dataclass

import numpy as np

from sknnreg.engine.layers.base import Backward, Layer, Phase
from sknnreg.engine.matrix import Slot, Views
from sknnreg.engine.scratch import Scratch
from sknnreg.engine.stack import Array, PerNetwork, per_network
from sknnreg.engine.streams import Streams


@dataclass(frozen=True)
class BatchNormalization(Layer):
    """y = gamma (x - mean) / sqrt(var + eps) + beta per unit (Ioffe and Szegedy, 2015).

    Mean and variance are the batch's while training, weighted by the sample weights; inference
    takes running statistics m <- k m + (1 - k) batch, bias-corrected from the first batch on, the
    running variance times S / (S - 1), S the batch's number of rows (the sum of their weights).
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

    def forward(
        self, p: Views, x: Array, phase: Phase | None, scratch: Scratch
    ) -> tuple[Array, Backward]:
        """``(M, B, F) -> (M, B, F)``."""
        epsilon = per_network(self.epsilon, x)
        mean_weight = scratch.mean_weights(x.shape[1])
        if phase is not None:
            if phase.weight is not None:
                mean_weight = phase.weight.mT
            mean = np.matmul(mean_weight, x, out=scratch("mean", p.mean.shape))
            centred = np.subtract(x, mean, out=scratch("centred", x.shape))
            square = np.square(centred, out=scratch("square", x.shape))
            variance = np.matmul(mean_weight, square, out=scratch("variance", p.mean.shape))
            self._update_running(p, mean, variance, phase, x.shape[1])
        else:
            centred = np.subtract(x, p.mean, out=scratch("centred", x.shape))
            variance = p.variance
        inverse = 1.0 / np.sqrt(variance + epsilon)
        slope = inverse * p.scale
        y = np.multiply(centred, slope, out=scratch("y", x.shape))
        y += p.shift

        def backward(grad_y: Array, g: Views, need_input: bool) -> Array:
            ones = scratch.ones(x.shape[1])
            product = np.multiply(grad_y, centred, out=scratch("square", x.shape))
            np.matmul(ones, product, out=g.scale)
            g.scale *= inverse
            np.matmul(ones, grad_y, out=g.shift)
            if phase is not None:
                # mean and variance depend on every row of the batch, by its weight
                share = 1.0 / x.shape[1] if phase.weight is None else 1.0
                along = np.multiply(centred, inverse * g.scale * share, out=product)
                along += g.shift * share
                if phase.weight is not None:
                    along *= phase.weight
                grad_y -= along
            grad_y *= slope
            return grad_y

        return y, backward

    def _update_running(
        self, p: Views, mean: Array, variance: Array, phase: Phase, n_rows: int
    ) -> None:
        total = np.float64(n_rows) if phase.total is None else phase.total
        unbiased = np.where(total > 1, total / np.maximum(total - 1, 1e-9), 1.0)
        p.count += 1
        keep = np.asarray(self.momentum, dtype=np.float64).reshape(-1, 1, 1)
        # The weight of the newest batch in a bias-corrected average, (1 - k) / (1 - k^t).
        rate = 1.0 / p.count if phase.cumulative else (1 - keep) / (1 - keep**p.count)
        rate = rate.astype(mean.dtype)
        p.mean += rate * (mean - p.mean)
        p.variance += rate * (variance * unbiased.astype(mean.dtype) - p.variance)

    def affine(self, p: Views) -> tuple[Array, Array] | None:
        """At inference one linear map per unit."""
        variance, mean = p.variance.astype(np.float64), p.mean.astype(np.float64)
        slope = p.scale / np.sqrt(variance + per_network(self.epsilon, variance))
        return slope, p.shift - mean * slope
