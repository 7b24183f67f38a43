"""Place 7, time: which rows are kept of the networks that train side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sknnreg.engine.arrays.batches import Batches
from sknnreg.engine.arrays.stack import Array, take_numbers
from sknnreg.engine.arrays.streams import Streams
from sknnreg.engine.loop.bound_network import BoundNetwork
from sknnreg.engine.loop.evaluation import population_statistics
from sknnreg.engine.places.time.averaging import RunningAverage
from sknnreg.engine.problem import Problem, Recipe
from sknnreg.engine.state import TrainingState, key


class KeptWeights:
    """The networks as they would be kept if training ended now, over rows ``(M, P)``.

    They are those that train, or, where weights are averaged, their averages. Beside them the
    state has the best rows so far, and the snapshots.
    """

    def __init__(
        self,
        recipe: Recipe,
        state: TrainingState,
        trained: BoundNetwork,
        problems: Sequence[Problem],
    ) -> None:
        self._recipe, self._state, self._problems = recipe, state, problems
        self._network = trained
        self._n_trainable = n = recipe.network.layout.n_trainable
        self._average: RunningAverage | None = None
        # Whether averages are to be told of updates and epochs, and whether snapshots are taken:
        # mostly not, and calls in vain would show in small networks.
        self.averages = bool(recipe.averaging)
        self.has_snapshots = state.snapshots is not None
        self._stale = False
        if recipe.averaging:
            (member,) = recipe.averaging
            self._rows = state.average[key(member)][:, :n]
            values = state.values[:, :n]
            self._average = RunningAverage(member, values, self._rows, state.averaged)
            self._network = BoundNetwork(
                recipe.network, state.values.copy(), np.empty_like(trained.grads)
            )
            self._stale = True

    @property
    def network(self) -> BoundNetwork:
        """The networks, to look at."""
        if self._stale:
            self._refresh()
        return self._network

    def begin_epoch(self, n_updates: int) -> None:
        """An epoch of so many updates begins."""
        if self._average is not None:
            state = self._state
            if self.has_snapshots:
                # Each is the average of its own cycle, which no other counts in.
                part = self._recipe.schedule.part_of_cycle(state.epochs)
                state.averaged[(part == 0) | (part == 1)] = 0
            self._average.begin_epoch(state.epochs, n_updates)
            self._stale = True

    def after_update(self, number: int) -> None:
        """The epoch's update ``number`` is done."""
        if self._average is not None:
            self._average.after_update(number)

    def after_epoch(self, epochs: Array) -> None:
        """It makes so many epochs ``(M,)``."""
        if self._average is not None:
            by_cycle = self.has_snapshots
            over = self._recipe.schedule.part_of_cycle(epochs) if by_cycle else epochs
            self._average.after_epoch(over)
            self._stale = True

    def take_snapshots(self, epochs: Array, watched: Array, finite: Array) -> None:
        """Take the networks whose cycle ends with the epoch that makes it so many ``(M,)``.

        ``watched (M,)`` is what they are worth; ``finite (M,)`` says whose values are.
        """
        ends = self._recipe.schedule.ends_cycle(epochs) & finite
        for row in np.flatnonzero(ends):
            values = self.network.values[row]
            self._take_snapshot(int(row), values, np.nan_to_num(watched[row], nan=np.inf))
        self._state.taken += ends

    def keep_best(self, better: Array) -> None:
        """The networks ``better (M,)`` are the best of theirs so far."""
        if self._state.best is not None:
            self._state.best[better] = self.network.values[better]

    def final(self, going: Array) -> list[Array]:
        """Of each network that goes its row ``(1, P)``, or its snapshots ``(n, P)``, the last last.

        The row is the best so far where that is kept; so are the snapshots.
        """
        kept = [self._final(int(index)) for index in going]
        if not self._recipe.population_statistics:
            return kept
        lengths = [len(rows) for rows in kept]
        rows = self._with_statistics(np.repeat(going, lengths), np.concatenate(kept))
        return np.split(rows, np.cumsum(lengths)[:-1])

    def _take_snapshot(self, index: int, values: Array, worth: float) -> None:
        """Behind the others; where these are enough in place of the oldest, or the worst.

        The worst it is where the best epoch is kept: what is watched judges then.
        """
        rows, worths = self._state.snapshots, self._state.snapshot_values
        assert rows is not None
        assert worths is not None
        place = int(self._state.taken[index])
        if place >= rows.shape[1]:
            place = rows.shape[1] - 1
            leaves = int(np.argmax(worths[index])) if self._recipe.keep_best else 0
            if self._recipe.keep_best and not worth < worths[index, leaves]:
                return
            for each in (rows[index], worths[index]):
                each[leaves:-1] = each[leaves + 1 :]
        rows[index, place], worths[index, place] = values, worth

    def _final(self, index: int) -> Array:
        state = self._state
        if state.snapshots is not None and state.taken[index]:
            rows: Array = state.snapshots[index, : int(state.taken[index])]
            return rows
        if state.best is not None and np.isfinite(state.best_value[index]):
            return state.best[[index]]
        return self.network.values[[index]]

    def _refresh(self) -> None:
        """Bring the averages up to date; a network that has none yet is kept as it is."""
        state, kept = self._state, self._network.values
        kept[...] = state.values
        has = np.flatnonzero(state.averaged > 0)
        kept[has, : self._n_trainable] = self._rows[has]
        self._keep_zeros(has)
        if self._recipe.batch_statistics and len(has):
            # Those of the weights that were averaged are not those of the average.
            kept[has] = self._with_statistics(has, kept[has])
        self._stale = False

    def _keep_zeros(self, networks: Array) -> None:
        """What a proximal penalty has at 0 now is 0 in the average of these networks too."""
        recipe, n_weights = self._recipe, self._recipe.network.layout.n_weights
        for penalty in recipe.penalties:
            if penalty.proximal:
                active = np.broadcast_to(penalty.active, len(self._state.values))
                sparse = networks[active[networks]]
                zero = self._state.values[sparse, :n_weights] == 0
                self._network.values[sparse, :n_weights] *= ~zero

    def _with_statistics(self, networks: Array, rows: Array) -> Array:
        """The rows of these networks with batch statistics of all their training rows."""
        recipe = take_numbers(self._recipe, networks)
        problems = [self._problems[index] for index in networks]
        sets = [problem.train for problem in problems]
        batches = Batches(
            sets,
            recipe.batch_size,
            rows.dtype,
            join_single=True,
            by_weight=recipe.draws_by_weight,
        )
        # Generators of their own: going on draws what it would have drawn.
        streams = Streams([problem.seed for problem in problems]) if recipe.shuffle else None
        rows = rows.copy()
        population_statistics(recipe, rows, batches, streams)
        return rows
