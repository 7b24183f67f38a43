"""What a layer is: a frozen configuration, columns, and a forward that returns its backward."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from sknnreg.engine.matrix import Slot, Views
from sknnreg.engine.scratch import Scratch
from sknnreg.engine.stack import Array
from sknnreg.engine.streams import Streams

# backward(grad_y, g, need_input) -> grad_x: fills the gradients ``g``; may overwrite ``grad_y``.
# Where ``need_input`` is false nothing in front learns, and what is returned is not read.
Backward: TypeAlias = Callable[[Array, Views, bool], Array]


@dataclass(frozen=True)
class Phase:
    """How a training pass differs from inference (which has no phase at all).

    ``streams`` draws (None: nothing is drawn); ``weight (M, B, 1)`` are the sample weights of the
    batch divided by their sum ``(M, 1, 1)`` in ``total`` (None: every row counts alike);
    ``cumulative`` asks running statistics to average all batches alike.
    """

    streams: Streams | None = None
    weight: Array | None = None
    total: Array | None = None
    cumulative: bool = False


@dataclass(frozen=True)
class Layer(ABC):
    """A map of signals ``(M, B, F)``; its arrays live in the matrix, its buffers in a scratch."""

    @property
    def slots(self) -> tuple[Slot, ...]:
        """The columns the layer needs."""
        return ()

    def initialize(self, p: Views, streams: Streams) -> None:
        """Fill the layer's arrays with their starting values."""
        return None

    @abstractmethod
    def forward(
        self, p: Views, x: Array, phase: Phase | None, scratch: Scratch
    ) -> tuple[Array, Backward]:
        """``x (M, B, F)`` -> ``y`` and the closure that backpropagates; never writes to ``x``."""

    def affine(self, p: Views) -> tuple[Array, Array] | None:
        """(scale, shift) if at inference the layer is y = scale x + shift per unit, else None."""
        return None


def pass_back(grad_y: Array, g: Views, need_input: bool) -> Array:
    """The backward of a layer that lets its input through."""
    return grad_y
