"""Place 5, update: from the gradient to the step, as a chain of transforms.

Here is what a transform is; the transforms themselves are in the modules.
"""

from sknnreg.engine.places.update.base import (
    BlockTransform,
    Coefficients,
    State,
    Steps,
    Transform,
    WholeTransform,
    per_step,
)

__all__ = [
    "BlockTransform",
    "Coefficients",
    "State",
    "Steps",
    "Transform",
    "WholeTransform",
    "per_step",
]
