"""Looking into networks and their training."""

from sknnreg.inspection.gradients import check_gradients
from sknnreg.inspection.learning_rate_range import learning_rate_range_test
from sknnreg.inspection.learning_rate_range_display import LearningRateRangeDisplay
from sknnreg.inspection.training_curves import TrainingCurve, TrainingCurveDisplay

__all__ = [
    "LearningRateRangeDisplay",
    "TrainingCurve",
    "TrainingCurveDisplay",
    "check_gradients",
    "learning_rate_range_test",
]
