"""A logistic unit's expected dropout gradient ≈ the ensemble's gradient + an adaptive ridge.

With keep probability p, x and t a row and its target, s the logistic function and S = p x w + b:
E dL/dw = p x (s(S) - t) + s'(S) x² p (1 - p) w, up to terms of higher order in w x. Summed up over
rows the ridge is L2 after scaling features by the inverse root of the diagonal Fisher information.
"""

from itertools import product

import numpy as np
import pytest
from scipy.special import expit

from sknnreg.engine.places.objective.losses import BinaryCrossEntropy
from sknnreg.engine.places.signal.dense import Dense
from sknnreg.engine.places.signal.dropout import Dropout
from sknnreg.engine.places.signal.gaussian_dropout import GaussianDropout

SIGMAS = 5
N_IN = 5
BY_KEEP = pytest.mark.parametrize("keep", [0.5, 0.75])  # exact in 16 bits
LOSS = BinaryCrossEntropy()


def slope(raw):
    """s'."""
    return expit(raw) * expit(-raw)


@pytest.fixture
def unit(bench, rng):
    """Weights as the fixture ``rng`` gives them, a bias of 0.8."""
    model = bench(Dense("0", N_IN, 1))
    model.p[0].weight[0, :, 0] = rng.normal(size=N_IN)
    model.p[0].bias[...] = 0.8
    return model


@pytest.fixture
def row(rng):
    return rng.uniform(0.5, 2.0, N_IN) * [1, -1, 1, -1, 1]


def masks(keep):
    """All masks of the inputs and their probabilities."""
    every = np.array(list(product([0.0, 1.0], repeat=N_IN)))
    return every, np.prod(np.where(every > 0, keep, 1 - keep), axis=1)


def over_all_masks(unit, row, target, keep):
    """The expected loss and its gradient: every masked row in one batch, by its probability."""
    every, probabilities = masks(keep)
    y = np.full((len(every), 1), target)
    loss = unit.judge(row * every, y, LOSS, probabilities)
    return loss, unit.g[0].weight[0, :, 0].copy()


def approximation(unit, row, target, keep):
    """The gradient of the ensemble (one pass, weights times p), and the adaptive ridge."""
    w, b = unit.p[0].weight[0, :, 0], unit.p[0].bias[0, 0, 0]
    raw = keep * row @ w + b
    ridge = slope(raw) * row**2 * keep * (1 - keep) * w
    return keep * row * (expit(raw) - target), ridge


def relative_error(unit, row, target, keep):
    ensemble, ridge = approximation(unit, row, target, keep)
    _, expected = over_all_masks(unit, row, target, keep)
    return np.abs(expected - ensemble - ridge).max() / np.abs(ridge).max()


@BY_KEEP
@pytest.mark.parametrize("target", [0.0, 1.0])
@pytest.mark.parametrize(("bias", "order"), [(0.8, 1), (0.0, 2)])
def test_the_ridge_is_what_is_left_as_the_variance_gets_small(unit, row, keep, target, bias, order):
    """Weights times 1e-1 to 1e-3: what is left out vanishes relative to the ridge.

    In proportion, and by the square where s has no curvature.
    """
    unit.p[0].bias[...] = bias
    start = unit.p[0].weight.copy()
    errors = []
    for scale in (1e-1, 1e-2, 1e-3):
        unit.p[0].weight[...] = scale * start
        errors.append(relative_error(unit, row, target, keep))
    assert errors[0] < 1
    np.testing.assert_allclose(np.divide(errors[1:], errors[:-1]), 0.1**order, rtol=0.2)


@BY_KEEP
def test_for_weights_of_usual_size_it_is_a_good_approximation(unit, row, keep):
    """Far better than the ensemble's gradient alone."""
    unit.p[0].weight *= 0.3
    assert relative_error(unit, row, 1.0, keep) < 0.2


@BY_KEEP
def test_the_ensembles_gradient_is_one_pass_of_the_engine(bench, unit, row, keep):
    """Through the layer as it predicts, survivors left unscaled."""
    model = bench(Dropout("in", N_IN, 1 - keep, inverted=False), *unit.network.layers)
    model.values[...] = unit.values
    model.judge(row[None], np.ones((1, 1)), LOSS)
    ensemble, _ = approximation(unit, row, 1.0, keep)
    np.testing.assert_allclose(model.g[1].weight[0, :, 0], ensemble, rtol=1e-13)


