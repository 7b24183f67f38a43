"""Tests of paired differences: what they say of one pair, and of several pairs at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from sknnreg.engine.arrays.stack import Array
from sknnreg.model_selection.fits.spread import Interval, t_interval


@dataclass(frozen=True)
class Verdict:
    """What a test says of the differences of one pair.

    ``p_value`` of tests of a null hypothesis; probabilities that the first is better, both are
    equivalent, or the second is better, of a posterior.
    """

    interval: Interval
    statistic: float | None = None
    p_value: float | None = None
    probabilities: tuple[float, float, float] | None = None


def corrected_t(differences: Array, ratio: float, level: float) -> Verdict:
    """t = mean / sqrt((1/k + n_test / n_train) S^2) with k - 1 (Nadeau and Bengio, 2003)."""
    interval = t_interval(differences, ratio, level)
    statistic = _quotient(interval.estimate, interval.standard_error)
    p_value = float(2 * stats.t.sf(abs(statistic), len(differences) - 1))
    return Verdict(interval, statistic, p_value)


def f_of_five_by_two(differences: Array, level: float) -> Verdict:
    """F = sum p_ij^2 / (2 sum s_i^2) of differences ``(5, 2)``, with 10 and 5 (Alpaydin, 1999).

    s_i^2 is the sum of squared deviations of a repetition's two differences from their mean. The
    interval holds all shifts of the differences that the test does not reject:
    sum (p_ij - shift)^2 <= 2 F sum s_i^2. If there is none, its bounds are the mean.
    """
    spread = 2 * float(((differences - differences.mean(axis=1, keepdims=True)) ** 2).sum())
    statistic = _quotient(float((differences**2).sum()), spread)
    estimate = float(differences.mean())
    around = float(((differences - estimate) ** 2).sum())
    room = float(stats.f.ppf(level, 10, 5)) * spread - around
    half = float(np.sqrt(max(0.0, room) / 10))
    # The standard error that goes with the spread; the test itself needs none.
    interval = Interval(estimate, float(np.sqrt(spread / 10)), estimate - half, estimate + half)
    return Verdict(interval, statistic, float(stats.f.sf(statistic, 10, 5)))


def correlated_posterior(differences: Array, ratio: float, rope: float, level: float) -> Verdict:
    """Student posterior of the mean difference of errors (Corani and Benavoli, 2015).

    Location mean, scale sqrt((1/k + rho / (1 - rho)) S^2), k - 1 degrees of freedom, where
    rho = n_test / n is the correlation of two splits' differences: rho / (1 - rho) is
    n_test / n_train. The interval holds ``level`` of it.
    """
    interval = t_interval(differences, ratio, level)
    mean, scale, df = interval.estimate, interval.standard_error, len(differences) - 1
    first = _below(-rope - mean, scale, df)
    second = _below(mean - rope, scale, df)
    return Verdict(interval, probabilities=(first, max(0.0, 1 - first - second), second))


def holm(p_values: Any) -> Array:
    """Adjusted p-values ``(m,)``: max over the smaller ones of (m - rank) p, at most 1.

    Rejecting where they are below a level keeps the probability of any false rejection below it
    (Holm, 1979).
    """
    p_values = np.asarray(p_values, dtype=float)
    order = np.argsort(p_values, kind="stable")
    steps = np.maximum.accumulate((len(order) - np.arange(len(order))) * p_values[order])
    adjusted = np.empty(len(order))
    adjusted[order] = np.minimum(steps, 1.0)
    return np.asarray(adjusted)


def _quotient(numerator: float, denominator: float) -> float:
    """Where nothing varies: 0 of no difference, else infinite."""
    if denominator > 0:
        return numerator / denominator
    return 0.0 if numerator == 0 else float(np.copysign(np.inf, numerator))


def _below(distance: float, scale: float, df: int) -> float:
    """P(scale t < distance); half of what is all at the border counts."""
    return float(stats.t.cdf(_quotient(distance, scale), df))
