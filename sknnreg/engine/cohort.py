"""A cohort: networks that train side by side, each until its own end."""

from __future__ import annotations

import time
from collections.abc import Hashable, Sequence
from dataclasses import replace

import numpy as np

from sknnreg.engine.batches import Batches, cached_if_small
from sknnreg.engine.evaluation import Validation, population_statistics
from sknnreg.engine.layers import Phase
from sknnreg.engine.monitors import AdaptiveRate
from sknnreg.engine.network import BoundNetwork
from sknnreg.engine.problem import History, Problem, Recipe, Result
from sknnreg.engine.schedules import Progress
from sknnreg.engine.scratch import Scratch
from sknnreg.engine.stack import Array, simplify, stack, structure, take_numbers
from sknnreg.engine.state import TrainingState, join
from sknnreg.engine.streams import Streams
from sknnreg.engine.updates import Steps, per_step
from sknnreg.engine.walk import Walk

# How far ahead the coefficients of updates are worked out.
PLANNED_UPDATES = 256


class Cohort:
    """The stacked recipe and state of several problems, and all that is bound to their arrays.

    ``rows`` numbers the problems still training; array row ``i`` is problem ``rows[i]``, listed
    with its history in ``problems`` and ``histories``.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        if len({_shape(problem) for problem in problems}) != 1:
            raise ValueError(
                "networks can only train in one stack if their structure is equal, and the numbers "
                "of their training and validation rows, and whether these have weights"
            )
        self._problems = list(problems)
        self.rows = list(range(len(problems)))
        self.recipe: Recipe = simplify(stack([problem.recipe for problem in problems]))
        self.dtype = np.dtype(self.recipe.dtype)
        self.state = join([self._starting_state(problem) for problem in problems])
        for member in self.recipe.monitors:
            member.resume(self.state.monitors[type(member).__name__])
        self.last_epochs = self.state.epochs + self.recipe.max_iter
        self._train_sets = cached_if_small([problem.train for problem in problems], self.dtype)
        self._histories = [History() for _ in problems]
        self._errors: dict[int, BaseException] = {}
        self._results: dict[int, Result] = {}
        self.started = time.monotonic()
        self._rates: Array
        self._bind()

    def __len__(self) -> int:
        return len(self.rows)

    def results(self) -> list[Result]:
        """All problems' results, once nobody is training."""
        return [self._results[row] for row in range(len(self._problems))]

    def fail(self, index: int, error: BaseException) -> None:
        """Remember what a hook of the network at array row ``index`` raised."""
        self._errors[self.rows[index]] = error

    def failed(self, index: int) -> bool:
        """Whether a hook of that network has raised."""
        return self.rows[index] in self._errors

    def begin_epoch(self) -> tuple[int, Array]:
        """The place of the epoch's first update in the walk's plan; step sizes ``(n_updates, M)``.

        Working the coefficients out costs more than small updates do: many epochs are planned at
        once, unless the step size listens to how training goes.
        """
        n_updates = len(self.batches)
        if self._next_update == len(self._rates):
            self._plan(n_updates)
        first = self._next_update
        self._next_update += n_updates
        return first, self._rates[first : self._next_update]

    def _plan(self, n_updates: int) -> None:
        recipe, state = self.recipe, self.state
        adaptive = any(isinstance(member, AdaptiveRate) for member in recipe.monitors)
        n_epochs = 1 if adaptive else max(1, PLANNED_UPDATES // n_updates)
        ahead = [(e * n_updates, e * self.batches.n_rows) for e in range(n_epochs)]
        factors = [
            recipe.schedule.factors(Progress(state.updates + u, state.samples + s, n_updates))
            for u, s in ahead
        ]
        self._rates = per_step(recipe.learning_rate) * np.concatenate(factors)
        if adaptive:
            self._rates *= state.monitors[AdaptiveRate.__name__]["factor"]
        number = state.updates + np.arange(1.0, len(self._rates) + 1)[:, None]
        self.walk.plan(Steps(number, self._rates))
        self._next_update = 0

    def penalty(self) -> Array:
        """What the weights cost at this moment ``(M,)``."""
        weights = self.state.values[:, : self.recipe.network.layout.n_weights]
        cost = np.zeros(len(self))
        for penalty in self.recipe.penalties:
            cost += penalty.value(weights)
        return cost

    def leave(self, stop: Array) -> None:
        """Turn the networks that stop ``(M,)`` into results and take them out of the arrays."""
        going = np.flatnonzero(stop)
        if not len(going):
            return
        values = self._final_values(going)
        for number, index in enumerate(going):
            row = self.rows[index]
            self._results[row] = Result(
                values[[number]],
                self.state.take([int(index)]),
                self._histories[row],
                self._errors.get(row),
            )
        keep = np.flatnonzero(~stop)
        self.rows = [self.rows[index] for index in keep]
        if len(keep):
            self.recipe = take_numbers(self.recipe, keep)
            self.state = self.state.take([int(index) for index in keep])
            self.last_epochs = self.last_epochs[keep]
            self._bind()

    def interrupt(self) -> None:
        """End all networks where they are."""
        for history in self.histories:
            history.stop_reason = "interrupted"
        self.leave(np.ones(len(self), np.bool_))

    def _starting_state(self, problem: Problem) -> TrainingState:
        """The problem's state, or a fresh one; with a state for every member that has none."""
        recipe, state = self.recipe, problem.state
        if state is None:
            streams = Streams([problem.seed])
            values = recipe.network.initialize(streams, self.dtype)
            state = TrainingState.fresh(values, streams, recipe.keep_best)
        trained = state.values[:, : recipe.network.layout.n_trainable]
        transforms = {
            type(t).__name__: state.transforms.get(type(t).__name__) or t.init(trained)
            for t in recipe.transforms
        }
        monitors = {
            type(m).__name__: state.monitors.get(type(m).__name__) or m.init(1)
            for m in recipe.monitors
        }
        return replace(state, transforms=transforms, monitors=monitors)

    def _bind(self) -> None:
        """Everything that points into the arrays; made anew when networks leave."""
        recipe, state = self.recipe, self.state
        self.problems = [self._problems[row] for row in self.rows]
        self.reports = any(p.score or p.on_epoch_end for p in self.problems)
        self.histories = [self._histories[row] for row in self.rows]
        layout = recipe.network.layout
        grads = np.zeros((len(self), layout.n_trainable), self.dtype)
        self.network = BoundNetwork(recipe.network, state.values, grads)
        self.phase = Phase(state.streams)
        self.weights = self.network.weights()
        self.scratch = Scratch(self.dtype)
        values = state.values[:, : layout.n_trainable]
        states = [state.transforms[type(member).__name__] for member in recipe.transforms]
        self.walk = Walk(
            recipe.penalties, recipe.transforms, states, values, grads, layout.n_weights
        )
        self.batches = Batches(
            [self._train_sets[row] for row in self.rows],
            recipe.batch_size,
            self.dtype,
            join_single=recipe.batch_statistics,
        )
        self.validation = Validation.of(self.problems, self.dtype)
        self._rates = np.empty((0, len(self)))
        self._next_update = 0

    def _final_values(self, going: Array) -> Array:
        """The rows to keep: the best where they are kept, else the last."""
        state, recipe = self.state, self.recipe
        values = state.values[going]
        if recipe.keep_best and state.best is not None:
            seen = np.isfinite(state.best_value[going])
            values[seen] = state.best[going][seen]
        if recipe.population_statistics:
            problems = [self.problems[index] for index in going]
            sets = [problem.train for problem in problems]
            # Generators of their own: going on draws what it would have drawn.
            streams = Streams([problem.seed for problem in problems]) if recipe.shuffle else None
            population_statistics(take_numbers(recipe, going), values, sets, streams)
        return values


def _shape(problem: Problem) -> Hashable:
    """What networks of one stack must share."""
    sets = (problem.train, problem.validation)
    rows = tuple(each and (len(each), each.weight is None) for each in sets)
    return structure(problem.recipe), rows
