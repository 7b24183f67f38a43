"""One random generator per network and purpose.

Each generator is spawned from its network's seed and the purpose's name, so a network's draws
depend neither on the other networks of the stack nor on which other members draw.
"""

from __future__ import annotations

import copy
import pickle
from collections.abc import Mapping, Sequence
from typing import Any
from zlib import crc32

import numpy as np

from sknnreg.engine.arrays.stack import Array

# Bernoulli draws compare 16 random bits with a threshold: four draws a 64-bit word.
LEVELS = 1 << 16


def spawn(seed: int, purpose: str) -> np.random.Generator:
    """The generator of one network for one purpose."""
    sequence = np.random.SeedSequence(seed, spawn_key=(crc32(purpose.encode()),))
    return np.random.Generator(np.random.SFC64(sequence))


def catch_up(generator: np.random.Generator, with_one: np.random.Generator) -> None:
    """From now on, the same draws."""
    generator.bit_generator.state = with_one.bit_generator.state


def place_in_stream(generator: np.random.Generator) -> bytes:
    """Equal where generators will give the same draws."""
    return pickle.dumps(generator.bit_generator.state)


class Streams:
    """The generators of the M networks in a stack, made when first asked for."""

    def __init__(self, seeds: Sequence[int]) -> None:
        self.seeds = list(seeds)
        self._generators: dict[str, list[np.random.Generator]] = {}

    def generators(self, purpose: str) -> list[np.random.Generator]:
        """The networks' generators for one purpose."""
        if purpose not in self._generators:
            self._generators[purpose] = [spawn(seed, purpose) for seed in self.seeds]
        return self._generators[purpose]

    def normal(self, purpose: str, out: Array) -> Array:
        """Fill ``out (M, ...)`` with standard normal numbers."""
        for generator, row in zip(self.generators(purpose), out, strict=True):
            generator.standard_normal(out=row, dtype=row.dtype.type)
        return out

    def bits(self, purpose: str, out: Array) -> Array:
        """Fill ``out (M, n)`` of 64-bit words with random bits."""
        for generator, row in zip(self.generators(purpose), out, strict=True):
            row[...] = generator.bit_generator.random_raw(len(row))
        return out

    def orders(self, n: int, purpose: str = "shuffle") -> Array:
        """A random order of ``n`` rows for each network, ``(M, n)``."""
        # Four bytes a row where eight would show: the order is the largest per-row array.
        dtype = np.uint32 if 1 << 20 <= n < 1 << 32 else np.intp
        orders = np.empty((len(self.seeds), n), dtype)
        orders[...] = np.arange(n, dtype=dtype)
        for generator, order in zip(self.generators(purpose), orders, strict=True):
            generator.shuffle(order)
        return orders

    def take(self, rows: Sequence[int]) -> Streams:
        """The generators of the networks ``rows``, going on from where they are."""
        taken = Streams([self.seeds[row] for row in rows])
        taken._generators = {
            purpose: [generators[row] for row in rows]
            for purpose, generators in self._generators.items()
        }
        return taken

    @classmethod
    def join(cls, streams: Sequence[Streams]) -> Streams:
        """One stack's generators from several stacks'."""
        joined = cls([seed for each in streams for seed in each.seeds])
        for purpose in sorted({p for each in streams for p in each._generators}):
            joined._generators[purpose] = [g for each in streams for g in each.generators(purpose)]
        return joined

    def positions(self) -> dict[str, list[dict[str, Any]]]:
        """Where each generator is, by purpose and network, in plain numbers and lists."""
        return {
            purpose: [_plain(generator.bit_generator.state) for generator in generators]
            for purpose, generators in self._generators.items()
        }

    @classmethod
    def at(cls, seeds: Sequence[int], positions: Mapping[str, Sequence[Any]]) -> Streams:
        """The generators of these seeds, from these positions on."""
        streams = cls(seeds)
        for purpose, states in positions.items():
            for generator, state in zip(streams.generators(purpose), states, strict=True):
                words = np.array(state["state"]["state"], np.uint64)
                generator.bit_generator.state = {**state, "state": {"state": words}}
        return streams

    def copy(self) -> Streams:
        """The same draws once more, leaving these generators where they are."""
        return copy.deepcopy(self)


def _plain(state: Mapping[str, Any]) -> dict[str, Any]:
    """A bit generator's state without arrays."""
    words = [int(word) for word in state["state"]["state"]]
    return {**state, "state": {"state": words}}


class Tape(Streams):
    """The draws of other generators, kept to be given out once more."""

    def __init__(self, streams: Streams | None) -> None:
        super().__init__([] if streams is None else streams.seeds)
        self._streams = streams
        self._kept: list[Array] = []
        self._next: int | None = None

    def rewind(self) -> None:
        """From now on, the draws so far in the same order."""
        self._next = 0

    def copied(self, n: int) -> Tape:
        """The draws so far, for ``n`` copies of the stack in one."""
        tape = Tape(None)
        tape.seeds = self.seeds * n
        tape._kept = [np.concatenate([kept] * n) for kept in self._kept]
        tape.rewind()
        return tape

    def normal(self, purpose: str, out: Array) -> Array:
        """As the generators' own, or what they gave."""
        if self._next is None:
            assert self._streams is not None
            self._kept.append(self._streams.normal(purpose, out).copy())
            return out
        return self._give(out)

    def bits(self, purpose: str, out: Array) -> Array:
        """As the generators' own, or what they gave."""
        if self._next is None:
            assert self._streams is not None
            self._kept.append(self._streams.bits(purpose, out).copy())
            return out
        return self._give(out)

    def _give(self, out: Array) -> Array:
        assert self._next is not None
        out[...] = self._kept[self._next]
        self._next += 1
        return out


def keep_levels(drop: Array) -> Array:
    """How many of the 2**16 levels survive at drop probabilities ``drop``: at least one."""
    return np.clip(np.rint((1.0 - drop) * LEVELS), 1, LEVELS).astype(np.int64)
