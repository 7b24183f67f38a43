"""Other ways to write L2, over m weights: which l2 has the same minimizer.

E0 + (lambda / 2m) ||w||² is l2 = lambda / m; (1 - lambda) E0 + (lambda / 2m) ||w||² has the
minimizer of l2 = lambda / ((1 - lambda) m).
"""

import numpy as np
import pytest
from scipy import optimize
from sklearn.datasets import make_classification, make_regression

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor

N, N_INPUTS = 60, 4
EXACT = {
    "standardize": False, "solver": "lbfgs", "tol": 1e-9, "max_iter": 5000, "random_state": 0,
}  # fmt: skip

# The share of E0, the strength of (1/2) ||w||², and the l2 that is said to be the same.
WAYS = {
    "a term more": lambda lam, m: (1.0, lam / m, lam / m),
    "a mixture": lambda lam, m: (1 - lam, lam / m, lam / ((1 - lam) * m)),
}
EACH_WAY = pytest.mark.parametrize("way", WAYS)
EACH_LAMBDA = pytest.mark.parametrize("lam", [0.1, 0.7])


@EACH_WAY
@EACH_LAMBDA
@pytest.mark.parametrize("n_targets", [1, 3])
def test_linear_regression(way, lam, n_targets):
    """The minimizer of the objective as written, by its normal equations."""
    X, y = make_regression(N, N_INPUTS, n_targets=n_targets, noise=5.0, random_state=0)
    X, y = X - X.mean(axis=0), (y - y.mean(axis=0)).reshape(N, n_targets)
    share, strength, l2 = WAYS[way](lam, N_INPUTS * n_targets)
    equations = share * X.T @ X / N + strength * np.eye(N_INPUTS)
    expected = np.linalg.solve(equations, share * X.T @ y / N)
    model = MLPRegularizedRegressor((), l2=l2, **EXACT).fit(X, y if n_targets > 1 else y[:, 0])
    np.testing.assert_allclose(model.coefs_[0], expected, rtol=1e-7)
    free = np.linalg.lstsq(X, y)[0]
    assert np.abs(free - expected).max() > 0.01 * np.abs(free).max()


@EACH_WAY
@EACH_LAMBDA
def test_logistic_regression(way, lam):
    """The minimizer of the objective as written, found by another solver."""
    X, y = make_classification(N, N_INPUTS, flip_y=0.1, random_state=0)
    share, strength, l2 = WAYS[way](lam, N_INPUTS)

    def objective(w):
        raw = X @ w[:-1] + w[-1]
        data = np.mean(np.logaddexp(0, raw) - y * raw)
        return share * data + 0.5 * strength * w[:-1] @ w[:-1]

    expected = optimize.minimize(objective, np.zeros(N_INPUTS + 1), options={"gtol": 1e-7}).x
    model = MLPRegularizedClassifier((), l2=l2, **EXACT).fit(X, y)
    np.testing.assert_allclose(model.coefs_[0][:, 0], expected[:-1], rtol=0, atol=1e-5)
    np.testing.assert_allclose(model.intercepts_[0], expected[-1:], rtol=0, atol=1e-5)


def gradients(model, X, y):
    """E0's by the two weight matrices of a tanh network, and by its biases."""
    (first, last), (offset, final) = model.coefs_, model.intercepts_
    hidden = np.tanh(X @ first + offset)
    residual = (hidden @ last + final - y[:, None]) / len(X)
    signal = residual @ last.T * (1 - hidden**2)
    biases = np.concatenate([signal.sum(axis=0), residual.sum(axis=0)])
    return (X.T @ signal, hidden.T @ residual), biases


@EACH_WAY
@EACH_LAMBDA
def test_a_network_is_at_rest_in_the_objective_as_written(way, lam):
    """m counts the weights of all layers, and no bias; these are free."""
    X, y = make_regression(N, N_INPUTS, noise=5.0, random_state=0)
    y = y / y.std()
    share, strength, l2 = WAYS[way](lam, N_INPUTS * 3 + 3)
    model = MLPRegularizedRegressor((3,), activation="tanh", l2=l2, **EXACT).fit(X, y)
    by_weights, by_biases = gradients(model, X, y)
    for coef, slope in zip(model.coefs_, by_weights, strict=True):
        np.testing.assert_allclose(share * slope + strength * coef, 0, atol=1e-6)
        assert np.abs(strength * coef).max() > 1e-3
    np.testing.assert_allclose(by_biases, 0, atol=1e-6)
