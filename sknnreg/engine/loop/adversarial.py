"""Adversarial examples: the two passes of a batch over itself and over its worst neighbours."""

from __future__ import annotations

import numpy as np

from sknnreg.engine.arrays.batches import Batch
from sknnreg.engine.arrays.stack import Array, per_network
from sknnreg.engine.arrays.streams import Tape
from sknnreg.engine.loop.bound_network import BoundNetwork
from sknnreg.engine.places.data import Adversarial
from sknnreg.engine.places.objective.losses import Loss
from sknnreg.engine.places.signal import Phase


def backpropagate_adversarial(
    member: Adversarial, network: BoundNetwork, phase: Phase, batch: Batch, loss: Loss
) -> Array:
    """Fill the gradients of L(x) / 2 + L(x + e sign(dL/dx)) / 2 and return the loss, ``(M,)``.

    Both halves meet the same draws, and batch statistics are kept of x alone: at e = 0 they are the
    same, and so is the network to the last bit.
    """
    streams, tape = phase.streams, Tape(phase.streams)
    bound = network.bound(batch.x.shape[1], phase, input_gradient=True)
    phase.streams = tape
    clean = bound.backpropagate(batch.x, batch.y, batch.weight, loss).copy()
    gradients = network.grads.copy()
    step = np.sign(bound.input_gradient) * per_network(member.size, batch.x)
    tape.rewind()
    phase.tracks = False
    worst = bound.backpropagate(batch.x + step, batch.y, batch.weight, loss)
    phase.streams, phase.tracks = streams, True
    np.add(network.grads, gradients, out=network.grads)
    np.multiply(network.grads, 0.5, out=network.grads)
    mean: Array = 0.5 * (clean + worst)
    return mean
