"""Place 5, update: from the gradient to the step, as a chain of transforms."""

from sknnreg.engine.places.update.base import (
    BlockTransform,
    Coefficients,
    State,
    Steps,
    Transform,
    WholeTransform,
    per_step,
)
from sknnreg.engine.places.update.gradients import ClipNorm, GradientNoise
from sknnreg.engine.places.update.optimisers import Adam, AMSGrad, Momentum, RMSprop
from sknnreg.engine.places.update.weight_decay import WeightDecay

__all__ = [
    "AMSGrad",
    "Adam",
    "BlockTransform",
    "ClipNorm",
    "Coefficients",
    "GradientNoise",
    "Momentum",
    "RMSprop",
    "State",
    "Steps",
    "Transform",
    "WeightDecay",
    "WholeTransform",
    "per_step",
]
