"""The step sizes of the updates to come, for many epochs at once."""

from __future__ import annotations

import numpy as np

from sknnreg.engine.arrays.batches import Batches
from sknnreg.engine.arrays.stack import Array
from sknnreg.engine.loop.update_step import LOOK_AHEAD, UpdateStep
from sknnreg.engine.places.update import Steps, per_step
from sknnreg.engine.places.update.schedules import Progress
from sknnreg.engine.problem import Recipe
from sknnreg.engine.state import TrainingState, key


class PlannedSteps:
    """Tells an update step which updates come, up to the last epochs ``(M,)`` of M networks.

    Working the coefficients out costs more than small updates do: many epochs are planned at once,
    unless the step size listens to how training goes.
    """

    def __init__(
        self,
        recipe: Recipe,
        state: TrainingState,
        batches: Batches,
        update_step: UpdateStep,
        last_epochs: Array,
    ) -> None:
        self._recipe, self._state, self._batches = recipe, state, batches
        self._update_step, self._last_epochs = update_step, last_epochs
        self._rates = np.empty((0, len(last_epochs)))
        self._next_update = 0

    def next_epoch(self) -> tuple[int, Array]:
        """The place of the epoch's first update in the plan; its step sizes ``(n_updates, M)``."""
        if self._next_update == len(self._rates):
            self._plan()
        first = self._next_update
        self._next_update += len(self._batches)
        return first, self._rates[first : self._next_update]

    def _plan(self) -> None:
        recipe, state, n_updates = self._recipe, self._state, len(self._batches)
        factors = [
            factor
            for member in recipe.monitors
            if (factor := member.rate_factor(state.monitors[key(member)])) is not None
        ]
        n_epochs = 1 if factors else max(1, LOOK_AHEAD // n_updates)
        n_epochs = min(n_epochs, int((self._last_epochs - state.epochs).max()))
        n_rows = self._batches.n_rows
        now = Progress(state.epochs, state.updates, state.samples, n_updates, n_rows)
        ahead = recipe.schedule.factors(now.later(np.arange(n_epochs)[:, None]))
        self._rates = per_step(recipe.learning_rate) * ahead.reshape(-1, len(state.values))
        for factor in factors:
            self._rates *= factor
        number = state.steps + np.arange(1.0, len(self._rates) + 1)[:, None]
        factor = self._rates / per_step(recipe.learning_rate)
        self._update_step.plan(Steps(number, self._rates, factor))
        self._next_update = 0
