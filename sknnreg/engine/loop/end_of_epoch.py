"""The end of an epoch: what it was like, whether it was the best, and which networks stop."""

from __future__ import annotations

from functools import partial

import numpy as np

from sknnreg.engine.arrays.stack import Array
from sknnreg.engine.loop.cohort import Cohort
from sknnreg.engine.places.time.monitors import Epoch
from sknnreg.engine.problem import Report
from sknnreg.engine.state import key


def end_epoch(cohort: Cohort, loss: Array, rate: Array) -> Array:
    """Judge the epoch with this training loss and step size ``(M,)``; which networks stop ``(M,)``.

    Everything that takes time comes first: an interrupt finds either all of the epoch or nothing.
    """
    state, recipe = cohort.state, cohort.recipe
    # A sum is finite only if all its terms are: one pass, no mask of the matrix' size.
    finite = np.isfinite(loss + np.add.reduce(state.values, axis=1))
    if cohort.kept.averages:
        cohort.kept.after_epoch(state.epochs + 1)
    validation_loss = None
    if cohort.validation is not None:
        validation_loss = cohort.validation.loss(cohort.kept.network, recipe.loss)
    # Without early stopping validation rows are looked at, but decide nothing.
    watched = loss if validation_loss is None or not recipe.keep_best else validation_loss
    reports: list[Report] = []
    if cohort.reports:
        reports = [_report(cohort, i, loss, validation_loss, rate) for i in range(len(cohort))]
        watched = _score(cohort, reports, watched)
    if cohort.kept.has_snapshots:
        cohort.kept.take_snapshots(state.epochs + 1, watched, finite)
    state.epochs += 1
    _remember(cohort, loss, rate, validation_loss, watched)
    _keep_best(cohort, watched, finite)
    epoch = Epoch(state.epochs, watched, finite, rate, cohort.started, validation_loss)
    stop = _monitor(cohort, epoch)
    if reports:
        _stop(cohort, stop, _hooks(cohort, reports, stop), "callback")
    return stop


def _monitor(cohort: Cohort, epoch: Epoch) -> Array:
    """The networks that stop by what is watched, or have reached the last epoch."""
    state, recipe = cohort.state, cohort.recipe
    ends = [
        (member.on_epoch_end(epoch, state.monitors[key(member)]), member.reason)
        for member in recipe.monitors
    ]
    ends.append((state.epochs >= cohort.last_epochs, "max_iter"))
    stop = np.zeros(len(cohort), np.bool_)
    for member_ends, reason in ends:
        _stop(cohort, stop, member_ends, reason)
    return stop


def _remember(
    cohort: Cohort, loss: Array, rate: Array, validation_loss: Array | None, watched: Array
) -> None:
    for index, history in enumerate(cohort.histories):
        history.loss.append(float(loss[index]))
        history.learning_rate.append(float(rate[index]))
        if validation_loss is not None:
            history.validation_loss.append(float(validation_loss[index]))
        if cohort.recipe.keep_best:
            history.score.append(-float(watched[index]))


def _report(
    cohort: Cohort, index: int, loss: Array, validation_loss: Array | None, rate: Array
) -> Report:
    return Report(
        epoch=int(cohort.state.epochs[index]) + 1,
        loss=float(loss[index]),
        validation_loss=None if validation_loss is None else float(validation_loss[index]),
        learning_rate=float(rate[index]),
        values=partial(_row, cohort.kept.network.values, index),
        underway=partial(cohort.underway, index),
    )


def _row(values: Array, index: int) -> Array:
    return values[[index]]


def _score(cohort: Cohort, reports: list[Report], watched: Array) -> Array:
    """Minus the score where a scorer decides, ``watched`` elsewhere; a failing scorer is kept."""
    watched = watched.copy()
    for index, (problem, report) in enumerate(zip(cohort.problems, reports, strict=True)):
        if problem.score is None:
            continue
        try:
            report.score = float(problem.score(report.values()))
        except Exception as error:
            cohort.fail(index, error)
            report.score = float("nan")
        watched[index] = -report.score
    return watched


def _keep_best(cohort: Cohort, watched: Array, finite: Array) -> None:
    state = cohort.state
    better = (watched < state.best_value) & finite
    if True not in better.tolist():
        return
    state.best_value[better] = watched[better]
    state.best_epoch[better] = state.epochs[better]
    cohort.kept.keep_best(better)


def _hooks(cohort: Cohort, reports: list[Report], stop: Array) -> Array:
    """Which networks' own hooks want them to stop; a hook or scorer that raises stops its own."""
    wants = np.array([cohort.failed(index) for index in range(len(cohort))])
    for index, (problem, report) in enumerate(zip(cohort.problems, reports, strict=True)):
        hook, reason = problem.on_epoch_end, cohort.histories[index].stop_reason
        if hook is None or wants[index] or reason == "diverged":
            continue
        report.stops = bool(stop[index])
        try:
            wants[index] = bool(hook(report))
        except Exception as error:
            cohort.fail(index, error)
            wants[index] = True
    return wants


def _stop(cohort: Cohort, stop: Array, ends: Array, reason: str) -> None:
    """Stop the networks that end; the first reason counts."""
    for index, end in enumerate(ends.tolist()):
        if end:
            history = cohort.histories[index]
            history.stop_reason = history.stop_reason or reason
            stop[index] = True
