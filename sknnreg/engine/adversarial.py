"""Place 1, data: adversarial examples, which the network's own gradient makes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sknnreg.engine.batches import Batch
from sknnreg.engine.layers import Phase
from sknnreg.engine.losses import Loss
from sknnreg.engine.network import BoundNetwork
from sknnreg.engine.stack import Array, PerNetwork, per_network
from sknnreg.engine.streams import Tape


@dataclass(frozen=True)
class Adversarial:
    """J = L(x) / 2 + L(x + e sign(dL/dx)) / 2, the fast gradient sign (Goodfellow et al., 2015).

    Both halves meet the same draws, and batch statistics are kept of x alone: at e = 0 they are the
    same, and so is the network to the last bit.
    """

    size: PerNetwork

    @property
    def active(self) -> np.ndarray[Any, Any]:
        """Off at e = 0."""
        return np.asarray(self.size) > 0

    def backpropagate(self, network: BoundNetwork, phase: Phase, batch: Batch, loss: Loss) -> Array:
        """Fill the gradients of the batch and return its loss, ``(M,)``."""
        streams, tape = phase.streams, Tape(phase.streams)
        bound = network.bound(batch.x.shape[1], phase, input_gradient=True)
        phase.streams = tape
        clean = bound.backpropagate(batch.x, batch.y, batch.weight, loss).copy()
        gradients = network.grads.copy()
        step = np.sign(bound.input_gradient) * per_network(self.size, batch.x)
        tape.rewind()
        phase.tracks = False
        worst = bound.backpropagate(batch.x + step, batch.y, batch.weight, loss)
        phase.streams, phase.tracks = streams, True
        np.add(network.grads, gradients, out=network.grads)
        np.multiply(network.grads, 0.5, out=network.grads)
        mean: Array = 0.5 * (clean + worst)
        return mean
