"""A scikit-learn MLP trained from the very numbers that ours starts from."""

import warnings

import numpy as np
import pytest
from sklearn.base import clone, is_classifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor
from sknnreg.engine.arrays.streams import Streams
from sknnreg.estimators.fitted.folding import fold

# Both are told to run all epochs, and MLPClassifier complains that it did.
NEVER = 10**9


def _start(ours, X, y):
    """The weights and biases that ``ours.fit`` would start from."""
    planned = clone(ours)._plan((X, y, None))
    prepared, plan = planned.prepared, planned.recipe
    values = plan.network.initialize(Streams([prepared.seed]), np.dtype(np.float64))
    folded = fold(plan.network, values, prepared.inputs)
    return folded.coefs, folded.intercepts


def _fit_quietly(model, *args, **kwargs):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(*args, **kwargs)


@pytest.fixture
def twins():
    """``twins(ours, X, y, alpha=..., sample_weight=...)``: ours and scikit-learn's, both fitted.

    All hyperparameters that both have are shared.
    """

    def fit_both(ours, X, y, *, alpha=0.0, sample_weight=None, **theirs_differently):
        their_class = MLPClassifier if is_classifier(ours) else MLPRegressor
        theirs = their_class()
        shared = theirs.get_params().keys() & ours.get_params().keys()
        theirs.set_params(**{name: ours.get_params()[name] for name in shared})
        theirs.set_params(alpha=alpha, warm_start=True, max_iter=1)
        _fit_quietly(theirs, X, y)  # makes the arrays that are overwritten now
        theirs.coefs_, theirs.intercepts_ = _start(ours, X, y)
        theirs.t_, theirs.loss_curve_, theirs.best_loss_ = 0, [], np.inf
        theirs._no_improvement_count = 0
        theirs.set_params(max_iter=ours.max_iter, **theirs_differently)
        _fit_quietly(theirs, X, y, sample_weight=sample_weight)
        _fit_quietly(ours, X, y, sample_weight=sample_weight)
        return ours, theirs

    return fit_both


@pytest.fixture
def plain():
    """``plain(kind, **parameters)``: ours as scikit-learn's, every regularizer off."""

    def make(kind, **parameters):
        classes = {"classifier": MLPRegularizedClassifier, "regressor": MLPRegularizedRegressor}
        settings = {
            "hidden_layer_sizes": (7, 5),
            "standardize": False,
            "dtype": "float64",
            "shuffle": False,
            "batch_size": 16,
            "max_iter": 30,
            "tol": 1e-4,
            "n_iter_no_change": NEVER,
            "random_state": 3,
        }
        return classes[kind](**{**settings, **parameters})

    return make


@pytest.fixture
def same_arrays():
    """Compare two fitted networks' weights and biases, relative to each array's largest entry."""

    def compare(ours, theirs, rtol):
        pairs = zip(
            [*ours.coefs_, *ours.intercepts_], [*theirs.coefs_, *theirs.intercepts_], strict=True
        )
        for mine, other in pairs:
            np.testing.assert_allclose(mine, other, rtol=0, atol=rtol * np.abs(other).max())

    return compare
