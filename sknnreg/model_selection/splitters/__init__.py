"""Splitters for a continuous target, and the one that tests on what it trained on."""

from sknnreg.model_selection.splitters.k_fold import (
    RepeatedStratifiedRegressionKFold,
    StratifiedRegressionKFold,
)
from sknnreg.model_selection.splitters.resubstitution import Resubstitution
from sknnreg.model_selection.splitters.shuffle_split import StratifiedRegressionShuffleSplit

__all__ = [
    "RepeatedStratifiedRegressionKFold",
    "Resubstitution",
    "StratifiedRegressionKFold",
    "StratifiedRegressionShuffleSplit",
]
