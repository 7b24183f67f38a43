"""Candidates, and which of them make the best ensemble: greedy selection with replacement."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.model_selection import ParameterSampler

from sknnreg.engine.arrays.stack import Array


def drawn(distributions: Any, n: int, rng: np.random.RandomState) -> list[dict[str, Any]]:
    """So many settings; of lists with fewer combinations all, each once."""
    sampler = ParameterSampler(distributions, n, random_state=rng)
    with warnings.catch_warnings():
        # It tells of parameters that are not ours, and to use a grid search.
        warnings.filterwarnings("ignore", "The total space of parameters", UserWarning)
        return [dict(each) for each in sampler]


def greedy_counts(
    predictions: Array, n_picks: int, loss: Callable[[Array], float]
) -> tuple[Array, Array]:
    """How often each candidate is picked, and its loss alone; predictions are ``(C, n, K)``.

    Every pick is the candidate that makes the loss of the mean of all picks so far least
    (Caruana et al., 2004).
    """
    counts = np.zeros(len(predictions), np.intp)
    alone = np.array([loss(each) for each in predictions])
    total = np.zeros_like(predictions[0])
    for n in range(n_picks):
        losses = alone if n == 0 else [loss((total + each) / (n + 1)) for each in predictions]
        best = int(np.argmin(losses))
        counts[best] += 1
        total += predictions[best]
    return counts, alone
