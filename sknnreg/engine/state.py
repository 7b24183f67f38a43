"""All that training changes, explicit: going on, checkpoints and leaving rows are one mechanism."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from sknnreg.engine.arrays.stack import Array
from sknnreg.engine.arrays.streams import Streams


def key(member: object) -> str:
    """The name under which a state keeps what belongs to a member of a recipe."""
    return type(member).__name__


@dataclass
class TrainingState:
    """Arrays with a row per network.

    ``updates`` are all so far, ``steps`` those of the optimizer, which may be newer.
    ``best`` is the row with the best watched value so far, where it is kept; ``average`` has the
    mean of ``averaged`` rows so far, by the averaging's key; ``snapshots (M, n, P)`` are ``n``
    of ``taken`` rows, from the oldest to the latest, with their watched values in
    ``snapshot_values (M, n)``. ``transforms`` and ``monitors`` hold the states of the members,
    by their ``key``.
    """

    values: Array
    best: Array | None
    best_value: Array
    best_epoch: Array
    average: dict[str, Array]
    averaged: Array
    snapshots: Array | None
    snapshot_values: Array | None
    taken: Array
    updates: Array
    steps: Array
    epochs: Array
    samples: Array
    transforms: dict[str, dict[str, Array]]
    monitors: dict[str, dict[str, Array]]
    streams: Streams

    @classmethod
    def fresh(cls, values: Array, streams: Streams) -> TrainingState:
        """The state before the first epoch."""
        n = len(values)
        return cls(
            values=values,
            best=None,
            best_value=np.full(n, np.inf),
            best_epoch=np.zeros(n, np.int64),
            average={},
            averaged=np.zeros(n, np.int64),
            snapshots=None,
            snapshot_values=None,
            taken=np.zeros(n, np.int64),
            updates=np.zeros(n, np.int64),
            steps=np.zeros(n, np.int64),
            epochs=np.zeros(n, np.int64),
            samples=np.zeros(n, np.int64),
            transforms={},
            monitors={},
            streams=streams,
        )

    def take(self, rows: Sequence[int]) -> TrainingState:
        """The state of the networks ``rows`` alone, in arrays of its own."""
        return self._map(lambda value: value[rows], self.streams.take(rows))

    def copy(self) -> TrainingState:
        """The same state once more, generators included."""
        return self._map(np.copy, self.streams.copy())

    def cast(self, dtype: str) -> TrainingState:
        """The state in another dtype."""
        if self.values.dtype == dtype:
            return self
        # Bests and counts of monitors are float64 whatever the network's dtype.
        rows = ("values", "best", "average", "snapshots", "transforms")
        changes = {
            name: _map_arrays(lambda array: array.astype(dtype), getattr(self, name))
            for name in rows
        }
        return replace(self, **changes)

    def equipped(
        self, *, keep_best: bool, averaging: str | None, n_snapshots: int
    ) -> TrainingState:
        """The state with the rows that are kept beside its values from now on, and no others."""
        state, n = replace(self), len(self.values)
        if not keep_best:
            state.best = None
        elif state.best is None:
            state.best, state.best_value = self.values.copy(), np.full(n, np.inf)
        if averaging is None:
            state.average = {}
        elif averaging not in state.average:
            state.average = {averaging: np.zeros_like(self.values)}
            state.averaged = np.zeros(n, np.int64)
        shape = (n, n_snapshots, self.values.shape[1])
        if n_snapshots == 1:
            state.snapshots = state.snapshot_values = None
        elif state.snapshots is None or state.snapshots.shape != shape:
            if state.snapshots is None:
                # From now on an average is a cycle's, not of all that was before.
                state.averaged = np.zeros(n, np.int64)
            state.snapshots = np.zeros(shape, self.values.dtype)
            state.snapshot_values = np.full(shape[:2], np.inf)
            state.taken = np.zeros(n, np.int64)
        return state

    def from_best(self) -> TrainingState:
        """The state to go on from the best row with fresh moments, and a new average."""
        assert self.best is not None
        return replace(self, values=self.best.copy(), transforms={}, average={})

    def _map(self, function: Callable[[Array], Array], streams: Streams) -> TrainingState:
        changes = {
            f.name: _map_arrays(function, getattr(self, f.name))
            for f in fields(self)
            if f.name != "streams"
        }
        return replace(self, **changes, streams=streams)


def join(states: Sequence[TrainingState]) -> TrainingState:
    """The states of several networks as one; its arrays are new, its generators are not."""
    changes = {
        f.name: _join_arrays([getattr(state, f.name) for state in states])
        for f in fields(TrainingState)
        if f.name != "streams"
    }
    return TrainingState(**changes, streams=Streams.join([state.streams for state in states]))


def _map_arrays(function: Callable[[Array], Array], tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: _map_arrays(function, value) for key, value in tree.items()}
    return tree if tree is None else function(tree)


def _join_arrays(trees: Sequence[Any]) -> Any:
    first = trees[0]
    if isinstance(first, dict):
        return {key: _join_arrays([tree[key] for tree in trees]) for key in first}
    return first if first is None else np.concatenate(list(trees))
