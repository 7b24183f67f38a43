"""Buffers that live as long as a stack: fresh temporaries cost more than the arithmetic."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from sknnreg.engine.stack import Array


class Scratch:
    """Arrays by name and shape, made once and handed out again each time they are asked for."""

    def __init__(self, dtype: DTypeLike) -> None:
        self.dtype: np.dtype[Any] = np.dtype(dtype)
        self._buffers: dict[tuple[str, tuple[int, ...]], Array] = {}

    def __call__(self, name: str, shape: tuple[int, ...], dtype: DTypeLike | None = None) -> Array:
        """The buffer ``name`` of this shape; its content is whatever was left in it."""
        key = (name, shape)
        buffer = self._buffers.get(key)
        if buffer is None:
            buffer = self._buffers[key] = np.empty(shape, self.dtype if dtype is None else dtype)
        return buffer

    def mean_weights(self, n_rows: int) -> Array:
        """``(1, 1, B)`` of 1/B: a product with it is the mean over the batch."""
        key = ("mean_weights", (n_rows,))
        buffer = self._buffers.get(key)
        if buffer is None:
            buffer = self._buffers[key] = np.full((1, 1, n_rows), 1.0 / n_rows, self.dtype)
        return buffer

    def ones(self, n_rows: int) -> Array:
        """``(1, 1, B)`` of ones: a product with it is the sum over the batch, by BLAS."""
        key = ("ones", (n_rows,))
        buffer = self._buffers.get(key)
        if buffer is None:
            buffer = self._buffers[key] = np.ones((1, 1, n_rows), self.dtype)
        return buffer
