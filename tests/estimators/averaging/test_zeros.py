"""With l1, an average has the zeros of the weights that it ends with, and so the lasso's."""

import numpy as np
import pytest
from sklearn.datasets import make_regression
from sklearn.linear_model import Lasso
from sklearn.preprocessing import StandardScaler

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor

BOTH = pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor])
KINDS = pytest.mark.parametrize("kind", ["ema", "swa"])


@BOTH
@KINDS
def test_zeros_are_those_of_the_network_without_averaging(Estimator, kind, make, data):
    plain = make(Estimator, l1=0.05, learning_rate_init=0.02).fit(*data)
    averaged = make(Estimator, kind, l1=0.05, learning_rate_init=0.02).fit(*data)
    assert 0 < plain.sparsity_[0] < 1
    for ours, theirs in zip(averaged.coefs_, plain.coefs_, strict=True):
        np.testing.assert_array_equal(ours == 0, theirs == 0)
    assert averaged.sparsity_ == plain.sparsity_
    assert not np.allclose(averaged.coefs_[0], plain.coefs_[0], rtol=1e-2)


@KINDS
def test_all_else_is_the_mean(kind, make, data, after_each_epoch, exponential, weights_of):
    """In full batches, where an epoch is an update."""
    params = {"l1": 0.2, "learning_rate_init": 0.05, "batch_size": 1000, "standardize": False}
    rows = after_each_epoch(MLPRegularizedRegressor, 12, **params)
    mean = exponential(rows, 0.8) if kind == "ema" else rows[6:].mean(axis=0)
    expected = np.where(rows[-1] == 0, 0.0, mean)
    assert np.count_nonzero(expected) < np.count_nonzero(mean)
    averaged = make(MLPRegularizedRegressor, kind, **params).fit(*data)
    np.testing.assert_allclose(weights_of(averaged), expected, rtol=1e-10)


@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_averaged_weights_are_nearer_to_the_lasso_than_the_last(solver):
    """And have next to none of the inputs that it leaves out."""
    X, y = make_regression(
        n_samples=300, n_features=100, n_informative=10, noise=30.0, random_state=0
    )
    X, y = StandardScaler().fit_transform(X), (y - y.mean()) / y.std()
    l1 = 0.1
    lasso = Lasso(alpha=l1, tol=1e-10, max_iter=100_000).fit(X, y)
    settings = {"solver": solver, "l1": l1, "learning_rate_init": 0.005, "batch_size": 32,
                "standardize": False, "max_iter": 150, "n_iter_no_change": np.inf,
                "random_state": 0}  # fmt: skip

    def above(est):
        """What the objective is above its minimum."""
        losses = [
            0.5 * np.mean((X @ coef + intercept - y) ** 2) + l1 * np.abs(coef).sum()
            for coef, intercept in (
                (est.coefs_[0][:, 0], est.intercepts_[0][0]), (lasso.coef_, lasso.intercept_)
            )
        ]  # fmt: skip
        return losses[0] - losses[1]

    last = MLPRegularizedRegressor((), **settings).fit(X, y)
    averaged = MLPRegularizedRegressor(
        (), **settings, weight_averaging="ema", averaging_decay=0.99
    ).fit(X, y)
    assert above(averaged) < above(last)
    kept = np.count_nonzero(averaged.coefs_[0])
    assert kept <= np.count_nonzero(lasso.coef_) + 5
