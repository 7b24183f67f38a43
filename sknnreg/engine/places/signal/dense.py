"""The fully connected layer."""

from dataclasses import dataclass

import numpy as np

from sknnreg.engine.arrays.matrix import Slot, Views
from sknnreg.engine.arrays.stack import Array
from sknnreg.engine.arrays.streams import Streams
from sknnreg.engine.places.signal.base import Backward, Forward, Layer, Site
from sknnreg.engine.places.signal.initializers import GLOROT, Initializer
from sknnreg.engine.places.weights_in_use import Reparametrization, bind_weights


@dataclass(frozen=True)
class Dense(Layer):
    """y = x W + b, W ``(M, n_in, n_out)`` as its reparametrizations let it into use."""

    name: str
    n_in: int
    n_out: int
    bias: bool = True
    initializer: Initializer = GLOROT
    reparametrizations: tuple[Reparametrization, ...] = ()

    @property
    def slots(self) -> tuple[Slot, ...]:
        """W, b unless a shift follows that plays its part, and what reparametrizations need."""
        slots = [Slot("weight", (self.n_in, self.n_out), "weight")]
        if self.bias:
            slots.append(Slot("bias", (1, self.n_out), "other"))
        for member in self.reparametrizations:
            slots.extend(member.slots(self.n_in, self.n_out))
        return tuple(slots)

    def initialize(self, p: Views, streams: Streams) -> None:
        """By the initializer, from one stream per layer."""
        for row, generator in enumerate(streams.generators(f"start {self.name}")):
            self.initializer.fill(generator, p.weight[row], p.bias[row] if self.bias else None)
        for member in self.reparametrizations:
            member.initialize(p)

    def bind(self, site: Site) -> tuple[Forward, Backward]:
        """``(M, B, n_in) -> (M, B, n_out)``."""
        p, g, need_input = site.p, site.g, site.need_input
        draws = None if site.streams is None else site.draws
        weights = bind_weights(self.reparametrizations, self.name, p, g, draws)
        bias = p.bias if self.bias else None
        y, ones, product = site.empty(self.n_out), site.ones(), site.product
        # BLAS takes four times as long for a product without a sum.
        to_input = product if self.n_out > 1 else np.multiply
        grad_x = site.empty(self.n_in) if need_input else y
        seen, weight = y, p.weight

        def forward(x: Array) -> Array:
            nonlocal seen, weight
            seen, weight = x, weights.forward()
            product(x, weight, y)
            return y if bias is None else np.add(y, bias, out=y)

        def backward(grad_y: Array) -> Array:
            product(seen.mT, grad_y, g.weight)
            weights.backward()
            if bias is not None:
                product(ones, grad_y, g.bias)
            return to_input(grad_y, weight.mT, grad_x) if need_input else grad_y

        return forward, backward

    def weight_at_inference(self, p: Views) -> Array:
        """W as predictions use it ``(M, n_in, n_out)``; ``p`` as an inference is bound to it."""
        bound = bind_weights(self.reparametrizations, self.name, p, Views(), None)
        return bound.forward()
