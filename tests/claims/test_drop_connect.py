"""DropConnect: pre-activations are on average p W v, of variance p (1 - p) (W*W)(v*v), near normal.

p is the probability of keeping a weight; masks are those of weights, one for all rows of a batch.
"""

from itertools import product

import numpy as np
import pytest
from scipy import stats

from sknnreg.engine.places.signal.dense import Dense
from sknnreg.engine.places.weights_in_use import DropConnect
from sknnreg.estimators.data.inputs import Standardization
from sknnreg.estimators.fitted.folding import fold

SIGMAS = 5
KEEP = [0.25, 0.5, 0.75]  # exact in the 16 bits that a rate is rounded to
BY_KEEP = pytest.mark.parametrize("keep", KEEP)


def dropping(bench, n_in, n_out, keep, bias=True):
    return bench(Dense("0", n_in, n_out, bias, reparametrizations=(DropConnect(1 - keep),)))


def moments(model, v, keep):
    """What is claimed; the bias is never dropped."""
    weight, bias = model.p[0].weight[0], model.p[0].bias[0, 0]
    return keep * v @ weight + bias, keep * (1 - keep) * np.square(v) @ np.square(weight)


@BY_KEEP
def test_over_all_masks_of_a_small_layer(bench, rng, keep):
    """2^(4 x 3) networks, each with some weights at 0: both moments exactly."""
    v, plain = rng.normal(size=(5, 4)), bench(Dense("0", 4, 3))
    whole = plain.p[0].weight[0].copy()
    mean, square = 0.0, 0.0
    for mask in product([0.0, 1.0], repeat=12):
        probability = np.prod(np.where(mask, keep, 1 - keep))
        plain.p[0].weight[0] = whole * np.reshape(mask, (4, 3))
        outputs = plain.infer(v)
        mean += probability * outputs
        square += probability * outputs**2
    model = dropping(bench, 4, 3, keep)
    model.values[...] = plain.values
    model.p[0].weight[0] = whole
    expected, variance = moments(model, v, keep)
    np.testing.assert_allclose(mean, expected, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(square - mean**2, variance, rtol=1e-11, atol=1e-13)
    # The mean is what is predicted, ...
    np.testing.assert_allclose(model.infer(v), expected, rtol=1e-13, atol=1e-14)
    # ... by the plain network with p W in its place.
    folded = fold(model.network, model.values, Standardization())
    np.testing.assert_allclose(folded.coefs[0], keep * whole, rtol=1e-14)


@BY_KEEP
def test_the_layers_draws_have_these_moments(bench, rng, keep):
    """20,000 passes, mean and variance within 5 standard errors."""
    model, v = dropping(bench, 4, 3, keep), rng.normal(size=(5, 4))
    outputs = model.passes(v, 20_000)
    expected, variance = moments(model, v, keep)
    error = np.sqrt(variance / len(outputs))
    assert np.all(np.abs(outputs.mean(axis=0) - expected) < SIGMAS * error)
    squares = np.square(outputs - expected)
    error = squares.std(axis=0, ddof=1) / np.sqrt(len(outputs))
    assert np.all(np.abs(squares.mean(axis=0) - variance) < SIGMAS * error)
    assert np.all(variance > 10 * SIGMAS * error)


def distance_to_normal(bench, rng, n_in):
    """The Kolmogorov-Smirnov statistic of 2,000 passes, times the root of their number."""
    model, v = dropping(bench, n_in, 1, 0.5), rng.normal(size=(1, n_in))
    mean, variance = moments(model, v, 0.5)
    outputs = model.passes(v, 2000)[:, 0, 0]
    told = stats.norm(mean[0, 0], np.sqrt(variance[0, 0]))
    return np.sqrt(2000) * stats.kstest(outputs, told.cdf).statistic


def test_with_many_inputs_they_are_near_normal(bench, rng):
    """2.74 is as rare as 5 standard errors; of 3 inputs there are but 8 values."""
    assert distance_to_normal(bench, rng, 400) < 2.74
    assert distance_to_normal(bench, rng, 3) > 2 * 2.74


@BY_KEEP
def test_each_weight_is_dropped_by_itself(bench, rng, keep):
    """Two units of equal weights vary alike but not together, as they would if inputs dropped."""
    model, v = dropping(bench, 4, 2, keep), rng.normal(size=(1, 4))
    model.p[0].weight[0, :, 1] = model.p[0].weight[0, :, 0]
    model.p[0].bias[...] = 0
    one, other = model.passes(v, 20_000)[:, 0].T
    _, ((variance, same),) = moments(model, v, keep)
    assert variance == same
    covariance = np.mean((one - one.mean()) * (other - other.mean()))
    error = variance / np.sqrt(20_000)
    assert abs(covariance) < SIGMAS * error
    assert variance > 20 * SIGMAS * error


def test_one_mask_serves_all_rows_of_a_batch(bench, rng):
    """Equal rows have equal outputs, in each pass others."""
    model, v = dropping(bench, 4, 3, 0.5), rng.normal(size=(1, 4))
    outputs = model.passes(np.repeat(v, 6, axis=0), 20)
    np.testing.assert_allclose(outputs, np.repeat(outputs[:, :1], 6, axis=1), rtol=1e-14)
    assert len(np.unique(outputs[:, 0].round(12), axis=0)) > 15


@BY_KEEP
def test_only_the_weights_in_use_have_a_gradient(bench, rng, keep):
    """That of the masked network; the weights that are dropped stay."""
    model, v = dropping(bench, 4, 3, keep, bias=False), rng.normal(size=(5, 4))
    grad_y = rng.normal(size=(5, 3))
    model.p[0].weight[...] = 2.0
    _, grad_v = model.train(v, grad_y)
    full = v.T @ grad_y
    kept = model.g[0].weight[0] != 0
    assert 0 < kept.sum() < 12
    np.testing.assert_allclose(model.g[0].weight[0], full * kept, rtol=1e-13)
    np.testing.assert_allclose(grad_v, grad_y @ (2.0 * kept).T, rtol=1e-13)
