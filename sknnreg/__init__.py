"""Regularized multilayer perceptrons with scikit-learn's API."""

from sknnreg.estimators import MLPRegularizedClassifier, MLPRegularizedRegressor
from sknnreg.together import fit_together
from sknnreg.versions import __version__ as __version__

__all__ = ["MLPRegularizedClassifier", "MLPRegularizedRegressor", "fit_together"]
