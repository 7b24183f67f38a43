"""Place 3, weights in use: what happens to the weights on their way into a product."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from sknnreg.engine.matrix import Views
from sknnreg.engine.scratch import Scratch
from sknnreg.engine.stack import Array, PerNetwork, per_network
from sknnreg.engine.streams import Streams

# Turns ``g.weight`` from the gradient by the weights in use into that by the layer's own.
WeightBackward: TypeAlias = Callable[[Views], None]


@dataclass(frozen=True)
class Reparametrization(ABC):
    """A map from the weights that are trained to the weights in use, ``(M, n_in, n_out)``."""

    @property
    def active(self) -> bool | np.ndarray:
        """Which networks it changes at all."""
        return True

    @abstractmethod
    def effective(
        self, p: Views, weight: Array, name: str, streams: Streams, scratch: Scratch
    ) -> tuple[Array, WeightBackward]:
        """The weights in use, from the stream of the layer ``name``, and their backward."""


@dataclass(frozen=True)
class WeightNoise(Reparametrization):
    """W + s N(0, 1), drawn anew for each batch (An, 1996); the clean weights are updated."""

    std: PerNetwork

    @property
    def active(self) -> bool | np.ndarray:
        """Off at s = 0."""
        return np.asarray(self.std) > 0

    def effective(
        self, p: Views, weight: Array, name: str, streams: Streams, scratch: Scratch
    ) -> tuple[Array, WeightBackward]:
        """The noise does not depend on W: its gradient passes unchanged."""
        noise = streams.normal(f"weight_noise {name}", scratch("weight_noise", weight.shape))
        noise *= per_network(self.std, noise)
        noise += weight
        return noise, lambda g: None


def weights_in_use(
    members: tuple[Reparametrization, ...], p: Views, name: str, streams: Streams, scratch: Scratch
) -> tuple[Array, WeightBackward]:
    """All members in turn, W first; the backward runs them in reverse."""
    weight, tape = p.weight, []
    for member in members:
        weight, backward = member.effective(p, weight, name, streams, scratch)
        tape.append(backward)

    def run_back(g: Views) -> None:
        for backward in reversed(tape):
            backward(g)

    return weight, run_back
