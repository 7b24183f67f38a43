"""A folded network, or several in a stack, as nodes from rows to raw outputs.

The steps are those of ``estimators/fitted/forward.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from sknnreg.engine.arrays.stack import Array
from sknnreg.engine.places.signal.activations import ActivationName
from sknnreg.estimators.fitted.forward import Between, Folded, RowMap, SampledProduct, to_dense
from sknnreg.export.graphs.activations import ACTIVATIONS
from sknnreg.export.graphs.base import Graph


def raw_outputs(
    graph: Graph,
    x: str,
    folded: Folded,
    activations: Sequence[ActivationName],
    center: Array | None,
) -> str:
    """Raw outputs ``(B, K)``, of several networks ``(S, B, K)``, for rows ``x (B, n_in)``.

    ``center (n_in,)`` is where the rows were in training. In single precision it is subtracted
    from them: products with large numbers that differ little lose the digits that differ.
    """
    signal = graph.cast(x)
    if center is not None and graph.dtype == "float32":
        # What is subtracted is what was added, to the last bit.
        offset = center.astype(np.float32).astype(np.float64)
        signal = graph.node("Sub", signal, graph.constant(offset))
        folded = _seen_from(offset, folded)
    layers = list(zip(folded.coefs, folded.intercepts, strict=True))
    for (coef, intercept), name, between in zip(
        layers[:-1], activations, folded.between, strict=True
    ):
        signal = _hidden(graph, signal, coef, intercept, name, between)
    return _affine(graph, signal, *layers[-1])


def _seen_from(offset: Array, folded: Folded) -> Folded:
    """The same network of rows less an offset."""
    intercepts, between = list(folded.intercepts), list(folded.between)
    moved = offset @ to_dense(folded.coefs[0])
    intercepts[0] = intercepts[0] + moved.reshape(intercepts[0].shape)
    if between and between[0].sampled is not None:
        sampled = between[0].sampled
        sampled = replace(sampled, shift=sampled.shift + sampled.scale * offset)
        between[0] = between[0]._replace(sampled=sampled)
    return Folded(folded.coefs, intercepts, between)


def _hidden(
    graph: Graph, x: str, coef: Array, intercept: Array, name: ActivationName, between: Between
) -> str:
    """A hidden layer's signal ``(..., B, F)``."""
    rank = to_dense(coef).ndim
    signal = _affine(graph, x, coef, intercept)
    if between.sampled is not None:
        signal = _samples(graph, x, signal, between.sampled, rank)
    if between.before is not None:
        signal = _row_map(graph, signal, between.before, rank + (between.sampled is not None))
    signal = ACTIVATIONS[name](graph, signal)
    if between.sampled is not None:
        signal = graph.mean(signal, 0)
    return signal if between.after is None else _row_map(graph, signal, between.after, rank)


def _affine(graph: Graph, x: str, coef: Array, intercept: Array) -> str:
    product = graph.node("MatMul", x, graph.constant(to_dense(coef)))
    return graph.node("Add", product, graph.constant(intercept))


def _samples(graph: Graph, x: str, mean: str, sampled: SampledProduct, rank: int) -> str:
    """``(n_samples, ..., B, n_out)``."""
    scaled = graph.node("Mul", x, graph.constant(sampled.scale))
    u = graph.node("Add", scaled, graph.constant(sampled.shift))
    square = graph.node("MatMul", graph.node("Mul", u, u), graph.constant(sampled.variance))
    draws = sampled.draws.reshape(len(sampled.draws), *(1,) * (rank - 1), -1)
    noise = graph.node("Mul", graph.node("Sqrt", square), graph.constant(draws))
    return graph.node("Add", mean, noise)


def _row_map(graph: Graph, signal: str, row_map: RowMap, rank: int) -> str:
    """``(..., F) -> (..., F)``; a 0 in a shape stands for what is there."""
    leading, width = [0] * (rank - 1), row_map.scale.shape[-1]
    into = graph.integers([*leading, row_map.n_groups, width // row_map.n_groups])
    groups = graph.node("Reshape", signal, into)
    centred = graph.node("Sub", groups, graph.mean(groups, -1, keepdims=True))
    variance = graph.mean(graph.node("Mul", centred, centred), -1, keepdims=True)
    deviation = graph.node("Sqrt", graph.node("Add", variance, graph.constant(row_map.epsilon)))
    normalized = graph.node("Div", centred, deviation)
    flat = graph.node("Reshape", normalized, graph.integers([*leading, width]))
    scaled = graph.node("Mul", flat, graph.constant(row_map.scale))
    return graph.node("Add", scaled, graph.constant(row_map.shift))
