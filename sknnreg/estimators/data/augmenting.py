"""The bridge to a user's augmentation: batches as ``fit`` received them, and back to the engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sknnreg.engine.arrays.rows import DenseRows
from sknnreg.engine.arrays.stack import Array
from sknnreg.estimators.data.inputs import Standardization
from sknnreg.estimators.data.targets import Targets


@dataclass(frozen=True)
class Augmenter:
    """Calls ``function(X, y, rng)`` with raw rows; standardizes and encodes what it returns."""

    function: Any
    inputs: Standardization
    targets: Targets

    def __call__(self, x: Array, y: Array, generator: np.random.Generator) -> tuple[Array, Array]:
        """``x (B, F)``, encoded ``y (B, K)`` -> what the network sees of them."""
        labels = self.targets.decode(y)
        returned = self.function(x, labels, generator)
        if not isinstance(returned, tuple) or len(returned) != 2:
            raise ValueError(
                f"augmentation={self.function!r} must return a tuple (X, y), got "
                f"{type(returned).__name__}."
            )
        new_x = self._like("X", returned[0], x)
        new_y = self._like("y", returned[1], labels)
        encoded = self.targets.scaled(self.targets.encode(new_y, "y of the augmentation"))
        everything = slice(0, len(x))
        return (
            self.inputs.apply(DenseRows(new_x)).read(everything, np.empty_like(x)),
            encoded.read(everything, np.empty_like(y)),
        )

    def _like(self, name: str, returned: Any, old: Array) -> Array:
        """What came back for a batch's X or y, of its shape and, if that is numeric, numbers."""
        try:
            new = np.asarray(returned)
        except ValueError as error:
            raise ValueError(
                f"augmentation={self.function!r} returned as {name}: {error}"
            ) from error
        if new.shape != old.shape:
            raise ValueError(
                f"augmentation={self.function!r} must return {name} in the shape it was given, "
                f"{old.shape}, got {new.shape}. A batch keeps its rows."
            )
        if old.dtype.kind in "biuf" and new.dtype.kind not in "biuf":
            raise ValueError(
                f"augmentation={self.function!r} must return numbers as {name}, as it was given, "
                f"got an array of {new.dtype}, such as {new.flat[:1].tolist()[0]!r}."
            )
        if new.dtype.kind == "f" and not np.isfinite(new).all():
            raise ValueError(
                f"augmentation={self.function!r} returned {'an X' if name == 'X' else 'a y'} that "
                "is not finite."
            )
        return new
