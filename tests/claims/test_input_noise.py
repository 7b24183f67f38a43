"""Linear model, squared loss, input noise N(0, s²): the expected loss is the loss + s² ||w||².

In the halves of this package's loss: 1/2 (f - y)² becomes on average that + (s² / 2) ||w||².
"""

import numpy as np
import pytest
from sklearn.datasets import make_regression
from sklearn.linear_model import LinearRegression, Ridge

from sknnreg import MLPRegularizedRegressor
from sknnreg.engine.arrays.streams import Streams
from sknnreg.engine.places.data import InputNoise
from sknnreg.engine.places.objective.losses import SquaredError
from sknnreg.engine.places.signal.dense import Dense

SIGMAS = 5


@pytest.mark.parametrize("std", [0.3, 2.0])
def test_the_expected_loss_gains_half_the_noise_variance_times_the_squared_weights(bench, rng, std):
    """20,000 draws of noise on the same 10 rows; the mean within 5 standard errors."""
    n_draws, n_rows = 20_000, 10
    model = bench(Dense("0", 4, 1))
    x, y = rng.normal(size=(n_rows, 4)), rng.normal(size=(n_rows, 1))
    many = np.tile(x, (n_draws, 1))
    augment = InputNoise(std).bind((1, *many.shape), np.float64)
    noisy, same_y = augment(many[None], y, Streams([1]), None)
    assert same_y is y
    residuals = model.infer(noisy[0]).reshape(n_draws, n_rows) - y[:, 0]
    losses = 0.5 * (residuals**2).mean(axis=1)
    raw = model.infer(x)[None]
    clean = SquaredError().value_and_gradient(raw, y[None])[0][0]
    gain = 0.5 * std**2 * np.square(model.p[0].weight).sum()
    error = losses.std(ddof=1) / np.sqrt(n_draws)
    assert gain > 4 * SIGMAS * error  # the term can be told from nothing
    assert abs(losses.mean() - (clean + gain)) < SIGMAS * error


@pytest.mark.slow
@pytest.mark.parametrize("n_targets", [1, 2])
def test_a_linear_model_trained_on_noisy_inputs_is_ridge_on_average(n_targets):
    """l2 = s²: the weights' mean over 25 seeds within 5 of its standard errors.

    The steps are linear in the weights and the noise of a step is independent of them, so once
    the start is forgotten the mean of the weights is ridge's solution exactly.
    """
    std, n = 0.7, 50
    X, y = make_regression(
        n_samples=n, n_features=3, n_targets=n_targets, noise=5.0, random_state=0
    )
    y = y / y.std()

    def weights(seed):
        model = MLPRegularizedRegressor(
            (), solver="sgd", momentum=0.0, learning_rate_init=0.05, input_noise=std, batch_size=n,
            standardize=False, max_iter=400, n_iter_no_change=None, random_state=seed,
        )  # fmt: skip
        return model.fit(X, y).coefs_[0].T

    found = np.array([weights(seed) for seed in range(25)])
    error = found.std(axis=0, ddof=1) / np.sqrt(len(found))
    ridge = Ridge(alpha=n * std**2).fit(X, y).coef_.reshape(n_targets, -1)
    least_squares = LinearRegression().fit(X, y).coef_.reshape(n_targets, -1)
    assert np.all(np.abs(found.mean(axis=0) - ridge) < SIGMAS * error)
    assert np.abs((least_squares - ridge) / error).max() > 4 * SIGMAS
