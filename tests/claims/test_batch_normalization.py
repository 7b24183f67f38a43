"""What batch normalization leaves unchanged, and what its statistics are."""

import numpy as np
import pytest
from sklearn.datasets import make_regression

from sknnreg import MLPRegularizedRegressor
from sknnreg.engine.places.signal.batch_normalization import (
    BatchNormalization,
    MeanOnlyBatchNormalization,
)
from sknnreg.engine.places.signal.dense import Dense

TINY = 1e-30
N_ROWS, N_IN, N_OUT = 12, 4, 3


@pytest.fixture
def u(rng):
    return rng.normal(size=(N_ROWS, N_IN))


@pytest.fixture
def grad_y(rng):
    return rng.normal(size=(N_ROWS, N_OUT))


def normalized(bench, rng, *, epsilon=TINY, bias=False):
    """BN(W u), with any gamma and beta."""
    model = bench(Dense("0", N_IN, N_OUT, bias), BatchNormalization(N_OUT, 0.9, epsilon))
    model.p[1].scale[...] = rng.uniform(0.5, 2, N_OUT)
    model.p[1].shift[...] = rng.normal(size=N_OUT)
    return model


@pytest.mark.parametrize("a", [1e-3, 7.0, 1e3])
def test_the_scale_of_the_weights_is_forgotten(bench, rng, u, grad_y, a):
    """BN(aWu) = BN(Wu); dBN/du does not change with a; dBN/d(aW) = (1/a) dBN/dW."""
    model = normalized(bench, rng)
    y, grad_u = model.train(u, grad_y)
    gradients = model.gradients.copy()
    model.p[0].weight *= a
    y_scaled, grad_u_scaled = model.train(u, grad_y)
    exact = {"rtol": 1e-10, "atol": 1e-12}
    np.testing.assert_allclose(y_scaled, y, **exact)
    np.testing.assert_allclose(grad_u_scaled, grad_u, **exact)
    n_weights = N_IN * N_OUT
    by_weight, by_scaled = gradients[0, :n_weights], model.gradients[0, :n_weights]
    assert np.abs(by_weight).max() > 0.01
    np.testing.assert_allclose(a * by_scaled, by_weight, **exact)
    np.testing.assert_allclose(model.gradients[0, n_weights:], gradients[0, n_weights:], **exact)


