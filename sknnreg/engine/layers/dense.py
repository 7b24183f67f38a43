"""The fully connected layer."""

from dataclasses import dataclass

import numpy as np

from sknnreg.engine.initializers import glorot_uniform
from sknnreg.engine.layers.base import Backward, Layer, Phase
from sknnreg.engine.matrix import Slot, Views
from sknnreg.engine.reparametrizations import Reparametrization, weights_in_use
from sknnreg.engine.scratch import Scratch
from sknnreg.engine.stack import Array
from sknnreg.engine.streams import Streams


@dataclass(frozen=True)
class Dense(Layer):
    """y = x W + b, W ``(M, n_in, n_out)`` as its reparametrizations let it into use."""

    name: str
    n_in: int
    n_out: int
    bias: bool = True
    gain: float = 6.0
    reparametrizations: tuple[Reparametrization, ...] = ()

    @property
    def slots(self) -> tuple[Slot, ...]:
        """W, and b unless a shift follows that plays its part."""
        weight = Slot("weight", (self.n_in, self.n_out), "weight")
        return (weight, Slot("bias", (1, self.n_out), "other")) if self.bias else (weight,)

    def initialize(self, p: Views, streams: Streams) -> None:
        """Uniform in +-sqrt(gain / (n_in + n_out)), from one stream per layer."""
        for row, generator in enumerate(streams.generators(f"start {self.name}")):
            glorot_uniform(generator, self.gain, p.weight[row])
            if self.bias:
                glorot_uniform(generator, self.gain, p.bias[row], fans=(self.n_in, self.n_out))

    def forward(
        self, p: Views, x: Array, phase: Phase | None, scratch: Scratch
    ) -> tuple[Array, Backward]:
        """``(M, B, n_in) -> (M, B, n_out)``."""
        weight, weight_backward = p.weight, None
        if self.reparametrizations and phase is not None and phase.streams is not None:
            weight, weight_backward = weights_in_use(
                self.reparametrizations, p, self.name, phase.streams, scratch
            )
        m, rows, _ = x.shape
        y = np.matmul(x, weight, out=scratch("y", (m, rows, self.n_out)))
        if self.bias:
            y += p.bias

        def backward(grad_y: Array, g: Views, need_input: bool) -> Array:
            np.matmul(x.mT, grad_y, out=g.weight)
            if weight_backward is not None:
                weight_backward(g)
            if self.bias:
                np.matmul(scratch.ones(rows), grad_y, out=g.bias)
            if not need_input:
                return grad_y
            return np.matmul(grad_y, weight.mT, out=scratch("grad_x", (m, rows, self.n_in)))

        return y, backward
