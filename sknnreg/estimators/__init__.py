"""The estimators: the rooms that know scikit-learn's API."""

from sknnreg.estimators.classifier import MLPRegularizedClassifier
from sknnreg.estimators.regressor import MLPRegularizedRegressor

__all__ = ["MLPRegularizedClassifier", "MLPRegularizedRegressor"]
