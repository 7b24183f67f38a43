"""A graph under way: constants and nodes by name, for whoever keeps them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from sknnreg.engine.arrays.stack import Array

# ONNX's numbers of element types.
ELEMENT_TYPES = {"float32": 1, "int64": 7, "str": 8, "bool": 9, "float64": 11}
# From this version on, axes are an input of a reduction, no longer an attribute.
AXES_ARE_INPUT = 18


class Graph(ABC):
    """Nodes of ONNX's own operators, each with one output, which they are called by.

    ``dtype`` is that of the numbers inside, "float32" or "float64".
    """

    def __init__(self, dtype: str, opset: int) -> None:
        self.dtype, self.opset = dtype, opset

    @abstractmethod
    def node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add a node."""

    @abstractmethod
    def stored(self, array: Array) -> str:
        """Keep an array of one of the element types."""

    @abstractmethod
    def transformed(self, front: Pipeline, x: str) -> str:
        """What fitted transformers make of the rows."""

    def constant(self, numbers: Any, dtype: str | None = None) -> str:
        """Numbers in the graph's own type, or another."""
        given = np.asarray(numbers, dtype=np.float64)
        with np.errstate(over="ignore", under="ignore"):
            cast = given.astype(dtype or self.dtype)
        if not np.array_equal(np.isfinite(cast), np.isfinite(given)):
            raise ValueError(
                f"the network holds {np.abs(given).max():g}, which is beyond float32. Use "
                "to_onnx(..., computing_dtype='float64'), or rescale the columns of X and y."
            )
        return self.stored(cast)

    def integers(self, numbers: Any) -> str:
        """Places, axes and shapes."""
        return self.stored(np.asarray(numbers, dtype=np.int64))

    def cast(self, x: str, dtype: str | None = None) -> str:
        """x as numbers of the graph's own type, or another."""
        return self.node("Cast", x, to=ELEMENT_TYPES[dtype or self.dtype])

    def mean(self, x: str, axis: int, *, keepdims: bool = False) -> str:
        """The mean over an axis."""
        if self.opset >= AXES_ARE_INPUT:
            return self.node("ReduceMean", x, self.integers([axis]), keepdims=int(keepdims))
        return self.node("ReduceMean", x, axes=[axis], keepdims=int(keepdims))
