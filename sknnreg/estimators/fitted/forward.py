"""The plain network that a trained one was folded into, and the forward pass over it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from sknnreg.engine.arrays.rows import release_pages
from sknnreg.engine.arrays.stack import Array
from sknnreg.engine.arrays.threads import Team, blas_threads, usual_threads, worth_threads
from sknnreg.engine.loop.evaluation import rows_at_once
from sknnreg.engine.places.signal.activation import Activation
from sknnreg.engine.places.signal.activations import ACTIVATIONS, ActivationName
from sknnreg.estimators.fitted.noise import LayerNoise

# Samples that stand for all of a layer's possible weights; common to all rows.
N_SAMPLES = 100


@dataclass(frozen=True)
class Folded:
    """A network with all folded into ``coefs`` and ``intercepts``, float64, that can be.

    What cannot, since it depends on the row, is in ``between``, for each hidden layer. ``noise``
    is what samples draw in each layer, and predictions do not.
    """

    coefs: list[Array] = field(default_factory=list)
    intercepts: list[Array] = field(default_factory=list)
    between: list[Between] = field(default_factory=list)
    noise: list[LayerNoise | None] = field(default_factory=list)

    @property
    def is_plain(self) -> bool:
        """Whether it is a plain multilayer perceptron."""
        return not any(any(each) for each in self.between)


class Between(NamedTuple):
    """What happens in a hidden layer beside its activation, None for nothing.

    ``sampled`` makes samples of the pre-activations, which are averaged after the activation;
    ``before`` and ``after`` the activation rows are normalized.
    """

    sampled: SampledProduct | None = None
    before: RowMap | None = None
    after: RowMap | None = None


@dataclass(frozen=True)
class RowMap:
    """A row normalization ``(x - mean) / sqrt(var + epsilon) * scale + shift`` over groups."""

    n_groups: int
    epsilon: float
    scale: Array
    shift: Array

    def __call__(self, signal: Array) -> Array:
        """``(..., F) -> (..., F)``."""
        groups = signal.reshape(*signal.shape[:-1], self.n_groups, -1)
        centred = groups - groups.mean(axis=-1, keepdims=True)
        deviation = np.sqrt(np.square(centred).mean(axis=-1, keepdims=True) + self.epsilon)
        mapped: Array = (centred / deviation).reshape(signal.shape) * self.scale + self.shift
        return mapped


@dataclass(frozen=True)
class SampledProduct:
    """z = mean + sqrt(u**2 @ variance) e for some fixed e, the same for all rows.

    u = scale x + shift is what the dropped weights were multiplied by: moment matching of
    DropConnect (Wan et al., 2013), with draws ``e (S, n_out)`` in common so that a prediction
    depends neither on the batch nor on chance.
    """

    variance: Array
    scale: Array
    shift: Array
    draws: Array

    def samples(self, x: Any, mean: Array) -> Array:
        """``(S, ..., n_out)`` for inputs ``x (..., n_in)``, which may be sparse if not shifted."""
        if sparse.issparse(x) and self.scale.ndim == 1:
            weights: Any = sparse.diags_array(self.scale)
            scaled: Any = x @ weights
            square = scaled.power(2) @ self.variance
        else:
            square = np.square(to_dense(x) * self.scale + self.shift) @ self.variance
        deviation = np.sqrt(to_dense(square))
        draws = self.draws.reshape(len(self.draws), *(1,) * (deviation.ndim - 1), -1)
        drawn: Array = mean + draws * deviation
        return drawn

    def scaled(self, factor: Array) -> SampledProduct:
        """The same after a multiplication of the pre-activations."""
        return replace(self, variance=self.variance * np.square(factor))


def raw_outputs(
    X: Any, folded: Folded, activations: Sequence[ActivationName]
) -> Iterator[tuple[slice, Array]]:
    """The network's raw outputs ``(B, K)``, a bounded number of rows at a time.

    Of several networks, with the axis S in front of the arrays that differ, ``(S, B, K)``. The bits
    depend neither on the number of threads nor on what else the process does.
    """
    n_rows = X.shape[0]
    coefs: list[Any] = folded.coefs
    samples = N_SAMPLES if any(each.sampled for each in folded.between) else 1
    n_networks = max(len(coef) if coef.ndim == 3 else 1 for coef in coefs)
    largest = max(coef.size // (len(coef) if coef.ndim == 3 else 1) for coef in coefs)
    height = rows_at_once(max(max(coef.shape[-2:]) for coef in coefs) * samples * n_networks)
    if sparse.issparse(X) and coefs[0].ndim == 3:
        coefs = [_SideBySide.of(coefs[0]), *coefs[1:]]
    pieces = [slice(i, min(i + height, n_rows)) for i in range(0, n_rows, height)]
    product = min(height, n_rows) * largest
    # A thread for each of several pieces rather than several for each of their products: another
    # thread that limits BLAS' would change the bits, what is between the products is shared out
    # too, and no thread waits for another within a layer.
    n_threads = min(len(pieces), usual_threads()) if worth_threads(product) else 1
    team = Team(n_threads) if n_threads > 1 else None
    with blas_threads(0):
        for first in range(0, len(pieces), n_threads):
            now = pieces[first : first + n_threads]
            tasks = [partial(_raw, X[at], coefs, folded, activations) for at in now]
            yield from zip(now, team.run(tasks) if team else [tasks[0]()], strict=True)
            release_pages(X)


def _raw(x: Any, coefs: list[Any], folded: Folded, activations: Sequence[ActivationName]) -> Array:
    """The raw outputs of some rows."""
    hidden = zip(coefs, folded.intercepts, activations, folded.between, strict=False)
    for coef, intercept, name, between in hidden:
        x = _hidden(x, coef, intercept, ACTIVATIONS[name], between)
    raw: Array = _product(x, coefs[-1]) + folded.intercepts[-1]
    return raw


def hidden_inputs(
    X: Any, folded: Folded, activations: Sequence[ActivationName], layer: int
) -> Array:
    """What one network's hidden layer gives to its activation ``(B, F)``, layers from 0."""
    signal = X
    hidden = list(zip(folded.coefs, folded.intercepts, activations, folded.between, strict=False))
    for coef, intercept, name, between in hidden[:layer]:
        signal = _hidden(signal, coef, intercept, ACTIVATIONS[name], between)
    coef, intercept, _, between = hidden[layer]
    inputs = _before_activation(signal, coef, intercept, between)
    return inputs if between.sampled is None else inputs.mean(axis=0)


