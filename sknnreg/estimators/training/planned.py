"""A training as planned, from its hooks to its result."""

from __future__ import annotations

from typing import Any, NamedTuple

from sknnreg.engine.problem import History, Result
from sknnreg.engine.state import TrainingState
from sknnreg.estimators.data.preparation import Plan
from sknnreg.estimators.fitted.attributes import score_function
from sknnreg.estimators.training.callbacks import EpochCallbacks
from sknnreg.estimators.training.reporting import on_each_epoch
from sknnreg.together import train_together


class Trained(NamedTuple):
    """A network as it is kept: what it came of, and its history from the first call on."""

    plan: Plan
    result: Result
    history: History


def train_as_planned(
    estimator: Any,
    plan: Plan,
    state: TrainingState | None,
    listeners: EpochCallbacks | None,
    stage: str = "",
) -> Result:
    """Train, with others if there are any, and raise what a hook raised."""
    hook = on_each_epoch(estimator.verbose, listeners, stage)
    score = score_function(estimator, plan)
    result = train_together(plan.prepared.problem(plan.recipe, state, score, hook))
    if result.error is not None:
        raise result.error
    return result
