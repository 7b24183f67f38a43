"""Penalty, hard constraint ||W|| <= r and Gaussian or Laplace prior are one, strengths matched."""

import numpy as np
import pytest
from scipy import optimize, stats
from sklearn.datasets import make_classification, make_regression

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor
from sknnreg.engine.places.objective.losses import SquaredError

N = 80
CONVEX = {"hidden_layer_sizes": (), "standardize": False, "random_state": 0}
EXACT = {**CONVEX, "solver": "lbfgs", "tol": 1e-9, "max_iter": 5000}
DESCENT = {
    **CONVEX,
    "solver": "sgd",
    "momentum": 0.0,
    "batch_size": N,
    "learning_rate_init": 0.3,
    "max_iter": 3000,
    "n_iter_no_change": None,
}


def regression(n_targets=1):
    X, y = make_regression(
        N, 5, n_informative=3, n_targets=n_targets, noise=20.0, bias=3.0, random_state=0
    )
    return MLPRegularizedRegressor, X, y / y.std()


def two_responses():
    return regression(2)


def two_classes():
    X, y = make_classification(N, 5, flip_y=0.1, random_state=0)
    return MLPRegularizedClassifier, X, y


def three_classes():
    X, y = make_classification(
        N, 5, n_informative=3, n_classes=3, n_clusters_per_class=1, flip_y=0.4, random_state=0
    )
    return MLPRegularizedClassifier, X, y


TASKS = pytest.mark.parametrize(
    "task", [regression, two_responses, two_classes, three_classes], ids=lambda t: t.__name__
)


def norm(model):
    return np.linalg.norm(np.concatenate([coef.ravel() for coef in model.coefs_]))


def gradient(X, y, model):
    """The data term's by the weights of a linear model: X' (prediction - y) / n."""
    if isinstance(model, MLPRegularizedRegressor):
        residual = model.predict(X) - y
    else:
        residual = model.predict_proba(X) - np.eye(len(model.classes_))[y]
        residual = residual if model.n_outputs_ > 1 else residual[:, 1]
    return X.T @ residual.reshape(N, -1) / N


@TASKS
@pytest.mark.parametrize("l2", [0.03, 1.0])
def test_a_ball_of_the_penalized_solutions_radius_has_the_same_solution(task, l2):
    """Fit with l2, take r = ||W||, and descend within the ball."""
    make, X, y = task()
    penalized, free = make(l2=l2, **EXACT).fit(X, y), make(l2=1e-6, **EXACT).fit(X, y)
    assert norm(penalized) < 0.99 * norm(free)
    bounded = make(max_weight_norm=norm(penalized), **DESCENT).fit(X, y)
    np.testing.assert_allclose(norm(bounded), norm(penalized), rtol=1e-13)
    np.testing.assert_allclose(bounded.coefs_[0], penalized.coefs_[0], rtol=0, atol=1e-6)
    # Of several intercepts of a softmax only the differences are determined.
    one, other = bounded.intercepts_[0], penalized.intercepts_[0]
    if task is three_classes:
        one, other = one - one.mean(), other - other.mean()
    np.testing.assert_allclose(one, other, rtol=0, atol=1e-6)


@TASKS
@pytest.mark.parametrize("share", [0.3, 0.8])
def test_the_multiplier_of_the_ball_is_the_penalty(task, share):
    """At the constrained solution the gradient points along W: -multiplier times W. That is l2."""
    make, X, y = task()
    radius = share * norm(make(l2=1e-6, **EXACT).fit(X, y))
    bounded = make(max_weight_norm=radius, **DESCENT).fit(X, y)
    weight, slope = bounded.coefs_[0], gradient(X, y, bounded)
    multiplier = -np.vdot(slope, weight) / radius**2
    np.testing.assert_allclose(slope, -multiplier * weight, rtol=0, atol=1e-7)
    assert multiplier > 0.001
    penalized = make(l2=multiplier, **EXACT).fit(X, y)
    np.testing.assert_allclose(penalized.coefs_[0], weight, rtol=0, atol=1e-6)


