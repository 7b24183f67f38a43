"""Ensembles of networks that hold out other rows each, trained in one pass."""

from sknnreg.ensemble.classifier import CrossFittedClassifier
from sknnreg.ensemble.regressor import CrossFittedRegressor

__all__ = ["CrossFittedClassifier", "CrossFittedRegressor"]
