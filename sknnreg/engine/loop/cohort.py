"""A cohort: networks that train side by side, each until its own end."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from sknnreg.engine.arrays.batches import Batch, Batches, cached_if_small, take_sets
from sknnreg.engine.arrays.stack import Array, take_numbers
from sknnreg.engine.arrays.threads import team_size
from sknnreg.engine.loop.bound_network import BoundNetwork
from sknnreg.engine.loop.evaluation import Validation
from sknnreg.engine.loop.kept_weights import KeptWeights
from sknnreg.engine.loop.planned_steps import PlannedSteps
from sknnreg.engine.loop.starting_state import starting_state
from sknnreg.engine.loop.update_step import UpdateStep
from sknnreg.engine.places.data import Augment, bind_augmentations
from sknnreg.engine.places.signal import Phase
from sknnreg.engine.problem import History, Problem, Recipe, Result, Underway, stacked
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
        self.recipe: Recipe = stacked([problem.recipe for problem in problems])
        self.dtype = np.dtype(self.recipe.dtype)
        states = [starting_state(problem, self.recipe) for problem in problems]
        is_new = len(problems) == 1 and problems[0].state is None
        self.state = states[0] if is_new else join(states)
        self._histories = [_history_so_far(problem) for problem in problems]
        n_before = np.array([len(history.loss) for history in self._histories])
        self.last_epochs = self.state.epochs - n_before + np.asarray(self.recipe.max_iter)
        trained_on = [problem.raw or problem.train for problem in problems]
        self._train_sets = cached_if_small(trained_on, self.dtype)
        validation = [p.validation for p in problems if p.validation is not None]
        self._validation_sets = cached_if_small(validation, self.dtype)
        self._errors: dict[int, BaseException] = {}
        self._results: dict[int, Result] = {}
        spent = [0.0 if p.underway is None else p.underway.seconds for p in problems]
        self.started = time.monotonic() - np.array(spent)
        self._bind()

    def __len__(self) -> int:
        return len(self.rows)

    def results(self) -> list[Result]:
        """All problems' results, once none is in training."""
        return [self._results[row] for row in range(len(self._problems))]

    def fail(self, index: int, error: BaseException) -> None:
        """Remember what a hook of the network at array row ``index`` raised."""
        self._errors[self.rows[index]] = error

    def failed(self, index: int) -> bool:
        """Whether a hook of that network has raised."""
        return self.rows[index] in self._errors

    def begin_epoch(self) -> tuple[int, Array]:
        """The first update's place in the plan; the step sizes ``(n_updates, M)``."""
        if self.kept.averages:
            self.kept.begin_epoch(len(self.batches))
        return self._steps.next_epoch()

    def augment(self, batch: Batch) -> Batch:
        """The batch after all augmentations, the user's first."""
        bound = self._augments.get(batch.x.shape)
        if bound is None:
            members, shape = self.recipe.augmentations, batch.x.shape
            bound = bind_augmentations(self._maps, members, shape, self.dtype)
            self._augments[shape] = bound
        x, y = bound(batch.x, batch.y, self.state.streams, batch.share)
        return Batch(x, y, *batch[2:])

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
        now = time.monotonic()
        for index, values in zip(going, self.kept.final(going), strict=True):
            row, seconds = self.rows[index], now - float(self.started[index])
            state = self.state if len(self) == 1 else self.state.take([int(index)])
            history, error = self._histories[row], self._errors.get(row)
            self._results[row] = Result(values, _usable(state), history, seconds, error)
        keep = np.flatnonzero(~stop)
        self.rows = [self.rows[index] for index in keep]
        if len(keep):
            self.recipe = take_numbers(self.recipe, keep)
            self.state = self.state.take([int(index) for index in keep])
            self.last_epochs, self.started = self.last_epochs[keep], self.started[keep]
            self._bind()

    def underway(self, index: int) -> Underway:
        """The network at array row ``index`` as it is at the end of an epoch, copied."""
        state, history = self.state.take([index]), self.histories[index]
        return Underway(
            replace(state, streams=state.streams.copy()),
            replace(history.until(len(history.loss)), stop_reason=""),
            time.monotonic() - float(self.started[index]),
        )

    def interrupt(self) -> None:
        """End all networks where they are."""
        for history in self.histories:
            history.stop_reason = "interrupted"
        self.leave(np.ones(len(self), np.bool_))

    def _bind(self) -> None:
        """Everything that points into the arrays; made anew when networks leave."""
        recipe, state = self.recipe, self.state
        self.problems = [self._problems[row] for row in self.rows]
        self._maps = [p.augment for p in self.problems if p.augment is not None]
        self.augments = bool(self._maps or self.recipe.augmentations)
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
            recipe.penalties,
            recipe.transforms,
            states,
            values,
            grads,
            layout.n_weights,
            team_size(values.size),
        )
        self.batches = Batches(
            take_sets(self._train_sets, self.rows),
            recipe.batch_size,
            self.dtype,
            join_single=recipe.batch_statistics,
            by_weight=recipe.draws_by_weight,
        )
        self.validation: Validation | None = None
        if self._validation_sets:
            sets = take_sets(self._validation_sets, self.rows)
            self.validation = Validation(sets, self.dtype)
        self.kept = KeptWeights(recipe, state, self.network, self.problems)
        self._steps = PlannedSteps(recipe, state, self.batches, self.update_step, self.last_epochs)


def _history_so_far(problem: Problem) -> History:
    """What this training's epochs have been like, in lists of its own."""
    if problem.underway is None:
        return History()
    history = problem.underway.history
    return history.until(len(history.loss))


def _usable(state: TrainingState) -> TrainingState:
    """The state to go on from: after a divergence, the best row with fresh moments."""
    if state.best is None or np.isfinite(state.values).all():
        return state
    return state.from_best()
