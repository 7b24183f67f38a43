"""Projections are idempotent and feasible, and leave alone what is feasible already."""

import math

import numpy as np
import pytest

from sknnreg.engine.arrays.stack import stack
from sknnreg.engine.places.weights_at_rest import MaxNorm

DTYPES = [np.float32, np.float64]
SHAPES = [(1, 1), (3, 7), (100, 40), (1000, 60), (20_000, 10)]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_projecting_twice_is_projecting_once(constraint, dtype, shape, rng):
    weight = rng.normal(size=(3, *shape)).astype(dtype)
    with np.errstate(invalid="ignore"):
        constraint.stacked.project(weight)
        once = weight.copy()
        constraint.stacked.project(weight)
    assert np.array_equal(weight, once)


def lengths(weight):
    """The norm of each unit's weights, rounded but once: ``(M, fan_out)``."""
    return np.array([[math.sqrt(math.fsum(np.square(unit))) for unit in each.T] for each in weight])


class TestMaxNorm:
    @pytest.mark.parametrize("dtype", DTYPES)
    @pytest.mark.parametrize("shape", SHAPES)
    @pytest.mark.parametrize("radius", [0.05, 1.0, 3.0])
    def test_feasible_and_in_the_same_direction(self, dtype, shape, radius, rng):
        weight = rng.normal(size=(2, *shape)).astype(dtype)
        before = weight.astype(np.float64)
        stack([MaxNorm(radius), MaxNorm(2 * radius)]).project(weight)
        bounds = np.array([radius, 2 * radius])[:, None]
        assert np.all(lengths(weight.astype(np.float64)) <= bounds)
        # What is too long ends on the sphere, or a hair inside of it; rounding on top of that is
        # of the norm's n squares (a quarter of an eps each at worst), the factor, the product.
        eps, fine = (float(np.finfo(each).eps) for each in (dtype, np.float64))
        hair = 4 * eps + shape[0] * fine
        rounding = eps + (shape[0] / 4 + 2) * fine
        expected = before * np.minimum(1, bounds / lengths(before))[:, None]
        np.testing.assert_allclose(weight, expected, rtol=hair + rounding)
        assert np.all(np.abs(weight) <= np.abs(expected) * (1 + fine))

    @pytest.mark.parametrize("dtype", DTYPES)
    @pytest.mark.parametrize("fan_in", [2, 7, 100, 1000])
    def test_units_about_as_long_as_allowed(self, dtype, fan_in, rng):
        """Who is too long is decided once, however close; the norm's own rounding decides."""
        eps, fine = (float(np.finfo(each).eps) for each in (dtype, np.float64))
        weight = rng.normal(size=(1, fan_in, 600))
        weight *= (1 + eps * rng.integers(-4, 5, 600)) / lengths(weight)[:, None]
        weight = weight.astype(dtype)
        before = weight.copy()
        member = stack([MaxNorm(1.0)])
        member.project(weight)
        once = weight.copy()
        member.project(weight)
        assert np.array_equal(weight, once)
        changed = np.any(once != before, axis=1)
        assert changed.any()
        assert not changed.all()
        reach = lengths(once.astype(np.float64))
        assert np.all(reach[changed] <= 1)
        assert np.all(reach <= 1 + (fan_in / 4 + 1) * fine)

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_units_inside_the_ball_are_untouched(self, dtype, rng):
        weight = rng.normal(size=(1, 30, 20)).astype(dtype)
        weight[0, :, ::2] *= 100
        before = weight.copy()
        stack([MaxNorm(50.0)]).project(weight)
        assert np.array_equal(weight[0, :, 1::2], before[0, :, 1::2])
        assert np.all(weight[0, :, ::2] != before[0, :, ::2])

    def test_a_unit_on_the_sphere_stays(self):
        weight = np.array([[[3.0, 0.6], [4.0, 0.8]]])
        before = weight.copy()
        stack([MaxNorm(5.0)]).project(weight)
        assert np.array_equal(weight, before)

    def test_zero_weights(self):
        weight = np.zeros((2, 3, 4))
        stack([MaxNorm(1.0), MaxNorm(1e-30)]).project(weight)
        assert not weight.any()
