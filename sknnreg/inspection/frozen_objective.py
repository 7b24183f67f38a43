"""The objective of networks at one batch, its draws frozen: a function to take differences of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from sknnreg.engine.arrays.batches import Batch
from sknnreg.engine.arrays.stack import Array
from sknnreg.engine.arrays.streams import Streams, Tape
from sknnreg.engine.loop.adversarial import backpropagate_adversarial
from sknnreg.engine.loop.bound_network import BoundNetwork
from sknnreg.engine.places.data import bind_augmentations
from sknnreg.engine.places.objective.penalties import Penalty
from sknnreg.engine.places.signal.base import Phase
from sknnreg.engine.places.signal.network import Network
from sknnreg.engine.problem import Recipe, stacked


class FrozenObjective:
    """J of M networks ``(M,)`` at one batch with the draws frozen.

    ``columns`` are those of each trained array by name, ``trained (M, n)`` all their numbers.
    """

    def __init__(self, recipe: Recipe, values: Array, batch: Batch, draws: Tape) -> None:
        self._recipe, self._batch, self._draws = recipe, batch, draws
        self._stack = stacked([recipe] * len(values))
        network = self._stack.network
        self.columns = _trained(network)
        self._values = values
        self._weights = values[:, : network.layout.n_weights]
        self.trained = values[:, : network.layout.n_trainable]
        self._gradient = np.zeros_like(self.trained)
        self._network = BoundNetwork(network, values, self._gradient)
        self._phase = Phase(draws)
        self._phase.weigh(batch.share, batch.total, batch.mass)
        self._pass = self._network.bind(batch.x.shape[1], self._phase)
        self._judge = self._stack.loss.bind((*batch.x.shape[:2], batch.y.shape[2]), np.float64)
        _check_finite(self._value())

    @classmethod
    def at_start(cls, recipe: Recipe, batch: Batch, seeds: Sequence[int]) -> FrozenObjective:
        """Of networks near where training starts, at the batch as augmentations leave it."""
        whole = stacked([recipe] * len(seeds))
        streams = Streams(seeds)
        values = whole.network.initialize(streams, np.dtype(np.float64))
        for columns in _trained(whole.network).values():
            _leave_start(values[:, columns], streams)
        augment = bind_augmentations((), whole.augmentations, batch.x.shape, np.float64)
        x, y = augment(batch.x, batch.y, streams, batch.share)
        return cls(recipe, values, Batch(x, y, *batch[2:]), Tape(streams))

    def copied(self, n: int) -> FrozenObjective:
        """The same of ``n`` copies of the stack in one: M is ``n`` times as large."""

        def repeated(array: Array) -> Array:
            return np.concatenate([array] * n)

        x, y, *weights = self._batch
        batch = Batch(repeated(x), repeated(y), *(w if w is None else repeated(w) for w in weights))
        return FrozenObjective(self._recipe, repeated(self._values), batch, self._draws.copied(n))

    def along(self, directions: Array) -> Callable[[float], Array]:
        """J as a function of the way along a direction ``(M, n)`` for each network."""

        def value(way: float) -> Array:
            at = self.trained.copy()
            self.trained[...] += way * directions
            found = self._value()
            self.trained[...] = at
            return found

        return value

    def gradient(self) -> Array:
        """The gradient ``(M, n)`` by backpropagation."""
        self._differentiate()
        exact = self._gradient.copy()
        by_weight = exact[:, : self._weights.shape[1]]
        for penalty in self._penalties:
            penalty.add_gradient(self._weights, by_weight, np.empty_like(by_weight))
        return exact

    @property
    def _penalties(self) -> list[Penalty]:
        return [penalty for penalty in self._stack.penalties if not penalty.proximal]

    def _value(self) -> Array:
        """J ``(M,)``; of what is differentiated only where J itself needs it."""
        if self._stack.adversarial:
            value = self._differentiate()
        else:
            raw = self._pass.forward(self._batch.x)
            value = self._judge(raw, self._batch.y, self._batch.weight)[0][:, 0, 0]
            self._draws.rewind()
        costs = self._network.costs()
        total: Array = value + (0.0 if costs is None else costs)
        for penalty in self._penalties:
            total = total + penalty.value(self._weights)
        return total

    def _differentiate(self) -> Array:
        """The data term ``(M,)``; its gradients are filled."""
        loss, batch = self._stack.loss, self._batch
        if self._stack.adversarial:
            (member,) = self._stack.adversarial
            value = backpropagate_adversarial(member, self._network, self._phase, batch, loss)
        else:
            value = self._pass.backpropagate(batch.x, batch.y, batch.weight, loss)
        # The first evaluation draws; from then on the same draws are given out again.
        self._draws.rewind()
        return value


def _leave_start(block: Array, streams: Streams) -> None:
    """Move an array's numbers ``(M, n)``: at a gamma of 1 and a beta of 0 many errors hide."""
    for row, generator in zip(block, streams.generators("gradient check start"), strict=True):
        size = min(float(np.sqrt(np.mean(np.square(row)))), 1.0) or 1.0
        sign = generator.choice([-1.0, 1.0], len(row))
        row += size * sign * generator.uniform(0.1, 0.3, len(row))


def _check_finite(value: Array) -> None:
    if not np.isfinite(value).all():
        raise ValueError(
            f"There is nothing to compare: the objective is {value[0]} at these rows. "
            "Bring X and y to sizes near 1, X by standardize=True."
        )


def _trained(network: Network) -> dict[str, slice]:
    """The columns of each trained array by name: the layer's kind and number, the array."""
    seen: Counter[str] = Counter()
    numbers = []
    for layer in network.layers:
        kind = type(layer).__name__
        numbers.append(f"{kind} {seen[kind]}")
        seen[kind] += 1
    trained = [column for column in network.layout.columns if column.slot.role != "buffer"]
    return {
        f"{numbers[column.layer]} {column.slot.name}": column.columns
        for column in sorted(trained, key=lambda column: column.layer)
    }
