"""Three losses taken apart: what an average network loses, what samples add, what data add.

Predictions ``(R, n, ...)`` are those of R networks, each from a training sample of its own. Targets
``(n, ..., m)`` are m measurements of each row. What is known, the truth at each row, is None where
it is not. All terms are by row ``(n,)``, and add up to the loss.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import entr, logsumexp

from sknnreg.engine.arrays.stack import Array


@dataclass(frozen=True, eq=False)
class Terms:
    """The loss of each row, and what it is made of, ``(n,)`` each."""

    main: Array  # the prediction with the least mean distance to all others
    loss: Array
    bias: Array
    variance: Array
    # None where it cannot be told from the bias and is part of it.
    noise: Array | None = None
    # 0-1 loss: where the main prediction is right, variance costs; where it is wrong, it helps.
    unbiased_variance: Array | None = None
    biased_variance: Array | None = None


def squared_terms(predictions: Array, targets: Array | None, known: Array | None) -> Terms:
    """(P - y)²: bias² = (E P - f)², variance E (P - E P)², each unbiased; outputs' mean.

    A mean of R has itself a variance of 1/R, which bias² would contain: it is taken off. So is that
    of the mean of m measurements, where this stands for f.
    """
    n_rounds = len(predictions)
    main = predictions.mean(axis=0)
    variance = predictions.var(axis=0, ddof=1)
    loss = noise = None
    if targets is not None:
        loss = ((predictions[..., None] - targets) ** 2).mean(axis=(0, -1))
        n_times = targets.shape[-1]
        if known is None and n_times > 1:
            noise = targets.var(axis=-1, ddof=1)
    truth = targets.mean(axis=-1) if known is None and targets is not None else known
    bias = (main - truth) ** 2 - variance / n_rounds
    if noise is not None:
        bias -= noise / n_times
    if loss is None:
        loss = bias + variance
    elif known is not None:
        noise = loss - bias - variance
    noise = None if noise is None else _by_row(noise)
    return Terms(main, _by_row(loss), _by_row(bias), _by_row(variance), noise)


def zero_one_terms(predictions: Array, targets: Array | None, known: Array | None) -> Terms:
    """1(P ≠ y) of labels as numbers 0, 1, ...: Domingos' main prediction is the mode.

    E 1(P ≠ y*) = B + c V with B = 1(mode ≠ y*), V = P(P ≠ mode), and c = 1 where B = 0, else
    -P(P = y* | P ≠ mode).
    """
    main = _mode(predictions.T)
    truth = _mode(targets) if known is None and targets is not None else known
    wrong = main != truth
    bias = wrong.astype(float)
    unbiased = np.where(wrong, 0.0, (predictions != main).mean(axis=0))
    biased = np.where(wrong, (predictions == truth).mean(axis=0), 0.0)
    variance = unbiased - biased
    loss, noise = bias + variance, None
    if targets is not None:
        loss = (predictions[..., None] != targets).mean(axis=(0, -1))
        if known is not None or targets.shape[1] > 1:
            noise = loss - bias - variance
    return Terms(main, loss, bias, variance, noise, unbiased, biased)


def log_terms(log_p: Array, targets: Array | None, known: Array | None) -> Terms:
    """-log p_y of log probabilities: Heskes' main prediction q ∝ exp E log p.

    Bias KL(t || q) from the distribution t of y, variance E KL(q || p), noise the entropy of t.
    """
    mean = log_p.mean(axis=0)
    log_norm = logsumexp(mean, axis=-1)
    log_main = mean - log_norm[..., None]
    variance = -log_norm
    labels = known if targets is None else _shares(targets, log_p.shape[-1])
    truth = labels if known is None else known
    assert truth is not None
    assert labels is not None
    entropy = entr(truth).sum(axis=-1)
    bias = -(truth * log_main).sum(axis=-1) - entropy
    # Against what is known alone, the loss is that of labels drawn from it.
    loss = -(labels * mean).sum(axis=-1)
    tells_noise = known is not None or targets is None or targets.shape[1] > 1
    noise = loss - bias - variance if tells_noise else None
    return Terms(np.exp(log_main), loss, bias, variance, noise)


def _by_row(values: Array) -> Array:
    """The mean over outputs."""
    mean: Array = values if values.ndim == 1 else values.mean(axis=1)
    return mean


def _mode(labels: Array) -> Array:
    """Of each row ``(n, R)`` the most frequent label, the lowest of several."""
    counts = _shares(labels, int(labels.max()) + 1)
    mode: Array = counts.argmax(axis=-1)
    return mode


def _shares(labels: Array, n_labels: int) -> Array:
    """Of each row ``(n, m)`` the share of each label, ``(n, K)``."""
    counts = np.zeros((len(labels), n_labels))
    for column in labels.T:
        counts[np.arange(len(labels)), column] += 1
    shares: Array = counts / labels.shape[1]
    return shares


@dataclass(frozen=True)
class Loss:
    """How a loss is taken apart, and what of an estimator it needs."""

    title: str
    terms: Callable[[Array, Array | None, Array | None], Terms]
    method: str
    of_classes: bool


LOSSES = {
    "squared": Loss("squared error", squared_terms, "predict", False),
    "zero_one": Loss("error rate", zero_one_terms, "predict", True),
    "log": Loss("log loss", log_terms, "predict_proba", True),
}
