"""Where the weights and biases of a dense layer start."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from sknnreg.engine.arrays.stack import Array


@dataclass(frozen=True)
class Initializer(ABC):
    """Fills one network's weights ``(n_in, n_out)`` and biases ``(1, n_out)``, if there are any.

    Draws are in float64 whatever the dtype, so that float32 and float64 share their start.
    """

    @abstractmethod
    def fill(self, generator: np.random.Generator, weight: Array, bias: Array | None) -> None:
        """Overwrite both."""


@dataclass(frozen=True)
class GlorotUniform(Initializer):
    """Uniform in +-sqrt(gain / (n_in + n_out)), biases too (Glorot and Bengio, 2010).

    As MLPClassifier has it, with a gain of 2 in front of logistic units, else 6.
    """

    gain: float = 6.0

    def fill(self, generator: np.random.Generator, weight: Array, bias: Array | None) -> None:
        bound = np.sqrt(self.gain / sum(weight.shape))
        weight[...] = generator.uniform(-bound, bound, weight.shape)
        if bias is not None:
            bias[...] = generator.uniform(-bound, bound, bias.shape)


GLOROT = GlorotUniform()


@dataclass(frozen=True)
class LecunNormal(Initializer):
    """N(0, 1 / n_in), biases 0 (LeCun et al., 1998): units are as spread as their inputs.

    Which is where SELU keeps a mean of 0 and a variance of 1 (Klambauer et al., 2017).
    """

    def fill(self, generator: np.random.Generator, weight: Array, bias: Array | None) -> None:
        weight[...] = generator.normal(0.0, np.sqrt(1.0 / len(weight)), weight.shape)
        if bias is not None:
            bias[...] = 0
