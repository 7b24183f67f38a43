"""A linear start in front of any schedule."""

from dataclasses import dataclass

import numpy as np

from sknnreg.engine.arrays.stack import Array, PerNetwork
from sknnreg.engine.places.update.schedules.base import Progress, Schedule


@dataclass(frozen=True)
class WarmUp(Schedule):
    """(t + 1) / n at the first n updates, t = 0, 1, ..., then the schedule from its start.

    n is the number of updates in ``epochs`` epochs (Goyal et al., 2017).
    """

    epochs: PerNetwork
    then: Schedule

    @property
    def portable(self) -> bool:
        return self.then.portable

    def factors(self, progress: Progress) -> Array:
        """The schedule that follows begins when the warm-up is over."""
        length = np.asarray(self.epochs)
        if not length.any():
            return self.then.factors(progress)
        then = self.then.factors(progress.later(-length))
        ramp = (progress.time + 1.0 / progress.n_updates) / np.maximum(length, 1.0)
        return np.where(progress.throughout(progress.epochs < length), ramp, then)

    def part_of_cycle(self, epochs: Array) -> Array:
        return self.then.part_of_cycle(np.maximum(epochs - np.asarray(self.epochs), 0))
