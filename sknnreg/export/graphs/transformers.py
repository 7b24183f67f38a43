"""The transformers of sknnreg.preprocessing as nodes, in double precision as they compute."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from sknnreg.engine.arrays.stack import Array
from sknnreg.export.graphs.base import Graph
from sknnreg.preprocessing import PiecewiseLinearEncoder, SmoothClipScaler, Whitener
from sknnreg.preprocessing.smooth_clipping import FAR, LARGEST

DOUBLE = "float64"
TRANSFORMERS = (PiecewiseLinearEncoder, SmoothClipScaler, Whitener)


def transformed_by(graph: Graph, transformer: Any, x: str, dtype: str) -> str:
    """What a fitted transformer makes of rows ``x``, as numbers of ``dtype``."""
    largest = float(np.finfo(dtype).max)
    write = next(each for kind, each in WRITERS.items() if isinstance(transformer, kind))
    out = _clipped(graph, write(graph, transformer, graph.cast(x, DOUBLE)), largest)
    if isinstance(transformer, SmoothClipScaler):
        missing = graph.constant(np.nan, DOUBLE)
        out = graph.node("Where", graph.node("IsNaN", x), missing, out)
    return graph.cast(out, dtype)


def steps_of(pipeline: Pipeline) -> list[tuple[str, Any]]:
    """The steps that do something, those of pipelines within it too."""
    steps: list[tuple[str, Any]] = []
    for name, step in pipeline.steps:
        if isinstance(step, Pipeline):
            steps += steps_of(step)
        elif step is not None and not isinstance(step, str):  # "passthrough"
            steps.append((name, step))
    return steps


def dtype_out(transformer: Any, dtype: str) -> str:
    """Of what a transformer returns for numbers of ``dtype``."""
    own = getattr(transformer, "dtype", None)
    return dtype if own is None else np.dtype(own).name


def width_out(transformer: Any) -> int:
    """How many columns a transformer returns."""
    if isinstance(transformer, PiecewiseLinearEncoder):
        return transformer._layout.width
    return int(transformer.n_features_in_)


def _scaled(graph: Graph, scaler: Any, x: str) -> str:
    """Columns scaled and clipped, without their missing values."""
    varies = scaler.scale_ > 0
    x = _filled(graph, x, scaler.center_)
    z = _z(graph, x, scaler.center_, np.where(varies, scaler.scale_, 1.0))
    return _where(graph, varies, _smooth_clip(graph, z, scaler.bound), 0.0)


def _encoded(graph: Graph, encoder: Any, x: str) -> str:
    """Each column as itself, its parts and its indicator."""
    layout = encoder._layout
    absent = graph.node("IsNaN", x)
    source = graph.integers(layout.source)
    filled = _filled(graph, x, layout.center)
    z = _z(graph, graph.node("Gather", filled, source, axis=1), layout.origin, layout.span)
    itself = _where(graph, layout.varies[layout.source], _smooth_clip(graph, z, encoder.bound), 0.0)
    zero, one = graph.constant(0.0, DOUBLE), graph.constant(1.0, DOUBLE)
    part = graph.node("Min", graph.node("Max", z, zero), one)
    out = graph.node("Where", _places(graph, layout.parts, layout.width), part, itself)
    gone = graph.node("Gather", graph.cast(absent, DOUBLE), source, axis=1)
    # Where an indicator tells of a missing value, all else of its column is 0.
    told = graph.node("Mul", gone, graph.constant(layout.tells_missing[layout.source], DOUBLE))
    out = graph.node("Mul", out, graph.node("Sub", one, told))
    return graph.node("Where", _places(graph, layout.missing, layout.width), gone, out)


def _whitened(graph: Graph, whitener: Any, x: str) -> str:
    """W (x - mean)."""
    centred = graph.node("Sub", x, graph.constant(whitener.mean_, DOUBLE))
    return graph.node("MatMul", centred, graph.constant(whitener.whitening_.T, DOUBLE))


def _filled(graph: Graph, x: str, center: Array) -> str:
    return graph.node("Where", graph.node("IsNaN", x), graph.constant(center, DOUBLE), x)


def _z(graph: Graph, x: str, origin: Array, span: Array) -> str:
    centred = graph.node("Sub", x, graph.constant(origin, DOUBLE))
    return graph.node("Div", centred, graph.constant(span, DOUBLE))


def _smooth_clip(graph: Graph, z: str, bound: float | None) -> str:
    """z / sqrt(1 + (z / bound)²)."""
    if bound is None or bound > LARGEST:
        return z
    scale, one = graph.constant(bound, DOUBLE), graph.constant(1.0, DOUBLE)
    u = _clipped(graph, graph.node("Div", z, scale), FAR)
    length = graph.node("Sqrt", graph.node("Add", graph.node("Mul", u, u), one))
    return graph.node("Mul", graph.node("Div", u, length), scale)


def _clipped(graph: Graph, x: str, limit: float) -> str:
    above = graph.node("Max", x, graph.constant(-limit, DOUBLE))
    return graph.node("Min", above, graph.constant(limit, DOUBLE))


def _where(graph: Graph, condition: Array, x: str, other: float) -> str:
    """x in the columns where the condition holds."""
    return graph.node("Where", graph.stored(condition[None]), x, graph.constant(other, DOUBLE))


def _places(graph: Graph, places: Array, width: int) -> str:
    """Whether each column is one of these, ``(1, width)``."""
    return graph.stored(np.isin(np.arange(width), places)[None])


WRITERS: dict[type, Callable[[Graph, Any, str], str]] = {
    PiecewiseLinearEncoder: _encoded,
    SmoothClipScaler: _scaled,
    Whitener: _whitened,
}
