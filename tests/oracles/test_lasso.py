"""``l1``: the lasso's support and weights, and the conditions any minimum fulfils.

At a minimum of data term + l1 ||w||_1 + (l2 / 2) ||w||², with g the gradient of the data term,
g_j + l2 w_j = -l1 sign(w_j) where w_j is not 0, and |g_j| <= l1 where it is.
"""

import numpy as np
import pytest
from scipy.special import expit, softmax
from sklearn.datasets import make_classification, make_regression
from sklearn.linear_model import ElasticNet, Lasso, LogisticRegression
from sklearn.preprocessing import StandardScaler

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor

N = 80
LBFGS = {"solver": "lbfgs", "standardize": False, "tol": 1e-8, "max_iter": 5000, "random_state": 0}
STEPS = {
    "standardize": False,
    "dtype": "float64",
    "batch_size": N,
    "n_iter_no_change": None,
    "random_state": 0,
}


@pytest.fixture
def responses():
    X, y = make_regression(
        n_samples=N, n_features=10, n_informative=3, noise=5.0, random_state=0, bias=1.0
    )
    return X, y / y.std()


@pytest.fixture(params=[2, 3], ids=["binary", "multinomial"])
def classes(request):
    X, y = make_classification(
        n_samples=N, n_features=10, n_informative=3, n_redundant=0, n_classes=request.param,
        n_clusters_per_class=1, random_state=1,
    )  # fmt: skip
    return X, y


def check_optimal(weights, gradient, l1, l2=0.0, tol=1e-6):
    """The conditions of a minimum, for some weights at 0 and some not."""
    zero = weights == 0
    assert zero.any()
    assert not zero.all()
    slope = gradient + l2 * weights
    np.testing.assert_allclose(slope[~zero], -l1 * np.sign(weights[~zero]), rtol=0, atol=tol)
    assert np.abs(gradient[zero]).max() <= l1 + tol


@pytest.mark.parametrize("l1", [0.02, 0.2])
def test_a_linear_regressor_with_l1_is_the_lasso(responses, l1):
    """The same exact zeros and the same weights: alpha is l1."""
    X, y = responses
    ours = MLPRegularizedRegressor((), l1=l1, **LBFGS).fit(X, y)
    lasso = Lasso(alpha=l1, tol=1e-12, max_iter=100_000).fit(X, y)
    assert 0 < np.count_nonzero(lasso.coef_) < 10
    np.testing.assert_array_equal(ours.coefs_[0][:, 0] != 0, lasso.coef_ != 0)
    np.testing.assert_allclose(ours.coefs_[0][:, 0], lasso.coef_, rtol=0, atol=1e-5)
    np.testing.assert_allclose(ours.intercepts_[0][0], lasso.intercept_, rtol=0, atol=1e-5)


def test_l1_and_l2_together_are_the_elastic_net(responses):
    """alpha is l1 + l2, l1_ratio the share of l1."""
    X, y = responses
    ours = MLPRegularizedRegressor((), l1=0.1, l2=0.3, **LBFGS).fit(X, y)
    net = ElasticNet(alpha=0.4, l1_ratio=0.25, tol=1e-12, max_iter=100_000).fit(X, y)
    assert 0 < np.count_nonzero(net.coef_) < 10
    np.testing.assert_array_equal(ours.coefs_[0][:, 0] != 0, net.coef_ != 0)
    np.testing.assert_allclose(ours.coefs_[0][:, 0], net.coef_, rtol=0, atol=1e-5)


def test_l1_penalizes_standardized_weights(responses):
    """The lasso between standardized X and y, weighted, brought back to raw units."""
    X, y = responses
    X = X * np.geomspace(0.1, 10, 10)
    weight = np.random.default_rng(2).uniform(0.1, 3, N)
    settings = {**LBFGS, "standardize": True}
    ours = MLPRegularizedRegressor((), l1=0.05, **settings).fit(X, y, sample_weight=weight)
    of_x, of_y = (
        StandardScaler().fit(a, sample_weight=weight) for a in (X, y[:, None])
    )  # fmt: skip
    lasso = Lasso(alpha=0.05, tol=1e-12, max_iter=100_000)
    lasso.fit(of_x.transform(X), of_y.transform(y[:, None])[:, 0], sample_weight=weight)
    coef = lasso.coef_ * of_y.scale_ / of_x.scale_
    np.testing.assert_array_equal(ours.coefs_[0][:, 0] != 0, coef != 0)
    np.testing.assert_allclose(ours.coefs_[0][:, 0], coef, rtol=1e-4, atol=1e-6)


