"""Place 3, weights in use: what happens to the weights on their way into a product."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from sknnreg.engine.arrays.matrix import Slot, Views
from sknnreg.engine.arrays.stack import Array, PerNetwork, broadcastable, per_network
from sknnreg.engine.arrays.streams import LEVELS, Streams, keep_levels

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

    def slots(self, n_in: int, n_out: int) -> tuple[Slot, ...]:
        """The columns it needs beside the weights."""
        return ()

    def initialize(self, p: Views) -> None:
        """Fill them, given the weights' starting values."""
        return None

    @property
    def active(self) -> bool | np.ndarray[Any, Any]:
        """Which networks it changes at all."""
        return True

    @abstractmethod
    def bind(
        self, source: Callable[[], Array], name: str, p: Views, g: Views, draws: Draws | None
    ) -> BoundWeights:
        """Map the weights of ``source()``, drawing for the layer ``name``; None is inference."""


@dataclass(frozen=True)
class WeightNoise(Reparametrization):
    """W + s N(0, 1), drawn anew for each batch (An, 1996); the clean weights are updated."""

    std: PerNetwork

    @property
    def active(self) -> bool | np.ndarray[Any, Any]:
        """Off at s = 0."""
        return np.asarray(self.std) > 0

    def bind(
        self, source: Callable[[], Array], name: str, p: Views, g: Views, draws: Draws | None
    ) -> BoundWeights:
        """The noise does not depend on W: its gradient passes unchanged."""
        if draws is None:
            return BoundWeights(source, lambda: None)
        noise = np.empty(p.weight.shape, p.weight.dtype)
        std = per_network(self.std, noise)

        def forward() -> Array:
            streams = draws()
            streams.normal(f"weight_noise {name}", noise.reshape(len(streams.seeds), -1))
            np.multiply(noise, std, out=noise)
            return np.add(noise, source(), out=noise)

        return BoundWeights(forward, lambda: None)


@dataclass(frozen=True)
class DropConnect(Reparametrization):
    """W R, R ~ Bernoulli(1 - p) per weight, drawn anew for each batch (Wan et al., 2013).

    At inference W (1 - p), the mean. Probabilities are rounded to multiples of 2**-16.
    """

    rate: PerNetwork

    @property
    def active(self) -> bool | np.ndarray[Any, Any]:
        """Off at p = 0."""
        return np.asarray(self.rate) > 0

    def bind(
        self, source: Callable[[], Array], name: str, p: Views, g: Views, draws: Draws | None
    ) -> BoundWeights:
        """Only what was in use has a gradient."""
        if draws is None:
            return self._bind_mean(source, p, g)
        weight: Array = np.empty_like(p.weight)
        kept = np.empty(p.weight.shape, np.bool_)
        n_draws = int(np.prod(weight.shape[-2:]))
        words = np.empty((weight.size // n_draws, -(-n_draws // 4)), np.uint64)
        levels = words.view(np.uint16)[:, :n_draws].reshape(weight.shape)
        last = broadcastable((self._levels - 1).astype(np.uint16), 3)

        def forward() -> Array:
            draws().bits(f"drop_connect {name}", words)
            np.less_equal(levels, last, out=kept)
            return np.multiply(source(), kept, out=weight)

        def backward() -> None:
            np.multiply(g.weight, kept, out=g.weight)

        return BoundWeights(forward, backward)

    def _bind_mean(self, source: Callable[[], Array], p: Views, g: Views) -> BoundWeights:
        weight = np.empty_like(p.weight)
        keep = per_network(self.kept, weight)

        def backward() -> None:
            np.multiply(g.weight, keep, out=g.weight)

        return BoundWeights(lambda: np.multiply(source(), keep, out=weight), backward)

    @property
    def kept(self) -> np.ndarray[Any, Any]:
        """The probability ``(M,)`` of a weight to survive."""
        return self._levels / LEVELS

    @property
    def _levels(self) -> np.ndarray[Any, Any]:
        return keep_levels(np.atleast_1d(np.asarray(self.rate, dtype=np.float64)))


@dataclass(frozen=True)
class WeightNorm(Reparametrization):
    """w = g v / ||v|| for each unit's incoming weights, g and v trained.

    Salimans and Kingma (2016). g starts as ||v||, so that the network starts as the same function.
    """

    def slots(self, n_in: int, n_out: int) -> tuple[Slot, ...]:
        """g; v are the weights."""
        return (Slot("length", (1, n_out), "other"),)

    def initialize(self, p: Views) -> None:
        """g = ||v||."""
        p.length[...] = np.sqrt(np.add.reduce(np.square(p.weight), axis=-2, keepdims=True))

    def bind(
        self, source: Callable[[], Array], name: str, p: Views, g: Views, draws: Draws | None
    ) -> BoundWeights:
        """dL/dg = dL/dw . v / ||v||; dL/dv = g / ||v|| (dL/dw - dL/dg v / ||v||)."""
        weight: Array = np.empty_like(p.weight)
        direction, work = np.empty_like(weight), np.empty_like(weight)
        inverse = np.empty_like(p.length)
        tiny = np.finfo(p.weight.dtype).tiny

        def forward() -> Array:
            v = source()
            np.add.reduce(np.square(v, out=work), axis=-2, keepdims=True, out=inverse)
            np.sqrt(np.maximum(inverse, tiny, out=inverse), out=inverse)
            np.divide(1.0, inverse, out=inverse)
            np.multiply(v, inverse, out=direction)
            np.multiply(direction, p.length, out=weight)
            return weight

        def backward() -> None:
            np.multiply(g.weight, direction, out=work)
            np.add.reduce(work, axis=-2, keepdims=True, out=g.length)
            np.multiply(direction, g.length, out=work)
            np.subtract(g.weight, work, out=g.weight)
            np.multiply(g.weight, p.length * inverse, out=g.weight)

        return BoundWeights(forward, backward)


@dataclass(frozen=True)
class InputScale(Reparametrization):
    """(1 + c s_i) W_i for the weights of input i, s trained from 0 (Holzmueller et al., 2024).

    c is how much faster than a weight an optimizer that scales its steps moves the factor.
    """

    speed: float

    def slots(self, n_in: int, n_out: int) -> tuple[Slot, ...]:
        """s; W are the weights."""
        return (Slot("input_scale", (n_in, 1), "other"),)

    def bind(
        self, source: Callable[[], Array], name: str, p: Views, g: Views, draws: Draws | None
    ) -> BoundWeights:
        """dL/ds_i = c sum_k W_ik dL/dV_ik; dL/dW = (1 + c s) dL/dV."""
        weight: Array = np.empty_like(p.weight)
        work, factor = np.empty_like(weight), np.empty_like(p.input_scale)
        speed = weight.dtype.type(self.speed)
        unscaled: Array = weight

        def forward() -> Array:
            nonlocal unscaled
            unscaled = source()
            np.multiply(p.input_scale, speed, out=factor)
            np.add(factor, 1.0, out=factor)
            np.multiply(unscaled, factor, out=weight)
            return weight

        def backward() -> None:
            np.multiply(g.weight, unscaled, out=work)
            np.add.reduce(work, axis=-1, keepdims=True, out=g.input_scale)
            np.multiply(g.input_scale, speed, out=g.input_scale)
            np.multiply(g.weight, factor, out=g.weight)

        return BoundWeights(forward, backward)


def bind_weights(
    members: Sequence[Reparametrization], name: str, p: Views, g: Views, draws: Draws | None
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
