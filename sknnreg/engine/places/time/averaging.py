"""Place 7, time: weights averaged over the course of training."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sknnreg.engine.arrays.stack import Array, PerNetwork, broadcastable, power


@dataclass(frozen=True)
class Averaging(ABC):
    """a <- a + fraction (w - a), whenever the weights w count."""

    # Whether the weights count after every update, or else after every epoch.
    every_update: ClassVar[bool]

    @abstractmethod
    def fractions(self, averaged: Array, epochs: Array, n_times: int) -> Array:
        """The newest weights' fractions ``(n_times, M)``, the next times they may count; 0 if not.

        ``averaged (M,)`` have counted so far; ``epochs (M,)`` are over, or that part of a cycle
        which has an average of its own.
        """


@dataclass(frozen=True)
class ExponentialAverage(Averaging):
    """a <- d a + (1 - d) w from a = 0, over its bias correction 1 - d^t (Polyak averaging).

    The weighting of Adam's moments (Kingma and Ba, 2015), here of the weights themselves.
    """

    every_update: ClassVar[bool] = True

    decay: PerNetwork

    def fractions(self, averaged: Array, epochs: Array, n_times: int) -> Array:
        """(1 - d) / (1 - d^t), t = 1, 2, ..."""
        decay = np.asarray(self.decay)
        t = averaged + np.arange(1.0, n_times + 1)[:, None]
        fraction: Array = (1 - decay) / (1 - power(decay, t))
        return fraction


@dataclass(frozen=True)
class EpochAverage(Averaging):
    """The mean of the weights after each epoch past ``start`` (SWA: Izmailov et al., 2018).

    ``start`` is a number of epochs, or a part of each cycle.
    """

    every_update: ClassVar[bool] = False

    start: PerNetwork

    def fractions(self, averaged: Array, epochs: Array, n_times: int) -> Array:
        """1 / t, t = 1, 2, ... once it has started."""
        t = averaged + np.arange(1.0, n_times + 1)[:, None]
        return np.where(epochs > np.asarray(self.start), 1.0 / t, 0.0)


class RunningAverage:
    """An averaging bound to values ``(M, P)``, the average and the counts ``(M,)`` of a state."""

    def __init__(self, member: Averaging, values: Array, average: Array, averaged: Array) -> None:
        self._member = member
        self._values, self._average, self._averaged = values, average, averaged
        self._work = np.empty_like(values)
        # Of the times to come: the fractions, and whose weights count.
        self._fractions: list[Array] = []
        self._counts = np.zeros((0, len(values)), np.bool_)

    def begin_epoch(self, epochs: Array, n_updates: int) -> None:
        """Work out the fractions of the updates to come; ``epochs (M,)`` are over."""
        if self._member.every_update:
            self._plan(epochs, n_updates)

    def after_update(self, number: int) -> None:
        """The weights after the epoch's update ``number`` count, if every update's do."""
        if self._member.every_update:
            self._count(number)

    def after_epoch(self, epochs: Array) -> None:
        """The weights at the epoch's end count, if every epoch's do; ``epochs (M,)`` are over."""
        if not self._member.every_update:
            self._plan(epochs, 1)
            self._count(0)

    def _plan(self, epochs: Array, n_times: int) -> None:
        fractions = self._member.fractions(self._averaged, epochs, n_times)
        self._counts = fractions > 0
        cast = broadcastable(fractions.astype(self._values.dtype), 2)
        self._fractions = [cast[number, ...] for number in range(n_times)]

    def _count(self, number: int) -> None:
        np.subtract(self._values, self._average, out=self._work)
        self._work *= self._fractions[number]
        self._average += self._work
        self._averaged += self._counts[number]