def test_a_linear_classifier_with_l1_is_the_sparse_logistic_regression(classes):
    """C is 1 / (n l1); the same support and weights, and the conditions of a minimum."""
    X, y = classes
    l1 = 0.05
    ours = MLPRegularizedClassifier((), l1=l1, **LBFGS).fit(X, y)
    theirs = LogisticRegression(
        C=1 / (N * l1), l1_ratio=1, solver="saga", tol=1e-10, max_iter=50_000, random_state=0
    ).fit(X, y)
    np.testing.assert_array_equal(ours.coefs_[0] != 0, theirs.coef_.T != 0)
    np.testing.assert_allclose(ours.coefs_[0], theirs.coef_.T, rtol=0, atol=1e-5)
    raw = X @ ours.coefs_[0] + ours.intercepts_[0]
    p = expit(raw) - y[:, None] if raw.shape[1] == 1 else softmax(raw, axis=1) - np.eye(3)[y]
    check_optimal(ours.coefs_[0], X.T @ p / N, l1)
    np.testing.assert_allclose(p.mean(axis=0), 0, atol=1e-6)  # biases are not penalized


def test_a_network_with_l1_and_l2_fulfils_the_conditions_of_a_minimum(responses):
    """All weight matrices of a hidden layer and the output, by backpropagation written out."""
    X, y = responses
    l1, l2 = 0.01, 0.02
    ours = MLPRegularizedRegressor((6,), activation="tanh", l1=l1, l2=l2, **LBFGS).fit(X, y)
    (first, second), (shift, end) = ours.coefs_, ours.intercepts_
    hidden = np.tanh(X @ first + shift)
    residual = (hidden @ second + end - y[:, None]) / N
    behind = residual @ second.T * (1 - hidden**2)
    check_optimal(first, X.T @ behind, l1, l2)
    assert second.any()
    np.testing.assert_allclose(
        (hidden.T @ residual + l2 * second)[second != 0], -l1 * np.sign(second[second != 0]),
        rtol=0, atol=1e-6,
    )  # fmt: skip
    np.testing.assert_allclose(np.hstack([behind.sum(axis=0), residual.sum(axis=0)]), 0, atol=1e-6)


def test_a_strength_above_every_gradient_leaves_no_weight(responses):
    """From max |X'(y - mean)| / n on the lasso is the mean; just below it, one weight is there."""
    X, y = responses
    X = X - X.mean(axis=0)
    limit = np.abs(X.T @ (y - y.mean())).max() / N
    none = MLPRegularizedRegressor((), l1=1.001 * limit, **LBFGS).fit(X, y)
    np.testing.assert_array_equal(none.coefs_[0], 0)
    np.testing.assert_allclose(none.intercepts_[0], y.mean(), rtol=1e-6)
    one = MLPRegularizedRegressor((), l1=0.98 * limit, **LBFGS).fit(X, y)
    assert np.count_nonzero(one.coefs_[0]) == 1


def test_proximal_gradient_descent_gets_to_the_lasso(responses):
    """Soft-thresholding by step size x l1 after each step: exact zeros, the lasso's."""
    X, y = responses
    ours = MLPRegularizedRegressor(
        (), l1=0.1, solver="sgd", momentum=0.0, learning_rate_init=0.3, max_iter=400, **STEPS
    ).fit(X, y)
    lasso = Lasso(alpha=0.1, tol=1e-12, max_iter=100_000).fit(X, y)
    np.testing.assert_array_equal(ours.coefs_[0][:, 0] != 0, lasso.coef_ != 0)
    np.testing.assert_allclose(ours.coefs_[0][:, 0], lasso.coef_, rtol=0, atol=1e-6)


@pytest.mark.parametrize("nesterov", [False, True], ids=["classical", "nesterov"])
def test_momentum_does_not_change_what_l1_minimizes(responses, nesterov):
    """The objective has l1 ||w||_1 whatever takes the steps: with momentum too, the lasso."""
    X, y = responses
    ours = MLPRegularizedRegressor(
        (), l1=0.1, solver="sgd", momentum=0.9, nesterovs_momentum=nesterov,
        learning_rate_init=0.01, max_iter=3000, **STEPS,
    ).fit(X, y)  # fmt: skip
    lasso = Lasso(alpha=0.1, tol=1e-12, max_iter=100_000).fit(X, y)
    np.testing.assert_allclose(ours.coefs_[0][:, 0], lasso.coef_, rtol=0, atol=1e-3)
    np.testing.assert_array_equal(ours.coefs_[0][:, 0] != 0, lasso.coef_ != 0)


