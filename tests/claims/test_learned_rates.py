"""Variational dropout learns which inputs are noise: their rates rise, those of others fall.

A linear unit's expected objective in alpha = p / (1 - p) is exact, by two moments of the noise:
loss + sum_j alpha_j E[x_j²] w_j² / 2 + sum_j KL(alpha_j) / n.
"""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy import optimize
from scipy.special import expit, logit

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor
from sknnreg.engine.arrays.streams import Streams
from sknnreg.engine.places.objective.losses import SquaredError
from sknnreg.engine.places.signal import Phase
from sknnreg.engine.places.signal.dense import Dense
from sknnreg.engine.places.signal.gaussian_dropout import VariationalDropout

SIGMAS = 5
N, N_INFORMATIVE, N_NOISE = 100, 3, 5


def data(seed):
    """Three inputs that matter, less and less, and five that do not."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(N, N_INFORMATIVE + N_NOISE))
    return X, X[:, :N_INFORMATIVE] @ [1.5, -1.0, 0.7] + 0.5 * rng.normal(size=N)


def learned(make, X, y, seed, **parameters):
    settings = {
        "input_dropout": 0.5, "dropout_kind": "variational", "learning_rate_init": 0.02,
        "batch_size": 50, "max_iter": 300, "n_iter_no_change": None, "random_state": seed,
    }  # fmt: skip
    return make((), **{**settings, **parameters}).fit(X, y)


@pytest.mark.parametrize("make", [MLPRegularizedRegressor, MLPRegularizedClassifier])
def test_rates_of_noise_rise_above_those_of_what_informs(make):
    """In each of 6 samples all of the first are above all of the others, which fall from 0.5.

    By chance a sample's would be so once in 56. On average the more an input matters, the lower.
    """
    rates = []
    for seed in range(6):
        X, y = data(seed)
        y = y if make is MLPRegularizedRegressor else y > 0
        (found,) = learned(make, X, y, seed).dropout_rates_
        assert found.shape == (N_INFORMATIVE + N_NOISE,)
        rates.append(found)
    informative, noise = np.split(np.array(rates), [N_INFORMATIVE], axis=1)
    assert np.all(noise.min(axis=1) > informative.max(axis=1))
    assert informative.max() < 0.25
    assert np.median(noise) > 0.75
    assert np.all(np.diff(informative.mean(axis=0)) > 0)


def objective(log_alpha, weight, n):
    """The part of it that one input's rate has, by the layer's own divergence."""
    views = SimpleNamespace(log_alpha=np.full((1, 1, 1), log_alpha))
    cost = VariationalDropout("in", 1, 0.5, n).cost(views)[0]
    return 0.5 * np.exp(log_alpha) * weight**2 + cost


def derivative(function, at, step=1e-5):
    return (function(at + step) - function(at - step)) / (2 * step)


@pytest.mark.parametrize("seed", range(3))
def test_rates_end_where_the_expected_objective_is_least(seed):
    """At the trained weights, by an optimizer of its own: a tenth of it is left to the last draws.

    Where an input does not matter the objective is flat, and the rate anywhere near 1.
    """
    X, y = data(seed)
    model = learned(
        MLPRegularizedRegressor, X, y, seed, learning_rate="invscaling", power_t=0.3,
        learning_rate_init=0.2, batch_size=N, max_iter=3000,
    )  # fmt: skip
    weights = model.coefs_[0][:, 0] * X.std(axis=0) / y.std()
    (rates,) = model.dropout_rates_
    for weight, rate in zip(weights[:N_INFORMATIVE], rates[:N_INFORMATIVE], strict=True):
        best = optimize.minimize_scalar(
            lambda each, weight=weight: objective(each, weight, N),
            bounds=(-7.9, 7.9), method="bounded",
        )  # fmt: skip
        assert rate == pytest.approx(expit(best.x), rel=0.1)
    assert rates[N_INFORMATIVE:].min() > 0.85


def test_the_drawn_gradient_by_a_rate_is_on_average_the_objectives(bench, rng):
    """alpha E[x_j²] w_j² / 2 by log alpha, and the divergence's: 4,000 passes, 5 standard errors.

    Targets are the clean outputs, which leaves the noise of the gradient small.
    """
    n_told = 2  # training rows, by which the divergence is divided: few, so that it counts
    model = bench(VariationalDropout("in", 3, 0.4, n_told), Dense("0", 3, 1))
    x = rng.normal(size=(20, 3))
    y, log_alpha = model.infer(x), logit([0.2, 0.4, 0.6])
    model.p[0].log_alpha[...] = log_alpha
    bound = model.bound.bind(20, Phase(Streams([3])))
    found = []
    for _ in range(4000):
        bound.backpropagate(x[None], y[None], None, SquaredError())
        found.append(model.g[0].log_alpha[0, 0].copy())
    mean, error = np.mean(found, axis=0), np.std(found, axis=0, ddof=1) / np.sqrt(4000)
    by_loss = 0.5 * np.exp(log_alpha) * np.square(x).mean(axis=0)
    by_loss *= np.square(model.p[1].weight[0, :, 0])
    by_cost = [derivative(lambda each: objective(each, 0.0, n_told), each) for each in log_alpha]
    assert np.all(np.abs(mean - by_loss - by_cost) < SIGMAS * error)
    assert np.all(np.abs(by_cost) > 2 * SIGMAS * error)
    assert np.all(by_loss > 2 * SIGMAS * error)
