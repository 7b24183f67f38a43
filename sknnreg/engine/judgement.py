"""The end of an epoch: what it was like, whether it was the best, and who stops."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from sknnreg.engine.cohort import Cohort
from sknnreg.engine.monitors import Epoch
from sknnreg.engine.problem import Report
from sknnreg.engine.stack import Array


def end_epoch(cohort: Cohort, loss: Array, rate: Array) -> Array:
    """Judge the epoch with this training loss and step size ``(M,)``; who stops ``(M,)``."""
    state = cohort.state
    state.epochs += 1
    reports = _reports(cohort, loss, rate)
    finite = np.isfinite(loss) & np.isfinite(state.values).all(axis=1)
    stop = np.zeros(len(cohort), np.bool_)
    scores = [_score(cohort, index, report, stop) for index, report in enumerate(reports)]
    reports = [replace(r, score=score) for r, score in zip(reports, scores, strict=True)]
    watched = np.array([_watched(report) for report in reports])
    _keep_best(cohort, np.where(finite, watched, np.nan))
    epoch = Epoch(state.epochs, watched, finite, rate, cohort.started)
    for member in cohort.recipe.monitors:
        ends = member.on_epoch_end(epoch, state.monitors[type(member).__name__])
        _stop(cohort, stop, ends, member.reason)
    over = state.epochs - cohort.first_epochs >= cohort.recipe.max_iter
    _stop(cohort, stop, over, "max_iter")
    hooks = [
        _hook(cohort, index, replace(report, stops=bool(stop[index])))
        for index, report in enumerate(reports)
    ]
    _stop(cohort, stop, np.array(hooks), "callback")
    return stop


def _reports(cohort: Cohort, loss: Array, rate: Array) -> list[Report]:
    state, validation = cohort.state, cohort.validation
    judged = None if validation is None else validation.loss(cohort.network, cohort.recipe.loss)
    reports = []
    for index, history in enumerate(cohort.histories):
        history.loss.append(float(loss[index]))
        history.learning_rate.append(float(rate[index]))
        if judged is not None:
            history.validation_loss.append(float(judged[index]))
        reports.append(
            Report(
                epoch=int(state.epochs[index]),
                loss=float(loss[index]),
                validation_loss=None if judged is None else float(judged[index]),
                learning_rate=float(rate[index]),
                values=partial(_row, state.values, index),
            )
        )
    return reports


def _row(values: Array, index: int) -> Array:
    return values[[index]]


def _score(cohort: Cohort, index: int, report: Report, stop: Array) -> float | None:
    """The validation score of one network, if it is what decides; a failing scorer stops it."""
    score = cohort.problems[index].score
    if score is None:
        return None
    try:
        value = float(score(report.values()))
    except Exception as error:
        cohort.fail(index, error)
        stop[index] = True
        value = np.nan
    cohort.histories[index].score.append(value)
    return value


def _watched(report: Report) -> float:
    """What should fall: minus the score, else the validation loss, else the training loss."""
    if report.score is not None:
        return -report.score
    return report.loss if report.validation_loss is None else report.validation_loss


def _keep_best(cohort: Cohort, watched: Array) -> None:
    state = cohort.state
    better = watched < state.best_value
    state.best_value[better] = watched[better]
    state.best_epoch[better] = state.epochs[better]
    if state.best is not None:
        state.best[better] = state.values[better]


def _hook(cohort: Cohort, index: int, report: Report) -> bool:
    """Whether the network's own hook wants it to stop; a hook that raises stops it too."""
    hook = cohort.problems[index].on_epoch_end
    if hook is None or cohort.histories[index].stop_reason == "diverged":
        return False
    try:
        return bool(hook(report))
    except Exception as error:
        cohort.fail(index, error)
        return True


def _stop(cohort: Cohort, stop: Array, ends: Array, reason: str) -> None:
    """Stop who ends; the first reason counts."""
    for index in np.flatnonzero(ends):
        history = cohort.histories[index]
        history.stop_reason = history.stop_reason or reason
    stop |= ends
