"""A cohort: networks that train side by side, each until its own end."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from sknnreg.engine.arrays.batches import Batch, Batches, cached_if_small, take_sets
from sknnreg.engine.arrays.stack import Array, simplify, stack, take_numbers
from sknnreg.engine.arrays.streams import Streams
from sknnreg.engine.loop.bound_network import BoundNetwork
from sknnreg.engine.loop.evaluation import Validation, judge
from sknnreg.engine.loop.kept_weights import KeptWeights
from sknnreg.engine.loop.update_step import LOOK_AHEAD, UpdateStep
from sknnreg.engine.places.data import Augment, bind_augmentations
from sknnreg.engine.places.signal import Phase
from sknnreg.engine.places.update import Steps, per_step
from sknnreg.engine.places.update.schedules import Progress
from sknnreg.engine.problem import History, Problem, Recipe, Result
from sknnreg.engine.state import TrainingState, join, key


class Cohort:
    """The stacked recipe and state of several problems, and all that is bound to their arrays.

    ``rows`` numbers the problems still training; array row ``i`` is problem ``rows[i]``, listed
    with its history in ``problems`` and ``histories``.
    """

    def __init__(self, problems: Sequence[Problem], halt: threading.Event | None = None) -> None:
        if len(problems) > 1 and len({problem.shape for problem in problems}) != 1:
            raise ValueError(
                "networks can only train in one stack if their structure is equal, and the numbers "
                "of their training and validation rows, and whether these have weights"
            )
        self._problems = list(problems)
        # Set by another thread that wants an end.
        self.halt = threading.Event() if halt is None else halt
        self.rows = list(range(len(problems)))
        self.recipe: Recipe = simplify(stack([problem.recipe for problem in problems]))
        self.dtype = np.dtype(self.recipe.dtype)
        self.state = join([self._starting_state(problem) for problem in problems])
        self.last_epochs = self.state.epochs + np.asarray(self.recipe.max_iter)
        trained_on = [problem.raw or problem.train for problem in problems]
        self._train_sets = cached_if_small(trained_on, self.dtype)
        validation = [p.validation for p in problems if p.validation is not None]
        self._validation_sets = cached_if_small(validation, self.dtype)
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
        """The place of the epoch's first update in what is planned; step sizes ``(n_updates, M)``.

        Working the coefficients out costs more than small updates do: many epochs are planned at
        once, unless the step size listens to how training goes.
        """
        n_updates = len(self.batches)
        if self.kept.averages:
            self.kept.begin_epoch(n_updates)
        if self._next_update == len(self._rates):
            self._plan(n_updates)
        first = self._next_update
        self._next_update += n_updates
        return first, self._rates[first : self._next_update]

    def _plan(self, n_updates: int) -> None:
        recipe, state = self.recipe, self.state
        factors = [
            factor
            for member in recipe.monitors
            if (factor := member.rate_factor(state.monitors[key(member)])) is not None
        ]
        n_epochs = 1 if factors else max(1, LOOK_AHEAD // n_updates)
        n_epochs = min(n_epochs, int((self.last_epochs - state.epochs).max()))
        now = Progress(state.epochs, state.updates, state.samples, n_updates, self.batches.n_rows)
        ahead = recipe.schedule.factors(now.later(np.arange(n_epochs)[:, None]))
        self._rates = per_step(recipe.learning_rate) * ahead.reshape(-1, len(self))
        for factor in factors:
            self._rates *= factor
        number = state.steps + np.arange(1.0, len(self._rates) + 1)[:, None]
        self.update_step.plan(Steps(number, self._rates))
        self._next_update = 0

    def augment(self, batch: Batch) -> Batch:
        """The batch after all augmentations, the user's first."""
        if self.maps:
            batch = self._map(batch)
        bound = self._augments.get(batch.x.shape)
        if bound is None:
            bound = bind_augmentations(self.recipe.augmentations, batch.x.shape, self.dtype)
            self._augments[batch.x.shape] = bound
        x, y = bound(batch.x, batch.y, self.state.streams, batch.weight)
        return Batch(x, y, batch.weight, batch.total)

    def _map(self, batch: Batch) -> Batch:
        generators = self.state.streams.generators("augmentation")
        x, y = np.empty_like(batch.x), np.empty_like(batch.y)
        for row, (function, generator) in enumerate(zip(self.maps, generators, strict=True)):
            x[row], y[row] = function(batch.x[row].copy(), batch.y[row].copy(), generator)
        return Batch(x, y, batch.weight, batch.total)

    def penalty(self) -> Array:
        """What weights and layers by themselves cost at this moment ``(M,)``."""
        costs = self.network.costs()
        cost = np.zeros(len(self)) if costs is None else costs
        for penalty in self.recipe.penalties:
            cost += penalty.value(self.all_weights)
        return cost

    def leave(self, stop: Array) -> None:
        """Turn the networks that stop ``(M,)`` into results and take them out of the arrays."""
        going = np.flatnonzero(stop)
        if not len(going):
            return
        seconds = time.monotonic() - self.started
        for index, values in zip(going, self.kept.final(going), strict=True):
            row = self.rows[index]
            state = _usable(self.state.take([int(index)]))
            history, error = self._histories[row], self._errors.get(row)
            self._results[row] = Result(values, state, history, seconds, error)
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
            # By this network's own numbers, not the whole stack's.
            values = problem.recipe.network.initialize(streams, self.dtype)
            state = TrainingState.fresh(values, streams)
        state = state.equipped(
            keep_best=recipe.keep_best,
            averaging=key(recipe.averaging[0]) if recipe.averaging else None,
            n_snapshots=recipe.n_snapshots,
        )
        trained = state.values[:, : recipe.network.layout.n_trainable]
        missing = {
            key(t): t.init(trained) for t in recipe.transforms if key(t) not in state.transforms
        }
        if any(missing.values()):
            # An optimiser that starts anew counts its steps anew.
            state = replace(state, steps=np.zeros_like(state.steps))
        known = {**state.transforms, **missing}
        transforms = {key(t): known[key(t)] for t in recipe.transforms}
        monitors = {key(m): state.monitors.get(key(m)) or m.init(1) for m in recipe.monitors}
        state = replace(state, transforms=transforms, monitors=monitors)
        if problem.state is not None:
            self._resume(problem, state)
        return state

    def _resume(self, problem: Problem, state: TrainingState) -> None:
        """Go on: patience that was spent is new, and a best of other rows is judged by these."""
        # In numbers of this network's own, not of the whole stack.
        recipe = simplify(stack([problem.recipe]))
        monitors = [(m, state.monitors[key(m)]) for m in recipe.monitors]
        for member, its_state in monitors:
            member.resume(its_state)
        if not self.recipe.keep_best or state.best is None or np.isinf(state.best_value[0]):
            return
        value = judge(problem, recipe, state.best.copy())
        if value != state.best_value[0]:
            state.best_value[...] = value if np.isfinite(value) else np.inf
            for member, its_state in monitors:
                member.rejudge(its_state, state.best_value)

    def _bind(self) -> None:
        """Everything that points into the arrays; made anew when networks leave."""
        recipe, state = self.recipe, self.state
        self.problems = [self._problems[row] for row in self.rows]
        self.maps = [p.augment for p in self.problems if p.augment is not None]
        self.augments = bool(self.maps or self.recipe.augmentations)
        self.reports = any(p.score or p.on_epoch_end for p in self.problems)
        self.histories = [self._histories[row] for row in self.rows]
        layout = recipe.network.layout
        grads = np.zeros((len(self), layout.n_trainable), self.dtype)
        self.network = BoundNetwork(recipe.network, state.values, grads)
        self.phase = Phase(state.streams)
        self.weights = self.network.weights()
        self.all_weights = state.values[:, : layout.n_weights]
        self.has_penalties = bool(recipe.penalties) or self.network.costs() is not None
        self._augments: dict[tuple[int, ...], Augment] = {}
        values = state.values[:, : layout.n_trainable]
        states = [state.transforms[key(member)] for member in recipe.transforms]
        self.update_step = UpdateStep(
            recipe.penalties, recipe.transforms, states, values, grads, layout.n_weights
        )
        self.batches = Batches(
            take_sets(self._train_sets, self.rows),
            recipe.batch_size,
            self.dtype,
            join_single=recipe.batch_statistics,
        )
        self.validation: Validation | None = None
        if self._validation_sets:
            sets = take_sets(self._validation_sets, self.rows)
            self.validation = Validation(sets, self.dtype)
        self.kept = KeptWeights(recipe, state, self.network, self.problems)
        self._rates = np.empty((0, len(self)))
        self._next_update = 0


def _usable(state: TrainingState) -> TrainingState:
    """The state to go on from: after a divergence, the best row with fresh moments."""
    if state.best is None or np.isfinite(state.values).all():
        return state
    return state.from_best()
