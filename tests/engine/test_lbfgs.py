"""The objective of solver="lbfgs": its gradient, and its split of L1."""

import numpy as np
import pytest

from sknnreg import MLPRegularizedClassifier
from sknnreg.engine.loop.cohort import Cohort
from sknnreg.engine.loop.lbfgs import Objective


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def objective(rng):
    def make(**settings):
        X, y = rng.normal(size=(20, 4)), np.arange(20) % 3
        weight = rng.uniform(0.2, 2, 20)
        model = MLPRegularizedClassifier(
            (5,), activation="tanh", solver="lbfgs", random_state=0, **settings
        )
        planned = model._plan((X, y, weight))
        prepared, plan = planned.prepared, planned.recipe
        return Objective(Cohort([prepared.problem(plan)]))

    return make


@pytest.mark.parametrize(
    "settings",
    [{}, {"l2": 0.3}, {"l1": 0.2}, {"l1": 0.2, "l2": 0.3}, {"normalization": "batch", "l2": 0.1}],
    ids="+".join,
)
def test_gradient(objective, settings, rng):
    function = objective(**settings)
    at = function.start + rng.uniform(0.01, 0.1, len(function.start))
    _, exact = function(at)
    exact = exact.copy()
    step, approximate = 1e-5, np.empty(len(at))
    for place in range(len(at)):
        moved = at.copy()
        moved[place] += step
        above, _ = function(moved)
        moved[place] -= 2 * step
        below, _ = function(moved)
        approximate[place] = (above - below) / (2 * step)
    error = np.linalg.norm(approximate - exact)
    assert error < 1e-7 * (np.linalg.norm(approximate) + np.linalg.norm(exact))


def test_split(objective):
    """W = u - v with u, v >= 0 costs l1 ||W||_1 where not both are above 0."""
    function, plain = objective(l1=0.2), objective()
    vector = function.start
    n = len(vector) - len(plain.start)
    u, v = vector[:n], vector[n : 2 * n]
    assert np.all(u >= 0)
    assert np.all(v >= 0)
    assert not np.any((u > 0) & (v > 0))
    assert np.array_equal(u - v, plain.start[:n])
    assert np.array_equal(vector[2 * n :], plain.start[n:])
    lower = function.bounds.lb
    assert np.all(lower[: 2 * n] == 0)
    assert np.all(lower[2 * n :] == -np.inf)
    assert plain.bounds is None
