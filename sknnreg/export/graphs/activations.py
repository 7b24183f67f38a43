"""The activation functions as nodes, of operators that runtimes have for both precisions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sknnreg.engine.places.signal.activations import (
    LEAK,
    SELU_ALPHA,
    SELU_SCALE,
    ActivationName,
)
from sknnreg.export.graphs.base import Graph


def _leaky_relu(graph: Graph, x: str) -> str:
    return graph.node("Max", x, graph.node("Mul", x, graph.constant(LEAK)))


def _elu(graph: Graph, x: str) -> str:
    return _scaled_elu(graph, x, 1.0, 1.0)


def _selu(graph: Graph, x: str) -> str:
    # A factor in front of a product of float64 would be rounded by onnxruntime, which fuses them.
    return _scaled_elu(graph, x, SELU_SCALE, SELU_SCALE * SELU_ALPHA)


def _scaled_elu(graph: Graph, x: str, scale: float, alpha: float) -> str:
    """scale max(x, 0) + alpha (exp(min(x, 0)) - 1)."""
    below = graph.node("Exp", graph.node("Min", x, graph.constant(0.0)))
    below = graph.node("Sub", below, graph.constant(1.0))
    below = graph.node("Mul", below, graph.constant(alpha))
    above = graph.node("Mul", graph.node("Relu", x), graph.constant(scale))
    return graph.node("Add", above, below)


def _gelu(graph: Graph, x: str) -> str:
    """x (1 + erf(x / sqrt(2))) / 2; runtimes have erf in single precision only."""
    scaled = graph.node("Mul", x, graph.constant(1 / np.sqrt(2)))
    erf = graph.cast(graph.node("Erf", graph.cast(scaled, "float32")))
    half = graph.node("Mul", x, graph.constant(0.5))
    return graph.node("Mul", half, graph.node("Add", erf, graph.constant(1.0)))


def _silu(graph: Graph, x: str) -> str:
    return graph.node("Mul", x, graph.node("Sigmoid", x))


def _softplus(graph: Graph, x: str) -> str:
    """max(x, 0) + log(1 + exp(-|x|))."""
    tail = graph.node("Exp", graph.node("Neg", graph.node("Abs", x)))
    tail = graph.node("Log", graph.node("Add", tail, graph.constant(1.0)))
    return graph.node("Add", graph.node("Relu", x), tail)


def _mish(graph: Graph, x: str) -> str:
    return graph.node("Mul", x, graph.node("Tanh", _softplus(graph, x)))


ACTIVATIONS: dict[ActivationName, Callable[[Graph, str], str]] = {
    "identity": lambda graph, x: x,
    "logistic": lambda graph, x: graph.node("Sigmoid", x),
    "tanh": lambda graph, x: graph.node("Tanh", x),
    "relu": lambda graph, x: graph.node("Relu", x),
    "leaky_relu": _leaky_relu,
    "elu": _elu,
    "selu": _selu,
    "gelu": _gelu,
    "silu": _silu,
    "mish": _mish,
    "softplus": _softplus,
}
