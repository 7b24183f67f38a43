"""Going on with a fitted network: what is kept between calls, and what must not change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sknnreg.augmentation import Augmentation
from sknnreg.engine.problem import History, Recipe
from sknnreg.engine.state import TrainingState, key
from sknnreg.estimators.data.inputs import Standardization
from sknnreg.estimators.data.preparation import Plan, Scales
from sknnreg.estimators.data.targets import Targets
from sknnreg.estimators.training.planned import Trained


@dataclass(frozen=True)
class Continuation:
    """What ``warm_start`` and ``partial_fit`` go on from.

    ``criterion`` is what decided which epoch is best, ``architecture`` which arrays there are;
    ``refitted`` says that the rows which were held out may have been learned from since,
    ``stepwise`` that ``partial_fit`` was called last, and more calls are to come.
    """

    seed: int
    inputs: Standardization
    targets: Targets
    state: TrainingState
    history: History
    criterion: tuple[Any, ...]
    architecture: tuple[Any, ...]
    refitted: bool = False
    stepwise: bool = False

    def _check_validation(self, plan: Plan, early_stopping: bool) -> None:
        """Raise if early stopping would hold out rows that a refit has learned from."""
        if self.refitted and early_stopping and plan.given_validation is None:
            raise ValueError(
                "early_stopping=True would validate on rows that early_stopping_refit has learned "
                "from in an earlier call. Pass X_val and y_val, set early_stopping=False, or set "
                "warm_start=False to start anew."
            )

    @classmethod
    def of(
        cls, estimator: Any, trained: Trained, *, refitted: bool, stepwise: bool
    ) -> Continuation:
        """What to go on from after a training."""
        plan, prepared = trained.plan, trained.plan.prepared
        return cls(
            prepared.seed,
            prepared.inputs,
            prepared.targets,
            trained.result.state,
            trained.history,
            criterion(estimator, plan),
            architecture(plan.recipe),
            refitted,
            stepwise,
        )

    @property
    def scales(self) -> Scales:
        """What stays as the first call found it."""
        return Scales(self.seed, self.inputs)

    def state_for(self, estimator: Any, plan: Plan) -> TrainingState:
        """A copy of the state for this plan, so that a failure leaves the one here whole."""
        recipe = plan.recipe
        self._check_validation(plan, estimator.early_stopping)
        if architecture(recipe) != self.architecture:
            raise ValueError(
                "the network cannot go on training: its layers have changed since the last call. "
                "Set warm_start=False to start anew, or restore hidden_layer_sizes, activation, "
                "normalization, weight_norm, input_scale and dropout_kind."
            )
        state = self.state.copy()
        if criterion(estimator, plan) != self.criterion:
            # The best so far was so by another measure; by which margin is not known.
            state.best = None if state.best is None else state.values.copy()
            state.best_value[...] = np.inf
            state.best_epoch[...] = 0
            if state.snapshot_values is not None:
                state.snapshot_values[...] = np.inf
            for member in recipe.monitors:
                if key(member) in state.monitors:
                    member.rejudge(state.monitors[key(member)], state.best_value)
        return state.cast(recipe.dtype)


def criterion(estimator: Any, plan: Plan) -> tuple[Any, ...]:
    """What decides which epoch is best; losses of another objective or data cannot be compared.

    A validation loss of other rows can: the best network is judged by these anew.
    """
    recipe, train = plan.recipe, plan.prepared.train
    if estimator.early_stopping:
        return "validation", _OwnFunction.where(estimator.early_stopping_scoring), recipe.loss
    return (
        "training loss",
        recipe.objective,
        len(train),
        train.weight is None,
        repr(getattr(estimator, "class_weight", None)),
        _OwnFunction.where(estimator.augmentation),
    )


@dataclass(frozen=True, eq=False)
class _OwnFunction:
    """A user's function, equal to itself alone: what its own == does is not known."""

    function: Any

    @classmethod
    def where(cls, given: Any) -> Any:
        """What was given, wrapped if it is a function; of an augmentation, what it does now."""
        if isinstance(given, Augmentation) and given.is_known:
            return given.identity if given.is_active else None
        return cls(given) if callable(given) else given

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _OwnFunction) and self.function is other.function

    def __hash__(self) -> int:
        return id(self.function)


def architecture(recipe: Recipe) -> tuple[Any, ...]:
    """Kind and arrays of every layer, and what the arrays of its weights in use mean."""
    return tuple(
        (
            type(layer).__name__,
            tuple((slot.name, slot.shape) for slot in layer.slots),
            tuple(m for m in getattr(layer, "reparametrizations", ()) if m.slots(1, 1)),
        )
        for layer in recipe.network.layers
    )
