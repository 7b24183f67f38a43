"""Transforms against the algorithms as their papers print them."""

import numpy as np
import pytest

from sknnreg import MLPRegularizedRegressor
from sknnreg.engine.arrays.stack import stack
from sknnreg.engine.arrays.streams import Streams
from sknnreg.engine.loop.update_step import UpdateStep
from sknnreg.engine.places.update import BlockTransform, Steps, WholeTransform
from sknnreg.engine.places.update.gradients import ClipNorm, GradientNoise
from sknnreg.engine.places.update.optimizers import Adam, AMSGrad, Momentum, RMSprop
from sknnreg.engine.places.update.weight_decay import WeightDecay
from sknnreg.estimators.settings.recipes import _transforms

N_STEPS, M, P = 200, 3, 11


def walk_through(transforms, start, gradients, rates, *, seeds=(1, 2, 3), n_weights=P):
    """Values ``(M, P)`` after each update with these gradients ``(T, M, P)``."""
    values, grads = start.copy(), np.zeros_like(start)
    states = [t.init(values) for t in transforms]
    update_step = UpdateStep((), transforms, states, values, grads, n_weights)
    number = np.arange(1.0, len(gradients) + 1)[:, None] + np.zeros(len(start))
    streams, path = Streams(list(seeds)[: len(start)]), []
    update_step.plan(Steps(number, rates))
    with np.errstate(invalid="ignore"):
        for step, gradient in enumerate(gradients):
            grads[...] = gradient
            update_step.take(step, streams)
            path.append(values.copy())
    return np.array(path)


def adam(config, start, gradients, rates):
    """Algorithm 1 of Kingma and Ba (2015) with the last two lines as its section 2 orders them."""
    theta, m, v, path = start.copy(), 0.0, 0.0, []
    for t, (g, alpha) in enumerate(zip(gradients, rates, strict=True), 1):
        m = config.beta_1 * m + (1 - config.beta_1) * g
        v = config.beta_2 * v + (1 - config.beta_2) * g**2
        alpha_t = alpha * np.sqrt(1 - config.beta_2**t) / (1 - config.beta_1**t)
        theta = theta - alpha_t * m / (np.sqrt(v) + config.epsilon)
        path.append(theta)
    return np.array(path)


def amsgrad(config, start, gradients, rates):
    """Algorithm 2 of Reddi, Kale and Kumar (2018), with Adam's bias corrections."""
    theta, m, v, largest, path = start.copy(), 0.0, 0.0, 0.0, []
    for t, (g, alpha) in enumerate(zip(gradients, rates, strict=True), 1):
        m = config.beta_1 * m + (1 - config.beta_1) * g
        v = config.beta_2 * v + (1 - config.beta_2) * g**2
        largest = np.maximum(largest, v)
        alpha_t = alpha * np.sqrt(1 - config.beta_2**t) / (1 - config.beta_1**t)
        theta = theta - alpha_t * m / (np.sqrt(largest) + config.epsilon)
        path.append(theta)
    return np.array(path)


def rmsprop(config, start, gradients, rates):
    """Lecture 6e of Tieleman and Hinton (2012)."""
    theta, v, path = start.copy(), 0.0, []
    for g, epsilon in zip(gradients, rates, strict=True):
        v = config.beta_2 * v + (1 - config.beta_2) * g**2
        theta = theta - epsilon * g / (np.sqrt(v) + config.epsilon)
        path.append(theta)
    return np.array(path)


def momentum(config, start, gradients, rates):
    """Sutskever et al. (2013), equations 1 and 2."""
    theta, v, path = start.copy(), 0.0, []
    for g, epsilon in zip(gradients, rates, strict=True):
        v = config.momentum * v - epsilon * g
        theta = theta + v
        path.append(theta)
    return np.array(path)


def nesterov(config, start, gradients, rates):
    """The same paper's equations 3 and 4, in the variable at which gradients are taken.

    With phi = theta + mu v, where the gradient is evaluated, phi' = theta' + mu v'.
    """
    phi, v, path = start.copy(), 0.0, []
    for g, epsilon in zip(gradients, rates, strict=True):
        theta = phi - config.momentum * v
        v = config.momentum * v - epsilon * g
        theta = theta + v
        phi = theta + config.momentum * v
        path.append(phi)
    return np.array(path)


