"""A trained row -> plain ``coefs_`` and ``intercepts_``, and the plain forward pass over them."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from scipy import sparse

from sknnreg.engine.evaluation import rows_at_once
from sknnreg.engine.layers import ACTIVATIONS, Activation, Dense
from sknnreg.engine.network import Network
from sknnreg.engine.rows import release_pages
from sknnreg.engine.stack import Array
from sknnreg.engine.threads import blas_threads
from sknnreg.estimators.inputs import Standardization


def fold(
    network: Network, values: Array, inputs: Standardization
) -> tuple[list[Array], list[Array]]:
    """The weights and biases, float64, of the plain MLP that equals a trained row ``(1, P)``.

    Affine maps of units move into the dense layer in front of them (before the activation) or
    into the one behind (after it); what standardized the inputs moves into the first.
    """
    exact = values.astype(np.float64)
    coefs: list[Array] = []
    intercepts: list[Array] = []
    # y = scale x + shift stands between the last activation (or the input) and the next weights.
    n_inputs = next(layer.n_in for layer in network.layers if isinstance(layer, Dense))
    scale, shift = _as_affine(inputs, n_inputs)
    behind_dense = False
    for layer, p in zip(network.layers, network.layout.views(exact), strict=True):
        if isinstance(layer, Dense):
            bias = p.bias[0, 0] if layer.bias else np.zeros(layer.n_out)
            coefs.append(scale[:, None] * p.weight[0])
            intercepts.append(bias + shift @ p.weight[0])
            scale, shift = np.ones(layer.n_out), np.zeros(layer.n_out)
            behind_dense = True
        elif isinstance(layer, Activation):
            behind_dense = False
        else:
            affine = layer.affine(p)
            if affine is None:
                raise ValueError(f"{type(layer).__name__} depends on the sample: no plain MLP.")
            a, b = (np.asarray(each)[0, 0] for each in affine)
            if behind_dense:
                coefs[-1] = coefs[-1] * a
                intercepts[-1] = intercepts[-1] * a + b
            else:
                scale, shift = scale * a, shift * a + b
    return coefs, intercepts


def raw_outputs(
    X: Any, coefs: Sequence[Array], intercepts: Sequence[Array], activations: Sequence[str]
) -> Iterator[tuple[slice, Array]]:
    """The plain network's raw outputs, a bounded number of rows at a time."""
    height = rows_at_once(max(max(coef.shape) for coef in coefs))
    with blas_threads(min(height, X.shape[0]) * max(coef.size for coef in coefs)):
        for start in range(0, X.shape[0], height):
            at = slice(start, min(start + height, X.shape[0]))
            signal = _first_product(X[at], coefs[0])
            for coef, intercept, name in zip(coefs[1:], intercepts, activations, strict=False):
                signal += intercept
                signal = ACTIVATIONS[name].value(signal, signal) @ coef
            signal += intercepts[-1]
            yield at, signal
            release_pages(X)


def _first_product(part: Any, coef: Array) -> Array:
    if sparse.issparse(part):
        product: Array = np.asarray(part @ coef)
        return product
    return np.asarray(part, dtype=np.float64) @ coef


def _as_affine(standardization: Standardization, n: int) -> tuple[Array, Array]:
    scale = np.ones(n) if standardization.scale is None else 1.0 / standardization.scale
    offset = np.zeros(n) if standardization.offset is None else standardization.offset
    return scale, -offset * scale
