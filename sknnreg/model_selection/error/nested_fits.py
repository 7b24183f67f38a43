"""The fits of nested cross-validation: each fold left out, and each pair of folds."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from sknnreg.engine.arrays.stack import Array
from sknnreg.estimators.training.subtasks import Listeners
from sknnreg.model_selection.error.row_losses import RowLosses
from sknnreg.model_selection.fits.listening import run_tasks
from sknnreg.model_selection.fits.sample import Index, Sample
from sknnreg.model_selection.fits.splitting import Split


@dataclass(frozen=True)
class NestedLosses:
    """Losses ``(R, k, n)``, each row's fold ``(R, n)``, and training errors ``(R, k)``."""

    losses: Array
    folds: Index
    train_errors: Array


def fold_numbers(splits: list[Split], n_rows: int, groups: Any = None) -> Index:
    """The fold of each row ``(n,)``, if the splits' test parts share out all rows."""
    folds = np.full(n_rows, -1)
    for number, (_, test) in enumerate(splits):
        folds[test] = number
    whole = sum(len(test) for _, test in splits) == n_rows and (folds >= 0).all()
    if not whole or any(len(train) + len(test) != n_rows for train, test in splits):
        raise ValueError(
            "method='nested_cv' leaves out folds and pairs of folds: cv must share out all rows "
            "among its test parts, each row in one of them, and train on all others, as KFold, "
            "StratifiedKFold and GroupKFold do. Repetitions are asked for by n_repeats. Any other "
            "splitter goes with method='corrected'."
        )
    if len(splits) < 3:
        raise ValueError(
            f"method='nested_cv' needs at least 3 folds, got {len(splits)}: two are left out."
        )
    draws = np.arange(n_rows) if groups is None else np.asarray(groups)
    smallest = min(len(np.unique(draws[test])) for _, test in splits)
    if smallest < 2:
        raise ValueError(
            f"method='nested_cv' needs at least 2 {'rows' if groups is None else 'groups'} in each "
            "fold, for the variance within it. Use fewer folds."
        )
    return folds


def nested_losses(
    sample: Sample,
    estimator: Any,
    row_losses: RowLosses,
    folds: Index,
    *,
    callbacks: Any = None,
    n_jobs: int | None = None,
) -> NestedLosses:
    """Of R (k + k (k - 1) / 2) fits."""
    n_repeats, k = len(folds), int(folds.max()) + 1
    left_out = [(f,) for f in range(k)] + list(combinations(range(k), 2))
    plan = [(repeat, out) for repeat in range(n_repeats) for out in left_out]
    calls = [(sample, estimator, row_losses, folds[repeat], out) for repeat, out in plan]
    done = run_tasks("estimate_error", _losses_left_out, calls, callbacks=callbacks, n_jobs=n_jobs)
    losses = np.zeros((n_repeats, k, len(sample)))
    train_errors = np.zeros((n_repeats, k))
    for (repeat, out), (found, train_error) in zip(plan, done, strict=True):
        if len(out) == 1:
            train_errors[repeat, out[0]] = train_error
        for fold, values in zip(out, found, strict=True):
            # A pair's fit is each fold's inner fit for the other.
            other = out[0] if fold == out[-1] else out[-1]
            losses[repeat, other, folds[repeat] == fold] = values
    return NestedLosses(losses, folds, train_errors)


def _losses_left_out(
    listeners: Listeners,
    sample: Sample,
    estimator: Any,
    row_losses: RowLosses,
    folds: Index,
    out: tuple[int, ...],
) -> tuple[list[Array], float | None]:
    """Losses of each fold left out, and the training error where it is one fold."""
    train = np.flatnonzero(~np.isin(folds, out))
    fitted = sample.fitted(listeners, estimator, train)

    def losses(rows: Index) -> Array:
        return row_losses(fitted, *sample.part(fitted, rows, train))

    found = [losses(np.flatnonzero(folds == fold)) for fold in out]
    return found, float(losses(train).mean()) if len(out) == 1 else None
