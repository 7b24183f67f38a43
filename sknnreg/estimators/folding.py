"""A trained row -> plain ``coefs_`` and ``intercepts_``, and the plain forward pass over them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from sknnreg.engine.evaluation import rows_at_once
from sknnreg.engine.layers import (
    ACTIVATIONS,
    Activation,
    Dense,
    Layer,
    RowNormalization,
    VariationalDropout,
)
from sknnreg.engine.matrix import Views
from sknnreg.engine.network import Network
from sknnreg.engine.rows import release_pages
from sknnreg.engine.stack import Array
from sknnreg.engine.threads import blas_threads
from sknnreg.estimators.inputs import Standardization


@dataclass(frozen=True)
class Folded:
    """A network with all folded into ``coefs`` and ``intercepts``, float64, that can be.

    What cannot, since it depends on the row, is in ``between``: for each hidden layer, what happens
    before its activation and after it, None for nothing.
    """

    coefs: list[Array]
    intercepts: list[Array]
    between: list[tuple[RowMap | None, RowMap | None]]

    @property
    def is_plain(self) -> bool:
        """Whether it is a plain multilayer perceptron."""
        return not any(before or after for before, after in self.between)


@dataclass(frozen=True)
class RowMap:
    """A row normalization ``(x - mean) / sqrt(var + epsilon) * scale + shift`` over groups."""

    n_groups: int
    epsilon: float
    scale: Array
    shift: Array

    def __call__(self, signal: Array) -> Array:
        """``(B, F) -> (B, F)``."""
        groups = signal.reshape(len(signal), self.n_groups, -1)
        centred = groups - groups.mean(axis=2, keepdims=True)
        deviation = np.sqrt(np.square(centred).mean(axis=2, keepdims=True) + self.epsilon)
        mapped: Array = (centred / deviation).reshape(signal.shape) * self.scale + self.shift
        return mapped


def fold(network: Network, values: Array, inputs: Standardization) -> Folded:
    """The network of a trained row ``(1, P)``.

    Affine maps of units move into the dense layer in front of them (before the activation) or
    into the one behind (after it); what standardized the inputs moves into the first.
    """
    exact = values.astype(np.float64)
    folded = Folded([], [], [])
    before: RowMap | None = None
    # y = scale x + shift stands between the last activation (or the input) and the next weights.
    n_inputs = next(layer.n_in for layer in network.layers if isinstance(layer, Dense))
    scale, shift = _as_affine(inputs, n_inputs)
    behind_dense = False
    for layer, p in zip(network.layers, network.layout.views(exact), strict=True):
        if isinstance(layer, Dense):
            bias = p.bias[0, 0] if layer.bias else np.zeros(layer.n_out)
            weight = layer.weight_at_inference(p)[0]
            folded.coefs.append(scale[:, None] * weight)
            folded.intercepts.append(bias + shift @ weight)
            scale, shift = np.ones(layer.n_out), np.zeros(layer.n_out)
            behind_dense = True
        elif isinstance(layer, Activation):
            folded.between.append((before, None))
            before, behind_dense = None, False
        elif isinstance(layer, RowNormalization):
            row_map = RowMap(layer.groups, float(layer.epsilon), p.scale[0, 0], p.shift[0, 0])
            if behind_dense:
                before = row_map
            else:
                folded.between[-1] = (folded.between[-1][0], row_map)
        else:
            scale, shift = _fold_affine(layer, p, folded, behind_dense, scale, shift)
    return folded


def _fold_affine(
    layer: Layer, p: Views, folded: Folded, behind_dense: bool, scale: Array, shift: Array
) -> tuple[Array, Array]:
    """Fold an affine map into the dense layer in front, or else into the map before the next."""
    affine = layer.affine(p)
    assert affine is not None
    a, b = (np.asarray(each)[0, 0] for each in affine)
    if not behind_dense:
        return scale * a, shift * a + b
    folded.coefs[-1] = folded.coefs[-1] * a
    folded.intercepts[-1] = folded.intercepts[-1] * a + b
    return scale, shift


def raw_outputs(
    X: Any, folded: Folded, activations: Sequence[str]
) -> Iterator[tuple[slice, Array]]:
    """The network's raw outputs, a bounded number of rows at a time."""
    coefs, intercepts = folded.coefs, folded.intercepts
    height = rows_at_once(max(max(coef.shape) for coef in coefs))
    hidden = list(zip(coefs[1:], intercepts, activations, folded.between, strict=False))
    with blas_threads(min(height, X.shape[0]) * max(coef.size for coef in coefs)):
        for start in range(0, X.shape[0], height):
            at = slice(start, min(start + height, X.shape[0]))
            signal = _first_product(X[at], coefs[0])
            for coef, intercept, name, (before, after) in hidden:
                signal += intercept
                signal = signal if before is None else before(signal)
                signal = ACTIVATIONS[name].value(signal, signal)
                signal = (signal if after is None else after(signal)) @ coef
            signal += intercepts[-1]
            yield at, signal
            release_pages(X)


def _first_product(part: Any, coef: Array) -> Array:
    return to_dense(part @ coef if sparse.issparse(part) else np.asarray(part, np.float64) @ coef)


def to_dense(matrix: Any) -> Array:
    """The matrix as an array, if it is sparse."""
    dense: Array = np.asarray(matrix.toarray() if hasattr(matrix, "toarray") else matrix)
    return dense


def _as_affine(standardization: Standardization, n: int) -> tuple[Array, Array]:
    scale = np.ones(n) if standardization.scale is None else 1.0 / standardization.scale
    offset = np.zeros(n) if standardization.offset is None else standardization.offset
    return scale, -offset * scale


def dropout_rates(network: Network, values: Array) -> list[Array] | None:
    """The learned dropout rates of a trained row ``(1, P)``, alpha / (1 + alpha), by layer."""
    pairs = zip(network.layers, network.layout.views(values), strict=True)
    rates = [layer.rates(p)[0, 0] for layer, p in pairs if isinstance(layer, VariationalDropout)]
    return rates or None
