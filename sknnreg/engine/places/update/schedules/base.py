"""What a schedule is: progress in, factors on the step size out."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from sknnreg.engine.arrays.stack import Array


class Progress(NamedTuple):
    """Where epochs of ``n_updates`` updates over ``n_rows`` rows start, now or later on.

    What went before, arrays ``(..., M)``, any number of epochs in front: epochs, updates and the
    rows of all these epochs.
    """

    epochs: Array
    updates: Array
    samples: Array
    n_updates: int
    n_rows: int

    def later(self, epochs: Any) -> "Progress":
        """The same so many epochs later; before the first it is the first."""
        return self._replace(
            epochs=np.maximum(self.epochs + epochs, 0),
            updates=np.maximum(self.updates + epochs * self.n_updates, 0),
            samples=np.maximum(self.samples + epochs * self.n_rows, 0),
        )

    @property
    def time(self) -> Array:
        """The updates' places in epochs ``(..., n_updates, M)``: 2.5 is the third's middle."""
        within: Array = np.arange(self.n_updates)[:, None] / self.n_updates
        return self.epochs[..., None, :] + within

    def throughout(self, factor: Array) -> Array:
        """An epoch's factor ``(..., M)`` for all of its updates ``(..., n_updates, M)``."""
        shape = (*factor.shape[:-1], self.n_updates, factor.shape[-1])
        return np.broadcast_to(factor[..., None, :], shape)


@dataclass(frozen=True)
class Schedule(ABC):
    """Progress -> factor on ``learning_rate_init``."""

    @property
    def portable(self) -> bool:
        """Whether it can be sent to another process, which knows nothing but the engine."""
        return True

    @abstractmethod
    def factors(self, progress: Progress) -> Array:
        """The factors of the epochs' updates ``(..., n_updates, M)``."""

    def part_of_cycle(self, epochs: Array) -> Array:
        """The part of its cycle ``(M,)`` that is over with the epoch that makes it so many.

        In (0, 1], and 0 outside of cycles.
        """
        return np.zeros(np.shape(epochs))

    def ends_cycle(self, epochs: Array) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Whether a cycle ends with the epoch that makes it so many, ``(M,)``."""
        ends: np.ndarray[Any, np.dtype[np.bool_]] = self.part_of_cycle(epochs) == 1
        return ends


def between(floor: Any, height: Array) -> Array:
    """Floor + (1 - floor) height."""
    scaled: Array = floor + (1.0 - floor) * height
    return scaled


def half_cosine(fraction: Array) -> Array:
    """From 1 at fraction 0 down to 0 at fraction 1, (1 + cos(pi f)) / 2."""
    falling: Array = 0.5 * (1.0 + np.cos(np.pi * fraction))
    return falling