OPTIMIZERS = {
    "adam": (adam, [Adam(0.9, 0.999, 1e-8), Adam(0.0, 0.9, 1e-3), Adam(0.5, 0.0, 1e-1)]),
    "adam, far memory": (adam, [Adam(0.99, 0.9999, 1e-10), Adam(0.8, 0.99, 1.0), Adam(0, 0, 1e-8)]),
    "amsgrad": (amsgrad, [AMSGrad(0.9, 0.999, 1e-8), AMSGrad(0, 0.9, 1e-3), AMSGrad(0.5, 0, 0.1)]),
    "rmsprop": (rmsprop, [RMSprop(0.999, 1e-8), RMSprop(0.9, 1e-3), RMSprop(0.0, 1e-1)]),
    "momentum": (momentum, [Momentum(mu, False) for mu in (0.9, 0.0, 1.0)]),
    "nesterov": (nesterov, [Momentum(mu, True) for mu in (0.9, 0.0, 0.99)]),
}


@pytest.fixture
def gradients(rng):
    """Of very different sizes from column to column, with zeros among them."""
    found = rng.normal(size=(N_STEPS, M, P)) * np.logspace(-3, 3, P)
    found[rng.random(found.shape) < 0.05] = 0
    return found


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers(name, gradients, rng):
    reference, configs = OPTIMIZERS[name]
    start, rates = rng.normal(size=(M, P)), rng.uniform(0.001, 0.1, (N_STEPS, M))
    path = walk_through([stack(configs)], start, gradients, rates)
    for row, config in enumerate(configs):
        expected = reference(config, start[row], gradients[:, row], rates[:, row])
        scale = np.abs(expected).max(axis=0)
        assert np.all(np.abs(path[:, row] - expected) <= 1e-12 * scale)


def test_steps_count_on_from_plan_to_plan(gradients, rng):
    """Bias corrections follow the number of the update, not that within the plan."""
    start, member = rng.normal(size=(1, P)), stack([Adam(0.9, 0.999, 1e-8)])
    gradients, rates = gradients[:20, :1], np.full((20, 1), 0.01)
    whole = walk_through([member], start, gradients, rates)[-1]
    values, grads = start.copy(), np.zeros_like(start)
    update_step = UpdateStep((), [member], [member.init(values)], values, grads, P)
    for first in (0, 5, 10, 15):
        number = np.arange(first + 1.0, first + 6)[:, None]
        update_step.plan(Steps(number, rates[:5]))
        for step in range(5):
            grads[...] = gradients[first + step]
            update_step.take(step, Streams([1]))
    assert np.array_equal(values, whole)


@pytest.mark.parametrize(
    "optimizer",
    [Adam(0.9, 0.999, 1e-8), AMSGrad(0.9, 0.999, 1e-8), RMSprop(0.9, 1e-8), Momentum(0.9, True)],
)
def test_weight_decay_without_a_gradient(optimizer, rng):
    """W <- (1 - eta lambda) w; nothing but weights decays."""
    start = rng.normal(size=(M, P))
    rates = rng.uniform(0.01, 0.1, (10, M))
    decay = np.array([0.0, 0.5, 3.0])
    transforms = [stack([optimizer] * M), stack([WeightDecay(each) for each in decay])]
    path = walk_through(transforms, start, np.zeros((10, M, P)), rates, n_weights=7)
    expected = start[:, :7] * np.prod(1 - rates * decay, axis=0)[:, None]
    np.testing.assert_allclose(path[-1][:, :7], expected, rtol=1e-13)
    assert np.array_equal(path[-1][:, 7:], start[:, 7:])
    assert np.array_equal(path[-1][0], start[0])


