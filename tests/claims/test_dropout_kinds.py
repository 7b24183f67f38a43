"""Kinds of dropout by their moments, and one function by two roads: fixed and learned rates."""

import numpy as np
import pytest
from scipy import integrate, special, stats

from sknnreg.engine.arrays.streams import LEVELS
from sknnreg.engine.places.objective.losses import SquaredError
from sknnreg.engine.places.signal.activations import SELU
from sknnreg.engine.places.signal.dense import Dense
from sknnreg.engine.places.signal.dropout import AlphaDropout, Dropout
from sknnreg.engine.places.signal.gaussian_dropout import GaussianDropout, VariationalDropout

SIGMAS = 5
N_DRAWS = 20_000
BY_RATE = pytest.mark.parametrize("rate", [0.1, 0.5, 0.8])


@BY_RATE
def test_variational_dropout_at_a_fixed_rate_is_gaussian_dropout(bench, rng, rate):
    """alpha = p / (1 - p): the same draws give the same outputs and gradients."""
    gaussian = bench(GaussianDropout("drop", 4, rate), Dense("0", 4, 2))
    variational = bench(VariationalDropout("drop", 4, rate, 50), Dense("0", 4, 2))
    variational.p[1].weight[...] = gaussian.p[1].weight
    variational.p[1].bias[...] = gaussian.p[1].bias
    np.testing.assert_allclose(np.exp(variational.p[0].log_alpha), rate / (1 - rate), rtol=1e-13)
    x, grad_y = rng.normal(size=(9, 4)), rng.normal(size=(9, 2))
    (y, grad_x), (y_too, grad_x_too) = (each.train(x, grad_y) for each in (gaussian, variational))
    np.testing.assert_allclose(y_too, y, rtol=0, atol=1e-13)
    np.testing.assert_allclose(grad_x_too, grad_x, rtol=0, atol=1e-13)
    np.testing.assert_allclose(variational.g[1].weight, gaussian.g[1].weight, rtol=0, atol=1e-13)
    np.testing.assert_array_equal(variational.infer(x), gaussian.infer(x))
    assert np.abs(y - gaussian.infer(x)).max() > 0.01
    # Each unit has a rate of its own: only its noise changes with it.
    alone = bench(VariationalDropout("drop", 4, rate, 50))
    before = alone.train(x)
    alone.p[0].log_alpha[0, 0, 1] += np.log(4)
    np.testing.assert_allclose(alone.train(x)[:, 1] - x[:, 1], 2 * (before - x)[:, 1], rtol=1e-12)
    np.testing.assert_array_equal(alone.train(x)[:, [0, 2, 3]], before[:, [0, 2, 3]])


def divergence(alpha):
    """KL of N(1, alpha) noise from the log-uniform prior, exactly.

    (1/2) E log of a noncentral chi-square variable against its limit at alpha = inf, as a Poisson
    mixture of the digamma function.
    """
    j = np.arange(20_000)
    shares = stats.poisson(0.5 / alpha).pmf(j)
    return 0.5 * shares @ (special.digamma(j + 0.5) - special.digamma(0.5))


@pytest.mark.parametrize("log_alpha", [-6.0, -3.0, -1.0, 0.0, 1.0, 3.0, 6.0])
def test_the_cost_of_a_learned_rate_is_its_divergence(bench, log_alpha):
    """Molchanov's approximation, never off by more than 0.01; over n rows."""
    layer = VariationalDropout("drop", 3, 0.5, 40)
    model = bench(layer)
    model.p[0].log_alpha[...] = [log_alpha, 0.0, 2.0]
    exact = sum(divergence(np.exp(each)) for each in (log_alpha, 0.0, 2.0))
    assert 40 * layer.cost(model.p[0])[0] == pytest.approx(exact, abs=3 * 0.01)
    assert exact > 10 * 3 * 0.01


def survivors(rate):
    """The exact probability to keep: a rate is rounded to 16 bits."""
    return np.rint((1 - rate) * LEVELS) / LEVELS


