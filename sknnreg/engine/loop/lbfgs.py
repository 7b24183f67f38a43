"""solver="lbfgs": full-batch training by SciPy's L-BFGS-B."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import scipy

from sknnreg.engine.arrays.stack import Array
from sknnreg.engine.loop.cohort import Cohort
from sknnreg.engine.loop.end_of_epoch import end_epoch
from sknnreg.engine.loop.evaluation import population_statistics
from sknnreg.engine.places.signal import Phase
from sknnreg.engine.problem import Problem, Result


class Objective:
    """J and its gradient as functions of one vector.

    With proximal penalties the weights are split into w = u - v with u, v >= 0, where the
    penalties' own ``split`` is smooth and zeros are exact at the bounds; the vector is then
    (u, v, others).
    """

    def __init__(self, cohort: Cohort) -> None:
        self._cohort = cohort
        layout = cohort.recipe.network.layout
        self._n_weights, self._n_trainable = layout.n_weights, layout.n_trainable
        self._proximal = [p for p in cohort.recipe.penalties if p.proximal]
        # No streams: nothing draws here. Running statistics are gathered afterwards.
        self._phase = Phase()
        self._smooth = [p for p in cohort.recipe.penalties if not p.proximal]
        self._check_splits()

    @property
    def start(self) -> Array:
        """The vector of the values as they are."""
        values = self._cohort.state.values[0, : self._n_trainable]
        if not self._proximal:
            return values.copy()
        w, others = values[: self._n_weights], values[self._n_weights :]
        return np.concatenate([np.maximum(w, 0), np.maximum(-w, 0), others])

    def _check_splits(self) -> None:
        parts = self.start[None, : 2 * self._n_weights]
        for penalty in self._proximal:
            if penalty.split(parts) is None:
                raise ValueError(
                    f"{penalty} has no gradient everywhere and offers no split w = u - v in which "
                    "it has one, which solver='lbfgs' needs. Use solver='adam' or 'sgd'."
                )

    @property
    def bounds(self) -> scipy.optimize.Bounds | None:
        """u and v from 0, nothing else bounded."""
        if not self._proximal:
            return None
        n_free = self._n_trainable - self._n_weights
        lower = np.concatenate([np.zeros(2 * self._n_weights), np.full(n_free, -np.inf)])
        return scipy.optimize.Bounds(lower, np.full(len(lower), np.inf))

    def assign(self, vector: Array) -> None:
        """Make the vector the network's values."""
        values, n = self._cohort.state.values[0], self._n_weights
        if self._proximal:
            np.subtract(vector[:n], vector[n : 2 * n], out=values[:n])
            values[n : self._n_trainable] = vector[2 * n :]
        else:
            values[: self._n_trainable] = vector

    def __call__(self, vector: Array) -> tuple[float, Array]:
        """(J, dJ/dvector)."""
        cohort, n = self._cohort, self._n_weights
        # Of these only label smoothing, which draws nothing.
        augmented = cohort.augments
        self.assign(vector)
        total = 0.0
        gradient = np.zeros(self._n_trainable)
        for number, batch in enumerate(cohort.batches.epoch(None)):
            if cohort.halt.is_set():
                raise KeyboardInterrupt
            self._phase.weigh(batch.share, batch.total)
            bound = cohort.network.bound(batch.x.shape[1], self._phase)
            batch = cohort.augment(batch) if augmented else batch
            loss = bound.backpropagate(batch.x, batch.y, batch.weight, cohort.recipe.loss)
            fraction = float(cohort.batches.fractions[number, 0])
            total += float(loss.item()) * fraction
            gradient += cohort.network.grads[0] * fraction
        weights = cohort.state.values[:, :n]
        for penalty in self._smooth:
            total += float(penalty.value(weights)[0])
            penalty.add_gradient(weights, gradient[None, :n], np.empty_like(weights))
        return self._with_splits(vector, total, gradient) if self._proximal else (total, gradient)

    def _with_splits(self, vector: Array, total: float, gradient: Array) -> tuple[float, Array]:
        """The proximal penalties on top, and the gradient by (u, v, others)."""
        n = self._n_weights
        by_parts = np.concatenate([gradient[:n], -gradient[:n]])
        for penalty in self._proximal:
            split = penalty.split(vector[None, : 2 * n])
            assert split is not None  # checked at the start
            total += float(split[0][0])
            by_parts += split[1][0]
        return total, np.concatenate([by_parts, gradient[n:]])


def minimize(problem: Problem, halt: threading.Event | None = None) -> Result:
    """Train one network; an iteration counts as an epoch."""
    cohort = Cohort([problem], halt)
    objective = Objective(cohort)
    latest = objective.start

    def on_iteration(intermediate_result: scipy.optimize.OptimizeResult) -> None:
        nonlocal latest
        latest = intermediate_result.x.copy()
        objective.assign(latest)
        _gather_statistics(cohort)
        cohort.state.updates += 1
        cohort.state.steps += 1
        cohort.state.samples += cohort.batches.n_rows
        if end_epoch(cohort, np.array([intermediate_result.fun]), np.ones(1))[0]:
            raise StopIteration

    try:
        solution = scipy.optimize.minimize(  # type: ignore[call-overload]
            objective,
            latest,
            jac=True,
            method="L-BFGS-B",
            bounds=objective.bounds,
            options=_options(problem),
            callback=on_iteration,
        )
        if not cohort.histories[0].stop_reason:
            _conclude(cohort, objective, solution)
    except KeyboardInterrupt:
        # The line search may have been trying another point.
        objective.assign(latest)
        _gather_statistics(cohort)
        cohort.interrupt()
        return cohort.results()[0]
    cohort.leave(np.ones(1, np.bool_))
    return cohort.results()[0]


def _options(problem: Problem) -> dict[str, Any]:
    settings = problem.recipe.lbfgs
    assert settings is not None
    return {
        "maxiter": int(problem.recipe.max_iter),
        "maxfun": settings.max_evaluations,
        "gtol": settings.gradient_tolerance,
        # The gradient decides; the loss only once it cannot fall any further in float64.
        "ftol": 64 * np.finfo(np.float64).eps,
        "maxls": 50,
    }


def _conclude(
    cohort: Cohort, objective: Objective, solution: scipy.optimize.OptimizeResult
) -> None:
    """The solver ended by itself: take its point and say why it ended."""
    objective.assign(solution.x)
    _gather_statistics(cohort)
    history = cohort.histories[0]
    if not history.loss:
        # It ended where it started: that point is judged all the same.
        end_epoch(cohort, np.array([solution.fun]), np.ones(1))
        history.stop_reason = ""
    if not np.isfinite(solution.fun):
        history.stop_reason = "diverged"
    elif solution.success:
        history.stop_reason = "converged"
    else:
        history.stop_reason = "max_fun" if solution.status == 1 else "line_search_failed"


def _gather_statistics(cohort: Cohort) -> None:
    """Batch statistics are those of all rows, at the present weights."""
    if cohort.recipe.batch_statistics:
        population_statistics(cohort.recipe, cohort.state.values, cohort.batches, None)
