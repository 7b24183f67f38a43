"""Layers and networks of the engine, set up by hand."""

import numpy as np
import pytest

from sknnreg.engine.layers import Phase
from sknnreg.engine.network import BoundNetwork, Network
from sknnreg.engine.streams import Streams

SEED = 7


class Bench:
    """A network in float64 whose arrays are at hand; ``p`` values and ``g`` gradients by layer."""

    def __init__(self, *layers):
        self.network = Network(layers)
        layout = self.network.layout
        self.values = self.network.initialize(Streams([SEED]), np.dtype(np.float64))
        self.gradients = np.zeros((1, layout.n_trainable))
        self.bound = BoundNetwork(self.network, self.values, self.gradients)
        self.p = layout.views(self.values)
        self.g = layout.views(self.gradients)

    def train(self, x, grad_y=None):
        """Outputs of one training pass on rows ``(B, F)``; with ``grad_y`` the input's gradient."""
        return self._run(x, grad_y, Phase(Streams([SEED])))

    def infer(self, x, grad_y=None):
        """The same as after training."""
        return self._run(x, grad_y, None)

    def _run(self, x, grad_y, phase):
        both_ways = self.bound.bind(len(x), phase, need_input=True)
        y = both_ways.forward(x[None])[0].copy()
        if grad_y is None:
            return y
        return y, both_ways.backward(grad_y[None].copy())[0].copy()


@pytest.fixture
def bench():
    return Bench


@pytest.fixture
def rng():
    return np.random.default_rng(0)