@BY_KEEP
def test_training_with_drawn_masks_follows_that_gradient(bench, unit, row, keep):
    """200,000 rows' mean gradient within 5 standard errors, and off the ensemble's."""
    n = 200_000
    model = bench(Dropout("in", N_IN, 1 - keep, inverted=False), *unit.network.layers)
    model.values[...] = unit.values
    loss = model.judge(np.tile(row, (n, 1)), np.ones((n, 1)), LOSS, draws=True)
    expected_loss, expected = over_all_masks(unit, row, 1.0, keep)
    every, probabilities = masks(keep)
    raw = (row * every) @ unit.p[0].weight[0, :, 0] + 0.8
    losses, gradients = np.logaddexp(0, -raw), (expit(raw) - 1)[:, None] * row * every
    for found, mean, values in (
        (loss, expected_loss, losses[:, None]),
        (model.g[1].weight[0, :, 0], expected, gradients),
    ):
        error = np.sqrt(probabilities @ np.square(values - probabilities @ values) / n)
        assert np.all(np.abs(found - mean) < SIGMAS * error)
    ensemble, _ = approximation(unit, row, 1.0, keep)
    assert np.abs((expected - ensemble) / error).max() > 4 * SIGMAS


@BY_KEEP
def test_in_features_scaled_by_their_information_it_is_plain_l2(unit, rng, keep):
    """What dropout costs, for weights in all directions but of one length after the scaling.

    (1/2) p (1 - p) ||length||², while weights of one length before it cost all sorts of things.
    """
    rows = rng.normal(size=(8, N_IN)) * [0.3, 0.5, 1.0, 2.0, 4.0]
    information = np.mean(slope(0.8) * rows**2, axis=0)

    def cost(w):
        unit.p[0].weight[0, :, 0] = w
        dropped = np.mean([over_all_masks(unit, row, 1.0, keep)[0] for row in rows])
        unit.p[0].weight *= keep
        return dropped - unit.judge(rows, np.ones((8, 1)), LOSS)

    directions = np.vstack([np.eye(N_IN), rng.normal(size=(5, N_IN))])
    directions *= 1e-3 / np.linalg.norm(directions, axis=1, keepdims=True)
    scaled = [cost(direction / np.sqrt(information)) for direction in directions]
    np.testing.assert_allclose(scaled, 0.5 * keep * (1 - keep) * 1e-6, rtol=5e-3)
    plain = [cost(direction) for direction in directions]
    assert max(plain) > 20 * min(plain)


def test_gaussian_dropout_of_small_variance_too_at_weights_of_any_size(bench, unit, rng):
    """The information is then that at the weights: rows that are certain hardly count.

    100,000 rows, the mean within 5 standard errors; alpha = p / (1 - p) is the noise's variance.
    Targets are the unit's own probabilities: nothing first order in the noise drowns the second.
    """
    rate, n_draws = 0.01, 5_000
    alpha = rate / (1 - rate)
    rows = 3 * rng.normal(size=(20, N_IN))
    raw = unit.infer(rows)
    noisy = bench(GaussianDropout("in", N_IN, rate), *unit.network.layers)
    noisy.values[...] = unit.values
    outputs = noisy.train(np.tile(rows, (n_draws, 1))).reshape(n_draws, 20)
    losses = np.mean(np.logaddexp(0, outputs) - expit(raw[:, 0]) * outputs, axis=1)
    error = losses.std(ddof=1) / np.sqrt(n_draws)
    w = unit.p[0].weight[0, :, 0]
    ridge = 0.5 * alpha * np.mean(slope(raw) * rows**2, axis=0) @ w**2
    assert abs(losses.mean() - unit.judge(rows, expit(raw), LOSS) - ridge) < SIGMAS * error
    assert ridge > 4 * SIGMAS * error
    unsure = 0.5 * alpha * np.mean(0.25 * rows**2, axis=0) @ w**2
    assert unsure > 2 * ridge
