"""Place 5, update: the step size as a pure function of progress."""

from sknnreg.engine.schedules.base import Progress, Schedule
from sknnreg.engine.schedules.custom import Custom
from sknnreg.engine.schedules.cycles import CosineRestarts, Cyclic
from sknnreg.engine.schedules.decays import Constant, Exponential, InverseScaling, Step
from sknnreg.engine.schedules.spans import Cosine, OneCycle
from sknnreg.engine.schedules.warm_up import WarmUp

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
