"""to_onnx: fitted estimators as ONNX models."""

from __future__ import annotations

import importlib
from typing import Any, Literal, TypeAlias

from sklearn.base import is_classifier
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from sknnreg.ensemble.base import BaseCrossFitted
from sknnreg.estimators.base import BaseMLPRegularized
from sknnreg.export.graphs.model import INPUT, ROWS, ModelGraph, Outputs
from sknnreg.export.graphs.predictions import is_multilabel, label_names, labels, predictions
from sknnreg.export.graphs.transformers import TRANSFORMERS, dtype_out, steps_of, width_out

Precision: TypeAlias = Literal["float32", "float64"]
# Reductions, Where and ArgMax as they are used came with 13.
LEAST_OPSET = 13


def to_onnx(
    estimator: Any,
    *,
    input_dtype: Precision = "float32",
    computing_dtype: Precision | None = None,
    target_opset: int = 17,
) -> Any:
    """A fitted estimator as an ONNX model, which predicts without Python.

    The model takes rows as ``predict`` takes them, any number at once, as its input ``"X"``. Its
    outputs are those that skl2onnx has: ``"label"`` ``(n_samples,)`` and ``"probabilities"``
    ``(n_samples, n_classes)`` of classifiers, with the columns in the order of ``classes_`` (of
    several labels both are ``(n_samples, n_labels)``); ``"variable"`` ``(n_samples, n_outputs)`` of
    regressors and transformers, two-dimensional for a single output too.

    Parameters
    ----------
    estimator : fitted estimator
        ``MLPRegularizedClassifier`` or ``MLPRegularizedRegressor`` with whatever settings;
        ``CrossFittedClassifier`` or ``CrossFittedRegressor``; ``PiecewiseLinearEncoder``,
        ``SmoothClipScaler`` or ``Whitener``; or a ``Pipeline`` of these. For transformers of
        scikit-learn see ``register_skl2onnx``.

    input_dtype : {"float32", "float64"}, default="float32"
        The type of "X", and of probabilities and responses.

    computing_dtype : {"float32", "float64"} or None, default=None
        The precision of the weights and of all that is computed; None stands for that of the
        inputs. With "float32" the model is half as large and faster; probabilities differ by some
        1e-7 from those of ``predict_proba``, and responses by as much of the largest.

    target_opset : int, default=17
        The version of ONNX's operators, from 13 on: a runtime has to know it.

    Returns
    -------
    model : onnx.ModelProto
        Checked by onnx. ``onnx.save(model, path)`` or ``model.SerializeToString()`` writes it.

    Raises
    ------
    ImportError
        If onnx is not installed.
    TypeError
        If ``estimator``, or a step of the pipeline, is none of the above.
    ValueError
        If classes are neither texts nor whole numbers; or if weights are beyond float32 and are to
        be float32.
    NotFittedError
        If it is not fitted.

    See Also
    --------
    register_skl2onnx : For pipelines with transformers of scikit-learn.
    to_sklearn : Plain networks as scikit-learn's own.

    Notes
    -----
    Labels that are False and True become 0 and 1, and whole numbers 64-bit integers, as skl2onnx
    has them. Inputs are dense, and are not checked: NaN and infinity go through the network.

    The error function of ``activation="gelu"`` is computed in float32 whatever the
    ``computing_dtype``, since onnxruntime has no other; that is off by 1e-7.

    ``drop_connect_inference="gaussian"`` takes memory for 100 samples of each row: predict some
    thousand rows at a time.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknnreg import MLPRegularizedClassifier
    >>> from sknnreg.export import to_onnx
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPRegularizedClassifier((20,), max_iter=50, n_iter_no_change=None, random_state=0)
    >>> exported = to_onnx(model.fit(X, y))  # doctest: +SKIP
    >>> [output.name for output in exported.graph.output]  # doctest: +SKIP
    ['label', 'probabilities']
    """
    onnx = _import_onnx()
    _check_arguments(onnx, input_dtype, computing_dtype, target_opset)
    _check_kind(estimator)
    check_is_fitted(estimator)
    graph = ModelGraph(onnx, computing_dtype or input_dtype, int(target_opset), input_dtype)
    last = _last(estimator)
    if isinstance(last, TRANSFORMERS):
        outputs = _transformer_outputs(graph, estimator, input_dtype)
    elif is_classifier(last):
        outputs = _classifier_outputs(graph, estimator, input_dtype)
    else:
        predicted = graph.cast(predictions(graph, estimator, INPUT), input_dtype)
        outputs = {"variable": (predicted, input_dtype, [ROWS, last.n_outputs_])}
    return graph.model(outputs, _n_features(estimator))


def _classifier_outputs(graph: ModelGraph, estimator: Any, dtype: str) -> Outputs:
    proba = predictions(graph, estimator, INPUT)
    classes, several = estimator.classes_, is_multilabel(estimator)
    label = labels(graph, proba, classes, multilabel=several)
    kind = "str" if label_names(classes).dtype == object else "int64"
    shape = [ROWS, len(classes)]
    return {
        "label": (label, kind, shape if several else [ROWS]),
        "probabilities": (graph.cast(proba, dtype), dtype, shape),
    }


def _transformer_outputs(graph: ModelGraph, transformer: Any, dtype: str) -> Outputs:
    pipeline = Pipeline([("rows", transformer)])
    node = graph.transformed(pipeline, INPUT)
    for _, step in steps_of(pipeline):
        dtype = dtype_out(step, dtype)
    return {"variable": (node, dtype, [ROWS, width_out(_last(transformer))])}


def _n_features(estimator: Any) -> int:
    if isinstance(estimator, Pipeline):
        # scikit-learn's would ask the first step, also where that is "passthrough".
        _, estimator = steps_of(estimator)[0]
    return int(estimator.n_features_in_)


def _check_kind(estimator: Any) -> None:
    """Raise unless there is a graph for it."""
    last = _last(estimator)
    if not isinstance(last, (BaseMLPRegularized, BaseCrossFitted, *TRANSFORMERS)):
        raise TypeError(
            "to_onnx takes a fitted estimator or transformer of this package, or a Pipeline of "
            f"them, got {type(last).__name__}. Of a search, pass its best_estimator_; for what "
            "else scikit-learn has, see register_skl2onnx."
        )


def _last(estimator: Any) -> Any:
    while isinstance(estimator, Pipeline) and estimator.steps:
        estimator = estimator.steps[-1][1]
    return estimator


def _import_onnx() -> Any:
    try:
        for part in ("checker", "helper", "numpy_helper"):
            importlib.import_module(f"onnx.{part}")
        return importlib.import_module("onnx")
    except ImportError as error:
        raise ImportError(
            "to_onnx needs onnx, which is not installed: pip install 'sknnreg[onnx]' or "
            "pip install onnx."
        ) from error


def _check_arguments(onnx: Any, input_dtype: Any, computing_dtype: Any, opset: Any) -> None:
    for name, given, allowed in (
        ("input_dtype", input_dtype, ("float32", "float64")),
        ("computing_dtype", computing_dtype, ("float32", "float64", None)),
    ):
        if given not in allowed:
            told = ", ".join(map(repr, allowed))
            raise ValueError(f"{name}={given!r} must be one of {told}.")
    newest = onnx.defs.onnx_opset_version()
    if isinstance(opset, bool) or not isinstance(opset, int) or not LEAST_OPSET <= opset <= newest:
        raise ValueError(
            f"target_opset={opset!r} must be a whole number from {LEAST_OPSET} to {newest}, the "
            f"newest that onnx {onnx.__version__} knows."
        )