def test_adam_does_not_change_what_l1_minimizes(responses):
    """The objective has l1 ||w||_1 whatever takes the steps: with Adam too, the lasso."""
    X, y = responses
    ours = MLPRegularizedRegressor(
        (), l1=0.1, solver="adam", learning_rate_init=0.002, max_iter=5000, **STEPS
    ).fit(X, y)
    lasso = Lasso(alpha=0.1, tol=1e-12, max_iter=100_000).fit(X, y)
    np.testing.assert_allclose(ours.coefs_[0][:, 0], lasso.coef_, rtol=0, atol=1e-3)
    np.testing.assert_array_equal(ours.coefs_[0][:, 0] != 0, lasso.coef_ != 0)


SHORT_STEPS = {
    "descent": {"solver": "sgd", "momentum": 0.0, "learning_rate_init": 0.3},
    "momentum": {"solver": "sgd", "nesterovs_momentum": False, "learning_rate_init": 0.02},
    "nesterov": {"solver": "sgd", "learning_rate_init": 0.02},
    "adam": {"solver": "adam", "learning_rate_init": 0.002},
    "amsgrad": {"solver": "amsgrad", "learning_rate_init": 0.002},
}


@pytest.mark.slow
@pytest.mark.parametrize("l2", [0.0, 0.3])
@pytest.mark.parametrize("steps", SHORT_STEPS)
def test_clipped_gradients_do_not_change_what_l1_minimizes(responses, steps, l2):
    """Clipping shortens the step, the penalty's part of it too: the elastic net all the same.

    The gradient of the smooth part is longer than the bound at the minimum itself, where it is as
    long as that of the penalty: it is clipped to the very end.
    """
    X, y = responses
    bound, l1 = 0.05, 0.1
    ours = MLPRegularizedRegressor(
        (), l1=l1, l2=l2, clip_norm=bound, max_iter=5000, **SHORT_STEPS[steps], **STEPS
    ).fit(X, y)
    net = ElasticNet(alpha=l1 + l2, l1_ratio=l1 / (l1 + l2), tol=1e-12, max_iter=100_000).fit(X, y)
    residual = X @ net.coef_ + net.intercept_ - y
    assert np.linalg.norm(X.T @ residual / N + l2 * net.coef_) > 2 * bound
    assert 0 < np.count_nonzero(net.coef_) < 10
    np.testing.assert_array_equal(ours.coefs_[0][:, 0] != 0, net.coef_ != 0)
    np.testing.assert_allclose(ours.coefs_[0][:, 0], net.coef_, rtol=0, atol=1e-6)


def test_clipped_steps_find_few_inputs_among_many():
    """With 500 inputs the gradient is long although each of its entries is small."""
    X, y = make_regression(n_samples=100, n_features=500, n_informative=10, random_state=0)
    y = y / y.std()
    settings = {**STEPS, "batch_size": 100, "learning_rate_init": 0.05, "max_iter": 3000}
    ours = MLPRegularizedRegressor((), solver="sgd", l1=0.1, clip_norm=0.5, **settings).fit(X, y)
    lasso = Lasso(alpha=0.1, tol=1e-12, max_iter=100_000).fit(X, y)
    np.testing.assert_array_equal(ours.coefs_[0][:, 0] != 0, lasso.coef_ != 0)
    np.testing.assert_allclose(ours.coefs_[0][:, 0], lasso.coef_, rtol=0, atol=1e-5)


@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_steps_with_l1_leave_exact_zeros(responses, solver):
    """L1 leaves exact zeros where L2 leaves small weights, in every layer's weights."""
    X, y = responses
    settings = {**STEPS, "batch_size": 20, "max_iter": 100, "learning_rate_init": 0.01}
    sparse, small = (
        MLPRegularizedRegressor((8,), solver=solver, **penalty, **settings).fit(X, y)
        for penalty in ({"l1": 0.05}, {"l2": 0.05})
    )
    assert all(np.count_nonzero(coef == 0) > 0 for coef in sparse.coefs_)
    assert all(np.count_nonzero(coef == 0) == 0 for coef in small.coefs_)
