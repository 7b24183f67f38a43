"""scikit-learn's ``alpha`` divided by the batch size is ``l2``."""

import numpy as np
import pytest
from sklearn.datasets import make_classification, make_regression

from sknnreg import MLPRegularizedRegressor

RTOL = 1e-11


def classes():
    X, y = make_classification(
        n_samples=60, n_features=6, n_informative=4, n_classes=3, random_state=1
    )
    return "classifier", X, y


def responses():
    X, y = make_regression(n_samples=60, n_features=6, noise=1.0, random_state=3)
    return "regressor", X, y / y.std()


TASKS = pytest.mark.parametrize("task", [classes, responses], ids=lambda task: task.__name__)


@TASKS
@pytest.mark.parametrize("batch_size", [60, 20])
@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_l2_is_alpha_over_the_batch_size(twins, plain, same_arrays, task, batch_size, solver):
    """MLPClassifier divides its penalty by each batch's rows, which ours does not depend on."""
    kind, X, y = task()
    ours = plain(
        kind,
        activation="tanh",
        solver=solver,
        learning_rate_init=0.02,
        batch_size=batch_size,
        l2=6.0 / batch_size,
    )
    ours, theirs = twins(ours, X, y, alpha=6.0)
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=RTOL)
    same_arrays(ours, theirs, RTOL)


def test_the_strength_of_l2_does_not_depend_on_the_batch_size():
    """One step from the same start moves the same by the penalty, for any batch and any rows."""
    _, X, y = responses()

    def pull(n_rows):
        settings = {"solver": "sgd", "momentum": 0.0, "dtype": "float64", "max_iter": 1}
        fits = [
            MLPRegularizedRegressor(
                (4,),
                standardize=False,
                n_iter_no_change=None,
                random_state=0,
                learning_rate_init=0.1,
                batch_size=60,
                l2=l2,
                **settings,
            ).fit(X[:n_rows], y[:n_rows])
            for l2 in (0.0, 0.5)
        ]
        return [b - a for a, b in zip(fits[0].coefs_, fits[1].coefs_, strict=True)]

    for few, many in zip(pull(10), pull(60), strict=True):
        assert np.abs(few).max() > 1e-3
        np.testing.assert_allclose(few, many, rtol=0, atol=1e-14)


@TASKS
def test_lbfgs_takes_scikit_learns_iterations(twins, plain, same_arrays, task):
    """The same objective in the same order of variables: the same first iterations.

    Every iteration of a quasi-Newton method multiplies rounding by the curvature's condition:
    1e-8 after 10 of them.
    """
    kind, X, y = task()
    ours = plain(kind, activation="tanh", solver="lbfgs", max_iter=10, l2=0.1, tol=0.0)
    ours, theirs = twins(ours, X, y, alpha=6.0)
    assert ours.n_iter_ == theirs.n_iter_ == 10
    np.testing.assert_allclose(ours.loss_, theirs.loss_, rtol=1e-9)
    same_arrays(ours, theirs, 1e-8)


@TASKS
def test_lbfgs_ends_where_scikit_learn_would_stay(twins, plain, task):
    """Started from our minimum, scikit-learn finds a gradient below tol and takes no step.

    From the common start it ends a little above it: it also stops once the loss falls by less
    than 2e-9 of itself.
    """
    kind, X, y = task()
    ours = plain(kind, activation="tanh", solver="lbfgs", max_iter=5000, l2=0.05, tol=1e-7)
    ours, theirs = twins(ours, X, y, alpha=3.0)
    assert ours.stop_reason_ == "converged"
    assert ours.loss_ <= theirs.loss_ * (1 + 1e-12)
    np.testing.assert_allclose(ours.loss_, theirs.loss_, rtol=1e-6)
    theirs.coefs_ = [coef.copy() for coef in ours.coefs_]
    theirs.intercepts_ = [intercept.copy() for intercept in ours.intercepts_]
    theirs.set_params(tol=1.001e-7).fit(X, y)
    assert theirs.n_iter_ == 0
    np.testing.assert_allclose(ours.loss_, theirs.loss_, rtol=1e-12)
