"""Place 4, objective: the links between raw outputs and what they stand for.

A link g turns a mean into a raw output, its inverse a raw output ``raw (..., K)`` into the mean.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import special

from sknnreg.engine.arrays.stack import Array


@dataclass(frozen=True)
class Link(ABC):
    """mean = inverse(raw), row by row."""

    # MLPClassifier's and MLPRegressor's name of the inverse.
    name: ClassVar[str]
    # The least mean there is.
    least: ClassVar[float] = -np.inf

    @abstractmethod
    def inverse(self, raw: Array) -> Array:
        """The means ``(..., K)``."""

    @abstractmethod
    def log_inverse(self, raw: Array) -> Array:
        """log(inverse(raw)), exact also where an inverse would be rounded to 0."""

    @abstractmethod
    def mean(self, raw: Array) -> Array:
        """The raw outputs ``(B, K)`` that stand for the mean over S of ``inverse(raw (S, B, K))``.

        For probabilities this is one of several, all with the same inverse.
        """

    def rescaled(
        self, coef: Array, intercept: Array, scale: Array, offset: Array | None
    ) -> tuple[Array, Array]:
        """The last layer ``x @ coef + intercept`` that stands for ``scale * mean + offset``."""
        raise ValueError(f"means between 0 and 1 ({self.name!r}) stay on their scale")


@dataclass(frozen=True)
class Identity(Link):
    """mean = raw."""

    name: ClassVar[str] = "identity"

    def inverse(self, raw: Array) -> Array:
        return raw

    def log_inverse(self, raw: Array) -> Array:
        """Of means above 0; nan below."""
        return np.log(raw)

    def mean(self, raw: Array) -> Array:
        mean: Array = raw.mean(axis=0)
        return mean

    def rescaled(
        self, coef: Array, intercept: Array, scale: Array, offset: Array | None
    ) -> tuple[Array, Array]:
        """Both are factors and an offset of the outputs themselves."""
        return coef * scale, intercept * scale + (0.0 if offset is None else offset)


@dataclass(frozen=True)
class Exp(Link):
    """mean = exp(raw): the log link, for means above 0."""

    name: ClassVar[str] = "exp"
    least: ClassVar[float] = 0.0

    def inverse(self, raw: Array) -> Array:
        return np.exp(raw)

    def log_inverse(self, raw: Array) -> Array:
        return raw

    def mean(self, raw: Array) -> Array:
        """log((1 / S) sum_s exp(raw_s))."""
        log_mean: Array = special.logsumexp(raw, axis=0) - np.log(len(raw))
        return log_mean

    def rescaled(
        self, coef: Array, intercept: Array, scale: Array, offset: Array | None
    ) -> tuple[Array, Array]:
        """scale exp(raw) = exp(raw + log scale); an offset cannot be written so."""
        if offset is not None:
            raise ValueError("with a log link no outputs stand for a mean that is shifted")
        return coef, intercept + np.log(scale)


@dataclass(frozen=True)
class Logistic(Link):
    """mean = 1 / (1 + exp(-raw)): the logit link, for the probability of each output."""

    name: ClassVar[str] = "logistic"
    least: ClassVar[float] = 0.0

    def inverse(self, raw: Array) -> Array:
        probability: Array = special.expit(raw)
        return probability

    def log_inverse(self, raw: Array) -> Array:
        log_probability: Array = special.log_expit(raw)
        return log_probability

    def mean(self, raw: Array) -> Array:
        """The log odds, log(sum_s p_s / sum_s (1 - p_s))."""
        ones, zeros = special.log_expit(raw), special.log_expit(-raw)
        log_odds: Array = special.logsumexp(ones, axis=0) - special.logsumexp(zeros, axis=0)
        return log_odds


@dataclass(frozen=True)
class Softmax(Link):
    """mean_k = exp(raw_k) / sum_j exp(raw_j): the probabilities of K classes, a row having one."""

    name: ClassVar[str] = "softmax"
    least: ClassVar[float] = 0.0

    def inverse(self, raw: Array) -> Array:
        probability: Array = special.softmax(raw, axis=-1)
        return probability

    def log_inverse(self, raw: Array) -> Array:
        log_probability: Array = special.log_softmax(raw, axis=-1)
        return log_probability

    def mean(self, raw: Array) -> Array:
        """log((1 / S) sum_s p_s)."""
        log_p = special.log_softmax(raw, axis=-1)
        log_mean: Array = special.logsumexp(log_p, axis=0) - np.log(len(raw))
        return log_mean
