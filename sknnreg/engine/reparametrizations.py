"""Place 3, weights in use: what happens to the weights on their way into a product."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from sknnreg.engine.matrix import Views
from sknnreg.engine.stack import Array, PerNetwork, per_network
from sknnreg.engine.streams import Streams

# The generators of the pass under way.
Draws: TypeAlias = Callable[[], Streams]


class BoundWeights(NamedTuple):
    """The weights in use for a pass, and the way of their gradient back to what is trained.

    ``forward()`` gives the weights ``(M, n_in, n_out)``; ``backward()`` turns ``g.weight`` from the
    gradient by the weights in use into that by the layer's own.
    """

    forward: Callable[[], Array]
    backward: Callable[[], None]


@dataclass(frozen=True)
class Reparametrization(ABC):
    """A map from the weights that are trained to the weights in use, ``(M, n_in, n_out)``."""

    @property
    def active(self) -> bool | np.ndarray[Any, Any]:
        """Which networks it changes at all."""
        return True

    @abstractmethod
    def bind(
        self, source: Callable[[], Array], name: str, p: Views, g: Views, draws: Draws
    ) -> BoundWeights:
        """Map the weights of ``source()``, drawing for the layer ``name``."""


@dataclass(frozen=True)
class WeightNoise(Reparametrization):
    """W + s N(0, 1), drawn anew for each batch (An, 1996); the clean weights are updated."""

    std: PerNetwork

    @property
    def active(self) -> bool | np.ndarray[Any, Any]:
        """Off at s = 0."""
        return np.asarray(self.std) > 0

    def bind(
        self, source: Callable[[], Array], name: str, p: Views, g: Views, draws: Draws
    ) -> BoundWeights:
        """The noise does not depend on W: its gradient passes unchanged."""
        noise = np.empty(p.weight.shape, p.weight.dtype)
        std = per_network(self.std, noise)

        def forward() -> Array:
            streams = draws()
            streams.normal(f"weight_noise {name}", noise.reshape(len(streams.seeds), -1))
            np.multiply(noise, std, out=noise)
            return np.add(noise, source(), out=noise)

        return BoundWeights(forward, lambda: None)


def bind_weights(
    members: Sequence[Reparametrization], name: str, p: Views, g: Views, draws: Draws
) -> BoundWeights:
    """All members in turn, W first; backward runs them in reverse."""
    source: Callable[[], Array] = lambda: p.weight  # noqa: E731
    bound: list[BoundWeights] = []
    for member in members:
        bound.append(member.bind(source, name, p, g, draws))
        source = bound[-1].forward

    def backward() -> None:
        for each in reversed(bound):
            each.backward()

    return BoundWeights(source, backward)
