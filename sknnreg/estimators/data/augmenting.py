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
        new_x, new_y = (np.asarray(each) for each in returned)
        for name, new, old in (("X", new_x, x), ("y", new_y, labels)):
            if new.shape != old.shape:
                raise ValueError(
                    f"augmentation={self.function!r} must return {name} in the shape it was "
                    f"given, {old.shape}, got {new.shape}. A batch keeps its rows."
                )
        if not np.isfinite(new_x).all():
            raise ValueError(f"augmentation={self.function!r} returned an X that is not finite.")
        encoded = self.targets.scaled(self.targets.encode(new_y, "y of the augmentation"))
        everything = slice(0, len(x))
        return (
            self.inputs.apply(DenseRows(new_x)).read(everything, np.empty_like(x)),
            encoded.read(everything, np.empty_like(y)),
        )
