"""Projections are idempotent and feasible, and leave alone what is feasible already."""

import numpy as np
import pytest

from sknnreg.engine.constraints import MaxNorm
from sknnreg.engine.stack import stack

DTYPES = [np.float32, np.float64]
SHAPES = [(1, 1), (3, 7), (100, 40), (1000, 300), (20_000, 50)]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_projecting_twice_is_projecting_once(constraint, dtype, shape, rng):
    weight = rng.normal(size=(3, *shape)).astype(dtype)
    with np.errstate(invalid="ignore"):
        constraint.stacked.project(weight)
        once = weight.copy()
        constraint.stacked.project(weight)
    assert np.array_equal(weight, once)


class TestMaxNorm:
    @pytest.mark.parametrize("dtype", DTYPES)
    @pytest.mark.parametrize("shape", SHAPES)
    @pytest.mark.parametrize("radius", [0.05, 1.0, 3.0])
    def test_feasible_and_in_the_same_direction(self, dtype, shape, radius, rng):
        weight = rng.normal(size=(2, *shape)).astype(dtype)
        before = weight.astype(np.float64)
        stack([MaxNorm(radius), MaxNorm(2 * radius)]).project(weight)
        bounds = np.array([radius, 2 * radius])[:, None]
        length = np.linalg.norm(before, axis=1)
        exact = np.sqrt(np.square(weight.astype(np.longdouble)).sum(axis=1))
        # rounding may not reach beyond the ball by more than the dtype's resolution of a norm
        eps = np.finfo(dtype).eps
        assert np.all(exact <= bounds * (1 + 4 * eps))
        expected = before * np.minimum(1, bounds / length)[:, None]
        np.testing.assert_allclose(weight, expected, rtol=max(64, shape[0]) * eps)

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
