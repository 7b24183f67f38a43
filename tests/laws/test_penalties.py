"""Penalties: their values, blocks of columns, and the proximal step of those without gradient."""

import numpy as np
import pytest

from sknnreg.engine.arrays.stack import stack
from sknnreg.engine.places.objective.penalties import L1, L2

DTYPES = [np.float32, np.float64]
FORMULAS = {
    L1: lambda strength, w: strength * np.abs(w).sum(),
    L2: lambda strength, w: 0.5 * strength * np.sum(w**2),
}


def test_every_penalty_has_a_formula(members):
    assert {each.cls for each in members["penalty"][1]} == FORMULAS.keys()


def test_a_penalty_has_a_gradient_or_a_proximal_step(penalty):
    assert penalty.cls.proximal is not penalty.smooth


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [0, 1, 12, 30_000])
def test_value(penalty, dtype, n, rng):
    weights = rng.normal(size=(3, n)).astype(dtype)
    value = penalty.stacked.value(weights)
    assert value.shape == (3,)
    assert value.dtype == np.float64
    for row, config in enumerate(penalty.configs):
        expected = FORMULAS[penalty.cls](config.strength, weights[row].astype(np.float64))
        assert value[row] == pytest.approx(expected, rel=1e-6 if dtype == np.float32 else 1e-13)


@pytest.mark.parametrize("dtype", DTYPES)
def test_blocks_of_columns_add_up(penalty, dtype, rng):
    """Whatever acts on a block of columns is the same as on all of them, bit for bit."""
    weights = rng.normal(size=(3, 20)).astype(dtype)
    whole, parts = np.zeros((2, 3, 20), dtype)
    shrunk, shrunk_parts = weights.copy(), weights.copy()
    size = np.array([[0.1], [0.2], [0.3]], dtype)
    member = penalty.stacked
    member.add_gradient(weights, whole, np.empty_like(whole))
    member.shrink(shrunk, size, np.empty_like(whole))
    for at in (slice(0, 7), slice(7, 8), slice(8, 20)):
        member.add_gradient(weights[:, at], parts[:, at], np.empty_like(parts[:, at]))
        member.shrink(shrunk_parts[:, at], size, np.empty_like(parts[:, at]))
    assert np.array_equal(whole, parts)
    assert np.array_equal(shrunk, shrunk_parts)


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_proximal_step_minimizes(penalty, dtype, rng):
    """argmin_u |u - w|^2 / 2 + step x penalty(u): no point near is lower. Where it has none, w."""
    before = rng.normal(size=(3, 40)).astype(dtype)
    weights, size = before.copy(), np.array([[0.4], [0.4], [0.1]], dtype)
    penalty.stacked.shrink(weights, size, np.empty_like(weights))
    if not penalty.cls.proximal:
        assert np.array_equal(weights, before)
        return
    assert np.array_equal(weights[~penalty.active], before[~penalty.active])

    def objective(u, row):
        config = penalty.configs[row]
        distance = 0.5 * (u - before[row].astype(float)) ** 2
        return distance + float(size[row, 0]) * np.array(
            [FORMULAS[penalty.cls](config.strength, each) for each in u]
        )

    for row in range(3):
        here = weights[row].astype(float)
        for change in (1e-3, -1e-3, 0.1, -0.1):
            assert np.all(objective(here, row) <= objective(here + change, row))


def split_of(penalty, w):
    """The split's value and gradient at u = max(w, 0), v = max(-w, 0), and these side by side."""
    parts = np.concatenate([np.maximum(w, 0), np.maximum(-w, 0)], axis=1)
    return penalty.stacked.split(parts), parts


def test_a_split_is_a_smooth_function_whose_least_value_is_the_penalty(penalty, rng):
    """Over all u, v >= 0 of one w = u - v; its gradient is that of differences."""
    w = rng.normal(size=(3, 12))
    split, parts = split_of(penalty, w)
    assert (split is None) == (not penalty.cls.proximal), "or lbfgs refuses it: say so here"
    if split is None:
        return
    value, gradient = split
    np.testing.assert_allclose(value, penalty.stacked.value(w), rtol=1e-14)
    for both in (1e-3, 1.0):
        more, _ = penalty.stacked.split(parts + both)
        assert np.all(more >= value)
    step = 1e-6
    for place in range(parts.shape[1]):
        there = parts + 1.0  # away from the bounds
        there[:, place] += step
        above = penalty.stacked.split(there)[0]
        there[:, place] -= 2 * step
        below = penalty.stacked.split(there)[0]
        np.testing.assert_allclose((above - below) / (2 * step), gradient[:, place], atol=1e-7)


class TestSoftThreshold:
    @pytest.mark.parametrize("dtype", DTYPES)
    @pytest.mark.parametrize("by_weight", [False, True])
    def test_formula(self, dtype, by_weight, rng):
        """sign(w) max(|w| - step l1, 0)."""
        weights = rng.normal(size=(3, 400)).astype(dtype)
        strength = np.array([0.5, 0.0, 4.0])[:, None]
        size = rng.uniform(0.1, 0.5, (3, 400 if by_weight else 1)).astype(dtype)
        threshold = size * strength.astype(dtype)
        expected = np.sign(weights) * np.maximum(np.abs(weights) - threshold, 0)
        stack([L1(each) for each in strength[:, 0]]).shrink(weights, size, np.empty_like(weights))
        assert weights.dtype == dtype
        np.testing.assert_allclose(weights, expected, rtol=4 * np.finfo(dtype).eps, atol=0)
        assert np.array_equal(weights == 0, expected == 0)
        assert (weights[0] == 0).any()
        assert (weights[0] != 0).any()

    def test_what_would_cross_zero_stops_there(self):
        weights = np.array([[0.1, -0.1, 0.3, -0.3, 0.0, 0.2]])
        stack([L1(2.0)]).shrink(weights, np.array([[0.1]]), np.empty_like(weights))
        np.testing.assert_allclose(weights[0], [0, 0, 0.1, -0.1, 0, 0], rtol=1e-12)
        assert np.count_nonzero(weights) == 2


@pytest.mark.parametrize("strengths", [(0.0, 1.0), (0.0, 0.0)])
def test_l2_of_strength_0_is_0_whatever_the_weights(strengths):
    """Squares that overflow cost nothing where the penalty is off."""
    weights = np.full((2, 5), 1e20, np.float32)
    weights[1] = 2.0
    with np.errstate(all="ignore"):
        value = stack([L2(each) for each in strengths]).value(weights)
    assert value.tolist() == [0.0, 0.5 * strengths[1] * 20.0]
    with np.errstate(all="ignore"):
        assert L2(0.0).value(weights).tolist() == [0.0, 0.0]
