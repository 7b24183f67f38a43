"""Regularized multilayer perceptrons with scikit-learn's API."""

from sknnreg.estimators import MLPRegularizedClassifier, MLPRegularizedRegressor

__all__ = ["MLPRegularizedClassifier", "MLPRegularizedRegressor"]
__version__ = "0.1.0"
