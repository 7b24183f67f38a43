"""Step sizes by a user's function."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from sknnreg.engine.arrays.stack import Array
from sknnreg.engine.places.update.schedules.base import Progress, Schedule


@dataclass(frozen=True, eq=False)
class Custom(Schedule):
    """function(t) at update t = 0, 1, ..."""

    function: Callable[[int], Any]

    @property
    def portable(self) -> bool:
        """What the function needs is not known."""
        return False

    def __eq__(self, other: object) -> bool:
        # Whatever the function compares by, only the same one gives the same step sizes.
        return isinstance(other, Custom) and other.function is self.function

    def __hash__(self) -> int:
        return id(self.function)

    def factors(self, progress: Progress) -> Array:
        """The same function for all networks, each at its own update."""
        updates = progress.updates[..., None, :] + np.arange(progress.n_updates)[:, None]
        factors = [self._factor(int(update)) for update in updates.ravel()]
        return np.reshape(factors, updates.shape)

    def _factor(self, update: int) -> float:
        given = self.function(update)
        try:
            factor = float(given)
        except (TypeError, ValueError):
            factor = math.nan
        if not (math.isfinite(factor) and factor >= 0):
            raise ValueError(
                f"learning_rate={self.function!r} must map the number of updates so far to a "
                f"finite factor of at least 0 on learning_rate_init; at update {update} it gave "
                f"{given!r}."
            )
        return factor
