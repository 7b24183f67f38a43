"""Bias, variance and noise over training samples, and the U-curve along a hyperparameter."""

from sknnreg.model_selection.bias_and_variance.display import BiasVarianceDisplay
from sknnreg.model_selection.bias_and_variance.result import BiasVarianceResult
from sknnreg.model_selection.bias_and_variance.study import bias_variance

__all__ = ["BiasVarianceDisplay", "BiasVarianceResult", "bias_variance"]