def test_weight_decay_is_decoupled(gradients, rng):
    """The optimizer's step with decay is that without plus -eta lambda w: never in its moments."""
    start, rates = rng.normal(size=(M, P)), np.full((1, M), 0.05)
    optimizer = stack([Adam(0.9, 0.999, 1e-8)] * M)
    decay = stack([WeightDecay(0.3)] * M)
    plain = walk_through([optimizer], start, gradients[:1], rates)[0]
    decayed = walk_through([optimizer, decay], start, gradients[:1], rates)[0]
    np.testing.assert_allclose(decayed, plain - 0.05 * 0.3 * start, rtol=1e-13, atol=1e-15)


class TestClipNorm:
    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    @pytest.mark.parametrize("n", [1, 11, 100_000])
    def test_bound_and_direction(self, dtype, n, rng):
        gradient = rng.normal(size=(M, n)).astype(dtype)
        gradient[2] *= 1e-8
        updates = gradient.copy()
        with np.errstate(invalid="ignore"):
            stack([ClipNorm(c) for c in (0.01, np.inf, 0.01)]).update_whole(
                updates, (), Streams([1, 2, 3]), np.empty_like(updates)
            )
        eps = float(np.finfo(dtype).eps)
        length = np.linalg.norm(updates[0].astype(float))
        assert length == pytest.approx(0.01, rel=100 * eps)
        expected = gradient[0].astype(float) * 0.01 / np.linalg.norm(gradient[0].astype(float))
        np.testing.assert_allclose(updates[0], expected, rtol=100 * eps)
        assert np.array_equal(updates[1:], gradient[1:]), "short gradients stay bit for bit"

    @pytest.mark.parametrize("size", [1e-30, 1e10, 1e15, 1e25, 1e30])
    def test_gradients_whose_squares_leave_float32(self, size, rng):
        bound = 0.5
        exact = rng.normal(size=(2, 1000)) * size
        gradient = exact.astype(np.float32)
        updates = gradient.copy()
        member = stack([ClipNorm(bound), ClipNorm(np.inf)])
        with np.errstate(invalid="ignore"):  # as in training; infinity over infinity is not used
            member.update_whole(updates, (), Streams([0, 1]), np.empty_like(updates))
        assert np.array_equal(updates[1], gradient[1])
        length = np.linalg.norm(gradient[0].astype(np.float64))
        factor = min(1.0, bound / length)
        np.testing.assert_allclose(updates[0], gradient[0] * factor, rtol=1e-5)
        clipped = np.linalg.norm(updates[0].astype(np.float64))
        assert clipped == pytest.approx(min(bound, length), rel=1e-5)

    def test_zero_gradient(self):
        updates = np.zeros((1, 5))
        stack([ClipNorm(1.0)]).update_whole(updates, (), Streams([1]), np.empty_like(updates))
        assert not updates.any()

    def test_weights_and_all_else_together(self, rng):
        """The norm is that of every trained column, not of the weights alone."""
        gradient = rng.normal(size=(1, M, P))
        path = walk_through(
            [stack([ClipNorm(0.5)] * M), stack([Momentum(0.0, False)] * M)],
            np.zeros((M, P)),
            gradient,
            np.ones((1, M)),
            n_weights=3,
        )
        np.testing.assert_allclose(np.linalg.norm(path[0], axis=1), 0.5, rtol=1e-13)


def test_whole_transforms_tell_what_they_multiplied_by(transform, rng):
    """Without what they add to no gradient at all, updates are what they were times the factor."""
    if not issubclass(transform.cls, WholeTransform):
        return
    updates = rng.normal(size=(3, P))
    member, before = transform.stacked, updates.copy()
    steps = Steps(np.ones((1, 3)), np.full((1, 3), 0.1))
    now = tuple(each[0][:, None] for each in member.coefficients(steps))
    with np.errstate(invalid="ignore"):
        factor = member.update_whole(updates, now, Streams([1, 2, 3]), np.empty_like(updates))
        nothing = np.zeros((3, P))
        member.update_whole(nothing, now, Streams([1, 2, 3]), np.empty_like(nothing))
    expected = before * (1.0 if factor is None else factor)
    np.testing.assert_allclose(updates - nothing, expected, rtol=1e-12, atol=1e-12)


