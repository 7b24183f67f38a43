"""Place 5, update: the step size as a pure function of progress."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from sknnreg.engine.stack import Array, PerNetwork


class Progress(NamedTuple):
    """Where an epoch of ``n_updates`` updates starts, now or later on; arrays ``(M,)``."""

    updates: Array
    samples: Array
    n_updates: int


@dataclass(frozen=True)
class Schedule(ABC):
    """Progress -> factor on ``learning_rate_init``."""

    @abstractmethod
    def factors(self, progress: Progress) -> Array:
        """The factors of the epoch's updates ``(n_updates, M)``."""


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
        factor = (progress.samples + 1.0) ** -np.asarray(self.power_t)
        return np.broadcast_to(factor, (progress.n_updates, len(factor)))
