"""The bridge to a user's augmentation: batches as ``fit`` received them, and back to the engine."""

from __future__ import annotations

import hashlib
import pickle
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
from scipy import sparse

from sknnreg.augmentation import Augmentation
from sknnreg.engine.arrays.rows import DenseRows
from sknnreg.engine.arrays.stack import Array
from sknnreg.estimators.data.inputs import Standardization
from sknnreg.estimators.data.shares import encode_shares, shares
from sknnreg.estimators.data.targets import Targets


@dataclass(frozen=True)
class Augmenter:
    """Calls ``function(X, y, rng)`` with raw rows; standardizes and encodes what it returns."""

    function: Any
    inputs: Standardization
    targets: Targets

    @classmethod
    def of(
        cls, function: Any, X: Any, inputs: Standardization, targets: Targets
    ) -> Augmenter | None:
        """The bridge to rows of X; None where the function does nothing, which is free then."""
        if isinstance(function, type) and issubclass(function, Augmentation):
            raise ValueError(
                f"augmentation={function.__name__} is a class. Make one of it, such as "
                f"{function.__name__}(...)."
            )
        if isinstance(function, Augmentation):
            function.check_parameters()
            if not function.is_active:
                return None
            if sparse.issparse(X):
                raise ValueError(
                    f"augmentation={function!r} changes dense rows, and X is sparse. Pass "
                    "X.toarray(), or a function of your own that knows what zeros mean."
                )
        return cls(function, inputs, targets)

    @property
    def portable(self) -> bool:
        """Whether another process can read it: nothing in it is the user's own."""
        return isinstance(self.function, Augmentation) and self.function.is_known

    @cached_property
    def identity(self) -> bytes | None:
        """Equal where two do the same; None for what may keep count of its calls."""
        if not self.portable:
            return None
        return hashlib.sha256(pickle.dumps((self.function, self.inputs, self.targets))).digest()

    def __getstate__(self) -> dict[str, Any]:
        """What it is made of, without what was derived from that."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    def __call__(self, x: Array, y: Array, generator: np.random.Generator) -> tuple[Array, Array]:
        """``x (B, F)``, encoded ``y (B, K)`` -> what the network sees of them."""
        mixes = bool(getattr(self.function, "mixes_labels", False))
        labels = shares(self.targets, y) if mixes else self.targets.decode(y)
        returned = self.function(x, labels, generator)
        if not isinstance(returned, tuple) or len(returned) != 2:
            raise ValueError(
                f"augmentation={self.function!r} must return a tuple (X, y), got "
                f"{type(returned).__name__}."
            )
        new_x = self._like("X", returned[0], x)
        new_y = self._like("y", returned[1], labels)
        name = "y of the augmentation"
        if mixes:
            encoded = self.targets.scaled(encode_shares(self.targets, new_y, name))
        else:
            encoded = self.targets.scaled(self.targets.encode(new_y, name))
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