def _hidden(x: Any, coef: Any, intercept: Array, activation: Activation, between: Between) -> Array:
    """A hidden layer's signal ``(..., B, F)``."""
    signal = _before_activation(x, coef, intercept, between)
    signal = activation.value(signal, signal)
    if between.sampled is not None:
        signal = signal.mean(axis=0)
    return signal if between.after is None else between.after(signal)


def _before_activation(x: Any, coef: Any, intercept: Array, between: Between) -> Array:
    """``(..., B, F)``, with samples in front if there are any."""
    signal = _product(x, coef)
    signal += intercept
    if between.sampled is not None:
        signal = between.sampled.samples(x, signal)
    return signal if between.before is None else between.before(signal)


class _SideBySide(NamedTuple):
    """The first layers of several networks as one matrix, for one product with sparse rows."""

    matrix: Array
    n_networks: int

    @classmethod
    def of(cls, coef: Array) -> _SideBySide:
        return cls(np.concatenate(coef, axis=1), len(coef))


def _product(x: Any, coef: Any) -> Array:
    if isinstance(coef, _SideBySide):
        joint = to_dense(x @ coef.matrix)
        return np.moveaxis(joint.reshape(len(joint), coef.n_networks, -1), 1, 0)
    return to_dense(x @ coef if sparse.issparse(x) else np.asarray(x, dtype=np.float64) @ coef)


def to_dense(matrix: Any) -> Array:
    """The matrix as an array, if it is sparse."""
    dense: Array = np.asarray(matrix.toarray() if hasattr(matrix, "toarray") else matrix)
    return dense
