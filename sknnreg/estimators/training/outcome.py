"""How training ended, in words: warnings for what still can be used, errors for what cannot."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeAlias

import numpy as np
from sklearn.base import is_classifier
from sklearn.exceptions import ConvergenceWarning

from sknnreg.engine.arrays.batches import DataSet
from sknnreg.engine.arrays.rows import Rows
from sknnreg.engine.problem import Result
from sknnreg.estimators.data.inputs import chunks
from sknnreg.estimators.data.preparation import Prepared, standardizes
from sknnreg.estimators.hyperparameters import OBJECTIVE, from_zero
from sknnreg.estimators.settings.automatic import tol

# A warning's category and message.
Notice: TypeAlias = tuple[type[Warning], str]


_gathered: ContextVar[list[Notice] | None] = ContextVar("gathered", default=None)


def warn(notice: Notice | None, stacklevel: int) -> None:
    """Warn of it, if there is anything to warn of."""
    gathered = _gathered.get()
    if notice is None:
        return
    if gathered is None:
        warnings.warn(notice[1], notice[0], stacklevel=stacklevel)
    else:
        gathered.append(notice)


@contextmanager
def gathering_notices() -> Iterator[list[Notice]]:
    """What this thread's fits would warn of, for who says it once for many."""
    notices: list[Notice] = []
    token = _gathered.set(notices)
    try:
        yield notices
    finally:
        _gathered.reset(token)


# Reasons to end before all is there that was asked for, with what to do about them.
_TOO_EARLY = {
    "no_improvement": " Set n_iter_no_change=None to train for all of max_iter.",
    "step_size_too_small": " Set n_iter_no_change=None to train for all of max_iter.",
    "max_time": " Increase max_time or decrease max_iter.",
    "max_iter": " Go on training, or increase max_iter.",
    "callback": "",
    "interrupted": "",
}


def outcome_warning(
    estimator: Any, result: Result, prepared: Prepared, *, planned: bool
) -> Notice | None:
    """What to warn of, by ``stop_reason``; raises where no network is left.

    ``planned`` is the length of one epoch in ``partial_fit``.
    """
    reason = result.history.stop_reason
    if result.diverged:
        return _diverged(estimator, result, prepared.train)
    if estimator.early_stopping and result.history.score and np.isinf(result.state.best_value[0]):
        return UserWarning, (
            f"early_stopping_scoring={estimator.early_stopping_scoring!r} gave no finite value on "
            "the validation rows: no epoch was the best, and the last network is kept. Check that "
            "these rows have weight, and enough of them to be scored."
        )
    if not planned and reason in _TOO_EARLY and (missing := _missing(estimator, result)):
        return UserWarning, (
            f"Training ended after {_epochs(result)} ({reason!r}), {missing}.{_TOO_EARLY[reason]}"
        )
    if reason == "interrupted":
        return UserWarning, (
            f"Training was interrupted after {_epochs(result)}; the network so far is kept."
        )
    if reason == "max_iter" and not planned and estimator.n_iter_no_change not in (None, np.inf):
        unit = "iterations" if estimator.solver == "lbfgs" else "epochs"
        return ConvergenceWarning, (
            f"max_iter={estimator.max_iter} {unit} were reached before training converged. "
            f"Increase max_iter, or set n_iter_no_change=None if this many {unit} are "
            "what you want."
        )
    if reason in ("max_fun", "line_search_failed"):
        limit = f"max_fun={estimator.max_fun} evaluations were reached"
        stuck = "the line search found no lower loss"
        return ConvergenceWarning, (
            f"{limit if reason == 'max_fun' else stuck} before lbfgs converged to tol="
            f"{tol(estimator)}. Increase max_fun or tol."
        )
    return None


def refit_warning(estimator: Any, result: Result, first: Result) -> Notice | None:
    """What to warn of after a refit; ``first`` is the training that early stopping ended."""
    if result.diverged:
        return ConvergenceWarning, (
            f"In the refit (early_stopping_refit={estimator.early_stopping_refit!r}) the loss or a "
            f"weight stopped being finite after {_epochs(result)}; the best weights before, of "
            f"epoch {int(first.state.best_epoch[0])}, are kept. Try {_advice(estimator)}."
        )
    refit, reason = estimator.early_stopping_refit, result.history.stop_reason
    if refit == "scratch" and reason in ("interrupted", "callback", "max_time"):
        return UserWarning, (
            f"The refit from scratch ended after {_epochs(result)} ({reason!r}), before it had "
            f"trained for the {int(first.state.best_epoch[0])} that were best: the best network "
            "before is kept."
        )
    if reason == "interrupted":
        return UserWarning, (
            f"The refit was interrupted after {_epochs(result)}; the network so far is kept."
        )
    return None


def _missing(estimator: Any, result: Result) -> str:
    """What was to be kept of the time that training did not last."""
    state, n_wanted = result.state, estimator.n_snapshots
    if n_wanted > 1 and state.taken[0] < n_wanted:
        n = int(state.taken[0])
        kept = "predictions average these" if n > 1 else "predictions are those of one network"
        return f"when {n} of n_snapshots={n_wanted} had been taken: {kept}"
    if n_wanted == 1 and estimator.weight_averaging == "swa" and state.averaged[0] == 0:
        start = estimator.averaging_start
        kept = "best" if estimator.early_stopping else "last"
        return (
            f"before averaging_start={start} of max_iter={estimator.max_iter} was reached: "
            f"nothing was averaged, and the {kept} network is kept"
        )
    return ""


def _diverged(estimator: Any, result: Result, train: DataSet) -> Notice:
    history, epoch = result.history, _epochs(result)
    lbfgs, advice = estimator.solver == "lbfgs", _advice(estimator)
    if estimator.early_stopping and result.finite and np.isfinite(result.state.best_value[0]):
        kept = f"best weights so far, of epoch {int(result.state.best_epoch[0])},"
        if estimator.n_snapshots > 1 and result.state.taken[0]:
            kept = f"snapshots so far, {len(result.values)},"
        return ConvergenceWarning, (
            f"The loss or a weight stopped being finite after {epoch}; the {kept} are kept. Try "
            f"{advice}."
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
    both = standardizes(estimator, "X"), is_classifier(estimator) or standardizes(estimator, "y")
    if not all(both):
        ways.append("standardize=True")
    strengths = [*_penalties(estimator), "weight_decay"]
    if max(getattr(estimator, name) for name in strengths) > 1:
        ways.append(f"smaller {', '.join(strengths[:-1])} and {strengths[-1]}")
    return " or ".join(ways) or "solver='adam'"


def _penalties(estimator: Any) -> list[str]:
    """The hyperparameters that are strengths of penalties."""
    declared = estimator._declarations.items()
    return [
        name for name, each in declared if each.place is OBJECTIVE and each.allowed == (from_zero,)
    ]


def _epochs(result: Result) -> str:
    n = int(result.state.epochs[0])
    return f"{n} epoch" if n == 1 else f"{n} epochs"


def _largest(rows: Rows) -> float:
    largest = 0.0
    for at in chunks((len(rows), rows.width)):
        read = rows.read(at, np.empty((at.stop - at.start, rows.width)))
        largest = max(largest, float(np.abs(read).max()))
    return largest
