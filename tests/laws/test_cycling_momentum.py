"""A momentum that moves against the step size, against its formulas written out."""

import numpy as np
import pytest

from sknnreg import MLPRegularizedRegressor
from sknnreg.engine.arrays.stack import stack
from sknnreg.engine.arrays.streams import Streams
from sknnreg.engine.loop.update_step import UpdateStep
from sknnreg.engine.places.update import Steps
from sknnreg.engine.places.update.optimizers import Adam, AMSGrad, Momentum

N_STEPS, P, HIGHEST, LOWEST = 60, 9, 0.95, 0.6


def descent(gradients, rates, momenta, *, nesterov):
    """Sutskever et al. (2013), in the variable at which gradients are taken."""
    theta, v = np.zeros(P), np.zeros(P)
    for g, rate, mu in zip(gradients, rates, momenta, strict=True):
        v = mu * v - rate * g
        theta = theta + (mu * v - rate * g if nesterov else v)
    return theta


def adam(gradients, rates, momenta, *, largest):
    """Kingma and Ba (2015) with the beta_1 of each update, as PyTorch's OneCycleLR sets it."""
    theta, m, v, most = np.zeros(P), np.zeros(P), np.zeros(P), np.zeros(P)
    for t, (g, rate, b1) in enumerate(zip(gradients, rates, momenta, strict=True), 1):
        m, v = b1 * m + (1 - b1) * g, 0.99 * v + (1 - 0.99) * g**2
        most = np.maximum(most, v)
        rate = rate * np.sqrt(1 - 0.99**t) / (1 - b1**t)
        theta = theta - rate * m / (np.sqrt(most if largest else v) + 1e-3)
    return theta


MEMBERS = {
    "momentum": (Momentum(HIGHEST, False, LOWEST), descent, {"nesterov": False}),
    "nesterov": (Momentum(HIGHEST, True, LOWEST), descent, {"nesterov": True}),
    "adam": (Adam(HIGHEST, 0.99, 1e-3, LOWEST, True), adam, {"largest": False}),
    "amsgrad": (AMSGrad(HIGHEST, 0.99, 1e-3, LOWEST, True), adam, {"largest": True}),
}


def walked(member, gradients, steps):
    """Where the updates lead from 0."""
    values, grads = np.zeros((1, P)), np.zeros((1, P))
    member = stack([member])
    update_step = UpdateStep((), [member], [member.init(values)], values, grads, P)
    update_step.plan(steps)
    for number, gradient in enumerate(gradients):
        grads[...] = gradient
        update_step.take(number, Streams([0]))
    return values[0]


@pytest.mark.parametrize("name", MEMBERS)
def test_formula(name, rng):
    member, reference, more = MEMBERS[name]
    gradients = rng.normal(size=(N_STEPS, P))
    factor = 1 - np.abs(2 * np.arange(N_STEPS) / N_STEPS - 1)
    number = np.arange(1.0, N_STEPS + 1)[:, None]
    found = walked(member, gradients, Steps(number, 0.01 * factor[:, None], factor[:, None]))
    expected = reference(gradients, 0.01 * factor, HIGHEST - (HIGHEST - LOWEST) * factor, **more)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    constant = reference(gradients, 0.01 * factor, np.full(N_STEPS, HIGHEST), **more)
    assert not np.allclose(found, constant, rtol=1e-2)


def data():
    X = np.random.default_rng(0).normal(size=(60, 3))
    return X, np.sin(X[:, 0])


@pytest.mark.parametrize("solver", ["sgd", "adam", "amsgrad"])
@pytest.mark.parametrize("kind", ["one_cycle", "cyclic"])
def test_where_it_has_nowhere_to_fall_nothing_changes(solver, kind):
    """A minimum that is the momentum itself: the same bits as None."""
    settings = {"solver": solver, "learning_rate": kind, "learning_rate_init": 0.01,
                "batch_size": 20, "max_iter": 10, "n_iter_no_change": np.inf, "random_state": 0,
                "learning_rate_period": 5}  # fmt: skip
    plain, same, cycled = (
        MLPRegularizedRegressor((5,), momentum_min=lowest, **settings).fit(*data())
        for lowest in (None, 0.9, 0.5)
    )
    np.testing.assert_array_equal(same.coefs_[0], plain.coefs_[0])
    assert not np.allclose(cycled.coefs_[0], plain.coefs_[0], rtol=1e-3)


def test_it_is_lowest_where_the_step_is_longest(monkeypatch):
    """One cycle, as a fit takes it: momentum and step size by update."""
    seen = []
    coefficients = Momentum.coefficients

    def told(self, steps):
        found = coefficients(self, steps)
        seen.append((np.copy(found[0]), steps.learning_rate.copy()))
        return found

    monkeypatch.setattr(Momentum, "coefficients", told)
    MLPRegularizedRegressor(
        (5,), solver="sgd", momentum=0.95, momentum_min=0.85, learning_rate="one_cycle",
        learning_rate_init=0.1, batch_size=20, max_iter=50, n_iter_no_change=np.inf,
    ).fit(*data())  # fmt: skip
    momentum, rate = (np.concatenate(each)[:, 0] for each in zip(*seen, strict=True))
    assert len(momentum) == 150
    np.testing.assert_allclose(momentum, 0.95 - 0.1 * rate / 0.1, rtol=1e-12)
    assert momentum.argmin() == rate.argmax() == 45
    assert momentum[45] == pytest.approx(0.85)
    # PyTorch's OneCycleLR: half a cosine down in three tenths, and half a one up.
    f = np.arange(150) / 150
    theirs = np.where(
        f < 0.3,
        0.95 - 0.1 * (1 - np.cos(np.pi * f / 0.3)) / 2,
        0.85 + 0.1 * (1 - np.cos(np.pi * (f - 0.3) / 0.7)) / 2,
    )
    assert np.abs(momentum - theirs).max() <= 0.1 / 25 + 1e-12
