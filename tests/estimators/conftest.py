"""What tests of the estimators share: a callback, and when two fits are one and the same."""

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV

from sknnreg import fit_together

# What a fit tells of its training.
TOLD = ("loss_", "best_loss_", "loss_curve_", "validation_loss_curve_", "validation_scores_",
        "best_validation_score_", "learning_rate_curve_", "best_iteration_", "n_iter_", "t_",
        "stop_reason_")  # fmt: skip


class _Listener:
    """Writes down what it is told; after so many epochs it stops training, or raises an error."""

    def __init__(self, after=None, raises=None):
        self.after, self.raises, self.events = after, raises, []

    def setup(self, estimator, context):
        self.events.append("setup")

    def teardown(self, estimator, context):
        self.events.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        self.events.append(f"begin {context.task_name}")

    def on_fit_task_end(self, estimator, context):
        self.events.append(f"end {context.task_name}")
        if context.task_name != "epoch" or self.events.count("end epoch") != self.after:
            return False
        if self.raises is not None:
            raise self.raises
        return True


@pytest.fixture(scope="session")
def Listener():
    """``Listener(after=3, raises=KeyboardInterrupt)``: a callback; without arguments it listens."""
    return _Listener


def _weights_of(est):
    return np.concatenate([each.ravel() for each in est.coefs_ + est.intercepts_])


def _same_weights(one, other):
    for name in ("coefs_", "intercepts_"):
        for a, b in zip(getattr(one, name), getattr(other, name), strict=True):
            np.testing.assert_array_equal(a, b)


def _same_told(one, other):
    for name in TOLD:
        assert getattr(one, name) == getattr(other, name), name


@pytest.fixture(scope="session")
def weights_of():
    """All weights and biases of a fitted network in one row."""
    return _weights_of


@pytest.fixture(scope="session")
def assert_same_weights():
    """Equal weights and biases, bit for bit."""
    return _same_weights


@pytest.fixture(scope="session")
def assert_same_told():
    """Equal curves, counts and reasons, whatever the weights are."""
    return _same_told


@pytest.fixture(scope="session")
def assert_same_training():
    """Equal weights and biases, curves, counts and reasons."""

    def check(one, other):
        _same_weights(one, other)
        _same_told(one, other)

    return check


@pytest.fixture(scope="session")
def search_both_ways():
    """``search_both_ways(est, grid, X, y)``: a grid search alone and under ``fit_together``.

    Their scores are equal; both best networks are returned, and the scores by candidate.
    """

    def run(est, grid, X, y):
        search = GridSearchCV(est, grid, cv=3, scoring="neg_mean_squared_error").fit(X, y)
        names = [f"split{number}_test_score" for number in range(3)]
        return np.transpose([search.cv_results_[name] for name in names]), search.best_estimator_

    def both(est, grid, X, y):
        scores, network = run(est, grid, X, y)
        with fit_together(n_jobs=1):
            found, other = run(est, grid, X, y)
        np.testing.assert_array_equal(found, scores)
        return network, other, scores

    return both
