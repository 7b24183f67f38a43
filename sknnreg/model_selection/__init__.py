"""Measuring generalization: errors with honest intervals, for any estimator of scikit-learn."""
