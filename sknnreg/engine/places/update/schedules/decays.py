"""Step sizes that stay or fall without an end in view."""

from dataclasses import dataclass

import numpy as np

from sknnreg.engine.arrays.stack import Array, PerNetwork, power
from sknnreg.engine.places.update.schedules.base import Progress, Schedule


@dataclass(frozen=True)
class Constant(Schedule):
    """1 at every update."""

    def factors(self, progress: Progress) -> Array:
        return progress.throughout(np.ones(progress.updates.shape))


@dataclass(frozen=True)
class InverseScaling(Schedule):
    """(t + 1)**-power_t, t the samples seen before this epoch: MLPClassifier's invscaling."""

    power_t: PerNetwork

    def factors(self, progress: Progress) -> Array:
        """The same factor throughout an epoch."""
        return progress.throughout(power(progress.samples + 1.0, -np.asarray(self.power_t)))


@dataclass(frozen=True)
class Exponential(Schedule):
    """decay**e in epoch e = 0, 1, ..."""

    decay: PerNetwork

    def factors(self, progress: Progress) -> Array:
        """The same factor throughout an epoch."""
        return progress.throughout(power(self.decay, progress.epochs))


@dataclass(frozen=True)
class Step(Schedule):
    """decay**floor(e / period) in epoch e = 0, 1, ..."""

    decay: PerNetwork
    period: PerNetwork

    def factors(self, progress: Progress) -> Array:
        """The same factor throughout an epoch."""
        n_steps = np.floor(progress.epochs / np.asarray(self.period))
        return progress.throughout(power(self.decay, n_steps))
