"""Looking into networks and their training."""

from sknnreg.estimators.uncertainty.parts import Uncertainty
from sknnreg.inspection.activation_distribution import ActivationDistributionDisplay
from sknnreg.inspection.activation_recorder import ActivationRecorder
from sknnreg.inspection.gradients import check_gradients
from sknnreg.inspection.learning_rate_range import learning_rate_range_test
from sknnreg.inspection.learning_rate_range_display import LearningRateRangeDisplay
from sknnreg.inspection.training_curves import TrainingCurve, TrainingCurveDisplay
from sknnreg.inspection.weight_distribution import WeightDistributionDisplay

__all__ = [
    "ActivationDistributionDisplay",
    "ActivationRecorder",
    "LearningRateRangeDisplay",
    "TrainingCurve",
    "TrainingCurveDisplay",
    "Uncertainty",
    "WeightDistributionDisplay",
    "check_gradients",
    "learning_rate_range_test",
]