@pytest.mark.parametrize("a", [0.1, 30.0])
def test_an_epsilon_that_counts_is_another_for_other_weights(bench, rng, u, grad_y, a):
    """BN(aWu) = BN(Wu) with epsilon / a² in place of epsilon: exactly the deviation it makes."""
    one, other = normalized(bench, rng, epsilon=0.5), normalized(bench, rng, epsilon=0.5 / a**2)
    other.values[...] = one.values
    one.p[0].weight *= a
    y, grad_u = one.train(u, grad_y)
    y_other, grad_u_other = other.train(u, grad_y)
    np.testing.assert_allclose(y, y_other, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(grad_u, grad_u_other, rtol=1e-12, atol=1e-13)
    one.p[0].weight /= a
    assert np.abs(one.train(u) - y).max() > 0.01


def test_the_gradient_by_the_weights_is_orthogonal_to_them(bench, rng, u, grad_y):
    """What does not change along W has no derivative along it, unit by unit (Euler)."""
    model = normalized(bench, rng)
    model.train(u, grad_y)
    weight, gradient = model.p[0].weight[0], model.g[0].weight[0]
    np.testing.assert_allclose((weight * gradient).sum(axis=0), 0, atol=1e-12)
    assert np.abs(weight * gradient).max() > 0.01


@pytest.mark.parametrize("epsilon", [1e-5, 0.5])
def test_gamma_and_beta_can_undo_it(bench, u, epsilon):
    """gamma = sqrt(var + eps), beta = mean gives the identity."""
    layer = bench(BatchNormalization(N_IN, 0.9, epsilon))
    x = 3 * u + 1
    layer.p[0].scale[...] = np.sqrt(x.var(axis=0) + epsilon)
    layer.p[0].shift[...] = x.mean(axis=0)
    np.testing.assert_allclose(layer.train(x), x, rtol=0, atol=1e-13)


def test_a_bias_in_front_has_no_gradient(bench, rng, u, grad_y):
    """The batch mean takes any constant off again: y does not change, dL/db = 0."""
    model = normalized(bench, rng, epsilon=1e-5, bias=True)
    y, _ = model.train(u, grad_y)
    np.testing.assert_allclose(model.g[0].bias, 0, atol=1e-13)
    assert np.abs(model.g[0].weight).max() > 0.01
    model.p[0].bias += 10
    np.testing.assert_allclose(model.train(u), y, rtol=0, atol=1e-12)


def test_mean_only_too_leaves_a_bias_in_front_without_gradient(bench, u, grad_y):
    """It forgets the offset and only that: outputs go with the scale of the weights."""
    model = bench(Dense("0", N_IN, N_OUT), MeanOnlyBatchNormalization(N_OUT, 0.9))
    model.p[1].shift[...] = [1.0, -2.0, 0.5]
    y, _ = model.train(u, grad_y)
    np.testing.assert_allclose(model.g[0].bias, 0, atol=1e-13)
    assert np.abs(model.g[0].weight).max() > 0.01
    model.p[0].bias += 10
    np.testing.assert_allclose(model.train(u), y, rtol=0, atol=1e-12)
    model.p[0].weight *= 7
    shift = model.p[1].shift[0, 0]
    np.testing.assert_allclose(model.train(u) - shift, 7 * (y - shift), rtol=0, atol=1e-11)


def test_ignoring_the_statistics_lets_a_bias_in_front_grow_without_bound(bench, rng, u, grad_y):
    """With mean and variance taken for constants dL/db is not 0, and is the same at every step.

    The bias then moves on and on while outputs, and so the loss, stay as they are. Inference is
    that pass: handed the batch's own statistics, it computes the same y and holds them constant.
    """
    model = normalized(bench, rng, epsilon=1e-5, bias=True)
    p = model.p[1]
    start, first, biases = model.p[0].bias[0, 0].copy(), model.train(u), []
    for _ in range(50):
        signal = u @ model.p[0].weight[0] + model.p[0].bias[0]
        p.mean[...], p.variance[...] = signal.mean(axis=0), signal.var(axis=0)
        y, _ = model.infer(u, grad_y)
        np.testing.assert_allclose(y, first, rtol=0, atol=1e-11)
        model.p[0].bias -= 0.1 * model.g[0].bias
        biases.append(model.p[0].bias[0, 0] - start)
    naive = (grad_y * p.scale[0, 0] / np.sqrt(p.variance[0, 0] + 1e-5)).sum(axis=0)
    assert np.abs(naive).min() > 0.01
    for step in (1, 10, 50):
        np.testing.assert_allclose(biases[step - 1], -0.1 * step * naive, rtol=1e-9)


@pytest.mark.parametrize("momentum", [0.0, 0.6, 0.9, 0.99])
def test_running_statistics_are_bias_corrected_averages(bench, rng, momentum):
    """m <- k m + (1 - k) x started at 0 is too small by 1 - k^n: divided by it, it is not.

    The variance's batches count B / (B - 1) times.
    """
    layer = bench(BatchNormalization(N_IN, momentum, 1e-5))
    mean, variance = np.zeros(N_IN), np.zeros(N_IN)
    for number in range(1, 8):
        batch = rng.normal(number, 1 + number, size=(N_ROWS, N_IN))
        layer.train(batch)
        mean = momentum * mean + (1 - momentum) * batch.mean(axis=0)
        variance = momentum * variance + (1 - momentum) * batch.var(axis=0, ddof=1)
        correction = 1 - momentum**number
        np.testing.assert_allclose(layer.p[0].mean[0, 0], mean / correction, rtol=1e-12)
        np.testing.assert_allclose(layer.p[0].variance[0, 0], variance / correction, rtol=1e-12)
        if number == 1:
            np.testing.assert_allclose(layer.p[0].mean[0, 0], batch.mean(axis=0), rtol=1e-12)


def test_the_running_mean_of_equal_batches_is_theirs_from_the_first_on(bench, u):
    """No bias towards the start, however slow the average."""
    layer = bench(BatchNormalization(N_IN, 0.999, 1e-5))
    for _ in range(5):
        layer.train(u)
        np.testing.assert_allclose(layer.p[0].mean[0, 0], u.mean(axis=0), rtol=1e-12)


def fitted(position):
    X, y = make_regression(n_samples=60, n_features=N_IN, noise=1.0, random_state=0)
    model = MLPRegularizedRegressor(
        (5,), activation="tanh", normalization="batch", normalization_position=position,
        normalization_epsilon=0.01, standardize=False, dtype="float64", max_iter=10,
        learning_rate_init=0.05, batch_size=20, n_iter_no_change=None, random_state=0,
    )  # fmt: skip
    return model.fit(X, y / y.std()), X


@pytest.mark.parametrize("position", ["before", "after"])
def test_at_prediction_it_folds_into_a_neighbouring_layer(bench, position):
    """One linear map: into the layer in front; behind an activation into the layer behind it.

    The folded network is compared with the trained row's own inference, layer by layer.
    """
    model, X = fitted(position)
    plan = model._plan((X, model.predict(X), None)).recipe
    trained = bench(*plan.network.layers)
    trained.values[...] = model._continuation.state.values
    first, last = (p for p in trained.p if hasattr(p, "weight"))
    norm = next(p for p in trained.p if hasattr(p, "scale"))
    slope = norm.scale[0, 0] / np.sqrt(norm.variance[0, 0] + 0.01)
    shift = norm.shift[0, 0] - slope * norm.mean[0, 0]
    assert np.abs(slope - 1).max() > 0.1
    if position == "before":
        coefs, intercepts = [first.weight[0] * slope, last.weight[0]], [shift, last.bias[0, 0]]
    else:
        coefs = [first.weight[0], slope[:, None] * last.weight[0]]
        intercepts = [first.bias[0, 0], last.bias[0, 0] + shift @ last.weight[0]]
    for one, other in zip([*model.coefs_, *model.intercepts_], [*coefs, *intercepts], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(model.predict(X), trained.infer(X)[:, 0], rtol=1e-11, atol=1e-12)
