"""A training as planned, from its hooks to its result."""

from __future__ import annotations

import math
from contextlib import nullcontext
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from sknnreg.engine.arrays.stack import Array
from sknnreg.engine.loop.evaluation import loss_on
from sknnreg.engine.places.objective.links import Exp
from sknnreg.engine.places.signal.dense import Dense
from sknnreg.engine.places.signal.network import Network
from sknnreg.engine.problem import History, Problem, Result
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
    """Train, with others if there are any, and raise what a hook raised.

    What an earlier fit left of this training is not trained once more.
    """
    found = None if listeners is None else listeners.found()
    if isinstance(found, Result):
        result = found
    else:
        hook = on_each_epoch(estimator.verbose, listeners, stage)
        score = score_function(estimator, plan)
        problem = plan.prepared.problem(plan.recipe, state, score, hook)
        result = _train(replace(problem, underway=found), listeners)
    if not result.diverged:
        result.overflows = _overflows(plan, result)
    return result


def _train(problem: Problem, listeners: EpochCallbacks | None) -> Result:
    with nullcontext() if listeners is None else listeners.keeping():
        result = train_together(problem)
        if result.error is not None:
            raise result.error
    if listeners is not None:
        listeners.on_training_end(result)
    return result


def _overflows(plan: Plan, result: Result) -> bool:
    """Whether the loss on the training rows is not finite, of the network that is kept.

    An epoch's loss is that before each update: the last one's consequences nobody has seen. Rows
    are only read once more where such a thing is possible.
    """
    exponential = isinstance(plan.recipe.loss.link, Exp)
    if not exponential and not _is_huge(plan.recipe.network, result.values):
        return False
    recipe = plan.recipe.alone
    with np.errstate(all="ignore"):
        losses = [loss_on(plan.prepared.train, recipe, row[None]) for row in result.values]
    return not np.isfinite(losses).all()


def _is_huge(network: Network, rows: Array) -> bool:
    """Whether the largest weights, summed over all units, could make the square of an output inf.

    With a margin, since nothing is known here of the inputs.
    """
    largest = float(max(rows.max(), -rows.min(), 1.0))
    widths = [layer.n_in for layer in network.layers if isinstance(layer, Dense)]
    exponent = sum(math.log10(largest * width) for width in widths)
    return exponent > 0.4 * math.log10(np.finfo(rows.dtype).max)
