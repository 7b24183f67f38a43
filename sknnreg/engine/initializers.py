"""Where the weights start."""

import numpy as np

from sknnreg.engine.stack import Array


def glorot_uniform(
    generator: np.random.Generator,
    gain: float,
    out: Array,
    fans: tuple[int, int] | None = None,
) -> None:
    """Fill ``out`` uniformly in +-sqrt(gain / (fan_in + fan_out)) (Glorot and Bengio, 2010).

    Drawn in float64 whatever the dtype, so that float32 and float64 share their start.
    """
    bound = np.sqrt(gain / sum(fans or out.shape))
    out[...] = generator.uniform(-bound, bound, out.shape)
