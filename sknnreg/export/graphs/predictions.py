"""What estimators predict, as nodes: probabilities, responses, labels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from sknnreg.engine.arrays.stack import Array
from sknnreg.ensemble.base import BaseCrossFitted
from sknnreg.estimators.data.targets import LabelTargets
from sknnreg.estimators.fitted.ensembles import as_folded
from sknnreg.export.graphs.base import Graph
from sknnreg.export.graphs.network import raw_outputs


def predictions(graph: Graph, estimator: Any, x: str) -> str:
    """Probabilities or responses ``(B, K)`` of a fitted estimator for rows ``x``."""
    if isinstance(estimator, Pipeline):
        front = Pipeline(estimator.steps[:-1]) if len(estimator.steps) > 1 else None
        rows = x if front is None else graph.transformed(front, x)
        return predictions(graph, estimator.steps[-1][1], rows)
    if isinstance(estimator, BaseCrossFitted):
        return _weighted_mean(graph, estimator, x)
    networks = estimator.snapshots_ or [estimator]
    raw = raw_outputs(graph, x, as_folded(networks), estimator._activations, estimator._center)
    means = _MEANS[estimator.out_activation_](graph, _with_all_classes(graph, estimator, raw))
    if len(networks) > 1:
        means = graph.mean(means, 0)
    if getattr(estimator, "clip_predictions", False):
        low, high = estimator._targets.seen
        means = graph.node("Max", means, graph.constant(low))
        means = graph.node("Min", means, graph.constant(high))
    return means


def labels(graph: Graph, probabilities: str, classes: Array, *, multilabel: bool) -> str:
    """The most probable class ``(B,)``, or the labels above a half ``(B, n_labels)``."""
    if multilabel:
        above = graph.node("Greater", probabilities, graph.constant(0.5))
        return graph.cast(above, "int64")
    most = graph.node("ArgMax", probabilities, axis=1, keepdims=0)
    return graph.node("Gather", graph.stored(label_names(classes)), most)


def label_names(classes: Array) -> Array:
    """Classes as ONNX has them: texts, or whole numbers, which False and True become too."""
    kind = classes.dtype.kind
    if kind in "US" or (kind == "O" and all(isinstance(each, str) for each in classes)):
        texts = [each.decode() if isinstance(each, bytes) else str(each) for each in classes]
        return np.array(texts, dtype=object)
    numbers: Array | None = None
    if kind in "biuf":
        with np.errstate(invalid="ignore"):
            numbers = classes.astype(np.int64)
    if numbers is None or not np.array_equal(numbers, classes):
        raise ValueError(
            f"The classes {classes.tolist()[:5]} of {classes.dtype} have no type in ONNX, which "
            "knows texts and 64-bit integers. Fit on y.astype(str) or on numbers."
        )
    return numbers


def is_multilabel(estimator: Any) -> bool:
    """Whether a row has several labels."""
    while isinstance(estimator, Pipeline):
        estimator = estimator.steps[-1][1]
    if isinstance(estimator, BaseCrossFitted):
        return bool(getattr(estimator, "_multilabel", False))
    return isinstance(estimator._targets, LabelTargets)


def _with_all_classes(graph: Graph, estimator: Any, raw: str) -> str:
    """Raw outputs with a column a class: two classes have one, and a single class is certain."""
    classes = getattr(estimator, "classes_", None)
    if classes is None or len(classes) > 2 or isinstance(estimator._targets, LabelTargets):
        return raw
    if len(classes) == 1:
        nothing = graph.node("Mul", raw, graph.constant(0.0))
        return graph.node("Add", nothing, graph.constant(CERTAIN))
    return graph.node("Concat", graph.node("Neg", raw), raw, axis=-1)


# The logistic of it is 1 in any precision.
CERTAIN = 1000.0


def _weighted_mean(graph: Graph, ensemble: BaseCrossFitted, x: str) -> str:
    parts, classes = [], getattr(ensemble, "classes_", None)
    for member, weight in zip(ensemble.members_, ensemble.weights_, strict=True):
        part = predictions(graph, member, x)
        if classes is not None and len(member.classes_) < len(classes):
            # Those that the member has not seen have probability 0.
            into = weight * np.equal.outer(member.classes_, classes)
            parts.append(graph.node("MatMul", part, graph.constant(into)))
        else:
            parts.append(graph.node("Mul", part, graph.constant(weight)))
    return parts[0] if len(parts) == 1 else graph.node("Sum", *parts)


_MEANS: dict[str, Callable[[Graph, str], str]] = {
    "identity": lambda graph, raw: raw,
    "exp": lambda graph, raw: graph.node("Exp", raw),
    "logistic": lambda graph, raw: graph.node("Sigmoid", raw),
    "softmax": lambda graph, raw: graph.node("Softmax", raw, axis=-1),
}
