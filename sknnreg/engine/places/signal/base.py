"""What a layer is: a frozen configuration that, bound to arrays, is a pair of functions."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import DTypeLike

from sknnreg.engine.arrays.matrix import Slot, Views
from sknnreg.engine.arrays.stack import Array, Product, product_of
from sknnreg.engine.arrays.streams import Streams

# forward(x) -> y never writes to x; backward(grad_y) -> grad_x fills the gradients of the site,
# may overwrite grad_y, and belongs to the latest forward.
Forward: TypeAlias = Callable[[Array], Array]
Backward: TypeAlias = Callable[[Array], Array]


@dataclass(slots=True)
class Phase:
    """How a training pass differs from inference (which has no phase at all).

    ``streams`` draws (None: nothing is drawn); ``weight (M, B, 1)`` are the sample weights of the
    batch divided by their sum ``(M, 1, 1)`` in ``total`` (None: every row counts alike), without
    the network axis for a single network; ``mass (M, 1, 1)`` is that sum over the one of as many
    rows of mean weight (None: 1). They are for statistics of the batch alone: how much a row counts
    in the objective is in the gradients that come back.
    ``cumulative`` asks running statistics to average all batches, by mass; without ``tracks`` they
    stay as they are. Weights change from batch to batch; whether anything is drawn must not change
    once layers are bound.
    """

    streams: Streams | None = None
    weight: Array | None = None
    total: Array | None = None
    mass: Array | None = None
    cumulative: bool = False
    tracks: bool = True

    def weigh(self, weight: Array | None, total: Array | None, mass: Array | None = None) -> None:
        """Set the weights ``(M, B, 1)``, sums and masses ``(M, 1, 1)`` of the batch to come."""
        if weight is not None and total is not None and len(weight) == 1:
            weight, total, mass = weight[0], total[0], mass if mass is None else mass[0]
        self.weight, self.total, self.mass = weight, total, mass


@dataclass(frozen=True)
class Site:
    """Where a layer is bound: its parameters and gradients, ``n_rows`` rows a batch, the phase.

    A single network's arrays come without the network axis, which NumPy works through faster;
    layers speak of the last two axes and do not notice. Where ``need_input`` is false nothing in
    front learns, and what backward returns is not read.
    """

    p: Views
    g: Views
    n_networks: int
    n_rows: int
    dtype: np.dtype[Any]
    phase: Phase | None = None
    need_input: bool = True

    def empty(self, n_units: int, dtype: DTypeLike | None = None) -> Array:
        """A buffer ``(M, B, n_units)``: fresh temporaries would cost more than the arithmetic."""
        shape = drop_single((self.n_networks, self.n_rows, n_units))
        return np.empty(shape, self.dtype if dtype is None else dtype)

    def ones(self, value: float = 1.0) -> Array:
        """``(1, B)`` of a value: a product with it sums over the batch, by BLAS."""
        return np.full((1, self.n_rows), value, self.dtype)

    @property
    def product(self) -> Product:
        """The matrix product over the last two axes, ``product(a, b, out)``."""
        return product_of(2 if self.n_networks == 1 else 3)

    def draws(self) -> Streams:
        """The generators of the pass under way, where it draws."""
        assert self.phase is not None
        assert self.phase.streams is not None
        return self.phase.streams

    @property
    def streams(self) -> Streams | None:
        """The generators, if this pass draws."""
        return None if self.phase is None else self.phase.streams


@dataclass(frozen=True)
class Layer(ABC):
    """A map of signals ``(M, B, F)``; its arrays live in the matrix."""

    @property
    def slots(self) -> tuple[Slot, ...]:
        """The columns the layer needs."""
        return ()

    def initialize(self, p: Views, streams: Streams) -> None:
        """Fill the layer's arrays with their starting values."""
        return None

    @abstractmethod
    def bind(self, site: Site) -> tuple[Forward, Backward]:
        """Forward and backward over the site's arrays; buffers are made once and used again."""

    def cost(self, p: Views) -> Array | None:
        """A term ``(M,)`` of the objective of its own, whose gradient backward adds; else None."""
        return None

    def affine(self, p: Views) -> tuple[Array, Array] | None:
        """(scale, shift) if at inference the layer is y = scale x + shift per unit, else None."""
        return None


def drop_single(shape: tuple[int, ...]) -> tuple[int, ...]:
    """A shape ``(M, ...)`` without the network axis if there is one network."""
    return shape[1:] if shape[0] == 1 else shape


def pass_through(signal: Array) -> Array:
    """Either way of a layer that does nothing."""
    return signal
