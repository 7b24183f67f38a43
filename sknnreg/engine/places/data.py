"""Place 1, data: what happens to a batch before the network sees it."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import DTypeLike

from sknnreg.engine.arrays.stack import Array, PerNetwork, per_network
from sknnreg.engine.arrays.streams import Streams, catch_up, place_in_stream

# augment(x, y, streams, weight) -> the batch to train on; never writes to x or y. Of the rows'
# weights (M, B, 1), which add up to 1, None means that all count alike.
Augment: TypeAlias = Callable[[Array, Array, Streams, Array | None], tuple[Array, Array]]

# map(x (B, F), y (B, K), generator) -> (x, y) of the same shapes: a user's own, of one network.
BatchMap: TypeAlias = Callable[[Array, Array, np.random.Generator], tuple[Array, Array]]


@dataclass(frozen=True)
class Augmentation(ABC):
    """A random map of a batch ``x (M, B, F)``, ``y (M, B, K)``."""

    @property
    @abstractmethod
    def active(self) -> np.ndarray[Any, Any]:
        """Which networks' batches it changes at all."""

    @abstractmethod
    def bind(self, shape: tuple[int, ...], dtype: DTypeLike) -> Augment:
        """The function over batches ``x`` of this shape; buffers are made here, once."""


@dataclass(frozen=True)
class InputNoise(Augmentation):
    """x + s N(0, 1), drawn anew for each batch (Bishop, 1995)."""

    std: PerNetwork

    @property
    def active(self) -> np.ndarray[Any, Any]:
        """Off at s = 0."""
        return np.asarray(self.std) > 0

    def bind(self, shape: tuple[int, ...], dtype: DTypeLike) -> Augment:
        """Noise on x; y as it is."""
        noise = np.empty(shape, dtype)
        std = per_network(self.std, noise)

        def augment(
            x: Array, y: Array, streams: Streams, weight: Array | None
        ) -> tuple[Array, Array]:
            streams.normal("input_noise", noise)
            np.multiply(noise, std, out=noise)
            return np.add(noise, x, out=noise), y

        return augment


@dataclass(frozen=True)
class LabelSmoothing(Augmentation):
    """(1 - e) y + e / K for K classes (Szegedy et al., 2016)."""

    amount: PerNetwork
    n_classes: int

    @property
    def active(self) -> np.ndarray[Any, Any]:
        """Off at e = 0."""
        return np.asarray(self.amount) > 0

    def bind(self, shape: tuple[int, ...], dtype: DTypeLike) -> Augment:
        """x as it is; targets away from 0 and 1."""
        smooth = np.empty(0, dtype)

        def augment(
            x: Array, y: Array, streams: Streams, weight: Array | None
        ) -> tuple[Array, Array]:
            nonlocal smooth
            if smooth.shape != y.shape:
                smooth = np.empty(y.shape, dtype)
            amount = per_network(self.amount, y)
            np.multiply(y, 1 - amount, out=smooth)
            return x, np.add(smooth, amount / self.n_classes, out=smooth)

        return augment


@dataclass(frozen=True)
class Mixup(Augmentation):
    """t (x, y) + (1 - t) (x', y'), t ~ Beta(a, a), (x', y') another row of the batch.

    Drawn anew for each row of each batch (Zhang et al., 2018); the other row by its weight, where
    rows have weights.
    """

    concentration: PerNetwork

    @property
    def active(self) -> np.ndarray[Any, Any]:
        """Off at a = 0."""
        return np.asarray(self.concentration) > 0

    def bind(self, shape: tuple[int, ...], dtype: DTypeLike) -> Augment:
        """Both are mixed; where it is off nothing is drawn."""
        mixed_x, mixed_y = np.empty(shape, dtype), np.empty(0, dtype)
        concentrations = np.broadcast_to(np.asarray(self.concentration), shape[:1])

        def augment(
            x: Array, y: Array, streams: Streams, weight: Array | None
        ) -> tuple[Array, Array]:
            nonlocal mixed_y
            if mixed_y.shape != y.shape:
                mixed_y = np.empty(y.shape, dtype)
            generators = streams.generators("mixup")
            for row, (a, generator) in enumerate(zip(concentrations, generators, strict=True)):
                if a == 0:
                    mixed_x[row], mixed_y[row] = x[row], y[row]
                    continue
                t = generator.beta(a, a, (shape[1], 1)).astype(dtype)
                other = _partners(generator, shape[1], None if weight is None else weight[row])
                mixed_x[row] = t * x[row] + (1 - t) * x[row, other]
                mixed_y[row] = t * y[row] + (1 - t) * y[row, other]
            return mixed_x, mixed_y

        return augment


