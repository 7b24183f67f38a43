"""How training ended, in words: warnings for what still can be used, errors for what cannot."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from sknnreg.engine.batches import DataSet
from sknnreg.engine.problem import Result
from sknnreg.engine.rows import Rows
from sknnreg.estimators.inputs import chunks
from sknnreg.estimators.preparation import Prepared

# A warning's category and message.
Ending: TypeAlias = tuple[type[Warning], str]


def describe_ending(
    estimator: Any, result: Result, prepared: Prepared, *, planned: bool
) -> Ending | None:
    """What to warn of, by ``stop_reason``; raises where no network is left.

    ``planned`` is the length of one epoch in ``partial_fit``, and that of a refit.
    """
    reason = result.history.stop_reason
    if reason == "diverged" or not result.finite:
        return _diverged(estimator, result, prepared.train)
    if estimator.early_stopping and result.history.score and np.isinf(result.state.best_value[0]):
        return UserWarning, (
            f"early_stopping_scoring={estimator.early_stopping_scoring!r} gave no finite value on "
            "the validation rows: no epoch was the best, and the last network is kept. Check that "
            "these rows have weight, and enough of them to be scored."
        )
    if not planned and (missing := _missing(estimator, result)):
        return UserWarning, (
            f"Training ended after {_epochs(result)} ({reason!r}), {missing}. "
            "Set n_iter_no_change=float('inf') to train for all of max_iter."
        )
    if reason == "interrupted":
        return UserWarning, (
            f"Training was interrupted after {_epochs(result)}; the network so far is kept."
        )
    if reason == "max_iter" and not planned and np.isfinite(estimator.n_iter_no_change):
        unit = "iterations" if estimator.solver == "lbfgs" else "epochs"
        return ConvergenceWarning, (
            f"max_iter={estimator.max_iter} {unit} were reached before training converged. "
            f"Increase max_iter, or set n_iter_no_change=float('inf') if this many {unit} are "
            "what you want."
        )
    if reason in ("max_fun", "line_search_failed"):
        limit = f"max_fun={estimator.max_fun} evaluations were reached"
        stuck = "the line search found no lower loss"
        return ConvergenceWarning, (
            f"{limit if reason == 'max_fun' else stuck} before lbfgs converged to tol="
            f"{estimator.tol}. Increase max_fun or tol."
        )
    return None


def _missing(estimator: Any, result: Result) -> str:
    """What was to be kept of the time that training did not last."""
    state, n_wanted = result.state, estimator.n_snapshots
    if n_wanted > 1 and state.taken[0] < n_wanted:
        n = int(state.taken[0])
        return f"when {n} of n_snapshots={n_wanted} had been taken: predictions average these"
    if estimator.weight_averaging == "swa" and state.averaged[0] == 0:
        start = estimator.averaging_start
        return f"before averaging_start={start} of max_iter was reached: nothing was averaged"
    return ""


def _diverged(estimator: Any, result: Result, train: DataSet) -> Ending:
    history, epoch = result.history, _epochs(result)
    lbfgs, advice = estimator.solver == "lbfgs", _advice(estimator)
    if estimator.early_stopping and result.finite and np.isfinite(result.state.best_value[0]):
        return ConvergenceWarning, (
            f"The loss or a weight stopped being finite after {epoch}; the best weights so far, of "
            f"epoch {int(result.state.best_epoch[0])}, are kept. Try {advice}."
        )
    rate = history.learning_rate[-1] if history.learning_rate else estimator.learning_rate_init
    step = "" if lbfgs else f" at step size {rate:g}"
    raise ValueError(
        f"Training diverged: the loss or a weight stopped being finite after {epoch}{step}. The "
        f"largest input is {_largest(train.x):g} in absolute value and the largest target "
        f"{_largest(train.y):g}, as the network sees them. Try {advice}."
    )


def _advice(estimator: Any) -> str:
    """What may keep training finite, of what is not done already."""
    ways = []
    if estimator.solver != "lbfgs":
        ways += [f"a smaller learning_rate_init than {estimator.learning_rate_init}", "clip_norm"]
    if not estimator.standardize:
        ways.append("standardize=True")
    if max(estimator.l1, estimator.l2, estimator.weight_decay) > 1:
        ways.append("smaller l1, l2 and weight_decay")
    return " or ".join(ways) or "solver='adam'"


def _epochs(result: Result) -> str:
    n = int(result.state.epochs[0])
    return f"{n} epoch" if n == 1 else f"{n} epochs"


def _largest(rows: Rows) -> float:
    largest = 0.0
    for at in chunks((len(rows), rows.width)):
        read = rows.read(at, np.empty((at.stop - at.start, rows.width)))
        largest = max(largest, float(np.abs(read).max()))
    return largest
