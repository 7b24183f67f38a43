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
    """Updates to come: their numbers from 1 and their step sizes, ``(n_updates, M)``."""

    number: Array
    learning_rate: Array


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
