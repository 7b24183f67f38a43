"""How training ended, in words: warnings for what still can be used, errors for what cannot."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from sknnreg.engine.batches import DataSet
from sknnreg.engine.problem import Result
from sknnreg.engine.rows import Rows
from sknnreg.estimators.inputs import chunks
from sknnreg.estimators.preparation import Prepared


def check_ending(estimator: Any, result: Result, prepared: Prepared, *, partial: bool) -> None:
    """Warn or raise by ``stop_reason``; ``partial_fit`` ends after an epoch by design."""
    reason = result.history.stop_reason
    unit = "iterations" if estimator.solver == "lbfgs" else "epochs"
    if reason == "diverged" or not result.finite:
        _diverged(estimator, result, prepared.train)
    elif reason == "interrupted":
        _warn(
            UserWarning,
            f"Training was interrupted after {_epochs(result)}; the network so far is kept.",
        )
    elif reason == "max_iter" and not partial and np.isfinite(estimator.n_iter_no_change):
        _warn(
            ConvergenceWarning,
            f"max_iter={estimator.max_iter} {unit} were reached before training converged. "
            f"Increase max_iter, or set n_iter_no_change=float('inf') if this many {unit} are "
            "what you want.",
        )
    elif reason in ("max_fun", "line_search_failed"):
        limit = f"max_fun={estimator.max_fun} evaluations were reached"
        stuck = "the line search found no lower loss"
        _warn(
            ConvergenceWarning,
            f"{limit if reason == 'max_fun' else stuck} before lbfgs converged to tol="
            f"{estimator.tol}. Increase max_fun or tol, or standardize the data.",
        )


def _diverged(estimator: Any, result: Result, train: DataSet) -> None:
    history, epoch = result.history, _epochs(result)
    if estimator.early_stopping and result.finite and np.isfinite(result.state.best_value[0]):
        _warn(
            ConvergenceWarning,
            f"The loss or a weight stopped being finite after {epoch}; the best weights so far, of "
            f"epoch {int(result.state.best_epoch[0])}, are kept. Try a smaller learning_rate_init "
            f"than {estimator.learning_rate_init}.",
        )
        return
    rate = history.learning_rate[-1] if history.learning_rate else estimator.learning_rate_init
    raise ValueError(
        f"Training diverged: the loss or a weight stopped being finite after {epoch} at step size "
        f"{rate:g}. The largest input is {_largest(train.x):g} in absolute value and the largest "
        f"target {_largest(train.y):g}, as the network sees them. Try a smaller "
        "learning_rate_init, clip_norm, or standardize=True."
    )


def _epochs(result: Result) -> str:
    n = int(result.state.epochs[0])
    return f"{n} epoch" if n == 1 else f"{n} epochs"


def _largest(rows: Rows) -> float:
    largest = 0.0
    for at in chunks((len(rows), rows.width)):
        read = rows.read(at, np.empty((at.stop - at.start, rows.width)))
        largest = max(largest, float(np.abs(read).max()))
    return largest


def _warn(category: type[Warning], message: str) -> None:
    # 6: out of this room, the estimator's, and scikit-learn's decorator, to who called fit
    warnings.warn(message, category, stacklevel=6)
