"""train(problems): the one mini-batch loop, in the order of the seven places."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np

from sknnreg.engine.arrays.batches import Batch
from sknnreg.engine.arrays.stack import Array
from sknnreg.engine.arrays.threads import blas_threads
from sknnreg.engine.loop.adversarial import backpropagate_adversarial
from sknnreg.engine.loop.cohort import Cohort
from sknnreg.engine.loop.end_of_epoch import end_epoch
from sknnreg.engine.loop.lbfgs import minimize
from sknnreg.engine.problem import Problem, Result


def train(problems: Sequence[Problem], halt: threading.Event | None = None) -> list[Result]:
    """Train networks of equal structure side by side; a result each.

    A keyboard interrupt, or another thread by ``halt``, ends them all where they are, with
    ``stop_reason`` "interrupted".
    """
    recipe = problems[0].recipe
    # What overflows is found at the epoch's end and named there, not warned of in passing.
    quiet = np.errstate(all="ignore")
    with quiet, blas_threads(recipe.largest_product):
        if recipe.lbfgs is not None:
            return [minimize(problem, halt) for problem in problems]
        return _train_cohort(Cohort(problems, halt))


def _train_cohort(cohort: Cohort) -> list[Result]:
    try:
        while len(cohort):
            losses, rates = train_epoch(cohort)
            losses *= cohort.batches.fractions.T
            loss = np.add.reduce(losses, axis=1)
            cohort.leave(end_epoch(cohort, loss, rates[-1]))  # 7 time
    except KeyboardInterrupt:
        cohort.interrupt()
    return cohort.results()


def train_epoch(cohort: Cohort) -> tuple[Array, Array]:
    """One pass over the rows; the updates' losses ``(M, n)`` and step sizes ``(n, M)``."""
    state, recipe, averages = cohort.state, cohort.recipe, cohort.kept.averages
    first, rates = cohort.begin_epoch()
    losses = np.empty(rates.shape[::-1])
    for number, batch in enumerate(cohort.batches.epoch(state.streams if recipe.shuffle else None)):
        if cohort.halt.is_set():
            raise KeyboardInterrupt
        value = _backpropagate(cohort, batch)
        losses[:, number] = value
        if number % 64 == 63 and not np.isfinite(value).any():
            # Nothing is left to train: do not spend the rest of a long epoch on it.
            losses[:, number + 1 :] = np.nan
            break
        cohort.update_step.take(first + number, state.streams)  # 4 penalties, 5 update
        for constraint in recipe.constraints:  # 6 weights at rest
            for weight in (cohort.all_weights,) if constraint.joint else cohort.weights:
                constraint.project(weight)
        if averages:
            cohort.kept.after_update(number)  # 7 time
    state.updates += len(cohort.batches)
    state.steps += len(cohort.batches)
    state.samples += cohort.batches.n_rows
    return losses, rates


def _backpropagate(cohort: Cohort, batch: Batch) -> Array:
    """Fill the cohort's gradients with the data's part; the objective ``(M,)``."""
    recipe, phase = cohort.recipe, cohort.phase
    if cohort.augments:
        batch = cohort.augment(batch)  # 1 data
    phase.weigh(batch.share, batch.total, batch.mass)
    if recipe.adversarial:
        (member,) = recipe.adversarial
        value = backpropagate_adversarial(member, cohort.network, phase, batch, recipe.loss)
    else:
        bound = cohort.network.bound(batch.x.shape[1], phase)  # 2 signal, 3 weights in use
        value = bound.backpropagate(batch.x, batch.y, batch.weight, recipe.loss)
    return value + cohort.penalty() if cohort.has_penalties else value  # 4 objective


def losses_by_update(problems: Sequence[Problem], n_updates: int) -> tuple[Array, Array]:
    """The losses ``(M, n_updates)`` and step sizes ``(n_updates,)`` of the first updates.

    The networks train side by side and are neither judged nor stopped nor kept.
    """
    losses: list[Array] = []
    rates: list[Array] = []
    with np.errstate(all="ignore"), blas_threads(problems[0].recipe.largest_product):
        cohort = Cohort(problems)
        while sum(len(each) for each in rates) < n_updates:
            values, step_sizes = train_epoch(cohort)
            cohort.state.epochs += 1
            losses.append(values)
            rates.append(step_sizes[:, 0])
    return np.concatenate(losses, axis=1)[:, :n_updates], np.concatenate(rates)[:n_updates]
