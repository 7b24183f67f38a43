"""register_skl2onnx: converters for pipelines in which scikit-learn's transformers stand too."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from sknnreg.engine.arrays.stack import Array
from sknnreg.ensemble import CrossFittedClassifier, CrossFittedRegressor
from sknnreg.estimators import MLPRegularizedClassifier, MLPRegularizedRegressor
from sknnreg.export.graphs.base import ELEMENT_TYPES, Graph
from sknnreg.export.graphs.predictions import is_multilabel, label_names, labels, predictions
from sknnreg.export.graphs.transformers import TRANSFORMERS, dtype_out, transformed_by, width_out

CLASSIFIERS: tuple[type, ...] = (MLPRegularizedClassifier, CrossFittedClassifier)
REGRESSORS: tuple[type, ...] = (MLPRegularizedRegressor, CrossFittedRegressor)
# What scikit-learn's own classifiers have.
CLASSIFIER_OPTIONS = {
    "zipmap": [True, False, "columns"],
    "nocl": [True, False],
    "output_class_labels": [False, True],
}


def register_skl2onnx(*subclasses: type) -> None:
    """Teach skl2onnx all estimators and transformers of this package.

    Then ``skl2onnx.to_onnx`` and ``convert_sklearn`` convert them wherever they stand: in a
    ``Pipeline`` behind a ``ColumnTransformer``, or as members of scikit-learn's ensembles. Inputs
    of double precision make a model that computes in double precision, others in single precision.
    Calling it once is enough, calling it again does no harm.

    Parameters
    ----------
    *subclasses : type
        Classes of yours that are derived from this package's, which skl2onnx would not know.

    Raises
    ------
    TypeError
        If one of them is not.
    ImportError
        If skl2onnx is not installed.

    See Also
    --------
    to_onnx : Without skl2onnx, for the estimators and transformers of this package alone.

    Notes
    -----
    Classifiers have skl2onnx's options ``zipmap``, ``nocl`` and ``output_class_labels``. With
    ``options={"zipmap": False}`` their outputs are "label" and "probabilities".

    Examples
    --------
    >>> from sknnreg.export import register_skl2onnx
    >>> register_skl2onnx()  # doctest: +SKIP
    >>> model = skl2onnx.to_onnx(pipeline, X[:1], options={"zipmap": False})  # doctest: +SKIP
    """
    for each in subclasses:
        if not (
            isinstance(each, type) and issubclass(each, (*CLASSIFIERS, *REGRESSORS, *TRANSFORMERS))
        ):
            raise TypeError(
                "register_skl2onnx takes classes that are derived from this package's, got "
                f"{each!r}."
            )
    skl2onnx = _import_skl2onnx()
    for kinds, shapes, convert, options in (
        (CLASSIFIERS, _classifier_shapes, _convert_classifier, CLASSIFIER_OPTIONS),
        (REGRESSORS, _regressor_shapes, _convert_regressor, None),
        (TRANSFORMERS, _transformer_shapes, _convert_transformer, None),
    ):
        own = [each for each in subclasses if issubclass(each, kinds)]
        for kind in (*kinds, *own):
            alias = f"Sknnreg{kind.__name__}"
            skl2onnx.update_registered_converter(kind, alias, shapes, convert, options=options)


def _import_skl2onnx() -> Any:
    try:
        return importlib.import_module("skl2onnx")
    except ImportError as error:
        raise ImportError(
            "register_skl2onnx needs skl2onnx, which is not installed: pip install skl2onnx. "
            "sknnreg.export.to_onnx does without it for the estimators of this package."
        ) from error


def _types() -> Any:
    return importlib.import_module("skl2onnx.common.data_types")


def _dtype(operator: Any) -> str:
    """What rows are given in, as numbers of a graph."""
    double = isinstance(operator.inputs[0].type, _types().DoubleTensorType)
    return "float64" if double else "float32"


def _numbers(dtype: str, shape: list[Any]) -> Any:
    name = "DoubleTensorType" if dtype == "float64" else "FloatTensorType"
    return getattr(_types(), name)(shape)


def _n_rows(operator: Any) -> Any:
    return operator.inputs[0].get_first_dimension()


def _classifier_shapes(operator: Any) -> None:
    classes, rows = _classes(operator), _n_rows(operator)
    text = classes.dtype == object
    label = getattr(_types(), "StringTensorType" if text else "Int64TensorType")
    several = is_multilabel(operator.raw_operator)
    operator.outputs[0].type = label([rows, len(classes)] if several else [rows])
    operator.outputs[1].type = _numbers(_dtype(operator), [rows, len(classes)])


def _regressor_shapes(operator: Any) -> None:
    width = operator.raw_operator.n_outputs_
    operator.outputs[0].type = _numbers(_dtype(operator), [_n_rows(operator), width])


def _transformer_shapes(operator: Any) -> None:
    transformer = operator.raw_operator
    dtype = dtype_out(transformer, _dtype(operator))
    operator.outputs[0].type = _numbers(dtype, [_n_rows(operator), width_out(transformer)])


def _classes(operator: Any) -> Array:
    """The classes as ONNX has them; with the option "nocl" by their numbers."""
    model = operator.raw_operator
    options = operator.scope_inst.get_options(model, {"nocl": False})
    if options["nocl"]:
        return np.arange(len(model.classes_))
    return label_names(model.classes_)


def _convert_classifier(scope: Any, operator: Any, container: Any) -> None:
    graph, model = _ContainerGraph(scope, operator, container), operator.raw_operator
    proba = predictions(graph, model, graph.rows())
    several = is_multilabel(model)
    label = labels(graph, proba, _classes(operator), multilabel=several)
    graph.give(label, operator.outputs[0])
    graph.give(proba, operator.outputs[1])


def _convert_regressor(scope: Any, operator: Any, container: Any) -> None:
    graph = _ContainerGraph(scope, operator, container)
    graph.give(predictions(graph, operator.raw_operator, graph.rows()), operator.outputs[0])


def _convert_transformer(scope: Any, operator: Any, container: Any) -> None:
    graph, transformer = _ContainerGraph(scope, operator, container), operator.raw_operator
    dtype = dtype_out(transformer, graph.dtype)
    rows = graph.cast(graph.rows())
    graph.give(transformed_by(graph, transformer, rows, dtype), operator.outputs[0])


class _ContainerGraph(Graph):
    """Nodes and constants handed to a container of skl2onnx."""

    def __init__(self, scope: Any, operator: Any, container: Any) -> None:
        super().__init__(_dtype(operator), container.target_opset)
        self._scope, self._operator, self._container = scope, operator, container

    def rows(self) -> str:
        """The input; the first of several, which only a pipeline's own first step can take."""
        return str(self._operator.inputs[0].full_name)

    def give(self, node: str, output: Any) -> None:
        """Call a node as skl2onnx does."""
        name = self._scope.get_unique_operator_name("Identity")
        self._container.add_node("Identity", [node], [output.full_name], name=name)

    def node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Called as the scope says."""
        name = str(self._scope.get_unique_variable_name(operator.lower()))
        unique = self._scope.get_unique_operator_name(operator)
        self._container.add_node(operator, list(inputs), [name], name=unique, **attributes)
        return name

    def stored(self, array: Array) -> str:
        """As bytes: lists of numbers would take long for millions of weights."""
        name = str(self._scope.get_unique_variable_name("constant"))
        if array.dtype == object:
            texts = [each.encode() for each in array]
            self._container.add_initializer(name, ELEMENT_TYPES["str"], array.shape, texts)
            return name
        tensor = importlib.import_module("onnx.numpy_helper").from_array(
            np.ascontiguousarray(array).reshape(array.shape), name
        )
        self._container.add_initializer(name, tensor.data_type, array.shape, tensor)
        return name

    def transformed(self, front: Pipeline, x: str) -> str:
        """By skl2onnx itself, from all columns that the operator was given."""
        step = self._scope.declare_local_operator("SklearnPipeline", front)
        step.inputs = self._operator.inputs
        made = self._scope.declare_local_variable("transformed", _numbers(self.dtype, [None, None]))
        step.outputs.append(made)
        return str(made.full_name)
