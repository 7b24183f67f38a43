"""The formulas: what is told of a row by several predictions for it, and by the noise around."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from sknnreg.engine.arrays.stack import Array


class Uncertainty(NamedTuple):
    """How uncertain each prediction is, and why; ``total`` = ``epistemic`` + ``aleatoric``.

    Attributes
    ----------
    total : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Of all causes: a regressor's in squared units of y, a classifier's in nats.
    epistemic : ndarray of the same shape
        Of what is not known of the function, which more rows would tell: how far single networks
        disagree.
    aleatoric : ndarray of the same shape
        Of what no network could know from these inputs: noise in y, classes that overlap.
    """

    total: NDArray[np.float64]
    epistemic: NDArray[np.float64]
    aleatoric: NDArray[np.float64]


def of_variances(epistemic: Array, noise_std: Array) -> Uncertainty:
    """Of a regressor: the variance among predictions, and that of the noise."""
    aleatoric = np.broadcast_to(np.square(noise_std), epistemic.shape).copy()
    return Uncertainty(epistemic + aleatoric, epistemic, aleatoric)


def of_entropies(mean: Array, mean_entropy: Array, *, each_label: bool) -> Uncertainty:
    """Of a classifier: H(E p) = (H(E p) - E H(p)) + E H(p), with the mutual information first."""
    total = entropy(mean, each_label=each_label)
    aleatoric = np.minimum(mean_entropy, total)
    return Uncertainty(total, total - aleatoric, aleatoric)


def entropy(p: Array, *, each_label: bool) -> Array:
    """-sum_k p_k log p_k over classes, or of each label by itself, ``(..., K) -> (...[, K])``."""
    if each_label:
        both: Array = special.entr(p) + special.entr(1 - p)
        return both
    total: Array = special.entr(p).sum(axis=-1)
    return total


def log_normal(y: Array, mean: Array, std: Array) -> Array:
    """log N(y | mean, std**2), summed over outputs, ``(..., K) -> (...)``."""
    # As far away as numbers go, the density is 0.
    with np.errstate(over="ignore"):
        squares = np.square((y - mean) / std)
    total: Array = (-0.5 * squares - np.log(std) - 0.5 * np.log(2 * np.pi)).sum(axis=-1)
    return total


def interval(mean: Array, variance: Array, coverage: float) -> tuple[Array, Array]:
    """The bounds between which a normal variable is with this probability."""
    half = special.ndtri(0.5 + 0.5 * coverage) * np.sqrt(variance)
    return mean - half, mean + half


def check_coverage(coverage: Any) -> float:
    """A share between 0 and 1."""
    is_number = isinstance(coverage, Real) and not isinstance(coverage, bool)
    if not is_number or not 0 < float(coverage) < 1:
        raise ValueError(
            f"coverage={coverage!r} must be the share of targets that the interval is to hold, "
            "greater than 0 and less than 1, such as 0.9."
        )
    return float(coverage)


def check_n_samples(n_samples: Any) -> int:
    """A number of draws."""
    is_whole = isinstance(n_samples, Integral) and not isinstance(n_samples, bool)
    if not is_whole or int(n_samples) < 1:
        raise ValueError(
            f"n_samples={n_samples!r} must be a number of draws, an integer of at least 1."
        )
    return int(n_samples)


def checked_noise(noise_std: Any, found: Any, n_outputs: int, why_none: str) -> Array:
    """The noise's standard deviation ``(K,)``, as passed, or as ``fit`` found it."""
    if noise_std is None and found is None:
        raise ValueError(
            f"The noise around the predictions is not known: {why_none}, or pass noise_std=."
        )
    given = np.asarray(found if noise_std is None else noise_std, dtype=object)
    try:
        level = np.broadcast_to(given.astype(np.float64), (n_outputs,))
    except (TypeError, ValueError):
        level = np.array([np.nan])
    if not (np.isfinite(level).all() and (level > 0).all()):
        told = f"noise_std_={found!r}, found by fit," if noise_std is None else f"{noise_std=!r}"
        raise ValueError(
            f"{told} must be finite and greater than 0, one number or one for each of "
            f"{n_outputs} outputs, in units of y. Pass noise_std= as it is thought to be."
        )
    return level
