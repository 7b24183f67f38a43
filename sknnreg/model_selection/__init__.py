"""Measuring generalization: errors with honest intervals, for any estimator of scikit-learn."""

from sknnreg.model_selection.bias_and_variance import (
    BiasVarianceDisplay,
    BiasVarianceResult,
    bias_variance,
)
from sknnreg.model_selection.comparison.comparing import compare_estimators
from sknnreg.model_selection.comparison.display import ComparisonDisplay
from sknnreg.model_selection.comparison.result import ComparisonResult
from sknnreg.model_selection.diagnosis import (
    DiagnosisResult,
    Suggestion,
    diagnose,
    diagnose_estimator,
)
from sknnreg.model_selection.error.display import ErrorEstimateDisplay
from sknnreg.model_selection.error.estimating import estimate_error
from sknnreg.model_selection.error.result import ErrorEstimateResult
from sknnreg.model_selection.nested import (
    NestedCrossValidationDisplay,
    NestedCrossValidationResult,
    nested_cross_validate,
)
from sknnreg.model_selection.regularization_path import RegularizationPathDisplay
from sknnreg.model_selection.splitters import (
    RepeatedStratifiedRegressionKFold,
    Resubstitution,
    StratifiedRegressionKFold,
    StratifiedRegressionShuffleSplit,
)

__all__ = [
    "BiasVarianceDisplay",
    "BiasVarianceResult",
    "ComparisonDisplay",
    "ComparisonResult",
    "DiagnosisResult",
    "ErrorEstimateDisplay",
    "ErrorEstimateResult",
    "NestedCrossValidationDisplay",
    "NestedCrossValidationResult",
    "RegularizationPathDisplay",
    "RepeatedStratifiedRegressionKFold",
    "Resubstitution",
    "StratifiedRegressionKFold",
    "StratifiedRegressionShuffleSplit",
    "Suggestion",
    "bias_variance",
    "compare_estimators",
    "diagnose",
    "diagnose_estimator",
    "estimate_error",
    "nested_cross_validate",
]
