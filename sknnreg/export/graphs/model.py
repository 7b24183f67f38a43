"""A graph that becomes a model of ONNX, by onnx's own helpers."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from sklearn.pipeline import Pipeline

from sknnreg.engine.arrays.stack import Array
from sknnreg.export.graphs.base import ELEMENT_TYPES, Graph
from sknnreg.export.graphs.transformers import TRANSFORMERS, dtype_out, steps_of, transformed_by
from sknnreg.versions import __version__

INPUT = "X"
ROWS = "n_samples"
# By its name an output's node, type and shape.
Outputs: TypeAlias = dict[str, tuple[str, str, list[Any]]]


class ModelGraph(Graph):
    """Nodes and constants in lists; equal constants are one."""

    def __init__(self, onnx: Any, dtype: str, opset: int, input_dtype: str) -> None:
        super().__init__(dtype, opset)
        self._onnx, self._input_dtype = onnx, input_dtype
        self._nodes: list[Any] = []
        self._constants: dict[Any, Any] = {}

    def node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Called by its number."""
        name = f"{operator.lower()}_{len(self._nodes)}"
        made = self._onnx.helper.make_node(operator, list(inputs), [name], name, **attributes)
        self._nodes.append(made)
        return name

    def stored(self, array: Array) -> str:
        """As it is in memory."""
        key = (
            array.shape,
            array.dtype.str,
            array.tobytes() if array.dtype != object else id(array),
        )
        if key not in self._constants:
            name = f"constant_{len(self._constants)}"
            given = np.ascontiguousarray(array).reshape(array.shape)
            self._constants[key] = self._onnx.numpy_helper.from_array(given, name)
        return str(self._constants[key].name)

    def transformed(self, front: Pipeline, x: str) -> str:
        """By this package's own transformers."""
        dtype = self._input_dtype
        for name, step in steps_of(front):
            if not isinstance(step, TRANSFORMERS):
                raise TypeError(
                    f"The step {name!r} is {type(step).__name__}, which is not of this package. "
                    "skl2onnx converts it: call sknnreg.export.register_skl2onnx(), then "
                    "skl2onnx.to_onnx with the pipeline."
                )
            dtype = dtype_out(step, dtype)
            x = transformed_by(self, step, x, dtype)
        return x

    def model(self, outputs: Outputs, n_features: int) -> Any:
        """The model with these outputs."""
        helper = self._onnx.helper
        for name, (node, _, _) in outputs.items():
            self._nodes.append(helper.make_node("Identity", [node], [name], name))
        taken = helper.make_tensor_value_info(
            INPUT, ELEMENT_TYPES[self._input_dtype], [ROWS, n_features]
        )
        given = [
            helper.make_tensor_value_info(name, ELEMENT_TYPES[dtype], shape)
            for name, (_, dtype, shape) in outputs.items()
        ]
        graph = helper.make_graph(
            self._nodes, "sknnreg", [taken], given, list(self._constants.values())
        )
        versions = [helper.make_opsetid("", self.opset)]
        model = helper.make_model(
            graph,
            opset_imports=versions,
            ir_version=helper.find_min_ir_version_for(versions),
            producer_name="sknnreg",
            producer_version=__version__,
        )
        self._onnx.checker.check_model(model)
        return model
