"""Step sizes that know how long training is to last.

Past its end, which only a network that goes on training meets, they start over.
"""

from dataclasses import dataclass

import numpy as np

from sknnreg.engine.arrays.stack import Array, PerNetwork
from sknnreg.engine.places.update.schedules.base import Progress, Schedule, between, half_cosine


@dataclass(frozen=True)
class Cosine(Schedule):
    """Floor + (1 - floor) (1 + cos(pi t / T)) / 2 over T epochs (Loshchilov and Hutter, 2017)."""

    floor: PerNetwork
    epochs: PerNetwork

    def factors(self, progress: Progress) -> Array:
        """From 1 towards the floor."""
        return between(self.floor, half_cosine(progress.time % self.epochs / self.epochs))


# The share of training in which the step size stays, before it falls.
FLAT = 0.5


@dataclass(frozen=True)
class FlatCosine(Schedule):
    """1 for half of T epochs, then along half a cosine to the floor (after Holzmüller, 2024)."""

    floor: PerNetwork
    epochs: PerNetwork

    def factors(self, progress: Progress) -> Array:
        """From 1 towards the floor."""
        fraction = progress.time % self.epochs / self.epochs
        return between(self.floor, half_cosine(np.maximum(fraction - FLAT, 0.0) / (1 - FLAT)))


# The share of one cycle in which the step size rises, and the factor from which it does.
RISING = 0.3
LOWEST_START = 1 / 25


@dataclass(frozen=True)
class OneCycle(Schedule):
    """Up along half a cosine for three tenths of T epochs, then down (Smith and Topin, 2019).

    Floor + (1 - floor) g, g from 1/25 to 1 and down to 0.
    """

    floor: PerNetwork
    epochs: PerNetwork

    def factors(self, progress: Progress) -> Array:
        """From near the floor to 1 and back to the floor."""
        fraction = progress.time % self.epochs / self.epochs
        up = between(LOWEST_START, half_cosine(1 - fraction / RISING))
        down = half_cosine((fraction - RISING) / (1 - RISING))
        return between(self.floor, np.where(fraction < RISING, up, down))