@BY_RATE
@pytest.mark.parametrize("kind", [Dropout, GaussianDropout, VariationalDropout])
def test_gaussian_noise_has_the_moments_of_bernoulli_masks(bench, rng, rate, kind):
    """Mean x and variance x² p / (1 - p), within 5 standard errors of 20,000 rows."""
    x = rng.normal(size=4)
    model = bench(kind("drop", 4, rate, *([50] if kind is VariationalDropout else [])))
    y = model.train(np.tile(x, (N_DRAWS, 1)))
    variance = x**2 * rate / (1 - rate)
    error = np.sqrt(variance / N_DRAWS)
    assert np.all(np.abs(y.mean(axis=0) - x) < SIGMAS * error)
    squares = np.square(y - x)
    # Masks of rate 1/2 have a constant square: what is left is rounding.
    error = squares.std(axis=0, ddof=1) / np.sqrt(N_DRAWS) + 1e-13
    assert np.all(np.abs(squares.mean(axis=0) - variance) < SIGMAS * error)
    assert np.all(variance > 2 * SIGMAS * error)
    assert (y == 0).any() == (kind is Dropout)


@pytest.mark.parametrize("kind", [Dropout, GaussianDropout])
def test_on_a_linear_unit_both_are_the_same_ridge(bench, rng, kind):
    """E ||y - noisy X w||² = ||y - X w||² + p / (1 - p) ||G w||²: only two moments count."""
    x, y = rng.normal(size=(8, 5)), rng.normal(size=(8, 1))
    model = bench(kind("drop", 5, 0.5), Dense("0", 5, 1))
    outputs = model.train(np.tile(x, (N_DRAWS, 1))).reshape(N_DRAWS, 8, 1)
    losses = 0.5 * np.square(outputs - y).mean(axis=(1, 2))
    error = losses.std(ddof=1) / np.sqrt(N_DRAWS)
    ridge = 0.5 * np.square(x).mean(axis=0) @ np.square(model.p[1].weight[0, :, 0])
    found = losses.mean() - model.judge(x, y, SquaredError())
    assert abs(found - ridge) < SIGMAS * error
    assert ridge > 4 * SIGMAS * error


def alpha_outcomes(bench, rate):
    """What becomes of x: a x + b if it survives, else a constant. (a, b, that constant)."""
    model = bench(AlphaDropout("drop", 1, rate))
    at_0, at_1 = (model.train(np.full((500, 1), value))[:, 0] for value in (0.0, 1.0))
    dropped = at_0[at_0 == at_1]
    kept = at_0 != at_1
    b, a = np.unique(at_0[kept]), np.unique((at_1 - at_0)[kept])
    assert len(np.unique(dropped)) == len(a) == len(b) == 1
    return a[0], b[0], dropped[0]


@BY_RATE
def test_alpha_dropout_keeps_mean_0_and_variance_1(bench, rate):
    """Exactly, over both outcomes, of any signal that has them."""
    a, b, dropped = alpha_outcomes(bench, rate)
    keep = survivors(rate)
    mean = keep * b + (1 - keep) * dropped
    square = keep * (a**2 + b**2) + (1 - keep) * dropped**2
    assert mean == pytest.approx(0, abs=1e-14)
    assert square == pytest.approx(1, rel=1e-14)
    # Dropping to 0 and scaling up keeps the mean alone.
    assert abs(1 / keep - 1) > 0.1


@BY_RATE
def test_it_drops_to_what_selu_tends_to(bench, rate):
    """Before the affine map, which is the survivors' own."""
    a, b, dropped = alpha_outcomes(bench, rate)
    floor = bench(SELU()).infer(np.array([[-1e3]]))[0, 0]
    assert (dropped - b) / a == pytest.approx(floor, rel=1e-13)


def test_selu_of_standard_normal_signals_has_mean_0_and_variance_1(bench):
    """Its fixed point, by quadrature: what alpha dropout is to keep."""

    def moment(z, power):
        return bench(SELU()).infer(np.array([[z]]))[0, 0] ** power * stats.norm.pdf(z)

    mean, square = (
        sum(integrate.quad(moment, *ends, args=(power,))[0] for ends in ((-12, 0), (0, 12)))
        for power in (1, 2)
    )
    assert mean == pytest.approx(0, abs=1e-7)
    assert square == pytest.approx(1, rel=1e-7)


@BY_RATE
def test_alpha_dropout_behind_selu_in_a_simulation(bench, rng, rate):
    """100,000 standard normal signals through both, within 5 standard errors."""
    z = rng.normal(size=(N_DRAWS, 5))
    y = bench(SELU(), AlphaDropout("drop", 5, rate)).train(z).ravel()
    assert abs(y.mean()) < SIGMAS * y.std() / np.sqrt(y.size)
    assert abs(np.square(y).mean() - 1) < SIGMAS * np.square(y).std() / np.sqrt(y.size)
    plain = bench(SELU(), Dropout("drop", 5, rate)).train(z).ravel()
    assert np.square(plain).mean() - 1 > 2 * SIGMAS * np.square(plain).std() / np.sqrt(plain.size)
