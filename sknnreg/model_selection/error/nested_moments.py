"""Nested cross-validation's interval (Bates, Hastie and Tibshirani, 2024), out of rows' losses.

Notation: n rows in k folds, R random assignments of rows to folds. A model that is fitted without
folds f and g is tested on both, so that all losses stand in one array (R, k, n): at (r, f, i) the
loss of row i in repetition r, fitted without fold f and without the fold of row i. Where row i is
in f itself, one fold was left out; elsewhere two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from sknnreg.engine.arrays.stack import Array
from sknnreg.model_selection.fits.spread import Interval


@dataclass(frozen=True)
class NestedMoments:
    """What the losses say of the error, of its bias and of its spread."""

    k: int
    with_two_left_out: float
    with_one_left_out: float
    squared_error: float
    naive_standard_error: float

    @property
    def bias(self) -> float:
        """(1 + (k - 2) / k) (e_two - e_one): what n (k - 2) / k training rows cost against n.

        Exact where the error is linear in 1 / n_train.
        """
        return (1 + (self.k - 2) / self.k) * (self.with_two_left_out - self.with_one_left_out)

    @property
    def standard_error(self) -> float:
        """sqrt((k - 1) / k MSE), no less than the naive one, and no more than sqrt(k) times it.

        The MSE is of samples of n (k - 1) / k rows; the bounds are folds that are independent,
        and folds that are all the same.
        """
        estimate = np.sqrt(max(0.0, (self.k - 1) / self.k * self.squared_error))
        naive = self.naive_standard_error
        return float(np.clip(estimate, naive, np.sqrt(self.k) * naive))

    def interval(self, confidence_level: float) -> Interval:
        """Around the estimate without bias, with the quantile of a normal distribution."""
        estimate = self.with_two_left_out - self.bias
        half = float(stats.norm.ppf((1 + confidence_level) / 2)) * self.standard_error
        return Interval(estimate, self.standard_error, estimate - half, estimate + half)


def nested_moments(losses: Array, folds: Any, groups: Any = None) -> NestedMoments:
    """Of losses ``(R, k, n)`` and each row's fold ``(R, n)``.

    MSE = mean((e_in - e_out)^2 - var(e_out)) over repetitions and folds: e_out is the mean loss in
    a fold, e_in that of a cross-validation among all others, var(e_out) = s^2 / n in the fold. Rows
    of one group are one draw of the sample.
    """
    n_repeats, k, _ = losses.shape
    own = folds[:, None, :] == np.arange(k)[:, None]
    squares = [
        _squared_error(losses[r, f], own[r, f], groups) for r in range(n_repeats) for f in range(k)
    ]
    outer = np.where(own, losses, 0.0).sum(axis=1)
    naive = np.mean([variance_of_mean(each, groups) for each in outer])
    return NestedMoments(
        k,
        float(losses[~own].mean()),
        float(outer.mean()),
        float(np.mean(squares)),
        float(np.sqrt(naive)),
    )


def _squared_error(losses: Array, own: Any, groups: Any) -> float:
    """(e_in - e_out)^2 - var(e_out) of one fold."""
    out = losses[own]
    inner = losses[~own].mean()
    within = variance_of_mean(out, None if groups is None else groups[own])
    return float((inner - out.mean()) ** 2 - within)


def variance_of_mean(losses: Array, groups: Any = None) -> float:
    """s^2 / n; of G groups, G / (G - 1) / n^2 times the squares of their sums of deviations."""
    deviations = losses - losses.mean()
    if groups is not None:
        places = np.unique(groups, return_inverse=True)[1]
        deviations = np.bincount(places.ravel(), weights=deviations)
    n_draws = len(deviations)
    return float((deviations**2).sum() * n_draws / (n_draws - 1) / len(losses) ** 2)
