"""Dropout is scale-free: it does not penalize large weights as such.

Weights c times as large on signals c times as small are dropped alike. With c a power of 2 all of
it is bit for bit, mask by mask; an L2 penalty is not at all indifferent.
"""

import numpy as np
import pytest
from sklearn.datasets import make_regression

from sknnreg import MLPRegularizedRegressor
from sknnreg.engine.places.objective.losses import SquaredError
from sknnreg.engine.places.signal.activations import ReLU
from sknnreg.engine.places.signal.dense import Dense
from sknnreg.engine.places.signal.dropout import AlphaDropout, Dropout
from sknnreg.engine.places.signal.gaussian_dropout import GaussianDropout

C = 1024.0
KINDS = pytest.mark.parametrize(
    "dropout",
    [
        lambda name, n: Dropout(name, n, 0.5),
        lambda name, n: Dropout(name, n, 0.3, inverted=False),
        lambda name, n: GaussianDropout(name, n, 0.5),
    ],
    ids=["inverted", "unscaled", "Gaussian"],
)


def penalty(model):
    n_weights = model.network.layout.n_weights
    return np.square(model.values[0, :n_weights]).sum()


def step(model, x, y):
    """Loss and gradients by weights of one training pass with drawn masks."""
    loss = model.judge(x, y, SquaredError(), draws=True)
    return loss, [g.weight[0].copy() for g in model.g if hasattr(g, "weight")]


@KINDS
def test_of_an_input(bench, rng, dropout):
    """An input in other units, its weights making up for it."""
    model = bench(dropout("in", 4), Dense("0", 4, 2))
    x, y = rng.normal(size=(9, 4)), rng.normal(size=(9, 2))
    (loss, (slope,)), before = step(model, x, y), penalty(model)
    units = np.array([C, 1.0, 1 / C, 1.0])
    model.p[1].weight[...] *= units[:, None]
    rescaled, (slope_rescaled,) = step(model, x / units, y)
    assert rescaled == loss
    np.testing.assert_array_equal(slope_rescaled * units[:, None], slope)
    assert penalty(model) > 1000 * before


@KINDS
def test_of_a_hidden_layer(bench, rng, dropout):
    """Rectified units are homogeneous: what one layer gains the next may lose, unit by unit."""
    model = bench(Dense("0", 4, 6), ReLU(), dropout("drop", 6), Dense("1", 6, 2))
    x, y = rng.normal(size=(9, 4)), rng.normal(size=(9, 2))
    (loss, slopes), before = step(model, x, y), penalty(model)
    factors = C ** np.array([1.0, 0.5, 0.0, 0.0, -0.5, 1.0])
    model.p[0].weight *= factors
    model.p[0].bias *= factors
    model.p[3].weight /= factors[:, None]
    rescaled, slopes_rescaled = step(model, x, y)
    assert rescaled == loss
    np.testing.assert_array_equal(slopes_rescaled[0] * factors, slopes[0])
    np.testing.assert_array_equal(slopes_rescaled[1] / factors[:, None], slopes[1])
    assert penalty(model) > 1000 * before


def test_not_so_alpha_dropout(bench, rng):
    """It drops to a fixed value, which is nothing to signals of another scale."""
    model = bench(AlphaDropout("in", 4, 0.5), Dense("0", 4, 2))
    x, y = rng.normal(size=(9, 4)), rng.normal(size=(9, 2))
    loss, _ = step(model, x, y)
    model.p[1].weight *= C
    rescaled, _ = step(model, x / C, y)
    assert rescaled > 100 * loss


def marginal(model, x, y, rate):
    """The expected squared loss of a linear model over all masks, as half a mean over rows."""
    w = model.p[1].weight[0]
    spread = rate / (1 - rate) * np.square(x).mean(axis=0) @ w**2
    return model.judge(x, y, SquaredError()) + 0.5 * spread.sum()


def test_the_cost_of_a_weight_is_its_signals_and_not_its_size(bench, rng):
    """A thousand times the weight on a thousandth of the input costs the same, exactly."""
    model = bench(Dropout("in", 3, 0.5), Dense("0", 3, 1))
    x, y = rng.normal(size=(50, 3)), rng.normal(size=(50, 1))
    model.p[1].weight[...] = [[[1.0], [1.0], [1.0]]]
    outputs = model.passes(x, 20_000)
    losses = 0.5 * np.square(outputs - y).mean(axis=(1, 2))
    error = losses.std(ddof=1) / np.sqrt(len(losses))
    expected = marginal(model, x, y, 0.5)
    assert abs(losses.mean() - expected) < 5 * error
    units = np.array([C, 1.0, 1 / C])
    model.p[1].weight[...] = units[:, None]
    np.testing.assert_array_equal(model.passes(x / units, 100), outputs[:100])
    np.testing.assert_allclose(marginal(model, x / units, y, 0.5), expected, rtol=1e-14)


@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_a_weight_that_is_not_used_keeps_its_size(solver):
    """An input that is always 0 has nothing to drop: however large its weights, they stay."""
    X, y = make_regression(n_samples=60, n_features=5, noise=1.0, random_state=0)
    X[:, 2] = 0

    def weights(max_iter, **parameters):
        model = MLPRegularizedRegressor(
            (7,), solver=solver, batch_size=20, max_iter=max_iter, n_iter_no_change=None,
            learning_rate_init=0.01, random_state=0, **parameters,
        )  # fmt: skip
        return model.fit(X, y).coefs_[0]

    dropout = {"dropout": 0.5, "input_dropout": 0.3}
    start, end = weights(1, **dropout), weights(30, **dropout)
    np.testing.assert_array_equal(end[2], start[2])
    assert np.abs(end - start).max() > 0.1
    assert np.abs(weights(30, l2=1.0)[2]).max() < 0.6 * np.abs(start[2]).max()
