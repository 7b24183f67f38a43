"""What a transform is: a pair of init and update with explicit state, after optax."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, TypeAlias

import numpy as np

from sknnreg.engine.arrays.stack import Array, PerNetwork, broadcastable
from sknnreg.engine.arrays.streams import Streams

State: TypeAlias = dict[str, Array]
Coefficients: TypeAlias = tuple[Array, ...]


class Steps(NamedTuple):
    """Updates to come: their numbers from 1 and their step sizes, ``(n_updates, M)``.

    ``factor`` is what the step sizes are of the largest; None where nothing goes by it.
    """

    number: Array
    learning_rate: Array
    factor: Array | None = None

    def between(self, first: int, last: int) -> "Steps":
        """Some of them."""
        factor = None if self.factor is None else self.factor[first:last]
        return Steps(self.number[first:last], self.learning_rate[first:last], factor)

    def against_rate(self, value: PerNetwork, lowest: PerNetwork) -> Array:
        """From a value, at a step size of 0, to a lower one at the largest step size."""
        highest = np.broadcast_to(per_step(value), self.number.shape)
        if self.factor is None:
            return highest
        fall: Array = np.maximum(highest - per_step(lowest), 0) * self.factor
        return highest - fall


def per_step(value: PerNetwork) -> Array:
    """Numbers ``(M,)`` to reckon with arrays ``(n_updates, M)``."""
    return broadcastable(np.asarray(value, dtype=np.float64), 1)


@dataclass(frozen=True)
class Transform:
    """A map of updates ``(M, P)``, in place; it starts as the gradient and ends as the step."""

    # Whether it concerns the weight columns only, not biases and their kin.
    weights_only: ClassVar[bool] = False

    @property
    def active(self) -> bool | np.ndarray[Any, Any]:
        """Which networks' updates it changes at all."""
        return True

    def init(self, values: Array) -> State:
        """The state ``(M, P)`` arrays that go along with the columns of ``values``."""
        return {}

    def constants(self) -> Coefficients:
        """Numbers ``(M,)`` that every update needs."""
        return ()

    def coefficients(self, steps: Steps) -> Coefficients:
        """Numbers ``(n_updates, M)`` that single updates need, for many at once."""
        return ()


@dataclass(frozen=True)
class BlockTransform(Transform, ABC):
    """A transform that may go block by block of columns."""

    def step_size(self, state: State, coefficients: Coefficients) -> Array | None:
        """What a lasting gradient is multiplied by, broadcasting against the updates.

        None from what is not an optimizer.
        """
        return None

    @abstractmethod
    def update(
        self, updates: Array, state: State, values: Array, coefficients: Coefficients, work: Array
    ) -> None:
        """Change ``updates`` in place; ``work`` is scratch.

        ``coefficients``: the constants and this update's, to broadcast against ``updates``.
        """


@dataclass(frozen=True)
class WholeTransform(Transform, ABC):
    """A transform that needs all columns at once, or draws."""

    @abstractmethod
    def update_whole(
        self, updates: Array, coefficients: Coefficients, streams: Streams, work: Array
    ) -> Array | None:
        """Change ``updates (M, P)`` in place; ``work`` is scratch of the same shape.

        Returns what it multiplied them by ``(M, 1)``, None for 1: whatever else pulls at the
        weights has to be multiplied by it too, or another objective is minimized.
        """
