"""Weight noise N(0, s²): the expected loss is the loss + s² E ||grad_w f||², to first order in s².

In the halves of this package's loss and to second order in the noise: (f - y)² / 2 becomes on
average that + (s² / 2) (||grad_w f||² + (f - y) tr grad²_w f). A linear model has no curvature
and no higher orders; where residuals average out, curvature has no part either.
"""

import numpy as np
import pytest

from sknnreg import MLPRegularizedRegressor
from sknnreg.engine.places.objective.losses import SquaredError
from sknnreg.engine.places.signal.activations import Tanh
from sknnreg.engine.places.signal.dense import Dense
from sknnreg.engine.places.weights_in_use import WeightNoise

SIGMAS = 5
N_IN, N_HIDDEN = 3, 4


def mean_and_error(losses):
    return losses.mean(), losses.std(ddof=1) / np.sqrt(len(losses))


@pytest.mark.parametrize("std", [0.3, 2.0])
def test_for_a_linear_model_it_is_exact(bench, rng, std):
    """grad_w f is x: 20,000 passes, the mean within 5 standard errors whatever s."""
    model = bench(Dense("0", N_IN, 1, reparametrizations=(WeightNoise(std),)))
    x, y = rng.normal(size=(6, N_IN)), rng.normal(size=(6, 1))
    losses = 0.5 * np.square(model.passes(x, 20_000) - y).mean(axis=(1, 2))
    mean, error = mean_and_error(losses)
    gain = 0.5 * std**2 * np.square(x).sum(axis=1).mean()
    assert gain > 4 * SIGMAS * error  # the term can be told from nothing
    assert abs(mean - model.judge(x, y, SquaredError()) - gain) < SIGMAS * error


def network(bench, std):
    """One hidden layer, all weights noisy, units where tanh is curved."""
    noise = (WeightNoise(std),)
    model = bench(
        Dense("0", N_IN, N_HIDDEN, reparametrizations=noise),
        Tanh(),
        Dense("1", N_HIDDEN, 1, reparametrizations=noise),
    )
    model.p[0].bias[...] = [0.6, 0.8, 1.0, 0.7]
    model.p[2].weight[...] = [[[1.0], [1.5], [0.8], [1.2]]]
    return model


def derivatives(model, x):
    """||grad_w f||² by the engine's backward, tr grad²_w f by calculus, row by row."""
    n_weights = model.network.layout.n_weights
    squares = []
    for row in x:
        # f - (f - 1) = 1 for the residual: the gradient of the loss is then that of f.
        model.judge(row[None], model.infer(row[None]) - 1, SquaredError())
        squares.append(np.square(model.gradients[0, :n_weights]).sum())
    hidden = np.tanh(x @ model.p[0].weight[0] + model.p[0].bias[0])
    bent = -2 * hidden * (1 - hidden**2) @ model.p[2].weight[0]
    return np.array(squares), np.square(x).sum(axis=1) * bent[:, 0]


@pytest.mark.parametrize("std", [0.003, 0.03])
def test_where_residuals_average_out_it_is_the_squared_gradient(bench, rng, std):
    """Targets on both sides of f, as noise puts them: s² is what the rows' gain is divided by.

    A pass has the same noise for all rows, so that first order terms cancel and the relative error
    of 20,000 passes does not grow as s becomes small. What is left out is of order s².
    """
    model, x = network(bench, std), rng.normal(size=(5, N_IN))
    f = model.infer(x)
    x, y = np.vstack([x, x]), np.vstack([f + 0.7, f - 0.7])
    gains = 0.5 * np.square(model.passes(x, 20_000) - y).mean(axis=(1, 2)) - 0.5 * 0.7**2
    mean, error = mean_and_error(gains / std**2)
    expected = 0.5 * derivatives(model, x)[0].mean()
    assert expected > 10 * SIGMAS * error
    assert abs(mean - expected) < SIGMAS * error


def test_far_from_0_it_is_an_approximation(bench, rng):
    """tanh is bounded, its tangent is not: noise of s = 1.5 costs much less than s² tells."""
    model, x = network(bench, 1.5), rng.normal(size=(5, N_IN))
    f = model.infer(x)
    mean, error = mean_and_error(0.5 * np.square(model.passes(x, 5000) - f).mean(axis=(1, 2)))
    told = 0.5 * 1.5**2 * derivatives(model, x)[0].mean()
    assert mean + SIGMAS * error < 0.7 * told


@pytest.mark.slow
@pytest.mark.parametrize("residual", [-3.0, 3.0])
def test_where_residuals_do_not_average_out_curvature_counts_too(bench, rng, residual):
    """All targets on one side of f: 60,000 passes, at s small enough for what is left out."""
    std = 0.1
    model, x = network(bench, std), rng.normal(size=(5, N_IN))
    y = model.infer(x) - residual
    mean, error = mean_and_error(0.5 * np.square(model.passes(x, 60_000) - y).mean(axis=(1, 2)))
    square, trace = derivatives(model, x)
    gain = mean - model.judge(x, y, SquaredError())
    assert abs(gain - 0.5 * std**2 * (square + residual * trace).mean()) < SIGMAS * error
    assert abs(gain - 0.5 * std**2 * square.mean()) > 4 * SIGMAS * error


def steepness(seed, noise):
    """||grad_w f||² of f = (x a + b) c + d fitted to y = 2 x, over its least value for that f.

    It is a² + b² + c² on average over inputs of variance 1, and at least 2 |a c|.
    """
    X = np.linspace(-1, 1, 50)[:, None]
    X /= X.std()
    model = MLPRegularizedRegressor(
        (1,), activation="identity", solver="sgd", momentum=0.0, learning_rate_init=0.02,
        batch_size=50, standardize=False, weight_noise=noise, max_iter=2000,
        n_iter_no_change=None, random_state=seed,
    ).fit(X, 2 * X[:, 0])  # fmt: skip
    (a,), (c,) = model.coefs_[0][0], model.coefs_[1][0]
    assert a * c == pytest.approx(2, rel=0.2 if noise else 1e-6)
    return (a**2 + c**2 + model.intercepts_[0][0] ** 2) / (2 * abs(a * c))


def test_it_seeks_flat_minima():
    """Of the many networks that are y = 2 x it ends near the flattest; without, near the start."""
    seeds = range(6)
    assert max(steepness(seed, 0.3) for seed in seeds) < 1.05
    assert np.mean([steepness(seed, 0.0) for seed in seeds]) > 1.15