def test_a_ball_around_the_solution_is_no_constraint():
    """The multiplier is 0: not even the way is another."""
    make, X, y = regression()
    settings = {**DESCENT, "max_iter": 50}
    free = make(**settings).fit(X, y)
    wide = make(max_weight_norm=1.5 * norm(free), **settings).fit(X, y)
    np.testing.assert_array_equal(wide.coefs_[0], free.coefs_[0])


@pytest.mark.slow
def test_in_a_network_where_the_ball_binds_the_penalty_finds_itself_at_rest(bench):
    """Not convex: any stationary point in the ball is one of the multiplier's l2, and it stays."""
    make, X, y = regression()
    settings = {**DESCENT, "hidden_layer_sizes": (4,), "activation": "tanh", "max_iter": 30_000}
    model = make(max_weight_norm=1.0, warm_start=True, **settings).fit(X, y)
    at_rest = [coef.copy() for coef in model.coefs_]
    plan = model._plan((X, y, None)).recipe
    network = bench(*plan.network.layers)
    network.values[...] = model._continuation.state.values
    network.judge(X, y[:, None], SquaredError())
    n_weights = network.network.layout.n_weights
    weights, slope = network.values[0, :n_weights], network.gradients[0, :n_weights]
    multiplier = -slope @ weights / (weights @ weights)
    assert multiplier > 0.01
    np.testing.assert_allclose(slope, -multiplier * weights, rtol=0, atol=1e-9)
    model.set_params(max_weight_norm=None, l2=multiplier, max_iter=200).fit(X, y)
    for coef, before in zip(model.coefs_, at_rest, strict=True):
        np.testing.assert_allclose(coef, before, rtol=0, atol=1e-6)
    model.set_params(l2=0.0).fit(X, y)
    assert np.abs(model.coefs_[0] - at_rest[0]).max() > 0.01


@pytest.mark.parametrize(("noise", "prior"), [(0.5, 0.2), (2.0, 0.1)])
def test_l2_is_a_gaussian_prior(noise, prior):
    """The posterior mean, also the mode, of Bayesian regression: l2 = noise² / (n prior²).

    w ~ N(0, prior² I), y | w ~ N(X w + b, noise²), nothing known about b.
    """
    _, X, y = regression()
    centred = X - X.mean(axis=0)
    precision = np.eye(5) / prior**2 + centred.T @ centred / noise**2
    posterior = np.linalg.solve(precision, centred.T @ y / noise**2)
    model = MLPRegularizedRegressor(l2=noise**2 / (N * prior**2), **EXACT).fit(X, y)
    np.testing.assert_allclose(model.coefs_[0][:, 0], posterior, rtol=0, atol=1e-8)
    np.testing.assert_allclose(model.intercepts_[0], y.mean() - X.mean(axis=0) @ posterior)
    unknowing = MLPRegularizedRegressor(l2=1e-9, **EXACT).fit(X, y)
    assert np.abs(unknowing.coefs_[0][:, 0] - posterior).max() > 0.05


@pytest.mark.parametrize(
    ("strength", "prior"),
    [("l1", lambda scale: stats.laplace(scale=scale)), ("l2", lambda scale: stats.norm(0, scale))],
    ids=["Laplace", "Gauss"],
)
@pytest.mark.parametrize("noise", [0.5, 1.0])
def test_a_penalty_finds_the_mode_of_the_posterior(strength, prior, noise):
    """l1 = noise² / (n scale), l2 = noise² / (n scale²), by the densities themselves.

    The log posterior is concave and its kinks lie along the axes: where no single number improves
    it, nothing does.
    """
    _, X, y = regression()
    scale = 0.05
    value = noise**2 / (N * scale ** int(strength[1]))
    model = MLPRegularizedRegressor(**{strength: value}, **EXACT).fit(X, y)
    mode = np.append(model.coefs_[0][:, 0], model.intercepts_[0])
    assert (mode == 0).any() == (strength == "l1")
    assert np.count_nonzero(mode) > 2

    def surprise(number, at):
        w = np.where(np.arange(6) == at, number, mode)
        likelihood = stats.norm(X @ w[:5] + w[5], noise).logpdf(y)
        return -likelihood.sum() - prior(scale).logpdf(w[:5]).sum()

    for at in range(6):
        best = optimize.minimize_scalar(surprise, (-1, 1), args=(at,), options={"xtol": 1e-10})
        assert best.x == pytest.approx(mode[at], abs=1e-5)
