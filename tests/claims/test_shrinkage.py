"""L1 shrinks weights by a constant and leaves exact zeros, L2 in proportion and leaves none.

Where the inputs are orthonormal, X'X = n I, each weight is by itself: with the least squares
weight w the lasso's is sign(w) max(|w| - l1, 0) and ridge's w / (1 + l2).
"""

import numpy as np
import pytest
from sklearn.datasets import make_regression

from sknnreg import MLPRegularizedRegressor

N, N_INPUTS = 100, 16
QUIET = {"n_iter_no_change": None, "dtype": "float64", "random_state": 0, "standardize": False}
STEPS = {**QUIET, "batch_size": N}
SOLVERS = {
    "descent": {
        **STEPS, "solver": "sgd", "momentum": 0.0, "learning_rate_init": 0.3, "max_iter": 200,
    },
    "momentum": {**STEPS, "solver": "sgd", "learning_rate_init": 0.1, "max_iter": 600},
    # Its steps get shorter near a minimum where epsilon is not small beside the gradient.
    "adam": {**STEPS, "learning_rate_init": 0.02, "epsilon": 0.01, "max_iter": 1500},
    "lbfgs": {"solver": "lbfgs", "standardize": False, "tol": 1e-9, "random_state": 0},
}  # fmt: skip
BY_EACH = pytest.mark.parametrize("solver", SOLVERS)


@pytest.fixture(scope="module")
def orthonormal():
    """X'X = n I, columns of mean 0; three inputs matter. The least squares weights with it."""
    rng = np.random.default_rng(3)
    raw = rng.normal(size=(N, N_INPUTS))
    X = np.sqrt(N) * np.linalg.qr(raw - raw.mean(axis=0))[0]
    y = X[:, :3] @ [2.0, -1.0, 0.5] + rng.normal(size=N)
    y -= y.mean()
    return X, y, X.T @ y / N


def weights(X, y, hidden=(), **parameters):
    return MLPRegularizedRegressor(hidden, **parameters).fit(X, y).coefs_[0][:, 0]


@BY_EACH
@pytest.mark.parametrize("strength", [0.15, 0.7])
def test_l1_takes_the_same_off_every_weight(orthonormal, solver, strength):
    X, y, least_squares = orthonormal
    found = weights(X, y, l1=strength, **SOLVERS[solver])
    expected = np.sign(least_squares) * np.maximum(np.abs(least_squares) - strength, 0)
    assert 0 < np.count_nonzero(expected) < N_INPUTS
    np.testing.assert_array_equal(found == 0, expected == 0)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-7)


@BY_EACH
@pytest.mark.parametrize("strength", [0.15, 2.0])
def test_l2_takes_the_same_share_of_every_weight(orthonormal, solver, strength):
    X, y, least_squares = orthonormal
    found = weights(X, y, l2=strength, **SOLVERS[solver])
    np.testing.assert_allclose(found, least_squares / (1 + strength), rtol=1e-6, atol=1e-9)


@BY_EACH
def test_few_important_weights_against_many_small_ones(orthonormal, solver):
    """At the same sum of absolute weights L1 keeps what matters, L2 keeps everything."""
    X, y, least_squares = orthonormal
    lasso = weights(X, y, l1=0.35, **SOLVERS[solver])
    matched = np.abs(least_squares).sum() / np.abs(lasso).sum() - 1
    ridge = weights(X, y, l2=matched, **SOLVERS[solver])
    np.testing.assert_allclose(np.abs(ridge).sum(), np.abs(lasso).sum(), rtol=1e-6)
    np.testing.assert_array_equal(np.flatnonzero(lasso), [0, 1, 2])
    assert np.all(ridge != 0)
    # What ridge gives to inputs that do not matter, it takes from the one that matters most.
    assert np.abs(ridge[3:]).sum() > 0.2 * np.abs(ridge).sum()
    assert np.abs(ridge[0]) < 0.8 * np.abs(lasso[0])


@BY_EACH
def test_in_a_network_too_only_l1_leaves_exact_zeros(solver):
    X, y = make_regression(N, 8, n_informative=2, noise=5.0, random_state=0)
    settings = {**SOLVERS[solver], "standardize": True, "activation": "tanh", "max_iter": 500}
    if solver == "lbfgs":
        settings["tol"] = 1e-5
    sparse = MLPRegularizedRegressor((10,), l1=0.02, **settings).fit(X, y)
    dense = MLPRegularizedRegressor((10,), l2=0.02, **settings).fit(X, y)
    shares = [np.mean(coef == 0) for coef in sparse.coefs_]
    assert sparse.sparsity_ == shares
    assert shares[0] > 0.5
    assert dense.sparsity_ == [0.0, 0.0]


def without_gradient(**parameters):
    """The weights of an input that is always 0, which only a penalty can move; start and end."""
    X, y = make_regression(n_samples=60, n_features=5, noise=1.0, random_state=0)
    X[:, 2] = 0
    settings = {**QUIET, "learning_rate_init": 0.01, "batch_size": 16, **parameters}

    def row(**more):
        model = MLPRegularizedRegressor((7,), activation="tanh", **{**settings, **more})
        return model.fit(X, y / y.std()).coefs_[0][2]

    return row(max_iter=1, l1=0.0, l2=0.0), row()


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("epochs", [1, 3, 40])
def test_under_gradient_descent_l1_takes_a_constant_off_at_each_step(momentum, epochs):
    """The learning rate over 1 - momentum, times l1, and stops at 0: exactly."""
    start, end = without_gradient(
        solver="sgd", momentum=momentum, l1=0.5 * (1 - momentum), max_iter=epochs
    )
    lost = 4 * epochs * 0.01 * 0.5
    expected = np.sign(start) * np.maximum(np.abs(start) - lost, 0)
    np.testing.assert_allclose(end, expected, rtol=0, atol=1e-14)
    np.testing.assert_array_equal(end == 0, expected == 0)
    assert (end == 0).all() == (epochs == 40)


def test_under_gradient_descent_l2_takes_a_share_and_never_all():
    start, end = without_gradient(solver="sgd", momentum=0.0, l2=0.5, max_iter=40)
    np.testing.assert_allclose(end, start * (1 - 0.01 * 0.5) ** 160, rtol=1e-12)
    assert np.all(end != 0)


def test_under_adam_what_the_data_do_not_hold_is_gone_at_once():
    """Its step for a weight without gradient is unbounded, and so is the threshold."""
    start, end = without_gradient(solver="adam", l1=1e-3, max_iter=1)
    assert np.all(start != 0)
    assert np.all(end == 0)
