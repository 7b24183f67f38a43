"""After early stopping: training on all rows, those included that it had held out."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from sknnreg.engine.loop.evaluation import loss_on
from sknnreg.engine.problem import History, Result
from sknnreg.engine.state import TrainingState
from sknnreg.estimators.data.preparation import Plan, Scales, prepare
from sknnreg.estimators.settings.recipes import recipe
from sknnreg.estimators.training.callbacks import EpochCallbacks
from sknnreg.estimators.training.planned import Trained, train_as_planned

# If training ended otherwise, no more of it was wanted, or there is nothing to go by.
_ENDED_BY_ITSELF = (
    "no_improvement",
    "max_iter",
    "step_size_too_small",
    "converged",
    "max_fun",
    "line_search_failed",
)


def refit(
    estimator: Any, trained: Trained, listeners: EpochCallbacks | None
) -> tuple[Trained, Result | None]:
    """Train with all rows if that is asked for: what is kept then, and the refit's own result."""
    first = trained.result
    if not wants_refit(estimator, first):
        return trained, None
    again = plan_refit(estimator, trained.plan, first)
    if listeners is not None:
        listeners.follow(again.plan)
    final = train_as_planned(estimator, again.plan, again.state, listeners, stage="refit, ")
    if keeps_refit(estimator, final):
        trained = Trained(again.plan, final, again.history.extended(final.history))
    return trained, final


def wants_refit(estimator: Any, result: Result) -> bool:
    """Whether training goes on with all rows, now that early stopping has found its epoch."""
    found = bool(np.isfinite(result.state.best_value[0]))
    ended = result.history.stop_reason in _ENDED_BY_ITSELF
    return estimator.early_stopping_refit is not None and found and ended


def keeps_refit(estimator: Any, final: Result) -> bool:
    """Whether the network of a refit takes the place of the one that was best.

    One from scratch that was cut short does not: it may have learned next to nothing.
    """
    whole = final.history.stop_reason in _ENDED_BY_ITSELF
    return not final.diverged and (whole or estimator.early_stopping_refit == "continue")


class Refit(NamedTuple):
    """How to train with all rows, from which state (None: anew), and the history so far."""

    plan: Plan
    state: TrainingState | None
    history: History


def plan_refit(estimator: Any, plan: Plan, result: Result) -> Refit:
    """What is to follow a training that early stopping ended."""
    settled = _settled(estimator, result)
    best_epoch = int(result.state.best_epoch[0])
    if estimator.early_stopping_refit == "scratch":
        return Refit(_from_scratch(settled, plan, best_epoch), None, History())
    history = result.history.until(best_epoch)
    return Refit(_continued(settled, plan, result), _best_state(result.state), history)


def _settled(estimator: Any, result: Result) -> Any:
    """The estimator that neither holds out rows nor runs out of patience."""
    settled = copy.copy(estimator)
    settled.early_stopping, settled.early_stopping_refit = False, None
    settled.n_iter_no_change = None
    if settled.max_time is not None:
        settled.max_time = max(settled.max_time - result.seconds, 0.0)
    return settled


def _from_scratch(settled: Any, plan: Plan, n_epochs: int) -> Plan:
    """Anew for the number of epochs found, with scales taken from all rows."""
    given, before = plan.all_rows, plan.prepared
    prepared = prepare(settled, given, None, before.targets, Scales(before.seed))
    return Plan(given, None, prepared, recipe(settled, prepared, max_iter=n_epochs))


def _continued(settled: Any, plan: Plan, result: Result) -> Plan:
    """On from the best weights until the held-out rows fit as well as the others did then."""
    given, before = plan.all_rows, plan.prepared
    scales = Scales(before.seed, before.inputs)
    prepared = prepare(settled, given, None, before.targets, scales)
    prepared = replace(prepared, validation=before.validation)
    judged = plan.recipe.alone
    how = recipe(
        settled,
        prepared,
        max_iter=settled.max_iter,
        dtype_so_far=plan.recipe.dtype,
        target_loss=loss_on(before.train, judged, result.values),
    )
    return Plan(given, None, prepared, how)


def _best_state(state: TrainingState) -> TrainingState:
    """The state with the best weights, as of their epoch."""
    fraction = state.best_epoch / state.epochs
    updates, samples = (
        np.rint(count * fraction).astype(count.dtype) for count in (state.updates, state.samples)
    )
    epochs = state.best_epoch.copy()
    return replace(state.from_best(), best=None, epochs=epochs, updates=updates, samples=samples)
