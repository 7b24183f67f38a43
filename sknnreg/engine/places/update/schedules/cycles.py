"""Step sizes that come back: cycles of whole epochs, each longer than the last by a factor."""

from abc import ABC
from dataclasses import dataclass

import numpy as np

from sknnreg.engine.arrays.stack import Array, PerNetwork, power
from sknnreg.engine.places.update.schedules.base import Progress, Schedule, between, half_cosine


@dataclass(frozen=True)
class Cycles(Schedule, ABC):
    """Cycles of ``period`` epochs, each ``mult`` times as long as the last."""

    floor: PerNetwork
    period: PerNetwork
    mult: PerNetwork

    def part_of_cycle(self, epochs: Array) -> Array:
        """A share of whole epochs: 1 at the last before the next cycle."""
        cycle = _cycle(np.maximum(epochs - 1, 0), self.period, self.mult)
        start, end = (_start(each, self.period, self.mult) for each in (cycle, cycle + 1))
        part: Array = (epochs - start) / (end - start)
        return part

    def ended(self, epochs: Array) -> Array:
        """How many cycles have ended after so many epochs."""
        return _cycle(epochs, self.period, self.mult)

    def place(self, progress: Progress) -> tuple[Array, Array]:
        """The cycle's number ``(..., M)`` and the part of it that is over ``(..., n, M)``."""
        cycle = _cycle(progress.epochs, self.period, self.mult)
        starts = (_start(each, self.period, self.mult) for each in (cycle, cycle + 1))
        start, end = (each[..., None, :] for each in starts)
        return cycle, (progress.time - start) / (end - start)


@dataclass(frozen=True)
class CosineRestarts(Cycles):
    """Within each cycle floor + (1 - floor) (1 + cos(pi f)) / 2 (Loshchilov and Hutter, 2017).

    f in [0, 1) is the part of the cycle that is over.
    """

    def factors(self, progress: Progress) -> Array:
        """From 1 towards the floor, and 1 again."""
        _, fraction = self.place(progress)
        return between(self.floor, half_cosine(fraction))


@dataclass(frozen=True)
class Cyclic(Cycles):
    """Triangles, floor + (1 - floor) decay**i (1 - |2 f - 1|) in cycle i = 0, 1, ... (Smith, 2017).

    f in [0, 1) is the part of the cycle that is over. decay 1 keeps the amplitude, 0.5 halves it.
    """

    decay: PerNetwork

    def factors(self, progress: Progress) -> Array:
        """From the floor up and down again."""
        cycle, fraction = self.place(progress)
        amplitude = progress.throughout(power(self.decay, cycle))
        return between(self.floor, amplitude * (1.0 - np.abs(2.0 * fraction - 1.0)))


def _start(cycle: Array, period: PerNetwork, mult: PerNetwork) -> Array:
    """Epochs before a cycle: the sum of period mult**i up to it, rounded to whole epochs."""
    grows = np.asarray(mult) > 1
    more = np.where(grows, mult, 2.0)
    # Cycles that grow beyond all numbers have no end, and that is right.
    with np.errstate(over="ignore"):
        sums = np.where(grows, (power(more, np.where(grows, cycle, 0)) - 1) / (more - 1), cycle)
    start: Array = np.floor(period * sums + 0.5)
    return start


def _cycle(epochs: Array, period: PerNetwork, mult: PerNetwork) -> Array:
    """The number of the cycle in which a new epoch begins after so many."""
    grows = np.asarray(mult) > 1
    more = np.where(grows, mult, 2.0)
    sums = epochs / np.asarray(period)
    cycle = np.floor(np.where(grows, np.log1p(sums * (more - 1)) / np.log(more), sums))
    # Rounding, of logarithms here and to whole epochs there, moves it by one at most.
    cycle = cycle - (_start(cycle, period, mult) > epochs)
    found: Array = cycle + (_start(cycle + 1, period, mult) <= epochs)
    return found
