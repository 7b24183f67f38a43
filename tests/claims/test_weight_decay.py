"""L2 under plain gradient descent rescales the weights by (1 - step size x l2) at each step."""

import numpy as np
import pytest
from sklearn.datasets import make_classification, make_regression

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor

DESCENT = {"solver": "sgd", "momentum": 0.0}


def regression():
    X, y = make_regression(n_samples=60, n_features=5, noise=1.0, random_state=0)
    return MLPRegularizedRegressor, X, y


def classification():
    X, y = make_classification(n_samples=60, n_features=5, random_state=0)
    return MLPRegularizedClassifier, X, y


TASKS = pytest.mark.parametrize("task", [regression, classification], ids=lambda t: t.__name__)


def fit(make, X, y, **parameters):
    settings = {
        "activation": "tanh",
        "batch_size": 16,
        "learning_rate_init": 0.05,
        "max_iter": 20,
        "n_iter_no_change": None,
        "dtype": "float64",
        "random_state": 0,
    }
    return make((7,), **{**settings, **parameters}).fit(X, y)


@TASKS
@pytest.mark.parametrize("schedule", ["constant", "invscaling"])
def test_l2_under_gradient_descent_is_weight_decay(task, schedule):
    """L2 and decoupled decay of the same strength walk the same way, to rounding."""
    make, X, y = task()
    ways = {**DESCENT, "learning_rate": schedule, "power_t": 0.1}
    penalty, decay, neither = (
        fit(make, X, y, **ways, **strength) for strength in ({"l2": 0.3}, {"weight_decay": 0.3}, {})
    )
    for one, other, free in zip(penalty.coefs_, decay.coefs_, neither.coefs_, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-13 * np.abs(other).max())
        assert np.abs(one - free).max() > 0.01
    for one, other in zip(penalty.intercepts_, decay.intercepts_, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-13)


@TASKS
@pytest.mark.parametrize("strength", ["l2", "weight_decay"])
def test_one_step_rescales_and_then_descends(task, strength):
    """w <- (1 - step size x l2) w - step size x gradient; biases only descend."""
    make, X, y = task()
    steps = {**DESCENT, "batch_size": 60}
    tiny = fit(make, X, y, **steps, max_iter=1, learning_rate_init=1e-300)  # stays at the start
    free = fit(make, X, y, **steps, max_iter=1)
    shrunk = fit(make, X, y, **steps, max_iter=1, **{strength: 0.3})
    # Folding standardization into the first layer is linear in its weights.
    for at_start, without, with_it in zip(tiny.coefs_, free.coefs_, shrunk.coefs_, strict=True):
        np.testing.assert_allclose(with_it, without - 0.05 * 0.3 * at_start, rtol=0, atol=1e-13)
    np.testing.assert_allclose(shrunk.intercepts_[1], free.intercepts_[1], rtol=0, atol=1e-13)


@pytest.mark.parametrize("strength", ["l2", "weight_decay"])
def test_a_weight_without_gradient_decays_geometrically(strength):
    """A column of zeros gives its weights no gradient: t steps leave (1 - step x l2)^t of them."""
    make, X, y = regression()
    X = X.copy()
    X[:, 2] = 0
    plain = {**DESCENT, "standardize": False, "learning_rate_init": 0.01}
    y = y / y.std()
    start = fit(make, X, y, **plain, max_iter=1).coefs_[0][2]
    after = fit(make, X, y, **plain, max_iter=20, **{strength: 2.0}).coefs_[0][2]
    n_steps = 20 * 4  # 60 rows in batches of 16
    np.testing.assert_allclose(after, start * (1 - 0.01 * 2.0) ** n_steps, rtol=1e-12)


@TASKS
@pytest.mark.parametrize(
    "solver", [{"solver": "adam"}, {"solver": "sgd", "momentum": 0.9}], ids=["adam", "momentum"]
)
def test_with_a_history_of_gradients_l2_and_decay_differ(task, solver):
    """Adam divides L2's share by the gradient's size, momentum repeats it; decay passes both."""
    make, X, y = task()
    penalty = fit(make, X, y, **solver, l2=0.3)
    decay = fit(make, X, y, **solver, weight_decay=0.3)
    assert np.abs(penalty.coefs_[0] - decay.coefs_[0]).max() > 0.05


def test_under_adam_decay_is_still_a_rescaling_and_l2_is_not():
    """Without a gradient from the data, Adam turns L2 into steps of constant size."""
    make, X, y = regression()
    X = X.copy()
    X[:, 2] = 0
    plain = {"solver": "adam", "standardize": False, "learning_rate_init": 0.001}
    start = fit(make, X, y, **plain, max_iter=1).coefs_[0][2]
    decay = fit(make, X, y, **plain, max_iter=5, weight_decay=2.0).coefs_[0][2]
    np.testing.assert_allclose(decay, start * (1 - 0.001 * 2.0) ** 20, rtol=1e-12)
    one_step = {"max_iter": 1, "batch_size": 60, "epsilon": 1e-30}
    first = fit(make, X, y, **plain, **one_step, l2=2.0).coefs_[0][2]
    np.testing.assert_allclose(first, start - 0.001 * np.sign(start), rtol=1e-12)
