"""Layers and networks of the engine, set up by hand."""

from types import SimpleNamespace

import numpy as np
import pytest

from sknnreg.engine.arrays.streams import Streams
from sknnreg.engine.loop.bound_network import BoundNetwork
from sknnreg.engine.places.signal import Phase, Site
from sknnreg.engine.places.signal.network import Network

SEED = 7


class Bench:
    """A network in float64 whose arrays are at hand; ``p`` values and ``g`` gradients by layer.

    Outputs are the engine's. With a gradient to go back from, the layers are bound one by one as
    the engine binds them, but for the first: there it is the input's gradient that is asked for.
    """

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

    def passes(self, x, n):
        """Outputs ``(n, B, K)`` of so many training passes, each with draws of its own."""
        forward = self.bound.bind(len(x), Phase(Streams([SEED]))).forward
        return np.array([forward(x[None])[0].copy() for _ in range(n)])

    def judge(self, x, y, loss, weight=None, draws=False):
        """The loss of rows ``(B, F)``, whose gradient ``g`` gets; ``weight (B,)`` adds up to 1."""
        bound = self.bound.bind(len(x), Phase(Streams([SEED])) if draws else None)
        shares = None if weight is None else weight[None, :, None]
        return float(bound.backpropagate(x[None], y[None], shares, loss)[0])

    def _run(self, x, grad_y, phase):
        if grad_y is None:
            return self.bound.bind(len(x), phase).forward(x[None])[0].copy()
        ways = [
            layer.bind(Site(_single(p), _single(g), 1, len(x), self.values.dtype, phase))
            for layer, p, g in zip(self.network.layers, self.p, self.g, strict=True)
        ]
        for forward, _ in ways:
            x = forward(x)
        y, grad = x.copy(), grad_y.copy()
        for _, backward in reversed(ways):
            grad = backward(grad)
        return y, grad.copy()


def _single(views):
    """A single network's arrays, which reach its layers without the network axis."""
    return SimpleNamespace(**{name: array[0] for name, array in vars(views).items()})


@pytest.fixture
def bench():
    return Bench


@pytest.fixture
def rng():
    return np.random.default_rng(0)
