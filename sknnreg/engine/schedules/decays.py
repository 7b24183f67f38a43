"""Step sizes that stay or fall without an end in view."""

from dataclasses import dataclass

import numpy as np

from sknnreg.engine.schedules.base import Progress, Schedule
from sknnreg.engine.stack import Array, PerNetwork


@dataclass(frozen=True)
class Constant(Schedule):
    """1 at every update."""

    def factors(self, progress: Progress) -> Array:
        """Ones."""
        return np.ones((progress.n_updates, len(progress.updates)))


@dataclass(frozen=True)
class InverseScaling(Schedule):
    """(t + 1)**-power_t, t the samples seen before this epoch: MLPClassifier's invscaling."""

    power_t: PerNetwork

    def factors(self, progress: Progress) -> Array:
        """The same factor throughout an epoch."""
        return _throughout(progress, (progress.samples + 1.0) ** -np.asarray(self.power_t))


@dataclass(frozen=True)
class Exponential(Schedule):
    """decay**e in epoch e = 0, 1, ..."""

    decay: PerNetwork

    def factors(self, progress: Progress) -> Array:
        """The same factor throughout an epoch."""
        return _throughout(progress, np.asarray(self.decay) ** progress.epochs)


@dataclass(frozen=True)
class Step(Schedule):
    """decay**floor(e / period) in epoch e = 0, 1, ..."""

    decay: PerNetwork
    period: PerNetwork

    def factors(self, progress: Progress) -> Array:
        """The same factor throughout an epoch."""
        n_steps = np.floor(progress.epochs / np.asarray(self.period))
        return _throughout(progress, np.asarray(self.decay) ** n_steps)


def _throughout(progress: Progress, factor: Array) -> Array:
    return np.broadcast_to(factor, (progress.n_updates, len(progress.updates)))
