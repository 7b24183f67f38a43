"""Going on with a fitted network: what is kept between calls, and what must not change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sknnreg.engine.problem import History, Recipe
from sknnreg.engine.state import TrainingState, key
from sknnreg.estimators.data.inputs import Standardization
from sknnreg.estimators.data.preparation import Plan, Scales
from sknnreg.estimators.data.targets import Targets


@dataclass(frozen=True)
class Memory:
    """What ``warm_start`` and ``partial_fit`` go on from.

    ``criterion`` is what decided which epoch is best, ``architecture`` which arrays there are;
    ``refitted`` says that the rows which were held out may have been learned from since.
    """

    seed: int
    inputs: Standardization
    targets: Targets
    state: TrainingState
    history: History
    criterion: Any
    architecture: tuple[Any, ...]
    refitted: bool = False

    def check_validation(self, plan: Plan, early_stopping: bool) -> None:
        """Raise if early stopping would hold out rows that a refit has learned from."""
        if self.refitted and early_stopping and plan.given_validation is None:
            raise ValueError(
                "early_stopping=True would validate on rows that early_stopping_refit has learned "
                "from in an earlier call. Pass X_val and y_val, set early_stopping=False, or set "
                "warm_start=False to start anew."
            )

    @property
    def scales(self) -> Scales:
        """What stays as the first call found it."""
        return Scales(self.seed, self.inputs)

    def state_for(self, recipe: Recipe, criterion: Any) -> TrainingState:
        """A copy of the state for this recipe, so that a failure leaves memory whole."""
        if architecture(recipe) != self.architecture:
            raise ValueError(
                "the network cannot go on training: its layers have changed since the last call. "
                "Set warm_start=False to start anew, or restore hidden_layer_sizes, activation "
                "and normalization."
            )
        state = self.state.copy()
        if criterion != self.criterion:
            # The best so far was the best by another measure, and nobody knows by which margin.
            state.best = None if state.best is None else state.values.copy()
            state.best_value[...] = np.inf
            state.best_epoch[...] = 0
            for member in recipe.monitors:
                if key(member) in state.monitors:
                    member.rejudge(state.monitors[key(member)], state.best_value)
        return state.cast(recipe.dtype)


def criterion(estimator: Any, n_rows: int) -> tuple[Any, ...]:
    """What decides which epoch is best; losses of another objective or data cannot be compared.

    A validation loss of other rows can: the best network is judged by these anew.
    """
    loss = (getattr(estimator, "loss", None), getattr(estimator, "huber_delta", None))
    if estimator.early_stopping:
        return (estimator.early_stopping_scoring, *loss)
    weights = repr(getattr(estimator, "class_weight", None))
    return ("training loss", *loss, estimator.l1, estimator.l2, weights, n_rows)


def architecture(recipe: Recipe) -> tuple[Any, ...]:
    """Kind and arrays of every layer."""
    return tuple(
        (type(layer).__name__, tuple((slot.name, slot.shape) for slot in layer.slots))
        for layer in recipe.network.layers
    )