def test_noise_behind_clipping_is_as_large_as_asked_for():
    """Clipping that came later would cut it: here to a bound far below its length."""
    n = 40_000
    model = MLPRegularizedRegressor(gradient_noise=0.7, clip_norm=0.01, solver="sgd", momentum=0.0)
    chain = [stack([each]) for each in _transforms(model)]
    (step,) = walk_through(chain, np.zeros((1, n)), np.zeros((1, 1, n)), np.ones((1, 1)), seeds=[1])
    assert abs(step.std() / 0.7 - 1) < 5 / np.sqrt(2 * n)


def test_gradient_noise_fades_over_time():
    """N(0, s^2 / (1 + t)^decay) at update t from 0, independent from update to update."""
    n, std, decay = 40_000, 0.7, np.array([0.0, 0.55, 2.0])
    member = stack([GradientNoise(std, each) for each in decay])
    sgd = stack([Momentum(0.0, False)] * 3)
    path = walk_through(
        [member, sgd], np.zeros((3, n)), np.zeros((20, 3, n)), np.ones((20, 3)), n_weights=5
    )
    noise = np.diff(path, axis=0, prepend=np.zeros((1, 3, n)))
    expected = std / (1 + np.arange(20.0)[:, None]) ** (decay / 2)
    assert np.all(np.abs(noise.std(axis=2) / expected - 1) < 5 / np.sqrt(2 * n))
    assert np.all(np.abs(noise.mean(axis=2)) < 5 * expected / np.sqrt(n))
    correlation = (noise[1:] * noise[:-1]).mean(axis=2) / (expected[1:] * expected[:-1])
    assert np.all(np.abs(correlation) < 5 / np.sqrt(n))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_step_size_is_what_a_lasting_gradient_is_multiplied_by(name, per_update, rng):
    _, configs = OPTIMIZERS[name]
    configs = [c if getattr(c, "momentum", 0) < 1 else Momentum(0.7, c.nesterov) for c in configs]
    member, n_steps = stack(configs), 3000
    gradient = rng.choice([-1.0, 1.0], (M, P)) * rng.uniform(0.1, 10, (M, P))
    steps = Steps(np.arange(1.0, n_steps + 1)[:, None] + np.zeros(M), np.full((n_steps, M), 0.01))
    state, values, work = member.init(gradient), np.zeros((M, P)), np.empty((M, P))
    for now in per_update(member, steps, np.float64):
        updates = gradient.copy()
        member.update(updates, state, values, now, work)
    np.testing.assert_allclose(updates, -member.step_size(state, now) * gradient, rtol=1e-10)


def test_only_optimizers_have_a_step_size(transform, per_update):
    optimizer = transform.cls in {type(each) for _, cases in OPTIMIZERS.values() for each in cases}
    if issubclass(transform.cls, WholeTransform):
        assert not hasattr(transform.cls, "step_size")
        return
    steps = Steps(np.ones((1, 3)), np.full((1, 3), 0.1))
    (now,) = per_update(transform.stacked, steps, np.float64)
    size = transform.stacked.step_size(transform.stacked.init(np.ones((3, 5))), now)
    assert (size is not None) is optimizer
    assert not optimizer or np.all(size > 0)


def test_states_go_along_with_the_columns(transform, rng):
    """Of the optimizers, which alone remember anything."""
    values = rng.normal(size=(3, 7)).astype(np.float32)
    state = transform.stacked.init(values)
    assert bool(state) is (transform.cls in (Adam, AMSGrad, Momentum, RMSprop))
    for array in state.values():
        assert array.shape == values.shape
        assert array.dtype == values.dtype


def test_numbers_an_update_needs(transform):
    """Constants come one for each network, coefficients for each update and network."""
    steps = Steps(np.arange(1.0, 5)[:, None] + np.zeros(3), np.full((4, 3), 0.1))
    assert all(each.shape == (3,) for each in transform.stacked.constants())
    assert all(each.shape == (4, 3) for each in transform.stacked.coefficients(steps))


def test_a_transform_goes_by_blocks_or_needs_all_columns(transform):
    kinds = [kind for kind in (BlockTransform, WholeTransform) if issubclass(transform.cls, kind)]
    assert len(kinds) == 1
