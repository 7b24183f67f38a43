"""Networks bound to their arrays: what forward and backward passes run over."""

from collections.abc import Sequence

import numpy as np

from sknnreg.engine.arrays.matrix import Views
from sknnreg.engine.arrays.stack import Array
from sknnreg.engine.places.objective.losses import Loss, ValueAndGradient
from sknnreg.engine.places.signal import Backward, Forward, Phase, Site
from sknnreg.engine.places.signal.network import Network


class Pass:
    """All layers bound for one batch size and phase."""

    def __init__(
        self, forwards: Sequence[Forward], backwards: Sequence[Backward], single: bool
    ) -> None:
        self._forwards = forwards
        self._backwards = backwards
        self._single = single
        self._judge: tuple[Loss, ValueAndGradient] | None = None
        self._to_input: Array | None = None

    @property
    def input_gradient(self) -> Array:
        """Of the latest backpropagation ``(M, B, F)``, where it was bound to go so far."""
        assert self._to_input is not None
        return self._to_input[None] if self._single else self._to_input

    def forward(self, x: Array) -> Array:
        """``x (M, B, F)`` -> raw outputs ``(M, B, K)``, in a buffer that the next pass reuses."""
        raw = self._forward(x[0] if self._single else x)
        return raw[None] if self._single else raw

    def backpropagate(self, x: Array, y: Array, weight: Array | None, loss: Loss) -> Array:
        """Fill the gradients of the batch's loss and return it, ``(M,)``.

        ``y (M, B, K)``, ``weight (M, B, 1)`` or None.
        """
        if self._single:
            x, y, weight = x[0], y[0], weight if weight is None else weight[0]
        raw = self._forward(x)
        if self._judge is None or self._judge[0] is not loss:
            self._judge = loss, loss.bind(raw.shape, raw.dtype)
        value, gradient = self._judge[1](raw, y, weight)
        for backward in self._backwards:
            gradient = backward(gradient)
        self._to_input = gradient
        return value.reshape(-1)

    def _forward(self, x: Array) -> Array:
        for forward in self._forwards:
            x = forward(x)
        return x


class BoundNetwork:
    """A network over one matrix of values and one of gradients."""

    def __init__(self, network: Network, values: Array, grads: Array) -> None:
        self.network = network
        self.values = values
        self.grads = grads
        self._parameters = self._views(values)
        self._gradients = self._views(grads)
        self._passes: dict[tuple[int, int, bool], tuple[Phase | None, Pass]] = {}

    def _views(self, matrix: Array) -> list[Views]:
        views = self.network.layout.views(matrix)
        if len(matrix) == 1:
            for layer in views:
                for name, array in vars(layer).items():
                    setattr(layer, name, array[0])
        return views

    def bind(self, n_rows: int, phase: Phase | None, *, input_gradient: bool = False) -> Pass:
        """The pass for batches of this size.

        Backward ends at the first layer that learns, unless ``input_gradient`` is asked for.
        """
        layers, forwards, backwards = self.network.layers, [], []
        first = next((i for i, layer in enumerate(layers) if layer.slots), 0)
        first = -1 if input_gradient else first
        for index, layer in enumerate(layers):
            site = Site(
                self._parameters[index],
                self._gradients[index],
                len(self.values),
                n_rows,
                self.values.dtype,
                phase,
                need_input=index > first,
            )
            forward, backward = layer.bind(site)
            forwards.append(forward)
            if index >= first:
                backwards.append(backward)
        return Pass(forwards, backwards[::-1], single=len(self.values) == 1)

    def bound(self, n_rows: int, phase: Phase | None, *, input_gradient: bool = False) -> Pass:
        """The same pass each time for the same batch size and phase object."""
        key = (n_rows, id(phase), input_gradient)
        if key not in self._passes:
            bound = self.bind(n_rows, phase, input_gradient=input_gradient)
            self._passes[key] = (phase, bound)
        return self._passes[key][1]

    def infer(self, x: Array) -> Array:
        """Raw outputs as after training; draws nothing."""
        return self.bound(x.shape[1], None).forward(x)

    def costs(self) -> Array | None:
        """What the layers add to the objective ``(M,)``, or None if they add nothing."""
        found = zip(self.network.layers, self._parameters, strict=True)
        costs = [cost for layer, p in found if (cost := layer.cost(p)) is not None]
        return np.sum(costs, axis=0) if costs else None

    def weights(self) -> Sequence[Array]:
        """Each weight matrix ``(M, fan_in, fan_out)``, as views."""
        return [
            self.values[:, column.columns].reshape(-1, *column.slot.shape)
            for column in self.network.layout.named("weight")
        ]
