"""Place 5, update: the step size as a pure function of progress."""

from sknnreg.engine.places.update.schedules.base import Progress, Schedule
from sknnreg.engine.places.update.schedules.custom import Custom
from sknnreg.engine.places.update.schedules.cycles import CosineRestarts, Cyclic
from sknnreg.engine.places.update.schedules.decays import (
    Constant,
    Exponential,
    InverseScaling,
    Step,
)
from sknnreg.engine.places.update.schedules.spans import Cosine, OneCycle
from sknnreg.engine.places.update.schedules.warm_up import WarmUp

__all__ = [
    "Constant",
    "Cosine",
    "CosineRestarts",
    "Custom",
    "Cyclic",
    "Exponential",
    "InverseScaling",
    "OneCycle",
    "Progress",
    "Schedule",
    "Step",
    "WarmUp",
]
