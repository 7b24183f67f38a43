"""The objective of a network at one batch, its draws frozen: a function to take differences of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from sknnreg.engine.arrays.batches import Batch
from sknnreg.engine.arrays.stack import Array
from sknnreg.engine.arrays.streams import Streams, Tape, spawn
from sknnreg.engine.loop.adversarial import backpropagate_adversarial
from sknnreg.engine.loop.bound_network import BoundNetwork
from sknnreg.engine.places.data import bind_augmentations
from sknnreg.engine.places.objective.penalties import Penalty
from sknnreg.engine.places.signal.base import Phase
from sknnreg.engine.places.signal.network import Network
from sknnreg.engine.problem import Recipe, stacked
from sknnreg.inspection.differences import derivative

# Below it rounding hides what a difference could tell.
SMALLEST_STEP = 1e-8
# Directions of all entries at once, for an array of which only some are compared one by one.
N_MIXED = 4
# A share of the weights that moves them by a few of their last bits.
NEXT_TO_NOTHING = 1e-14


class FrozenObjective:
    """J of M networks ``(M,)`` at one batch with the draws frozen."""

    def __init__(self, recipe: Recipe, batch: Batch, seeds: Sequence[int]) -> None:
        self._recipe = stacked([recipe] * len(seeds))
        network = self._recipe.network
        streams = Streams(seeds)
        self._columns = _trained(network)
        self._values = network.initialize(streams, np.dtype(np.float64))
        self._layout = network.layout
        self._leave_start(streams)
        self._gradient = np.zeros((len(seeds), self._layout.n_trainable))
        self._network = BoundNetwork(network, self._values, self._gradient)
        augment = bind_augmentations((), self._recipe.augmentations, batch.x.shape, np.float64)
        x, y = augment(batch.x, batch.y, streams, batch.share)
        self._batch = Batch(x, y, *batch[2:])
        self._draws = Tape(streams)
        self._phase = Phase(self._draws)
        self._phase.weigh(batch.share, batch.total, batch.mass)
        self._pass = self._network.bind(x.shape[1], self._phase)
        self._choices = spawn(seeds[0], "gradient check")
        _check_finite(self._evaluate())

    def errors(self, step: float, max_entries: int) -> dict[str, float]:
        """The relative error of each trained array, the largest of all networks."""
        exact = self._exact()
        noise = self._noise()
        errors = {}
        for name, columns in self._columns.items():
            largest = 0.0
            for direction in self._directions(columns, max_entries):
                along = np.vecdot(exact[:, columns], direction)
                line = self._line(columns, direction)
                largest = max(largest, _error(line, along, step, noise))
            errors[name] = largest
        return errors

    def _leave_start(self, streams: Streams) -> None:
        """Move every trained number: at a gamma of 1 and a beta of 0 many errors do not show."""
        for row, generator in zip(
            self._values, streams.generators("gradient check start"), strict=True
        ):
            for columns in self._columns.values():
                block = row[columns]
                size = min(float(np.sqrt(np.mean(np.square(block)))), 1.0) or 1.0
                sign = generator.choice([-1.0, 1.0], len(block))
                block += size * sign * generator.uniform(0.1, 0.3, len(block))

    def _directions(self, columns: slice, max_entries: int) -> Iterator[Array]:
        """Directions ``(M, n)`` of length 1 in a block of columns.

        Entries one by one. If there are too many, some of them and directions in which all have a
        part.
        """
        shape = len(self._values), columns.stop - columns.start
        places = np.arange(shape[1])
        if shape[1] > max_entries:
            places = self._choices.choice(places, max_entries, replace=False)
            for _ in range(N_MIXED):
                yield self._choices.choice([-1.0, 1.0], shape) / np.sqrt(shape[1])
        for place in places:
            entry = np.zeros(shape)
            entry[:, place] = 1
            yield entry

    def _line(self, columns: slice, direction: Array) -> Callable[[float], Array]:
        """J as a function of the way along a direction."""

        def value(way: float) -> Array:
            at = self._values[:, columns].copy()
            self._values[:, columns] += way * direction
            found = self._evaluate()
            self._values[:, columns] = at
            return found

        return value

    def _noise(self) -> Array:
        """What rounding can change in J, ``(M,)``: second differences over next to no way.

        The moves are so small that curvature has no part in them.
        """
        everything = slice(0, self._layout.n_trainable)
        direction = self._values[:, everything] * self._choices.choice(
            [-1.0, 1.0], (len(self._values), everything.stop)
        )
        line = self._line(everything, direction)
        near = np.array([line(number * NEXT_TO_NOTHING) for number in range(-5, 6)])
        rounding = np.abs(np.diff(near, 2, axis=0)).max(axis=0)
        noise: Array = 2 * np.maximum(rounding, 2 * np.finfo(np.float64).eps * np.abs(near[0]))
        return noise

    def _exact(self) -> Array:
        """The gradient ``(M, n)`` by backpropagation."""
        self._evaluate()
        exact = self._gradient.copy()
        weights = self._values[:, : self._layout.n_weights]
        by_weight = exact[:, : self._layout.n_weights]
        for penalty in self._penalties:
            penalty.add_gradient(weights, by_weight, np.empty_like(weights))
        return exact

    @property
    def _penalties(self) -> list[Penalty]:
        return [penalty for penalty in self._recipe.penalties if not penalty.proximal]

    def _evaluate(self) -> Array:
        """J ``(M,)``; the data term's gradients are filled."""
        recipe, batch = self._recipe, self._batch
        if recipe.adversarial:
            (member,) = recipe.adversarial
            value = backpropagate_adversarial(
                member, self._network, self._phase, batch, recipe.loss
            )
        else:
            value = self._pass.backpropagate(batch.x, batch.y, batch.weight, recipe.loss)
        # The first evaluation draws; from then on the same draws are given out again.
        self._draws.rewind()
        weights = self._values[:, : self._layout.n_weights]
        costs = self._network.costs()
        total: Array = value + (0.0 if costs is None else costs)
        for penalty in self._penalties:
            total = total + penalty.value(weights)
        return total


def _check_finite(value: Array) -> None:
    if not np.isfinite(value).all():
        raise ValueError(
            f"There is nothing to compare: the objective is {value[0]} at these rows. "
            "Bring X and y to sizes near 1, X by standardize=True."
        )


def _error(line: Callable[[float], Array], exact: Array, step: float, noise: Array) -> float:
    """max(|a - e| - u, 0) / (|a| + |e|) of the worst network.

    Large steps pass over a kink so slight that they do not see it. What they find wrong is tried
    again with smaller steps, until these cannot tell: an error stays, what a kink does goes away.
    """
    if not np.isfinite(exact).all():
        return np.inf
    found, bound = derivative(line, step, noise)
    distance, error = np.abs(found - exact), _beyond(found, exact, bound)
    telling = error > 0
    while telling.any() and step > SMALLEST_STEP:
        step /= 8
        found, bound = derivative(line, step, noise)
        telling &= bound < distance / 2
        gone = telling & (np.abs(found - exact) < distance / 2)
        error = np.where(gone, np.minimum(error, _beyond(found, exact, bound)), error)
        distance = np.where(gone, np.abs(found - exact), distance)
        telling &= error > 0
    return float(error.max())


def _beyond(found: Array, exact: Array, bound: Array) -> Array:
    """The relative errors ``(M,)`` without what the difference's bound explains."""
    scale = np.maximum(np.abs(found) + np.abs(exact), np.finfo(np.float64).tiny)
    relative: Array = np.maximum(np.abs(found - exact) - bound, 0.0) / scale
    return relative


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
