"""Decoupled weight decay."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from sknnreg.engine.arrays.stack import Array, PerNetwork
from sknnreg.engine.places.update.base import BlockTransform, Coefficients, State, Steps


@dataclass(frozen=True)
class WeightDecay(BlockTransform):
    """w <- (1 - rate x decay) w beside the optimizer's step (Loshchilov and Hutter, 2019)."""

    weights_only: ClassVar[bool] = True

    decay: PerNetwork

    @property
    def active(self) -> bool | np.ndarray[Any, Any]:
        """Off at strength 0."""
        return np.asarray(self.decay) > 0

    def coefficients(self, steps: Steps) -> Coefficients:
        """-rate x decay."""
        return (-steps.learning_rate * np.asarray(self.decay),)

    def update(
        self, updates: Array, state: State, values: Array, coefficients: Coefficients, work: Array
    ) -> None:
        """A share of the weights as they are before the step is taken off the step."""
        updates += np.multiply(values, coefficients[0], out=work)
