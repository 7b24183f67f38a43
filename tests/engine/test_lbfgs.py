"""The objective of solver="lbfgs": its gradient, and the split of proximal penalties."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor
from sknnreg.engine.loop.cohort import Cohort
from sknnreg.engine.loop.lbfgs import Objective
from sknnreg.engine.loop.training import train
from sknnreg.engine.places.objective.penalties import L1, L2, Penalty
from sknnreg.estimators.base import training_plan


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


@dataclass(frozen=True)
class NoSplit(Penalty):
    """strength sum |w|, which says nothing of u and v."""

    proximal: ClassVar[bool] = True

    def value(self, weights):
        return np.asarray(self.strength) * np.abs(weights).sum(axis=1)

    def add_gradient(self, weights, grads, work):
        return None


@dataclass(frozen=True)
class PositivePart(NoSplit):
    """strength sum max(w, 0), least over w = u - v of strength sum u."""

    def value(self, weights):
        return np.asarray(self.strength) * np.maximum(weights, 0).sum(axis=1)

    def split(self, parts):
        gradient = np.zeros_like(parts)
        n = parts.shape[1] // 2
        gradient[:, :n] = np.asarray(self.strength)[:, None]
        return np.asarray(self.strength) * parts[:, :n].sum(axis=1), gradient


class TestAProximalPenaltyOfAnotherKind:
    """Each is minimized as what it is, not as if it were L1."""

    @pytest.fixture
    def problem(self, rng):
        """A linear regression under the penalties given."""
        X = rng.normal(size=(60, 6))
        y = X @ [1.5, -1.5, 0.8, -0.8, 0.02, -0.02] + 0.3 * rng.normal(size=60)

        def make(*penalties):
            est = MLPRegularizedRegressor((), solver="lbfgs", tol=1e-9, random_state=0)
            plan = training_plan(est, X, y)
            recipe = replace(plan.recipe, penalties=penalties, max_iter=500.0)
            return plan.prepared.problem(recipe)

        return make

    def test_without_a_split_it_is_refused(self, problem):
        with pytest.raises(ValueError, match=r"NoSplit\(.*no split w = u - v.*solver='adam'"):
            train([problem(L1(0.1), NoSplit(0.1))])

    def test_off_it_is_not(self, problem):
        plain, off = train([problem()])[0], train([problem(NoSplit(0.0))])[0]
        assert np.array_equal(plain.values, off.values)

    @pytest.mark.parametrize("l2", [0.0, 0.2])
    def test_with_a_split_its_own_function_is_minimized(self, problem, l2):
        """The subgradient of loss + strength max(w, 0) holds 0: w > 0, w < 0 and w = 0 occur."""
        strength = 0.1
        row = train([problem(PositivePart(strength), L2(l2))])[0].values
        smooth = Objective(Cohort([problem(L2(l2))]))
        w = row[0, :6]
        gradient = smooth(row[0].copy())[1][:6]
        np.testing.assert_allclose(gradient[w > 0], -strength, atol=1e-6)
        np.testing.assert_allclose(gradient[w < 0], 0, atol=1e-6)
        assert np.all((gradient[w == 0] > -strength - 1e-6) & (gradient[w == 0] < 1e-6))
        assert {-1.0, 0.0, 1.0} == set(np.sign(w).tolist())

    def test_two_proximal_penalties_add_up(self, problem):
        w = (row := train([problem(L1(0.05), PositivePart(0.1))])[0].values)[0, :6]
        gradient = Objective(Cohort([problem()]))(row[0].copy())[1][:6]
        np.testing.assert_allclose(gradient[w > 0], -0.15, atol=1e-6)
        np.testing.assert_allclose(gradient[w < 0], 0.05, atol=1e-6)
        assert {-1.0, 1.0} <= set(np.sign(w).tolist())