@dataclass(frozen=True)
class Adversarial:
    """J = L(x) / 2 + L(x + e sign(dL/dx)) / 2, the fast gradient sign (Goodfellow et al., 2015).

    The network's own gradient makes the examples: ``engine/loop/adversarial.py`` runs the passes.
    """

    size: PerNetwork

    @property
    def active(self) -> np.ndarray[Any, Any]:
        """Off at e = 0."""
        return np.asarray(self.size) > 0


def _partners(generator: np.random.Generator, n_rows: int, weight: Array | None) -> Array:
    """A row to mix with for each row of a batch; ``weight (B, 1)`` or None."""
    if weight is None:
        return generator.permutation(n_rows)
    probability = weight[:, 0].astype(np.float64)
    return generator.choice(n_rows, n_rows, p=probability / probability.sum())


def bind_augmentations(
    maps: Sequence[BatchMap],
    members: Sequence[Augmentation],
    shape: tuple[int, ...],
    dtype: DTypeLike,
) -> Augment:
    """The user's maps, one for each network or none, then all members in turn."""
    bound = [_bind_maps(maps)] if maps else []
    bound += [member.bind(shape, dtype) for member in members]

    def augment(x: Array, y: Array, streams: Streams, weight: Array | None) -> tuple[Array, Array]:
        for each in bound:
            x, y = each(x, y, streams, weight)
        return x, y

    return augment


def _bind_maps(maps: Sequence[BatchMap]) -> Augment:
    """Each network's own map of its rows, copied: a map may write to what it is given.

    Networks whose maps, rows and draws are the same have one call in common.
    """
    groups: list[list[int]] = []

    def augment(x: Array, y: Array, streams: Streams, weight: Array | None) -> tuple[Array, Array]:
        generators = streams.generators("augmentation")
        groups[:] = groups or _alike(maps, streams.seeds)
        new_x, new_y = np.empty_like(x), np.empty_like(y)
        for group in groups:
            left = group
            while left:
                row, *others = left
                before = place_in_stream(generators[row]) if others else b""
                new_x[row], new_y[row] = maps[row](x[row].copy(), y[row].copy(), generators[row])
                left = []
                for other in others:
                    if not _same_batch(x, y, row, other) or before != place_in_stream(
                        generators[other]
                    ):
                        left.append(other)
                        continue
                    new_x[other], new_y[other] = new_x[row], new_y[row]
                    catch_up(generators[other], generators[row])
        return new_x, new_y

    return augment


def _alike(maps: Sequence[BatchMap], seeds: Sequence[int]) -> list[list[int]]:
    """Networks that may draw the same from maps that do the same, as far as maps tell."""
    groups: dict[Any, list[int]] = {}
    for row, (each, seed) in enumerate(zip(maps, seeds, strict=True)):
        identity = getattr(each, "identity", None)
        groups.setdefault(row if identity is None else (identity, seed), []).append(row)
    return list(groups.values())


def _same_batch(x: Array, y: Array, one: int, other: int) -> bool:
    return np.array_equal(x[one], x[other]) and np.array_equal(y[one], y[other])
