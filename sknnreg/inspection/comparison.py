"""Backpropagation against differences, along many directions side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice

import numpy as np

from sknnreg.engine.arrays.batches import Batch
from sknnreg.engine.arrays.stack import Array
from sknnreg.engine.arrays.streams import spawn
from sknnreg.engine.problem import Recipe
from sknnreg.inspection.differences import derivative
from sknnreg.inspection.frozen_objective import FrozenObjective

# Below it rounding hides what a difference could tell.
SMALLEST_STEP = 1e-8
# Directions of all entries at once, for an array of which only some are compared one by one.
N_MIXED = 4
# A share of the weights that moves them by a few of their last bits.
NEXT_TO_NOTHING = 1e-14
# Copies of the networks in a stack, each moved in a direction of its own: as many as that, but no
# more than hold so many numbers.
MOST_COPIES, COPIED_NUMBERS = 32, 1 << 20


def gradient_errors(
    recipe: Recipe, batch: Batch, seeds: Sequence[int], step: float, max_entries: int
) -> dict[str, float]:
    """The relative error of each trained array by name, the largest of all networks."""
    objective = FrozenObjective.at_start(recipe, batch, seeds)
    n_copies = _number_of_copies(recipe, batch, objective.trained.size)
    copies = objective.copied(n_copies)
    choices = spawn(seeds[0], "gradient check")
    exact, noise = objective.gradient(), np.tile(_noise(objective, choices), n_copies)
    errors = dict.fromkeys(objective.columns, 0.0)
    waiting = _directions(objective, max_entries, choices)
    while group := list(islice(waiting, n_copies)):
        # Copies that are left over move nowhere.
        directions = np.zeros((n_copies, *exact.shape))
        along = np.zeros((n_copies, len(exact)))
        for place, (name, direction) in enumerate(group):
            columns = objective.columns[name]
            directions[place, :, columns] = direction
            along[place] = np.vecdot(exact[:, columns], direction)
        line = copies.along(directions.reshape(copies.trained.shape))
        found = _errors(line, along.reshape(-1), step, noise).reshape(along.shape)
        for (name, _), error in zip(group, found.max(axis=1), strict=False):
            errors[name] = max(errors[name], float(error))
    return errors


def _number_of_copies(recipe: Recipe, batch: Batch, n_trained: int) -> int:
    """Of all networks ``(M,)`` together."""
    weights = recipe.network.layout.named("weight")
    units = batch.x.shape[2] + sum(column.slot.shape[1] for column in weights)
    numbers: int = n_trained + batch.x.shape[0] * batch.x.shape[1] * units
    return max(1, min(MOST_COPIES, COPIED_NUMBERS // numbers))


def _directions(
    objective: FrozenObjective, max_entries: int, choices: np.random.Generator
) -> Iterator[tuple[str, Array]]:
    """Arrays by name, and directions ``(M, n)`` of length 1 among their columns.

    Entries one by one. If there are too many, some of them and directions in which all have a
    part.
    """
    for name, columns in objective.columns.items():
        shape = len(objective.trained), columns.stop - columns.start
        places = np.arange(shape[1])
        if shape[1] > max_entries:
            places = choices.choice(places, max_entries, replace=False)
            for _ in range(N_MIXED):
                yield name, choices.choice([-1.0, 1.0], shape) / np.sqrt(shape[1])
        for place in places:
            entry = np.zeros(shape)
            entry[:, place] = 1
            yield name, entry


def _noise(objective: FrozenObjective, choices: np.random.Generator) -> Array:
    """What rounding can change in J, ``(M,)``: second differences over next to no way.

    The moves are so small that curvature has no part in them.
    """
    line = objective.along(objective.trained * choices.choice([-1.0, 1.0], objective.trained.shape))
    near = np.array([line(number * NEXT_TO_NOTHING) for number in range(-5, 6)])
    rounding = np.abs(np.diff(near, 2, axis=0)).max(axis=0)
    noise: Array = 2 * np.maximum(rounding, 2 * np.finfo(np.float64).eps * np.abs(near[0]))
    return noise


def _errors(line: Callable[[float], Array], exact: Array, step: float, noise: Array) -> Array:
    """max(|a - e| - u, 0) / (|a| + |e|) of each network ``(M,)``, infinite where e is no number.

    Large steps pass over a kink so slight that they do not see it. What they find wrong is tried
    again with smaller steps, until these cannot tell: an error stays, what a kink does goes away.
    """
    is_number = np.isfinite(exact)
    exact = np.where(is_number, exact, 0.0)
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
    return np.where(is_number, error, np.inf)


def _beyond(found: Array, exact: Array, bound: Array) -> Array:
    """The relative errors ``(M,)`` without what the difference's bound explains."""
    scale = np.maximum(np.abs(found) + np.abs(exact), np.finfo(np.float64).tiny)
    relative: Array = np.maximum(np.abs(found - exact) - bound, 0.0) / scale
    return relative
