"""Regularized multilayer perceptrons with scikit-learn's API."""

from sknnreg.estimators import MLPRegularizedClassifier, MLPRegularizedRegressor
from sknnreg.together import fit_together

__all__ = ["MLPRegularizedClassifier", "MLPRegularizedRegressor", "fit_together"]
__version__ = "0.1.0"
